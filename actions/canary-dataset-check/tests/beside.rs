//! The candidate beside the baseline, and the age of what is behind answers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod world;

use serde_json::json;
use world::{Server, World, case, ok};

/// Answers `/n` with a number that depends on it.
fn serving(value: impl Fn(u64) -> u64 + Send + Sync + 'static) -> Server {
    Server::start(move |seen| {
        let n: u64 = seen.target.trim_start_matches('/').parse().unwrap();
        ok(&format!("{{\"a\": 1, \"at\": {}, \"items\": [{{\"v\": {}}}]}}", seen.number, value(n)))
    })
}

fn cases(count: u64) -> String {
    (0..count).map(|n| case(&n.to_string(), &format!("/{n}"), 1)).collect()
}

fn canary(more: &str) -> String {
    format!("version: 1\ncases: {{from: cases.jsonl}}\nignore: [$.at]\n{more}\n")
}

#[test]
fn what_changed_is_told_by_place_and_has_a_limit() {
    let (stable, same, other) = (serving(|n| n), serving(|n| n), serving(|n| if n % 10 == 0 { n + 3 } else { n }));
    let world = World::new(&canary("compare: {max_changed: 5%}"), &cases(50));
    let ran = world.run(&same.url(), &["--baseline-url", &stable.url()]);
    assert_eq!((ran.code, &ran.report["compared"]["changed"]), (0, &json!(0)), "{}", ran.log);
    let ran = world.run(&other.url(), &["--baseline-url", &stable.url()]);
    assert_eq!((ran.code, &ran.report["compared"]["changed"]), (1, &json!(5)), "{}", ran.log);
    assert_eq!(ran.report["compared"]["places"]["$.items[*].v"]["largest"], 3.0);
    assert!(ran.log.contains("baseline: 5 of 50 answers differ; allowed: 5%"), "{}", ran.log);
    assert!(ran.summary.contains("3.000000 | 3.000000"), "{}", ran.summary);
    assert_eq!((stable.asked(), other.asked()), (100, 50));
}

#[test]
fn seven_flips_one_way_are_a_worse_release_and_wrong_on_both_sides_is_none() {
    // 20 of 50 cases are wrong on both sides; seven more go wrong.
    let answering = |worse: u64| {
        Server::start(move |seen| {
            let n: u64 = seen.target.trim_start_matches('/').parse().unwrap();
            ok(if n < 20 || n >= 50 - worse { "{\"a\": 2}" } else { "{\"a\": 1}" })
        })
    };
    let canary = canary("compare: {alpha: 1%}\nlimits: {failures: 99%}");
    let code = |worse| {
        let (stable, new) = (answering(0), answering(worse));
        let ran = World::new(&canary, &cases(50)).run(&new.url(), &["--baseline-url", &stable.url()]);
        (ran.code, ran.log)
    };
    let (seven, log) = code(7);
    assert_eq!(seven, 1, "{log}");
    assert!(log.contains("7 of 50 cases are wrong now and were right"), "{log}");
    assert_eq!(code(6).0, 0);
}

#[test]
fn a_baseline_that_is_not_there_leaves_the_comparison_unknown() {
    let server = serving(|n| n);
    let world = World::new(&canary("compare: {max_changed: 5%}"), &cases(5));
    let ran = world.run(&server.url(), &["--baseline-url", "http://127.0.0.1:1"]);
    assert_eq!(ran.code, 3, "{}", ran.log);
    assert!(ran.log.contains("baseline: 5 of 5 cases were not answered by both"), "{}", ran.log);
    assert_eq!(world.run(&server.url(), &[]).code, 2, "a comparison needs a baseline-url");
}

#[test]
fn values_that_moved_as_a_whole_are_a_drift() {
    let (stable, same, moved) = (serving(|n| n), serving(|n| n + 1), serving(|n| n * 2));
    let drift = "compare: {drift: {columns: ['$.items[*].v'], method: psi, max: 0.2}}";
    let world = World::new(&canary(drift), &cases(200));
    assert_eq!(world.run(&same.url(), &["--baseline-url", &stable.url()]).code, 0);
    let ran = world.run(&moved.url(), &["--baseline-url", &stable.url()]);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert!(ran.log.contains("drift: 1 of 1 columns moved: $.items[*].v"), "{}", ran.log);
    let few = World::new(&canary(drift), &cases(19)).run(&moved.url(), &["--baseline-url", &stable.url()]);
    assert_eq!(few.code, 3, "{}", few.log);
}

#[test]
fn old_data_are_stale_and_older_ones_blocked() {
    let server = Server::start(|seen| {
        let time = if seen.target == "/0" { "2020-01-01T00:00:00Z" } else { "2999-01-01T00:00:00Z" };
        ok(&format!("{{\"a\": 1, \"t\": \"{time}\"}}"))
    });
    let canary = canary("staleness: {path: $.t, fresh: 24h, blocked: 48h, max_blocked: 10%}");
    let ran = World::new(&canary, &cases(2)).run(&server.url(), &[]);
    assert_eq!((ran.code, &ran.report["ages"]["blocked"]), (1, &json!(2)), "{}", ran.log);
    assert!(ran.log.contains("staleness: 2 of 2 answers are blocked; allowed: 10%"), "{}", ran.log);
}

#[test]
fn the_baseline_never_sees_the_credentials_of_the_candidate() {
    let answering = |expected: bool| {
        Server::start(move |seen| {
            let sent = seen.head.to_lowercase().contains("authorization: bearer s3cret-token");
            ok(if sent == expected { "{\"a\": 1}" } else { "{\"a\": 0}" })
        })
    };
    let (candidate, baseline) = (answering(true), answering(false));
    let world = World::new(&canary("compare: {max_changed: 0}"), &cases(3));
    let args = ["--baseline-url", &baseline.url(), "--authorization", "Bearer s3cret-token"];
    let ran = world.run(&candidate.url(), &args);
    assert_eq!((ran.code, &ran.report["compared"]["better"]), (0, &json!(0)), "{}", ran.log);
    assert_eq!(baseline.asked(), 3);
}
