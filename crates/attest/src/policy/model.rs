//! A policy as it was understood.

use super::{path::Path, term::Term};
use crate::{Identity, PublicKey};
use jiff::{SignedDuration, Timestamp};
use regex::Regex;

/// Somebody whose signature counts for something.
#[derive(Debug, Clone)]
pub(super) struct Signer {
    pub(super) name: String,
    /// What its signatures are known by: the key's name, as [`PublicKey::key_id`] has it, or that of an identity.
    pub(super) key_id: String,
    /// The key, where it is written in the policy.
    pub(super) key: Option<PublicKey>,
    /// Whom a certificate names, where it is no key.
    pub(super) identity: Option<Identity>,
    pub(super) not_before: Option<Timestamp>,
    pub(super) not_after: Option<Timestamp>,
}

/// Which statements of a kind decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// Every one that still holds has to be good.
    All,
    /// The newest has to be good.
    Latest,
    /// The good ones count, the others do not.
    Any,
}

/// Which statements are looked for, and what each has to be like.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    /// The predicate types, any of them.
    pub(super) kinds: Vec<String>,
    /// Places in the policy's signers.
    pub(super) signed_by: Vec<usize>,
    /// How many different keys of these must have signed.
    pub(super) signatures: usize,
    /// Whether a trusted service must have seen their signatures.
    pub(super) witnessed: bool,
    pub(super) max_age: Option<SignedDuration>,
    pub(super) min_age: Option<SignedDuration>,
    /// Where the statement says when it was made, when its type does not tell.
    pub(super) time: Option<Path>,
    /// Which statements are meant.
    pub(super) when: Vec<Term>,
    /// What those that are meant must be like.
    pub(super) must: Vec<Term>,
}

/// What there has to be.
#[derive(Debug, Clone)]
pub(super) struct Requirement {
    pub(super) name: String,
    pub(super) selection: Selection,
    pub(super) which: Which,
    pub(super) min: usize,
    pub(super) max: Option<usize>,
}

/// Who has to have said yes.
#[derive(Debug, Clone)]
pub(super) struct Approvals {
    pub(super) selection: Selection,
    /// How many people.
    pub(super) min: usize,
    /// Whose yes counts, by the number that never changes; everybody's, when it is not said.
    pub(super) approvers: Option<Vec<String>>,
    /// Where it is said who the author is.
    pub(super) authors: Vec<Place>,
}

/// A value in the evidence or in the caller's facts.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// In the statements that meet a requirement.
    Statement { of: Set, field: Path, capture: Option<Regex> },
    /// In the caller's facts.
    Context(Path),
}

/// A set of statements that a requirement found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    /// A place in the policy's requirements.
    Requirement(usize),
    /// The approvals.
    Approvals,
}

/// Statements that have to belong together: all places hold one value.
#[derive(Debug, Clone)]
pub(super) struct Join {
    pub(super) name: String,
    pub(super) equal: Vec<Place>,
}
