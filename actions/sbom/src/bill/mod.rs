//! A bill of materials as somebody wrote it: CycloneDX 1.4 to 1.7 or SPDX 2.3, JSON, ours or another tool's.
//!
//! Every check reads the document and not this program's memory of it, so that what is judged is what is shipped. Reading
//! is tolerant of what it does not know and bounded in size ([`LARGEST`]), depth (of the JSON parser) and count.

mod cyclonedx;
mod key;
mod route;
mod spdx;

pub use key::{Key, purl_version};
pub use route::Routes;

use crate::{graph::Licence, purl::PackageUrl};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The largest document that is read, in bytes: three times the largest SBOM statement that registries are known to take.
pub const LARGEST: usize = 64 << 20;
/// More components than this are refused.
const MOST_PARTS: usize = 500_000;

/// What a document is written in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// CycloneDX with its version, such as `1.6`.
    CycloneDx(String),
    /// SPDX with its version, such as `2.3`.
    Spdx(String),
}

impl std::fmt::Display for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::CycloneDx(version) => write!(f, "CycloneDX {version}"),
            Self::Spdx(version) => write!(f, "SPDX {version}"),
        }
    }
}

/// A document that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Bill {
    /// What it is written in.
    pub form: Form,
    /// About the document itself.
    pub about: About,
    /// What it describes: a key of `parts`.
    pub root: Option<String>,
    /// Everything it lists and what it describes, by bom-ref or SPDXID.
    pub parts: BTreeMap<String, Part>,
    /// What needs what; a part without an entry has unknown needs.
    pub edges: BTreeMap<String, BTreeSet<String>>,
    /// What the document says of the completeness of a part's needs (CycloneDX compositions).
    pub completeness: BTreeMap<String, String>,
}

/// About the document itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// CycloneDX `serialNumber`, SPDX `documentNamespace`.
    pub serial: Option<String>,
    /// The document's own version, counted by its author.
    pub version: Option<u64>,
    /// When it was last changed, as it stands there.
    pub timestamp: Option<String>,
    /// People and organisations that made it; no tools.
    pub authors: Vec<Party>,
    /// Tools that made it, each with its version.
    pub tools: Vec<(String, Option<String>)>,
    /// In which phase of the product's life it was made.
    pub lifecycles: Vec<String>,
    /// Whether the document holds a signature of its own.
    pub signed: bool,
}

/// A person or an organisation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Party {
    /// Its name; may be empty.
    pub name: String,
    /// Whether there is an e-mail address or a URL.
    pub reachable: bool,
}

/// One thing that a document lists.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Part {
    /// CycloneDX's component type, such as `library`.
    pub kind: String,
    /// The group or npm scope.
    pub group: Option<String>,
    /// The name without the group.
    pub name: String,
    /// The version.
    pub version: Option<String>,
    /// The purl, where it is one.
    pub purl: Option<PackageUrl<'static>>,
    /// Whether it has another identifier: CPE, SWID, SWHID, gitoid.
    pub other_identifier: bool,
    /// Its licences; more than one means all of them.
    pub licences: BTreeSet<Licence>,
    /// Whether a licence is said to be concluded by the document's author.
    pub concluded: bool,
    /// Algorithm in CycloneDX's spelling, and lowercase hexadecimal digits.
    pub hashes: BTreeSet<(String, String)>,
    /// Who makes it.
    pub producer: Option<Party>,
    /// Whether it is left out of the product: scope `excluded`, a development dependency.
    pub excluded: bool,
    /// The paths it was found at.
    pub places: BTreeSet<String>,
    /// Name and value facts.
    pub properties: BTreeMap<String, String>,
    /// Whether a SHA-512 of what is distributed is given.
    pub distribution_hash: bool,
}

impl Part {
    /// Group and name, as a person writes them.
    #[must_use]
    pub fn full_name(&self) -> String {
        let separator = if self.purl.as_ref().is_some_and(|purl| purl.ty() == "maven") { ":" } else { "/" };
        let group = self.group.as_ref().filter(|group| !group.is_empty());
        group.map_or_else(|| self.name.clone(), |group| format!("{group}{separator}{}", self.name))
    }

    /// Name and version, as a person writes them.
    #[must_use]
    pub fn label(&self) -> String {
        let name = self.full_name();
        self.version.as_ref().map_or_else(|| name.clone(), |version| format!("{name}@{version}"))
    }

    /// Whether somebody else makes it: a package with a purl, or a library. What is described itself, its own parts and
    /// the system it runs on are not.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        match self.kind.as_str() {
            "operating-system" | "file" => false,
            "application" | "container" => self.purl.is_some(),
            _ => true,
        }
    }

    /// The licences in words.
    #[must_use]
    pub fn licence_names(&self) -> Vec<String> {
        self.licences.iter().map(|licence| licence.text().to_owned()).collect()
    }
}

impl Bill {
    /// Reads a document.
    ///
    /// # Errors
    /// [`BillError`].
    pub fn read(bytes: &[u8]) -> Result<Self, BillError> {
        if bytes.len() > LARGEST {
            return Err(BillError::TooLarge { bytes: bytes.len() });
        }
        let shape: Shape = serde_json::from_slice(bytes)?;
        let bill = match (shape.bom_format.as_deref(), shape.spdx_version.as_deref()) {
            (Some("CycloneDX"), None) => match shape.spec_version.as_deref() {
                Some("1.4" | "1.5" | "1.6" | "1.7") => cyclonedx::read(bytes)?,
                other => return Err(BillError::Version(format!("CycloneDX {}", other.unwrap_or("without a version")))),
            },
            (None, Some("SPDX-2.2" | "SPDX-2.3")) => spdx::read(bytes)?,
            (None, Some(other)) => return Err(BillError::Version(other.chars().take(40).collect())),
            _ => return Err(BillError::NoBill),
        };
        if bill.parts.len() > MOST_PARTS {
            return Err(BillError::TooMany { count: bill.parts.len() });
        }
        Ok(bill)
    }

    /// Everything but what the document describes.
    pub fn listed(&self) -> impl Iterator<Item = (&String, &Part)> {
        self.parts.iter().filter(|(reference, _)| Some(*reference) != self.root.as_ref())
    }

    /// What the document describes.
    #[must_use]
    pub fn subject(&self) -> Option<&Part> {
        self.root.as_ref().and_then(|root| self.parts.get(root))
    }
}

/// The members that tell the formats apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    bom_format: Option<String>,
    spec_version: Option<String>,
    spdx_version: Option<String>,
}

/// A document is not one that can be read.
#[derive(Debug, thiserror::Error)]
pub enum BillError {
    /// More than [`LARGEST`].
    #[error("{bytes} bytes are more than the {} MiB that are read", LARGEST >> 20)]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// More components than anybody has.
    #[error("{count} components are more than the {MOST_PARTS} that are read")]
    TooMany {
        /// How many it has.
        count: usize,
    },
    /// Not JSON, cut off, or with a value of the wrong type.
    #[error("not a well-formed document: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Another version of a known format.
    #[error("{0} is not read; CycloneDX 1.4 to 1.7 and SPDX 2.3 are")]
    Version(String),
    /// Something else.
    #[error("neither a CycloneDX nor an SPDX document in JSON")]
    NoBill,
}

/// A free reference for a part that has none, or one that is taken.
fn unique(parts: &BTreeMap<String, Part>, wanted: Option<String>) -> String {
    let base = wanted.unwrap_or_else(|| format!("part:{}", parts.len()));
    if !parts.contains_key(&base) {
        return base;
    }
    // The count grows with every part, so the second try is free unless somebody chose such a name on purpose.
    let mut number = parts.len();
    loop {
        let next = format!("{base}#{number}");
        if !parts.contains_key(&next) {
            return next;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests;
