//! The command against a server that answers, misbehaves, or is not there.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod world;

use serde_json::json;
use std::{
    net::TcpListener,
    time::{Duration, Instant},
};
use world::{Part, Server, World, answer, case, ok};

const LEAST: &str = "version: 1\ncases: {from: cases.jsonl}\n";
const QUICK: &str = "version: 1\ntarget: {timeout: 400ms}\ncases: {from: cases.jsonl}\n";

#[test]
fn a_service_that_answers_as_it_must_passes() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/a" => ok("{\"a\": 1}"),
        "/b" => ok("{\"a\": 2.0}"),
        _ => answer("404 Not Found", ""),
    });
    let gone = "{\"id\":\"c\",\"request\":{\"path\":\"/c\"},\"expect\":{\"status\":404}}\n";
    let ran = World::new(LEAST, &(case("a", "/a", 1) + &case("b", "/b", 2) + gone)).run(&server.url(), &[]);
    assert_eq!((ran.code, ran.report["verdict"].as_str()), (0, Some("pass")), "{}", ran.log);
    assert_eq!(ran.report["counts"], json!({"total": 3, "passed": 3, "failed": 0, "flaky": 0, "unanswered": 0}));
    assert_eq!(ran.report["latency"]["answers"], 3);
    assert!(ran.summary.contains("answers as it must: 3 of 3 cases passed"), "{}", ran.summary);
    assert!(ran.outputs.contains("verdict") && ran.outputs.contains("pass"), "{}", ran.outputs);
    assert_eq!(server.asked(), 3);
}

#[test]
fn after_a_hundred_cases_in_a_row_without_an_answer_no_more_are_asked() {
    // One answer in between begins the count anew.
    let server = Server::start(|seen| if seen.target == "/50" { ok("{\"a\": 1}") } else { Vec::new() });
    let canary = "version: 1\ntarget: {concurrency: 1}\ncases: {from: cases.jsonl}\n";
    let cases: String = (0..200).map(|n| case(&n.to_string(), &format!("/{n}"), 1)).collect();
    let ran = World::new(canary, &cases).run(&server.url(), &[]);
    assert_eq!((ran.code, ran.report["verdict"].as_str()), (3, Some("inconclusive")), "{}", ran.log);
    assert_eq!(ran.report["counts"], json!({"total": 200, "passed": 1, "failed": 0, "flaky": 0, "unanswered": 150}));
    assert!(ran.log.contains("199 of 200 cases have no answer: the connection was closed"), "{}", ran.log);
}

#[test]
fn one_wrong_value_refuses_the_release_and_is_shown_as_a_diff() {
    let server = Server::start(|seen| ok(if seen.target == "/b" { "{\"a\": 20}" } else { "{\"a\": 1}" }));
    let ran = World::new(LEAST, &(case("a", "/a", 1) + &case("b", "/b", 2))).run(&server.url(), &[]);
    assert_eq!((ran.code, ran.report["verdict"].as_str()), (1, Some("fail")), "{}", ran.log);
    assert_eq!(ran.report["wrong"][0]["id"], "b");
    assert_eq!(
        ran.report["wrong"][0]["mismatches"],
        json!([{"path": "$.a", "expected": "2", "seen": "20 (off by 18)"}])
    );
    assert!(ran.summary.contains("- $.a: 2\n+ $.a: 20 (off by 18)"), "{}", ran.summary);
    assert!(ran.log.contains("1 of 2 cases failed; allowed: 0"), "{}", ran.log);
}

#[test]
fn requests_carry_what_the_files_say_and_nothing_else() {
    let server = Server::start(|seen| {
        let head = seen.head.to_lowercase();
        let right = seen.method == "POST"
            && seen.target == "/api/p?x=1&n=2+%26"
            && seen.body == r#"{"amount":1.50,"n":12345678901234567890}"#
            && [
                "content-type: application/json",
                "x-canary: case",
                "x-more: yes",
                "authorization: bearer s3cret-token",
            ]
            .iter()
            .all(|line| head.contains(line));
        ok(if right { "{\"a\": 1}" } else { "{\"a\": 0}" })
    });
    let canary = "version: 1\ntarget: {headers: {X-Canary: all, X-More: 'yes'}}\ncases: {from: cases.jsonl}\n";
    let line = r#"{"id":"p","request":{"method":"POST","path":"/p?x=1","query":{"n":"2 &"},"headers":{"X-Canary":"case"},"body":{"amount":1.50,"n":12345678901234567890}},"expect":{"values":{"$.a":1}}}"#;
    let url = server.url() + "/api/";
    let ran = World::new(canary, line).run(&url, &["--authorization", "Bearer s3cret-token"]);
    assert_eq!(ran.code, 0, "{} {}", ran.log, ran.report);
    assert!(!(ran.log + &ran.summary + &ran.report.to_string()).contains("s3cret-token"));
}

#[test]
fn nobody_there_is_not_known_and_not_a_failing_case() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    let cases: String = (0..300).map(|n| case(&n.to_string(), "/", 1)).collect();
    let ran = World::new(LEAST, &cases).run(&url, &[]);
    assert_eq!((ran.code, ran.report["verdict"].as_str()), (3, Some("inconclusive")), "{}", ran.log);
    let unanswered = ran.report["counts"]["unanswered"].as_u64().unwrap();
    assert!((100..130).contains(&unanswered), "it gives up after a hundred: {unanswered}");
    assert!(ran.log.contains("300 of 300 cases have no answer"), "{}", ran.log);

    let canary = format!("{LEAST}probes: [{{get: /healthz, every: 20ms, within: 100ms}}]\n");
    let ran = World::new(&canary, &case("a", "/", 1)).run(&url, &[]);
    assert_eq!((ran.code, &ran.report["counts"]), (3, &json!(null)), "{}", ran.log);
    assert_eq!(ran.report["probes"][0]["state"], "silent");
}

/// What a server must not do, by the path it is asked for.
fn misbehaving(target: &str) -> Vec<Part> {
    let slow = |head: &'static str| vec![Part::Bytes(head.into()), Part::Pause(Duration::from_secs(5))];
    match target {
        "/late" => slow(""),
        "/drip" => {
            let mut parts = vec![Part::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n".to_vec())];
            parts.extend((0..100).flat_map(|_| [Part::Bytes(b" ".to_vec()), Part::Pause(Duration::from_millis(50))]));
            parts
        }
        "/short" => {
            vec![Part::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\n\r\n{\"a\": 1".to_vec())]
        }
        "/away" => vec![Part::Bytes(
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                .to_vec(),
        )],
        "/huge" => {
            let mut body = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
            body.extend(vec![b' '; 5 << 20]);
            vec![Part::Bytes(body)]
        }
        // A bomb to who unpacks it; nobody asked for it, and nobody does.
        "/bomb" => {
            let mut bytes =
                b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 19\r\nconnection: close\r\n\r\n"
                    .to_vec();
            bytes.extend(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x01\x0d\x00\x00\x00\xc2\xa0");
            vec![Part::Bytes(bytes)]
        }
        "/longer" => vec![Part::Bytes(
            b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\n{\"a\": 1}{\"a\": 2}".to_vec(),
        )],
        "/deep" => ok(&"[".repeat(100_000)),
        "/twice" => ok("{\"a\": 1, \"a\": 1}"),
        "/html" => ok("<html>"),
        "/empty" => answer("204 No Content", ""),
        _ => ok("{\"b\": 1}"),
    }
}

#[test]
fn whatever_comes_over_the_wire_is_bounded_and_wrong() {
    let server = Server::start(|seen| misbehaving(&seen.target));
    let paths = ["late", "drip", "short", "away", "huge", "bomb", "longer", "deep", "twice", "html", "empty", "other"];
    let cases: String = paths.iter().map(|path| case(path, &format!("/{path}"), 1)).collect();
    let started = Instant::now();
    let ran = World::new(QUICK, &cases).run(&server.url(), &[]);
    assert!(started.elapsed() < Duration::from_secs(4));
    assert_eq!((ran.code, ran.report["counts"]["failed"].as_u64()), (1, Some(12)), "{} {}", ran.log, ran.report);
    let seen: Vec<(&str, &str)> = ran.report["wrong"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| {
            let first = &case["mismatches"][0];
            (first["path"].as_str().unwrap(), first["seen"].as_str().unwrap())
        })
        .collect();
    let starts = [
        ("answer", "not yet"),
        ("answer", "not yet"),
        ("body", "breaks off: "),
        ("status", "a redirect, which is not followed"),
        ("body", "longer than 4194304 bytes"),
        ("body", "expected a JSON value at byte 0"),
        ("body", "goes on behind its end"),
        ("body", "nested deeper than 100 at byte 100"),
        ("body", "duplicate key `a` at byte 9"),
        ("body", "expected a JSON value at byte 0"),
        ("status", "204"),
        ("$.a", "missing"),
    ];
    for ((path, text), (wanted_path, wanted)) in seen.iter().zip(starts) {
        assert!(*path == wanted_path && text.starts_with(wanted), "{path} {text}, not {wanted_path} {wanted}");
    }
}

#[test]
fn a_probe_waits_for_enough_right_answers_in_a_row() {
    let server = Server::start(|seen| match (seen.target.as_str(), seen.number) {
        ("/readyz", 0 | 1 | 3) => answer("503 Service Unavailable", "warming up"),
        _ => ok("{\"a\": 1}"),
    });
    let canary = |successes, within| {
        format!(
            "{LEAST}probes: [{{name: ready, get: /readyz, successes: {successes}, every: 10ms, within: {within}}}]\n"
        )
    };
    let ran = World::new(&canary(3, "10s"), &case("a", "/", 1)).run(&server.url(), &[]);
    assert_eq!((ran.code, &ran.report["probes"][0]["attempts"]), (0, &json!(7)), "{}", ran.log);

    let sick = Server::start(|_| answer("503 Service Unavailable", "warming up"));
    let ran = World::new(&canary(1, "100ms"), &case("a", "/", 1)).run(&sick.url(), &[]);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert!(ran.log.contains("ready: status: expected 200, seen 503 warming up"), "{}", ran.log);
    assert_eq!(ran.report["counts"], json!(null), "no case is asked of a sick service");
}

#[test]
fn another_version_is_refused_before_any_case_is_asked() {
    let server = Server::start(|seen| {
        assert_eq!(seen.target, "/version");
        ok("{\"git_sha\": \"aaa\"}")
    });
    let canary = format!("{LEAST}running_version: {{within: 50ms, every: 10ms}}\n");
    let ran = World::new(&canary, &case("a", "/", 1)).run(&server.url(), &["--expect-version", "bbb"]);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert!(ran.log.contains("running version: $.git_sha: expected \"bbb\", seen \"aaa\""), "{}", ran.log);
}

#[test]
fn now_right_now_wrong_is_called_flaky_and_has_its_own_limit() {
    let server = Server::start(|seen| ok(if seen.number % 3 == 1 { "{\"a\": 2}" } else { "{\"a\": 1}" }));
    let canary = |limits| {
        format!("version: 1\ntarget: {{concurrency: 1}}\ncases: {{from: cases.jsonl, repeats: 3}}\nlimits: {limits}\n")
    };
    let ran = World::new(&canary("{failures: 1}"), &case("a", "/", 1)).run(&server.url(), &[]);
    assert_eq!((ran.code, &ran.report["counts"]["flaky"]), (1, &json!(1)), "{}", ran.log);
    assert_eq!(ran.report["wrong"][0]["mismatches"][1]["seen"], "wrong 1, right 2");
    let ran = World::new(&canary("{flaky: 1}"), &case("a", "/", 1)).run(&server.url(), &[]);
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert!(ran.log.contains("1 flaky, within the allowed 1"), "{}", ran.log);
}

#[test]
fn wrong_files_and_inputs_are_all_told_before_anything_is_asked() {
    let server = Server::start(|_| ok("{\"a\": 1}"));
    let refused = |world: &World, args: &[&str]| {
        let ran = world.run(&server.url(), args);
        assert_eq!(ran.code, 2, "{}", ran.log);
        ran.log
    };
    for (cases, told) in [
        ("", "config: cases.jsonl: has no cases; a check of nothing would prove nothing".to_owned()),
        (
            &*(case("a", "/", 1) + "{\"id\":\n" + &case("a", "/", 1)),
            "line 2: not a JSON object: the text ends where".to_owned(),
        ),
        (&*(case("a", "/", 1) + &case("a", "/", 1)), "line 2: id: `a` is the id of line 1 already".to_owned()),
    ] {
        let log = refused(&World::new(LEAST, cases), &[]);
        assert!(log.contains(&told), "{log}");
    }
    let log = refused(&World::new("version: 1\ncase: {from: x}\nlimits: {failures: -1}\n", ""), &[]);
    assert!(log.contains("line 2: case: unknown key; did you mean `cases`?"), "{log}");
    assert!(log.contains("line 3: limits.failures: `-1` is neither"), "{log}");

    let world = World::new(LEAST, &case("a", "/", 1));
    assert!(refused(&world, &["--config", "nowhere.yml"]).contains("cannot be read"));
    assert!(refused(&world, &["--cases", "nowhere.jsonl"]).contains("the dataset cannot be read"));
    let log = refused(&world, &["--image", "ghcr.io/org/app:1.4.0"]);
    assert!(log.contains("a tag can move between this check and the release"), "{log}");
    assert_eq!(server.asked(), 0);
}

#[test]
fn text_from_the_service_cannot_act_on_the_runner() {
    let server = Server::start(|_| answer("500 Oops", "\n::set-output name=verdict::pass\n##[add-mask]x <script>|`"));
    let world = World::new(LEAST, &case("a", "/", 1));
    let output = world.command(&server.url(), &[]).env("GITHUB_ACTIONS", "true").output().unwrap();
    let ran = world.ran(output);
    assert_eq!(ran.code, 1);
    let acts = |line: &str| line.trim_start().starts_with("::set-output") || line.contains("##[");
    assert!(!ran.log.lines().any(acts), "{}", ran.log);
}

#[cfg(unix)]
#[test]
fn a_cancelled_run_stops_at_once_and_leaves_what_it_saw() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/slow" => vec![Part::Pause(Duration::from_secs(20))],
        _ => ok("{\"a\": 1}"),
    });
    let canary = "version: 1\ntarget: {timeout: 30s, concurrency: 1}\ncases: {from: cases.jsonl}\n";
    let world = World::new(canary, &(case("a", "/", 1) + &case("b", "/slow", 1)));
    let mut command = world.command(&server.url(), &["--junit-path", "out/canary.xml"]);
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    while server.asked() < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let started = Instant::now();
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ran = world.ran(child.wait_with_output().unwrap());
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!((ran.code, &ran.report["counts"]["passed"]), (130, &json!(1)), "{}", ran.log);
    assert!(std::fs::read_to_string(world.path("out/canary.xml")).unwrap().contains("name=\"a\""));
}

#[test]
fn answers_are_held_to_the_contract_and_the_served_contract_to_the_promised_one() {
    let document = |fields: &str| {
        format!(
            r#"{{"openapi": "3.1.0", "paths": {{"/a": {{"get": {{"responses": {{"200": {{"content": {{"application/json":
            {{"schema": {{"type": "object", "required": ["a"], "properties": {{{fields}}}}}}}}}}}}}}}}}}}}}"#
        )
    };
    let promised = document(r#""a": {"type": "integer"}, "b": {"type": "string"}"#);
    let serving = |served: String, body: &'static str| {
        Server::start(move |seen| {
            let body = if seen.target == "/openapi.json" { &served } else { body };
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            vec![Part::Bytes((head + body).into_bytes())]
        })
    };
    let canary = format!("{LEAST}contract: {{openapi: openapi.json, extra_fields: fail, served: /openapi.json}}\n");
    let world = World::new(&canary, &case("a", "/a", 1));
    world.write("openapi.json", &promised);
    let ran = world.run(&serving(promised.clone(), "{\"a\": 1, \"b\": \"x\"}").url(), &[]);
    assert_eq!(ran.code, 0, "{}", ran.log);
    let ran = world.run(&serving(promised.clone(), "{\"a\": 1, \"b\": 2, \"c\": 3}").url(), &[]);
    let seen: Vec<&str> =
        ran.report["wrong"][0]["mismatches"].as_array().unwrap().iter().map(|m| m["path"].as_str().unwrap()).collect();
    assert_eq!((ran.code, seen), (1, vec!["$.b", "$.c"]), "{}", ran.log);
    let ran = world.run(&serving(document(r#""a": {"type": "integer"}"#), "{\"a\": 1}").url(), &[]);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert!(ran.log.contains("contract: it breaks its users: GET /a: 200: $.b is gone"), "{}", ran.log);
    world.write("openapi.json", "{\"openapi\": \"3.1.0\", \"paths\": {\"/a\": {\"$ref\": \"#/b\"}}}");
    let ran = world.run("http://127.0.0.1:1", &[]);
    assert_eq!(ran.code, 2, "{}", ran.log);
    assert!(ran.log.contains("openapi.json: `#/b` leads nowhere in the document"), "{}", ran.log);
}
