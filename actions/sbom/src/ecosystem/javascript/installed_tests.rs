use super::*;
use crate::graph::{self, Origin};

fn found(path: &str, text: &str) -> Found {
    Found { place: graph::Place { path: path.to_owned(), layer: None }, bytes: text.as_bytes().to_vec() }
}

fn image(files: &[(&str, &str)]) -> Inventory {
    let files: Vec<Found> = files.iter().map(|(path, text)| found(path, text)).collect();
    let claimed: Vec<&Found> = files.iter().filter(|found| claims(&candidate(&found.place.path))).collect();
    let neighbour = |path: &str| files.iter().find(|found| found.place.path == path).map(|found| found.bytes.clone());
    let mut inventories = read(&claimed, &Surroundings::new(Place::Image, &neighbour)).unwrap();
    inventories.pop().unwrap()
}

fn candidate(path: &str) -> Candidate<'_> {
    Candidate { path, place: Place::Image, size: 0, executable: false }
}

fn edges(inventory: &Inventory) -> Vec<String> {
    let name =
        |at: usize| format!("{}@{}", inventory.packages[at].name, inventory.packages[at].version.as_deref().unwrap());
    let all = inventory.packages.iter().enumerate();
    all.flat_map(|(at, package)| package.needs.iter().map(move |need| (at, *need)))
        .map(|(from, to)| format!("{} → {}", name(from), name(to)))
        .collect()
}

#[test]
fn a_package_is_where_a_package_manager_puts_one() {
    for (path, wanted) in [
        ("app/node_modules/a/package.json", true),
        ("node_modules/@s/a/package.json", true),
        ("app/node_modules/@s/a/node_modules/b/package.json", true),
        ("app/node_modules/.pnpm/a@1.0.0_b@2.0.0/node_modules/@s/a/package.json", true),
        ("app/node_modules/.store/a-npm-1.0.0-0123abcd/package/package.json", true),
        ("app/node_modules/.package-lock.json", true),
        ("app/node_modules/.pnpm/lock.yaml", true),
        ("app/node_modules/a/node_modules/.package-lock.json", false),
        ("app/node_modules/a/dist/package.json", false),
        ("app/node_modules/a/test/node_modules/b/package.json", false),
        ("app/node_modules/@s/package.json", false),
        ("app/node_modules/package.json", false),
        ("app/node_modules/.bin/package.json", false),
        ("app/my_node_modules/a/package.json", false),
        ("app/package.json", false),
    ] {
        assert_eq!(claims(&candidate(path)), wanted, "{path}");
    }
    assert!(!claims(&Candidate { place: Place::Tree, ..candidate("node_modules/a/package.json") }));
    assert_eq!(installation("app/node_modules/a/node_modules/b/package.json"), "app/node_modules");
}

#[test]
fn what_is_nested_needs_what_node_would_load() {
    let inventory = image(&[
        (
            "app/node_modules/.package-lock.json",
            r#"{"lockfileVersion":3,"packages":{
            "node_modules/a":{"version":"1.0.0","resolved":"git+https://h/a.git#0123","dev":true},
            "node_modules/gone":{"version":"9.0.0"}}}"#,
        ),
        (
            "app/node_modules/a/package.json",
            r#"{"name":"a","version":"1.0.0","license":"MIT","dependencies":{"c":"^2","x":"1"},"optionalDependencies":{"x":"1"}}"#,
        ),
        (
            "app/node_modules/a/node_modules/c/package.json",
            r#"{"name":"c","version":"2.0.0","peerDependencies":{"b":"*"}}"#,
        ),
        (
            "app/node_modules/b/package.json",
            r#"{"name":"@real/b","version":"1.0.0","dependencies":{"c":"1","lost":"1"}}"#,
        ),
        ("app/node_modules/c/package.json", r#"{"name":"c","version":"1.0.0"}"#),
        ("app/node_modules/d/package.json", r#"{"type":"module"}"#),
        ("app/node_modules/e/package.json", r#"{"name":"e","#),
        ("app/package.json", r#"{"name":"app","dependencies":{"b":"npm:@real/b@1"},"devDependencies":{"a":"1"}}"#),
    ]);
    assert_eq!(edges(&inventory), ["a@1.0.0 → c@2.0.0", "c@2.0.0 → b@1.0.0", "b@1.0.0 → c@1.0.0"]);
    let a = &inventory.packages[0];
    assert_eq!(a.origin, Origin::Purl("pkg:npm/a@1.0.0?vcs_url=git%2Bhttps:%2F%2Fh%2Fa.git%400123".into()));
    assert_eq!((a.scope, a.licences.len()), (Scope::Development, 1));
    assert_eq!(inventory.packages[2].group.as_deref(), Some("@real"));
    assert_eq!(inventory.packages[2].needs_known, Knowledge::Incomplete);
    assert_eq!(inventory.direct, Some(vec![2, 0]));
    let remarks: Vec<_> = inventory.remarks.iter().map(|remark| (remark.kind, remark.path.as_str())).collect();
    assert_eq!(remarks[0], (FindingKind::Note, "app/node_modules/d/package.json"));
    assert_eq!(remarks[1], (FindingKind::Broken, "app/node_modules/e/package.json"));
    assert_eq!(inventory.packages.len(), 4, "what is not installed is not listed");
}

#[test]
fn pnpms_links_are_known_from_its_lockfile() {
    let inventory = image(&[
        (
            "node_modules/.pnpm/lock.yaml",
            "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        specifier: ^1\n        version: 1.0.0(b@2.0.0)\n\
             packages:\n  a@1.0.0:\n    resolution: {integrity: sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0=}\n  b@2.0.0:\n    resolution: {}\n  \
             mac@1.0.0:\n    resolution: {}\nsnapshots:\n  a@1.0.0(b@2.0.0):\n    dependencies:\n      b: 2.0.0\n    \
             optionalDependencies:\n      mac: 1.0.0\n  b@2.0.0: {}\n  mac@1.0.0: {}\n",
        ),
        ("node_modules/.pnpm/a@1.0.0_b@2.0.0/node_modules/a/package.json", r#"{"name":"a","version":"1.0.0"}"#),
        ("node_modules/.pnpm/b@2.0.0/node_modules/b/package.json", r#"{"name":"b","version":"2.0.0"}"#),
        ("node_modules/.pnpm/stray@1.0.0/node_modules/stray/package.json", r#"{"name":"stray","version":"1.0.0"}"#),
    ]);
    assert_eq!(edges(&inventory), ["a@1.0.0 → b@2.0.0"]);
    assert_eq!(inventory.packages[0].checksums.len(), 1);
    assert_eq!(inventory.packages[2].needs_known, Knowledge::Unknown);
    assert_eq!(inventory.direct, Some(vec![0]));
    assert!(inventory.remarks.is_empty(), "{:?}", inventory.remarks);
}
