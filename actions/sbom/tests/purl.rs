//! The purl specification's test suite: what it builds, what it reads, what it refuses.

#![expect(clippy::unwrap_used, reason = "a step of a test that fails is a test that fails")]

use sbom::purl::{PackageUrl, Purl};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The cases of the specification's suite that are not met, and why. Both contradict another case of the same suite: `parse`
/// shall fail for a key in capitals, and `validate` of the same text succeed. The specification's "How to parse a PURL" decides:
/// "the key is the lowercase left side".
const EXCEPTIONS: [(&str, &str, &str); 2] = [
    ("parse", "pkg:gem/jruby-launcher@1.1.2?Platform=java", "a key in capitals, which `validate` accepts"),
    (
        "parse",
        "pkg:Rpm/fedora/curl@7.50.3-1.fc25?Arch=i386&Distro=fedora-25",
        "keys in capitals, which `validate` accepts",
    ),
];

/// The canonical purl of a text, or of an object of parts.
fn canonical(input: &Value) -> Option<String> {
    if let Some(text) = input.as_str() {
        return PackageUrl::parse(text).ok().map(|purl| purl.to_string());
    }
    let part = |name: &str| input[name].as_str().unwrap_or_default();
    let purl = Purl::new(part("type"), part("name"));
    let purl = purl.namespace(part("namespace")).version(part("version")).subpath(part("subpath"));
    let qualifiers = input["qualifiers"].as_object().into_iter().flatten();
    qualifiers.fold(purl, |purl, (key, value)| purl.qualifier(key, value.as_str().unwrap())).build()
}

/// Whether we make of a case what the suite does: the text to the letter, the parts by their canonical text.
fn is_met(case: &&Value) -> bool {
    if case["expected_failure"] == true {
        return canonical(&case["input"]).is_none();
    }
    let wanted = case["expected_output"].as_str().map(str::to_owned).or_else(|| canonical(&case["expected_output"]));
    wanted.is_some() && canonical(&case["input"]) == wanted
}

/// Every JSON file of a folder.
fn cases(folder: &Path) -> Vec<Value> {
    let files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let read = |path: &PathBuf| serde_json::from_slice::<Value>(&fs::read(path).unwrap()).unwrap();
    files.iter().flat_map(|path| read(path)["tests"].as_array().unwrap().clone()).collect()
}

#[test]
fn the_whole_suite_of_the_specification_passes() {
    let suite = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools").join("purl-spec/tests");
    if !suite.exists() {
        eprintln!("\n!!! SKIPPED: no checkout of package-url/purl-spec in target/tools/purl-spec\n");
        return;
    }
    let cases = [cases(&suite.join("spec")), cases(&suite.join("types"))].concat();
    assert!(cases.len() >= 586, "only {} cases", cases.len());
    let unmet: BTreeSet<(&str, &str)> = cases
        .iter()
        .filter(|case| !is_met(case))
        .map(|case| (case["test_type"].as_str().unwrap(), case["input"].as_str().unwrap()))
        .collect();
    assert_eq!(unmet, EXCEPTIONS.map(|(kind, input, _)| (kind, input)).into(), "not met");
    for (_, input, why) in EXCEPTIONS {
        let same = |case: &&Value| case["test_type"] == "validate" && case["input"] == input;
        assert!(is_met(&cases.iter().find(same).unwrap()), "{input} is no contradiction any more: {why}");
    }
    println!("{} cases", cases.len());
}

#[test]
fn the_suite_that_is_shipped_with_a_library_passes() {
    let suite: Vec<Value> = serde_json::from_slice(include_bytes!("purl/suite.json")).unwrap();
    assert_eq!(suite.len(), 32);
    for case in &suite {
        let wanted = case["canonical_purl"].as_str().filter(|_| case["is_invalid"] == false);
        // Older than version 1.0 of the specification, which encodes a slash in a qualifier's value.
        let wanted = wanted.map(|wanted| wanted.replace("=repo.spring.io/release", "=repo.spring.io%2Frelease"));
        assert_eq!(canonical(&case["purl"]), wanted, "{case}");
        assert_eq!(wanted.as_ref().and_then(|_| canonical(case)), wanted, "{case}");
        assert_eq!(wanted.as_ref().and_then(|purl| canonical(&purl.as_str().into())), wanted, "not stable: {case}");
    }
}

#[test]
fn what_is_printed_is_read_again_in_the_same_parts() {
    let purl: PackageUrl<'static> = "pkg:npm/@scope/Name@1.0+b?Vcs_Url=git%2Bhttps://h/%C3%A9#/a/./b/".parse().unwrap();
    assert_eq!(purl.to_string(), "pkg:npm/%40scope/Name@1.0%2Bb?vcs_url=git%2Bhttps:%2F%2Fh%2F%C3%A9#a/b");
    assert_eq!((purl.ty(), purl.namespace(), purl.name()), ("npm", Some("@scope"), "Name"));
    assert_eq!((purl.version(), purl.qualifier("vcs_url")), (Some("1.0+b"), Some("git+https://h/é")));
    assert_eq!(PackageUrl::parse(&purl.to_string()), Ok(purl));
}
