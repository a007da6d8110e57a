//! Approval v0.1, ours: that a person said yes or no to a digest for an environment.
//!
//! Schema: `docs/predicates/approval-v0.1.json`.

use super::{Digested, Predicate, Run, shape};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// That a person said yes or no to the subject. It is as good as its signer, who vouches for the person's identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// Who said it.
    pub approver: Person,
    /// What they said.
    pub decision: Decision,
    /// For which environment, such as `production`.
    #[serde(deserialize_with = "shape::text")]
    pub environment: String,
    /// When.
    #[serde(deserialize_with = "shape::moment")]
    pub approved_on: Timestamp,
    /// Until when it holds.
    #[serde(default, deserialize_with = "shape::present_moment", skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<Timestamp>,
    /// What the approver had before them, such as the verdict they were shown.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub approved: Option<Digested>,
    /// In the approver's words.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Who made what is approved, as far as whoever asked for the approval knew.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub authors: Option<Vec<Person>>,
    /// How the signer knows who the approver is.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub identified_by: Option<IdentifiedBy>,
    /// The workflow run that signed.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
}

/// A person on a forge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The number that never changes.
    #[serde(deserialize_with = "shape::text")]
    pub id: String,
    /// The name, which can.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
}

/// A yes or a no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Yes.
    Approved,
    /// No.
    Denied,
}

/// How the signer knows who the approver is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentifiedBy {
    /// The actor in the identity token of the job.
    IdToken,
    /// The review of a deployment, asked of the forge.
    DeploymentReview,
    /// The runner's environment variables, which an earlier step could have overwritten.
    RunnerContext,
}

impl Predicate for Approval {
    const TYPE: &'static str = super::APPROVAL;

    fn check(&self) -> Result<(), String> {
        match self.expires_on {
            Some(end) if end <= self.approved_on => Err("`expiresOn` is not after `approvedOn`".to_owned()),
            _ => Ok(()),
        }
    }

    fn made_on(&self) -> Option<Timestamp> {
        Some(self.approved_on)
    }

    fn expires_on(&self) -> Option<Timestamp> {
        self.expires_on
    }
}
