//! The words a run ends with, and what each is worth.

use crate::{
    follow::{End, Why},
    prove::Proof,
};
use github::Exit;

/// The answer of a run in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// Our own deployment succeeded and every task of it runs the promised image.
    Deployed,
    /// The image ran already, in every task; nothing was changed.
    NoOp,
    /// It has come as far as it was to be followed, and goes on.
    InProgress,
    /// One task ran to a good end.
    Completed,
    /// One task did not.
    Failed,
    /// Nothing stands in the way of a deployment.
    Ready,
    /// Whether something stands in the way could not be found out.
    Unclear,
    /// A policy was written; nothing was asked or changed.
    Written,
    /// A dry run: nothing was changed.
    Planned,
    /// Nothing was changed, because it must not or cannot be.
    Refused,
    /// The service is back on an older revision.
    RolledBack,
    /// The way back failed.
    RollbackFailed,
    /// A newer deployment replaced ours.
    Superseded,
    /// The deployment was stopped where it was.
    Stopped,
    /// The deployment goes neither on nor back: ECS has given it up, and has nothing to go back to.
    Stalled,
    /// ECS calls it a success, but no task runs.
    UnverifiedZeroTasks,
    /// ECS calls it a success, but no one says which image the tasks run.
    UnverifiedDigest,
    /// It did not end in time.
    TimedOut,
    /// The run was cancelled.
    Cancelled,
}

impl Verdict {
    /// Every verdict.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 19] = [
        Self::Deployed,
        Self::NoOp,
        Self::InProgress,
        Self::Completed,
        Self::Failed,
        Self::Ready,
        Self::Unclear,
        Self::Written,
        Self::Planned,
        Self::Refused,
        Self::RolledBack,
        Self::RollbackFailed,
        Self::Superseded,
        Self::Stopped,
        Self::Stalled,
        Self::UnverifiedZeroTasks,
        Self::UnverifiedDigest,
        Self::TimedOut,
        Self::Cancelled,
    ];

    /// The word, as in the output `verdict`.
    #[must_use]
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Deployed => "deployed",
            Self::NoOp => "no-op",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Ready => "ready",
            Self::Unclear => "unclear",
            Self::Written => "written",
            Self::Planned => "planned",
            Self::Refused => "refused",
            Self::RolledBack => "rolled-back",
            Self::RollbackFailed => "rollback-failed",
            Self::Superseded => "superseded",
            Self::Stopped => "stopped",
            Self::Stalled => "stalled",
            Self::UnverifiedZeroTasks => "unverified-zero-tasks",
            Self::UnverifiedDigest => "unverified-digest",
            Self::TimedOut => "timed-out",
            Self::Cancelled => "cancelled",
        }
    }

    /// The exit code of a deployment with this verdict. In `mode: rollback` a rollback is what was asked for, see
    /// [`Verdict::exit_of_rollback`].
    #[must_use]
    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::Deployed
            | Self::NoOp
            | Self::InProgress
            | Self::Completed
            | Self::Ready
            | Self::Written
            | Self::Planned => Exit::Done,
            Self::Refused
            | Self::RolledBack
            | Self::RollbackFailed
            | Self::Superseded
            | Self::Stopped
            | Self::Stalled
            | Self::Failed => Exit::Refused,
            Self::UnverifiedZeroTasks | Self::UnverifiedDigest | Self::TimedOut | Self::Unclear => Exit::Unknown,
            Self::Cancelled => Exit::Cancelled,
        }
    }

    /// What the end of a rollout comes to, and why.
    #[must_use]
    pub(crate) fn of_rollout(end: &rollout::End) -> (Self, Option<String>) {
        use rollout::{End, Why};
        match end {
            End::Promoted => (Self::Deployed, None),
            End::WentBack { why: Why::Cancelled } => (Self::Cancelled, Some("everything went back".to_owned())),
            End::WentBack { why } => (Self::RolledBack, Some(why.text())),
            End::Stuck { why, reason } => (Self::RollbackFailed, Some(format!("{}; {reason}", why.text()))),
            End::Stopped { reason } => (Self::Stopped, Some(reason.clone())),
            End::Overtaken { by } => (Self::Superseded, Some(by.clone())),
        }
    }

    /// The exit code where going back was the wish.
    #[must_use]
    pub(crate) fn exit_of_rollback(self) -> Exit {
        if self == Self::RolledBack { Exit::Done } else { self.exit() }
    }
}

/// What a deployment came to, from how it ended, why we stopped it if we did, and what runs.
///
/// Without a proof that the promise is kept nothing is [`Verdict::Deployed`].
#[must_use]
pub(crate) fn conclude(end: &End, stopped: Option<&Why>, proof: Option<&Proof>) -> Verdict {
    match end {
        End::Successful => match proof {
            Some(Proof::Kept { .. }) => Verdict::Deployed,
            Some(Proof::NoTasks) => Verdict::UnverifiedZeroTasks,
            Some(Proof::Silent) | None => Verdict::UnverifiedDigest,
            // What runs is not what was promised, and it has not been taken back.
            Some(Proof::Broken { .. }) => Verdict::RollbackFailed,
        },
        End::RolledBack { .. } if stopped == Some(&Why::Cancelled) => Verdict::Cancelled,
        End::RolledBack { .. } => Verdict::RolledBack,
        End::RollbackFailed { .. } => Verdict::RollbackFailed,
        End::Stopped { .. } => Verdict::Stopped,
        End::Stalled { .. } => Verdict::Stalled,
        End::Superseded { .. } => Verdict::Superseded,
        End::Unseen => Verdict::TimedOut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_the_one_in_the_json_report() {
        for verdict in Verdict::ALL {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.word());
        }
    }

    #[test]
    fn only_a_promoted_rollout_is_a_yes_and_every_other_end_has_its_word() {
        use rollout::{End as Of, Why as Because};
        let text = || "t".to_owned();
        for (end, verdict, exit) in [
            (Of::Promoted, Verdict::Deployed, Exit::Done),
            (Of::WentBack { why: Because::Refused(text()) }, Verdict::RolledBack, Exit::Refused),
            (Of::WentBack { why: Because::Inconclusive(text()) }, Verdict::RolledBack, Exit::Refused),
            (Of::WentBack { why: Because::Itself(text()) }, Verdict::RolledBack, Exit::Refused),
            (Of::WentBack { why: Because::Cancelled }, Verdict::Cancelled, Exit::Cancelled),
            (Of::Stuck { why: Because::Cancelled, reason: text() }, Verdict::RollbackFailed, Exit::Refused),
            (Of::Stopped { reason: text() }, Verdict::Stopped, Exit::Refused),
            (Of::Overtaken { by: text() }, Verdict::Superseded, Exit::Refused),
        ] {
            let (found, cause) = Verdict::of_rollout(&end);
            assert_eq!((found, found.exit()), (verdict, exit), "{end:?}");
            assert_eq!(cause.is_none(), end == Of::Promoted, "{end:?}");
        }
    }

    #[test]
    fn nothing_but_a_kept_promise_after_success_is_a_yes() {
        let cause = || "c".to_owned();
        let ends = [
            End::Successful,
            End::RolledBack { cause: cause(), to: None },
            End::RollbackFailed { cause: cause() },
            End::Stopped { cause: cause() },
            End::Stalled { cause: cause() },
            End::Superseded { by: cause() },
            End::Unseen,
        ];
        let proofs = [
            None,
            Some(Proof::Kept { tasks: 1 }),
            Some(Proof::Broken { seen: cause() }),
            Some(Proof::NoTasks),
            Some(Proof::Silent),
        ];
        let whys = [None, Some(Why::Deadline), Some(Why::Cancelled), Some(Why::Asked), Some(Why::Hopeless(cause()))];
        for end in &ends {
            for proof in &proofs {
                for why in &whys {
                    let verdict = conclude(end, why.as_ref(), proof.as_ref());
                    let yes = *end == End::Successful && matches!(proof, Some(Proof::Kept { .. }));
                    assert_eq!(verdict == Verdict::Deployed, yes, "{end:?} {proof:?} {why:?}");
                    assert_eq!(verdict.exit() == Exit::Done, yes, "{end:?} {proof:?} {why:?}");
                }
            }
        }
    }
}
