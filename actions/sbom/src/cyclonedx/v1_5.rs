//! Version 1.5, read, validated and written by the `cyclonedx-bom` crate.

use super::{Syntax, WriteError};
use cyclonedx_bom::{models::bom::Bom, validation::Validate as _};
use serde_json::Value;

/// The document as the crate writes it.
pub(super) fn write(document: Value, syntax: Syntax) -> Result<Vec<u8>, WriteError> {
    let refused = |why: &dyn std::fmt::Display| WriteError::Crate(why.to_string());
    let bom = Bom::parse_json_value(document).map_err(|error| refused(&error))?;
    let verdict = bom.validate();
    if !verdict.passed() {
        return Err(WriteError::Crate(format!("{:?}", verdict.errors().next())));
    }
    let mut bytes = Vec::new();
    match syntax {
        Syntax::Json => {
            bom.output_as_json_v1_5(&mut bytes).map_err(|error| refused(&error))?;
            bytes.push(b'\n');
        }
        Syntax::Xml => bom.output_as_xml_v1_5(&mut bytes).map_err(|error| refused(&error))?,
    }
    Ok(bytes)
}
