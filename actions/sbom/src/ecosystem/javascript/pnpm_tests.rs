use super::{
    super::shown_tests::{purl, shown},
    *,
};

const V9: &str = "lockfileVersion: '9.0'

overrides:
  wrappy: 1.0.1

importers:

  .:
    dependencies:
      '@s/b':
        specifier: ^2.0.0
        version: 2.0.0(react@18.0.0)
      alias:
        specifier: npm:real@1.0.0
        version: real@1.0.0
    devDependencies:
      w:
        specifier: workspace:*
        version: link:packages/w
    optionalDependencies:
      git:
        specifier: github:o/git
        version: https://codeload.github.com/o/git/tar.gz/0123abcd

  packages/w:
    dependencies:
      '@s/b':
        specifier: ^2.0.0
        version: 2.0.0(react@17.0.0)
      outside:
        specifier: link:../../../outside
        version: link:../../../outside

packages:

  '@s/b@2.0.0':
    resolution: {integrity: sha1-VgiurfwAvmwpAd9fmGF4jeDVl8g=}
    peerDependencies:
      react: '*'

  git@https://codeload.github.com/o/git/tar.gz/0123abcd:
    resolution: {tarball: https://codeload.github.com/o/git/tar.gz/0123abcd}
    version: 0.1.0

  react@17.0.0:
    resolution: {integrity: sha1-VgiurfwAvmwpAd9fmGF4jeDVl8g=}
    deprecated: |-
      two
      lines: of prose

  react@18.0.0:
    resolution: {integrity: sha1-VgiurfwAvmwpAd9fmGF4jeDVl8g=}

  real@1.0.0:
    resolution: {integrity: sha1-VgiurfwAvmwpAd9fmGF4jeDVl8g=}

snapshots:

  '@s/b@2.0.0(react@17.0.0)':
    dependencies:
      react: 17.0.0

  '@s/b@2.0.0(react@18.0.0)':
    dependencies:
      react: 18.0.0

  git@https://codeload.github.com/o/git/tar.gz/0123abcd:
    dependencies:
      obug: real@1.0.0

  react@17.0.0: {}

  react@18.0.0: {}

  real@1.0.0(patch_hash=00ff): {}
";

fn manifests(path: &str) -> Option<Vec<u8>> {
    let text = match path {
        "package.json" => r#"{"name":"@own/app","version":"1.0.0"}"#,
        "packages/w/package.json" => r#"{"name":"w","version":"0.1.0"}"#,
        _ => return None,
    };
    Some(text.as_bytes().to_vec())
}

fn v9() -> String {
    V9.replace("real@1.0.0\n    dev", "real@1.0.0(patch_hash=00ff)\n    dev")
        .replace("obug: real@1.0.0", "obug: real@1.0.0(patch_hash=00ff)")
}

#[test]
fn copies_for_different_peers_are_one_package_with_the_needs_of_all() {
    let inventory = parse(v9().as_bytes(), &manifests).unwrap();
    assert_eq!(
        shown(&inventory),
        [
            "@s/b@2.0.0 Required → react@17.0.0 react@18.0.0",
            "git@0.1.0 Optional → real@1.0.0",
            "react@17.0.0 Required →",
            "react@18.0.0 Required →",
            "real@1.0.0 Required →",
            "*@own/app@1.0.0 Required → @s/b@2.0.0 git@0.1.0 real@1.0.0 *w@0.1.0",
            "*w@0.1.0 Required → @s/b@2.0.0 *outside@- ",
        ]
        .map(|line| line.trim_end().to_owned())
        .into_iter()
        .chain(["*outside@- Required →".to_owned()])
        .collect::<Vec<_>>()
    );
    assert_eq!(inventory.direct, Some(vec![5, 6]));
    assert!(inventory.remarks.is_empty(), "{:?}", inventory.remarks);
    assert_eq!(inventory.packages[4].properties["lockkeeper:npm:patch"], "00ff");
    assert_eq!(inventory.packages[3].line, Some(51));
    assert_eq!(
        purl(&inventory, "git@0.1.0"),
        "pkg:npm/git@0.1.0?download_url=https:%2F%2Fcodeload.github.com%2Fo%2Fgit%2Ftar.gz%2F0123abcd"
    );
}

#[test]
fn version_5_and_6_name_packages_by_paths() {
    let v5 = "lockfileVersion: 5.4\n\nspecifiers:\n  a: ^1.0.0\n  dev: 1\n\ndependencies:\n  a: 1.0.0_b@2.0.0\n\ndevDependencies:\n  \
        dev: /@s/real/1.0.0\n\npackages:\n\n  /@s/real/1.0.0:\n    resolution: {integrity: sha1-VgiurfwAvmwpAd9fmGF4jeDVl8g=}\n    dev: true\n\n  \
        /a/1.0.0_b@2.0.0:\n    resolution: {integrity: sha1-VgiurfwAvmwpAd9fmGF4jeDVl8g=}\n    dependencies:\n      b: 2.0.0\n    dev: false\n\n  \
        /b/2.0.0:\n    resolution: {integrity: sha1-VgiurfwAvmwpAd9fmGF4jeDVl8g=}\n    dev: false\n\n  \
        github.com/o/git/0123abcd:\n    resolution: {tarball: https://codeload.github.com/o/git/tar.gz/0123abcd}\n    name: git\n    version: 0.1.0\n    dev: false\n";
    let v6 = v5
        .replace("5.4", "'6.0'")
        .replace("specifiers:\n  a: ^1.0.0\n  dev: 1\n\n", "")
        .replace("  a: 1.0.0_b@2.0.0", "  a:\n    specifier: ^1.0.0\n    version: 1.0.0(b@2.0.0)")
        .replace("  dev: /@s/real/1.0.0", "  dev:\n    specifier: 1\n    version: /@s/real@1.0.0")
        .replace("/@s/real/1.0.0:", "/@s/real@1.0.0:")
        .replace("/a/1.0.0_b@2.0.0:", "/a@1.0.0(b@2.0.0):")
        .replace("/b/2.0.0:", "/b@2.0.0:");
    for text in [v5.to_owned(), v6] {
        let inventory = parse(text.as_bytes(), &|_| None).unwrap();
        assert_eq!(
            shown(&inventory),
            [
                "@s/real@1.0.0 Development →",
                "a@1.0.0 Required → b@2.0.0",
                "b@2.0.0 Required →",
                "git@0.1.0 Unstated →",
                "*project@- Required → @s/real@1.0.0 a@1.0.0",
            ]
        );
        assert!(inventory.remarks.is_empty(), "{:?}", inventory.remarks);
    }
}

#[test]
fn pnpms_own_tools_in_a_document_of_their_own_are_for_development() {
    let text = format!(
        "---\nlockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    configDependencies:\n      tool:\n        specifier: 1.0.0\n        version: 1.0.0\n\n\
         packages:\n\n  tool@1.0.0:\n    resolution: {{}}\n\nsnapshots:\n\n  tool@1.0.0: {{}}\n\n---\n{}",
        v9()
    );
    let inventory = parse(text.as_bytes(), &manifests).unwrap();
    let lines = shown(&inventory);
    assert_eq!(lines[0], "tool@1.0.0 Development →");
    assert!(lines[1].starts_with("*@own/app@1.0.0 Required → tool@1.0.0 @s/b@2.0.0"), "{}", lines[1]);
    assert_eq!(inventory.direct, Some(vec![1, 7]));
}

#[test]
fn a_runtime_is_no_npm_package() {
    let text = "lockfileVersion: '9.0'\nimporters:\n  .:\n    devDependencies:\n      node:\n        specifier: runtime:22.0.0\n        \
        version: runtime:22.0.0\npackages:\n  node@runtime:22.0.0:\n    hasBin: true\n    resolution:\n      type: variations\n      variants:\n        \
        - resolution:\n            archive: tarball\n          targets:\n            - cpu: x64\n              os: linux\n    version: 22.0.0\n\
        snapshots:\n  node@runtime:22.0.0: {}\n";
    let inventory = parse(text.as_bytes(), &|_| None).unwrap();
    assert_eq!(purl(&inventory, "node@22.0.0"), "pkg:generic/node@22.0.0");
    assert_eq!(inventory.packages[0].scope, Scope::Development);
}

#[test]
fn a_cut_or_unknown_lockfile_is_said() {
    let text = v9();
    for (cut, wanted) in [
        ("\nsnapshots:", "not among the snapshots"),
        ("  react@18.0.0: {}", "not among the snapshots"),
        ("18.0.0:\n    resolution", "middle of a line"),
    ] {
        let error = parse(&text.as_bytes()[..text.find(cut).unwrap()], &|_| None).unwrap_err();
        assert!(error.message.contains(wanted), "{cut}: {error}");
    }
    let cut = text.find("\npackages:").unwrap();
    let short = parse(&text.as_bytes()[..cut], &|_| None).unwrap();
    assert_eq!(short.remarks[0].kind, FindingKind::Broken);
    let unknown = parse(text.replace("'9.0'", "'10.0'").as_bytes(), &|_| None).unwrap();
    assert_eq!((unknown.packages.len(), unknown.remarks[0].kind), (0, FindingKind::UnknownVersion));
    assert!(parse(b"", &|_| None).is_err());
    assert!(parse(b"\n", &|_| None).is_err());
}
