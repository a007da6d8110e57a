//! Policy: what the set of verified statements about one digest comes to.
//!
//! A policy is a YAML document ([`Policy::read`]); `docs/policy.md` has the whole language. Its judgement
//! ([`Policy::evaluate`]) is pure: evidence, time and the caller's own facts come in as values, a [`Verdict`] goes out that
//! explains every requirement and every statement that counts for nothing. All statements are seen together, so that a scan
//! of one run cannot be combined with an approval of another. No evidence is never a yes, and a revocation beats all of it.

mod approvals;
mod candidate;
mod evaluate;
mod join;
mod model;
mod path;
mod read;
mod revoke;
mod term;
mod verdict;
mod weigh;

pub use verdict::{Account, Answer, Asked, Believed, Fate, Verdict};

use crate::{Identity, PublicKey, Rejection, Verified};
use jiff::{SignedDuration, Timestamp};
use model::{Approvals, Join, Requirement, Signer};
use serde_json::Value;
use subject::Digest;

/// A policy that was understood; it asks for something.
#[derive(Debug, Clone)]
pub struct Policy {
    name: String,
    digest: Digest,
    signers: Vec<Signer>,
    /// How far another clock may be ahead of ours.
    skew: SignedDuration,
    requirements: Vec<Requirement>,
    approvals: Option<Approvals>,
    joins: Vec<Join>,
    /// Who may revoke, as places in `signers`.
    revokers: Vec<usize>,
}

/// One piece of evidence as verification left it.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Where it was found, such as the digest of the referrer that carries it.
    pub source: String,
    /// The statement, or why it is not believed.
    pub statement: Result<Verified, Rejection>,
}

/// What a policy is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The digest that is asked about.
    pub subject: Digest,
    /// Everything that was found about it, believed or not.
    pub evidence: &'a [Piece],
    /// The time of the question.
    pub now: Timestamp,
    /// Facts the caller vouches for, an object; policies may compare with them.
    pub context: &'a Value,
}

impl Policy {
    /// The policy's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The digest of the policy's text.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The public keys that are written in the policy itself; those it names by fingerprint the caller has to have.
    #[must_use]
    pub fn keys(&self) -> Vec<PublicKey> {
        self.signers.iter().filter_map(|signer| signer.key.clone()).collect()
    }

    /// The holders of certificates whose statements the policy takes.
    #[must_use]
    pub fn identities(&self) -> Vec<Identity> {
        self.signers.iter().filter_map(|signer| signer.identity.clone()).collect()
    }

    /// What the policy's signers are known by: fingerprints of keys, written out or not, and names of identities.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.signers.iter().map(|signer| signer.key_id.as_str())
    }
}
