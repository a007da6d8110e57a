use super::*;

/// Written by Conan 1.66 and 2.34 for the same recipes; see the README beside them.
const FIRST: &[u8] = include_bytes!("../../../tests/conan/conan1.lock");
const SECOND: &[u8] = include_bytes!("../../../tests/conan/conan2.lock");

fn label(package: &Package) -> String {
    match &package.origin {
        Origin::Purl(purl) => purl.clone(),
        _ => format!("own {}@{}", package.name, package.version.as_deref().unwrap_or("-")),
    }
}

#[test]
fn conan_1_states_the_whole_graph() {
    let inventory = parse(FIRST).unwrap();
    let labels: Vec<_> = inventory.packages.iter().map(label).collect();
    assert_eq!(
        labels,
        [
            "own app@1.0",
            "pkg:conan/pnglike@1.6.40?channel=stable&prev=3d76d81ca209f6ccb9988ead5e334a7f&rrev=e502ccfbb13abc2d4b46f867d6d28c83&user=team",
            "pkg:conan/zlike@1.3.1?prev=220c1ed92f3fbf53fdc368935e41f819&rrev=714613ad092848ffbc6ebb55c9a348db",
            "pkg:conan/tool@2.0?prev=eaa7fddeb06a1634aa3b00f59877a4ef&rrev=5aa2d18beab713d22d3980553d9a72c2",
        ]
    );
    let needs: Vec<_> = inventory.packages.iter().map(|package| package.needs.clone()).collect();
    assert_eq!(needs, [vec![1, 3], vec![2], vec![], vec![]]);
    let scopes: Vec<_> = inventory.packages.iter().map(|package| package.scope).collect();
    assert_eq!(scopes, [Scope::Required, Scope::Required, Scope::Required, Scope::Development]);
    assert_eq!(inventory.direct, Some(vec![0]));
}

#[test]
fn conan_2_states_what_was_chosen_and_what_for() {
    let inventory = parse(SECOND).unwrap();
    let listed: Vec<_> = inventory.packages.iter().map(|p| (label(p), p.scope, p.needs_known)).collect();
    let known = Knowledge::Unknown;
    let purl = |purl: &str| purl.to_owned();
    assert_eq!(
        listed,
        [
            (purl("pkg:conan/zlike@1.3.1?rrev=714613ad092848ffbc6ebb55c9a348db"), Scope::Required, known),
            (
                purl("pkg:conan/pnglike@1.6.40?channel=stable&rrev=e502ccfbb13abc2d4b46f867d6d28c83&user=team"),
                Scope::Required,
                known
            ),
            (purl("pkg:conan/tool@2.0?rrev=5aa2d18beab713d22d3980553d9a72c2"), Scope::Development, known),
            (purl("pkg:conan/helper@0.1?rrev=0761e5f56e77416845e4ec50e368fdad"), Scope::Development, known),
        ]
    );
    assert_eq!(inventory.direct, None);
}

#[test]
fn a_locked_binary_stands_beside_its_recipe() {
    let lock = r#"{"version":"0.5","requires":[["a/1#ff%1.5",{"da39":["0ba8"]}],"b/2@_/_"]}"#;
    let labels: Vec<_> = parse(lock.as_bytes()).unwrap().packages.iter().map(label).collect();
    assert_eq!(labels, ["pkg:conan/a@1?rrev=ff", "pkg:conan/b@2"]);
}

#[test]
fn what_conan_would_not_write_is_refused_and_an_unknown_version_is_a_finding() {
    for lock in [
        "",
        "{}",
        r#"{"version":"0.5"}"#,
        r#"{"version":"0.4"}"#,
        r#"{"version":"0.5","requires":["noversion"]}"#,
        r#"{"version":"0.5","requires":["a/"]}"#,
        r#"{"version":"0.5","requires":["/1"]}"#,
    ] {
        assert!(parse(lock.as_bytes()).is_err(), "{lock}");
    }
    assert_eq!(parse(&FIRST[..500]).unwrap_err().line, 27);
    let inventory = parse(br#"{"version":"0.6","requires":[]}"#).unwrap();
    assert_eq!(inventory.remarks[0].kind, FindingKind::UnknownVersion);
}
