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
    /// Why the policy does not allow it; nothing where it does.
    pub refusals: &'a [String],
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

/// Why a policy does not allow an image: at least one reason where it does not.
#[must_use]
pub fn refusals(verdict: &Verdict) -> Vec<String> {
    if verdict.allowed() { Vec::new() } else { verdict.why() }
}

/// Decides. What the policy does not allow is not promoted, and no tag is taken away from another image unless it may move.
#[must_use]
pub fn decide(case: &Case<'_>) -> Decision {
    let mut reasons = case.refusals.to_vec();
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn promotion() -> Promotion {
        let place = json!({ "repository": "registry.example/app" });
        let policy = json!({ "uri": "policy.yml", "digest": { "sha256": "a".repeat(64) } });
        serde_json::from_value(json!({
            "mode": "promote", "source": place, "destination": place, "policy": policy, "evidence": [],
            "promotedOn": "2026-09-21T12:00:00Z",
        }))
        .unwrap()
    }

    #[test]
    fn the_rules() {
        const FORWARD: Mode = Mode::Promote;
        let (ours, other) = (Digest::of(b"ours"), Digest::of(b"other"));
        let (free, same, taken) = (None, Some(ours), Some(other));
        let (fixed, may_move) = (Movable::No, Movable::Yes);
        // What the destination lacks, its tags, how often this image was promoted to it; what is done.
        for (missing, tags, promoted, wanted) in [
            (3, vec![], 0, (FORWARD, Work::Some)),
            (0, vec![], 0, (FORWARD, Work::None)),
            (0, vec![(fixed, free)], 0, (FORWARD, Work::Some)),
            (0, vec![(fixed, same)], 1, (FORWARD, Work::None)),
            (1, vec![(fixed, same)], 1, (FORWARD, Work::Some)),
            (0, vec![(fixed, same), (fixed, free)], 1, (FORWARD, Work::Some)),
            (0, vec![(may_move, taken)], 0, (FORWARD, Work::Some)),
            (0, vec![(may_move, taken)], 1, (Mode::Rollback, Work::Some)),
            (0, vec![(fixed, same), (may_move, taken)], 2, (Mode::Rollback, Work::Some)),
            (1, vec![(may_move, taken)], 1, (FORWARD, Work::Some)),
        ] {
            let named = |(movable, named)| ("v1".to_owned(), movable, named);
            let (tags, promotions): (Vec<_>, _) = (tags.into_iter().map(named).collect(), vec![promotion(); promoted]);
            let case = Case { digest: ours, refusals: &[], missing, tags: &tags, promotions: &promotions };
            assert_eq!(decide(&case), Decision::Promote { mode: wanted.0, work: wanted.1 }, "{case:?}");
        }
    }

    #[test]
    fn what_the_policy_or_a_tag_forbids_is_refused_and_each_says_so() {
        let (ours, other) = (Digest::of(b"ours"), Digest::of(b"other"));
        let taken = [("v1".to_owned(), Movable::No, Some(other))];
        let by_tag = format!("the tag v1 names {other} already, and is not one of `movable-tags`");
        let by_policy = "scan: nobody made one".to_owned();
        for (refusals, tags, wanted) in [
            (vec![by_policy.clone()], &[][..], vec![by_policy.clone()]),
            (vec![], &taken[..], vec![by_tag.clone()]),
            (vec![by_policy.clone()], &taken[..], vec![by_policy, by_tag]),
        ] {
            let case = Case { digest: ours, refusals: &refusals, missing: 0, tags, promotions: &[] };
            assert_eq!(decide(&case), Decision::Refuse { reasons: wanted });
        }
    }
}
