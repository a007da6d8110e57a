//! The files this repository shows are files the action takes.

use crate::gate::Gate;

fn valid(file: &str, parameters: &[&str]) {
    let gate = Gate::new(file).arg("mode", "validate");
    let ended = parameters.iter().fold(gate, |gate, parameter| gate.arg("parameters", parameter)).run();
    ended.expect(0, "valid", "false");
    assert!(!ended.log.contains("never uses"), "{}", ended.log);
}

#[test]
fn the_readme_and_the_example_service_show_valid_files() {
    let readme = include_str!("../../README.md");
    let files: Vec<&str> = readme
        .split("```yaml\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .filter(|block| block.starts_with("version: 1"))
        .collect();
    let balancer = ["load_balancer=app/x/1", "target_group=targetgroup/x/1"];
    assert_eq!(files.len(), 2);
    valid(files[0], &balancer);
    valid(files[1], &["prometheus_url=http://127.0.0.1:9090"]);
    valid(include_str!("../../../../examples/recommendation/guardrails.yml"), &balancer);
}
