use super::*;
use crate::graph::Knowledge;
use std::collections::BTreeSet;

/// Written by Bundler; see the README beside it.
const REAL: &str = include_str!("../../../tests/ruby/Gemfile.lock");
/// What Bundler's own parser makes of it.
const LISTING: &str = include_str!("../../../tests/ruby/bundler.json");

/// The parts that Bundler 2.5 added, and those that are rare.
const LATER: &str = "\
GIT
  remote: git@git.example.com:team/forked.git
  revision: 0123456789abcdef0123456789abcdef01234567
  tag: v2
  specs:
    forked (2.0.0)

PLUGIN SOURCE
  remote: https://user:secret@plugins.example.com/
  type: s3
  specs:
    plugged (1.0)

GEM
  remote: https://gems.example.com/private/
  specs:
    inner (1.0.0)
      absent (>= 1)
      forked

GEM
  remote: https://rubygems.org/
  specs:
    outer (1.1.0-java)
      inner

PLATFORMS
  java

DEPENDENCIES
  forked!
  inner!
  outer (~> 1.0)
  plugged!
  tzinfo-data

CHECKSUMS
  forked (2.0.0)
  inner (1.0.0) sha256=ab
  outer (1.1.0-java) sha256=cd

RUBY VERSION
   ruby 3.4.1p0

BUNDLED WITH
  2.6.2
";

fn later() -> String {
    LATER.replace("=ab", &format!("={}", "ab".repeat(32))).replace("=cd", &format!("={}", "CD".repeat(32)))
}

fn label(package: &Package) -> String {
    let Origin::Purl(purl) = &package.origin else { return format!("{} own", package.name) };
    purl.clone()
}

#[test]
fn bundler_itself_knows_the_same_gems_and_edges() {
    let inventory = parse(REAL.as_bytes()).unwrap();
    let listing: serde_json::Value = serde_json::from_str(LISTING).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let platform = |package: &Package| match &package.origin {
        Origin::Purl(purl) => purl.split_once("?platform=").map_or("ruby", |(_, rest)| rest).to_owned(),
        _ => "ruby".to_owned(),
    };
    let ours: BTreeSet<_> = inventory
        .packages
        .iter()
        .map(|p| {
            let needs: BTreeSet<_> = p.needs.iter().map(|&need| inventory.packages[need].name.clone()).collect();
            (p.name.clone(), p.version.clone().unwrap(), platform(p), needs)
        })
        .collect();
    let theirs: BTreeSet<_> = listing["specs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|spec| {
            let needs = spec["needs"].as_array().unwrap().iter().map(text).filter(|need| need != "bundler").collect();
            (text(&spec["name"]), text(&spec["version"]), text(&spec["platform"]), needs)
        })
        .collect();
    assert_eq!(ours, theirs);
    let direct: BTreeSet<_> =
        inventory.direct.iter().flatten().map(|&index| inventory.packages[index].name.clone()).collect();
    assert_eq!(direct, listing["direct"].as_array().unwrap().iter().map(text).collect());
    assert_eq!(inventory.listing, Knowledge::Complete);
    assert!(inventory.remarks.is_empty(), "{:?}", inventory.remarks);
}

#[test]
fn a_platform_is_a_qualifier_and_a_need_means_every_variant() {
    let inventory = parse(REAL.as_bytes()).unwrap();
    let of = |name: &str| inventory.packages.iter().find(|p| p.name == name).unwrap();
    let variants: Vec<_> = of("middle").needs.iter().map(|&need| label(&inventory.packages[need])).collect();
    assert_eq!(
        variants,
        [
            "pkg:gem/leaf@1.2.0",
            "pkg:gem/native@0.9.3",
            "pkg:gem/native@0.9.3?platform=arm64-darwin",
            "pkg:gem/native@0.9.3?platform=x86_64-linux"
        ]
    );
    assert_eq!(label(of("own")), "own own");
    assert!(
        label(of("gitgem"))
            .starts_with("pkg:gem/gitgem@0.4.0?vcs_url=git%2Bhttps:%2F%2Fgit.example.com%2Fgitgem.git%40")
    );
    assert_eq!(of("own").line, Some(12));
}

#[test]
fn sources_and_checksums_are_those_of_the_gem() {
    let inventory = parse(later().as_bytes()).unwrap();
    let labels: Vec<_> = inventory.packages.iter().map(label).collect();
    assert_eq!(
        labels,
        [
            "pkg:gem/forked@2.0.0?vcs_url=git%2Bssh:%2F%2Fgit%40git.example.com%2Fteam%2Fforked.git%400123456789abcdef0123456789abcdef01234567",
            "pkg:gem/plugged@1.0?repository_url=https:%2F%2Fplugins.example.com",
            "pkg:gem/inner@1.0.0?repository_url=https:%2F%2Fgems.example.com%2Fprivate",
            "pkg:gem/outer@1.1.0?platform=java",
        ]
    );
    let sums: Vec<_> = inventory.packages[3].checksums.iter().map(|sum| sum.hex.clone()).collect();
    assert_eq!(sums, ["cd".repeat(32)]);
    assert_eq!(inventory.packages[2].needs, [0]);
    assert_eq!(inventory.packages[2].needs_known, Knowledge::Incomplete);
    let remarks: Vec<_> = inventory.remarks.iter().map(|r| r.text.as_str()).collect();
    assert_eq!(
        remarks,
        ["`inner` needs `absent`, which is not in the file", "`tzinfo-data` is asked for and not locked"]
    );
}

#[test]
fn a_section_of_the_future_makes_the_listing_incomplete() {
    let inventory = parse(REAL.replace("PLATFORMS", "SIGNATURES").as_bytes()).unwrap();
    assert_eq!(inventory.packages.len(), 9);
    assert_eq!(inventory.listing, Knowledge::Incomplete);
    assert_eq!(inventory.remarks[0].kind, FindingKind::UnknownVersion);
}

#[test]
fn without_bundled_with_a_cut_shows_in_what_it_left_behind() {
    let text = later();
    let open = &text[..text.find("RUBY VERSION").unwrap()];
    assert_eq!(parse(open.as_bytes()).unwrap().listing, Knowledge::Complete);
    for cut in ["  outer (1.1.0-java) sha256", "  plugged!\n  tzinfo"] {
        let cut = &text[..text.find(cut).unwrap()];
        let inventory = parse(cut.as_bytes()).unwrap();
        assert_eq!(inventory.listing, Knowledge::Incomplete, "{cut}");
        assert_eq!(inventory.remarks.last().unwrap().kind, FindingKind::Broken);
    }
}

#[test]
fn what_bundler_would_not_write_is_refused_with_its_line() {
    for (lock, line, wanted) in [
        ("", 1, "no section DEPENDENCIES"),
        ("GEM\n  specs:\n    a (1)\n", 3, "no section DEPENDENCIES"),
        ("GEM\n  specs:\n    a\n", 3, "no line of a Gemfile.lock"),
        ("GEM\n  specs:\n      a (1)\n", 3, "no line of a Gemfile.lock"),
        ("GEM\n  specs:\n<<<<<<< HEAD\n", 3, "merge conflict"),
        ("GEM\n  specs:\n    / (1)\nDEPENDENCIES\nCHECKSUMS\n  a (1) sha256=xy\n", 6, "no line of a Gemfile.lock"),
    ] {
        let error = parse(lock.as_bytes()).unwrap_err();
        assert_eq!(error.line, line, "{lock}: {error}");
        assert!(error.message.contains(wanted), "{lock}: {error}");
    }
}

#[test]
fn a_file_that_ends_in_the_middle_of_a_line_is_broken_and_its_gems_are_listed() {
    let inventory = parse(b"GEM\n  specs:\n    a (1)\n    b (1)\n\nDEPENDENCIES\n  a").unwrap();
    assert_eq!(inventory.packages.len(), 2);
    assert!(inventory.remarks.iter().any(|remark| remark.kind == FindingKind::Broken && remark.line == Some(7)));
    assert_eq!(inventory.listing, Knowledge::Incomplete);
}

#[test]
fn a_file_that_asks_for_gigabytes_of_edges_is_refused() {
    let variants: String = (0..3000).map(|index| format!("    a (1.0-p{index})\n")).collect();
    let needing: String = (0..3000).map(|index| format!("    b{index} (1.0)\n      a\n")).collect();
    let lock = format!("GEM\n  specs:\n{variants}{needing}\nDEPENDENCIES\n  a\n\nBUNDLED WITH\n   2.6.2\n");
    let error = parse(lock.as_bytes()).unwrap_err();
    assert!(error.message.contains("edges"), "{error}");
}
