//! The rules of the house, as tests: who may import whom, how large a room may be, what it may be called.

#![expect(clippy::unwrap_used, reason = "a step of a test that fails is a test that fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// What each crate may import of the house: pure crates at the bottom, edges that know one outside system each above
/// them, actions on top. Actions never import each other: what crosses between them is an attestation, not a type.
const MAY_IMPORT: [(&str, &[&str]); 21] = [
    ("subject", &[]),
    ("document", &[]),
    ("stats", &[]),
    ("rollout", &[]),
    ("attest", &["document", "subject"]),
    ("transport", &[]),
    ("github", &["transport"]),
    ("oci", &["subject", "transport"]),
    ("aws", &["github", "oci", "transport"]),
    ("signals", &["aws", "document", "transport"]),
    ("evidence", &["attest", "aws", "github", "oci", "subject", "transport"]),
    ("sbom", ACTION),
    ("provenance-stamp", ACTION),
    ("image-promote", ACTION),
    ("ecs-deploy", ACTION),
    ("canary-dataset-check", ACTION),
    ("guardrail-gate", ACTION),
    (
        "lockkeeper",
        &[
            "github",
            "sbom",
            "provenance-stamp",
            "image-promote",
            "ecs-deploy",
            "canary-dataset-check",
            "guardrail-gate",
        ],
    ),
    ("sandbox", &["oci", "subject", "transport"]),
    ("e2e", &["attest", "oci", "sandbox", "subject", "transport"]),
    ("xtask", &[]),
];

const ACTION: &[&str] =
    &["attest", "aws", "document", "evidence", "github", "oci", "rollout", "signals", "stats", "subject", "transport"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Every Rust file of the workspace and the sample service, with its text.
fn sources() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open: Vec<PathBuf> =
        ["actions", "crates", "examples", "tests", "xtask"].map(|name| root().join(name)).into();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    assert!(found.len() > 50, "only {} files found", found.len());
    found
}

#[test]
fn crates_import_only_downwards() {
    let metadata = cargo_metadata::MetadataCommand::new().current_dir(root()).no_deps().exec().unwrap();
    let house: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == package.name.as_str()) else {
            wrong.push(format!("{} has no row in the table of imports", package.name));
            continue;
        };
        let normal = package.dependencies.iter().filter(|d| d.kind == cargo_metadata::DependencyKind::Normal);
        let ours = normal.map(|d| d.name.as_str()).filter(|name| house.contains(name));
        let upward = ours.filter(|name| !allowed.contains(name));
        wrong.extend(upward.map(|name| format!("{} imports {name}", package.name)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_version_stands_once_in_the_workspace() {
    for name in MAY_IMPORT.map(|(name, _)| name) {
        let folder =
            ["actions", "crates"].map(|room| root().join(room).join(name)).into_iter().find(|path| path.exists());
        let manifest = match name {
            "e2e" => root().join("tests/Cargo.toml"),
            "xtask" => root().join("xtask/Cargo.toml"),
            _ => folder.unwrap().join("Cargo.toml"),
        };
        let text = fs::read_to_string(&manifest).unwrap();
        let dependencies = text.split_once("[dependencies]").map_or("", |(_, rest)| rest);
        let own = dependencies.lines().filter(|line| line.contains("version") || line.contains("path ="));
        let own: Vec<&str> = own.filter(|line| !line.contains("workspace")).collect();
        assert!(own.is_empty() || name == "e2e", "{}: {own:?}", manifest.display());
    }
}

#[test]
fn rooms_stay_small() {
    let lines: BTreeMap<String, usize> =
        sources().iter().map(|(name, text)| (name.clone(), text.lines().count())).collect();
    let large: Vec<_> = lines.iter().filter(|(_, count)| **count > 500).collect();
    assert!(large.is_empty(), "above 500 lines: {large:#?}");
    let mut counts: Vec<usize> = lines.values().copied().collect();
    counts.sort_unstable();
    let (median, p90) = (counts[counts.len() / 2], counts[counts.len() * 9 / 10]);
    println!("{} files, median {median} lines, 90 % under {p90}", counts.len());
    assert!(median <= 150, "the median file has {median} lines");
    for (name, text) in
        sources().iter().filter(|(name, _)| name.starts_with("actions/") && name.ends_with("src/main.rs"))
    {
        assert!(text.lines().count() <= 10, "{name} does more than start the action");
    }
}

#[test]
fn no_room_is_named_for_nothing() {
    let empty = ["utils", "util", "helpers", "helper", "common", "manager", "misc"];
    let wrong: Vec<String> =
        sources().into_keys().filter(|name| name.split(['/', '.', '_']).any(|word| empty.contains(&word))).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn each_action_has_the_same_rooms() {
    let rooms = ["main", "lib", "inputs", "observe", "decide", "apply", "report"];
    for action in MAY_IMPORT.iter().filter(|(_, imports)| *imports == ACTION).map(|(name, _)| name) {
        let folder = root().join("actions").join(action);
        for file in
            ["action.yml", "README.md", "src/main.rs", "src/lib.rs", "src/inputs.rs", "src/decide.rs", "src/report.rs"]
        {
            assert!(folder.join(file).exists(), "{action} has no {file}; the rooms are {rooms:?}");
        }
        let story = fs::read_to_string(folder.join("src/lib.rs")).unwrap();
        assert!(story.starts_with("//!"), "{action}: lib.rs begins with the story");
    }
}

#[test]
fn decisions_do_nothing_but_decide() {
    let effects = ["async fn", "std::fs", "reqwest", "tokio::", ".await", "::now()"];
    let knows_the_runner = |line: &str| line.split(|c: char| !c.is_alphanumeric()).any(|word| word == "Runner");
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let pure = ["attest", "document", "rollout", "stats", "subject"]
            .iter()
            .any(|it| name.starts_with(&format!("crates/{it}/src")));
        // What goes around between machine and world has to wait for the world; it decides nothing.
        let pure = pure && name != "crates/rollout/src/drive.rs";
        let decides = name.starts_with("actions/") && (name.ends_with("/decide.rs") || name.contains("/decide/"));
        if !pure && !decides {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let hits = lines.filter(|line| knows_the_runner(line) || effects.iter().any(|effect| line.contains(effect)));
        wrong.extend(hits.map(|line| format!("{name}: {}", line.trim())));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_edges_know_the_cloud_sdk() {
    let sources = sources();
    let foreign =
        sources.iter().filter(|(name, _)| !name.starts_with("crates/aws/") && !name.starts_with("tests/suites/house"));
    let hits: Vec<&String> = foreign.filter(|(_, text)| text.contains("aws_sdk_")).map(|(name, _)| name).collect();
    assert!(hits.is_empty(), "{hits:?}");
}

#[test]
fn nothing_is_left_open() {
    let marks = ["TO", "FIX", "XX"].map(|start| {
        format!(
            "{start}{}",
            if start == "TO" {
                "DO"
            } else if start == "FIX" {
                "ME"
            } else {
                "X"
            }
        )
    });
    for (name, text) in sources() {
        let open =
            marks.iter().find(|mark| text.split(|c: char| !c.is_alphanumeric()).any(|word| word == mark.as_str()));
        assert!(open.is_none(), "{name} holds {open:?}");
    }
}
