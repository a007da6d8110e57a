//! Other tools' words on the same files: cargo, npm, Python itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

mod support;

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};
use support::{Workspace, edges, validate};

type Edges = BTreeSet<(String, String)>;

/// `cargo metadata` on this very workspace: the same packages and the same edges.
#[test]
fn cargo_metadata_knows_the_same_crates_and_edges() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let lock = fs::read(root.join("Cargo.lock")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(&root)
        .output()
        .unwrap();
    // Another member's manifest may be ahead of the lockfile; then there is nothing to compare with.
    let Ok(metadata) = serde_json::from_slice::<Value>(&output.stdout) else { return };
    let workspace = Workspace::new().with("Cargo.lock", lock);
    workspace.run(&[]).expect(0, &[]);
    let bom = workspace.bom();
    let label =
        |package: &Value| format!("{}@{}", package["name"].as_str().unwrap(), package["version"].as_str().unwrap());
    let labels: BTreeMap<&str, String> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (package["id"].as_str().unwrap(), label(package)))
        .collect();
    let mut theirs = Edges::new();
    for node in metadata["resolve"]["nodes"].as_array().unwrap() {
        for to in node["dependencies"].as_array().unwrap() {
            theirs.insert((labels[node["id"].as_str().unwrap()].clone(), labels[to.as_str().unwrap()].clone()));
        }
    }
    let ours: Edges = edges(&bom).into_iter().filter(|(from, _)| !from.starts_with("source@")).collect();
    // The lockfile also holds what other features would pull in: all of theirs are ours, and ours are of the lockfile.
    assert_eq!(theirs.difference(&ours).collect::<Vec<_>>(), Vec::<&(String, String)>::new());
    assert!(theirs.len() > 500, "{}", theirs.len());
    validate(&[workspace.path("sbom.cdx.json")]);
}

/// The edges of `npm ls --all --json`, children by what they really are.
fn npm_edges(listing: &Value) -> Edges {
    fn walk(name: &str, node: &Value, edges: &mut Edges) {
        let label = |name: &str, node: &Value| {
            let real = if name == "is-odd-alias" { "is-odd" } else { name };
            format!("{real}@{}", node["version"].as_str().unwrap())
        };
        for (child, inner) in node["dependencies"].as_object().into_iter().flatten() {
            // An optional package that is not there is listed as an empty object.
            if inner["version"].is_string() {
                edges.insert((label(name, node), label(child, inner)));
                walk(child, inner, edges);
            }
        }
    }
    let mut edges = Edges::new();
    walk(listing["name"].as_str().unwrap(), listing, &mut edges);
    edges
}

#[test]
fn npm_ls_knows_the_same_packages_and_edges() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/npm");
    for (case, root) in
        [("v1", "fixture@1.2.3"), ("v2", "fixture@1.2.3"), ("v3", "fixture@1.2.3"), ("workspaces", "source@-")]
    {
        let workspace =
            Workspace::new().with("package-lock.json", fs::read(folder.join(case).join("package-lock.json")).unwrap());
        workspace.run(&[]).expect(0, &[]);
        let bom = workspace.bom();
        let listing: Value = serde_json::from_slice(&fs::read(folder.join(case).join("ls.json")).unwrap()).unwrap();
        let not_root = |edges: Edges| -> Edges {
            // What the project asks for is not in version 1 files, and the root of several projects is ours.
            let skip = |from: &str| from == root || from == "root@0.0.1";
            edges.into_iter().filter(|(from, _)| !skip(from)).collect()
        };
        let (ours, theirs) = (edges(&bom), npm_edges(&listing));
        if case == "v2" || case == "v3" {
            assert_eq!(ours, theirs, "{case}");
        }
        assert_eq!(not_root(ours), not_root(theirs), "{case}");
        validate(&[workspace.path("sbom.cdx.json")]);
    }
}

const LISTING: &str = r"
import importlib.metadata, json, re, sys
norm = lambda n: re.sub(r'[-_.]+', '-', n).lower()
print(json.dumps(sorted(norm(d.metadata['Name']) + '@' + d.version for d in importlib.metadata.distributions(path=[sys.argv[1]]))))
";

/// `importlib.metadata` on the Python of this machine, where there is one with packages.
#[test]
fn python_itself_knows_the_same_distributions() {
    let script = "import sysconfig; print(sysconfig.get_paths()['purelib'])";
    let Ok(found) = Command::new("python3").args(["-c", script]).output() else { return };
    let folder = String::from_utf8(found.stdout).unwrap().trim().to_owned();
    let listing = Command::new("python3").args(["-c", LISTING, &folder]).output().unwrap();
    let theirs: BTreeSet<String> = serde_json::from_slice(&listing.stdout).unwrap();
    let mut ours = BTreeSet::new();
    for entry in fs::read_dir(&folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.to_string_lossy().into_owned();
        let file = if name.ends_with(".dist-info") { "METADATA" } else { "PKG-INFO" };
        if name.ends_with(".dist-info") || name.ends_with(".egg-info") {
            let found = sbom::ecosystem::python_dist::parse(&fs::read(path.join(file)).unwrap()).unwrap();
            ours.insert(format!("{}@{}", sbom::purl::pypi_name(found.name()), found.version()));
        }
    }
    assert_eq!(ours, theirs);
}
