//! Rust, Go and Java as their own tools know them: programs that were really built, listings that were really printed.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

mod golang;
mod hostile;
mod java;
mod programs;
mod rust;
#[path = "../support/mod.rs"]
mod support;
mod tools;

use sbom::{
    ecosystem::{Found, Place as Where, Sighting, inventories, recognise},
    graph::{Inventory, Origin, Package, Place},
};

/// A file as it would be found.
fn found(path: &str, bytes: &[u8]) -> Found {
    Found { place: Place { path: path.to_owned(), layer: None }, bytes: bytes.to_vec() }
}

/// What is understood of files of a tree.
fn understood(files: &[(&str, Vec<u8>)]) -> Vec<Inventory> {
    let mut sighting = Sighting::default();
    for (path, bytes) in files {
        let candidate =
            sbom::ecosystem::Candidate { path, place: Where::Tree, size: bytes.len() as u64, executable: false };
        sighting.add(recognise(&candidate).unwrap(), found(path, bytes));
    }
    inventories(sighting, Where::Tree, &|_| None)
}

fn purl(package: &Package) -> &str {
    if let Origin::Purl(purl) = &package.origin { purl } else { "" }
}
