//! CycloneDX: 1.6 by our own typed writer, 1.5 through the `cyclonedx-bom` crate, which ends there.
//!
//! Equal graphs give equal bytes: no clock, no random serial number, everything sorted.

mod build;
pub mod model;
mod v1_5;

use crate::graph::Graph;

/// Which version of the specification is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecVersion {
    /// 1.6 (ECMA-424, first edition), what regulators ask for.
    V1_6,
    /// 1.5, for readers that stop there; loses line, layer and licence acknowledgement.
    V1_5,
}

impl SpecVersion {
    /// As it stands in the document.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::V1_6 => "1.6",
            Self::V1_5 => "1.5",
        }
    }
}

/// In which syntax the document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// JSON.
    Json,
    /// XML; only for 1.5.
    Xml,
}

/// The document could not be written: a fault of this program, or XML asked of 1.6.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The JSON writer failed.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The `cyclonedx-bom` crate does not take what we give it.
    #[error("the 1.5 writer refuses the document: {0}")]
    Crate(String),
    /// XML is written by the crate, which knows 1.5 only.
    #[error("XML is only written for version 1.5")]
    NoXml,
}

/// The graph as a document: JSON on one line and a newline, or XML.
///
/// `timestamp` must come from the input (an image's creation time, `SOURCE_DATE_EPOCH`); without one the document has none.
/// The serial number is a UUID of version 5 over everything but timestamp and serial number.
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
    bom.metadata.timestamp = build::timestamp(timestamp);
    match (version, syntax) {
        (SpecVersion::V1_6, Syntax::Json) => {
            let mut bytes = serde_json::to_vec(&bom)?;
            bytes.push(b'\n');
            Ok(bytes)
        }
        (SpecVersion::V1_6, Syntax::Xml) => Err(WriteError::NoXml),
        (SpecVersion::V1_5, syntax) => v1_5::write(serde_json::to_value(&bom)?, syntax),
    }
}

pub(crate) fn serial_number(content: &[u8]) -> String {
    let namespace = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, b"https://lockkeeper.dev/sbom");
    uuid::Uuid::new_v5(&namespace, content).urn().to_string()
}

#[cfg(test)]
mod tests;
