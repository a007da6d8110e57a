use super::{
    super::shown_tests::{purl, shown},
    *,
};

const LOCK: &str = r#"{
  // made by hand
  "lockfileVersion": 1,
  "workspaces": {
    "": {
      "name": "app",
      "dependencies": { "@s/b": "^2", "alias": "npm:real@1", },
      "devDependencies": { "git": "github:o/git", "w": "workspace:*", },
    },
    "packages/w": { "name": "@own/w", "version": "0.1.0", "dependencies": { "real": "^2", }, },
  },
  "packages": {
    "@own/w": ["@own/w@workspace:packages/w"],

    "@s/b": ["@s/b@2.0.0", "", { "dependencies": { "real": "^2" }, "optionalDependencies": { "mac": "*" }, "peerDependencies": { "react": "*", "gone": "*" }, "optionalPeers": ["gone"] }, "sha1-VgiurfwAvmwpAd9fmGF4jeDVl8g="],

    "alias": ["real@1.0.0", "https://npm.example.com/real/-/real-1.0.0.tgz", {}, "sha1-VgiurfwAvmwpAd9fmGF4jeDVl8g="],

    "git": ["git@github:o/git#0123abc", { "dependencies": { "alias": "1" } }, "o-git-0123abc"],

    "mac": ["mac@1.0.0", "", { "os": "darwin" }, ""],

    "react": ["react@18.0.0", "", {}, ""],

    "real": ["real@3.0.0", "", {}, ""],

    "w": ["@own/w@workspace:packages/w"],

    "@s/b/real": ["real@2.0.0", "", {}, ""],

    "@own/w/real": ["real@2.0.0", "", {}, ""],
  }
}
"#;

#[test]
fn a_need_is_found_from_the_inside_out() {
    let inventory = parse(LOCK.as_bytes(), &|_| None).unwrap();
    assert_eq!(
        shown(&inventory),
        [
            "*app@- Required → *@own/w@0.1.0 @s/b@2.0.0 real@1.0.0 git@-",
            "*@own/w@0.1.0 Required → real@2.0.0",
            "@s/b@2.0.0 Required → mac@1.0.0 react@18.0.0 real@2.0.0",
            "real@1.0.0 Required →",
            "git@- Development → real@1.0.0",
            "mac@1.0.0 Optional →",
            "react@18.0.0 Required →",
            "real@3.0.0 Unstated →",
            "real@2.0.0 Required →",
        ]
    );
    assert_eq!(inventory.direct, Some(vec![0, 1]));
    assert_eq!(inventory.packages[2].line, Some(15));
    assert_eq!(purl(&inventory, "git@-"), "pkg:npm/git?vcs_url=git%2Bhttps:%2F%2Fgithub.com%2Fo%2Fgit.git%400123abc");
    assert_eq!(purl(&inventory, "real@1.0.0"), "pkg:npm/real@1.0.0?repository_url=https:%2F%2Fnpm.example.com");
    assert!(inventory.remarks.is_empty(), "{:?}", inventory.remarks);
}

#[test]
fn a_missing_need_an_unknown_version_and_a_cut_file_are_said() {
    let missing = parse(
        LOCK.replace("\"real\": [\"real@3", "\"other\": [\"other@3").replace("\"@s/b/real\"", "\"x/real\"").as_bytes(),
        &|_| None,
    )
    .unwrap();
    assert_eq!(missing.remarks[0].kind, FindingKind::Partial);
    let unknown =
        parse(LOCK.replace("\"lockfileVersion\": 1", "\"lockfileVersion\": 7").as_bytes(), &|_| None).unwrap();
    assert_eq!((unknown.packages.len(), unknown.remarks[0].kind), (0, FindingKind::UnknownVersion));
    for at in (0..LOCK.len() - 2).filter(|at| LOCK.is_char_boundary(*at)) {
        assert!(parse(&LOCK.as_bytes()[..at], &|_| None).is_err(), "{at}");
    }
    assert!(parse(br#"{"lockfileVersion":1,"workspaces":{"":{}},"packages":{"a":[]}}"#, &|_| None).is_err());
}
