//! One run of the binary: a folder with its guardrail file, an environment made from nothing, and what came out.

use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::Path,
    process::{Child, Command, Stdio},
};

pub(crate) struct Gate {
    folder: tempfile::TempDir,
    command: Command,
}

/// What a run left.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) log: String,
    pub(crate) outputs: BTreeMap<String, String>,
    pub(crate) summary: String,
    /// The picture at `plot-path`.
    pub(crate) plot: String,
    /// The document the action wrote, as in the file at `report-path`.
    pub(crate) report: Value,
}

impl Gate {
    pub(crate) fn new(guardrails: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("guardrails.yml"), guardrails).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_guardrail-gate"));
        command
            .env_clear()
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let file = |name: &str| folder.path().join(name);
        command.env("GITHUB_OUTPUT", file("output")).env("GITHUB_STEP_SUMMARY", file("summary"));
        command.env("RUNNER_TEMP", folder.path()).env("GITHUB_WORKSPACE", folder.path()).env("HOME", folder.path());
        Self { folder, command }
    }

    /// Another file in the workspace.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    pub(crate) fn arg(mut self, name: &str, value: &str) -> Self {
        self.command.arg(format!("--{name}")).arg(value);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn run(self) -> Ended {
        self.start().wait()
    }

    pub(crate) fn start(mut self) -> Running {
        Running { child: self.command.spawn().unwrap(), folder: self.folder }
    }
}

/// A run under way.
pub(crate) struct Running {
    child: Child,
    folder: tempfile::TempDir,
}

impl Running {
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn wait(self) -> Ended {
        let output = self.child.wait_with_output().unwrap();
        let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
        let outputs = heredocs(&read(&self.folder.path().join("output")));
        let report = outputs.get("report-path").map(|path| read(Path::new(path))).unwrap_or_default();
        Ended {
            code: output.status.code(),
            log: String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
            summary: read(&self.folder.path().join("summary")),
            plot: outputs.get("plot-path").map(|path| read(Path::new(path))).unwrap_or_default(),
            report: serde_json::from_str::<Value>(&report)
                .map(|mut document| document["report"].take())
                .unwrap_or_default(),
            outputs,
        }
    }
}

impl Ended {
    /// Checks what every reader of a verdict relies on.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, verdict: &str, rollback: &str) {
        let output = |name: &str| self.outputs.get(name).map(String::as_str).unwrap_or_default();
        assert_eq!((self.code, output("verdict"), output("rollback")), (Some(code), verdict, rollback), "{}", self.log);
    }

    #[track_caller]
    pub(crate) fn says(&self, text: &str) {
        assert!(self.log.contains(text), "no `{text}` in: {}", self.log);
    }
}

/// `name<<delimiter`, lines, `delimiter`: GitHub's file command; the last value of a name wins.
fn heredocs(text: &str) -> BTreeMap<String, String> {
    let mut lines = text.lines();
    let mut outputs = BTreeMap::new();
    while let Some((name, delimiter)) = lines.next().and_then(|line| line.split_once("<<")) {
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        outputs.insert(name.to_owned(), value.join("\n"));
    }
    outputs
}
