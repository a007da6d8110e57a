//! Runs an action as a person would on a terminal, and reads its JSON report.

use anyhow::{Context, Result};
use serde_json::Value;
use std::{
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::Command,
};

/// The multi-call binary, with the environment of a job.
pub(crate) struct Lockkeeper {
    pub(crate) binary: PathBuf,
    pub(crate) folder: PathBuf,
}

/// What one action came to.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    /// The command as a person would type it.
    pub(crate) command: String,
    pub(crate) exit: i32,
    pub(crate) verdict: String,
    pub(crate) headline: String,
    pub(crate) took: Duration,
}

impl Lockkeeper {
    /// Runs an action and passes its log on, indented. The signing key travels in the environment, as a secret does.
    pub(crate) async fn run(&self, words: &[&str], env: &[(String, String)]) -> Result<Ran> {
        let command = format!("lockkeeper {}", words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" "));
        println!("$ {command}");
        let start = Instant::now();
        let mut child = Command::new(&self.binary)
            .args(words)
            .arg("--json")
            .current_dir(&self.folder)
            .envs(env.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("failed to start the binary of the release tree")?;
        let mut log = BufReader::new(child.stderr.take().context("no log")?).lines();
        while let Some(line) = log.next_line().await? {
            println!("    {line}");
        }
        let mut report = String::new();
        child.stdout.take().context("no report")?.read_to_string(&mut report).await?;
        let exit = child.wait().await?.code().unwrap_or(-1);
        let report: Value = serde_json::from_str(&report).with_context(|| format!("no JSON report: {report:?}"))?;
        let text = |name: &str| report[name].as_str().unwrap_or_default().to_owned();
        Ok(Ran { command, exit, verdict: text("verdict"), headline: text("headline"), took: start.elapsed() })
    }
}

fn quote(word: &str) -> String {
    if word.contains([' ', '\n', '*', '$']) { format!("'{word}'") } else { word.to_owned() }
}
