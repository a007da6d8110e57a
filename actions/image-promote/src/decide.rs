//! Whether and how: pure.

use attest::{
    policy::Verdict,
    predicate::promotion::{Mode, Promotion},
};
use oci::copy::Movable;
use subject::Digest;

/// What is decided about.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The image.
    pub digest: Digest,
    /// What the policy says.
    pub verdict: &'a Verdict,
    /// How many manifests the destination lacks.
    pub missing: usize,
    /// Each wanted tag: its name, whether it may move, what it names now.
    pub tags: &'a [(String, Movable, Option<Digest>)],
    /// Promotions of this image that the destination knows.
    pub promotions: &'a [Promotion],
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The image is promoted.
    Promote {
        /// Forward, or back to an image that was there before.
        mode: Mode,
        /// Whether anything is left to copy or to tag.
        work: Work,
    },
    /// It is not.
    Refuse {
        /// Why: at least one reason, the policy's first.
        reasons: Vec<String>,
    },
}

/// Whether the destination changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Something is missing.
    Some,
    /// Everything is as it should be.
    None,
}

/// Decides. What the policy does not allow is not promoted, and no tag is taken away from another image unless it may move.
#[must_use]
pub fn decide(case: &Case<'_>) -> Decision {
    let mut reasons = if case.verdict.allowed() { Vec::new() } else { case.verdict.why() };
    if reasons.is_empty() && !case.verdict.allowed() {
        reasons.push("the policy does not allow it".to_owned());
    }
    let moved = |(_, _, named): &&(String, Movable, Option<Digest>)| named.is_some_and(|named| named != case.digest);
    for (name, movable, named) in case.tags.iter().filter(moved) {
        if let (Movable::No, Some(by)) = (movable, named) {
            reasons.push(format!("the tag {name} names {by} already, and is not one of `movable-tags`"));
        }
    }
    if !reasons.is_empty() {
        return Decision::Refuse { reasons };
    }
    let was_here = case.missing == 0 && !case.promotions.is_empty();
    let mode = if was_here && case.tags.iter().any(|tag| moved(&tag)) { Mode::Rollback } else { Mode::Promote };
    let tagged = case.tags.iter().all(|(_, _, named)| *named == Some(case.digest));
    let work = if case.missing == 0 && tagged { Work::None } else { Work::Some };
    Decision::Promote { mode, work }
}
