use super::*;
use serde_json::json;
use std::cmp::Ordering::{Equal, Greater, Less};

#[test]
fn a_version_and_what_it_speaks_for_change_together_or_not_at_all() {
    let none: &[String] = &[];
    let some: &[String] = &["rules.json (changed)".to_owned()];
    for (order, files, refused) in [
        (Some(Equal), none, None),
        (Some(Greater), some, None),
        (Some(Equal), some, Some("rules.json (changed)")),
        (Some(Greater), none, Some("nothing that it speaks for has changed")),
        (Some(Less), some, Some("goes back from 1.4.0")),
        (Some(Less), none, Some("goes back from 1.4.0")),
        (None, some, Some("cannot be told")),
    ] {
        let finding = judge("logic_version", ("1.4.0", "x"), order, files);
        assert_eq!(finding.is_some(), refused.is_some(), "{order:?} {files:?}");
        if let (Some(finding), Some(words)) = (finding, refused) {
            assert_eq!(finding.code, Code::Drift);
            assert!(finding.text.contains(words), "{finding}");
        }
    }
}

#[test]
fn semantic_versions_go_by_precedence_and_other_values_are_same_or_new() {
    for (then, now, wanted) in [
        ("1.9.0", "1.10.0", Some(Greater)),
        ("1.10.0", "1.9.0", Some(Less)),
        ("1.4.0", "1.4.0+build2", Some(Equal)),
        ("1.4.0-rc.1", "1.4.0", Some(Greater)),
        ("1.4.0", "one", None),
    ] {
        assert_eq!(order(Some(Kind::Semver), then, now), wanted, "{then} {now}");
    }
    assert_eq!(order(Some(Kind::Text), "b", "a"), Some(Greater));
    assert_eq!(order(None, "a", "a"), Some(Equal));
}

#[test]
fn changed_new_and_gone_files_are_named() {
    let digest = |text: &str| subject::Digest::of(text.as_bytes());
    let then: Vec<InputFile> = [("a", "1"), ("b", "1"), ("c", "1")]
        .map(|(name, text)| InputFile { name: name.to_owned(), digest: digest(text).into() })
        .into();
    let now: Vec<HashedFile> = [("a", "1"), ("b", "2"), ("d", "1")]
        .map(|(path, text)| HashedFile { path: path.to_owned(), digest: digest(text) })
        .into();
    assert_eq!(differences(&then, &now), ["b (changed)", "c (gone)", "d (new)"]);
    assert!(differences(&then, &now[..0]).len() == 3 && differences(&[], &[]).is_empty());
}

#[test]
fn what_a_version_file_says_besides_its_version() {
    let rules = json!({"logic_version": "1.4.0", "limit": 1, "a/b": {"v": 1}});
    assert_eq!(without(rules.clone(), "/logic_version"), json!({"limit": 1, "a/b": {"v": 1}}));
    assert_eq!(without(rules.clone(), "/a~1b/v"), json!({"logic_version": "1.4.0", "limit": 1, "a/b": {}}));
    assert_eq!(without(rules.clone(), "/none/x"), rules);
    assert_eq!(without(rules.clone(), ""), rules);
}

#[test]
fn each_guard_is_held_against_its_own_in_production_by_the_kind_of_its_own_version() {
    use crate::decide::{evaluate, tests};
    let digest = |text: &str| subject::Digest::of(text.as_bytes());
    let of = |guards: &[(&str, &str, &str)]| -> Vec<Guarded> {
        let file = |text: &str| HashedFile { path: "file".to_owned(), digest: digest(text) };
        let one = |(name, version, text): &(&str, &str, &str)| Guarded {
            name: (*name).to_owned(),
            version: (*version).to_owned(),
            files: vec![file(text)],
        };
        guards.iter().map(one).collect()
    };
    let mut contract = tests::contract();
    let guard = |name: &str| crate::contract::Guard {
        name: name.to_owned(),
        version: format!("{name}_version"),
        patterns: vec![],
    };
    contract.guards = ["logic", "config", "new"].map(guard).into();
    let mut release = evaluate(&tests::contract(), &tests::facts()).unwrap();
    release.guards = of(&[("config", "1.10.0", "c"), ("logic", "1.4.0", "a"), ("new", "1.0.0", "n")]);
    let digested = json!({"name": "f", "digest": {"sha256": digest("f").hex()}});
    let production = |guards: &[(&str, &str, &str)]| -> ReleaseManifest {
        let file = |text: &str| json!([{"name": "file", "digest": {"sha256": digest(text).hex()}}]);
        let one =
            |(name, version, text): &(&str, &str, &str)| json!({"name": name, "version": version, "files": file(text)});
        let guards: Vec<Value> = guards.iter().map(one).collect();
        serde_json::from_value(json!({
            "fields": {}, "manifest": digested, "contract": digested, "inputs": [], "sources": [], "guards": guards
        }))
        .unwrap()
    };
    for (guards, wrong) in [
        ([("logic", "1.4.0", "a"), ("config", "1.9.0", "b")], vec![]),
        ([("logic", "1.4.0", "b"), ("config", "1.9.0", "b")], vec!["logic_version"]),
        ([("logic", "1.4.0", "a"), ("config", "1.11.0", "b")], vec!["config_version"]),
        ([("logic", "1.3.0", "a"), ("config", "1.10.0", "b")], vec!["logic_version", "config_version"]),
    ] {
        let (compared, findings) = compare(&contract, &release, &production(&guards));
        let names: Vec<&str> = compared.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["logic", "config"], "production does not know the third yet");
        let fields: Vec<&str> = findings.iter().map(|finding| finding.field.as_str()).collect();
        assert_eq!(fields, wrong, "{guards:?}");
    }
}

#[test]
fn a_finding_names_twenty_files_and_counts_the_rest() {
    let files = |count: usize| -> Vec<String> { (0..count).map(|n| format!("f{n}")).collect() };
    let text = |count| judge("logic_version", ("1", "1"), Some(Equal), &files(count)).unwrap().text;
    assert!(text(20).ends_with("f19"), "{}", text(20));
    assert!(text(23).ends_with("f19 and 3 more"), "{}", text(23));
}
