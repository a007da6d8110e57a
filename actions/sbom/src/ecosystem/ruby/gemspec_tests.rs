use super::*;
use crate::graph::{Licence, Place};
use std::collections::BTreeSet;

/// What RubyGems itself says of the folder; see the README beside it.
const LISTING: &str = include_str!("../../../tests/ruby/rubygems.json");

/// Written by RubyGems when it installed these gems.
const REAL: &[(&str, &str)] = &[
    ("circular-a-1.0.0.gemspec", include_str!("../../../tests/ruby/specifications/circular-a-1.0.0.gemspec")),
    ("devtool-0.1.0.gemspec", include_str!("../../../tests/ruby/specifications/devtool-0.1.0.gemspec")),
    ("leaf-1.2.0.gemspec", include_str!("../../../tests/ruby/specifications/leaf-1.2.0.gemspec")),
    ("middle-3.1.4.gemspec", include_str!("../../../tests/ruby/specifications/middle-3.1.4.gemspec")),
    (
        "native-0.9.3-x86_64-linux.gemspec",
        include_str!("../../../tests/ruby/specifications/native-0.9.3-x86_64-linux.gemspec"),
    ),
];

fn found(files: &[(&str, &str)]) -> Vec<Found> {
    let file = |(name, text): &(&str, &str)| Found {
        place: Place { path: format!("usr/lib/ruby/specifications/{name}"), layer: None },
        bytes: text.as_bytes().to_vec(),
    };
    files.iter().map(file).collect()
}

#[test]
fn rubygems_itself_knows_the_same_gems_and_edges() {
    let files = found(REAL);
    let inventory = installed(&files.iter().collect::<Vec<_>>());
    let listing: serde_json::Value = serde_json::from_str(LISTING).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let ours: BTreeSet<_> = inventory
        .packages
        .iter()
        .map(|p| {
            let needs: BTreeSet<_> = p.needs.iter().map(|&need| inventory.packages[need].name.clone()).collect();
            assert_eq!(p.licences, BTreeSet::from([Licence::Id("MIT".to_owned())]));
            let Origin::Purl(purl) = &p.origin else { panic!("own") };
            let platform = purl.split_once("?platform=").map_or("ruby", |(_, platform)| platform);
            (p.name.clone(), p.version.clone().unwrap(), platform.to_owned(), needs)
        })
        .collect();
    // Bundler is installed elsewhere.
    let theirs: BTreeSet<_> = listing
        .as_array()
        .unwrap()
        .iter()
        .map(|spec| {
            let needs = spec["needs"].as_array().unwrap().iter().map(text).filter(|need| need != "bundler").collect();
            (text(&spec["name"]), text(&spec["version"]), text(&spec["platform"]), needs)
        })
        .collect();
    assert_eq!(ours, theirs);
    let middle = inventory.packages.iter().find(|p| p.name == "middle").unwrap();
    assert_eq!((middle.file, middle.needs_known), (3, Knowledge::Incomplete));
    assert_eq!(middle.publisher.as_deref(), Some("Lockkeeper"));
}

#[test]
fn of_several_versions_the_highest_that_is_allowed_is_needed() {
    let gem = |name: &str, version: &str, needs: &str| {
        format!("Gem::Specification.new do |s|\n  s.name = \"{name}\"\n  s.version = \"{version}\"\n{needs}end\n")
    };
    let needs = "  s.add_dependency(%q<rack>.freeze, [\"~> 2.0\", \"!= 2.9\"])\n";
    let texts = [
        gem("a", "1", needs),
        gem("rack", "2.1", ""),
        gem("rack", "2.8", ""),
        gem("rack", "2.9", ""),
        gem("rack", "3.0", ""),
    ];
    let files: Vec<_> = texts.iter().map(|text| ("x.gemspec", text.as_str())).collect();
    let files = found(&files);
    let inventory = installed(&files.iter().collect::<Vec<_>>());
    assert_eq!(inventory.packages[0].needs, [2]);
}

#[test]
fn a_broken_gemspec_is_a_finding_and_hides_no_other() {
    let cut = REAL[3].1.trim_end().strip_suffix("end").unwrap().trim_end().strip_suffix("end").unwrap();
    let computed = "Gem::Specification.new do |s|\n  s.name = NAME\n  s.version = VERSION\nend\n";
    let files = found(&[REAL[2], ("cut.gemspec", cut), ("computed.gemspec", computed), ("bytes.gemspec", "\u{0}")]);
    let inventory = installed(&files.iter().collect::<Vec<_>>());
    assert_eq!(inventory.packages.len(), 1);
    assert_eq!(inventory.listing, Knowledge::Incomplete);
    let remarks: Vec<_> = inventory.remarks.iter().map(|r| (r.path.rsplit('/').next().unwrap(), r.kind)).collect();
    let broken = FindingKind::Broken;
    assert_eq!(remarks, [("cut.gemspec", broken), ("computed.gemspec", broken), ("bytes.gemspec", broken)]);
}

#[test]
fn only_files_of_a_specifications_folder_are_gemspecs_of_what_is_installed() {
    for (path, wanted) in [
        ("usr/lib/ruby/gems/3.1.0/specifications/rake-13.gemspec", Some("usr/lib/ruby/gems/3.1.0/specifications/")),
        ("specifications/default/json-2.gemspec", Some("specifications/")),
        ("usr/lib/ruby/gems/3.1.0/gems/rake-13/rake.gemspec", None),
        ("my-specifications/rake.gemspec", None),
        ("specifications/other/rake.gemspec", None),
    ] {
        assert_eq!(folder(path), wanted, "{path}");
    }
}
