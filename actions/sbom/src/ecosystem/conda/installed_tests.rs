use super::*;
use crate::graph::{Origin, Place};

fn found(records: &[&str]) -> Vec<Found> {
    let file = |(index, text): (usize, &&str)| Found {
        place: Place { path: format!("opt/conda/conda-meta/{index}.json"), layer: None },
        bytes: text.as_bytes().to_vec(),
    };
    records.iter().enumerate().map(file).collect()
}

const PYTHON: &str = r#"{"name":"python","version":"3.12.1","build":"h1_0","build_string":"h1_0","channel":"https://conda.anaconda.org/conda-forge/linux-64",
  "subdir":"linux-64","fn":"python-3.12.1-h1_0.conda","url":"https://conda.anaconda.org/conda-forge/linux-64/python-3.12.1-h1_0.conda",
  "md5":"00112233445566778899aabbccddeeff","depends":["libzlib >=1.2","__glibc >=2.17","gone"],"license":"Python-2.0","requested_spec":"python=3.12"}"#;
const ZLIB: &str = r#"{"name":"libzlib","version":"1.2.13","build":"h2_5","channel":"defaults","subdir":"linux-64","fn":"libzlib-1.2.13-h2_5.tar.bz2",
  "depends":[],"license":"Zlib","requested_spec":"None"}"#;

#[test]
fn a_name_stands_for_one_package_of_its_environment() {
    let files = found(&[PYTHON, ZLIB]);
    let inventory = environment(&files.iter().collect::<Vec<_>>());
    let purls: Vec<_> = inventory.packages.iter().map(|package| package.origin.clone()).collect();
    assert_eq!(
        purls,
        [
            "pkg:conda/python@3.12.1?build=h1_0&channel=conda-forge&subdir=linux-64&type=conda",
            "pkg:conda/libzlib@1.2.13?build=h2_5&channel=main&subdir=linux-64&type=tar.bz2",
        ]
        .map(|purl| Origin::Purl(purl.to_owned()))
    );
    let python = &inventory.packages[0];
    assert_eq!((python.needs.as_slice(), python.needs_known), ([1].as_slice(), Knowledge::Incomplete));
    assert_eq!(python.checksums.first().unwrap().algorithm, "MD5");
    assert_eq!((inventory.packages[1].file, inventory.direct), (1, Some(vec![0])));
}

#[test]
fn a_broken_record_is_a_finding_and_hides_no_other() {
    let files = found(&[ZLIB, &PYTHON[..200], "{}", r#"{"name":"a","version":"1","md5":"x"}"#]);
    let inventory = environment(&files.iter().collect::<Vec<_>>());
    assert_eq!((inventory.packages.len(), inventory.remarks.len()), (1, 3));
    assert_eq!(inventory.listing, Knowledge::Incomplete);
    assert_eq!(
        (inventory.remarks[0].path.as_str(), inventory.remarks[0].line),
        ("opt/conda/conda-meta/1.json", Some(2))
    );
}

#[test]
fn only_files_of_a_conda_meta_folder_are_records() {
    for (path, wanted) in [
        ("opt/conda/conda-meta/a-1-0.json", Some("opt/conda/conda-meta/")),
        ("opt/conda/conda-meta/history", None),
        ("opt/conda/conda-meta/x/a.json", None),
        ("my-conda-meta/a.json", None),
    ] {
        assert_eq!(folder(path), wanted, "{path}");
    }
}
