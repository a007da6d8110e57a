use super::*;

fn edges(inventory: &Inventory) -> Vec<(String, Vec<String>)> {
    let show = |p: &Package| format!("{}@{}", p.name, p.version.as_deref().unwrap_or("-"));
    inventory
        .packages
        .iter()
        .map(|p| (show(p), p.needs.iter().map(|&n| show(&inventory.packages[n])).collect()))
        .collect()
}

const V3: &str = r#"{"name":"app","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{
  "":{"name":"app","version":"1.0.0","workspaces":["packages/*"],"dependencies":{"a":"^1","@s/b":"^2"},"devDependencies":{"d":"1"}},
  "node_modules/a":{"version":"1.0.0","resolved":"https://registry.npmjs.org/a/-/a-1.0.0.tgz","license":"MIT","dependencies":{"c":"^1"},"optionalDependencies":{"absent":"1"}},
  "node_modules/@s/b":{"version":"2.0.0","dependencies":{"c":"^2"},"peerDependencies":{"a":"*","gone":"*"}},
  "node_modules/@s/b/node_modules/c":{"version":"2.0.0"},
  "node_modules/c":{"version":"1.0.0","dev":true},
  "node_modules/d":{"name":"real-d","version":"3.0.0","dev":true,"resolved":"git+ssh://git@github.com/x/d.git#abc"},
  "node_modules/w":{"resolved":"packages/w","link":true},
  "packages/w":{"name":"w","version":"0.0.1","dependencies":{"a":"^1"}}
}}"#;

#[test]
fn what_a_folder_needs_is_found_as_node_finds_it() {
    let inventory = parse(V3.as_bytes(), None).unwrap();
    let edges = edges(&inventory);
    let of = |name: &str| edges.iter().find(|(n, _)| n == name).unwrap().1.clone();
    assert_eq!(of("app@1.0.0"), ["a@1.0.0", "b@2.0.0", "real-d@3.0.0"]);
    assert_eq!(of("b@2.0.0"), ["a@1.0.0", "c@2.0.0"]);
    assert_eq!(of("a@1.0.0"), ["c@1.0.0"]);
    assert_eq!(of("w@0.0.1"), ["a@1.0.0"]);
    assert_eq!(inventory.packages.len(), 7, "the link is no second package");
    assert!(inventory.remarks.is_empty());
}

#[test]
fn an_alias_a_scope_and_a_git_source_are_named_by_what_they_really_are() {
    let inventory = parse(V3.as_bytes(), None).unwrap();
    let purls: Vec<_> = inventory
        .packages
        .iter()
        .filter_map(|p| if let Origin::Purl(purl) = &p.origin { Some(purl.as_str()) } else { None })
        .collect();
    assert!(purls.contains(&"pkg:npm/%40s/b@2.0.0"), "{purls:?}");
    let git = "pkg:npm/real-d@3.0.0?vcs_url=git%2Bssh:%2F%2Fgit%40github.com%2Fx%2Fd.git%40abc";
    assert!(purls.contains(&git), "{purls:?}");
    assert!(!purls.iter().any(|purl| purl.contains("/w@") || purl.contains("/app@")), "{purls:?}");
}

#[test]
fn a_missing_need_makes_its_package_incomplete_and_is_remarked_on() {
    let lock = r#"{"lockfileVersion":3,"packages":{"":{"dependencies":{"gone":"1"}}}}"#;
    let inventory = parse(lock.as_bytes(), None).unwrap();
    assert_eq!(inventory.packages[0].needs_known, Knowledge::Incomplete);
    assert!(inventory.remarks[0].text.contains("`gone`"));
}

#[test]
fn version_1_resolves_through_its_nested_levels() {
    let lock = r#"{"name":"app","version":"1.0.0","lockfileVersion":1,"requires":true,"dependencies":{
      "a":{"version":"1.0.0","requires":{"c":"^2","d":"1"},"dependencies":{
         "c":{"version":"2.0.0","requires":{"d":"1"}}}},
      "c":{"version":"1.0.0","dev":true},
      "d":{"version":"npm:real@1.0.0"}}}"#;
    let edges = edges(&parse(lock.as_bytes(), None).unwrap());
    assert_eq!(
        edges,
        [
            ("a@1.0.0".into(), vec!["c@2.0.0".to_owned(), "real@1.0.0".into()]),
            ("c@1.0.0".into(), vec![]),
            ("real@1.0.0".into(), vec![]),
            ("c@2.0.0".into(), vec!["real@1.0.0".into()]),
            ("app@1.0.0".into(), vec!["a@1.0.0".into(), "c@1.0.0".into()]),
        ]
    );
}

#[test]
fn a_broken_or_unknown_lockfile_is_refused_with_its_line() {
    let cut = &V3.as_bytes()[..V3.find("node_modules/d").unwrap()];
    for (bytes, line) in [
        (cut, 7),
        (b"".as_slice(), 1),
        (b"{\"lockfileVersion\":3}".as_slice(), 1),
        (b"[]".as_slice(), 1),
        (b"\xff".as_slice(), 1),
    ] {
        let error = parse(bytes, None).unwrap_err();
        assert_eq!(error.line, line, "{}: {error}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn an_unknown_version_is_a_finding() {
    let inventory = parse(b"{\"lockfileVersion\":4}", None).unwrap();
    assert_eq!((inventory.packages.len(), inventory.remarks[0].kind), (0, FindingKind::UnknownVersion));
}

#[test]
fn what_a_package_brings_with_it_is_within_it() {
    let lock = r#"{"lockfileVersion":3,"packages":{"":{"name":"app"},
      "node_modules/a":{"version":"1.0.0","dependencies":{"b":"1"}},
      "node_modules/a/node_modules/b":{"version":"1.0.0","inBundle":true,"dependencies":{"c":"1"}},
      "node_modules/a/node_modules/b/node_modules/c":{"version":"1.0.0","inBundle":true},
      "node_modules/d":{"version":"1.0.0","inBundle":true}}}"#;
    let inventory = parse(lock.as_bytes(), None).unwrap();
    assert_eq!(inventory.packages.iter().map(|p| p.within).collect::<Vec<_>>(), [None, None, Some(1), Some(1), None]);
}

#[test]
fn version_1_asks_the_manifest_what_the_project_asks_for() {
    let lock = r#"{"name":"app","lockfileVersion":1,"dependencies":{
      "a":{"version":"1.0.0","requires":{"b":"1"}},"b":{"version":"1.0.0"},
      "local":{"version":"file:local"},
      "git":{"version":"git+ssh://git@h/git.git#0123","dev":true}}}"#;
    let manifest = r#"{"name":"@own/app","version":"2.0.0","dependencies":{"a":"1","b":"1"},"devDependencies":{"git":"x"},"optionalDependencies":{"gone":"1"}}"#;
    let inventory = parse(lock.as_bytes(), Some(manifest.as_bytes())).unwrap();
    let own = inventory.packages.last().unwrap();
    assert_eq!((own.group.as_deref(), own.name.as_str(), own.version.as_deref()), (Some("@own"), "app", Some("2.0.0")));
    assert_eq!((own.needs.as_slice(), own.needs_known), ([0, 1, 3].as_slice(), Knowledge::Complete));
    assert_eq!(inventory.packages[2].origin, Origin::Own);
    assert_eq!(inventory.packages[3].scope, Scope::Development);
    assert_eq!(inventory.packages[1].line, Some(2));
}
