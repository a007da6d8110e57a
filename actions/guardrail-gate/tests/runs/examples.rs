//! The files this repository shows are files the action takes, and files its published schema takes.

use crate::gate::Gate;
use std::{path::Path, process::Command};

fn valid(file: &str, parameters: &[&str]) {
    let gate = Gate::new(file).arg("mode", "validate");
    let ended = parameters.iter().fold(gate, |gate, parameter| gate.arg("parameters", parameter)).run();
    ended.expect(0, "valid", "false");
    assert!(!ended.log.contains("never uses"), "{}", ended.log);
}

/// The guardrail files of the README.
fn shown() -> Vec<&'static str> {
    let blocks =
        include_str!("../../README.md").split("```yaml\n").skip(1).filter_map(|block| block.split("```").next());
    blocks.filter(|block| block.starts_with("version: 1")).collect()
}

const EXAMPLE: &str = include_str!("../../../../examples/recommendation/guardrails.yml");

#[test]
fn the_readme_and_the_example_service_show_valid_files() {
    let balancer = ["load_balancer=app/x/1", "target_group=targetgroup/x/1"];
    let files = shown();
    assert_eq!(files.len(), 3);
    valid(files[0], &balancer);
    valid(files[1], &["prometheus_url=http://127.0.0.1:9090"]);
    valid(files[2], &[]);
    valid(EXAMPLE, &balancer);
    let preset = Gate::new("").arg("mode", "validate").arg("guardrails", "preset:lambda");
    preset.arg("parameters", "function=f").arg("parameters", "alias=live").run().expect(0, "valid", "false");
}

/// check-jsonschema, somebody else's validator, takes every file we show and none with a key the reader does not know.
#[test]
fn the_published_schema_takes_what_the_reader_takes() {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools/python/linters/bin/check-jsonschema");
    if !program.exists() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "CI runs every validator");
        eprintln!("SKIPPED: check-jsonschema is not installed; `cargo xtask test` installs it");
        return;
    }
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guardrails-v1.schema.json");
    let folder = tempfile::tempdir().unwrap();
    let accepted = |text: &str| {
        let path = folder.path().join("g.yml");
        std::fs::write(&path, text).unwrap();
        let mut check = Command::new(&program);
        check.arg("--schemafile").arg(&schema).arg(&path).output().unwrap().status.success()
    };
    let presets = guardrail_gate::presets::PRESETS.map(|(_, text)| text);
    for text in shown().into_iter().chain(presets).chain([EXAMPLE]) {
        assert!(accepted(text), "{text}");
    }
    for (from, to) in
        [("max:", "maks:"), ("version: 1", "version: 2"), ("share:", "shares:"), ("watch: \"", "wach: \"")]
    {
        assert!(EXAMPLE.contains(from) && !accepted(&EXAMPLE.replacen(from, to, 1)), "{to}");
    }
}
