//! A service's revisions and deployments, as records.

use super::{
    engine::{RevisionId, Rollout},
    manner::Moves,
};
use jiff::Timestamp;
use serde_json::{Map, Value};
use subject::Digest;

/// A revision: the service as one deployment wants it.
#[derive(Debug, Clone)]
pub(super) struct Revision {
    pub(super) id: RevisionId,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) task_definition: String,
    /// The service's members as they were.
    pub(super) members: Map<String, Value>,
    /// The containers with the digests their images resolved to when the deployment began.
    pub(super) images: Vec<ResolvedImage>,
    pub(super) state: RolloutState,
    pub(super) reason: String,
    pub(super) failed_tasks: u32,
    /// Where its tasks stand in load balancers.
    pub(super) placements: Vec<Placement>,
}

/// The place of a revision's tasks in a load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placement {
    /// The target group they are registered in.
    pub(super) group: String,
    pub(super) port: u16,
    /// The target group of the revision before or after: the two change places with each deployment.
    pub(super) alternate: Option<String>,
    pub(super) production_rule: Option<String>,
    pub(super) test_rule: Option<String>,
}

/// A container's image.
#[derive(Debug, Clone)]
pub(super) struct ResolvedImage {
    pub(super) container: String,
    pub(super) image: String,
    pub(super) digest: Option<Digest>,
}

/// `DeploymentRolloutState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RolloutState {
    InProgress,
    Completed,
    Failed,
}

/// A service deployment with its dates.
#[derive(Debug, Clone)]
pub(super) struct ServiceDeployment {
    pub(super) arn: String,
    pub(super) rollout: Rollout,
    /// What ran when it began.
    pub(super) sources: Vec<RevisionId>,
    /// The deployment configuration it goes by.
    pub(super) configuration: Value,
    pub(super) created_at: Timestamp,
    pub(super) started_at: Option<Timestamp>,
    pub(super) finished_at: Option<Timestamp>,
    pub(super) stopped_at: Option<Timestamp>,
    pub(super) updated_at: Timestamp,
    pub(super) rollback_started_at: Option<Timestamp>,
}

impl RolloutState {
    /// AWS's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

impl Revision {
    /// `ecs-svc/<number>`: the deployment's id and what its tasks are `startedBy`.
    pub(super) fn deployment_id(&self) -> String {
        deployment_id(self.id)
    }

    /// The target groups its tasks are registered in, each with the port.
    pub(super) fn target_groups(&self) -> Vec<(String, u16)> {
        self.placements.iter().map(|placement| (placement.group.clone(), placement.port)).collect()
    }

    /// How long after its start a task's failed health checks do not count.
    pub(super) fn grace_seconds(&self) -> i64 {
        self.members.get("healthCheckGracePeriodSeconds").and_then(Value::as_i64).unwrap_or(0)
    }
}

impl Placement {
    /// Where the tasks of a service with these `loadBalancers` stand. `live` is the revision that serves; one that traffic
    /// is to be shifted to stands in the other target group.
    pub(super) fn of_service(members: &Map<String, Value>, live: Option<&Revision>, moves: Moves) -> Vec<Self> {
        let balancers = members.get("loadBalancers").and_then(Value::as_array).into_iter().flatten();
        balancers.filter_map(|balancer| Self::read(balancer, live, moves)).collect()
    }

    fn read(balancer: &Value, live: Option<&Revision>, moves: Moves) -> Option<Self> {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let advanced = balancer.get("advancedConfiguration").cloned().unwrap_or_default();
        let mut group = text(balancer, "targetGroupArn")?;
        let mut alternate = text(&advanced, "alternateTargetGroupArn");
        if let Some(other) = &mut alternate {
            let taken = live.into_iter().flat_map(|live| &live.placements).any(|placement| placement.group == group);
            let other_taken = live.into_iter().flat_map(|live| &live.placements).any(|one| one.group == *other);
            // A deployment that moves tasks stays where the service is.
            let elsewhere = match moves {
                Moves::Traffic => taken,
                Moves::Tasks => other_taken,
            };
            if elsewhere {
                std::mem::swap(&mut group, other);
            }
        }
        Some(Self {
            group,
            port: u16::try_from(balancer.get("containerPort")?.as_u64()?).ok()?,
            alternate,
            production_rule: text(&advanced, "productionListenerRule"),
            test_rule: text(&advanced, "testListenerRule"),
        })
    }
}

/// `ecs-svc/<number>`.
pub(super) fn deployment_id(revision: RevisionId) -> String {
    format!("ecs-svc/{revision}")
}
