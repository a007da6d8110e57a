//! CycloneDX as JSON and XML: 1.6 and 1.7 by our own typed writer, 1.5 judged by the `cyclonedx-bom` crate, which ends there
//! and writes its JSON.
//!
//! Equal graphs give equal bytes: no clock, no random serial number, everything sorted.

mod build;
mod licences;
pub mod model;
mod v1_5;
mod xml;

pub(crate) use build::timestamp;

use crate::graph::Graph;
use model::Bom;
use sha2::{Digest as _, Sha256};

/// Which version of the specification is written. The order is the order of publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpecVersion {
    /// 1.5, for readers that stop there; loses line, layer and licence acknowledgement.
    V1_5,
    /// 1.6 (ECMA-424, first edition), what regulators ask for.
    V1_6,
    /// 1.7 (ECMA-424, second edition).
    V1_7,
}

impl SpecVersion {
    /// The version with this label.
    #[must_use]
    pub fn of(label: &str) -> Option<Self> {
        [Self::V1_5, Self::V1_6, Self::V1_7].into_iter().find(|version| version.label() == label)
    }

    /// As it stands in the document.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::V1_5 => "1.5",
            Self::V1_6 => "1.6",
            Self::V1_7 => "1.7",
        }
    }
}

/// In which syntax the document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// JSON.
    Json,
    /// XML.
    Xml,
}

/// The document could not be written: a fault of this program.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The JSON writer failed.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The XML writer failed.
    #[error(transparent)]
    Xml(#[from] std::io::Error),
    /// The `cyclonedx-bom` crate does not take what we give it.
    #[error("the 1.5 writer refuses the document: {0}")]
    Crate(String),
}

/// The graph as a document on one line, with a newline at its end.
///
/// `timestamp` must come from the input (an image's creation time, `SOURCE_DATE_EPOCH`); without one the document has none.
/// The serial number is a UUID of version 5 over everything but timestamp and serial number: JSON and XML have the same.
///
/// # Errors
/// [`WriteError`].
pub fn write(
    graph: &Graph,
    version: SpecVersion,
    syntax: Syntax,
    timestamp: Option<jiff::Timestamp>,
) -> Result<Vec<u8>, WriteError> {
    let mut bom = build::bom(graph, version);
    let content = serde_json::to_vec(&bom)?;
    bom.serial_number = Some(serial_number(&content));
    bom.metadata.timestamp = timestamp.map(build::timestamp);
    if version != SpecVersion::V1_5 && syntax == Syntax::Json {
        return with_head(content, &bom);
    }
    if version == SpecVersion::V1_5 {
        let read = v1_5::read(&serde_json::to_value(&bom)?)?;
        if syntax == Syntax::Json {
            return v1_5::json(read);
        }
    }
    Ok(xml::write(&bom)?)
}

/// The document whose content is already written without serial number and timestamp, which stand near its start: they are
/// put in there, and the rest is not written a second time.
fn with_head(mut content: Vec<u8>, bom: &Bom<'_>) -> Result<Vec<u8>, WriteError> {
    let head = |serial: &str, timestamp: &str| {
        let version = bom.spec_version;
        format!(
            r#"{{"bomFormat":"CycloneDX","specVersion":"{version}",{serial}"version":{},"metadata":{{{timestamp}"#,
            bom.version
        )
    };
    let member = |name: &str, value: Option<&String>| value.map_or_else(String::new, |v| format!(r#""{name}":"{v}","#));
    let serial = member("serialNumber", bom.serial_number.as_ref());
    let timestamp = member("timestamp", bom.metadata.timestamp.as_ref());
    let written = head("", "");
    if content.starts_with(written.as_bytes()) {
        content.splice(..written.len(), head(&serial, &timestamp).into_bytes());
    } else {
        content = serde_json::to_vec(bom)?;
    }
    content.push(b'\n');
    Ok(content)
}

/// The serial number of a document without serial number and timestamp.
pub(crate) fn serial_number(content: &[u8]) -> String {
    content_id(content).urn().to_string()
}

/// A UUID of version 5 that is the same for the same content and for no other: its name is the content's SHA-256, which
/// processors compute themselves.
pub(crate) fn content_id(content: &[u8]) -> uuid::Uuid {
    let namespace = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, b"https://lockkeeper.dev/sbom");
    uuid::Uuid::new_v5(&namespace, &Sha256::digest(content))
}

#[cfg(test)]
mod tests;
