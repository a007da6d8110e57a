use super::{
    super::shown_tests::{purl, shown},
    *,
};

const V5: &str = r#"{
  "version": "5",
  "specifiers": {
    "jsr:@std/path@1": "1.0.8",
    "npm:debug@^4.3.4": "4.4.3",
    "npm:uses@1": "1.2.0_react@18.3.1"
  },
  "jsr": {
    "@std/fs@1.0.0": { "integrity": "00ff", "dependencies": ["jsr:@std/path", "npm:debug"] },
    "@std/path@1.0.8": { "integrity": "0123" }
  },
  "npm": {
    "debug@4.4.3": { "integrity": "sha1-VgiurfwAvmwpAd9fmGF4jeDVl8g=", "dependencies": ["ms@2.1.3", "alias@npm:ms@2.0.0"] },
    "ms@2.0.0": {},
    "ms@2.1.3": {},
    "react@18.3.1": {},
    "uses@1.2.0_react@18.3.1": { "dependencies": ["react"], "optionalDependencies": ["gone"] }
  },
  "workspace": {
    "dependencies": ["jsr:@std/path@1", "npm:uses@1"],
    "members": { "m": { "packageJson": { "dependencies": ["npm:debug@^4.3.4"] } } }
  }
}"#;

#[test]
fn a_need_is_a_name_and_where_two_are_there_a_version() {
    let inventory = parse(V5.as_bytes()).unwrap();
    assert_eq!(
        shown(&inventory),
        [
            "debug@4.4.3 Unstated → ms@2.0.0 ms@2.1.3",
            "ms@2.0.0 Unstated →",
            "ms@2.1.3 Unstated →",
            "react@18.3.1 Unstated →",
            "uses@1.2.0 Unstated → react@18.3.1",
            "@std/fs@1.0.0 Unstated → debug@4.4.3 @std/path@1.0.8",
            "@std/path@1.0.8 Unstated →",
        ]
    );
    assert_eq!(inventory.direct, Some(vec![0, 4, 6]));
    assert_eq!(purl(&inventory, "@std/fs@1.0.0"), "pkg:npm/%40jsr/std__fs@1.0.0?repository_url=https:%2F%2Fnpm.jsr.io");
    assert!(inventory.remarks.is_empty(), "{:?}", inventory.remarks);
}

#[test]
fn older_versions_say_the_same_with_more_words() {
    let v3 = r#"{"version":"3","packages":{"specifiers":{"npm:debug@^4":"npm:debug@4.4.3","jsr:@std/path@1":"jsr:@std/path@1.0.8"},
        "jsr":{"@std/path@1.0.8":{"integrity":"0123","dependencies":["npm:debug@^4"]}},
        "npm":{"debug@4.4.3":{"integrity":"","dependencies":{"alias":"ms@2.1.3"}},"ms@2.1.3":{"dependencies":{}}}},
        "remote":{"https://deno.land/x/a.ts":"00"},"workspace":{"dependencies":["jsr:@std/path@1"]}}"#;
    let inventory = parse(v3.as_bytes()).unwrap();
    let wanted = ["debug@4.4.3 Unstated → ms@2.1.3", "ms@2.1.3 Unstated →", "@std/path@1.0.8 Unstated → debug@4.4.3"];
    assert_eq!(shown(&inventory), wanted);
    assert_eq!((inventory.remarks[0].kind, inventory.direct), (FindingKind::Partial, Some(vec![2])));
    let v2 = r#"{"version":"2","remote":{},"npm":{"specifiers":{"debug@^4":"debug@4.4.3"},"packages":{
        "debug@4.4.3":{"dependencies":{"ms":"ms@2.1.3"}},"ms@2.1.3":{"dependencies":{}}}}}"#;
    assert_eq!(shown(&parse(v2.as_bytes()).unwrap()), wanted[..2]);
}

#[test]
fn a_missing_need_an_unknown_version_and_a_cut_file_are_said() {
    let missing = parse(V5.replace("\"ms@2.1.3\": {},", "").as_bytes()).unwrap();
    assert_eq!(missing.remarks[0].kind, FindingKind::Partial);
    for text in [V5.replace("\"5\"", "\"6\""), r#"{"https://deno.land/x/a.ts":"00"}"#.to_owned()] {
        let unknown = parse(text.as_bytes()).unwrap();
        assert_eq!((unknown.packages.len(), unknown.remarks[0].kind), (0, FindingKind::UnknownVersion));
    }
    assert!((0..V5.len()).all(|at| parse(&V5.as_bytes()[..at]).is_err()));
    assert!(parse(br#"{"version":"5","npm":{"nothing":{}}}"#).is_err());
}
