//! Deployment v0.1, ours: that an image was put into an environment, how, and how it ended.
//!
//! Schema: `docs/predicates/deployment-v0.1.json`.

use super::{Predicate, shape};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// That the subject was put into an environment, how, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// Where.
    pub environment: Environment,
    /// Which way.
    pub mode: Mode,
    /// How it ended for the subject.
    pub verdict: Verdict,
    /// Why, where the verdict does not say it.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The task definition that put the subject in place.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<String>,
    /// The one before it.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub previous_task_definition: Option<String>,
    /// The one the service is back on.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub rolled_back_to: Option<String>,
    /// The service that has the traffic now, where it was moved between two.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub live_service: Option<String>,
    /// The deployment's own names.
    pub deployment: Names,
    /// Running tasks whose image was read back and is the subject.
    pub verified_tasks: u64,
    /// When it began.
    #[serde(default, deserialize_with = "shape::present_moment", skip_serializing_if = "Option::is_none")]
    pub started_on: Option<Timestamp>,
    /// When it ended.
    #[serde(default, deserialize_with = "shape::present_moment", skip_serializing_if = "Option::is_none")]
    pub finished_on: Option<Timestamp>,
    /// Page of the workflow run.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

/// Where. The kind says which other members there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// `aws-ecs`.
    pub kind: String,
    /// The service's name.
    pub name: String,
    /// The cluster's name or ARN.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The service's ARN.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// Forward or back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// A new image.
    Deploy,
    /// An image that ran before.
    Rollback,
    /// What an earlier run had begun, to its end.
    Resume,
    /// What an earlier run had begun, taken back.
    Recover,
}

/// How it ended. Only [`Verdict::Deployed`] means that the subject runs, in every task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It runs.
    Deployed,
    /// It was taken back.
    RolledBack,
    /// It failed, and so did taking it back.
    RollbackFailed,
    /// Another deployment came in between.
    Superseded,
    /// Somebody stopped it.
    Stopped,
    /// No task runs.
    UnverifiedZeroTasks,
    /// Some task runs another image.
    UnverifiedDigest,
    /// It did not end in time.
    TimedOut,
    /// The run was cancelled.
    Cancelled,
}

/// The deployment's own names; none where only traffic was moved to what stood there already.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Names {
    /// `ecs-svc/…`.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// ARN of the service deployment.
    #[serde(default, deserialize_with = "shape::present", skip_serializing_if = "Option::is_none")]
    pub service_deployment: Option<String>,
}

impl Predicate for Deployment {
    const TYPE: &'static str = super::DEPLOYMENT;

    fn made_on(&self) -> Option<Timestamp> {
        self.finished_on
    }
}
