//! The declaration of the inputs, and the settings they amount to.

use crate::config::{Plan, SourceSettings, parse};
use aws::AwsInputs;
use document::Parameter;
use evidence::EvidenceInputs;
use github::{Exit, Failure, InputError, Runner};
use jiff::Timestamp;
use secrecy::SecretString;
use std::path::PathBuf;
use subject::{Digest, Reference};

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// Watch the window and decide.
    Gate,
    /// Ask every query once about the time before the deployment, and say whether the gate could decide anything.
    Preflight,
    /// Read the file only; nothing is asked.
    Validate,
}

/// What a run that cannot tell comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum OnInconclusive {
    /// Stop without a rollback: exit code 3.
    Hold,
    /// As if it had failed: rollback, exit code 1.
    Fail,
    /// Go on: exit code 0.
    Pass,
}

/// The inputs as declared.
#[derive(Debug, clap::Args)]
pub struct Inputs {
    /// `gate` watches the window and decides; `preflight`, before traffic moves, asks every query once and says whether the gate could decide; `validate` reads the file only.
    #[arg(long, value_enum, default_value = "gate")]
    pub mode: Mode,

    /// The guardrail file: what is watched, for how long, and the limits.
    #[arg(long, default_value = "guardrails.yml")]
    pub guardrails: PathBuf,

    /// Values for `${name}` in the guardrail file, one `name=value` per line; they win over the file's own defaults.
    #[arg(long)]
    pub parameters: Vec<Parameter>,

    /// When the release began to carry traffic, as 2026-11-20T12:00:00Z; unset: now. A time in the past evaluates what has happened since, without waiting for it again.
    #[arg(long, value_parser = moment)]
    pub window_start: Option<Timestamp>,

    /// What to do when it cannot be told (no data, too little traffic): `hold` stops without a rollback, `fail` rolls back, `pass` lets an unproven release through and says so.
    #[arg(long, value_enum, default_value = "hold")]
    pub on_inconclusive: OnInconclusive,

    /// Bearer token for Prometheus sources. It is sent to the addresses in the guardrail file only, and never over plain http to another machine.
    #[arg(long, value_name = "SECRET", value_parser = github::secret)]
    pub prometheus_token: Option<SecretString>,

    /// The image the release runs, `repository@sha256:…`: with a signing key, the verdict is left on it as a signed statement.
    #[arg(long)]
    pub image: Option<Reference>,

    /// Region and role for CloudWatch and ECR.
    #[command(flatten)]
    pub aws: AwsInputs,

    /// How to sign and how to reach the registry.
    #[command(flatten)]
    pub evidence: EvidenceInputs,
}

/// The guardrail file as read.
#[derive(Debug)]
pub struct File {
    /// Its path as given.
    pub path: PathBuf,
    /// The digest of its bytes.
    pub digest: Digest,
    /// What it says.
    pub plan: Plan,
}

impl Inputs {
    /// Reads the guardrail file.
    ///
    /// # Errors
    /// A [`Failure`] when it cannot be read, or with everything that is wrong with it.
    pub fn read_file(&self, runner: &Runner) -> Result<File, Failure> {
        let unreadable = |cause: String| {
            let failure = Failure::new(Exit::BadInput, "read the guardrail file").subject(self.guardrails.display());
            failure.because(cause).state("nothing was watched").help("name it in the input `guardrails`")
        };
        let text = read_bounded(&runner.path(&self.guardrails)).map_err(unreadable)?;
        match parse(&text, &self.parameters) {
            Ok(plan) => {
                if !plan.unused_parameters.is_empty() {
                    runner.warning(format!("parameters the file never uses: {}", plan.unused_parameters.join(", ")));
                }
                Ok(File { path: self.guardrails.clone(), digest: Digest::of(text.as_bytes()), plan })
            }
            Err(problems) => {
                let seen = self.guardrails.display().to_string();
                let errors = problems.iter().map(|p| InputError::new("guardrails", &seen, p.to_string())).collect();
                Err(Failure::inputs(errors))
            }
        }
    }

    /// Checks what only several inputs together can get wrong.
    ///
    /// # Errors
    /// A [`Failure`] naming all of them.
    pub fn check(&self, plan: &Plan, now: Timestamp) -> Result<(), Failure> {
        let mut errors = Vec::new();
        let prometheus = plan.sources.values().any(|source| matches!(source, SourceSettings::Prometheus { .. }));
        if self.prometheus_token.is_some() && !prometheus {
            errors.push(InputError::unseen("prometheus-token", "the guardrail file has no Prometheus source"));
        }
        if let Some(start) = self.window_start
            && start.duration_since(now).as_hours() >= 24
        {
            errors.push(InputError::new("window-start", start, "is more than a day ahead"));
        }
        if self.image.is_none() && self.evidence.signing_key.is_some() {
            errors.push(InputError::unseen("signing-key", "there is no `image` to leave the verdict on"));
        }
        if errors.is_empty() { Ok(()) } else { Err(Failure::inputs(errors)) }
    }
}

fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|error| format!("not a moment such as 2026-11-20T12:00:00Z: {error}"))
}

fn read_bounded(path: &std::path::Path) -> Result<String, String> {
    use std::io::Read;
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    // One byte more than allowed tells "too large" from "just fits"; the parser says so.
    file.take(document::LARGEST as u64 + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
}
