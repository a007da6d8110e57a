use super::*;
use crate::graph::{Knowledge, Origin};

const ASSETS: &str = r#"{
  "version": 3,
  "targets": {
    "net8.0": {
      "A/1.0.0": {"type": "package", "dependencies": {"b": "1.0.0"}, "compile": {"lib/net8.0/A.dll": {}}},
      "B/1.2.0": {"type": "package"},
      "Lib/1.0.0": {"type": "project", "framework": ".NETCoreApp,Version=v8.0", "dependencies": {"B": "1.2.0", "Gone": "1.0.0"}}
    },
    ".NETFramework,Version=v4.7.2/win-x64": {"A/0.9.0": {"type": "package"}}
  },
  "libraries": {
    "A/0.9.0": {"type": "package", "path": "a/0.9.0"},
    "A/1.0.0": {"sha512": "HASH", "type": "package", "path": "a/1.0.0"},
    "B/1.2.0": {"type": "package", "path": "b/1.2.0"},
    "Lib/1.0.0": {"type": "project", "path": "../Lib/Lib.csproj"}
  },
  "projectFileDependencyGroups": {".NETCoreApp,Version=v8.0": ["A >= 1.0.0", "Lib >= 1.0.0"], "net472": ["A >= 0.9.0"]},
  "project": {"version": "2.0.0", "restore": {"projectName": "App"}}
}"#;

fn assets() -> String {
    use base64::Engine as _;
    ASSETS.replace("HASH", &base64::engine::general_purpose::STANDARD.encode([9; 64]))
}

#[test]
fn the_restored_project_needs_what_its_file_asks_for_in_every_framework() {
    let inventory = parse(assets().as_bytes()).unwrap();
    let label = |index: usize| {
        let package = &inventory.packages[index];
        format!("{}@{}", package.name, package.version.as_deref().unwrap())
    };
    let edges: Vec<_> = (0..inventory.packages.len())
        .map(|i| {
            format!(
                "{} → {}",
                label(i),
                inventory.packages[i].needs.iter().map(|&n| label(n)).collect::<Vec<_>>().join(" ")
            )
        })
        .collect();
    assert_eq!(
        edges,
        [
            "A@0.9.0 → ",
            "A@1.0.0 → B@1.2.0",
            "B@1.2.0 → ",
            "Lib@1.0.0 → B@1.2.0",
            "App@2.0.0 → A@0.9.0 A@1.0.0 Lib@1.0.0"
        ]
    );
    assert_eq!(inventory.direct, Some(vec![4]));
    assert_eq!(inventory.packages[3].origin, Origin::Own);
    assert_eq!(inventory.packages[3].needs_known, Knowledge::Incomplete);
    assert_eq!(inventory.packages[1].checksums.len(), 1);
}

#[test]
fn a_framework_is_the_same_under_its_long_and_its_short_name() {
    for (group, framework, wanted) in [
        ("net8.0", ".NETCoreApp,Version=v8.0", true),
        ("net10.0", ".NETCoreApp,Version=v10.0", true),
        ("netcoreapp3.1", ".NETCoreApp,Version=v3.1", true),
        ("netstandard2.0", ".NETStandard,Version=v2.0", true),
        ("net472", ".NETFramework,Version=v4.7.2", true),
        ("", "net8.0", true),
        ("net8.0", "net9.0", false),
    ] {
        assert_eq!(same(group, framework), wanted, "{group} {framework}");
    }
}

#[test]
fn what_nuget_would_not_write_is_refused_and_an_unknown_version_is_a_finding() {
    for text in [&assets()[..300], "", "{}", r#"{"version":3,"targets":{"net8.0":{"A/1":{}}}}"#] {
        assert!(parse(text.as_bytes()).is_err(), "{text}");
    }
    let inventory = parse(br#"{"version":9}"#).unwrap();
    assert_eq!(inventory.remarks[0].kind, FindingKind::UnknownVersion);
}
