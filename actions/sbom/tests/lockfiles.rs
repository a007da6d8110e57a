//! What holds for every lockfile of the smaller ecosystems, through the same door as a scan: readers never panic, and a cut
//! file is a finding or lists what the whole one lists.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

use proptest::prelude::*;
use sbom::{
    ecosystem::{Candidate, Found, Place as Where, Sighting, inventories, recognise},
    graph::{Inventory, Knowledge, Origin, Place},
};
use std::collections::BTreeSet;

/// What a cut leaves in a file.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// The format tells a whole file from a cut one.
    Told,
    /// It does not between two entries; the module's documentation says so.
    Open,
}

struct Sample {
    path: &'static str,
    place: Where,
    text: &'static str,
    end: End,
}

const fn sample(path: &'static str, place: Where, text: &'static str, end: End) -> Sample {
    Sample { path, place, text, end }
}

const SAMPLES: &[Sample] = &[
    sample("Gemfile.lock", Where::Tree, include_str!("ruby/Gemfile.lock"), End::Told),
    sample(
        "usr/lib/ruby/specifications/middle-3.1.4.gemspec",
        Where::Image,
        include_str!("ruby/specifications/middle-3.1.4.gemspec"),
        End::Told,
    ),
    sample("composer.lock", Where::Tree, include_str!("php/composer.lock"), End::Told),
    sample("app/vendor/composer/installed.json", Where::Image, include_str!("php/installed.json"), End::Told),
    sample("mix.lock", Where::Tree, include_str!("beam/mix.lock"), End::Told),
    sample("rebar.lock", Where::Tree, include_str!("beam/rebar.lock"), End::Told),
    sample("one/conan.lock", Where::Tree, include_str!("conan/conan1.lock"), End::Told),
    sample("two/conan.lock", Where::Tree, include_str!("conan/conan2.lock"), End::Told),
    sample(".terraform.lock.hcl", Where::Tree, include_str!("terraform/.terraform.lock.hcl"), End::Open),
    sample(
        "packages.lock.json",
        Where::Tree,
        r#"{"version":1,"dependencies":{"net8.0":{"A":{"type":"Direct","requested":"[1, )","resolved":"1","dependencies":{"B":"2"}},"B":{"type":"Transitive","resolved":"2"},"own":{"type":"Project"}}}}"#,
        End::Told,
    ),
    sample(
        "obj/project.assets.json",
        Where::Tree,
        r#"{"version":3,"targets":{"net8.0":{"A/1":{"type":"package","dependencies":{"B":"2"}},"B/2":{"type":"package"}}},"libraries":{"A/1":{"type":"package"},"B/2":{"type":"package"}},"projectFileDependencyGroups":{"net8.0":["A >= 1"]},"project":{"version":"1","restore":{"projectName":"P"}}}"#,
        End::Told,
    ),
    sample(
        "app/P.deps.json",
        Where::Image,
        r#"{"runtimeTarget":{"name":"t"},"targets":{"t":{"P/1":{"dependencies":{"A":"1"}},"A/1":{}}},"libraries":{"P/1":{"type":"project","sha512":""},"A/1":{"type":"package","sha512":""}}}"#,
        End::Told,
    ),
    sample(
        "packages.config",
        Where::Tree,
        "<?xml version=\"1.0\"?>\n<packages>\n  <package id=\"A\" version=\"1.0\" />\n  <package id=\"B\" version=\"2\" developmentDependency=\"true\" />\n</packages>",
        End::Told,
    ),
    sample(
        "pubspec.lock",
        Where::Tree,
        "packages:\n  a:\n    dependency: \"direct main\"\n    description:\n      name: a\n      url: \"https://pub.dev\"\n    source: hosted\n    version: \"1.0.0\"\n  b:\n    dependency: transitive\n    description: {path: x, resolved-ref: abc, url: \"https://e.com/b\"}\n    source: git\n    version: \"2.0.0\"\nsdks:\n  dart: any\n",
        End::Told,
    ),
    sample(
        "Package.resolved",
        Where::Tree,
        r#"{"pins":[{"identity":"a","kind":"remoteSourceControl","location":"https://e.com/x/a.git","state":{"revision":"ff","version":"1.0.0"}}],"version":2}"#,
        End::Told,
    ),
    sample(
        "Podfile.lock",
        Where::Tree,
        "PODS:\n  - A (1.0):\n    - B/Core (~> 2)\n  - B/Core (2.0)\n\nDEPENDENCIES:\n  - A (from `../A`)\n\nEXTERNAL SOURCES:\n  A:\n    :path: ../A\n\nSPEC CHECKSUMS:\n  A: 00\n\nPODFILE CHECKSUM: 00\n\nCOCOAPODS: 1.15.2\n",
        End::Told,
    ),
    sample(
        "conda-lock.yml",
        Where::Tree,
        "metadata:\n  platforms:\n  - linux-64\npackage:\n- category: main\n  dependencies:\n    b: ''\n  hash: {}\n  manager: conda\n  name: a\n  platform: linux-64\n  url: https://conda.anaconda.org/c/noarch/a-1-0.conda\n  version: '1'\n- dependencies: {}\n  hash: {}\n  manager: pip\n  name: b\n  platform: linux-64\n  url: https://files.pythonhosted.org/b.whl\n  version: '2'\nversion: 1\n",
        End::Told,
    ),
    sample(
        "pixi.lock",
        Where::Tree,
        "version: 6\nenvironments:\n  default:\n    packages:\n      linux-64:\n      - conda: https://e.com/c/noarch/a-1-0.conda\n      - pypi: https://e.com/b.whl\npackages:\n- conda: https://e.com/c/noarch/a-1-0.conda\n  depends:\n  - b\n- pypi: https://e.com/b.whl\n  name: b\n  version: '1'\n  requires_dist:\n  - a[x]>=1 ; python_version > '3'\n",
        End::Told,
    ),
    sample(
        "opt/conda/conda-meta/a-1-0.json",
        Where::Image,
        r#"{"name":"a","version":"1","build":"0","channel":"conda-forge","subdir":"noarch","fn":"a-1-0.conda","depends":["b >=1"],"license":"MIT"}"#,
        End::Told,
    ),
    sample(
        ".github/workflows/ci.yml",
        Where::Tree,
        "jobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4 # v4.1\n      - uses: docker://e.com/a/b:1@sha256:00\n  b:\n    uses: o/r/.github/workflows/x.yml@main\n",
        End::Open,
    ),
    sample(
        "Chart.lock",
        Where::Tree,
        "dependencies:\n- name: a\n  repository: https://e.com/c\n  version: 1.0.0\ndigest: sha256:00\ngenerated: \"2024\"\n",
        End::Told,
    ),
    sample(
        "opt/bitnami/.bitnami_components.json",
        Where::Image,
        r#"{"a":{"arch":"amd64","distro":"debian-12","digest":"00","type":"NAMI","version":"1-0"}}"#,
        End::Told,
    ),
    sample(
        "app/x.cdx.json",
        Where::Image,
        r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"bom-ref":"a","name":"a","purl":"pkg:npm/a@1","components":[{"name":"b","purl":"pkg:npm/b@2"}]}],"dependencies":[{"ref":"a","dependsOn":["a"]}]}"#,
        End::Told,
    ),
    sample(
        "app/x.spdx.json",
        Where::Image,
        r#"{"spdxVersion":"SPDX-2.3","packages":[{"SPDXID":"a","name":"a","externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:npm/a@1"}]}],"relationships":[{"spdxElementId":"a","relationshipType":"CONTAINS","relatedSpdxElement":"a"}]}"#,
        End::Told,
    ),
];

fn read(sample: &Sample, bytes: &[u8]) -> Vec<Inventory> {
    let candidate = Candidate { path: sample.path, place: sample.place, size: 1, executable: false };
    let format = recognise(&candidate).unwrap();
    let mut sighting = Sighting::default();
    let place = Place { path: sample.path.to_owned(), layer: None };
    sighting.add(format, Found { place, bytes: bytes.to_vec() });
    inventories(sighting, sample.place, &|_| None)
}

/// What is listed, and whether that is said to be everything.
fn listed(inventories: &[Inventory]) -> (BTreeSet<String>, bool) {
    let packages = inventories.iter().flat_map(|inventory| &inventory.packages);
    let label = |package: &sbom::graph::Package| match &package.origin {
        Origin::Purl(purl) => purl.clone(),
        _ => format!("own {} {:?}", package.name, package.version),
    };
    (packages.map(label).collect(), inventories.iter().all(|inventory| inventory.listing == Knowledge::Complete))
}

/// Every index that a reader hands on is one of its own packages.
fn is_sound(inventories: &[Inventory]) -> bool {
    inventories.iter().all(|inventory| {
        let within = |index: &usize| *index < inventory.packages.len();
        let packages = &inventory.packages;
        inventory.direct.iter().flatten().all(within)
            && packages.iter().all(|p| p.needs.iter().all(within) && p.within.iter().all(within))
            && packages.iter().all(|p| p.file < inventory.files.len())
    })
}

#[test]
fn every_sample_lists_something_and_nothing_is_left_open() {
    for sample in SAMPLES {
        let inventories = read(sample, sample.text.as_bytes());
        let (packages, complete) = listed(&inventories);
        assert!(!packages.is_empty() && complete && is_sound(&inventories), "{}: {inventories:?}", sample.path);
    }
}

#[test]
fn a_file_cut_off_anywhere_is_a_finding_or_lists_what_the_whole_one_lists() {
    for sample in SAMPLES.iter().filter(|sample| sample.end == End::Told) {
        let (whole, _) = listed(&read(sample, sample.text.as_bytes()));
        for end in 0..sample.text.len() {
            let inventories = read(sample, &sample.text.as_bytes()[..end]);
            let (packages, complete) = listed(&inventories);
            let cut = String::from_utf8_lossy(&sample.text.as_bytes()[..end]);
            assert!(!complete || packages == whole, "{}: {packages:?}\n{cut}", sample.path);
        }
    }
}

/// A change to a file: bytes taken out somewhere, and others put in their place.
fn changes() -> impl Strategy<Value = Vec<(usize, usize, Vec<u8>)>> {
    let words = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        ":",
        ",",
        "\n",
        " ",
        "    ",
        "/",
        "@",
        "#",
        "%",
        "-",
        "(",
        ")",
        "!",
        "=",
        "*a",
        "&a ",
        "<",
        "</packages>",
        "null",
        "-1",
        "1e999",
        "\u{feff}",
        "\u{0}",
        "é",
        "../",
        "://",
        "git+",
        "pkg:",
        "sha256=",
        "[[[[",
        "~>",
    ]);
    let bytes = prop_oneof![
        words.prop_map(|word| word.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..6),
        Just(Vec::new()),
    ];
    prop::collection::vec((any::<usize>(), 0..40_usize, bytes), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_reader_panics_on_a_changed_file(which in 0..SAMPLES.len(), changes in changes()) {
        let sample = &SAMPLES[which];
        let mut bytes = sample.text.as_bytes().to_vec();
        for (at, taken, put) in changes {
            let from = at % (bytes.len() + 1);
            let to = (from + taken).min(bytes.len());
            bytes.splice(from..to, put);
        }
        let inventories = read(sample, &bytes);
        prop_assert!(is_sound(&inventories));
    }

    #[test]
    fn no_reader_panics_on_any_bytes(which in 0..SAMPLES.len(), bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(is_sound(&read(&SAMPLES[which], &bytes)));
    }
}
