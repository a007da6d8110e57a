//! A service's revisions and deployments, as records.

use super::engine::{RevisionId, Rollout};
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
        let balancers = self.members.get("loadBalancers").and_then(Value::as_array).into_iter().flatten();
        let target = |balancer: &Value| {
            let port = balancer.get("containerPort")?.as_u64()?;
            Some((balancer.get("targetGroupArn")?.as_str()?.to_owned(), u16::try_from(port).ok()?))
        };
        balancers.filter_map(target).collect()
    }

    /// How long after its start a task's failed health checks do not count.
    pub(super) fn grace_seconds(&self) -> i64 {
        self.members.get("healthCheckGracePeriodSeconds").and_then(Value::as_i64).unwrap_or(0)
    }
}

/// `ecs-svc/<number>`.
pub(super) fn deployment_id(revision: RevisionId) -> String {
    format!("ecs-svc/{revision}")
}
