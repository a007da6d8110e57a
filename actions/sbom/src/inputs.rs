//! What the user says, and what it means.

use crate::{
    assemble::Development,
    modes::{Mode, ModeInputs, ModeSettings},
    outputs::{Format, OutputInputs, Outputs},
    source::tree::check_glob,
};
use github::{Failure, InputError, Runner};
use oci::Platform;
use std::path::PathBuf;
use subject::Reference;

/// The declaration: `action.yml`, the README's table and `--help` come from here.
#[derive(Debug, Clone, clap::Args)]
pub struct Inputs {
    /// Image to describe, with its registry: by digest, or by a tag, which is resolved once and pinned. Either this or `path`.
    #[arg(long, value_parser = reference)]
    pub image: Option<Reference>,
    /// Source tree, single lockfile, or image on disk to describe: an OCI layout as a folder or an archive, or what `docker save` writes. Relative to the workspace. Unset, and no `image`: the workspace.
    #[arg(long)]
    pub path: Option<PathBuf>,
    /// With a `path`: which image of an archive or layout that holds several, by its tag. Alone: an image of the container engine on this machine, by its name or ID there (`DOCKER_HOST`, else `/var/run/docker.sock`).
    #[arg(long)]
    pub local_image: Option<String>,
    /// Which image of a multi-platform index is described, such as `linux/arm64`; `all`: each of them, and the index by a document that links to theirs.
    #[arg(long, default_value = "linux/amd64", value_parser = platforms)]
    pub platform: Platforms,
    /// Globs of paths in a source tree that are left out, as in a `.gitignore`; one per line.
    #[arg(long)]
    pub exclude: Vec<String>,
    /// What happens to packages that are only for development: `include` lists them like any other, `mark` gives them the scope `excluded`, `omit` leaves them out.
    #[arg(long, value_enum, default_value = "mark")]
    pub dev: Dev,
    /// Name of the thing described. Unset: the image's repository, or the only project in the tree, else `source`.
    #[arg(long)]
    pub project_name: Option<String>,
    /// Version of the source tree. Images have their digest.
    #[arg(long)]
    pub project_version: Option<String>,
    /// What is written.
    #[command(flatten)]
    pub outputs: OutputInputs,
    /// Sign the bill of materials as a statement about the image and attach it to the image in its registry. Unset: when there is an `image` and a `signing-key`.
    #[arg(long, value_parser = github::yes_no(), action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub attach: Option<bool>,
    /// Accept that nothing is found: an empty bill of materials is written and the exit code is 0 instead of 3.
    #[arg(long, value_parser = github::yes_no(), action = clap::ArgAction::Set, num_args = 0..=1, default_value = "false", default_missing_value = "true", require_equals = true)]
    pub allow_empty: bool,
    /// A file that lists packages and was not understood (broken, of an unknown version, without a reader) fails the run, after the rest was written: exit code 2 for a broken one, else 3, and nothing is attached. `false`: it is a warning, and the bill of materials says that it is incomplete.
    #[arg(long, value_parser = github::yes_no(), action = clap::ArgAction::Set, num_args = 0..=1, default_value = "true", default_missing_value = "true", require_equals = true)]
    pub strict: bool,
    /// The modes and the checks.
    #[command(flatten)]
    pub modes: ModeInputs,
    /// The signing key and the registry's login.
    #[command(flatten)]
    pub evidence: evidence::EvidenceInputs,
    /// The AWS identity, for images in ECR.
    #[command(flatten)]
    pub aws: aws::AwsInputs,
}

/// `platform`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Platforms {
    /// One image of an index.
    One(Platform),
    /// Each of them.
    All,
}

impl Platforms {
    /// The one; the default where each is meant and only one can be.
    #[must_use]
    pub fn one(&self) -> Platform {
        match self {
            Self::One(platform) => platform.clone(),
            Self::All => Platform::linux("amd64"),
        }
    }
}

/// `dev`.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Dev {
    /// Listed like any other.
    Include,
    /// Listed with the scope `excluded`.
    Mark,
    /// Left out.
    Omit,
}

/// What is described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A tree, a lockfile or an image layout on disk.
    Path(PathBuf),
    /// An image in a registry.
    Image(Reference),
    /// An image of the container engine on this machine.
    Engine(String),
}

/// Whether the result is left on the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attach {
    /// It has to be.
    Must,
    /// If there is a key; without one the log says that nothing was left.
    IfSigned,
    /// It is not.
    No,
}

/// What an empty result means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// Nothing could be found out: inconclusive.
    Inconclusive,
    /// The user expects it.
    Accepted,
}

/// What a file means that was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strict {
    /// The run fails.
    Yes,
    /// A warning.
    No,
}

/// The inputs, checked against each other.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What is described.
    pub source: Source,
    /// Which image of an archive or layout with several.
    pub local_image: Option<String>,
    /// Where the container engine listens (`DOCKER_HOST`).
    pub engine: Option<String>,
    /// Which image of an index.
    pub platform: Platform,
    /// Whether each image of an index is described.
    pub every_platform: bool,
    /// Globs left out of a tree.
    pub exclude: Vec<String>,
    /// What happens to development packages.
    pub development: Development,
    /// The name, where given.
    pub name: Option<String>,
    /// The version, where given.
    pub version: Option<String>,
    /// What is written.
    pub outputs: Outputs,
    /// Whether the result is left on the image.
    pub attach: Attach,
    /// What an empty result means.
    pub empty: Empty,
    /// What a file means that was not understood.
    pub strict: Strict,
    /// `SOURCE_DATE_EPOCH`.
    pub epoch: Option<jiff::Timestamp>,
    /// The modes and the checks.
    pub modes: ModeSettings,
}

impl Settings {
    /// The inputs in their meaning.
    ///
    /// # Errors
    /// A [`Failure`] that names every contradiction.
    pub fn new(runner: &Runner, inputs: &Inputs) -> Result<Self, Failure> {
        let mut errors = Vec::new();
        let source = match (&inputs.image, &inputs.path) {
            (Some(image), path) => {
                if let Some(path) = path {
                    let both = "contradicts `image`; one source at a time";
                    errors.push(InputError::new("path", path.display(), both));
                }
                if let Some(local) = &inputs.local_image {
                    errors.push(InputError::new("local-image", local, "contradicts `image`; one source at a time"));
                }
                Source::Image(image.clone())
            }
            (None, Some(path)) => Source::Path(runner.path(path)),
            (None, None) => inputs.local_image.clone().map_or_else(|| Source::Path(runner.workspace()), Source::Engine),
        };
        let signed = inputs.evidence.signing_key.is_some();
        let attach = match (&source, inputs.attach) {
            (_, Some(false)) | (Source::Path(_) | Source::Engine(_), None) => Attach::No,
            (Source::Image(_), None) => Attach::IfSigned,
            (source, Some(true)) => {
                if !matches!(source, Source::Image(_)) {
                    let nowhere = "needs an `image` in a registry: there is nothing to attach to";
                    errors.push(InputError::new("attach", true, nowhere).example("image: ghcr.io/org/app@sha256:…"));
                }
                if !signed {
                    errors
                        .push(InputError::unseen("signing-key", "is missing, and only signed statements are attached"));
                }
                Attach::Must
            }
        };
        if let (Source::Image(_), Some(version)) = (&source, &inputs.project_version) {
            errors.push(InputError::new(
                "project-version",
                version,
                "contradicts `image`; an image's version is its digest",
            ));
        }
        for glob in &inputs.exclude {
            if let Err(problem) = check_glob(glob) {
                errors.push(InputError::new("exclude", glob, format!("is not a glob: {problem}")).example("legacy/**"));
            }
        }
        let modes = ModeSettings::new(runner, &inputs.modes, inputs.image.as_ref(), &mut errors);
        let every_platform = inputs.platform == Platforms::All;
        if every_platform && matches!(source, Source::Path(_)) && inputs.modes.mode == Mode::Generate {
            let problem = "needs an `image` in a registry";
            errors.push(InputError::new("platform", "all", problem).example("image: ghcr.io/org/app@sha256:…"));
        }
        if every_platform && !inputs.outputs.format.contains(&Format::CyclonedxJson) {
            let problem = "lacks `cyclonedx-json`: with `platform: all` the documents link to each other in it";
            errors.push(InputError::unseen("format", problem).example("format: cyclonedx-json"));
        }
        let attach = if modes.dry_run { Attach::No } else { attach };
        let epoch = runner.env("SOURCE_DATE_EPOCH").map(epoch).transpose().unwrap_or_else(|error| {
            errors.push(error);
            None
        });
        let outputs = Outputs::new(runner, &inputs.outputs, (&source, epoch), &mut errors);
        if !errors.is_empty() {
            return Err(Failure::inputs(errors));
        }
        Ok(Self {
            source,
            local_image: inputs.local_image.clone(),
            engine: runner.env("DOCKER_HOST").map(str::to_owned),
            platform: inputs.platform.one(),
            every_platform,
            exclude: inputs.exclude.clone(),
            development: inputs.dev.into(),
            name: inputs.project_name.clone(),
            version: inputs.project_version.clone(),
            outputs,
            attach,
            empty: if inputs.allow_empty { Empty::Accepted } else { Empty::Inconclusive },
            strict: if inputs.strict { Strict::Yes } else { Strict::No },
            epoch,
            modes,
        })
    }
}

/// Whole seconds since 1970 (reproducible-builds.org, "SOURCE_DATE_EPOCH").
fn epoch(text: &str) -> Result<jiff::Timestamp, InputError> {
    let seconds = text.parse().ok().filter(|seconds: &i64| *seconds >= 0);
    seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()).ok_or_else(|| {
        InputError::new("SOURCE_DATE_EPOCH", text, "is not a number of seconds since 1970").example("1700000000")
    })
}

fn reference(text: &str) -> Result<Reference, subject::ReferenceError> {
    text.parse()
}

fn platforms(text: &str) -> Result<Platforms, String> {
    if text == "all" { Ok(Platforms::All) } else { platform(text).map(Platforms::One) }
}

/// `linux/amd64`, `linux/arm64/v8`.
fn platform(text: &str) -> Result<Platform, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    match parts[..] {
        [os, architecture] | [os, architecture, _] if parts.iter().all(word) => Ok(Platform {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: parts.get(2).map(|variant| (*variant).to_owned()),
        }),
        _ => Err("a platform looks like linux/amd64 or linux/arm64/v8".to_owned()),
    }
}

impl From<Dev> for Development {
    fn from(dev: Dev) -> Self {
        match dev {
            Dev::Include => Self::Include,
            Dev::Mark => Self::Mark,
            Dev::Omit => Self::Omit,
        }
    }
}
