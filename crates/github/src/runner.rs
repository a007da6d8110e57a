//! The world an action runs in, as one value: environment, log, clock, signals, and the runner's files.

use crate::{
    Cancel, Cancelled, Context, Failure,
    commands::Level,
    file_commands,
    log::{Group, Log},
    oidc::TokenSource,
};
use secrecy::SecretString;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// What an action may see and say.
pub struct Runner {
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) context: Context,
    pub(crate) log: Arc<Log>,
    pub(crate) cancel: Cancel,
}

impl Runner {
    pub(crate) fn new(env: BTreeMap<String, String>, mut log: Log, cancel: Cancel) -> Self {
        let debug = env.get("RUNNER_DEBUG").is_some_and(|value| value == "1");
        log.debug = debug;
        Self { context: Context::from_env(&env), env, log: Arc::new(log), cancel }
    }

    /// Prints a line. Text of any origin is safe here: it cannot act as a workflow command.
    pub fn info(&self, text: impl AsRef<str>) {
        self.log.text(text.as_ref());
    }

    /// Prints a line that is shown only when the run is debugged (`RUNNER_DEBUG=1`).
    pub fn detail(&self, text: impl AsRef<str>) {
        self.log.detail(text.as_ref());
    }

    /// Annotates the run with something worth knowing.
    pub fn notice(&self, text: impl AsRef<str>) {
        self.log.notice(Level::Notice, text.as_ref());
    }

    /// Annotates the run with something a person should look at.
    pub fn warning(&self, text: impl AsRef<str>) {
        self.log.notice(Level::Warning, text.as_ref());
    }

    /// Opens a foldable group of lines, closed when the value is dropped.
    pub fn group(&self, title: impl AsRef<str>) -> Group<'_> {
        self.log.group(title.as_ref())
    }

    /// Keeps a secret out of the log, ours and the runner's, from now on. Values under 6 characters are not masked.
    pub fn mask(&self, secret: &str) {
        self.log.mask(secret);
    }

    /// A variable of the environment; empty is as unset.
    #[must_use]
    pub fn env(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The environment for a program that this step starts: everything but the step's own inputs, among which are secrets,
    /// its saved state, and the files by which a step speaks to the runner.
    pub fn child_env(&self) -> impl Iterator<Item = (&str, &str)> {
        const FILES: [&str; 5] = ["GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"];
        let own = |name: &str| name.starts_with("INPUT_") || name.starts_with("STATE_") || FILES.contains(&name);
        let pairs = self.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        pairs.filter(move |(name, _)| !own(name))
    }

    /// The run this is a step of.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Saves a value for this action's post step, at once, so that it is there even after a kill.
    pub fn save_state(&self, name: &str, value: &str) {
        let written = match self.env("GITHUB_STATE") {
            Some(path) => {
                file_commands::heredoc(name, value).and_then(|text| file_commands::append(Path::new(path), &text))
            }
            None => Ok(()),
        };
        if let Err(error) = written {
            self.warning(format!("could not save `{name}` for the post step: {error}"));
        }
    }

    /// A value the main phase saved; only the post step sees it.
    #[must_use]
    pub fn state(&self, name: &str) -> Option<&str> {
        self.env(&format!("STATE_{name}"))
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    /// The workspace: where the repository is checked out, else the current folder.
    #[must_use]
    pub fn workspace(&self) -> PathBuf {
        self.env("GITHUB_WORKSPACE").map_or_else(|| PathBuf::from("."), PathBuf::from)
    }

    /// A path given as an input: relative ones start at the workspace.
    #[must_use]
    pub fn path(&self, path: &Path) -> PathBuf {
        self.workspace().join(path)
    }

    /// A folder for this job's temporary files.
    #[must_use]
    pub fn temp_dir(&self) -> PathBuf {
        self.env("RUNNER_TEMP").map_or_else(std::env::temp_dir, PathBuf::from)
    }

    /// An identity token of this job for `audience`, masked.
    ///
    /// # Errors
    /// When the job lacks `id-token: write`, or the runner does not answer.
    pub async fn id_token(&self, audience: &str) -> Result<SecretString, Failure> {
        self.token_source(audience)?.token().await
    }

    /// Where identity tokens for `audience` come from, for whoever needs a fresh one later; nothing is asked yet.
    ///
    /// # Errors
    /// When the job lacks `id-token: write`.
    pub fn token_source(&self, audience: &str) -> Result<TokenSource, Failure> {
        let right = (self.env("ACTIONS_ID_TOKEN_REQUEST_URL"), self.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN"));
        TokenSource::new(right, audience, Arc::clone(&self.log))
    }

    /// The signals received. An action that never asks is ended by the kit at the first one.
    #[must_use]
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Waits, unless a signal comes first.
    ///
    /// # Errors
    /// [`Cancelled`] at once when a signal has come or comes during the wait.
    pub async fn sleep(&self, duration: Duration) -> Result<(), Cancelled> {
        tokio::select! {
            biased;
            () = self.cancel.requested() => Err(Cancelled),
            () = tokio::time::sleep(duration) => Ok(()),
        }
    }
}
