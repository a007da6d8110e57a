//! Operating curves: how often a rule rolls a healthy release back, against how soon it finds a bad one, over all its
//! settings. `LOCKKEEPER_CURVES=<folder>` keeps the table and the plot.

use crate::{
    peers::{Rule, Watch},
    random::Random,
    releases::{Course, Release},
};
use std::fmt::Write;

const RELEASES: usize = 2000;
const INTERVALS: usize = 15;

/// A setting of a rule: the share of healthy releases it rolls back, and the mean interval at which bad ones are found; one
/// that is not found counts as found after the watch.
struct Point {
    rule: Rule,
    false_rollbacks: f64,
    delay: f64,
}

fn rules() -> Vec<Rule> {
    let mut rules: Vec<Rule> = (0..8).map(|failure_limit| Rule::Argo { failure_limit }).collect();
    rules.extend((1..9).map(|threshold| Rule::Flagger { threshold }));
    rules.extend([1, 3, 5, 8].into_iter().flat_map(|n| (1..=n).map(move |m| Rule::Alarm { m, n })));
    rules.extend([0.9, 0.98].into_iter().flat_map(|c| [5, 15].map(|every| Rule::Kayenta { confidence: c, every })));
    let budgets = [0.95, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.001];
    rules.extend(budgets.map(|alpha| Rule::Ours { alpha }));
    rules.push(Rule::Rail);
    rules
}

fn points(healthy: &Release, bad: &Release) -> Vec<Point> {
    let watches = |release: &Release, seed: u64| -> Vec<Watch> {
        let mut random = Random::new(seed);
        (0..RELEASES).map(|_| Watch::of(release, healthy, INTERVALS, &mut random)).collect()
    };
    let (healthy, bad) = (watches(healthy, 31), watches(bad, 32));
    let point = |rule: Rule| {
        let failed = healthy.iter().filter(|watch| rule.rolls_back(watch).is_some()).count();
        let delays: usize = bad.iter().map(|watch| rule.rolls_back(watch).unwrap_or(INTERVALS + 1)).sum();
        Point { rule, false_rollbacks: failed as f64 / RELEASES as f64, delay: delays as f64 / RELEASES as f64 }
    };
    rules().into_iter().map(point).collect()
}

/// Whether some setting of ours is as quick with no more false rollbacks, give or take what 2,000 releases can tell.
fn is_matched(point: &Point, ours: &[&Point]) -> bool {
    ours.iter().any(|our| our.false_rollbacks <= point.false_rollbacks + 0.01 && our.delay <= point.delay + 0.1)
}

#[test]
fn no_rule_of_others_is_above_our_curve() {
    let release =
        |name, requests: f64, share: f64, rho: f64| Release { name, requests, share, rho, course: Course::Steady };
    let scenarios = [
        ("60 requests a minute, healthy at half the limit, 5x the limit", 60.0, 0.005, 0.05, 0.0),
        ("60 requests a minute, healthy just at the limit, 5x the limit", 60.0, 0.01, 0.05, 0.0),
        ("1000 requests a minute in bursts, healthy at half the limit, 5x the limit", 1000.0, 0.005, 0.05, 0.01),
        ("1000 requests a minute, healthy at half the limit, twice the limit", 1000.0, 0.005, 0.02, 0.0),
    ];
    let mut table = String::from("scenario,rule,setting,false_rollbacks,mean_intervals_to_rollback\n");
    let (mut plots, mut wrong) = (Vec::new(), Vec::new());
    for (name, requests, good, bad, rho) in scenarios {
        let points = points(&release(name, requests, good, rho), &release(name, requests, bad, rho));
        let (ours, theirs): (Vec<&Point>, Vec<&Point>) =
            points.iter().partition(|point| point.rule.family() == COLOURS[0].0);
        for Point { rule, false_rollbacks, delay } in &points {
            let setting = format!("{rule:?}").replace(',', "");
            writeln!(table, "\"{name}\",{},{setting},{false_rollbacks},{delay}", rule.family()).unwrap();
        }
        let above = theirs.iter().filter(|point| !is_matched(point, &ours));
        wrong.extend(above.map(|p| format!("{name}: {:?} {} in {}", p.rule, p.false_rollbacks, p.delay)));
        plots.push(plot(name, &points));
    }
    if let Some(folder) = std::env::var_os("LOCKKEEPER_CURVES") {
        let folder = std::path::Path::new(&folder);
        std::fs::write(folder.join("guardrail-curves.csv"), table).unwrap();
        std::fs::write(folder.join("guardrail-curves.svg"), page(&plots)).unwrap();
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

const COLOURS: [(&str, &str); 5] = [
    ("guardrail-gate", "#1a7f37"),
    ("Argo Rollouts", "#bc4c00"),
    ("Flagger", "#8250df"),
    ("CloudWatch alarm", "#0969da"),
    ("Kayenta", "#cf222e"),
];

/// False rollbacks upwards on a root scale, so that 1 % can be seen beside 100 %; delay to the right.
fn plot(name: &str, points: &[Point]) -> String {
    let at = |point: &Point| (40.0 + point.delay / 16.0 * 400.0, 230.0 - point.false_rollbacks.powf(0.4) * 200.0);
    let mut svg = format!("<text x=\"20\" y=\"16\" font-weight=\"bold\">{name}</text>");
    for (share, text) in [(0.0_f64, "0"), (0.01, "1 %"), (0.1, "10 %"), (0.5, "50 %"), (1.0, "100 %")] {
        let y = 230.0 - share.powf(0.4) * 200.0;
        write!(svg, "<path d=\"M40 {y}H440\" stroke=\"#d0d7de\"/><text x=\"2\" y=\"{}\">{text}</text>", y + 4.0)
            .unwrap();
    }
    for minute in (1..=16).step_by(3) {
        write!(svg, "<text x=\"{}\" y=\"246\">{minute}</text>", 37.0 + f64::from(minute) * 25.0).unwrap();
    }
    for point in points {
        let (x, y) = at(point);
        let colour = COLOURS.iter().find(|(family, _)| *family == point.rule.family()).unwrap().1;
        write!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\" fill-opacity=\".7\"/>").unwrap();
    }
    let mut ours: Vec<(f64, f64)> = points.iter().filter(|p| p.rule.family() == COLOURS[0].0).map(at).collect();
    ours.sort_by(|a, b| a.0.total_cmp(&b.0));
    let line: Vec<String> = ours.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    write!(svg, "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\"/>", line.join(" "), COLOURS[0].1).unwrap();
    svg
}

fn page(plots: &[String]) -> String {
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"940\" height=\"590\" font-family=\"sans-serif\" font-size=\"11\"><rect width=\"940\" height=\"590\" fill=\"#fff\"/>",
    );
    for (index, (family, colour)) in COLOURS.iter().enumerate() {
        let x = 20 + index * 150;
        write!(
            svg,
            "<circle cx=\"{x}\" cy=\"14\" r=\"5\" fill=\"{colour}\"/><text x=\"{}\" y=\"18\">{family}</text>",
            x + 10
        )
        .unwrap();
    }
    for (index, plot) in plots.iter().enumerate() {
        write!(svg, "<g transform=\"translate({} {})\">{plot}</g>", index % 2 * 470, 30 + index / 2 * 270).unwrap();
    }
    svg + "<text x=\"20\" y=\"582\">up: healthy releases rolled back; right: minutes until a bad one is, 16 = not within the watch</text></svg>"
}
