//! The files the README shows are files the action takes.

use canary_dataset_check::{cases::Case, config};

#[test]
fn the_readme_shows_a_valid_configuration_and_a_valid_case() {
    let block = |language: &str, start: &str| {
        let fence = format!("```{language}\n");
        let blocks = include_str!("../README.md").split(&fence).skip(1).filter_map(|block| block.split("```").next());
        blocks.into_iter().find(|block| block.starts_with(start)).unwrap().to_owned()
    };
    let canary = config::read(&block("yaml", "version: 1"), &[], None).unwrap();
    assert_eq!(canary.cases.from.to_str(), Some("cases-1.4.jsonl"));
    let case = Case::parse(1, block("json", "{\"id\"").as_bytes(), &canary).unwrap();
    // The value, the two metadata fields, and the file's own assertion.
    assert_eq!((case.id.as_str(), case.assertions.len()), ("b-001", 4));
}
