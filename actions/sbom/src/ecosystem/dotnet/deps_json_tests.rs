use super::*;
use crate::graph::Knowledge;

const DEPS: &str = r#"{
  "runtimeTarget": {"name": ".NETCoreApp,Version=v8.0/linux-x64", "signature": ""},
  "targets": {
    ".NETCoreApp,Version=v8.0": {"Never/1.0.0": {}},
    ".NETCoreApp,Version=v8.0/linux-x64": {
      "App/1.0.0": {"dependencies": {"A": "1.0.0", "Lib": "1.0.0", "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64": "8.0.1", "Gone": "1.0.0"}, "runtime": {"App.dll": {}}},
      "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"runtime": {"System.dll": {}}},
      "A/1.0.0": {"dependencies": {"B": "2.0.0"}},
      "B/2.0.0": {"compileOnly": true},
      "Lib/1.0.0": {"dependencies": {"A": "1.0.0"}},
      "Vendor.Reference/1.2.3.4": {}
    }
  },
  "libraries": {
    "App/1.0.0": {"type": "project", "serviceable": false, "sha512": ""},
    "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"type": "runtimepack", "serviceable": false, "sha512": ""},
    "A/1.0.0": {"type": "package", "serviceable": true, "sha512": "sha512-HASH", "path": "a/1.0.0"},
    "B/2.0.0": {"type": "package", "serviceable": true, "sha512": ""},
    "Lib/1.0.0": {"type": "project", "sha512": ""},
    "Vendor.Reference/1.2.3.4": {"type": "reference", "sha512": ""},
    "Never/1.0.0": {"type": "package", "sha512": ""}
  }
}"#;

fn deps() -> String {
    use base64::Engine as _;
    DEPS.replace("HASH", &base64::engine::general_purpose::STANDARD.encode([1; 64]))
}

#[test]
fn only_the_target_the_program_runs_on_is_shipped() {
    let inventory = parse(deps().as_bytes()).unwrap();
    let purls: Vec<_> = inventory
        .packages
        .iter()
        .map(|p| if let Origin::Purl(purl) = &p.origin { purl.clone() } else { format!("own {}", p.name) })
        .collect();
    assert_eq!(
        purls,
        [
            "pkg:nuget/A@1.0.0",
            "own App",
            "pkg:nuget/B@2.0.0",
            "own Lib",
            "pkg:generic/Vendor.Reference@1.2.3.4",
            "pkg:nuget/Microsoft.NETCore.App.Runtime.linux-x64@8.0.1",
        ]
    );
    assert_eq!(inventory.packages[1].needs, [0, 3, 5]);
    assert_eq!(inventory.packages[1].needs_known, Knowledge::Incomplete);
    assert_eq!(inventory.packages[2].scope, Scope::Development);
    assert_eq!(inventory.packages[0].checksums.first().unwrap().hex, "01".repeat(64));
    assert_eq!(inventory.direct, Some(vec![1]));
}

#[test]
fn what_no_sdk_would_write_is_refused_with_its_line() {
    assert_eq!(parse(&deps().as_bytes()[..500]).unwrap_err().line, 8);
    for text in ["", "{}", r#"{"runtimeTarget":"x","targets":{},"libraries":{}}"#] {
        assert!(parse(text.as_bytes()).is_err(), "{text}");
    }
    let undescribed = r#"{"runtimeTarget":"x","targets":{"x":{"A/1":{}}},"libraries":{}}"#;
    assert!(parse(undescribed.as_bytes()).unwrap_err().message.contains("`A/1`"));
}
