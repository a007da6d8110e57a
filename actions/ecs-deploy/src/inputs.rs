//! The declaration of the inputs, and the settings they come to.

use crate::decide::{Breaker, OnCompeting};
use aws::AwsInputs;
use evidence::EvidenceInputs;
use github::{Failure, InputError, yes_no};
use jiff::SignedDuration;
use std::time::Duration;
use subject::{ImageRef, Reference};

/// The inputs as typed by the user.
#[derive(Debug, Clone, clap::Args)]
pub struct Inputs {
    /// What to do: put `image` into the service, or take the service back to the last release that succeeded.
    #[arg(long, value_enum, default_value = "deploy")]
    pub(crate) mode: Mode,
    /// Name or ARN of the ECS cluster.
    #[arg(long)]
    pub(crate) cluster: String,
    /// Name of the ECS service. It must exist and be deployed by ECS itself (rolling).
    #[arg(long)]
    pub(crate) service: String,
    /// The image to run, by digest: `repository@sha256:…`. Needed to deploy.
    #[arg(long)]
    pub(crate) image: Option<Reference>,
    /// The container that runs the image; needed only when the task definition has several.
    #[arg(long)]
    pub(crate) container: Option<String>,
    /// Accept a tag in `image`: it is resolved once, at the start, and the digest found is what is deployed.
    #[arg(long, value_parser = yes_no(), action = clap::ArgAction::Set, num_args = 0..=1, default_value = "false", default_missing_value = "true", require_equals = true)]
    pub(crate) resolve_tag: bool,
    /// In `mode: rollback`: the image to go back to, by digest; it must be in the service's deployment history.
    #[arg(long)]
    pub(crate) to_image: Option<Reference>,
    /// In `mode: rollback`: the task definition to go back to, as `family:revision` or ARN.
    #[arg(long)]
    pub(crate) to_revision: Option<String>,
    /// ECS's deployment circuit breaker: switch it on with rollback, or keep what the service has.
    #[arg(long, value_enum, default_value = "rollback")]
    pub(crate) circuit_breaker: Breaker,
    /// What to do when a deployment that is not ours is in flight.
    #[arg(long, value_enum, default_value = "refuse")]
    pub(crate) on_competing: OnCompeting,
    /// Minutes a deployment may take before it is taken back; the way back may take as long again. 0.05 to 1440.
    #[arg(long, default_value = "30", value_parser = minutes)]
    pub(crate) wait_minutes: Duration,
    /// Seconds between two looks in the first half minute, 0.1 to 60; later looks come 2.5 times as far apart.
    #[arg(long, default_value = "2", value_parser = seconds)]
    pub(crate) poll_seconds: Duration,
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
    /// How long a deployment may take.
    pub(crate) wait: SignedDuration,
    /// How long between two looks at first.
    pub(crate) poll: Duration,
    /// Whether anything may be written.
    pub(crate) dry_run: bool,
}

/// Where the service is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Goal {
    /// To this image; a tag only where resolving was asked for.
    Deploy(Reference),
    /// Back.
    Rollback(Back),
}

/// How far back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Back {
    /// To the last deployment that succeeded with another revision.
    Last,
    /// To this image.
    Image(ImageRef),
    /// To this task definition.
    Revision(String),
}

impl Settings {
    /// Checks what one input means to another.
    ///
    /// # Errors
    /// All contradictions at once.
    pub(crate) fn from(inputs: &Inputs) -> Result<Self, Failure> {
        let mut errors = Vec::new();
        let goal = match inputs.mode {
            Mode::Deploy => deploy(inputs, &mut errors),
            Mode::Rollback => rollback(inputs, &mut errors),
        };
        match goal {
            Some(goal) if errors.is_empty() => Ok(Self {
                goal,
                cluster: inputs.cluster.clone(),
                service: inputs.service.clone(),
                container: inputs.container.clone(),
                breaker: inputs.circuit_breaker,
                on_competing: inputs.on_competing,
                wait: SignedDuration::try_from(inputs.wait_minutes).unwrap_or(SignedDuration::MAX),
                poll: inputs.poll_seconds,
                dry_run: inputs.dry_run,
            }),
            _ => Err(Failure::inputs(errors)),
        }
    }

    /// The mode's word.
    #[must_use]
    pub(crate) fn mode(&self) -> &'static str {
        match self.goal {
            Goal::Deploy(_) => "deploy",
            Goal::Rollback(_) => "rollback",
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
    for (name, given) in [("to-image", inputs.to_image.is_some()), ("to-revision", inputs.to_revision.is_some())] {
        if given {
            errors.push(InputError::unseen(name, "belongs to `mode: rollback`; to deploy, give `image`"));
        }
    }
    match &inputs.image {
        None => errors.push(InputError::unseen("image", "is needed to deploy").example(PINNED)),
        Some(Reference::Tag(tag)) if !inputs.resolve_tag => {
            let problem =
                "is a tag, which can move between check and deployment; pin the digest, or set `resolve-tag: true`";
            errors.push(InputError::new("image", tag, problem).example(PINNED));
        }
        Some(image) => return Some(Goal::Deploy(image.clone())),
    }
    None
}

fn rollback(inputs: &Inputs, errors: &mut Vec<InputError>) -> Option<Goal> {
    if let Some(image) = &inputs.image {
        let problem = "belongs to `mode: deploy`; to go back to an image, give `to-image`";
        errors.push(InputError::new("image", image, problem));
    }
    match (&inputs.to_image, &inputs.to_revision) {
        (Some(_), Some(_)) => {
            errors.push(InputError::unseen("to-revision", "contradicts `to-image`; give one of them"));
        }
        (Some(Reference::Tag(tag)), None) => {
            errors.push(InputError::new("to-image", tag, "is a tag; history knows digests").example(PINNED));
        }
        (Some(Reference::Image(image)), None) => return Some(Goal::Rollback(Back::Image(image.clone()))),
        (None, Some(revision)) if is_revision(revision) => {
            return Some(Goal::Rollback(Back::Revision(revision.clone())));
        }
        (None, Some(revision)) => {
            let problem = "is neither family:revision nor the ARN of a task definition";
            errors.push(InputError::new("to-revision", revision, problem).example("api:41"));
        }
        (None, None) => return Some(Goal::Rollback(Back::Last)),
    }
    None
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

fn seconds(text: &str) -> Result<Duration, String> {
    number(text, 0.1, 60.0).map(Duration::from_secs_f64)
}

fn number(text: &str, least: f64, most: f64) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (least..=most).contains(&number) { Ok(number) } else { Err(format!("not between {least} and {most}")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{FromArgMatches as _, Parser};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        inputs: Inputs,
    }

    fn settings(more: &[&str]) -> Result<Settings, Failure> {
        let line = ["x", "--cluster", "c", "--service", "s"].iter().chain(more);
        let matches = <Line as clap::CommandFactory>::command().get_matches_from(line);
        Settings::from(&Line::from_arg_matches(&matches).unwrap().inputs)
    }

    const IMAGE: &str = "r.example/a@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn inputs_that_fit_together_become_a_goal() {
        assert!(matches!(settings(&["--image", IMAGE]).unwrap().goal, Goal::Deploy(Reference::Image(_))));
        let tagged = settings(&["--image", "r.example/a:v1", "--resolve-tag"]).unwrap();
        assert!(matches!(tagged.goal, Goal::Deploy(Reference::Tag(_))));
        assert_eq!(settings(&["--mode", "rollback"]).unwrap().goal, Goal::Rollback(Back::Last));
        let back = settings(&["--mode", "rollback", "--to-revision", "api:41"]).unwrap().goal;
        assert_eq!(back, Goal::Rollback(Back::Revision("api:41".into())));
    }

    #[test]
    fn contradictions_are_reported_all_at_once() {
        for (line, count) in [
            (vec![], 1),
            (vec!["--image", "r.example/a:v1"], 1),
            (vec!["--to-image", IMAGE, "--to-revision", "api:1"], 3),
            (vec!["--mode", "rollback", "--image", IMAGE, "--to-image", "r.example/a:v1"], 2),
            (vec!["--mode", "rollback", "--to-revision", "api"], 1),
            (vec!["--mode", "rollback", "--to-image", IMAGE, "--to-revision", "api:1"], 1),
        ] {
            assert_eq!(settings(&line).unwrap_err().input_errors().len(), count, "{line:?}");
        }
    }

    #[test]
    fn a_revision_is_a_family_and_a_number() {
        for good in ["api:41", "arn:aws:ecs:eu-west-1:123456789012:task-definition/my-api_1:7"] {
            assert!(is_revision(good), "{good}");
        }
        for bad in ["", "api", "api:", "api:0", "api:-1", ":1", "a b:1", "arn:aws:ecs:r:1:service/api:1", "api:1:2"] {
            assert!(!is_revision(bad), "{bad}");
        }
    }

    #[test]
    fn times_are_bounded() {
        assert_eq!(minutes("0.5").unwrap(), Duration::from_secs(30));
        for bad in ["0", "-1", "1441", "NaN", "inf", "ten", ""] {
            assert!(minutes(bad).is_err(), "{bad}");
        }
        assert!(seconds("0.05").is_err() && seconds("61").is_err());
    }
}
