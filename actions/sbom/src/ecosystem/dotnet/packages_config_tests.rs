use super::*;
use crate::graph::Origin;

const CONFIG: &str = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<packages>\n  <!-- what for -->\n  <package id=\"Newtonsoft.Json\" version=\"13.0.1\" targetFramework=\"net472\" />\n  <package id=\"StyleCop\" version=\"1.0.0-beta&amp;x\" developmentDependency=\"true\"></package>\n</packages>\n";

#[test]
fn every_package_is_listed_and_needs_are_unknown() {
    let inventory = parse(CONFIG.as_bytes()).unwrap();
    let packages = &inventory.packages;
    assert_eq!(packages[0].origin, Origin::Purl("pkg:nuget/Newtonsoft.Json@13.0.1".to_owned()));
    assert_eq!(
        (packages[0].line, packages[0].scope, packages[0].needs_known),
        (Some(4), Scope::Required, Knowledge::Unknown)
    );
    assert_eq!((packages[1].version.as_deref(), packages[1].scope), (Some("1.0.0-beta&x"), Scope::Development));
    assert_eq!((packages.len(), inventory.direct), (2, None));
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    let text = CONFIG.trim_start_matches('\u{feff}').trim_end();
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        assert!(parse(&text.as_bytes()[..end]).is_err(), "{}", &text[..end]);
    }
}

#[test]
fn what_nuget_would_not_write_is_refused_with_its_line() {
    for (text, line) in [
        ("<project/>", 1),
        ("<packages>\n<package version='1'/></packages>", 2),
        ("<packages>\n<package id='a'/></packages>", 2),
        ("<packages>\n<package id='a' version='&bomb;'/></packages>", 2),
        ("<packages></wrong>", 1),
    ] {
        assert_eq!(parse(text.as_bytes()).unwrap_err().line, line, "{text}");
    }
}
