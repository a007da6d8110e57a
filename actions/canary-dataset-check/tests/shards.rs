//! Runs that share a dataset, or do something else with it than ask for a verdict.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod world;

use serde_json::json;
use world::{Ran, Server, World, answer, case, ok};

fn cases(count: u64) -> String {
    (0..count).map(|n| case(&format!("c{n}"), &format!("/{n}"), 1)).collect()
}

/// Wrong for `/7`.
fn server() -> Server {
    Server::start(|seen| if seen.target == "/7" { answer("500 Oops", "") } else { ok("{\"a\": 1}") })
}

fn shards(world: &World, server: &Server, of: u64) -> Vec<Ran> {
    let run = |number: u64| {
        let ran = world.run(&server.url(), &["--shard", &format!("{number}/{of}"), "--junit-path", "out.xml"]);
        world.write(&format!("{number}.json"), &ran.report.to_string());
        ran
    };
    (1..=of).map(run).collect()
}

fn merge(world: &World, reports: &[&str]) -> Ran {
    let args: Vec<&str> =
        ["--mode", "merge"].into_iter().chain(reports.iter().flat_map(|name| ["--reports", name])).collect();
    world.run("http://unused.example", &args)
}

#[test]
fn shards_ask_each_case_once_and_their_reports_are_the_whole() {
    let (world, server) = (World::new("version: 1\ncases: {from: cases.jsonl}\n", &cases(20)), server());
    let ran = shards(&world, &server, 3);
    assert_eq!(server.asked(), 20);
    let totals: Vec<_> = ran.iter().map(|ran| ran.report["counts"]["total"].as_u64().unwrap()).collect();
    assert_eq!((totals, ran.iter().map(|ran| ran.code).collect::<Vec<_>>()), (vec![7, 7, 6], vec![0, 1, 0]));
    let whole = merge(&world, &["1.json", "2.json", "3.json"]);
    assert_eq!((whole.code, whole.report["verdict"].as_str()), (1, Some("fail")), "{}", whole.log);
    assert_eq!(whole.report["counts"], json!({"total": 20, "passed": 19, "failed": 1, "flaky": 0, "unanswered": 0}));
    assert_eq!((&whole.report["wrong"][0]["id"], server.asked()), (&json!("c7"), 20), "nobody is asked again");
    let part = merge(&world, &["1.json", "3.json"]);
    assert_eq!(part.code, 3, "{}", part.log);
    assert!(part.log.contains("the shards 2/3 are missing"), "{}", part.log);
    world.write("cases.jsonl", &cases(21));
    assert!(merge(&world, &["1.json", "2.json", "3.json"]).log.contains("of another dataset"));
}

#[test]
fn a_limit_is_one_of_the_whole() {
    let (world, server) =
        (World::new("version: 1\ncases: {from: cases.jsonl}\nlimits: {failures: 5%}\n", &cases(20)), server());
    let ran = shards(&world, &server, 4);
    assert_eq!(ran.iter().filter(|ran| ran.code == 1).count(), 1, "one of five is more than 5 %");
    assert_eq!(merge(&world, &["1.json", "2.json", "3.json", "4.json"]).code, 0, "one of twenty is not");
}

#[test]
fn a_sample_is_the_same_for_the_same_seed() {
    let server = server();
    let ids = |seed: u64| {
        let canary = format!("version: 1\ncases: {{from: cases.jsonl, sample: 5, seed: {seed}}}\n");
        let world = World::new(&canary, &cases(20));
        let ran = world.run(&server.url(), &["--junit-path", "out.xml"]);
        assert_eq!(ran.report["counts"]["total"], 5, "{}", ran.log);
        let xml = std::fs::read_to_string(world.path("out.xml")).unwrap();
        (0..20).filter(|n| xml.contains(&format!("name=\"c{n}\""))).collect::<Vec<_>>()
    };
    assert_eq!(ids(1), ids(1));
    assert!((2..9).any(|seed| ids(seed) != ids(1)));
}

#[test]
fn validating_asks_nobody_and_tells_what_is_wrong() {
    let server = server();
    let world = World::new("version: 1\ncases: {from: cases.jsonl}\n", &cases(3));
    let ran = world.run(&server.url(), &["--mode", "validate"]);
    assert_eq!((ran.code, &ran.report["cases"], server.asked()), (0, &json!(3), 0), "{}", ran.log);
    world.write("cases.jsonl", "{\n");
    assert_eq!(world.run(&server.url(), &["--mode", "validate"]).code, 2);
    let load = "version: 1\ncases: {from: cases.jsonl}\nload: {rate: 10/s, duration: 1s}\n";
    let ran = World::new(load, &cases(3)).run(&server.url(), &["--shard", "1/2"]);
    assert_eq!(ran.code, 2, "{}", ran.log);
    assert!(ran.log.contains("shards cannot be put together"), "{}", ran.log);
}

#[test]
fn what_is_recorded_is_for_people_to_review_and_nobody_records_in_ci() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/0" => ok("{\"a\": 1.04, \"t\": 5}"),
        "/1" => ok("{\"a\": 7.50}"),
        _ => answer("500 Oops", ""),
    });
    let canary = "version: 1\ncases: {from: cases.jsonl}\ntolerances: [{path: $.a, abs: 0.1}]\n";
    let world = World::new(canary, &cases(3));
    let ran = world.run(&server.url(), &["--mode", "record"]);
    assert_eq!((ran.code, &ran.report["changed"], &ran.report["skipped"]), (0, &json!(1), &json!(1)), "{}", ran.log);
    let recorded = std::fs::read_to_string(world.path("cases.recorded.jsonl")).unwrap();
    let lines: Vec<&str> = recorded.lines().collect();
    let before = cases(3);
    let before: Vec<&str> = before.lines().collect();
    assert_eq!(
        (lines.len(), lines[0], lines[2]),
        (3, before[0], before[2]),
        "near enough stays, and so does what failed"
    );
    assert!(lines[1].contains("\"$.a\":7.50"), "{}", lines[1]);
    assert_eq!(std::fs::read_to_string(world.path("cases.jsonl")).unwrap(), cases(3), "the dataset itself stays");
    let output = world.command(&server.url(), &["--mode", "record"]).env("CI", "true").output().unwrap();
    let ran = world.ran(output);
    assert!(ran.code == 3 && ran.log.contains("never in CI"), "{}", ran.log);
}
