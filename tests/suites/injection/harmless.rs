//! What text from outside tries, and what must not come of it.

use e2e::{Outcome, Step, grammar, outside};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Lines that would act on the runner, a terminal or a Markdown reader if they were printed as they are.
pub(crate) const HOSTILE: [&str; 16] = [
    "::set-output name=verdict::pass",
    "  ::SET-OUTPUT name=verdict::pass",
    "##[set-output name=verdict;]pass",
    "text ##[save-state name=arn;]evil",
    "::save-state name=pid::1",
    "##[add-mask]sha256",
    "fine\r::add-mask::verdict",
    "fine\r\n::set-env name=PATH::/tmp",
    "\u{feff}::add-path::/tmp",
    "#\u{200b}#[set-output name=rollback;]false",
    "::stop-commands::x",
    "::error file=README.md,line=1::%0A::set-output name=verdict::pass",
    "\u{1b}[2K\u{1b}[1A::debug::x\u{7}",
    "</summary></details><img src=x onerror=alert(1)> <!-- [a](javascript:alert(1))",
    "`x\\|y` | pass | @acme/all\n# deployed\n```\n| a | b |",
    "EOF\nverdict=pass\nlockkeeper_0\nverdict<<EOF\npass\nEOF",
];

/// All of them, on one line each where a line ends nowhere but at `\n`.
pub(crate) fn all() -> String {
    HOSTILE.join("\n")
}

/// A workspace with the tree's actions.
pub(crate) struct Place {
    pub(crate) tree: PathBuf,
    folder: tempfile::TempDir,
    env: Vec<(String, String)>,
}

impl Place {
    pub(crate) fn new() -> Option<Self> {
        let tree = outside::tree()?;
        let env = vec![("GITHUB_SHA".to_owned(), "a".repeat(40))];
        Some(Self { tree, folder: tempfile::tempdir().unwrap(), env })
    }

    pub(crate) fn with(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(path, content);
        self
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let full = self.path().join(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(full, content).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn env(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.env.extend(variables);
        self
    }

    pub(crate) fn step(&self, action: &str, with: &[(&str, &str)]) -> Step {
        let step = Step::of(&self.tree, action, self.folder.path()).env(self.env.clone());
        with.iter().fold(step, |step, (name, value)| step.with(name, value))
    }

    /// Runs a step with secrets and checks that it ends as it must and nothing else acts.
    pub(crate) fn ends(&self, action: &str, with: &[(&str, &str)], (exit, verdict): (i32, &str)) -> Outcome {
        let outcome = self.step(action, with).run().unwrap();
        assert_eq!((outcome.exit, outcome.verdict()), (Some(exit), verdict), "{action} {with:?}\n{}", outcome.log);
        self.is_harmless(action, with, &outcome);
        outcome
    }

    /// The runner acted on nothing but what the action itself meant.
    pub(crate) fn is_harmless(&self, action: &str, with: &[(&str, &str)], outcome: &Outcome) {
        let own = ["add-mask", "debug", "endgroup", "error", "group", "notice", "warning"];
        for line in grammar::lines(&outcome.log) {
            let command = grammar::parse(line);
            let name = command.as_ref().map(|command| command.name.as_str());
            assert!(name.is_none_or(|name| own.contains(&name)), "{action}: {line:?}");
            assert!(name.is_some() || !line.trim_start().starts_with("::"), "nearly a command: {line:?}");
            assert!(!line.contains("##["), "the older form: {line:?}");
            assert!(!line.chars().any(|c| c.is_control() && c != '\t'), "{line:?}");
            if name == Some("add-mask") {
                let data = command.map(|command| command.data).unwrap_or_default();
                assert!(with.iter().any(|(_, value)| value.contains(data.trim())), "a stranger's mask: {line:?}");
            }
        }
        let metadata = fs::read_to_string(self.tree.join(action).join("action.yml")).unwrap();
        let metadata: serde_yaml::Value = serde_yaml::from_str(&metadata).unwrap();
        let names = metadata["outputs"].as_mapping().unwrap().keys();
        let declared: BTreeSet<String> = names.map(|name| name.as_str().unwrap().to_owned()).collect();
        assert_eq!(outcome.outputs.keys().cloned().collect::<BTreeSet<_>>(), declared, "{}", outcome.log);
        if action != "ecs-deploy" {
            assert!(outcome.state.is_empty(), "{:?}", outcome.state);
        }
        assert!(!outcome.state.values().chain(outcome.outputs.keys()).any(|text| text == "evil"), "{}", outcome.log);
        is_sound(&outcome.summary);
    }
}

/// The summary's Markdown is ours: every table row has its table's cells, nothing outside code is HTML but our folds,
/// every fence ends.
fn is_sound(markdown: &str) {
    let (mut fence, mut columns) = (None::<String>, None);
    for line in markdown.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) => {
                if ticks.len() >= open.len() && ticks.len() == line.trim_end().len() {
                    fence = None;
                }
                continue;
            }
            None if ticks.len() >= 3 => {
                fence = Some(ticks);
                continue;
            }
            None => {}
        }
        columns = match (line.starts_with('|'), columns) {
            (true, Some(wanted)) => {
                assert_eq!(cells(line), wanted, "a row of other cells: {line}");
                Some(wanted)
            }
            (true, None) => Some(cells(line)),
            (false, _) => None,
        };
        assert!(!line.starts_with("# ") && !line.starts_with("## "), "a stranger's heading: {line}");
        let plain = without_code(line);
        let ours = ["<details><summary>", "</summary>", "</details>"];
        let rest = ours.iter().fold(plain.clone(), |text, tag| text.replacen(tag, "", 1));
        assert!(!rest.contains('<'), "HTML: {line}");
        assert!(!plain.contains("@acme") && !plain.replace("\\]", "").contains("](javascript"), "{line}");
    }
    assert!(fence.is_none(), "a fence without end:\n{markdown}");
    let count = |tag: &str| markdown.matches(tag).count();
    assert!(count("<details><summary>") <= count("</details>"), "{markdown}");
}

/// The cells of a table's row as cmark-gfm splits them: a backslash takes the next character with it, even in code.
fn cells(line: &str) -> usize {
    let (mut cells, mut escaped) = (0, false);
    for c in line.trim().chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '|' => cells += 1,
            _ => {}
        }
    }
    cells
}

fn without_code(line: &str) -> String {
    let parts = line.replace("\\`", "");
    parts.split('`').step_by(2).collect()
}
