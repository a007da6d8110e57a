use super::*;
use crate::{
    assemble::{Development, assemble},
    graph::{Ecosystem, Inventory, Knowledge, Package, Place},
};
use serde_json::{Value, json};

fn run() -> Run {
    Run {
        sha: "ddc951f4b1293222421f2c8df679786153acf689".into(),
        full_ref: "refs/heads/main".into(),
        correlator: "ci_build".into(),
        id: "42".into(),
        url: None,
        scanned: "2024-01-02T03:04:05.678Z".parse().unwrap(),
        folder: Some("sub".into()),
    }
}

fn lockfile(path: &str, packages: &[(&str, Scope, &[usize])]) -> Inventory {
    let mut inventory = Inventory::new(Ecosystem::Npm);
    inventory.files.push(Place { path: path.to_owned(), layer: None });
    for (name, scope, needs) in packages {
        let own = name.starts_with("own");
        let origin = if own { Origin::Own } else { Origin::Purl(format!("pkg:npm/{name}@1")) };
        let mut package = Package::new(*name, Some("1".to_owned()), origin);
        (package.scope, package.needs) = (*scope, needs.to_vec());
        inventory.packages.push(package);
    }
    inventory
}

fn snapshot(inventories: Vec<Inventory>) -> Value {
    let graph = assemble(None, inventories, Development::Mark);
    serde_json::from_slice(&write(&graph, &run()).unwrap()).unwrap()
}

#[test]
fn each_lockfile_is_a_manifest_with_its_own_scopes_edges_and_direct_packages() {
    let (runtime, development) = (Scope::Required, Scope::Development);
    let mut one = lockfile(
        "a.json",
        &[("own", runtime, &[1, 3]), ("p", runtime, &[2]), ("q", runtime, &[]), ("d", development, &[])],
    );
    one.direct = Some(vec![0]);
    let two = lockfile("b.json", &[("own2", runtime, &[1]), ("d", runtime, &[]), ("q", runtime, &[])]);
    let snapshot = snapshot(vec![one, two]);
    let found = |path: &str, purl: &str| snapshot["manifests"][path]["resolved"][purl].clone();
    let wanted = |purl: &str, relationship: &str, scope: &str, needs: &[&str]| json!({"package_url": purl, "relationship": relationship, "scope": scope, "dependencies": needs});
    assert_eq!(found("a.json", "pkg:npm/p@1"), wanted("pkg:npm/p@1", "direct", "runtime", &["pkg:npm/q@1"]));
    assert_eq!(found("a.json", "pkg:npm/q@1"), wanted("pkg:npm/q@1", "indirect", "runtime", &[]));
    assert_eq!(found("a.json", "pkg:npm/d@1"), wanted("pkg:npm/d@1", "direct", "development", &[]));
    assert_eq!(found("b.json", "pkg:npm/d@1"), wanted("pkg:npm/d@1", "direct", "runtime", &[]));
    assert_eq!(
        snapshot["manifests"]["b.json"]["resolved"].as_object().unwrap().len(),
        2,
        "own packages are not listed"
    );
    assert_eq!(snapshot["manifests"]["a.json"]["file"]["source_location"], "sub/a.json");
    assert_eq!((&snapshot["version"], &snapshot["scanned"]), (&json!(0), &json!("2024-01-02T03:04:05Z")));
}

#[test]
fn a_tree_that_is_named_after_its_only_project_knows_what_that_project_asks_for() {
    let mut lock = lockfile(
        "a.json",
        &[("own", Scope::Required, &[1]), ("p", Scope::Required, &[2]), ("q", Scope::Required, &[])],
    );
    lock.direct = Some(vec![0]);
    let snapshot = snapshot(vec![lock]);
    let relationship = |purl: &str| snapshot["manifests"]["a.json"]["resolved"][purl]["relationship"].clone();
    assert_eq!((relationship("pkg:npm/p@1"), relationship("pkg:npm/q@1")), (json!("direct"), json!("indirect")));
}

#[test]
fn what_a_file_does_not_tell_is_not_said() {
    let mut lock = lockfile("a.json", &[("p", Scope::Required, &[])]);
    lock.packages[0].needs_known = Knowledge::Unknown;
    let snapshot = snapshot(vec![lock, lockfile("empty.json", &[("own", Scope::Required, &[])])]);
    assert!(snapshot["manifests"]["a.json"]["resolved"]["pkg:npm/p@1"].get("relationship").is_none());
    assert_eq!(snapshot["manifests"].as_object().unwrap().len(), 1);
}
