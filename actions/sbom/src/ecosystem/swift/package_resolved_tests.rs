use super::*;

const V1: &str = r#"{"object": {"pins": [
  {"package": "Log", "repositoryURL": "https://github.com/apple/swift-log.git", "state": {"branch": null, "revision": "aa", "version": "1.5.4"}},
  {"package": "cmark", "repositoryURL": "git@github.com:apple/swift-cmark.git", "state": {"branch": "gfm", "revision": "bb", "version": null}}
]}, "version": 1}"#;

const V3: &str = r#"{"originHash": "00", "pins": [
  {"identity": "swift-log", "kind": "remoteSourceControl", "location": "https://github.com/apple/swift-log.git", "state": {"revision": "aa", "version": "1.5.4"}},
  {"identity": "mona.LinkedList", "kind": "registry", "location": "", "state": {"version": "1.1.0"}},
  {"identity": "tools", "kind": "localSourceControl", "location": "/srv/tools", "state": {"revision": "cc", "branch": "main"}}
], "version": 3}"#;

fn listed(text: &str) -> Vec<String> {
    let inventory = parse(text.as_bytes()).unwrap();
    let label = |p: &Package| if let Origin::Purl(purl) = &p.origin { purl.clone() } else { format!("own {}", p.name) };
    inventory.packages.iter().map(label).collect()
}

#[test]
fn a_pin_is_named_by_its_repository_in_every_version() {
    assert_eq!(listed(V1), ["pkg:swift/github.com/apple/swift-log@1.5.4", "pkg:swift/github.com/apple/swift-cmark@bb"]);
    let third = ["pkg:swift/github.com/apple/swift-log@1.5.4", "pkg:swift/mona/LinkedList@1.1.0", "own tools"];
    assert_eq!(listed(V3), third);
    assert_eq!(listed(&V3.replace("\"version\": 3}", "\"version\": 2}")), third);
    let inventory = parse(V1.as_bytes()).unwrap();
    let properties = &inventory.packages[1].properties;
    assert_eq!(
        (properties["lockkeeper:git:commit"].as_str(), properties["lockkeeper:git:ref"].as_str()),
        ("bb", "gfm")
    );
}

#[test]
fn what_swift_would_not_write_is_refused_and_an_unknown_version_is_a_finding() {
    for text in [
        "",
        "{}",
        &V3[..200],
        r#"{"version":2}"#,
        r#"{"version":1,"pins":[]}"#,
        r#"{"version":2,"pins":[{"identity":"a","location":"https://h/a","state":{}}]}"#,
    ] {
        assert!(parse(text.as_bytes()).is_err(), "{text}");
    }
    let inventory = parse(br#"{"version":4,"pins":[]}"#).unwrap();
    assert_eq!((inventory.listing, inventory.remarks[0].kind), (Knowledge::Incomplete, FindingKind::UnknownVersion));
}
