//! Revocation v0.1, ours: that an image, or statements about it, must not be used any more.
//!
//! Schema: `docs/predicates/revocation-v0.1.json`.

use super::{Digested, Predicate, Run, shape};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// That the subject must not be used any more; or, where statements are named, that only these hold no longer.
///
/// There is no taking back: whoever revoked by mistake builds the image again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revocation {
    /// Why, for people.
    #[serde(deserialize_with = "shape::text")]
    pub reason: String,
    /// When. It holds at once, whatever the time says.
    #[serde(deserialize_with = "shape::moment")]
    pub revoked_on: Timestamp,
    /// The statements that hold no longer, by the digests of their payloads; left out when the image itself is revoked.
    #[serde(default, deserialize_with = "statements", skip_serializing_if = "Option::is_none")]
    pub statements: Option<Vec<Digested>>,
    /// Who asked for it.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub revoked_by: Option<super::approval::Person>,
    /// Where to read more, such as an advisory.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub advisory: Option<String>,
    /// The workflow run.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
}

fn statements<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Digested>>, D::Error> {
    shape::not_empty(deserializer).map(Some)
}

impl Predicate for Revocation {
    const TYPE: &'static str = super::REVOCATION;

    fn check(&self) -> Result<(), String> {
        match &self.statements {
            Some(statements) if statements.is_empty() => Err("`statements` is empty".to_owned()),
            _ => Ok(()),
        }
    }

    fn made_on(&self) -> Option<Timestamp> {
        Some(self.revoked_on)
    }
}
