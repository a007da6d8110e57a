//! What is written down before and during a deployment, so that the post step finishes it if this process is killed.

use crate::{
    decide::same_run,
    follow::Rights,
    identity::{DeploymentId, OwnArn},
    model::ServiceDeployment,
    saved,
};
use github::{Failure, Runner};
use jiff::Timestamp;
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
    /// Whether this very run registered the task definition.
    pub(crate) registered: bool,
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

    /// The journal of a deployment that an earlier run of ours began, or that a person asks to take back.
    #[must_use]
    pub(crate) fn adopted(
        service: &str,
        deployment: &ServiceDeployment,
        task_definition: &str,
        (rights, now): (Rights, Timestamp),
    ) -> Self {
        Self {
            phase: Phase::Following,
            service: service.to_owned(),
            task_definition: task_definition.to_owned(),
            previous: String::new(),
            primary_before: None,
            known_before: BTreeSet::new(),
            began: deployment.created_at.unwrap_or(now).as_second(),
            id: deployment.target().and_then(DeploymentId::of_revision),
            arn: Some(OwnArn::claimed(deployment)),
            may_stop: rights == Rights::Ours,
            registered: false,
        }
    }

    /// Gives up the right to stop where the deployment is known by its task definition alone, and another run may deploy
    /// that one too: an equal revision is deployed again by whoever wants the same, and says so on it before. `deployed_by`
    /// is what the revision says now, `ours` what this run would have it say. Two runs without a page cannot be told apart.
    pub(crate) fn doubt(&mut self, deployed_by: Option<&str>, ours: Option<&str>) {
        let still_ours = match (deployed_by, ours) {
            (Some(deployed_by), Some(ours)) => same_run(deployed_by, ours),
            (None, None) => true,
            _ => false,
        };
        self.may_stop &= self.registered && still_ours;
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
    fn only_a_revision_that_we_registered_and_nobody_else_deploys_makes_a_deployment_ours() {
        let (ours, again, other) = (
            "https://s/o/r/actions/runs/1/attempts/1",
            "https://s/o/r/actions/runs/1/attempts/2",
            "https://s/o/r/actions/runs/2/attempts/1",
        );
        for (registered, deployed_by, run, may_stop) in [
            (true, Some(ours), Some(ours), true),
            (true, Some(again), Some(ours), true),
            (true, Some(other), Some(ours), false),
            (true, None, Some(ours), false),
            (true, Some(other), None, false),
            (true, None, None, true),
            (false, Some(ours), Some(ours), false),
            (false, None, None, false),
        ] {
            let mut journal: Journal = serde_json::from_value(json!({
                "phase": "beginning", "service": "s", "task_definition": "td:2", "previous": "td:1", "primary_before": null,
                "known_before": [], "began": 0, "id": null, "arn": null, "may_stop": true, "registered": registered
            }))
            .unwrap();
            journal.doubt(deployed_by, run);
            assert_eq!(journal.rights() == Rights::Ours, may_stop, "{registered} {deployed_by:?} {run:?}");
        }
    }
}
