//! The JUnit report and the page as other parsers (Python's expat and html.parser) read them.

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

const PARSE: &str = r#"
import json, sys, html.parser
class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(); self.tags, self.words, self.outside = [], [], []
    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.outside += [value for name, value in attrs if name in ("src", "href", "action", "onload", "onerror")]
    def handle_data(self, data): self.words.append(data)
page = Page(); page.feed(open(sys.argv[1]).read()); page.close()
print(json.dumps({"tags": page.tags, "text": " ".join(page.words), "outside": page.outside}))
"#;

#[test]
fn the_page_needs_nothing_else_and_what_a_service_says_is_text_in_it() {
    let hostile = "{\"a\": \"<script src=http://x></script><img onerror=x>\"}";
    let server = Server::start(move |seen| ok(if seen.target == "/b" { hostile } else { "{\"a\": 1}" }));
    let canary = "version: 1\ncases: {from: cases.jsonl}\nlimits: {failures: 1}\nload: {rate: 100/s, duration: 1s, max_lag: 1s, get: /a}\n";
    let world = World::new(canary, &(world::case("a", "/a", 1) + &world::case("b", "/b", 1)));
    let ran = world.run(&server.url(), &["--html-path", "out/canary.html"]);
    assert_eq!(ran.code, 0, "{}", ran.log);
    let output = Command::new("python3").args(["-c", PARSE]).arg(world.path("out/canary.html")).output().unwrap();
    let page: Value = serde_json::from_slice(&output.stdout).unwrap();
    let tags: Vec<&str> = page["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
    assert!(!tags.contains(&"script") && !tags.contains(&"img") && !tags.contains(&"link"), "{tags:?}");
    assert!(tags.contains(&"polyline") && page["outside"].as_array().unwrap().is_empty(), "{tags:?}");
    let text = page["text"].as_str().unwrap();
    assert!(text.contains("<script src=http://x>") && text.contains("1 passed, 1 failed"), "{text}");
}
