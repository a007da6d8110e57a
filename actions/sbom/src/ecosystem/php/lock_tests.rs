use super::*;
use crate::graph::{Knowledge, Licence};
use std::collections::BTreeSet;

/// Written by Composer; see the README beside it.
const REAL: &[u8] = include_bytes!("../../../tests/php/composer.lock");
const MANIFEST: &[u8] = include_bytes!("../../../tests/php/composer.json");
/// `composer show --tree --format=json`, and the same without `--tree`.
const TREE: &str = include_str!("../../../tests/php/tree.json");
const SHOW: &str = include_str!("../../../tests/php/show.json");

fn full(package: &Package) -> String {
    format!("{}/{}", package.group.as_deref().unwrap_or_default(), package.name).to_lowercase()
}

fn of<'a>(inventory: &'a Inventory, name: &str) -> &'a Package {
    inventory.packages.iter().find(|package| package.name.eq_ignore_ascii_case(name)).unwrap()
}

/// Every `requires` of the tree that is a package or is provided by one.
fn walk(node: &serde_json::Value, edges: &mut BTreeSet<(String, String)>) {
    let name = |node: &serde_json::Value| node["name"].as_str().unwrap().to_lowercase();
    for child in node["requires"].as_array().into_iter().flatten() {
        let to = if name(child) == "psr/log-implementation" { "acme/logger".to_owned() } else { name(child) };
        if !composer::is_platform(&to) {
            edges.insert((name(node), to));
            walk(child, edges);
        }
    }
}

#[test]
fn composer_itself_knows_the_same_packages_and_edges() {
    let inventory = parse(REAL, Some(MANIFEST)).unwrap();
    let show: serde_json::Value = serde_json::from_str(SHOW).unwrap();
    let tree: serde_json::Value = serde_json::from_str(TREE).unwrap();
    let version = |text: &str| text.split(' ').next().unwrap().to_owned();
    let theirs: BTreeSet<_> = show["installed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["name"].as_str().unwrap().to_lowercase(), version(p["version"].as_str().unwrap())))
        .collect();
    let third: Vec<_> = inventory.packages.iter().filter(|package| package.name != "app").collect();
    assert_eq!(third.iter().map(|p| (full(p), p.version.clone().unwrap())).collect::<BTreeSet<_>>(), theirs);
    let direct: BTreeSet<String> = show["installed"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|p| p["direct-dependency"] == true)
        .map(|p| p["name"].as_str().unwrap().to_lowercase())
        .collect();
    let app = of(&inventory, "app");
    assert_eq!(app.needs.iter().map(|&need| full(&inventory.packages[need])).collect::<BTreeSet<_>>(), direct);
    let mut edges = BTreeSet::new();
    tree["installed"].as_array().unwrap().iter().for_each(|node| walk(node, &mut edges));
    let ours: BTreeSet<_> = third
        .iter()
        .flat_map(|p| p.needs.iter().map(|&need| (full(p), full(&inventory.packages[need]))).collect::<Vec<_>>())
        .collect();
    assert_eq!(ours, edges);
    assert!(inventory.remarks.is_empty(), "{:?}", inventory.remarks);
}

#[test]
fn scopes_origins_and_licences_are_as_stated() {
    let inventory = parse(REAL, Some(MANIFEST)).unwrap();
    let purl = |name: &str| match &of(&inventory, name).origin {
        Origin::Purl(purl) => purl.clone(),
        other => format!("{other:?}"),
    };
    assert_eq!(of(&inventory, "devonly").scope, Scope::Development);
    let leaf = of(&inventory, "leaf");
    assert_eq!((leaf.scope, purl("leaf").as_str()), (Scope::Required, "pkg:composer/acme/leaf@1.2.3"));
    assert_eq!(leaf.licences, BTreeSet::from([Licence::Expression("GPL-2.0-or-later OR MIT".to_owned())]));
    assert_eq!(leaf.checksums.first().unwrap().algorithm, "SHA-1");
    let either = Licence::Expression("MIT OR BSD-3-Clause".to_owned());
    assert_eq!(of(&inventory, "middle").licences, BTreeSet::from([either]));
    assert_eq!(of(&inventory, "logger").licences, BTreeSet::from([Licence::Named("proprietary".to_owned())]));
    assert_eq!(purl("local"), "Own");
    let git = "pkg:composer/acme/gitlib@dev-main?vcs_url=git%2Bhttps:%2F%2Fcode.example.com%2Fgitlib.git%40";
    assert!(purl("gitlib").starts_with(git), "{}", purl("gitlib"));
    assert_eq!(purl("app"), "Own");
}

#[test]
fn without_a_manifest_nobody_knows_what_was_asked_for() {
    let inventory = parse(REAL, None).unwrap();
    assert_eq!(inventory.direct, None);
    assert_eq!(inventory.packages.len(), 7);
}

#[test]
fn a_branch_of_a_registrys_package_is_named_by_its_commit() {
    let lock = r#"{"packages":[{"name":"a/b","version":"dev-main","notification-url":"https://packagist.org/downloads/",
        "source":{"type":"git","url":"https://github.com/a/b.git","reference":"abc"}},
        {"name":"a/c","version":"1.0.0","notification-url":"https://packagist.org/downloads/","require":{"gone/x":"*"},
        "source":{"type":"git","url":"https://github.com/a/c.git","reference":"abc"},"provide":[]}],"packages-dev":null}"#;
    let inventory = parse(lock.as_bytes(), None).unwrap();
    let purls: Vec<_> = inventory.packages.iter().map(|package| package.origin.clone()).collect();
    let git = "pkg:composer/a/b@dev-main?vcs_url=git%2Bhttps:%2F%2Fgithub.com%2Fa%2Fb.git%40abc";
    assert_eq!(purls, [Origin::Purl(git.to_owned()), Origin::Purl("pkg:composer/a/c@1.0.0".to_owned())]);
    assert_eq!(inventory.packages[1].needs_known, Knowledge::Incomplete);
}

#[test]
fn a_broken_lockfile_is_refused_with_its_line() {
    for (lock, line) in [
        (&REAL[..REAL.len() - 3], 136),
        (b"".as_slice(), 1),
        (b"{}".as_slice(), 1),
        (b"{\"packages\":[{\"name\":\"novendor\",\"version\":\"1\"}]}".as_slice(), 1),
        (b"{\"packages\":[{\"name\":\"a/b\",\"version\":\"1\",\n\"require\":[\"x\"]}]}".as_slice(), 2),
    ] {
        let error = parse(lock, None).unwrap_err();
        assert_eq!(error.line, line, "{}: {error}", String::from_utf8_lossy(lock));
    }
}
