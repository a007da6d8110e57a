//! The preflight: could this gate decide anything? Asked before traffic moves, of the time that has just passed.

use crate::{
    config::{Plan, Window},
    decide::{Doubt, Overall, Verdict},
    watch::Outcome,
};
use jiff::{SignedDuration, Timestamp};

/// The start that makes a window of the plan's length end, settled, at `now`.
#[must_use]
pub fn start(window: &Window, now: Timestamp) -> Timestamp {
    let length = i64::from(window.interval) * i64::try_from(window.intervals).unwrap_or(i64::MAX / 4096);
    // One interval more, because the start is rounded up to the grid.
    let back = length + i64::from(window.interval) + i64::from(window.settle) + i64::from(window.warm_up);
    now.saturating_sub(SignedDuration::from_secs(back)).unwrap_or(Timestamp::MIN)
}

/// Reads the verdicts of the time before as what they mean now: a failure there is no failure of a release to come.
#[must_use]
pub fn reread(plan: &Plan, mut outcome: Outcome) -> Outcome {
    for watched in &mut outcome.watched {
        let over = matches!(
            watched.finding.verdict,
            Verdict::Fail | Verdict::Inconclusive { doubt: Doubt::OverLimitUnproven { .. } | Doubt::AlreadyOver }
        );
        if over {
            watched.finding.verdict = Doubt::AlreadyOver.into();
        }
    }
    outcome.preflight = true;
    outcome.overall = match outcome.overall_now(plan) {
        Overall::Watching => Overall::Inconclusive,
        overall => overall,
    };
    outcome
}
