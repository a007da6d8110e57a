//! A workspace to run steps in, and what every refusal of every action has in common.

use e2e::{Outcome, Step, outside};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// A port on which nobody listens: binding it needs privileges, and nothing is known to serve it (RFC 863).
pub(crate) const CLOSED: &str = "127.0.0.1:9";

/// A workspace, and the tree whose actions run in it.
pub(crate) struct Place {
    pub(crate) tree: PathBuf,
    folder: tempfile::TempDir,
    env: Vec<(String, String)>,
}

impl Place {
    /// An empty workspace; `None` when there is no release tree to test.
    pub(crate) fn new() -> Option<Self> {
        let tree = outside::tree()?;
        Some(Self { tree, folder: tempfile::tempdir().unwrap(), env: Vec::new() })
    }

    /// With a file in it.
    pub(crate) fn with(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let full = self.folder.path().join(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(full, content).unwrap();
        self
    }

    /// With variables in the job's environment.
    pub(crate) fn env(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.env.extend(variables);
        self
    }

    /// With an AWS that is not there.
    pub(crate) fn without_aws(self) -> Self {
        let endpoint = format!("http://{CLOSED}");
        let variables = [
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI"),
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ];
        self.env(variables.map(|(name, value)| (name.to_owned(), value.to_owned())))
    }

    /// The variables of the job.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        self.env.clone()
    }

    /// Where the workspace is.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs an action that has to fail: one error with cause, state and help, nothing else said in anger, nothing changed.
    pub(crate) fn fails(&self, action: &str, with: &[(&str, &str)], exit: i32, words: &[&str]) -> Outcome {
        self.refuses(action, with, (exit, "error"), words)
    }

    /// The same where the refusal has a word of its own.
    pub(crate) fn refuses(&self, action: &str, with: &[(&str, &str)], answer: (i32, &str), words: &[&str]) -> Outcome {
        let outcome = self.run(action, with, answer, words);
        let errors: Vec<&str> = outcome.said("error").collect();
        assert_eq!(errors.len(), 1, "one clear error: {}", outcome.log);
        for part in ["\n  state: nothing was ", "\n  help: "] {
            assert!(errors[0].contains(part), "{action} {with:?}: no `{part}` in {}", errors[0]);
        }
        assert!(errors[0].starts_with("failed to "), "{}", errors[0]);
        outcome
    }

    /// Runs an action that has to answer with this exit code and verdict, its first error holding all the words.
    pub(crate) fn answers(&self, action: &str, with: &[(&str, &str)], answer: (i32, &str), words: &[&str]) -> Outcome {
        self.run(action, with, answer, words)
    }

    fn run(&self, action: &str, with: &[(&str, &str)], (exit, verdict): (i32, &str), words: &[&str]) -> Outcome {
        let before = self.files();
        let step = Step::of(&self.tree, action, self.folder.path()).env(self.env.clone());
        let step = with.iter().fold(step, |step, (name, value)| step.with(name, value));
        let outcome = step.run().unwrap();
        let told = format!("{action} {with:?}\n{}", outcome.log);
        assert_eq!(outcome.exit, Some(exit), "{told}");
        assert_eq!(outcome.verdict(), verdict, "{told}");
        let first = outcome.said("error").next().unwrap_or_else(|| panic!("no error: {told}"));
        for word in words {
            assert!(first.contains(word), "`{word}` is not in the first error: {told}");
        }
        assert!(!outcome.log.contains("panicked"), "{told}");
        self.check_outputs(action, &outcome);
        check_report(&outcome, exit);
        assert_eq!(self.files(), before, "the workspace was changed: {told}");
        outcome
    }

    /// Every output of `action.yml` is there, and no other.
    fn check_outputs(&self, action: &str, outcome: &Outcome) {
        let metadata = fs::read_to_string(self.tree.join(action).join("action.yml")).unwrap();
        let metadata: serde_yaml::Value = serde_yaml::from_str(&metadata).unwrap();
        let declared = metadata["outputs"].as_mapping().unwrap().keys().map(|name| name.as_str().unwrap().to_owned());
        let mut declared: Vec<String> = declared.collect();
        declared.sort();
        assert_eq!(outcome.outputs.keys().cloned().collect::<Vec<_>>(), declared, "{}", outcome.log);
    }

    /// Every file of the workspace with its content.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.folder.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let content = fs::read(&path).unwrap();
                    found.insert(path, content);
                }
            }
        }
        found
    }
}

/// The JSON report and the summary tell the same.
fn check_report(outcome: &Outcome, exit: i32) {
    let report: serde_json::Value = serde_json::from_str(&outcome.report).unwrap();
    assert_eq!(report["exit-code"], exit, "{report}");
    assert!(outcome.summary.starts_with("### ") && outcome.summary.contains("> [!"), "{}", outcome.summary);
}
