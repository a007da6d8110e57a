//! The JUnit report as another parser (Python's expat) reads it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod world;

use serde_json::Value;
use std::process::Command;
use world::{Server, World, answer, ok};

const READ: &str = r#"
import json, sys, xml.etree.ElementTree as tree
def element(e):
    return {"tag": e.tag, "text": (e.text or "").strip(), **e.attrib, "children": [element(c) for c in e]}
print(json.dumps(element(tree.parse(sys.argv[1]).getroot())))
"#;

fn read(path: &std::path::Path) -> Value {
    let output = Command::new("python3").args(["-c", READ]).arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn an_independent_parser_reads_what_was_written() {
    let hostile = "]]>&<\u{1}\u{fffe}\"'é";
    let server = Server::start(move |seen| match seen.target.as_str() {
        "/bad" => ok(&serde_json::json!({ "a": hostile }).to_string()),
        "/healthz" => answer("200 OK", ""),
        _ => ok("{\"a\": 1}"),
    });
    let canary = "version: 1\nprobes: [{name: alive, get: /healthz}]\ncases: {from: cases.jsonl}\n";
    let cases = world::case("good & <fine>", "/", 1) + &world::case("bad", "/bad", 1);
    let world = World::new(canary, &cases);
    let ran = world.run(&server.url(), &["--junit-path", "reports/canary.xml"]);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert!(ran.outputs.contains("reports/canary.xml"), "{}", ran.outputs);

    let root = read(&world.path("reports/canary.xml"));
    assert_eq!(
        (&root["tag"], &root["tests"], &root["failures"], &root["errors"]),
        (&"testsuites".into(), &"3".into(), &"1".into(), &"0".into())
    );
    let [probes, cases] = root["children"].as_array().unwrap().as_slice() else { panic!("two suites") };
    assert_eq!((&probes["name"], &probes["children"][0]["name"]), (&"probes".into(), &"alive".into()));
    assert_eq!(
        (&cases["name"], &cases["tests"], &cases["failures"]),
        (&"cases.jsonl".into(), &"2".into(), &"1".into())
    );
    assert_eq!(
        (&cases["children"][0]["name"], &cases["children"][0]["children"]),
        (&"good & <fine>".into(), &serde_json::json!([]))
    );
    let bad = &cases["children"][1];
    assert_eq!((&bad["file"], &bad["line"]), (&"cases.jsonl".into(), &"2".into()));
    let failure = &bad["children"][0];
    assert_eq!((&failure["tag"], &failure["type"]), (&"failure".into(), &"failed".into()));
    // Control characters arrive escaped by JSON, or replaced where XML has no way to write them.
    let text = "$.a: expected 1, seen \"]]>&<\\u0001\u{fffd}\\\"'é\"";
    assert_eq!((&failure["message"], &failure["text"]), (&text.into(), &text.into()));
}
