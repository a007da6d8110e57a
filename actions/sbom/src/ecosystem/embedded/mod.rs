//! Bills of materials that an image carries itself: Bitnami's list of components, and CycloneDX and SPDX documents.
//!
//! Only in images. In a source tree such a document is something the project has made, ours among them, not something it
//! contains.

pub mod bitnami;
pub mod document;

use super::{Candidate, Format, Found, ParseError, Place, Reads};
use crate::graph::Inventory;

/// The formats of embedded lists.
pub const FORMATS: &[Format] = &[
    Format {
        name: "Bitnami components",
        claims: |file| file.place == Place::Image && file.file_name() == ".bitnami_components.json",
        reads: Reads::Alone(|found| bitnami::parse(&found.bytes).map(|inventory| vec![inventory])),
    },
    Format { name: "embedded bill of materials", claims: is_document, reads: Reads::Alone(read) },
];

/// `x.cdx.json`, `x.spdx.json`, and `.spdx-x.spdx` as Bitnami calls its JSON documents.
fn is_document(file: &Candidate<'_>) -> bool {
    let name = file.file_name();
    let bitnami = name.starts_with(".spdx-") && name.ends_with(".spdx") && file.path.starts_with("opt/bitnami/");
    file.place == Place::Image && (name.ends_with(".cdx.json") || name.ends_with(".spdx.json") || bitnami)
}

/// Marks that somebody else has said so, and where.
fn read(found: &Found) -> Result<Vec<Inventory>, ParseError> {
    let mut inventory = document::parse(&found.bytes)?;
    for package in &mut inventory.packages {
        package.properties.insert("lockkeeper:embedded-sbom", found.place.path.clone());
    }
    Ok(vec![inventory])
}

#[cfg(test)]
#[path = "embedded_tests.rs"]
mod tests;
