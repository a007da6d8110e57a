//! The JSON Schema Test Suite of its authors (see `data/json-schema/README.md`): draft 2020-12 for OpenAPI 3.1, and draft 4 for
//! what OpenAPI 3.0 takes from it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use canary_dataset_check::contract::{Dialect, Extra, Formats, Schemas};
use document::Json;
use std::{collections::BTreeSet, fs, path::Path};

/// Groups of tests that are not held, by file and description, each with its reason.
fn exceptions() -> Vec<(&'static str, &'static str)> {
    let rows = include_str!("data/json-schema-exceptions.tsv").lines().skip(1);
    rows.map(|row| {
        let cells: Vec<&str> = row.split('\t').collect();
        assert!(cells.len() == 3 && !cells[2].is_empty(), "{row}");
        (cells[0], cells[1])
    })
    .collect()
}

fn text(json: &Json, key: &str) -> String {
    match json.get(key) {
        Some(Json::Text(text)) => text.clone(),
        other => panic!("{key}: {other:?}"),
    }
}

fn list(json: &Json) -> &[Json] {
    match json {
        Json::List(items) => items,
        other => panic!("{other}"),
    }
}

/// What is wrong with our answer to a group, and how many tests it has.
fn wrong(group: &Json, dialect: Dialect) -> (Option<String>, usize) {
    let schema = group.get("schema").unwrap();
    let tests = list(group.get("tests").unwrap());
    let schemas = match Schemas::new(schema.clone(), dialect, (Formats::Noted, Extra::Ignored)) {
        Ok(schemas) => schemas,
        Err(problems) => return (Some(format!("refused: {problems:?}")), tests.len()),
    };
    let fits = |test: &&Json| {
        let found = schemas.check(schemas.document(), test.get("data").unwrap(), "$");
        Json::Bool(found.is_empty()) != *test.get("valid").unwrap()
    };
    let first = tests.iter().find(fits).map(|test| text(test, "description"));
    (first, tests.len())
}

fn run(draft: &str, dialect: Dialect, counts: (usize, usize)) {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/json-schema")).join(draft);
    let exceptions = exceptions();
    let (mut held, mut left, mut used, mut surprises) = (0, 0, BTreeSet::new(), Vec::new());
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let name = format!("{draft}/{}", file.file_stem().unwrap().to_str().unwrap());
        let groups = Json::parse(&fs::read(&file).unwrap()).unwrap();
        for group in list(&groups) {
            let description = text(group, "description");
            let excepted = exceptions.iter().position(|(file, group)| *file == name && *group == description);
            match (wrong(group, dialect), excepted) {
                ((Some(_), tests), Some(exception)) => {
                    left += tests;
                    used.insert(exception);
                }
                ((None, tests), _) => held += tests,
                ((Some(problem), _), None) => surprises.push(format!("{name}\t{description}\t{problem}")),
            }
        }
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
    assert_eq!((held, left), counts, "tests held, and left out with a reason");
    for (place, (file, group)) in exceptions.iter().enumerate() {
        assert!(!file.starts_with(draft) || used.contains(&place), "{file}: {group}: held now; take it off the list");
    }
}

#[test]
fn draft_2020_12_is_what_its_authors_say() {
    run("draft2020-12", Dialect::Draft202012, (1183, 116));
}

#[test]
fn draft_4_is_what_its_authors_say_as_far_as_openapi_3_0_uses_it() {
    run("draft4", Dialect::OpenApi30, (489, 129));
}
