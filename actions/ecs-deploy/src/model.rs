//! What ECS says, as far as decisions need it. Unknown members are ignored, unknown words kept: tomorrow's status must
//! not break today's follower.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A service as `DescribeServices` and `UpdateService` give it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Service {
    /// Its ARN, which names partition, region and account.
    pub(crate) service_arn: String,
    /// `ACTIVE`, `DRAINING`, or `INACTIVE` for some time after deletion.
    pub(crate) status: String,
    /// Tasks wanted.
    pub(crate) desired_count: u32,
    /// Tasks running, of whichever deployment.
    pub(crate) running_count: u32,
    /// The task definition of the newest deployment.
    pub(crate) task_definition: String,
    /// The rolling view of what is going on: one entry per deployment with tasks.
    pub(crate) deployments: Vec<Deployment>,
    /// At most 100, newest first. Untrusted text.
    pub(crate) events: Vec<Event>,
    /// `REPLICA` (also when absent) or `DAEMON`.
    pub(crate) scheduling_strategy: Option<String>,
    /// Who deploys; absent means ECS itself.
    pub(crate) deployment_controller: Option<Controller>,
    /// As it is, opaque: what is not ours to change must come back unchanged.
    pub(crate) deployment_configuration: Value,
    /// The target groups it serves.
    pub(crate) load_balancers: Vec<LoadBalancer>,
    /// What CodeDeploy deploys with; empty with ECS's own controller.
    pub(crate) task_sets: Vec<TaskSet>,
    /// Subnets and security groups of its tasks, opaque.
    pub(crate) network_configuration: Value,
    /// Where its tasks are placed, opaque.
    pub(crate) capacity_provider_strategy: Value,
    /// `EC2`, `FARGATE`, …; null with a capacity provider strategy.
    pub(crate) launch_type: Value,
    /// Of Fargate; null otherwise.
    pub(crate) platform_version: Value,
}

/// `deploymentController`.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Controller {
    /// `ECS`, `CODE_DEPLOY` or `EXTERNAL`.
    #[serde(rename = "type", default)]
    pub(crate) kind: String,
}

/// `loadBalancers[]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LoadBalancer {
    /// Absent for a Classic Load Balancer.
    pub(crate) target_group_arn: Option<String>,
    /// The container that is served.
    pub(crate) container_name: Option<String>,
    /// Its port.
    pub(crate) container_port: Option<u16>,
    /// What native shifts work with: the other target group and the rules; null without.
    pub(crate) advanced_configuration: Value,
}

/// `taskSets[]`: a side of a deployment by CodeDeploy.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TaskSet {
    /// Also the `startedBy` of its tasks.
    pub(crate) id: String,
    /// `PRIMARY`, `ACTIVE`, `DRAINING`.
    pub(crate) status: String,
    /// What its tasks run.
    pub(crate) task_definition: String,
    /// Where it is served.
    pub(crate) load_balancers: Vec<LoadBalancer>,
}

/// `deployments[]`: a rolling deployment as the service sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Deployment {
    /// `ecs-svc/<number>`; the number ends the ARN of its service revision too.
    pub(crate) id: String,
    /// `PRIMARY` for the newest, `ACTIVE` for those being replaced.
    pub(crate) status: String,
    /// What its tasks run.
    pub(crate) task_definition: String,
    /// Tasks wanted of this deployment.
    pub(crate) desired_count: u32,
    /// Tasks running of this deployment.
    pub(crate) running_count: u32,
    /// Tasks starting of this deployment.
    pub(crate) pending_count: u32,
    /// Consecutive failures.
    pub(crate) failed_tasks: u32,
    /// `IN_PROGRESS`, `COMPLETED`, `FAILED`; absent for other controllers.
    pub(crate) rollout_state: Option<String>,
}

/// `events[]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Event {
    /// Unique.
    pub(crate) id: String,
    /// When.
    #[serde(deserialize_with = "moment")]
    pub(crate) created_at: Option<Timestamp>,
    /// Untrusted text.
    pub(crate) message: String,
}

/// Where a service deployment stands. Terminal: [`Status::is_terminal`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the words are the model's own")]
pub(crate) enum Status {
    #[default]
    Pending,
    InProgress,
    Successful,
    StopRequested,
    Stopped,
    RollbackRequested,
    RollbackInProgress,
    RollbackSuccessful,
    RollbackFailed,
    /// A word of tomorrow: neither an end nor a success.
    Other(String),
}

impl Status {
    /// Every word the model has, for asking what is in flight and for tests.
    pub(crate) const WORDS: [(&'static str, Self); 9] = [
        ("PENDING", Self::Pending),
        ("IN_PROGRESS", Self::InProgress),
        ("SUCCESSFUL", Self::Successful),
        ("STOP_REQUESTED", Self::StopRequested),
        ("STOPPED", Self::Stopped),
        ("ROLLBACK_REQUESTED", Self::RollbackRequested),
        ("ROLLBACK_IN_PROGRESS", Self::RollbackInProgress),
        ("ROLLBACK_SUCCESSFUL", Self::RollbackSuccessful),
        ("ROLLBACK_FAILED", Self::RollbackFailed),
    ];

    /// Whether nothing more will happen to the deployment.
    #[must_use]
    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self, Self::Successful | Self::Stopped | Self::RollbackSuccessful | Self::RollbackFailed)
    }

    /// Whether the way back has begun or is over.
    #[must_use]
    pub(crate) fn is_rollback(&self) -> bool {
        matches!(
            self,
            Self::RollbackRequested | Self::RollbackInProgress | Self::RollbackSuccessful | Self::RollbackFailed
        )
    }

    /// The word as ECS spells it.
    #[must_use]
    pub(crate) fn word(&self) -> &str {
        match self {
            Self::Other(word) => word,
            known => Self::WORDS.iter().find(|(_, status)| status == known).map_or("", |(word, _)| word),
        }
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        let known = Self::WORDS.into_iter().find(|(known, _)| *known == word).map(|(_, status)| status);
        Ok(known.unwrap_or(Self::Other(word)))
    }
}

/// A service deployment, by `DescribeServiceDeployments` or, with fewer members, `ListServiceDeployments`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ServiceDeployment {
    /// Its identity.
    pub(crate) service_deployment_arn: String,
    /// When it was created.
    #[serde(deserialize_with = "moment")]
    pub(crate) created_at: Option<Timestamp>,
    /// Where it stands.
    pub(crate) status: Status,
    /// Why. Untrusted text.
    pub(crate) status_reason: Option<String>,
    /// The revision it goes to; `List…` gives the ARN flat.
    pub(crate) target_service_revision_arn: Option<String>,
    /// The revision it goes to, with counts; `Describe…` gives it so.
    pub(crate) target_service_revision: Option<RevisionSummary>,
    /// The way back, once begun.
    pub(crate) rollback: Option<Rollback>,
    /// The circuit breaker's count.
    pub(crate) deployment_circuit_breaker: Option<Breaker>,
    /// The alarms watched.
    pub(crate) alarms: Option<Alarms>,
    /// Where a native shift is. A word of tomorrow is kept as it is; no order is derived from it.
    pub(crate) lifecycle_stage: Option<String>,
    /// As it was configured for this deployment.
    pub(crate) deployment_configuration: Value,
    /// Hooks of the present stage.
    pub(crate) lifecycle_hook_details: Vec<Hook>,
}

impl ServiceDeployment {
    /// The ARN of the revision it goes to, from whichever member has it.
    #[must_use]
    pub(crate) fn target(&self) -> Option<&str> {
        let flat = self.target_service_revision_arn.as_deref();
        flat.or_else(|| self.target_service_revision.as_ref().map(|revision| revision.arn.as_str()))
    }
}

/// `lifecycleHookDetails[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Hook {
    /// What to answer it by; each pause has its own.
    pub(crate) hook_id: String,
    /// `PAUSE` or `AWS_LAMBDA`.
    pub(crate) target_type: String,
    /// `AWAITING_ACTION` and what comes of it.
    pub(crate) status: String,
}

/// `targetServiceRevision`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RevisionSummary {
    /// Its ARN.
    pub(crate) arn: String,
    /// Tasks wanted.
    pub(crate) requested_task_count: u32,
    /// Tasks running.
    pub(crate) running_task_count: u32,
    /// Tasks starting.
    pub(crate) pending_task_count: u32,
    /// Its share of the traffic in tenths of a percent; only native strategies have one.
    #[serde(deserialize_with = "tenths")]
    pub(crate) requested_production_traffic_weight: Option<u16>,
}

/// `rollback`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Rollback {
    /// Why. Untrusted text.
    pub(crate) reason: Option<String>,
    /// The revision gone back to.
    pub(crate) service_revision_arn: Option<String>,
}

/// `deploymentCircuitBreaker` of a service deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Breaker {
    /// `TRIGGERED`, `MONITORING`, `MONITORING_COMPLETE`, `DISABLED`.
    pub(crate) status: String,
    /// Failures counted.
    pub(crate) failure_count: u32,
    /// Failures that trip it.
    pub(crate) threshold: u32,
}

/// `alarms` of a service deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Alarms {
    /// As for the breaker.
    pub(crate) status: String,
    /// Those that went off.
    pub(crate) triggered_alarm_names: Vec<String>,
}

/// A service revision: what exactly a deployment put in place.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Revision {
    /// Its ARN.
    pub(crate) service_revision_arn: String,
    /// Its task definition.
    pub(crate) task_definition: String,
    /// The digests ECS resolved its images to.
    pub(crate) container_images: Vec<ContainerImage>,
}

/// `containerImages[]` of a revision.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ContainerImage {
    /// The container.
    pub(crate) container_name: String,
    /// `sha256:…`, where ECS resolved it.
    pub(crate) image_digest: Option<String>,
    /// As the task definition spells it.
    pub(crate) image: String,
}

/// A task.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Task {
    /// Its ARN; the last part names its log streams.
    pub(crate) task_arn: String,
    /// `PROVISIONING` … `RUNNING` … `STOPPED`.
    pub(crate) last_status: String,
    /// The deployment that started it, `ecs-svc/<number>`.
    pub(crate) started_by: Option<String>,
    /// When it began to run; absent when it never did.
    #[serde(deserialize_with = "moment")]
    pub(crate) started_at: Option<Timestamp>,
    /// When its first container ended.
    #[serde(deserialize_with = "moment")]
    pub(crate) stopping_at: Option<Timestamp>,
    /// Why it stopped, in a word.
    pub(crate) stop_code: Option<String>,
    /// Why it stopped. Untrusted text.
    pub(crate) stopped_reason: Option<String>,
    /// Its containers.
    pub(crate) containers: Vec<Container>,
}

impl Task {
    /// The last part of the ARN.
    #[must_use]
    pub(crate) fn id(&self) -> &str {
        self.task_arn.rsplit('/').next().unwrap_or_default()
    }
}

/// A container of a task.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Container {
    /// Its name in the task definition.
    pub(crate) name: String,
    /// `sha256:…` of what really runs.
    pub(crate) image_digest: Option<String>,
    /// Absent when it never ran.
    pub(crate) exit_code: Option<i64>,
    /// More on why it stopped. Untrusted text.
    pub(crate) reason: Option<String>,
}

/// A percentage as tenths of a percent; what is none is not known.
fn tenths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    let percent = Option::<f64>::deserialize(deserializer)?;
    Ok(percent.and_then(|percent| rollout::Weight::from_percent(percent).ok()).map(rollout::Weight::permille))
}

/// AWS JSON moments are seconds since 1970 with a fraction.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let seconds = Option::<f64>::deserialize(deserializer)?;
    Ok(seconds.and_then(|seconds| {
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit 64 bits by far")]
        Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_word_of_tomorrow_is_kept_and_is_no_end() {
        let deployment: ServiceDeployment =
            serde_json::from_value(json!({"status": "PAUSED", "createdAt": 1_700_000_000.5, "new": {}})).unwrap();
        assert_eq!(deployment.status, Status::Other("PAUSED".into()));
        assert!(!deployment.status.is_terminal() && deployment.status.word() == "PAUSED");
        assert_eq!(deployment.created_at.unwrap().as_millisecond(), 1_700_000_000_500);
    }

    #[test]
    fn exactly_the_models_four_ends_are_ends() {
        let ends: Vec<_> =
            Status::WORDS.into_iter().filter(|(_, status)| status.is_terminal()).map(|(w, _)| w).collect();
        assert_eq!(ends, ["SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"]);
        for (word, status) in Status::WORDS {
            assert_eq!(serde_json::from_value::<Status>(json!(word)).unwrap(), status);
            assert_eq!(status.word(), word);
        }
    }
}
