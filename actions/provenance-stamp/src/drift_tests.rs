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
