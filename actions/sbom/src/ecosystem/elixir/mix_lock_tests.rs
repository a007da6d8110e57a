use super::*;

/// Written by Mix; see the README beside it.
const REAL: &[u8] = include_bytes!("../../../tests/beam/mix.lock");

/// Every shape that Hex has written, from `{:hex, name, version}` on.
const LOCK: &str = r#"%{
  "bunt": {:hex, :bunt, "0.1.0"},
  "jason": {:hex, :jason, "1.4.1", "af1504e35f629ddcdd6addb3513c3853991f694921b1b9368b0bd32beb9f1b63", [:mix], [{:decimal, "~> 1.0 or ~> 2.0", [hex: :decimal, repo: "hexpm", optional: true]}, {:eini, "~> 2.2", [hex: :eini_beam, repo: "hexpm", optional: false]}, {:gone, ">= 0.0.0", [hex: :gone, repo: "hexpm", optional: false]}], "hexpm", "FBB01ECDFD565B56261302F7E1FCC27C4FB8F32D56EAB74DB621FC154604A7A1"},
  "eini": {:hex, :eini_beam, "2.2.4", "02143b1dce4dda4243248e7d9b3d8274b8d9f5a666445e3d868e2cce79e4ff22", [:rebar3], [], "hexpm", "12de479d144b19e09bb92ba202a7ea716739929afdf9dff01ad802e2b1508471"},
  "secret": {:hex, :secret, "0.1.0", "00", [:mix], [], "hexpm:acme", nil},
  "local": {:hex, :local, "0.1.0", "00", [:mix], [], "inhouse"},
}
"#;

fn purls(inventory: &Inventory) -> Vec<&str> {
    inventory
        .packages
        .iter()
        .map(|p| match &p.origin {
            Origin::Purl(purl) => purl.as_str(),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn git_dependencies_are_named_by_their_commit() {
    let inventory = parse(REAL).unwrap();
    assert_eq!(
        purls(&inventory),
        [
            "pkg:hex/alpha@38627629b9e99acd284408cb8f137afe752eb0c2?vcs_url=git%2Bhttps:%2F%2Fcode.example.com%2Falpha.git%4038627629b9e99acd284408cb8f137afe752eb0c2",
            "pkg:hex/beta@ca827025503caf04556e15fdefef4ecbdbd28e6f?vcs_url=git%2Bhttps:%2F%2Fcode.example.com%2Fbeta.git%40ca827025503caf04556e15fdefef4ecbdbd28e6f",
        ]
    );
    let beta = &inventory.packages[1];
    assert_eq!((beta.line, beta.needs_known), (Some(3), Knowledge::Unknown));
    assert_eq!(beta.properties["lockkeeper:git:ref"], "v0.1.0");
}

#[test]
fn a_package_is_named_by_what_hex_calls_it_and_needed_by_its_application() {
    let inventory = parse(LOCK.as_bytes()).unwrap();
    assert_eq!(
        purls(&inventory),
        [
            "pkg:hex/bunt@0.1.0",
            "pkg:hex/jason@1.4.1",
            "pkg:hex/eini_beam@2.2.4",
            "pkg:hex/acme/secret@0.1.0",
            "pkg:hex/local@0.1.0?repository=inhouse",
        ]
    );
    let [bunt, jason, eini, ..] = &inventory.packages[..] else { panic!("fewer") };
    assert_eq!(bunt.needs_known, Knowledge::Unknown);
    assert_eq!((jason.needs.as_slice(), jason.needs_known), ([2].as_slice(), Knowledge::Incomplete));
    assert_eq!(
        jason.checksums.first().unwrap().hex,
        "fbb01ecdfd565b56261302f7e1fcc27c4fb8f32d56eab74db621fc154604a7a1"
    );
    assert_eq!(eini.properties["lockkeeper:hex:application"], "eini");
    assert_eq!(inventory.remarks[0].text, "`jason` needs `gone`, which is not in the file");
}

#[test]
fn an_unknown_kind_of_dependency_is_a_finding_and_hides_no_other() {
    let inventory = parse(br#"%{"a": {:hg, "x"}, "b": {:hex, :b, "1.0.0"}}"#).unwrap();
    assert_eq!(inventory.packages.len(), 1);
    assert_eq!(inventory.remarks[0].kind, FindingKind::UnknownVersion);
    assert_eq!(inventory.listing, Knowledge::Incomplete);
}

#[test]
fn what_mix_would_not_write_is_refused_with_its_line() {
    for (lock, line) in [
        ("", 1),
        ("[]", 1),
        ("%{}%{}", 1),
        ("%{\n\"a\": {:hex, :a}}", 2),
        ("%{\n\n\"a\": {:hex, :a, \"1\", \"\", [], [], \"hexpm\", \"short\"}}", 3),
        ("%{\n\"a\": {:git, \"u\"}}", 2),
    ] {
        assert_eq!(parse(lock.as_bytes()).unwrap_err().line, line, "{lock}");
    }
    assert!(parse(b"%{\n}\n").unwrap().packages.is_empty());
}
