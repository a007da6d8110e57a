use super::*;
use crate::graph::Knowledge;

/// As NuGet writes it: two frameworks, one with what differs for a runtime, a project, central versions.
const LOCK: &str = r#"{
  "version": 2,
  "dependencies": {
    "net8.0": {
      "Direct.One": {"type": "Direct", "requested": "[1.0.0, )", "resolved": "1.0.0", "contentHash": "HASH",
        "dependencies": {"shared.core": "2.0.0", "Pruned": "1.0.0"}},
      "Shared.Core": {"type": "Transitive", "resolved": "2.0.0"},
      "Central": {"type": "CentralTransitive", "requested": "[3.0.0, )", "resolved": "3.0.0", "dependencies": {"Shared.Core": "2.0.0"}},
      "library": {"type": "Project", "dependencies": {"Central": "[3.0.0, )", "inner": "[1.0.0, )"}},
      "inner": {"type": "Project"}
    },
    "net8.0/linux-x64": {
      "Direct.One": {"type": "Direct", "requested": "[1.0.0, )", "resolved": "1.0.0", "dependencies": {"Shared.Core": "2.0.0", "Native.Linux": "2.0.0"}},
      "Native.Linux": {"type": "Transitive", "resolved": "2.0.0"}
    },
    "net472": {
      "Shared.Core": {"type": "Direct", "requested": "[1.5.0, )", "resolved": "1.5.0"}
    }
  }
}"#;

fn lock() -> String {
    use base64::Engine as _;
    LOCK.replace("HASH", &base64::engine::general_purpose::STANDARD.encode([7; 64]))
}

fn label(package: &crate::graph::Package) -> String {
    format!("{}@{}", package.name, package.version.as_deref().unwrap_or("-"))
}

#[test]
fn each_framework_resolves_its_own_versions_and_a_runtime_adds_to_its_framework() {
    let inventory = parse(lock().as_bytes()).unwrap();
    let edges: Vec<_> = inventory
        .packages
        .iter()
        .map(|p| (label(p), p.needs.iter().map(|&n| label(&inventory.packages[n])).collect::<Vec<_>>().join(" ")))
        .filter(|(_, needs)| !needs.is_empty())
        .collect();
    let wanted = [
        ("Central@3.0.0", "Shared.Core@2.0.0"),
        ("Direct.One@1.0.0", "Shared.Core@2.0.0 Native.Linux@2.0.0"),
        ("library@-", "Central@3.0.0 inner@-"),
    ];
    assert_eq!(edges, wanted.map(|(from, to)| (from.to_owned(), to.to_owned())));
    let direct: Vec<_> = inventory.direct.iter().flatten().map(|&index| label(&inventory.packages[index])).collect();
    assert_eq!(direct, ["Shared.Core@1.5.0", "Direct.One@1.0.0", "library@-"]);
    let own: Vec<_> = inventory.packages.iter().filter(|p| p.origin == Origin::Own).map(label).collect();
    assert_eq!(own, ["inner@-", "library@-"]);
}

#[test]
fn a_name_keeps_its_case_and_a_content_hash_is_a_checksum() {
    let inventory = parse(lock().as_bytes()).unwrap();
    let one = inventory.packages.iter().find(|package| package.name == "Direct.One").unwrap();
    assert_eq!(one.origin, Origin::Purl("pkg:nuget/Direct.One@1.0.0".to_owned()));
    assert_eq!(one.checksums.first().unwrap().hex, "07".repeat(64));
    assert_eq!(one.needs_known, Knowledge::Incomplete);
    assert!(inventory.remarks[0].text.contains("`Pruned`"));
}

#[test]
fn an_unknown_version_is_a_finding_and_lists_nothing() {
    let inventory = parse(br#"{"version": 3, "dependencies": {}}"#).unwrap();
    assert_eq!(inventory.remarks[0].kind, FindingKind::UnknownVersion);
    assert_eq!((inventory.listing, inventory.packages.len()), (Knowledge::Incomplete, 0));
}

#[test]
fn what_nuget_would_not_write_is_refused() {
    for lock in [
        &lock()[..400],
        "",
        "{}",
        r#"{"version":1}"#,
        r#"{"version":1,"dependencies":{"net8.0":{"A":{"type":"Direct"}}}}"#,
        r#"{"version":1,"dependencies":{"net8.0":{"A":{"type":"Direct","resolved":"1","contentHash":"AAAA"}}}}"#,
    ] {
        assert!(parse(lock.as_bytes()).is_err(), "{lock}");
    }
}
