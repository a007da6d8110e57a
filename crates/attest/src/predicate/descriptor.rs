//! What predicates point at: artifacts by digest, resources, workflow runs.

use super::shape::{hex, present};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use subject::Digest;

/// A set of digests of which we need the SHA-256 one: in-toto/attestation `spec/v1/digest_set.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestSet {
    /// 64 lowercase hexadecimal digits.
    #[serde(with = "hex")]
    pub sha256: Digest,
}

impl From<Digest> for DigestSet {
    fn from(sha256: Digest) -> Self {
        Self { sha256 }
    }
}

/// Something known by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digested {
    /// What it is called or where it is.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// What it is.
    pub digest: DigestSet,
}

impl From<Digest> for Digested {
    fn from(digest: Digest) -> Self {
        Self { uri: None, digest: digest.into() }
    }
}

/// in-toto/attestation `spec/v1/resource_descriptor.md`; one of `uri`, `digest` and `content` has to be there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceDescriptor {
    /// What it is called.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which it is, for ever.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Digests by the names of their algorithms, such as `sha256` and `gitCommit`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digest: BTreeMap<String, String>,
    /// Its bytes, in base64.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Where to get it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub download_location: Option<String>,
    /// What kind of bytes it has.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// More about it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub annotations: Map<String, Value>,
}

impl ResourceDescriptor {
    /// Something at `uri` with this digest.
    #[must_use]
    pub fn at(uri: impl Into<String>, digest: Digest) -> Self {
        Self { uri: Some(uri.into()), ..Self::of(digest) }
    }

    /// Something with this digest.
    #[must_use]
    pub fn of(digest: Digest) -> Self {
        Self { digest: BTreeMap::from([("sha256".to_owned(), digest.hex())]), ..Self::default() }
    }

    /// What the specification demands; `place` is the member that holds the descriptor.
    pub(crate) fn check(&self, place: &str) -> Result<(), String> {
        if self.uri.is_none() && self.digest.is_empty() && self.content.is_none() {
            return Err(format!("`{place}` has neither uri nor digest nor content"));
        }
        match self.digest.get("sha256").map(|hex| Digest::from_hex(hex)) {
            Some(Err(error)) => Err(format!("`{place}`: {error}")),
            _ => Ok(()),
        }
    }
}

/// The workflow run that made a statement, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The run's number.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Which attempt of it, from 1.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub attempt: Option<String>,
    /// Its page.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
