//! Cargo's own words on scopes, and the list a program carries.

use super::{found, purl, support::Workspace, tools::output};
use sbom::{ecosystem::executable, graph::Scope};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path, process::Command};

const TINY: &[u8] = include_bytes!("../rust/auditable/tiny");

#[test]
fn an_audited_program_lists_the_crates_it_was_built_from() {
    let listing: Value = serde_json::from_slice(include_bytes!("../rust/auditable/listing.json")).unwrap();
    let inventories = executable::read(&found("usr/bin/tiny", TINY)).unwrap();
    assert_eq!(inventories.len(), 1);
    let theirs: Vec<(String, Vec<u64>, bool)> = listing["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let label = format!("{}@{}", package["name"].as_str().unwrap(), package["version"].as_str().unwrap());
            let needs = package["dependencies"].as_array().into_iter().flatten();
            (label, needs.map(|index| index.as_u64().unwrap()).collect(), package["kind"] == "build")
        })
        .collect();
    let ours: Vec<(String, Vec<u64>, bool)> = inventories[0]
        .packages
        .iter()
        .map(|package| {
            let label = format!("{}@{}", package.name, package.version.as_deref().unwrap());
            let needs = package.needs.iter().map(|index| *index as u64).collect();
            (label, needs, package.scope == Scope::Development)
        })
        .collect();
    assert_eq!(ours, theirs);
    assert_eq!(purl(&inventories[0].packages[2]), "pkg:cargo/itoa@1.0.11");
}

/// Name and version of every line of `cargo tree --prefix none`.
fn tree(edges: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--workspace", "--all-features", "--target", "all", "--prefix", "none", "--no-dedupe"]);
    cargo.args(["--locked", "--edges", edges, "--format", "{p}"]).current_dir(root);
    let label = |line: &str| {
        let mut words = line.split(' ');
        Some(format!("{}@{}", words.next()?, words.next()?.strip_prefix('v')?))
    };
    output(&mut cargo).lines().filter_map(label).collect()
}

/// `cargo tree` on this very workspace: what it builds the product with is required, what is for development only is not in
/// that.
#[test]
fn cargo_tree_builds_the_product_without_what_is_excluded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let workspace = Workspace::new();
    for folder in ["", "actions", "crates"] {
        let entries = fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        for path in entries.filter(|path| path.join("Cargo.toml").is_file()).chain([root.clone()]) {
            let relative = path.strip_prefix(&root).unwrap().join("Cargo.toml");
            let target = workspace.path(relative.to_str().unwrap());
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::copy(path.join("Cargo.toml"), target).unwrap();
        }
    }
    let workspace = workspace.with("Cargo.lock", fs::read(root.join("Cargo.lock")).unwrap());
    workspace.run(&[]).expect(0, &[]);
    let bom = workspace.bom();
    let of_scope = |scope: &str| -> BTreeSet<String> {
        let components = bom["components"].as_array().unwrap().iter();
        let scoped = components.filter(|component| component["scope"] == scope);
        scoped.map(|c| format!("{}@{}", c["name"].as_str().unwrap(), c["version"].as_str().unwrap())).collect()
    };
    let (product, required, excluded) = (tree("normal,build"), of_scope("required"), of_scope("excluded"));
    assert_eq!(product.difference(&required).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(product.intersection(&excluded).collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(excluded.iter().any(|name| name.starts_with("proptest@")));
    // All that tests bring in besides is excluded, but for the other way to inflate that `flate2` has as an optional feature: a
    // lockfile does not say which features are on.
    let besides: BTreeSet<String> = tree("normal,build,dev").difference(&product).cloned().collect();
    let kept = besides.difference(&excluded).map(|label| label.split('@').next().unwrap());
    assert_eq!(kept.collect::<Vec<_>>(), ["adler2", "crc32fast", "miniz_oxide", "simd-adler32"]);
}
