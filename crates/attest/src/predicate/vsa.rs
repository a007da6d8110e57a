//! Verification summary v1: <https://slsa.dev/spec/v1.0/verification_summary>.

use super::{Predicate, ResourceDescriptor, shape};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A policy's verdict about the subject, so that the next reader need not judge the same evidence again.
///
/// A reader believes it only from signers it knows for this `verifier.id` (specification, "How to verify").
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vsa {
    /// Who judged.
    pub verifier: Verifier,
    /// When.
    #[serde(deserialize_with = "shape::moment")]
    pub time_verified: Timestamp,
    /// For which place the verdict holds, such as the repository it may be copied to.
    #[serde(deserialize_with = "shape::text")]
    pub resource_uri: String,
    /// By which policy.
    pub policy: ResourceDescriptor,
    /// Every statement the verdict rests on, or none at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub input_attestations: Vec<ResourceDescriptor>,
    /// The verdict.
    pub verification_result: VerificationResult,
    /// What was shown: levels of SLSA, or words of our own that do not begin with `SLSA_`; `FAILED` alone after a no.
    pub verified_levels: Vec<String>,
    /// The version of the specification that the levels are of.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub slsa_version: Option<String>,
}

/// Who judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verifier {
    /// A URI.
    #[serde(deserialize_with = "shape::text")]
    pub id: String,
    /// The versions of its parts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub version: BTreeMap<String, String>,
}

/// A yes or a no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum VerificationResult {
    /// Yes.
    Passed,
    /// No.
    Failed,
}

impl Predicate for Vsa {
    const TYPE: &'static str = super::VSA;

    fn check(&self) -> Result<(), String> {
        self.policy.check("policy")?;
        self.input_attestations.iter().try_for_each(|input| input.check("inputAttestations"))?;
        let failed = self.verified_levels == ["FAILED"];
        match self.verification_result {
            VerificationResult::Failed if !failed => Err("`verifiedLevels` of a no is `FAILED` alone".to_owned()),
            VerificationResult::Passed if self.verified_levels.iter().any(|level| level == "FAILED") => {
                Err("`verifiedLevels` of a yes holds `FAILED`".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn made_on(&self) -> Option<Timestamp> {
        Some(self.time_verified)
    }
}
