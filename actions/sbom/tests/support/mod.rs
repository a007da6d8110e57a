//! The action as a process, in an environment made from nothing.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub mod zip;

use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A folder that is the workspace of one run.
pub struct Workspace {
    pub folder: tempfile::TempDir,
}

/// How a run ended.
pub struct Ended {
    pub code: i32,
    pub log: String,
    pub outputs: Vec<(String, String)>,
    pub summary: String,
}

impl Workspace {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn with(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let full = self.path(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(full, content).unwrap();
        self
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Runs the action as the runner would: inputs in `INPUT_*`, outputs in a file.
    pub fn run(&self, inputs: &[(&str, &str)]) -> Ended {
        self.run_in(inputs, &[])
    }

    pub fn run_in(&self, inputs: &[(&str, &str)], env: &[(String, String)]) -> Ended {
        let scratch = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = scratch.path().join(name);
            fs::write(&path, "").unwrap();
            path
        };
        let (output, summary) = (file("output"), file("summary"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_sbom"));
        command
            .arg("main")
            .env_clear()
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_WORKSPACE", self.folder.path())
            .env("GITHUB_OUTPUT", &output)
            .env("GITHUB_STEP_SUMMARY", &summary)
            .env("RUNNER_TEMP", scratch.path())
            .envs(env.iter().cloned());
        for (name, value) in inputs {
            command.env(format!("INPUT_{}", name.to_uppercase()), value);
        }
        let ended = command.output().unwrap();
        let log = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
        Ended {
            code: ended.status.code().unwrap(),
            log,
            outputs: outputs(&fs::read_to_string(output).unwrap()),
            summary: fs::read_to_string(summary).unwrap(),
        }
    }

    pub fn bytes(&self, path: &str) -> Vec<u8> {
        fs::read(self.path(path)).unwrap()
    }

    /// The bill of materials of the last run.
    pub fn bom(&self) -> Value {
        serde_json::from_slice(&self.bytes("sbom.cdx.json")).unwrap()
    }

    pub fn files(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Ended {
    pub fn output(&self, name: &str) -> &str {
        let found = self.outputs.iter().rev().find(|(key, _)| key == name);
        found.map_or_else(|| panic!("no output {name}: {}", self.log), |(_, value)| value)
    }

    pub fn expect(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, code, "{}", self.log);
        for word in words {
            assert!(self.log.contains(word), "`{word}` is not in:\n{}", self.log);
        }
        self
    }
}

/// `name<<delimiter`, lines, delimiter.
fn outputs(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some((name, delimiter)) = lines.next().and_then(|line| line.split_once("<<")) {
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        found.push((name.to_owned(), value.join("\n")));
    }
    found
}

/// All purls of a bill of materials.
pub fn purls(bom: &Value) -> BTreeSet<String> {
    let components = bom["components"].as_array().unwrap();
    components.iter().filter_map(|c| c["purl"].as_str()).map(str::to_owned).collect()
}

/// All edges as (from, to) pairs of `name@version`.
pub fn edges(bom: &Value) -> BTreeSet<(String, String)> {
    let all = bom["components"].as_array().unwrap().iter().chain([&bom["metadata"]["component"]]);
    let label = |component: &Value| {
        let group = component["group"].as_str().map(|group| format!("{group}/")).unwrap_or_default();
        let version = component["version"].as_str().unwrap_or("-");
        format!("{group}{}@{version}", component["name"].as_str().unwrap())
    };
    let labels: std::collections::BTreeMap<&str, String> =
        all.map(|component| (component["bom-ref"].as_str().unwrap(), label(component))).collect();
    let mut edges = BTreeSet::new();
    for entry in bom["dependencies"].as_array().unwrap() {
        for to in entry["dependsOn"].as_array().unwrap() {
            let pair = (labels[entry["ref"].as_str().unwrap()].clone(), labels[to.as_str().unwrap()].clone());
            edges.insert(pair);
        }
    }
    edges
}

/// The official validator, where `cargo xtask tools` has put it. Without it the answer is `None` and a loud line; with
/// `CI=true` it is a failure.
#[expect(clippy::print_stderr, reason = "a skipped check must be seen")]
pub fn validator() -> Option<Command> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools").join("python/validators/bin/python");
    if !python.exists() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "the CycloneDX validator is missing");
        eprintln!("\n!!! SKIPPED: the CycloneDX validator is missing; `cargo xtask tools` installs it\n");
        return None;
    }
    let mut command = Command::new(&python);
    command.arg(root.join("tests/validators/cyclonedx_validate.py"));
    Some(command)
}

/// Has the official validator judge these files, if it is there.
pub fn validate(files: &[PathBuf]) {
    let Some(mut validator) = validator() else { return };
    let judged = validator.args(files).output().unwrap();
    let words = String::from_utf8_lossy(&judged.stdout).into_owned() + &String::from_utf8_lossy(&judged.stderr);
    assert!(judged.status.success(), "{words}");
}
