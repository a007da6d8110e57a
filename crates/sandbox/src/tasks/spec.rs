//! What a task is started from: the parts of a task definition the agent acts on.

use super::dependencies::{self, Dependency};
use crate::wire::Input;
use serde_json::Value;
use std::time::Duration;

/// A task to run.
#[derive(Debug, Clone)]
pub(crate) struct TaskSpec {
    /// The cluster's name.
    pub(crate) cluster: String,
    /// Whom it belongs to.
    pub(crate) owner: Owner,
    /// The ARN of the task definition.
    pub(crate) definition_arn: String,
    /// The task definition, for the members the agent does not act on.
    pub(crate) definition: Value,
    /// The launch type that was asked for.
    pub(crate) launch_type: String,
    /// What runs in it.
    pub(crate) containers: Vec<ContainerSpec>,
}

/// Whom a task belongs to.
#[derive(Debug, Clone)]
pub(crate) enum Owner {
    /// A revision of a service.
    Service { name: String, revision: u64 },
    /// Nobody: it was started by itself.
    Nobody(Alone),
}

/// What was said when a task was started by itself.
#[derive(Debug, Clone)]
pub(crate) struct Alone {
    pub(crate) group: String,
    pub(crate) started_by: Option<String>,
    /// `overrides`, as they are shown.
    pub(crate) overrides: Value,
    pub(crate) tags: Vec<Value>,
    pub(crate) client_token: Option<String>,
}

impl TaskSpec {
    /// The service it belongs to.
    pub(crate) fn service(&self) -> Option<&str> {
        match &self.owner {
            Owner::Service { name, .. } => Some(name),
            Owner::Nobody(_) => None,
        }
    }

    /// The revision of a service it belongs to.
    pub(crate) fn revision(&self) -> Option<u64> {
        match self.owner {
            Owner::Service { revision, .. } => Some(revision),
            Owner::Nobody(_) => None,
        }
    }

    /// What was said when it was started by itself.
    pub(crate) fn alone(&self) -> Option<&Alone> {
        match &self.owner {
            Owner::Service { .. } => None,
            Owner::Nobody(alone) => Some(alone),
        }
    }
}

/// A container to run.
#[derive(Debug, Clone)]
pub(crate) struct ContainerSpec {
    /// Its name in the task definition.
    pub(crate) name: String,
    /// The image as the task definition names it.
    pub(crate) image: String,
    /// The digest the service's revision resolved the image to; every task of the revision runs it.
    pub(crate) pinned: Option<subject::Digest>,
    /// Whether the task ends when it ends.
    pub(crate) essential: bool,
    /// What has to have come how far before it starts.
    pub(crate) depends_on: Vec<Dependency>,
    /// Replaces the image's entry point.
    pub(crate) entry_point: Option<Vec<String>>,
    /// Replaces the image's command.
    pub(crate) command: Option<Vec<String>>,
    /// Added to the image's variables.
    pub(crate) environment: Vec<(String, String)>,
    /// Replaces the image's working directory.
    pub(crate) working_directory: Option<String>,
    /// How long it may take to end after SIGTERM.
    pub(crate) stop_timeout: Duration,
    /// Its own health check.
    pub(crate) health_check: Option<HealthCheck>,
    /// The log group and stream prefix of the `awslogs` driver.
    pub(crate) log: Option<(String, String)>,
}

/// A container's own health check.
#[derive(Debug, Clone)]
pub(crate) struct HealthCheck {
    /// The command; the `CMD` or `CMD-SHELL` in front is already read.
    pub(crate) command: Vec<String>,
    /// The pause between checks.
    pub(crate) interval: Duration,
    /// How long one may take.
    pub(crate) timeout: Duration,
    /// How many in a row must fail.
    pub(crate) retries: u32,
    /// How long failures do not count after the start.
    pub(crate) start_period: Duration,
}

impl ContainerSpec {
    /// Reads one of a task definition's `containerDefinitions`.
    pub(crate) fn read(definition: &Value) -> Self {
        let input = Input::new(definition);
        let words = |name| input.value(name).map(|_| input.texts(name).into_iter().map(str::to_owned).collect());
        let variable = |pair: &Value| {
            let pair = Input::new(pair);
            Some((pair.text("name")?.to_owned(), pair.text("value").unwrap_or_default().to_owned()))
        };
        Self {
            name: input.text("name").unwrap_or_default().to_owned(),
            image: input.text("image").unwrap_or_default().to_owned(),
            pinned: None,
            essential: input.value("essential").and_then(Value::as_bool).unwrap_or(true),
            depends_on: dependencies::read(input),
            entry_point: words("entryPoint").filter(|words: &Vec<String>| !words.is_empty()),
            command: words("command").filter(|words: &Vec<String>| !words.is_empty()),
            environment: input.list("environment").iter().filter_map(variable).collect(),
            working_directory: input.text("workingDirectory").map(str::to_owned),
            stop_timeout: seconds(input, "stopTimeout", 30),
            health_check: input.value("healthCheck").and_then(HealthCheck::read),
            log: input.value("logConfiguration").and_then(awslogs),
        }
    }
}

impl ContainerSpec {
    /// Applies a `containerOverride`: another command, more variables.
    pub(crate) fn apply(&mut self, change: Input<'_>) {
        if change.value("command").is_some() {
            self.command = Some(change.texts("command").into_iter().map(str::to_owned).collect());
        }
        for pair in change.list("environment").iter().map(Input::new) {
            if let Some(name) = pair.text("name") {
                self.environment.retain(|(known, _)| known != name);
                self.environment.push((name.to_owned(), pair.text("value").unwrap_or_default().to_owned()));
            }
        }
    }
}

impl HealthCheck {
    fn read(value: &Value) -> Option<Self> {
        let input = Input::new(value);
        let words = input.texts("command");
        let command: Vec<&str> = match words.as_slice() {
            ["NONE"] | [] => return None,
            ["CMD", rest @ ..] => rest.to_vec(),
            ["CMD-SHELL", script] => vec!["/bin/sh", "-c", script],
            other => vec!["/bin/sh", "-c", other.first()?],
        };
        Some(Self {
            command: command.into_iter().map(str::to_owned).collect(),
            interval: seconds(input, "interval", 30),
            timeout: seconds(input, "timeout", 5),
            retries: input.count("retries").ok().flatten().unwrap_or(3),
            start_period: seconds(input, "startPeriod", 0),
        })
    }
}

fn seconds(input: Input<'_>, name: &str, default: u32) -> Duration {
    Duration::from_secs(input.count(name).ok().flatten().unwrap_or(default).into())
}

fn awslogs(value: &Value) -> Option<(String, String)> {
    let options = Input::new(value.get("options")?);
    let driver = value.get("logDriver")?.as_str()?;
    let prefix = options.text("awslogs-stream-prefix").unwrap_or("ecs");
    (driver == "awslogs").then_some((options.text("awslogs-group")?.to_owned(), prefix.to_owned()))
}
