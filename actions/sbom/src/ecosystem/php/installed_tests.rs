use super::*;
use crate::graph::Origin;
use std::collections::BTreeSet;

/// Written by Composer 2; see the README beside it.
const REAL: &[u8] = include_bytes!("../../../tests/php/installed.json");
const SHOW: &str = include_str!("../../../tests/php/show.json");

#[test]
fn composer_itself_knows_the_same_installed_packages() {
    let inventory = parse(REAL).unwrap();
    let show: serde_json::Value = serde_json::from_str(SHOW).unwrap();
    let theirs: BTreeSet<_> =
        show["installed"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap().to_lowercase()).collect();
    let full = |p: &crate::graph::Package| format!("{}/{}", p.group.as_deref().unwrap(), p.name).to_lowercase();
    assert_eq!(inventory.packages.iter().map(full).collect::<BTreeSet<_>>(), theirs);
    let development: Vec<_> =
        inventory.packages.iter().filter(|p| p.scope == Scope::Development).map(|p| p.name.as_str()).collect();
    assert_eq!(development, ["devonly", "devtool"]);
    assert!(inventory.packages.iter().any(|package| package.origin == Origin::Own));
}

#[test]
fn composer_1_kept_a_bare_list() {
    let inventory = parse(br#"[{"name":"a/b","version":"1.0.0","require":{"a/c":"*"}},{"name":"a/c","version":"2"}]"#);
    let inventory = inventory.unwrap();
    assert_eq!(inventory.packages[0].needs, [1]);
    assert_eq!(inventory.packages[0].scope, Scope::Unstated);
}

#[test]
fn a_broken_list_is_refused_with_its_line() {
    assert_eq!(parse(b"[\n{").unwrap_err().line, 2);
    assert_eq!(parse(b"{}").unwrap_err().line, 1);
}
