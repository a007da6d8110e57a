//! Whole documents: every problem at once, and what hostile ones come to.

use super::*;
use proptest::prelude::*;

fn problems<T>(result: Result<T, Vec<Problem>>) -> Vec<String> {
    result.err().unwrap().iter().map(ToString::to_string).collect()
}

/// A reader that uses every kind of value.
fn understand(root: &Fields<'_>) -> Option<Vec<String>> {
    let root = root.clone().only(&["version", "parameters", "target", "probes", "strict"]);
    root.version_one();
    let _ = root.yes_no("strict");
    let target = root.child("target").map(|target| target.only(&["timeout", "concurrency", "least"]));
    let target = target.inspect(|target| {
        let _ = target.whole("concurrency", 1..=512);
        let _ = target.whole("least", 1..=u64::MAX);
        let _ = target.parsed::<std::net::IpAddr>("timeout");
    });
    let names = root.mappings("probes").into_iter().filter_map(|probe| {
        probe.demand("name", "alive")?;
        probe.text("name")
    });
    target.map(|_| names.collect())
}

#[test]
fn every_problem_is_kept_with_its_line_and_a_suggestion() {
    let text = "version: 2\nstrict: maybe\nprobes:\n- {name: a}\n- {nam: b}\n- c\ntarget:\n  timout: 2s\n  \
                concurrency: none\n  least: 0\n  timeout: soon\nelse: 1\n";
    assert_eq!(
        problems(read(text, understand)),
        [
            "line 1: version: only version 1 is known; write `version: 1`",
            "line 2: strict: `maybe` is neither true nor false",
            "line 5: probes[1]: `name` is missing; for example `name: alive`",
            "line 6: probes[2]: expected a mapping of keys, found a text",
            "line 8: target.timout: unknown key; did you mean `timeout`?",
            "line 9: target.concurrency: `none` is not a whole number from 1 to 512",
            "line 10: target.least: `0` is not a whole number of at least 1",
            "line 11: target.timeout: invalid IP address syntax",
            "line 12: else: unknown key; known are version, parameters, target, probes, strict",
        ]
    );
}

#[test]
fn a_document_without_problems_is_what_is_made_of_it() {
    let text = "version: 1\ntarget: {}\nprobes: [{name: '${who}'}, {name: 2}]\n";
    let given = ["who=me".parse().unwrap(), "how=well".parse().unwrap()];
    let filling = Filling { given: &given, queries: &[] };
    let (names, unused) = read_filled(text, filling, understand).unwrap();
    assert_eq!((names, unused), (vec!["me".to_owned(), "2".to_owned()], vec!["how".to_owned()]));
    assert_eq!(read(text, understand).unwrap(), ["${who}", "2"]);
}

#[test]
fn what_is_no_mapping_is_refused() {
    assert_eq!(problems(read("- 1\n", understand)), ["line 1: expected a mapping of keys, found a list"]);
    for text in ["", "~", "# nothing\n"] {
        assert_eq!(
            problems(read(text, understand))[0].split_once(": ").unwrap().1,
            "expected a mapping of keys, found nothing"
        );
    }
    assert_eq!(problems(read_line(7, b"[]", understand)), ["line 7: expected a mapping of keys, found a list"]);
    assert_eq!(
        problems(read_line(7, b"{", understand)),
        ["line 7: not a JSON object: expected a key in double quotes at byte 1"]
    );
    assert!(problems(read("a: 1\n---\nb: 2\n", understand))[0].contains("more than one document"));
}

#[test]
fn nothing_understood_is_never_no_problem() {
    assert_eq!(problems(read("a: 1", |_| None::<()>)), ["line 1: could not be understood"]);
}

#[test]
fn a_key_with_nothing_is_there_and_is_not_one_value() {
    let seen = |root: &Fields<'_>| Some((root.has("a"), root.has("b"), root.text("b"), root.get("a").cloned()));
    assert_eq!(read("a: ~\n", seen).unwrap(), (true, false, None, Some(Json::Null)));
    let wrong = read("a:\n", |root| root.text("a"));
    assert_eq!(problems(wrong), ["line 1: a: expected one value, found nothing"]);
    assert_eq!(
        problems(read("a:\n", |root| root.child("a").map(drop))),
        ["line 1: a: expected a mapping of keys, found nothing"]
    );
}

/// Without the bounds, the open lists alone would take the best part of an hour.
#[test]
fn hostile_documents_are_refused() {
    let larger = format!("a: {}", "x".repeat(LARGEST));
    let many: String = (0..60_000).map(|n| format!("key{n}: 1\n")).collect();
    let deep = |open: &str, close: &str, levels| format!("a: {}{}", open.repeat(levels), close.repeat(levels));
    let dashes = format!("a:\n{}1", "- ".repeat(20_000));
    for (name, text, problem) in [
        ("large", larger, "is larger than 1048576 bytes"),
        ("many problems", many, "and 59901 more problems"),
        ("lists", deep("[", "]", 20_000), "nested too deep"),
        ("open lists", deep("[", "", 1_000_000), "nested too deep"),
        ("mappings", deep("{a: ", "}", 10_000), "nested too deep"),
        ("dashes", dashes, "recursion limit"),
        ("just too deep", deep("[", "]", 128), "recursion limit"),
    ] {
        let seen = problems(read_filled(&text, Filling { given: &[], queries: &[] }, understand));
        assert!(seen.iter().any(|told| told.contains(problem)), "{name}: {}", seen[0]);
        assert!(seen.len() <= 101, "{name}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_reading_panic(text in "\\PC{0,80}") {
        let result = read_filled(&text, Filling { given: &[], queries: &["a"] }, understand);
        prop_assert!(result.err().is_none_or(|problems| !problems.is_empty()));
    }

    #[test]
    fn no_structure_makes_reading_panic(text in "((version|target|probes|parameters|name|least|x): ?|[0-9.~&*!{}\\[\\],'\"|>#-]|\\$\\{|\n {0,4}){0,40}") {
        let given = ["x=y".parse().unwrap()];
        let result = read_filled(&text, Filling { given: &given, queries: &["name"] }, understand);
        prop_assert!(result.err().is_none_or(|problems| !problems.is_empty()));
    }

    /// YAML is a superset of JSON: what both readers take comes to the same tree.
    #[test]
    fn json_reads_the_same_as_yaml(value in tree()) {
        let text = value.to_string();
        prop_assert_eq!(Json::from_yaml(&text).map(|yaml| yaml.to_value()), Ok(value));
    }

    #[test]
    fn every_problem_has_its_own_line(keys in prop::collection::btree_set("[a-z]{1,6}", 1..20), wrong in any::<prop::sample::Index>()) {
        let keys: Vec<String> = keys.into_iter().collect();
        let at = wrong.index(keys.len());
        let text: String = keys.iter().map(|key| format!("\"{key}\":\n  x: 1\n")).collect();
        let told = read(&text, |root| { root.child(&keys[at])?.refuse("x", "wrong"); Some(()) }).unwrap_err();
        prop_assert_eq!(told[0].line, Some(2 * at + 2));
    }
}

fn tree() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (-1_000_000_i32..1_000_000).prop_map(|number| serde_json::Value::from(f64::from(number) / 64.0)),
        "[ -~]{0,8}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::vec(("[a-z]{1,4}", inner), 0..5)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}
