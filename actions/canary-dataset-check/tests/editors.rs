//! The schema that editors use for `canary.yml` says what the reader reads.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use canary_dataset_check::{
    config,
    contract::{Dialect, Extra, Formats, Schemas},
};
use document::{Json, Path as JsonPath};
use std::{collections::BTreeSet, fs, path::Path};

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn schema() -> Schemas {
    let bytes = fs::read(repository().join("docs/canary-v1.schema.json")).unwrap();
    Schemas::new(Json::parse(&bytes).unwrap(), Dialect::Draft202012, (Formats::Noted, Extra::Ignored)).unwrap()
}

fn found(schemas: &Schemas, yaml: &str) -> Vec<String> {
    let tree = Json::from_yaml(yaml).unwrap();
    schemas.check(schemas.document(), &tree, "$").into_iter().map(|m| format!("{}: {}", m.path, m.expected)).collect()
}

/// The names of all properties an object of the schema may have.
fn names(schemas: &Schemas, path: &str) -> BTreeSet<String> {
    let path: JsonPath = path.parse().unwrap();
    match path.one(schemas.document()) {
        Some(Json::Map(members)) => members.iter().map(|(name, _)| name.clone()).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_example_fits_it() {
    let folder = repository().join("examples/recommendation/canary");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|it| it == "yml")).collect();
    assert_eq!(files.len(), 7);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(found(&schema(), &text), Vec::<String>::new(), "{}", file.display());
    }
}

#[test]
fn what_the_reader_refuses_it_refuses_too() {
    let least = "version: 1\ncases: {from: c.jsonl}\n";
    assert!(found(&schema(), least).is_empty());
    for wrong in ["porbes: []", "target: {timout: 1s}", "contract: {}", "assert: [{path: a}]", "load: {rate: 5/s}"] {
        let text = format!("{least}{wrong}\n");
        assert!(!found(&schema(), &text).is_empty() && config::read(&text, &[], None).is_err(), "{wrong}");
    }
}

/// An unknown key makes the reader propose the nearest known one: every name of the schema is known to it.
#[test]
fn every_name_of_the_schema_is_one_the_reader_knows() {
    let schemas = schema();
    for (place, prefix, suffix) in [
        ("$.properties", "", ""),
        ("$.properties.target.properties", "target: {", "}"),
        ("$.properties.load.properties", "load: {", "}"),
        ("$.properties.compare.properties", "compare: {", "}"),
        ("$.properties.staleness.properties", "staleness: {", "}"),
        ("$.properties.contract.properties", "contract: {", "}"),
        ("$['$defs'].assertions.items.properties", "assert: [{", "}]"),
        ("$['$defs'].rules.properties", "assert: [{path: $.a, all: {", "}}]"),
    ] {
        for name in names(&schemas, place) {
            let problems = config::read(&format!("{prefix}{name}: ~{suffix}\n"), &[], None).unwrap_err();
            let unknown = problems.iter().find(|problem| problem.text.contains("unknown key"));
            assert!(unknown.is_none(), "{place}.{name}: {unknown:?}");
        }
    }
}
