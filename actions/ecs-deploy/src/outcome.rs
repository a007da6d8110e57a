//! What a run came to, as one document: the JSON report, and the source of everything else that is said.

use crate::{
    diagnose::Group,
    identity::running,
    inputs::{OnSuperseded, Settings},
    journal::Journal,
    model::Service,
    preflight::Check,
    verdict::Verdict,
    watch::Record,
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// The answer of a run with all that led to it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    /// The answer.
    pub(crate) verdict: Verdict,
    /// `deploy` or `rollback`.
    pub(crate) mode: &'static str,
    /// Why, where the verdict alone does not say it. May hold untrusted text.
    pub(crate) cause: Option<String>,
    /// What to do, where there is something.
    pub(crate) help: Option<String>,
    /// Name or ARN of the cluster, as given.
    pub(crate) cluster: String,
    /// Name of the service, as given.
    pub(crate) service: String,
    /// The service's ARN.
    pub(crate) service_arn: Option<String>,
    /// `repository@sha256:…`.
    pub(crate) image: Option<String>,
    /// The image's digest.
    pub(crate) digest: Option<String>,
    /// The task definition of the deployment.
    pub(crate) task_definition: Option<String>,
    /// The task definition before it.
    pub(crate) previous_task_definition: Option<String>,
    /// `ecs-svc/…`.
    pub(crate) deployment_id: Option<String>,
    /// Our service deployment.
    pub(crate) service_deployment: Option<String>,
    /// The task definition the service is back on.
    pub(crate) rolled_back_to: Option<String>,
    /// In `mode: rollback`: what was taken away.
    pub(crate) removed: Option<Removed>,
    /// The service that has the traffic, where this action moves it between two.
    pub(crate) live_service: Option<String>,
    /// Whether having been replaced is fine with whoever asked.
    pub(crate) neutral_when_superseded: bool,
    /// The deployment that replaced ours.
    pub(crate) superseded_by: Option<String>,
    /// Running tasks proven to run the image.
    pub(crate) tasks: usize,
    /// What would or did change in the task definition, as a unified diff.
    pub(crate) diff: Option<String>,
    /// What happened when.
    pub(crate) timeline: Vec<Moment>,
    /// Service events, oldest first. Untrusted text.
    pub(crate) events: Vec<Moment>,
    /// Why it failed.
    pub(crate) diagnosis: Option<Dossier>,
    /// The digest of the referrer that carries the deployment statement.
    pub(crate) statement: Option<String>,
    /// The table of `mode: preflight`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) checks: Vec<Check>,
    /// The policy of `mode: iam-policy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<Value>,
    /// What went wrong beside the deployment itself.
    pub(crate) warnings: Vec<String>,
    /// The service's page in the console.
    pub(crate) console_url: Option<String>,
    /// When the run began looking.
    pub(crate) started_at: Timestamp,
    /// When it had its verdict.
    pub(crate) finished_at: Timestamp,
}

/// What a rollback took away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Removed {
    /// `repository@sha256:…`.
    pub(crate) image: String,
    /// The task definition that had put it in place.
    pub(crate) task_definition: String,
}

/// Something that happened.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Moment {
    /// When.
    pub(crate) at: Option<Timestamp>,
    /// What.
    pub(crate) what: String,
}

/// Why a deployment failed, from what its tasks, logs and targets say. Untrusted text throughout.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Dossier {
    /// Stopped tasks by reason.
    pub(crate) groups: Vec<Group>,
    /// The last log lines of containers that failed.
    pub(crate) logs: Vec<Tail>,
    /// Targets of the load balancer that are not healthy.
    pub(crate) targets: Vec<Target>,
    /// What the alarms that went off did, oldest first.
    pub(crate) alarms: Vec<Moment>,
}

/// The end of a container's log.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Tail {
    /// The container.
    pub(crate) container: String,
    /// The task's id.
    pub(crate) task: String,
    /// Its last lines.
    pub(crate) lines: Vec<String>,
}

/// A target that is not healthy.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Target {
    /// Address or instance, with the port.
    pub(crate) id: String,
    /// `unhealthy`, `draining`, …
    pub(crate) state: String,
    /// The load balancer's reason and description.
    pub(crate) reason: String,
}

impl Outcome {
    /// An outcome that knows only what was asked.
    #[must_use]
    pub(crate) fn new(verdict: Verdict, settings: &Settings, at: Timestamp) -> Self {
        Self {
            verdict,
            mode: settings.mode(),
            cause: None,
            help: None,
            cluster: settings.cluster.clone(),
            service: settings.service.clone(),
            service_arn: None,
            image: None,
            digest: None,
            task_definition: None,
            previous_task_definition: None,
            deployment_id: None,
            service_deployment: None,
            rolled_back_to: None,
            removed: None,
            live_service: None,
            neutral_when_superseded: settings.on_superseded == OnSuperseded::Neutral,
            superseded_by: None,
            tasks: 0,
            diff: None,
            timeline: Vec::new(),
            events: Vec::new(),
            diagnosis: None,
            statement: None,
            checks: Vec::new(),
            policy: None,
            warnings: Vec::new(),
            console_url: None,
            started_at: at,
            finished_at: at,
        }
    }

    /// Adds what the service is.
    #[must_use]
    pub(crate) fn of_service(mut self, service: &Service) -> Self {
        self.console_url = console_url(&service.service_arn);
        self.service_arn = Some(service.service_arn.clone()).filter(|arn| !arn.is_empty());
        self.task_definition.get_or_insert_with(|| running(service).to_owned());
        self
    }

    /// Adds what our deployment is.
    #[must_use]
    pub(crate) fn of_deployment(mut self, journal: &Journal) -> Self {
        self.task_definition = Some(journal.task_definition.clone());
        self.previous_task_definition = Some(journal.previous.clone()).filter(|previous| !previous.is_empty());
        self.deployment_id = journal.id.as_ref().map(|id| id.as_str().to_owned());
        self.service_deployment = journal.arn.as_ref().map(|arn| arn.as_str().to_owned());
        self
    }

    /// Adds what was noticed on the way.
    #[must_use]
    pub(crate) fn of_record(mut self, record: &Record) -> Self {
        let moment = |(at, what): &(Timestamp, String)| Moment { at: Some(*at), what: what.clone() };
        self.timeline = record.timeline.iter().map(moment).collect();
        self.events =
            record.events.iter().map(|event| Moment { at: event.created_at, what: event.message.clone() }).collect();
        self
    }
}

/// The service's page in the console of its partition.
fn console_url(service_arn: &str) -> Option<String> {
    let mut parts = service_arn.splitn(6, ':');
    let (partition, region) = (parts.nth(1)?, parts.nth(1)?);
    let mut path = parts.nth(1)?.split('/').skip(1);
    let (cluster, service) = (path.next()?, path.next()?);
    let host = match partition {
        "aws" => "console.aws.amazon.com",
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        _ => return None,
    };
    Some(format!("https://{region}.{host}/ecs/v2/clusters/{cluster}/services/{service}/deployments?region={region}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_console_is_the_one_of_the_partition() {
        let url = |arn: &str| console_url(arn);
        assert_eq!(
            url("arn:aws:ecs:eu-west-1:123456789012:service/prod/api").unwrap(),
            "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/api/deployments?region=eu-west-1"
        );
        assert!(url("arn:aws-cn:ecs:cn-north-1:1:service/c/s").unwrap().contains("cn-north-1.console.amazonaws.cn"));
        for odd in ["", "arn:aws-iso:ecs:r:1:service/c/s", "arn:aws:ecs:r:1:service/only-a-name"] {
            assert_eq!(url(odd), None, "{odd}");
        }
    }
}
