use super::*;
use crate::graph::Knowledge;

const LOCK: &str = r#"PODS:
  - Alamofire (5.9.1)
  - Firebase/Core (10.0.0):
    - Firebase/CoreOnly
    - FirebaseAnalytics (~> 10.0)
  - Firebase/CoreOnly (10.0.0)
  - Forked (1.0)
  - "GoogleUtilities/NSData+zlib (7.13.3)"
  - Inner (2.0):
    - Alamofire (>= 5)
  - Own (0.1.0):
    - "GoogleUtilities/NSData+zlib"
  - Zipped (3.0)

DEPENDENCIES:
  - Alamofire (~> 5.9)
  - Firebase/Core
  - Forked (from `https://git.example.com/forked.git`, branch `main`)
  - Inner
  - Own (from `../Own`)
  - Zipped (from `https://example.com/z.zip`)

SPEC REPOS:
  https://git.example.com/specs.git:
    - Inner
  trunk:
    - Alamofire
    - Firebase
    - GoogleUtilities

EXTERNAL SOURCES:
  Forked:
    :branch: main
    :git: https://git.example.com/forked.git
  Own:
    :path: "../Own"
  Zipped:
    :http: https://example.com/z.zip

CHECKOUT OPTIONS:
  Forked:
    :commit: 0123456789abcdef0123456789abcdef01234567
    :git: https://git.example.com/forked.git

SPEC CHECKSUMS:
  Alamofire: f36a35757af4587d8e4f4bfa223ad10be2422b8c
  Own: 1234567890123456789012345678901234567890

PODFILE CHECKSUM: 0d3d4ba6ee0b4ae3b2a4b2e9ed2e2a5e2b1c0d9e

COCOAPODS: 1.15.2
"#;

#[test]
fn a_pod_is_named_by_where_it_is_from_and_a_subspec_is_a_subpath() {
    let inventory = parse(LOCK.as_bytes()).unwrap();
    let pods: Vec<_> = inventory
        .packages
        .iter()
        .map(|p| (if let Origin::Purl(purl) = &p.origin { purl } else { "own" }, p.line.unwrap(), p.needs.clone()))
        .collect();
    let forked = "pkg:cocoapods/Forked@1.0?vcs_url=git%2Bhttps:%2F%2Fgit.example.com%2Fforked.git%400123456789abcdef0123456789abcdef01234567";
    assert_eq!(
        pods,
        [
            ("pkg:cocoapods/Alamofire@5.9.1", 2, vec![]),
            ("pkg:cocoapods/Firebase@10.0.0#Core", 3, vec![2]),
            ("pkg:cocoapods/Firebase@10.0.0#CoreOnly", 6, vec![]),
            (forked, 7, vec![]),
            ("pkg:cocoapods/GoogleUtilities@7.13.3#NSData%2Bzlib", 8, vec![]),
            ("pkg:cocoapods/Inner@2.0?repository_url=https:%2F%2Fgit.example.com%2Fspecs.git", 9, vec![0]),
            ("own", 11, vec![4]),
            ("pkg:cocoapods/Zipped@3.0?download_url=https:%2F%2Fexample.com%2Fz.zip", 13, vec![]),
        ]
    );
    assert_eq!(inventory.direct, Some(vec![0, 1, 3, 5, 6, 7]));
    assert_eq!(inventory.packages[1].needs_known, Knowledge::Incomplete);
    let sum = &inventory.packages[6].properties["lockkeeper:cocoapods:spec-checksum"];
    assert_eq!(sum, "1234567890123456789012345678901234567890");
    assert_eq!(inventory.remarks.len(), 1);
}

#[test]
fn a_file_cut_off_anywhere_lists_everything_or_is_refused() {
    for end in 0..LOCK.len() {
        if let Ok(inventory) = parse(&LOCK.as_bytes()[..end]) {
            assert_eq!((inventory.packages.len(), inventory.direct.unwrap().len()), (8, 6), "{}", &LOCK[..end]);
        }
    }
}

#[test]
fn what_cocoapods_would_not_write_is_refused_with_its_line() {
    for (lock, line) in [("", 1), ("PODS:\n  - A\n\nCOCOAPODS: 1.0\n", 2), ("PODS: 1\nCOCOAPODS: 1.0\n", 1)] {
        assert_eq!(parse(lock.as_bytes()).unwrap_err().line, line, "{lock}");
    }
}
