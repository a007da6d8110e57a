//! Version 1.5, read and written as JSON by the `cyclonedx-bom` crate. Its judgement of every document is in the tests, where
//! it does not weigh 300 kB.
//!
//! The crate's XML is not used: it puts `lifecycles` behind `properties`, where the schema has no place for them.

use super::WriteError;
use cyclonedx_bom::models::bom::Bom;
use serde_json::Value;

/// The document as the crate has read it.
pub(super) fn read(document: &Value) -> Result<Bom, WriteError> {
    // Told the version, for the readers of the others would be in the program as well.
    let bom = Bom::parse_from_json_v1_5(&serde_json::to_vec(document)?[..]);
    bom.map_err(|error| WriteError::Crate(error.to_string()))
}

/// The document as the crate writes it, on one line.
pub(super) fn json(bom: Bom) -> Result<Vec<u8>, WriteError> {
    let mut indented = Vec::new();
    bom.output_as_json_v1_5(&mut indented).map_err(|error| WriteError::Crate(error.to_string()))?;
    let document: Value = serde_json::from_slice(&indented)?;
    let mut bytes = serde_json::to_vec(&document)?;
    bytes.push(b'\n');
    Ok(bytes)
}
