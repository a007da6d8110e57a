//! The JSONPath Compliance Test Suite of RFC 9535's authors (see `data/README.md`), every test of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use document::{Json, Path};
use serde_json::Value;

/// Tests that fail, each with its reason.
const EXCEPTIONS: [(&str, &str); 0] = [];

fn tests() -> Vec<Value> {
    let lines = include_str!("data/jsonpath-cts.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What is wrong with our answer to one test.
fn wrong(test: &Value) -> Option<String> {
    let selector = test["selector"].as_str().unwrap();
    let parsed = selector.parse::<Path>();
    if test["invalid_selector"] == true {
        return parsed.is_ok().then(|| "is taken although it is invalid".to_owned());
    }
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return Some(error.to_string()),
    };
    let body = Json::parse(test["document"].to_string().as_bytes()).unwrap();
    let selected = parsed.nodes(&body).unwrap();
    let values = Value::Array(selected.iter().map(|node| node.value.to_value()).collect());
    let allowed =
        test.get("results").and_then(Value::as_array).cloned().unwrap_or_else(|| vec![test["result"].clone()]);
    if !allowed.contains(&values) {
        return Some(format!("selects {values}, not one of {allowed:?}"));
    }
    if parsed.is_singular() && selected.len() > 1 {
        return Some("is called singular and selects more than one node".to_owned());
    }
    selected.iter().find_map(|node| {
        let path = node.path();
        let again = path.parse::<Path>();
        let same = again.is_ok_and(|again| again.one(&body) == Some(node.value) && again.place() == Some(path.clone()));
        (!same).then(|| format!("the path {path} it shows does not lead back"))
    })
}

#[test]
fn every_test_of_the_compliance_suite_is_passed_or_listed_with_its_reason() {
    let tests = tests();
    assert_eq!(tests.len(), 703);
    for test in &tests {
        let name = test["name"].as_str().unwrap();
        let excepted = EXCEPTIONS.iter().any(|(known, _)| *known == name);
        match wrong(test) {
            Some(problem) => assert!(excepted, "{name}: {}: {problem}", test["selector"]),
            None => assert!(!excepted, "{name} passes now; take it off the list"),
        }
    }
}
