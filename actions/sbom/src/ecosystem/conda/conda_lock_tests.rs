use super::*;
use crate::graph::Knowledge;

/// As conda-lock writes it: keys sorted, `version` last.
const LOCK: &str = r#"metadata:
  content_hash:
    linux-64: aa
    osx-64: bb
  platforms:
  - linux-64
  - osx-64
package:
- category: main
  dependencies:
    __glibc: '>=2.17'
    libzlib: '>=1.2'
  hash:
    md5: 00112233445566778899aabbccddeeff
    sha256: SUM
  manager: conda
  name: python
  optional: false
  platform: linux-64
  url: https://conda.anaconda.org/conda-forge/linux-64/python-3.12.1-h1_0.conda
  version: 3.12.1
- category: main
  dependencies: {}
  hash:
    md5: 00112233445566778899aabbccddeeff
  manager: conda
  name: libzlib
  optional: false
  platform: linux-64
  url: https://conda.anaconda.org/conda-forge/linux-64/libzlib-1.2-h2_5.conda
  version: '1.2'
- category: dev
  dependencies:
    Python: '>=3.9'
    gone: ''
  hash:
    sha256: SUM
  manager: pip
  name: Requests.Toolbelt
  optional: true
  platform: linux-64
  url: https://files.pythonhosted.org/packages/r-1.0-py3-none-any.whl
  version: 1.0
- category: docs
  dependencies: {}
  hash:
    sha256: SUM
  manager: pip
  name: forked
  optional: true
  platform: linux-64
  url: git+https://git.example.com/forked.git@0123abc
  version: 0.1.0
- category: main
  dependencies: {}
  hash: {}
  manager: conda
  name: libzlib
  optional: false
  platform: osx-64
  url: https://conda.anaconda.org/conda-forge/osx-64/libzlib-1.2-h3_5.conda
  version: '1.2'
version: 1
"#;

fn lock() -> String {
    LOCK.replace("SUM", &"ab".repeat(32))
}

#[test]
fn what_needs_what_holds_within_one_platform() {
    let inventory = parse(lock().as_bytes()).unwrap();
    let packages: Vec<_> = inventory
        .packages
        .iter()
        .map(|p| (if let Origin::Purl(purl) = &p.origin { purl } else { "own" }, p.scope, p.needs.clone()))
        .collect();
    assert_eq!(
        packages,
        [
            (
                "pkg:conda/python@3.12.1?build=h1_0&channel=conda-forge&subdir=linux-64&type=conda",
                Scope::Required,
                vec![1]
            ),
            (
                "pkg:conda/libzlib@1.2?build=h2_5&channel=conda-forge&subdir=linux-64&type=conda",
                Scope::Required,
                vec![]
            ),
            ("pkg:pypi/requests-toolbelt@1.0", Scope::Development, vec![0]),
            (
                "pkg:pypi/forked@0.1.0?vcs_url=git%2Bhttps:%2F%2Fgit.example.com%2Fforked.git%400123abc",
                Scope::Optional,
                vec![]
            ),
            ("pkg:conda/libzlib@1.2?build=h3_5&channel=conda-forge&subdir=osx-64&type=conda", Scope::Required, vec![]),
        ]
    );
    assert_eq!(inventory.packages[2].needs_known, Knowledge::Incomplete);
    assert_eq!(inventory.packages[0].needs_known, Knowledge::Complete, "what the machine has is no package");
    assert_eq!(inventory.packages[0].checksums.len(), 2);
}

#[test]
fn a_file_cut_off_anywhere_lists_everything_or_is_refused() {
    let lock = lock();
    for end in 0..lock.len() {
        if let Ok(inventory) = parse(&lock.as_bytes()[..end]) {
            assert_eq!(inventory.packages.len(), 5, "{}", &lock[..end]);
        }
    }
}

#[test]
fn where_the_version_stands_first_a_missing_platform_tells_of_a_cut() {
    let lock = lock();
    let first = format!("version: 1\n{}", lock.trim_end().strip_suffix("version: 1").unwrap());
    assert_eq!(parse(first.as_bytes()).unwrap().listing, Knowledge::Complete);
    let cut = &first[..first.rfind("- category").unwrap()];
    let inventory = parse(cut.as_bytes()).unwrap();
    assert_eq!(
        (inventory.listing, inventory.remarks.last().unwrap().kind),
        (Knowledge::Incomplete, FindingKind::Broken)
    );
}

#[test]
fn what_conda_lock_would_not_write_is_refused_and_an_unknown_version_is_a_finding() {
    for text in ["", "version: 1\n", "package: []\n", "version: 1\npackage:\n- name: a\n"] {
        assert!(parse(text.as_bytes()).is_err(), "{text}");
    }
    let inventory = parse(b"version: 2\npackage: []\n").unwrap();
    assert_eq!(inventory.remarks[0].kind, FindingKind::UnknownVersion);
}
