//! Promotion v0.1, ours: that an image was copied to a place, with which evidence, under which policy.
//!
//! Schema: `docs/predicates/promotion-v0.1.json`.

use super::{Digested, Predicate, ResourceDescriptor, Run, shape};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// That the subject was copied, bit for bit, and its evidence with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Promotion {
    /// Forward, or back to an earlier image.
    pub mode: Mode,
    /// Where it was.
    pub source: Place,
    /// Where it is now.
    pub destination: Place,
    /// Of which environment that is the way.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The policy that allowed it.
    pub policy: Digested,
    /// The statements that were carried along and found again at the destination: the digests of their envelopes.
    pub evidence: Vec<ResourceDescriptor>,
    /// When the destination had been read back.
    #[serde(deserialize_with = "shape::moment")]
    pub promoted_on: Timestamp,
    /// What did it.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
    /// The workflow run.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
}

/// Forward or back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A newer image.
    Promote,
    /// An image that was there before.
    Rollback,
}

/// A repository, and the tags that name the image there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// `registry/repository`, without tag or digest.
    #[serde(deserialize_with = "shape::text")]
    pub repository: String,
    /// The tags that were read or set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// What did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// A URI.
    #[serde(deserialize_with = "shape::text")]
    pub uri: String,
    /// Its version.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl Predicate for Promotion {
    const TYPE: &'static str = super::PROMOTION;

    fn check(&self) -> Result<(), String> {
        self.evidence.iter().try_for_each(|statement| statement.check("evidence"))
    }

    fn made_on(&self) -> Option<Timestamp> {
        Some(self.promoted_on)
    }
}
