//! What is written down before and during a deployment, so that the post step finishes it if this process is killed.

use crate::{
    follow::Rights,
    identity::{DeploymentId, OwnArn},
    saved,
};
use github::{Failure, Runner};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The name of the saved state.
const STATE: &str = "deployment";

/// How far main has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    /// `UpdateService` is about to be sent, or its answer has not been seen.
    Beginning,
    /// Our deployment exists.
    Following,
    /// Main has reported a verdict, and nothing of ours is in flight.
    Ended,
}

/// A deployment as the post step needs to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Journal {
    /// How far.
    pub(crate) phase: Phase,
    /// The service it is in: with `engine: load-balancer` not always the one of the inputs.
    pub(crate) service: String,
    /// What is being deployed.
    pub(crate) task_definition: String,
    /// What ran before.
    pub(crate) previous: String,
    /// The PRIMARY deployment's id before ours.
    pub(crate) primary_before: Option<String>,
    /// Service deployments in flight or just listed before ours.
    pub(crate) known_before: BTreeSet<String>,
    /// When it was begun, in seconds since 1970.
    pub(crate) began: i64,
    /// Our deployment in the service's view.
    pub(crate) id: Option<DeploymentId>,
    /// Our service deployment.
    pub(crate) arn: Option<OwnArn>,
    /// Whether stopping is ours to do.
    pub(crate) may_stop: bool,
}

impl Journal {
    /// Writes it down, at once; the last one written counts.
    pub(crate) fn save(&self, runner: &Runner) {
        saved::save(runner, STATE, self);
    }

    /// What main wrote down last, if it came so far.
    ///
    /// # Errors
    /// When something is written there and cannot be read: then a deployment may be in flight that nobody looks after.
    pub(crate) fn load(runner: &Runner) -> Result<Option<Self>, Failure> {
        let help = "look at the service; `mode: rollback` takes back what is in flight";
        saved::load(runner, STATE, ("a deployment may still be in flight", help))
    }

    /// Gives up the right to stop where our deployment is known only by its task definition being in place: of the very
    /// one that was there before, the deployment could be anybody's.
    pub(crate) fn doubt(&mut self) {
        self.may_stop &= self.task_definition != self.previous;
    }

    /// The rights it gives.
    #[must_use]
    pub(crate) fn rights(&self) -> Rights {
        if self.may_stop { Rights::Ours } else { Rights::Watch }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_known_only_by_the_revision_that_was_there_before_is_not_ours_to_stop() {
        for (previous, may_stop) in [("td:1", true), ("td:2", false)] {
            let mut journal: Journal = serde_json::from_value(json!({
                "phase": "beginning", "service": "s", "task_definition": "td:2", "previous": previous, "primary_before": null,
                "known_before": [], "began": 0, "id": null, "arn": null, "may_stop": true
            }))
            .unwrap();
            journal.doubt();
            assert_eq!(journal.rights() == Rights::Ours, may_stop, "{previous}");
        }
    }
}
