//! The declaration of the inputs, and the settings they amount to.

use crate::{
    config::{Plan, SourceSettings, parse},
    presets,
};
use aws::AwsInputs;
use document::{Parameter, Problem};
use evidence::EvidenceInputs;
use github::{Exit, Failure, InputError, Runner};
use jiff::Timestamp;
use secrecy::SecretString;
use signals::Authentication;
use std::path::{Path, PathBuf};
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
    /// Say when the watch begins and is decided, and end: a later `gate` with that `window-start` decides.
    Detach,
    /// Judge the time that has passed, window by window, as if each had been a release.
    Backtest,
    /// Come to the verdict of a report again, from its numbers alone.
    Replay,
    /// Write the rules of another tool as a guardrail file.
    Import,
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

impl OnInconclusive {
    /// As it is written in a workflow.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Fail => "fail",
            Self::Pass => "pass",
        }
    }

    /// The policy called `word`.
    #[must_use]
    pub fn called(word: &str) -> Option<Self> {
        [Self::Hold, Self::Fail, Self::Pass].into_iter().find(|policy| policy.word() == word)
    }
}

/// The inputs as declared.
#[derive(Debug, clap::Args)]
pub struct Inputs {
    /// `gate` watches the window and decides; `preflight`, before traffic moves, asks every query once and says whether the gate could decide; `validate` reads the file only; `backtest` judges past windows as if each had been a release; `detach` says when a later `gate` can decide, so that no runner waits; `replay` computes the verdict of a report again; `import` writes the rules of Argo Rollouts, Flagger, Keptn or k6, named in `guardrails`, as a guardrail file.
    #[arg(long, value_enum, default_value = "gate")]
    pub mode: Mode,

    /// The guardrail file: what is watched, for how long, and the limits; or `preset:` and the name of one that is built in.
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

    /// How far back `mode: backtest` looks, in whole hours, at most 720.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=720))]
    pub backtest_hours: u32,

    /// The report that `mode: replay` computes again: the file at `report-path`, or a statement's predicate.
    #[arg(long)]
    pub report: Option<PathBuf>,

    /// Bearer token for Prometheus sources. It is sent to the addresses in the guardrail file only, and never over plain http to another machine.
    #[arg(long, value_name = "SECRET", value_parser = github::secret)]
    pub prometheus_token: Option<SecretString>,

    /// User name for Prometheus sources that want one; the password is `prometheus-password`.
    #[arg(long)]
    pub prometheus_username: Option<String>,

    /// Password for Prometheus sources, with `prometheus-username`; it travels as the token does.
    #[arg(long, value_name = "SECRET", value_parser = github::secret)]
    pub prometheus_password: Option<SecretString>,

    /// Bearer token for HTTP sources and probes; it travels as the Prometheus token does.
    #[arg(long, value_name = "SECRET", value_parser = github::secret)]
    pub http_token: Option<SecretString>,

    /// API key for Datadog sources, with `datadog-application-key`; they travel as the Prometheus token does.
    #[arg(long, value_name = "SECRET", value_parser = github::secret)]
    pub datadog_api_key: Option<SecretString>,

    /// Application key for Datadog sources; it needs the scope `timeseries_query`.
    #[arg(long, value_name = "SECRET", value_parser = github::secret)]
    pub datadog_application_key: Option<SecretString>,

    /// User key for New Relic sources; it travels as the Prometheus token does.
    #[arg(long, value_name = "SECRET", value_parser = github::secret)]
    pub newrelic_key: Option<SecretString>,

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
    /// Its text.
    pub text: String,
    /// The parameters given to the run.
    pub parameters: Vec<Parameter>,
    /// What it says.
    pub plan: Plan,
}

impl File {
    /// A file of this text.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(path: &Path, text: String, parameters: Vec<Parameter>) -> Result<Self, Vec<Problem>> {
        let plan = parse(&text, &parameters)?;
        Ok(Self { path: path.to_owned(), digest: Digest::of(text.as_bytes()), text, parameters, plan })
    }
}

impl Inputs {
    /// The text of the file named in `guardrails`.
    pub(crate) fn read_text(&self, runner: &Runner) -> Result<String, String> {
        read_text(&runner.path(&self.guardrails))
    }

    /// Reads the guardrail file.
    ///
    /// # Errors
    /// A [`Failure`] when it cannot be read, or with everything that is wrong with it.
    pub fn read_file(&self, runner: &Runner) -> Result<File, Failure> {
        let unreadable = |cause: String| {
            let failure = Failure::new(Exit::BadInput, "read the guardrail file").subject(self.guardrails.display());
            failure.because(cause).state("nothing was watched").help("name it in the input `guardrails`")
        };
        let text = match self.guardrails.to_str().and_then(|name| name.strip_prefix("preset:")) {
            Some(name) => presets::text(name).map_err(unreadable)?.to_owned(),
            None => self.read_text(runner).map_err(unreadable)?,
        };
        let file = File::read(&self.guardrails, text, self.parameters.clone()).map_err(|problems| {
            let seen = self.guardrails.display().to_string();
            let errors = problems.iter().map(|p| InputError::new("guardrails", &seen, p.to_string())).collect();
            Failure::inputs(errors)
        })?;
        if !file.plan.unused_parameters.is_empty() {
            runner.warning(format!("parameters the file never uses: {}", file.plan.unused_parameters.join(", ")));
        }
        Ok(file)
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
        self.check_secrets(plan, &mut errors);
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

impl Inputs {
    /// Every secret belongs to a source of the file, and every source has the secrets it cannot do without.
    fn check_secrets(&self, plan: &Plan, errors: &mut Vec<InputError>) {
        let any = |of: fn(&SourceSettings) -> bool| plan.sources.values().any(of);
        let mut wrong = |input: &str, text: &str| errors.push(InputError::unseen(input, text));
        let prometheus = any(|source| matches!(source, SourceSettings::Prometheus { .. }));
        let both = (self.prometheus_username.is_some(), self.prometheus_password.is_some());
        if both.0 != both.1 || (both.0 && self.prometheus_token.is_some()) {
            wrong("prometheus-username", "give a user name and a password, or a token");
        } else if both.0 && !prometheus {
            wrong("prometheus-username", "the guardrail file has no Prometheus source");
        }
        if self.http_token.is_some() && !any(|source| matches!(source, SourceSettings::Http { .. })) {
            wrong("http-token", "the guardrail file has no HTTP source");
        }
        let datadog = any(|source| matches!(source, SourceSettings::Datadog { .. }));
        let new_relic = any(|source| matches!(source, SourceSettings::NewRelic { .. }));
        for (input, given, wanted, name) in [
            ("datadog-api-key", self.datadog_api_key.is_some(), datadog, "Datadog"),
            ("datadog-application-key", self.datadog_application_key.is_some(), datadog, "Datadog"),
            ("newrelic-key", self.newrelic_key.is_some(), new_relic, "New Relic"),
        ] {
            match (given, wanted) {
                (true, false) => wrong(input, &format!("the guardrail file has no {name} source")),
                // Who only reads the file asks nobody.
                (false, true) if !matches!(self.mode, Mode::Validate | Mode::Detach) => {
                    wrong(input, &format!("the {name} source of the guardrail file cannot be asked without it"));
                }
                _ => {}
            }
        }
    }

    /// How Prometheus sources know who asks.
    #[must_use]
    pub fn prometheus_authentication(&self) -> Authentication {
        match (&self.prometheus_token, &self.prometheus_username, &self.prometheus_password) {
            (Some(token), ..) => Authentication::Bearer(token.clone()),
            (None, Some(user), Some(password)) => Authentication::Basic(user.clone(), password.clone()),
            _ => Authentication::None,
        }
    }

    /// How HTTP sources know who asks.
    #[must_use]
    pub fn http_authentication(&self) -> Authentication {
        self.http_token.clone().map_or(Authentication::None, Authentication::Bearer)
    }
}

fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|error| format!("not a moment such as 2026-11-20T12:00:00Z: {error}"))
}

/// The bytes of a file, up to one more than `most`, which tells "too large" from "just fits".
pub(crate) fn read_bounded(path: &Path, most: usize) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn read_text(path: &Path) -> Result<String, String> {
    let bytes = read_bounded(path, document::LARGEST)?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
}
