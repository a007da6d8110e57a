//! The declaration of the inputs, and the settings they come to.

pub(crate) mod progress;
mod until;

pub(crate) use progress::{Engine, Gate, Progress};
pub(crate) use until::WaitUntil;

use crate::{
    decide::{Breaker, OnCompeting, Roller},
    overrides::Overrides,
};
use aws::AwsInputs;
use evidence::EvidenceInputs;
use github::{Failure, InputError, yes_no};
use jiff::{SignedDuration, Timestamp};
use progress::ProgressInputs;
use std::{path::PathBuf, time::Duration};
use subject::{ImageRef, Reference};

/// The inputs as typed by the user.
#[derive(Debug, Clone, clap::Args)]
pub struct Inputs {
    /// What to do: put a release into the service; take the service back to the last release that succeeded; `resume` a deployment of this suite in flight, with its gates; `recover` what a run that is gone left on its way; `run-task` runs one task outside the service, such as a migration; `diff` shows what a deployment would change; `preflight` looks whether something stands in its way; `iam-policy` writes the least policy for what the other inputs ask for.
    #[arg(long, value_enum, default_value = "deploy")]
    pub(crate) mode: Mode,
    /// Name or ARN of the ECS cluster.
    #[arg(long)]
    pub(crate) cluster: String,
    /// Name of the ECS service. It must exist and be deployed by ECS itself.
    #[arg(long)]
    pub(crate) service: String,
    /// The image to run, by digest: `repository@sha256:…`. Needed to deploy, unless `task-definition` or `overrides` say what to run.
    #[arg(long)]
    pub(crate) image: Option<Reference>,
    /// The container that runs the image; needed only when the task definition has several. In `mode: run-task`: the container whose end is the task's verdict; unset, all essential ones.
    #[arg(long)]
    pub(crate) container: Option<String>,
    /// What to build on: unset, what the service runs now; `family:revision` or an ARN; or the path of a JSON file. Without `image` and `overrides` it is deployed as it is, so that one revision can serve several services.
    #[arg(long)]
    pub(crate) task_definition: Option<String>,
    /// What is to be different in the task definition, as YAML or JSON: `containers` by name with `image`, `environment`, `secrets`, `command`, `entry-point`, `cpu`, `memory`, `memory-reservation`, `labels`, `log-options`; `cpu`, `memory` and `tags` of the task. `null` takes a name out; what is not named stays.
    #[arg(long)]
    pub(crate) overrides: Option<String>,
    /// In `mode: run-task`: the words to run in place of the container's own, one on each line; no shell.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) command: Vec<String>,
    /// Accept a tag in `image`: it is resolved once, at the start, and the digest found is what is deployed.
    #[arg(long, value_parser = yes_no(), action = clap::ArgAction::Set, num_args = 0..=1, default_value = "false", default_missing_value = "true", require_equals = true)]
    pub(crate) resolve_tag: bool,
    /// In `mode: rollback`: the image to go back to, by digest; it must be in the service's deployment history.
    #[arg(long)]
    pub(crate) to_image: Option<Reference>,
    /// In `mode: rollback`: the task definition to go back to, as `family:revision` or ARN.
    #[arg(long)]
    pub(crate) to_revision: Option<String>,
    /// In `mode: rollback`: the service deployment to go back to, by its ARN; it must have succeeded.
    #[arg(long)]
    pub(crate) to_deployment: Option<String>,
    /// In `mode: rollback`: the moment to go back to, as `2026-11-20T12:00:00Z`: the release that had succeeded last by then.
    #[arg(long, value_parser = moment)]
    pub(crate) to_time: Option<Timestamp>,
    /// In `mode: rollback`: only to a release whose image carries a deployment statement that says `deployed`, signed by this step's own `signing-key`. ECS's word alone is then not enough.
    #[arg(long, value_parser = yes_no(), action = clap::ArgAction::Set, num_args = 0..=1, default_value = "false", default_missing_value = "true", require_equals = true)]
    pub(crate) verified_only: bool,
    /// ECS's deployment circuit breaker: switch it on with rollback, or keep what the service has.
    #[arg(long, value_enum, default_value = "rollback")]
    pub(crate) circuit_breaker: Breaker,
    /// What to do when a deployment that is not ours is in flight.
    #[arg(long, value_enum, default_value = "refuse")]
    pub(crate) on_competing: OnCompeting,
    /// What it comes to when a newer deployment has replaced ours: exit code 1, or 0 because somebody has moved on.
    #[arg(long, value_enum, default_value = "fail")]
    pub(crate) on_superseded: OnSuperseded,
    /// Minutes a deployment may take before it is taken back; the way back may take as long again. 0.05 to 1440.
    #[arg(long, default_value = "30", value_parser = minutes)]
    pub(crate) wait_minutes: Duration,
    /// How far a deployment is followed: `end`; `begun`; `stage:` and the name of a lifecycle stage, such as `stage:BAKE_TIME`; or `traffic:` and percent. What is left then is ECS's: `mode: resume` follows it to its end, and nothing is taken back by this run any more.
    #[arg(long, default_value = "end")]
    pub(crate) wait_until: WaitUntil,
    /// Seconds between two looks in the first half minute, 0.1 to 60; later looks come 2.5 times as far apart.
    #[arg(long, default_value = "2", value_parser = seconds)]
    pub(crate) poll_seconds: Duration,
    /// How the release comes to its traffic.
    #[command(flatten)]
    pub(crate) progress: ProgressInputs,
    /// Only print the plan and what would change; nothing is written.
    #[arg(long, value_parser = yes_no(), action = clap::ArgAction::Set, num_args = 0..=1, default_value = "false", default_missing_value = "true", require_equals = true)]
    pub(crate) dry_run: bool,
    /// Region and role.
    #[command(flatten)]
    pub(crate) aws: AwsInputs,
    /// The signing key and the registry's login.
    #[command(flatten)]
    pub(crate) evidence: EvidenceInputs,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// Put an image into the service.
    Deploy,
    /// Take the service back.
    Rollback,
    /// Go on with a deployment that a run of this suite began: follow it, and answer its gates.
    Resume,
    /// Take back what a run that is gone left on its way.
    Recover,
    /// Run one task outside the service.
    RunTask,
    /// Only show what a deployment would change.
    Diff,
    /// Only look whether something stands in the way of a deployment.
    Preflight,
    /// Only write the least IAM policy for what the other inputs ask for.
    IamPolicy,
}

/// What a deployment that was replaced comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OnSuperseded {
    /// The answer is no.
    Fail,
    /// It is nobody's fault; the verdict says so.
    Neutral,
}

/// The inputs once they fit together.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Where to.
    pub(crate) goal: Goal,
    /// Name or ARN of the cluster.
    pub(crate) cluster: String,
    /// Name of the service.
    pub(crate) service: String,
    /// The container, where one is named.
    pub(crate) container: Option<String>,
    /// About the circuit breaker.
    pub(crate) breaker: Breaker,
    /// About deployments of others.
    pub(crate) on_competing: OnCompeting,
    /// About being replaced.
    pub(crate) on_superseded: OnSuperseded,
    /// How long a deployment may take.
    pub(crate) wait: SignedDuration,
    /// How far a deployment is followed.
    pub(crate) wait_until: WaitUntil,
    /// How long between two looks at first.
    pub(crate) poll: Duration,
    /// How the release comes to its traffic.
    pub(crate) progress: Progress,
    /// Whether anything may be written.
    pub(crate) dry_run: bool,
}

/// Where the service is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Forth.
    Deploy(Box<Forth>),
    /// Back.
    Rollback(Back),
    /// On with what is in flight.
    Resume,
    /// Back from what a run that is gone left.
    Recover,
    /// One task.
    Once(Box<Once>),
    /// Nothing, but to look.
    Preflight(Box<Forth>),
    /// Nothing, but to write a policy for releases of that image.
    IamPolicy(Option<Reference>),
}

/// One task outside the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Once {
    /// What it runs.
    pub(crate) forth: Forth,
    /// The words it runs, in place of the container's own.
    pub(crate) command: Vec<String>,
}

/// What to put into the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Forth {
    /// The image; a tag only where resolving was asked for.
    pub(crate) image: Option<Reference>,
    /// What to build on.
    pub(crate) base: Base,
    /// What is to be different.
    pub(crate) overrides: Overrides,
}

/// What a task definition is built on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Base {
    /// What the service runs.
    Running,
    /// A revision, as `family:revision` or ARN.
    Revision(String),
    /// A JSON file.
    File(PathBuf),
}

/// How far back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Back {
    /// To the last deployment that succeeded with another revision.
    Last,
    /// To the last one whose image is stated, by our own key, to have been deployed.
    Verified,
    /// To this image.
    Image(ImageRef),
    /// To this task definition.
    Revision(String),
    /// To what this service deployment put in place.
    Deployment(String),
    /// To what was in place at this moment.
    Time(Timestamp),
}

impl Settings {
    /// Checks what one input means to another.
    ///
    /// # Errors
    /// All contradictions at once.
    pub(crate) fn from(inputs: &Inputs) -> Result<Self, Failure> {
        let mut errors = Vec::new();
        let goal = match inputs.mode {
            Mode::Deploy | Mode::Diff => deploy(inputs, &mut errors),
            Mode::Rollback => rollback(inputs, &mut errors),
            Mode::Resume => in_flight(inputs, Goal::Resume, &mut errors),
            Mode::Recover => in_flight(inputs, Goal::Recover, &mut errors),
            Mode::RunTask => forth(inputs, &mut errors).map(|forth| {
                let command = inputs.command.iter().map(|line| line.trim_end_matches('\r').to_owned()).collect();
                Goal::Once(Box::new(Once { forth, command }))
            }),
            Mode::Preflight => forth(inputs, &mut errors).map(|forth| Goal::Preflight(Box::new(forth))),
            Mode::IamPolicy => Some(Goal::IamPolicy(inputs.image.clone())),
        };
        if inputs.mode != Mode::RunTask && !inputs.command.is_empty() {
            errors.push(InputError::unseen(
                "command",
                "belongs to `mode: run-task`; a deployment takes it in `overrides`",
            ));
        }
        let ours = !inputs.progress.gate.is_empty() || inputs.progress.alternate_service.is_some();
        if inputs.wait_until != WaitUntil::End && ours {
            let problem = "must be `end` where a gate is asked or this action moves the traffic: nobody else would";
            errors.push(InputError::unseen("wait-until", problem));
        }
        let progress = Progress::from(&inputs.progress, &mut errors);
        match goal {
            Some(goal) if errors.is_empty() => Ok(Self {
                goal,
                cluster: inputs.cluster.clone(),
                service: inputs.service.clone(),
                container: inputs.container.clone(),
                breaker: inputs.circuit_breaker,
                on_competing: inputs.on_competing,
                on_superseded: inputs.on_superseded,
                wait: SignedDuration::try_from(inputs.wait_minutes).unwrap_or(SignedDuration::MAX),
                wait_until: inputs.wait_until.clone(),
                poll: inputs.poll_seconds,
                progress,
                dry_run: inputs.dry_run || inputs.mode == Mode::Diff,
            }),
            _ => Err(Failure::inputs(errors)),
        }
    }

    /// Settings of a run that is about nothing in particular.
    #[cfg(test)]
    pub(crate) fn of_test(goal: Goal) -> Self {
        Self {
            goal,
            cluster: "c".into(),
            service: "s".into(),
            container: None,
            breaker: Breaker::Keep,
            on_competing: OnCompeting::Refuse,
            on_superseded: OnSuperseded::Fail,
            wait: SignedDuration::from_mins(10),
            wait_until: WaitUntil::End,
            poll: Duration::from_secs(2),
            progress: Progress::as_is(),
            dry_run: false,
        }
    }

    /// The mode's word.
    #[must_use]
    pub(crate) fn mode(&self) -> &'static str {
        match self.goal {
            Goal::Deploy(_) => "deploy",
            Goal::Rollback(_) => "rollback",
            Goal::Resume => "resume",
            Goal::Recover => "recover",
            Goal::Once(_) => "run-task",
            Goal::Preflight(_) => "preflight",
            Goal::IamPolicy(_) => "iam-policy",
        }
    }

    /// Who has to roll the service out for that.
    #[must_use]
    pub(crate) fn roller(&self) -> Roller {
        match self.goal {
            // One task outside the service is nobody's rollout.
            Goal::Once(_) => Roller::Anybody,
            _ => Roller::by(&self.progress.engine),
        }
    }

    /// `cluster/service`, as messages name it.
    #[must_use]
    pub(crate) fn subject(&self) -> String {
        format!("{}/{}", self.cluster.rsplit('/').next().unwrap_or_default(), self.service)
    }
}

const PINNED: &str = "registry.example/team/app@sha256:0123…";

fn deploy(inputs: &Inputs, errors: &mut Vec<InputError>) -> Option<Goal> {
    let forth = forth(inputs, errors)?;
    if forth.image.is_none() && forth.base == Base::Running && forth.overrides.is_empty() {
        errors.push(InputError::unseen("image", "is needed to deploy").example(PINNED));
        return None;
    }
    Some(Goal::Deploy(Box::new(forth)))
}

/// What is to run.
fn forth(inputs: &Inputs, errors: &mut Vec<InputError>) -> Option<Forth> {
    for name in goals(inputs) {
        errors.push(InputError::unseen(name, "belongs to `mode: rollback`; to deploy, give `image`"));
    }
    let base = match &inputs.task_definition {
        None => Base::Running,
        Some(name) if is_revision(name) => Base::Revision(name.clone()),
        Some(path) => Base::File(PathBuf::from(path)),
    };
    let overrides = match inputs.overrides.as_deref().map(Overrides::read).transpose() {
        Ok(overrides) => overrides.unwrap_or_default(),
        Err(problems) => {
            let told = |problem: &document::Problem| InputError::unseen("overrides", problem.to_string());
            errors.extend(problems.iter().map(told));
            return None;
        }
    };
    match &inputs.image {
        Some(Reference::Tag(tag)) if !inputs.resolve_tag => {
            let problem =
                "is a tag, which can move between check and deployment; pin the digest, or set `resolve-tag: true`";
            errors.push(InputError::new("image", tag, problem).example(PINNED));
            None
        }
        image => Some(Forth { image: image.clone(), base, overrides }),
    }
}

/// What is in flight is known by itself; nothing is said about what to deploy.
fn in_flight(inputs: &Inputs, goal: Goal, errors: &mut Vec<InputError>) -> Option<Goal> {
    let given = [
        ("image", inputs.image.is_some()),
        ("task-definition", inputs.task_definition.is_some()),
        ("overrides", inputs.overrides.is_some()),
    ];
    let given = given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name);
    for name in given.chain(goals(inputs)) {
        errors.push(InputError::unseen(name, "belongs to another mode; this one is about what is in flight"));
    }
    Some(goal)
}

fn rollback(inputs: &Inputs, errors: &mut Vec<InputError>) -> Option<Goal> {
    if let Some(image) = &inputs.image {
        let problem = "belongs to `mode: deploy`; to go back to an image, give `to-image`";
        errors.push(InputError::new("image", image, problem));
    }
    let given: Vec<&str> = goals(inputs).collect();
    if let [first, more @ ..] = given.as_slice() {
        errors.extend(
            more.iter().map(|name| InputError::unseen(name, format!("contradicts `{first}`; give one of them"))),
        );
    }
    if let Some(image) = &inputs.to_image {
        return match image {
            Reference::Image(image) => Some(Goal::Rollback(Back::Image(image.clone()))),
            Reference::Tag(tag) => {
                errors.push(InputError::new("to-image", tag, "is a tag; history knows digests").example(PINNED));
                None
            }
        };
    }
    if let Some(revision) = inputs.to_revision.as_ref().filter(|revision| !is_revision(revision)) {
        let problem = "is neither family:revision nor the ARN of a task definition";
        errors.push(InputError::new("to-revision", revision, problem).example("api:41"));
        return None;
    }
    let revision = inputs.to_revision.clone().map(Back::Revision);
    let back = revision.or(inputs.to_deployment.clone().map(Back::Deployment)).or(inputs.to_time.map(Back::Time));
    if inputs.verified_only && back.is_some() {
        errors
            .push(InputError::unseen("verified-only", "is about the last release; the one asked for is named already"));
    }
    if inputs.verified_only && inputs.evidence.signing_key.is_none() {
        errors.push(InputError::unseen(
            "signing-key",
            "is needed with `verified-only`: its statements are what is believed",
        ));
    }
    let last = if inputs.verified_only { Back::Verified } else { Back::Last };
    Some(Goal::Rollback(back.unwrap_or(last)))
}

/// The inputs that say how far back.
fn goals(inputs: &Inputs) -> impl Iterator<Item = &'static str> + use<> {
    let given = [
        ("to-image", inputs.to_image.is_some()),
        ("to-revision", inputs.to_revision.is_some()),
        ("to-deployment", inputs.to_deployment.is_some()),
        ("to-time", inputs.to_time.is_some()),
    ];
    given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name)
}

fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "not a moment such as 2026-11-20T12:00:00Z".to_owned())
}

/// `family:number`, alone or at the end of an ARN.
fn is_revision(text: &str) -> bool {
    let name = match text.strip_prefix("arn:") {
        Some(arn) => arn.split_once(":task-definition/").map_or("", |(_, name)| name),
        None => text,
    };
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    name.split_once(':').is_some_and(|(family, number)| {
        !family.is_empty() && family.bytes().all(allowed) && number.parse::<u32>().is_ok_and(|number| number > 0)
    })
}

fn minutes(text: &str) -> Result<Duration, String> {
    number(text, 0.05, 1440.0).map(|minutes| Duration::from_secs_f64(minutes * 60.0))
}

/// Minutes of which there may be none.
fn minutes_from_zero(text: &str) -> Result<Duration, String> {
    number(text, 0.0, 1440.0).map(|minutes| Duration::from_secs_f64(minutes * 60.0))
}

/// Whether a time is whole minutes.
fn whole(time: Duration) -> bool {
    time.as_secs().is_multiple_of(60) && time.subsec_nanos() == 0
}

fn seconds(text: &str) -> Result<Duration, String> {
    number(text, 0.1, 60.0).map(Duration::from_secs_f64)
}

fn number(text: &str, least: f64, most: f64) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (least..=most).contains(&number) { Ok(number) } else { Err(format!("not between {least} and {most}")) }
}

#[cfg(test)]
#[path = "inputs_tests.rs"]
mod tests;
