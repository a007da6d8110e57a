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
    bom.serial_number = Some(serial_number(&serde_json::to_vec(&bom)?));
    bom.metadata.timestamp = timestamp.map(build::timestamp);
    if version == SpecVersion::V1_5 {
        let checked = v1_5::checked(serde_json::to_value(&bom)?)?;
        if syntax == Syntax::Json {
            return v1_5::json(checked);
        }
    }
    match syntax {
        Syntax::Json => {
            let mut bytes = serde_json::to_vec(&bom)?;
            bytes.push(b'\n');
            Ok(bytes)
        }
        Syntax::Xml => Ok(xml::write(&bom)?),
    }
}

/// The serial number of a document without serial number and timestamp.
pub(crate) fn serial_number(content: &[u8]) -> String {
    content_id(content).urn().to_string()
}

/// A UUID of version 5 that is the same for the same content and for no other.
pub(crate) fn content_id(content: &[u8]) -> uuid::Uuid {
    let namespace = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, b"https://lockkeeper.dev/sbom");
    uuid::Uuid::new_v5(&namespace, content)
}

#[cfg(test)]
mod tests;
