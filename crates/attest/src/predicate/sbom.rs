//! Bills of materials: whole documents of CycloneDX and SPDX as predicates. Only what says what they are and when they
//! were made is typed here; the documents have schemas of their own.

use super::{Predicate, shape};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// <https://cyclonedx.org/specification/overview>, 1.2 to 1.7.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CycloneDx {
    /// `CycloneDX`.
    pub bom_format: String,
    /// `1.6`.
    #[serde(deserialize_with = "shape::text")]
    pub spec_version: String,
    /// About the document.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub metadata: Option<CycloneDxMetadata>,
}

/// About the document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CycloneDxMetadata {
    /// When it was made.
    #[serde(default, deserialize_with = "shape::present_moment", skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
}

impl Predicate for CycloneDx {
    const TYPE: &'static str = super::CYCLONEDX;

    fn is_named(uri: &str) -> bool {
        versioned(uri, Self::TYPE)
    }

    fn check(&self) -> Result<(), String> {
        if self.bom_format == "CycloneDX" { Ok(()) } else { Err("`bomFormat` is not `CycloneDX`".to_owned()) }
    }

    fn made_on(&self) -> Option<Timestamp> {
        self.metadata.as_ref()?.timestamp
    }
}

/// SPDX 2: <https://spdx.github.io/spdx-spec/v2.3/>.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spdx {
    /// `SPDX-2.3`.
    pub spdx_version: String,
    /// About the document.
    pub creation_info: SpdxCreationInfo,
}

/// About the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpdxCreationInfo {
    /// When it was made.
    #[serde(deserialize_with = "shape::moment")]
    pub created: Timestamp,
}

impl Predicate for Spdx {
    const TYPE: &'static str = super::SPDX;

    fn is_named(uri: &str) -> bool {
        versioned(uri, Self::TYPE)
    }

    fn check(&self) -> Result<(), String> {
        if self.spdx_version.starts_with("SPDX-2.") { Ok(()) } else { Err("`spdxVersion` is not SPDX 2".to_owned()) }
    }

    fn made_on(&self) -> Option<Timestamp> {
        Some(self.creation_info.created)
    }
}

/// `base`, or `base/v2.3`: some writers put the document's version behind the type.
fn versioned(uri: &str, base: &str) -> bool {
    uri.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with("/v"))
}
