//! Our workflows and metadata before other people's judges.

#![expect(clippy::unwrap_used, reason = "a step of a test that fails is a test that fails")]

use e2e::outside;
use std::{path::PathBuf, process::Command};

fn found(pattern: &str) -> Vec<PathBuf> {
    let (folder, name) = pattern.split_once("/*/").map_or((pattern, None), |(folder, name)| (folder, Some(name)));
    let entries = std::fs::read_dir(outside::root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<PathBuf> = entries.map(|path| name.map_or(path.clone(), |name| path.join(name))).collect();
    assert!(!files.is_empty(), "{pattern}");
    files
}

fn judged(program: &str, args: &[&str], files: &[PathBuf]) {
    let Some(judge) = outside::program(program) else { return };
    let output = Command::new(judge).args(args).args(files).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {text}");
}

#[test]
fn zizmor_finds_nothing_in_workflows_and_actions() {
    let files = [found(".github/workflows"), found("actions/*/action.yml")].concat();
    judged("zizmor", &["--offline", "--no-progress", "--persona", "auditor", "--min-severity", "low"], &files);
}

#[test]
fn metadata_and_workflows_follow_the_schema() {
    judged("check-jsonschema", &["--builtin-schema", "vendor.github-actions"], &found("actions/*/action.yml"));
    judged("check-jsonschema", &["--builtin-schema", "vendor.github-workflows"], &found(".github/workflows"));
}
