//! What holds for any input: readers never panic, a cut file is never a smaller one, order does not matter.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

use proptest::prelude::*;
use sbom::{
    assemble::{Development, assemble},
    cyclonedx::{SpecVersion, Syntax, write},
    ecosystem::{
        Candidate, Found, Place as Where, Sighting,
        distro::{dpkg, os_release},
        inventories,
        javascript::package_lock as npm,
        python::{
            installed as python_dist, pep508,
            requirements::{self, Files, Missing},
        },
        recognise,
        rust::cargo_lock as cargo,
    },
    graph::{Inventory, Place},
    licence, purl,
};
use std::collections::BTreeSet;

const NOTHING: Files<'static> = Files { read: &|_| None, missing: Missing::Refused };

/// Text that looks enough like the formats to come deep into the readers.
fn fragments() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "[[package]]\n",
        "name = \"a\"\n",
        "version = \"1\"\n",
        "dependencies = [\"a\"]\n",
        "version = 4\n",
        "{",
        "}",
        "\"\":",
        "\"packages\":{",
        "\"lockfileVersion\":3,",
        "\"node_modules/a\":",
        "\"node_modules/a/node_modules/b\":{\"link\":true}",
        "\"dependencies\":{\"a\":\"1\"}",
        "\"requires\":true",
        "Package: a\n",
        "Version: 1\n",
        "Depends: a | b (>= 1), c:any\n",
        "Status: install ok installed\n",
        "\n",
        " folded\n",
        "Name: a\n",
        "pkg:npm/%40a/b@1?c=d&",
        "Requires-Dist: b[x]; extra == 'y'\n",
        "a==1 \\\n",
        "--hash=sha256:00",
        "-r ../x\n",
        "-e git+https://u@h/x#egg=y\n",
        "ID=\"x\"\n",
        ",",
        ":",
        "é",
        "\u{0}",
        "(",
        ")",
        " and ",
    ]);
    prop::collection::vec(words, 0..24).prop_map(|words| words.concat())
}

fn read_all(bytes: &[u8]) {
    let _ = cargo::parse(bytes);
    let _ = npm::parse(bytes, None);
    let _ = python_dist::parse(bytes);
    let _ = os_release::parse(bytes);
    let _ = requirements::read("requirements.txt", bytes, NOTHING);
    if let Ok(stanzas) = dpkg::stanzas(bytes, dpkg::Layout::Parts) {
        let _ = dpkg::inventory(stanzas.into_iter().map(|stanza| (0, stanza)).collect(), None);
    }
    if let Ok(found) = python_dist::parse(bytes) {
        let _ = python_dist::inventory(&[(0, found)], Some("3.11"));
    }
    let text = String::from_utf8_lossy(bytes);
    let _ = pep508::split(&text);
    let _ = pep508::holds(&text, &pep508::Environment::default());
    let _ = licence::normalise(&text);
    let _ = purl::without_credentials(&text);
    let _ = purl::PackageUrl::parse(&text);
    let _ = purl::npm(Some(&text), &text, Some(&text), &[("vcs_url", &text)]);
}

/// A lockfile of `count` crates that need each other as `edges` says.
fn lockfile(count: usize, edges: &[(usize, usize)]) -> String {
    let registry = "registry+https://github.com/rust-lang/crates.io-index";
    let mut text = "version = 4\n".to_owned();
    for index in 0..count {
        text += &format!("\n[[package]]\nname = \"c{index}\"\nversion = \"1.0.{index}\"\n");
        if index > 0 {
            text += &format!("source = \"{registry}\"\nchecksum = \"{}\"\n", "0".repeat(64));
        }
        let needs: BTreeSet<_> =
            edges.iter().filter(|(from, _)| from % count == index).map(|(_, to)| to % count).collect();
        let needs: Vec<_> = needs.into_iter().map(|to| format!(" \"c{to}\",\n")).collect();
        text += &format!("dependencies = [\n{}]\n", needs.concat());
    }
    text
}

fn document(inventories: Vec<Inventory>, version: SpecVersion) -> Vec<u8> {
    write(&assemble(None, inventories, Development::Mark), version, Syntax::Json, None).unwrap()
}

proptest! {
    #[test]
    fn no_reader_panics_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_all(&bytes);
    }

    #[test]
    fn no_reader_panics_on_text_that_looks_right(text in fragments()) {
        read_all(text.as_bytes());
    }

    #[test]
    fn what_is_written_holds_what_was_read(count in 2..12_usize, edges in prop::collection::vec((0..12_usize, 0..12_usize), 0..30)) {
        let mut inventory = cargo::parse(lockfile(count, &edges).as_bytes()).unwrap();
        inventory.files = vec![Place { path: "Cargo.lock".to_owned(), layer: None }];
        let graph = assemble(None, vec![inventory], Development::Mark);
        for version in [SpecVersion::V1_6, SpecVersion::V1_5] {
            let bytes = write(&graph, version, Syntax::Json, None).unwrap();
            let bom: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            let refs: BTreeSet<&str> = bom["components"].as_array().unwrap().iter().filter_map(|c| c["bom-ref"].as_str()).collect();
            prop_assert_eq!(refs, graph.components.keys().map(String::as_str).collect::<BTreeSet<_>>());
            for entry in bom["dependencies"].as_array().unwrap() {
                let to: BTreeSet<String> = entry["dependsOn"].as_array().into_iter().flatten().map(|to| to.as_str().unwrap().to_owned()).collect();
                prop_assert_eq!(&to, &graph.edges[entry["ref"].as_str().unwrap()]);
            }
        }
    }

    #[test]
    fn the_order_in_which_files_are_found_leaves_no_trace(seed in prop::collection::vec(0..1000_usize, 5)) {
        let file = |path: &str, text: &str| Found {
            place: Place { path: path.to_owned(), layer: None }, bytes: text.as_bytes().to_vec(),
        };
        let mut files = vec![
            file("a/Cargo.lock", &lockfile(5, &[(0, 1), (1, 2), (2, 1)])),
            file("b/Cargo.lock", &lockfile(7, &[(0, 3), (3, 1)])),
            file("requirements.txt", "a==1\nb>=2\n"),
            file("var/lib/dpkg/status.d/x", "Package: x\nVersion: 1\nDepends: y\n"),
            file("var/lib/dpkg/status.d/y", "Package: y\nVersion: 1\nDepends: x\n"),
        ];
        let read = |files: &[Found]| {
            let mut sighting = Sighting::default();
            sighting.not_covered(Place { path: "bun.lockb".to_owned(), layer: None }, "Bun");
            for found in files {
                let candidate =
                    Candidate { path: &found.place.path, place: Where::Image, size: 1, executable: false };
                sighting.add(recognise(&candidate).unwrap(), found.clone());
            }
            document(inventories(sighting, Where::Image, &|_| None), SpecVersion::V1_6)
        };
        let straight = read(&files);
        for (index, other) in seed.into_iter().enumerate() {
            files.swap(index, other % 5);
        }
        let turned = read(&files);
        prop_assert_eq!(straight, turned);
    }

    /// A cut `Cargo.lock` is refused, unless it ends with a line and nothing that it names is missing; so is a cut
    /// `package-lock.json`.
    #[test]
    fn a_cut_lockfile_is_refused(at in 0..10_000_usize) {
        let whole = lockfile(6, &[(0, 1), (0, 2), (0, 3), (0, 4), (0, 5)]);
        let cut = &whole[..at % whole.len()];
        if let Ok(inventory) = cargo::parse(cut.as_bytes()) {
            let only_the_project = inventory.packages.len() == 1 && !cut.contains("dependencies");
            prop_assert!(cut.ends_with('\n') && (only_the_project || inventory.packages.len() == 6), "{}", cut);
        }
        let npm = include_bytes!("npm/v3/package-lock.json");
        prop_assert!(npm::parse(&npm[..(at * 7) % (npm.len() - 2)], None).is_err());
    }
}
