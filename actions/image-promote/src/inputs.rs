//! What the user says, and what it means.

use crate::tags::{self, Form};
use attest::{PublicKey, policy::Policy};
use github::{Failure, InputError, Runner};
use serde_json::{Map, Value};
use std::{fs::File, io::Read as _, path::Path, path::PathBuf};
use subject::{Reference, Repository, TagRef};

/// A policy or a key file beyond this is none.
const LARGEST_FILE: u64 = 1 << 20;

/// The declaration: `action.yml`, the README's table and `--help` come from here.
#[derive(Debug, clap::Args)]
pub struct Inputs {
    /// Image to promote, with its registry: by digest, or by a tag, which is resolved once and pinned.
    #[arg(long, required = true)]
    pub image: Option<Reference>,
    /// Repository it is copied to, such as `registry.example.org/production/app`. Unset: it stays in its repository and only gets the tags.
    #[arg(long)]
    pub to: Option<String>,
    /// Tags it gets in the destination, one per line, when everything else has arrived.
    #[arg(long)]
    pub tags: Vec<String>,
    /// Forms a tag may have: `sha` (`sha-5f2b7c9`), `semver` (`v1.4.0`), `branch-sha` (`main-5f2b7c9`), `timestamp` (`20260921T054000Z`). `latest`, `new`, bare majors and their like are always refused.
    #[arg(long, value_enum, default_values = ["sha", "semver", "branch-sha", "timestamp"])]
    pub tag_forms: Vec<Form>,
    /// Tags that may be moved from another image, by their exact names, one per line, such as `production`. All others are given once.
    #[arg(long)]
    pub movable_tags: Vec<String>,
    /// Policy over the image's evidence: a YAML file. Only what it allows is promoted.
    #[arg(long, required = true)]
    pub policy: Option<PathBuf>,
    /// Public keys that statements are verified with, besides those in the policy: PEM texts, or the path of a PEM file.
    #[arg(long)]
    pub public_key: Option<String>,
    /// Environment that this is the way to, such as `production`; policies can compare statements with it.
    #[arg(long)]
    pub environment: Option<String>,
    /// Further facts that policies can compare statements with: `name=value`, one per line.
    #[arg(long)]
    pub context: Vec<String>,
    /// Judge and show what would be done; change nothing.
    #[arg(long, value_parser = github::yes_no(), action = clap::ArgAction::Set, num_args = 0..=1, default_value = "false", default_missing_value = "true", require_equals = true)]
    pub dry_run: bool,
    /// The signing key and the registries' login.
    #[command(flatten)]
    pub evidence: evidence::EvidenceInputs,
    /// The AWS identity, for images in ECR.
    #[command(flatten)]
    pub aws: aws::AwsInputs,
}

/// Whether anything is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// The promotion is carried out.
    Real,
    /// It is only shown.
    Dry,
}

/// The inputs, checked against each other.
#[derive(Debug)]
pub struct Settings {
    /// The image, perhaps by tag.
    pub image: Reference,
    /// Where it goes.
    pub destination: Repository,
    /// The names it gets there, and whether each may be moved.
    pub tags: Vec<(TagRef, oci::copy::Movable)>,
    /// What decides.
    pub policy: Policy,
    /// The policy file's path as it was given.
    pub policy_path: String,
    /// The keys statements are verified with.
    pub keys: Vec<PublicKey>,
    /// The environment, where given.
    pub environment: Option<String>,
    /// The facts policies can compare with.
    pub context: Value,
    /// Whether anything is changed.
    pub run: Run,
}

impl Settings {
    /// The inputs in their meaning.
    ///
    /// # Errors
    /// A [`Failure`] that names everything that is wrong.
    pub fn new(runner: &Runner, inputs: &Inputs) -> Result<Self, Failure> {
        let mut errors = Vec::new();
        let (Some(image), Some(policy_path)) = (inputs.image.clone(), &inputs.policy) else {
            return Err(Failure::inputs(vec![InputError::unseen("image", "and `policy` are needed")]));
        };
        let destination = match &inputs.to {
            Some(text) => text.parse::<Repository>().map_err(|error| {
                let wrong = InputError::new("to", text, error.to_string());
                errors.push(wrong.example("registry.example.org/production/app"));
            }),
            None => Ok(image.repository().clone()),
        };
        if inputs.to.is_none() && inputs.tags.is_empty() {
            errors.push(InputError::unseen("to", "and `tags` are both unset: there is nothing to do"));
        }
        let tags = destination.clone().map(|destination| named(&destination, inputs, &mut errors)).unwrap_or_default();
        let policy = policy(runner, policy_path, &mut errors);
        let mut keys = match &inputs.public_key {
            Some(text) => keys(runner, text).map_err(|error| errors.push(error)).unwrap_or_default(),
            None => Vec::new(),
        };
        keys.extend(policy.iter().flat_map(Policy::keys));
        if policy.as_ref().is_some_and(|policy| keys.is_empty() && policy.identities().is_empty()) {
            let nobody = "is unset and the policy holds neither key nor identity: no statement could be believed";
            errors.push(InputError::unseen("public-key", nobody).example("release-key.pub.pem"));
        }
        let context = context(inputs, &mut errors);
        let (Ok(destination), Some(policy), true) = (destination, policy, errors.is_empty()) else {
            return Err(Failure::inputs(errors));
        };
        let policy_path = policy_path.display().to_string();
        let environment = inputs.environment.clone();
        let run = if inputs.dry_run { Run::Dry } else { Run::Real };
        Ok(Self { image, destination, tags, policy, policy_path, keys, environment, context, run })
    }
}

fn named(destination: &Repository, inputs: &Inputs, errors: &mut Vec<InputError>) -> Vec<(TagRef, oci::copy::Movable)> {
    let mut tags = Vec::new();
    for name in &inputs.tags {
        let parsed = format!("{destination}:{name}").parse::<Reference>();
        let Ok(Reference::Tag(tag)) = parsed else {
            errors.push(InputError::new("tags", name, "is no tag: 1 to 128 letters, digits, `_`, `.` and `-`"));
            continue;
        };
        if let Err(problem) = tags::check(name, &inputs.tag_forms, &inputs.movable_tags) {
            errors.push(InputError::new("tags", name, problem));
            continue;
        }
        let movable = inputs.movable_tags.contains(name);
        tags.push((tag, if movable { oci::copy::Movable::Yes } else { oci::copy::Movable::No }));
    }
    tags.sort_by(|(a, _), (b, _)| a.tag.cmp(&b.tag));
    tags.dedup();
    tags
}

fn policy(runner: &Runner, path: &Path, errors: &mut Vec<InputError>) -> Option<Policy> {
    let shown = path.display().to_string();
    let text =
        bounded(&runner.path(path)).map_err(|problem| errors.push(InputError::new("policy", &shown, problem))).ok()?;
    let policy = Policy::read(&text);
    policy
        .map_err(|problems| {
            errors.extend(problems.iter().map(|problem| InputError::new("policy", &shown, problem.to_string())));
        })
        .ok()
}

/// All keys of a PEM text, or of the file at that path.
fn keys(runner: &Runner, text: &str) -> Result<Vec<PublicKey>, InputError> {
    let is_pem = text.contains("-----BEGIN");
    let wrong = |problem: String| InputError::new("public-key", if is_pem { "a PEM text" } else { text }, problem);
    let pem = if is_pem {
        text.to_owned()
    } else {
        let read = bounded(&runner.path(Path::new(text)));
        read.map_err(|problem| wrong(format!("is neither PEM nor a file that can be read: {problem}")))?
    };
    PublicKey::all_from_pem(&pem).map_err(|error| wrong(error.to_string()))
}

fn bounded(path: &Path) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    let mut text = String::new();
    File::open(path).and_then(|file| file.take(LARGEST_FILE + 1).read_to_string(&mut text)).map_err(cannot)?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(format!("is larger than {} KiB", LARGEST_FILE >> 10));
    }
    Ok(text)
}

fn context(inputs: &Inputs, errors: &mut Vec<InputError>) -> Value {
    let mut context = Map::new();
    for line in &inputs.context {
        match line.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
            Some((name, value)) if !name.is_empty() => {
                context.insert(name.to_owned(), Value::String(value.to_owned()));
            }
            _ => errors.push(InputError::new("context", line, "is not `name=value`").example("region=eu-west-1")),
        }
    }
    if let Some(environment) = &inputs.environment {
        context.insert("environment".to_owned(), Value::String(environment.clone()));
    }
    Value::Object(context)
}
