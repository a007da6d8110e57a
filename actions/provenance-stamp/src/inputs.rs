//! The declaration of the inputs, and the settings they amount to.

use crate::contract::Contract;
use attest::PublicKey;
use aws::AwsInputs;
use evidence::EvidenceInputs;
use github::{Exit, Failure, InputError, Runner, SubjectKind};
use serde_json::Value;
use std::path::PathBuf;
use subject::{Digest, Reference};

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// Fulfil the contract, write the manifest, sign and attach the statements.
    Stamp,
    /// Check an image's evidence, a manifest file or a live response against the contract.
    Verify,
    /// Make the stamp of an earlier run again and compare.
    Replay,
}

/// The inputs as declared.
#[derive(Debug, clap::Args)]
pub struct Inputs {
    /// `stamp` fulfils the contract and leaves signed statements; `verify` checks an image, a manifest or a live response against it; `replay` makes the stamp of an earlier run again from this workspace and compares it with what that run signed.
    #[arg(long, value_enum, default_value = "stamp")]
    pub mode: Mode,

    /// The contract: a YAML file that declares the fields and where each comes from.
    #[arg(long, default_value = "provenance.yml")]
    pub contract: PathBuf,

    /// The folder that the contract's paths start from; the contract's own folder when it is not given.
    #[arg(long)]
    pub root: Option<PathBuf>,

    /// The image to stamp, verify or replay, `repository@sha256:…`; a tag is resolved once and pinned, with a notice. Unset, with a key given: the one image that earlier steps declared to the runner (`GITHUB_ARTIFACTS`). Stamping without an image only writes the manifest.
    #[arg(long)]
    pub image: Option<Reference>,

    /// Where `stamp` writes the manifest.
    #[arg(long, default_value = "run-manifest.json")]
    pub manifest_path: PathBuf,

    /// A manifest file for `verify` to check.
    #[arg(long)]
    pub manifest: Option<PathBuf>,

    /// A live response for `verify` to check: an address that answers with JSON.
    #[arg(long, value_parser = http_url)]
    pub url: Option<url::Url>,

    /// Where in the response the fields are, as a JSON Pointer such as `/metadata`; the whole response when it is not given.
    #[arg(long, value_parser = pointer)]
    pub pointer: Option<String>,

    /// The image that is in production now. `stamp` compares the contract's guards with what was stamped for it: files that a version speaks for must not change unless the version is raised, and it is not raised for nothing.
    #[arg(long)]
    pub production: Option<Reference>,

    /// The run whose stamp `replay` makes again: the workflow run's id, as the manifest's `run_id` has it.
    #[arg(long)]
    pub run_id: Option<String>,

    /// The public keys whose statements are believed, as PEM or as the path of a PEM file; needed to verify or replay an `image`, and with `production`.
    #[arg(long)]
    pub public_key: Option<String>,

    /// Whether `verify` also compares hashes, literals and values from files with the files in the workspace. Say `false` when the workspace is not the release's own.
    #[arg(long, value_parser = github::yes_no(), action = clap::ArgAction::Set, num_args = 0..=1, default_value = "true", default_missing_value = "true", require_equals = true)]
    pub compare_files: bool,

    /// How to sign and how to reach the registry.
    #[command(flatten)]
    pub evidence: EvidenceInputs,

    /// How to reach AWS, for registries of ECR.
    #[command(flatten)]
    pub aws: AwsInputs,
}

/// What all modes need.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The contract.
    pub(crate) contract: Contract,
    /// Of the contract file's bytes.
    pub(crate) contract_digest: Digest,
    /// The contract's path as it was given, for annotations.
    pub(crate) contract_path: String,
    /// The contract file's text, to point at a field's line.
    pub(crate) contract_text: String,
    /// The folder the contract's paths start from.
    pub(crate) root: PathBuf,
    /// How to sign and how to reach the registry.
    pub(crate) evidence: EvidenceInputs,
    /// How to reach AWS, for registries of ECR.
    pub(crate) aws: AwsInputs,
    /// What to do.
    pub(crate) task: Task,
}

/// What to do, with what it needs.
#[derive(Debug)]
pub(crate) enum Task {
    /// Stamp.
    Stamp(Stamp),
    /// Verify.
    Verify(Verify),
    /// Replay.
    Replay(Replay),
}

/// A stamp.
#[derive(Debug)]
pub(crate) struct Stamp {
    /// The image to attach the statements to; without one only the manifest is written.
    pub(crate) image: Option<Reference>,
    /// Where the manifest is written.
    pub(crate) manifest_path: PathBuf,
    /// The image in production, and the keys that are believed about it, at least one.
    pub(crate) production: Option<(Reference, Vec<PublicKey>)>,
}

/// A verification; at least one of its three subjects is there.
#[derive(Debug)]
pub(crate) struct Verify {
    /// The image whose evidence is checked, and the keys that are believed, at least one.
    pub(crate) image: Option<(Reference, Vec<PublicKey>)>,
    /// A manifest as it was read.
    pub(crate) manifest: Option<Value>,
    /// An address, and the pointer into its response.
    pub(crate) url: Option<(url::Url, String)>,
    /// Whether values are compared with the workspace.
    pub(crate) compare_files: bool,
}

/// A replay.
#[derive(Debug)]
pub(crate) struct Replay {
    /// The image that run stamped.
    pub(crate) image: Reference,
    /// The keys that are believed, at least one.
    pub(crate) keys: Vec<PublicKey>,
    /// The run.
    pub(crate) run_id: String,
}

impl Settings {
    /// The line of the contract, from 1, on which a field is declared; the first where the name is none of its fields.
    pub(crate) fn line_of(&self, field: &str) -> u32 {
        let declares = |line: &str| {
            let name = line.trim_start().trim_start_matches(['"', '\'']);
            name.strip_prefix(field).is_some_and(|rest| rest.trim_start_matches(['"', '\'']).starts_with(':'))
        };
        let known = self.contract.fields.iter().any(|declared| declared.name == field);
        let index = self.contract_text.lines().position(declares).filter(|_| known).unwrap_or(0);
        u32::try_from(index + 1).unwrap_or(1)
    }

    /// Reads the contract and the files the inputs name, and checks the inputs against each other.
    ///
    /// # Errors
    /// Every wrong input, at once.
    pub(crate) fn read(runner: &Runner, mut inputs: Inputs) -> Result<Self, Failure> {
        let mut errors = Vec::new();
        if inputs.image.is_none() && wants_image(&inputs) {
            inputs.image = declared(runner, &mut errors);
        }
        let path = runner.path(&inputs.contract);
        let contract_path = inputs.contract.display().to_string();
        let contract = match std::fs::read(&path) {
            Ok(bytes) => parse_contract(bytes, &contract_path).map_err(|wrong| errors.extend(wrong)).ok(),
            Err(error) => {
                errors.push(InputError::new("contract", &contract_path, format!("cannot be read: {error}")));
                None
            }
        };
        let own_folder = || path.parent().map_or_else(|| runner.workspace(), PathBuf::from);
        let root = inputs.root.as_ref().map_or_else(own_folder, |root| runner.path(root));
        if !root.is_dir() && inputs.root.is_some() {
            errors.push(InputError::new("root", root.display(), "is not a folder"));
        }
        let task = match inputs.mode {
            Mode::Stamp => stamp(runner, &inputs, &mut errors).map(Task::Stamp),
            Mode::Verify => verify(runner, &inputs, &mut errors).map(Task::Verify),
            Mode::Replay => replay(runner, &inputs, &mut errors).map(Task::Replay),
        };
        match (contract, task) {
            (Some((contract, contract_text)), Some(task)) if errors.is_empty() => {
                let contract_digest = Digest::of(contract_text.as_bytes());
                let (evidence, aws) = (inputs.evidence, inputs.aws);
                Ok(Self { contract, contract_digest, contract_path, contract_text, root, evidence, aws, task })
            }
            _ => Err(Failure::inputs(errors)),
        }
    }
}

/// Whether the inputs only make sense for an image: then the one the runner knows of is meant.
fn wants_image(inputs: &Inputs) -> bool {
    match inputs.mode {
        Mode::Stamp => inputs.evidence.signing_key.is_some(),
        Mode::Verify => inputs.public_key.is_some() && inputs.manifest.is_none() && inputs.url.is_none(),
        Mode::Replay => true,
    }
}

/// The image that earlier steps of the job declared to the runner. Which one of several is for the user to say.
fn declared(runner: &Runner, errors: &mut Vec<InputError>) -> Option<Reference> {
    let images: Vec<_> = match runner.declared() {
        Ok(subjects) => subjects.into_iter().filter(|subject| subject.kind == SubjectKind::Oci).collect(),
        Err(why) => {
            runner.warning(format!("the runner's list of artifacts cannot be read, so none is taken from it: {why}"));
            return None;
        }
    };
    let [image] = images.as_slice() else {
        let names: Vec<&str> = images.iter().map(|image| image.name.as_str()).collect();
        if !names.is_empty() {
            let several = format!("is unset, and earlier steps declared several: {}", names.join(", "));
            errors.push(InputError::unseen("image", several));
        }
        return None;
    };
    let text = format!("{}@{}", image.name, image.digest);
    match text.parse() {
        Ok(reference) => {
            runner.notice(format!("image is {text}, as an earlier step declared it to the runner"));
            Some(reference)
        }
        Err(error) => {
            let why = format!("an earlier step declared this, and it cannot be used: {error}");
            errors.push(InputError::new("image", text, why));
            None
        }
    }
}

fn parse_contract(bytes: Vec<u8>, path: &str) -> Result<(Contract, String), Vec<InputError>> {
    let wrong = |mistake: String| InputError::new("contract", path, mistake);
    let text = String::from_utf8(bytes).map_err(|error| vec![wrong(error.to_string())])?;
    let contract = Contract::parse(&text)
        .map_err(|problems| problems.iter().map(|problem| wrong(problem.to_string())).collect::<Vec<_>>())?;
    Ok((contract, text))
}

fn stamp(runner: &Runner, inputs: &Inputs, errors: &mut Vec<InputError>) -> Option<Stamp> {
    let before = errors.len();
    let given = [
        ("manifest", inputs.manifest.is_some()),
        ("url", inputs.url.is_some()),
        ("pointer", inputs.pointer.is_some()),
        ("public-key", inputs.public_key.is_some() && inputs.production.is_none()),
    ];
    for (name, _) in given.into_iter().filter(|(_, given)| *given) {
        errors.push(InputError::unseen(name, "belongs to `mode: verify`; `stamp` would ignore it"));
    }
    if inputs.run_id.is_some() {
        errors.push(InputError::unseen("run-id", "belongs to `mode: replay`; `stamp` would ignore it"));
    }
    let manifest_path = runner.path(&inputs.manifest_path);
    if !manifest_path.parent().is_some_and(std::path::Path::is_dir) {
        errors.push(InputError::new(
            "manifest-path",
            inputs.manifest_path.display(),
            "lies in a folder that is not there",
        ));
    }
    let keys = match (&inputs.production, &inputs.public_key) {
        (Some(_), None) => {
            let missing = InputError::unseen("public-key", "needed to believe what was stamped for `production`");
            errors.push(missing.example("release-key.pub.pem"));
            Vec::new()
        }
        (Some(_), Some(text)) => public_keys(runner, text).map_err(|error| errors.push(error)).unwrap_or_default(),
        (None, _) => Vec::new(),
    };
    let production = inputs.production.clone().map(|image| (image, keys));
    (errors.len() == before).then(|| Stamp { image: inputs.image.clone(), manifest_path, production })
}

fn verify(runner: &Runner, inputs: &Inputs, errors: &mut Vec<InputError>) -> Option<Verify> {
    let before = errors.len();
    if inputs.image.is_none() && inputs.manifest.is_none() && inputs.url.is_none() {
        errors.push(InputError::unseen("mode", "`verify` needs something to check: `image`, `manifest` or `url`"));
    }
    if inputs.pointer.is_some() && inputs.url.is_none() {
        errors.push(InputError::unseen("pointer", "points into a response, so it needs `url`"));
    }
    if inputs.production.is_some() {
        errors.push(InputError::unseen("production", "belongs to `mode: stamp`; `verify` would ignore it"));
    }
    if inputs.run_id.is_some() {
        errors.push(InputError::unseen("run-id", "belongs to `mode: replay`; `verify` would ignore it"));
    }
    let keys = believed(runner, inputs, errors);
    let manifest = inputs.manifest.as_ref().and_then(|path| {
        let wrong = |why: String| InputError::new("manifest", path.display(), why);
        let bytes = std::fs::read(runner.path(path)).map_err(|error| wrong(format!("cannot be read: {error}")));
        let value = bytes.and_then(|bytes| {
            attest::parse_strict(&bytes).map_err(|error| wrong(format!("is not unambiguous JSON: {error}")))
        });
        value.map_err(|error| errors.push(error)).ok()
    });
    let url = inputs.url.clone().map(|url| (url, inputs.pointer.clone().unwrap_or_default()));
    let image = inputs.image.clone().map(|image| (image, keys));
    (errors.len() == before).then(|| Verify { image, manifest, url, compare_files: inputs.compare_files })
}

fn replay(runner: &Runner, inputs: &Inputs, errors: &mut Vec<InputError>) -> Option<Replay> {
    let before = errors.len();
    let given = [
        ("manifest", inputs.manifest.is_some()),
        ("url", inputs.url.is_some()),
        ("pointer", inputs.pointer.is_some()),
        ("production", inputs.production.is_some()),
    ];
    for (name, _) in given.into_iter().filter(|(_, given)| *given) {
        errors.push(InputError::unseen(name, "is nothing that `mode: replay` looks at"));
    }
    if inputs.image.is_none() {
        errors.push(InputError::unseen("image", "needed to find what the run signed"));
    }
    let run_id = inputs.run_id.clone().filter(|id| !id.trim().is_empty());
    if run_id.is_none() {
        errors.push(InputError::unseen("run-id", "needed: which run's stamp is made again?").example("4711"));
    }
    let keys = believed(runner, inputs, errors);
    let (image, run_id) = (inputs.image.clone()?, run_id?);
    (errors.len() == before).then_some(Replay { image, keys, run_id })
}

/// The keys that an image's statements are believed by; an image without any is a wrong input.
fn believed(runner: &Runner, inputs: &Inputs, errors: &mut Vec<InputError>) -> Vec<PublicKey> {
    match &inputs.public_key {
        Some(text) => public_keys(runner, text).map_err(|error| errors.push(error)).unwrap_or_default(),
        None => {
            if inputs.image.is_some() {
                let missing = InputError::unseen("public-key", "needed to verify an image's statements");
                errors.push(missing.example("release-key.pub.pem"));
            }
            Vec::new()
        }
    }
}

/// All keys of a PEM text, or of the file at that path.
fn public_keys(runner: &Runner, text: &str) -> Result<Vec<PublicKey>, InputError> {
    let is_pem = text.contains("-----BEGIN");
    let pem = if is_pem {
        text.to_owned()
    } else {
        std::fs::read_to_string(runner.path(text.as_ref())).map_err(|error| {
            InputError::new("public-key", text, format!("is neither PEM nor a file that can be read: {error}"))
        })?
    };
    PublicKey::all_from_pem(&pem).map_err(|error| {
        let seen = if is_pem { "a PEM text" } else { text };
        InputError::new("public-key", seen, error.to_string())
    })
}

fn http_url(text: &str) -> Result<url::Url, String> {
    let url: url::Url = text.parse().map_err(|error: url::ParseError| error.to_string())?;
    match (url.scheme(), url.username().is_empty() && url.password().is_none()) {
        ("http" | "https", true) => Ok(url),
        ("http" | "https", false) => Err("must not hold a user name or password".to_owned()),
        _ => Err("must start with http:// or https://".to_owned()),
    }
}

fn pointer(text: &str) -> Result<String, String> {
    if text.starts_with('/') { Ok(text.to_owned()) } else { Err("must start with /, as in /metadata".to_owned()) }
}

/// The failure of a run that could not find out.
pub(crate) fn unknown(doing: &str) -> Failure {
    Failure::new(Exit::Unknown, doing)
}
