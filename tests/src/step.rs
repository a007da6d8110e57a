//! One step of a job as the real runner carries it out: inputs from `action.yml` and `with:`, the action's own entry
//! file under Node, commands read from both streams, files applied after the end, the post step with the saved state.

use crate::{
    files,
    grammar::{self, Command as WorkflowCommand},
    job,
};
use anyhow::{Context, Result, bail};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A step to be run.
#[derive(Debug, Clone)]
pub struct Step {
    tree: PathBuf,
    action: String,
    with: BTreeMap<String, String>,
    env: BTreeMap<String, String>,
    workspace: PathBuf,
}

/// A phase of a step that is running.
pub struct Running {
    child: Child,
    folder: tempfile::TempDir,
    step: Step,
    started: Instant,
}

/// What a phase of a step came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The entry process's exit code; `None` when it was killed.
    pub exit: Option<i32>,
    /// Outputs, as commands on the streams set them and the file overwrote them.
    pub outputs: BTreeMap<String, String>,
    /// State for the post step, likewise.
    pub state: BTreeMap<String, String>,
    /// Everything the runner acted on, in order.
    pub commands: Vec<WorkflowCommand>,
    /// The step summary's Markdown.
    pub summary: String,
    /// The JSON report that `report-path` names; empty when there is none.
    pub report: String,
    /// Both streams.
    pub log: String,
    /// How long the phase took.
    pub took: Duration,
}

impl Step {
    /// A step that uses an action of the release tree, in a workspace.
    #[must_use]
    pub fn of(tree: &Path, action: &str, workspace: &Path) -> Self {
        Self {
            tree: tree.to_path_buf(),
            action: action.to_owned(),
            with: BTreeMap::new(),
            env: BTreeMap::new(),
            workspace: workspace.to_path_buf(),
        }
    }

    /// Gives an input, as under `with:`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.with.insert(name.to_owned(), value.to_string());
        self
    }

    /// Adds to the job's environment.
    #[must_use]
    pub fn env(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.env.extend(variables);
        self
    }

    /// Runs the main phase to its end.
    ///
    /// # Errors
    /// When the tree is incomplete or the phase cannot be started or read.
    pub fn run(&self) -> Result<Outcome> {
        self.start()?.wait()
    }

    /// Starts the main phase.
    ///
    /// # Errors
    /// When the tree is incomplete or Node cannot be started.
    pub fn start(&self) -> Result<Running> {
        self.spawn("main", &BTreeMap::new())
    }

    /// Runs the post phase with the state a main phase left, as the runner does at the end of the job.
    ///
    /// # Errors
    /// As [`Step::run`]; also when the action has no post phase.
    pub fn post(&self, main: &Outcome) -> Result<Outcome> {
        self.spawn("post", &main.state)?.wait()
    }

    fn spawn(&self, phase: &str, state: &BTreeMap<String, String>) -> Result<Running> {
        let metadata = self.tree.join(&self.action).join("action.yml");
        let metadata = fs::read_to_string(&metadata).with_context(|| format!("no {}", metadata.display()))?;
        let metadata: serde_yaml::Value = serde_yaml::from_str(&metadata)?;
        let Some(entry) = metadata["runs"][phase].as_str() else { bail!("{} has no {phase} phase", self.action) };
        let folder = tempfile::tempdir()?;
        let mut command = Command::new("node");
        command.arg(self.tree.join(&self.action).join(entry)).current_dir(&self.workspace).env_clear();
        command.envs(self.job_env(folder.path())).envs(self.inputs(&metadata)?);
        command.envs(state.iter().map(|(name, value)| (format!("STATE_{name}"), value)));
        for name in ["stdout", "stderr", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY", "GITHUB_ENV"] {
            fs::write(folder.path().join(name), "")?;
        }
        let stream = |name: &str| fs::OpenOptions::new().append(true).open(folder.path().join(name));
        command.stdin(Stdio::null()).stdout(stream("stdout")?).stderr(stream("stderr")?);
        let child = command.spawn().context("failed to start node")?;
        Ok(Running { child, folder, step: self.clone(), started: Instant::now() })
    }

    /// The environment the runner makes for a step, from nothing.
    fn job_env(&self, folder: &Path) -> BTreeMap<String, String> {
        let path = std::env::vars().find(|(name, _)| name == "PATH").map(|(_, path)| path).unwrap_or_default();
        let mut env = job::context("4711");
        env.extend([("PATH", path.as_str()), ("GITHUB_ACTIONS", "true"), ("CI", "true")].map(job::owned));
        for name in ["GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY", "GITHUB_ENV"] {
            env.insert(name.to_owned(), folder.join(name).display().to_string());
        }
        env.insert("RUNNER_TEMP".to_owned(), folder.display().to_string());
        env.insert("GITHUB_WORKSPACE".to_owned(), self.workspace.display().to_string());
        env.extend(self.env.clone());
        env
    }

    /// `INPUT_*`: the defaults of `action.yml`, then what `with:` gives, known or not, as the runner exports it.
    fn inputs(&self, metadata: &serde_yaml::Value) -> Result<BTreeMap<String, String>> {
        let declared = metadata["inputs"].as_mapping().context("action.yml declares no inputs")?;
        let defaults = declared.iter().filter_map(|(name, input)| {
            Some((name.as_str()?.to_owned(), input["default"].as_str().unwrap_or_default().to_owned()))
        });
        let given = self.with.iter().map(|(name, value)| (name.clone(), value.clone()));
        let name = |name: String| format!("INPUT_{}", name.replace(' ', "_").to_uppercase());
        Ok(defaults.chain(given).map(|(input, value)| (name(input), value)).collect())
    }
}

impl Running {
    /// Sends a signal to the entry process, and to it alone.
    ///
    /// # Errors
    /// When `kill` cannot be started.
    pub fn signal(&self, name: &str) -> Result<()> {
        Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status()?;
        Ok(())
    }

    /// Cancels as the runner does: SIGINT, 7.5 s later SIGTERM, 2.5 s later SIGKILL, as long as the process lives.
    ///
    /// # Errors
    /// As [`Running::signal`] and [`Running::wait`].
    pub fn cancel(&mut self) -> Result<Outcome> {
        for (signal, patience) in [("INT", 7500), ("TERM", 2500), ("KILL", 5000)] {
            self.signal(signal)?;
            let until = Instant::now() + Duration::from_millis(patience);
            while Instant::now() < until {
                if self.child.try_wait()?.is_some() {
                    return self.wait();
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        self.wait()
    }

    /// The entry process's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What was printed so far, on both streams.
    #[must_use]
    pub fn log(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        read("stdout") + &read("stderr")
    }

    /// Waits until the log holds `text`.
    ///
    /// # Errors
    /// When the process ends first, or a minute passes.
    pub fn until(&mut self, text: &str) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.log().contains(text) {
            if self.child.try_wait()?.is_some() || Instant::now() > deadline {
                bail!("`{text}` never came; the log is\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Waits for the end and applies what the runner applies then.
    ///
    /// # Errors
    /// When a file the step wrote breaks the runner's grammar.
    pub fn wait(&mut self) -> Result<Outcome> {
        let status = self.child.wait()?;
        let took = self.started.elapsed();
        let read = |name: &str| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        let log = self.log();
        let commands: Vec<WorkflowCommand> = grammar::lines(&log).filter_map(grammar::parse).collect();
        let set = |command: &str| -> BTreeMap<String, String> {
            let hits = commands.iter().filter(|c| c.name == command);
            hits.filter_map(|c| Some((c.properties.get("name")?.clone(), c.data.clone()))).collect()
        };
        let (mut outputs, mut state) = (set("set-output"), set("save-state"));
        let context = || format!("{} broke the runner's file grammar", self.step.action);
        outputs.extend(files::parse(&read("GITHUB_OUTPUT")).map_err(anyhow::Error::msg).with_context(context)?);
        state.extend(files::parse(&read("GITHUB_STATE")).map_err(anyhow::Error::msg).with_context(context)?);
        let summary = read("GITHUB_STEP_SUMMARY");
        let report = outputs.get("report-path").and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        Ok(Outcome { exit: status.code(), outputs, state, commands, summary, report, log, took })
    }
}

impl Outcome {
    /// The verdict output.
    #[must_use]
    pub fn verdict(&self) -> &str {
        self.outputs.get("verdict").map_or("", String::as_str)
    }

    /// The messages of the commands of that name: `error`, `warning`, `add-mask`…
    pub fn said<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.commands.iter().filter(move |command| command.name == name).map(|command| command.data.as_str())
    }
}
