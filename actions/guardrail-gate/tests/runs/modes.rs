//! Replay, detach, backtest, and what no run may do: pass when a source is gone.

use crate::{
    cloudwatch::scripted,
    gate::{Ended, Gate},
    presets::{Course, began, cloudwatch, preset},
};
use serde_json::{Value, json};

fn good(name: &str, statistic: &str, _: bool) -> Option<f64> {
    match (name, statistic) {
        ("Invocations", _) | (_, "SampleCount") => Some(300.0),
        ("Errors", _) => Some(1.0),
        ("Duration", _) => Some(110.1),
        _ => None,
    }
}

fn bad(name: &str, statistic: &str, after: bool) -> Option<f64> {
    if name == "Errors" && after { Some(40.0) } else { good(name, statistic, after) }
}

fn run(course: Course, arguments: &[(&str, &str)]) -> Ended {
    let began = began();
    let (_server, env) = cloudwatch(began, course);
    let gate = preset("lambda", "function=f alias=live", began);
    let gate = arguments.iter().fold(gate, |gate, (name, value)| gate.arg(name, value));
    env.iter().fold(gate, |gate, (name, value)| gate.env(name, value)).run()
}

fn replayed(report: &Value) -> Ended {
    Gate::new("").file("report.json", &report.to_string()).arg("mode", "replay").arg("report", "report.json").run()
}

#[test]
fn a_verdict_is_computed_again_from_its_report_byte_for_byte() {
    let none: Course = |_, _, _| None;
    for (course, verdict) in [(good as Course, "pass"), (bad, "fail"), (none, "inconclusive")] {
        let ended = run(course, &[]);
        assert_eq!(ended.report["verdict"], verdict);
        let again = replayed(&ended.report);
        again.expect(0, "reproduced", "false");
        again.says(verdict);

        let mut changed = ended.report.clone();
        changed["verdict"] = if verdict == "pass" { "fail".into() } else { "pass".into() };
        let differs = replayed(&changed);
        differs.expect(1, "differs", "false");
        differs.says("`/verdict`");
    }
    let mut moved = run(bad, &[]).report;
    moved["guardrails"][0]["answers"][0]["samples"][0]["value"] = 0.0.into();
    replayed(&moved).expect(1, "differs", "false");
    for broken in [Value::Null, serde_json::json!({"version": 1}), serde_json::json!({"report": {"file": 1}})] {
        assert_eq!(replayed(&broken).code, Some(2));
    }
    assert_eq!(Gate::new("").arg("mode", "replay").run().code, Some(2));
}

#[test]
fn a_preflight_report_is_computed_again_as_well() {
    let ended = run(bad, &[("mode", "preflight")]);
    ended.expect(3, "inconclusive", "false");
    replayed(&ended.report).expect(0, "reproduced", "false");
}

#[test]
fn a_detached_watch_says_when_it_can_be_decided() {
    let ended = run(good, &[("mode", "detach")]);
    ended.expect(0, "detached", "false");
    let by: jiff::Timestamp = ended.outputs["decided-by"].parse().unwrap();
    let start: jiff::Timestamp = ended.outputs["window-start"].parse().unwrap();
    // Fifteen minutes and three to settle.
    assert_eq!(by.duration_since(start).as_secs(), 18 * 60);
}

#[test]
fn a_backtest_says_what_the_gate_would_have_done() {
    let ended = run(good, &[("mode", "backtest"), ("backtest-hours", "3")]);
    ended.expect(0, "tested", "false");
    ended.says("rolled back at most 0 of 12 past windows");
    assert!(ended.summary.contains("12 of 12, half within"), "{}", ended.summary);
    let always: Course = |name, statistic, _| bad(name, statistic, true);
    run(always, &[("mode", "backtest"), ("backtest-hours", "3")]).says("rolled back at most 12 of 12");
    let none: Course = |_, _, _| None;
    run(none, &[("mode", "backtest"), ("backtest-hours", "3")]).expect(3, "inconclusive", "false");
}

/// Whatever is taken away from a run that passes, it does not pass any more.
#[test]
fn deleting_any_number_never_makes_a_pass() {
    run(good, &[]).expect(0, "pass", "false");
    let without: [Course; 4] = [
        |name, statistic, after| good(name, statistic, after).filter(|_| !(after && name == "Invocations")),
        |name, statistic, after| good(name, statistic, after).filter(|_| !(after && statistic == "SampleCount")),
        |name, statistic, after| good(name, statistic, after).filter(|_| !(after && statistic == "p99")),
        // The baseline of the latency.
        |name, statistic, after| good(name, statistic, after).filter(|_| after || statistic != "p99"),
    ];
    for course in without {
        run(course, &[]).expect(3, "inconclusive", "false");
    }
}

type Points = Vec<(i64, f64)>;

/// A failing lambda whose metrics come in pages: `pages` says what is on one, and whether another follows.
fn failing_in_pages(began: i64, pages: fn(usize, Points) -> (Points, Option<&'static str>)) -> Value {
    let (_server, env) = scripted(move |_, input| {
        let (start, end) = (input["StartTime"].as_i64().unwrap(), input["EndTime"].as_i64().unwrap());
        let page = usize::from(input["NextToken"].is_string());
        let mut token = None;
        let mut one = |query: &Value| {
            let stat = &query["MetricStat"];
            let (name, statistic) = (stat["Metric"]["MetricName"].as_str().unwrap(), stat["Stat"].as_str().unwrap());
            let all = (start..end).step_by(60).filter_map(|at| Some((at, bad(name, statistic, at >= began)?)));
            let (points, more) = pages(page, all.collect());
            token = more;
            let (timestamps, values): (Vec<i64>, Vec<f64>) = points.into_iter().unzip();
            json!({"Id": query["Id"], "StatusCode": "Complete", "Timestamps": timestamps, "Values": values})
        };
        let results: Vec<Value> = input["MetricDataQueries"].as_array().unwrap().iter().map(&mut one).collect();
        (200, json!({ "MetricDataResults": results, "NextToken": token }))
    });
    let gate = preset("lambda", "function=f alias=live", began);
    let mut report = env.iter().fold(gate, |gate, (name, value)| gate.env(name, value)).run().report;
    assert_eq!(report["verdict"], "fail");
    report["decided_at"] = Value::Null;
    report
}

/// The same numbers in another order, over several pages, and some of them late: the same verdict and the same document.
#[test]
fn in_which_order_numbers_arrive_changes_nothing() {
    let began = began();
    let in_order = failing_in_pages(began, |_, points| (points, None));
    let backwards = failing_in_pages(began, |_, points| (points.into_iter().rev().collect(), None));
    // The older half comes last, and what came first is said again.
    let late = failing_in_pages(began, |page, points| match page {
        0 => (points[points.len() / 2..].to_vec(), Some("more")),
        _ => (points, None),
    });
    assert_eq!(in_order, backwards);
    assert_eq!(in_order, late);
}
