//! What an action has to say when it has done its work, whatever the answer.

use crate::{Annotation, Exit, Summary};
use std::fmt::Display;

/// The answer of a run: a verdict with its outputs, annotations, summary and JSON document.
#[derive(Debug, Clone)]
pub struct Report {
    pub(crate) exit: Exit,
    pub(crate) verdict: String,
    pub(crate) headline: String,
    pub(crate) state: Option<String>,
    pub(crate) help: Vec<String>,
    pub(crate) place: Option<(String, u32)>,
    pub(crate) outputs: Vec<(String, String)>,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) summary: Summary,
    pub(crate) document: serde_json::Value,
}

impl Report {
    /// A report: the exit code, the verdict (one word, an output) and the line that says it all.
    pub fn new(exit: Exit, verdict: impl Into<String>, headline: impl Into<String>) -> Self {
        Self {
            exit,
            verdict: verdict.into(),
            headline: headline.into(),
            state: None,
            help: Vec::new(),
            place: None,
            outputs: Vec::new(),
            annotations: Vec::new(),
            summary: Summary::new(),
            document: serde_json::Value::Null,
        }
    }

    /// Sets a declared output.
    #[must_use]
    pub fn output(mut self, name: &str, value: impl Display) -> Self {
        self.outputs.push((name.to_owned(), value.to_string()));
        self
    }

    /// How a "no" left the world; stands in the error itself, below the headline.
    #[must_use]
    pub fn state(mut self, state: impl Display) -> Self {
        self.state = Some(state.to_string());
        self
    }

    /// The file, relative to the workspace, and its 1-based line that a "no" is about.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>, line: u32) -> Self {
        self.place = Some((path.into(), line));
        self
    }

    /// What to do about a "no"; stands in the error itself, below the headline. May be given several times.
    #[must_use]
    pub fn help(mut self, help: impl Display) -> Self {
        self.help.push(help.to_string());
        self
    }

    /// Adds an annotation below the headline's own.
    #[must_use]
    pub fn annotate(mut self, annotation: Annotation) -> Self {
        self.annotations.push(annotation);
        self
    }

    /// The step summary, below the headline the kit writes.
    #[must_use]
    pub fn summary(mut self, summary: Summary) -> Self {
        self.summary = summary;
        self
    }

    /// The machine-readable report, written to `report-path` and to standard output with `--json`.
    #[must_use]
    pub fn document(mut self, document: &impl serde::Serialize) -> Self {
        self.document = serde_json::to_value(document)
            .unwrap_or_else(|error| serde_json::json!({ "error": format!("the report does not serialise: {error}") }));
        self
    }

    /// The machine-readable report.
    #[must_use]
    pub fn json(&self) -> &serde_json::Value {
        &self.document
    }

    /// Puts another answer in the place of this one; outputs, summary and document stay.
    #[must_use]
    pub fn instead(mut self, exit: Exit, verdict: impl Into<String>, headline: impl Into<String>) -> Self {
        (self.exit, self.verdict, self.headline) = (exit, verdict.into(), headline.into());
        self
    }

    /// Adds blocks below the summary.
    #[must_use]
    pub fn also(mut self, summary: Summary) -> Self {
        self.summary = self.summary.extend(summary);
        self
    }

    /// Adds a member to the machine-readable report.
    #[must_use]
    pub fn part(mut self, name: &str, value: serde_json::Value) -> Self {
        if let serde_json::Value::Object(members) = &mut self.document {
            members.insert(name.to_owned(), value);
        } else {
            self.document = serde_json::json!({ name: value });
        }
        self
    }

    /// The error that tells a "no": headline, state and help, at its place.
    pub(crate) fn error(&self) -> Annotation {
        let state = self.state.iter().map(|state| format!("\n  state: {state}"));
        let help = self.help.iter().map(|help| format!("\n  help: {help}"));
        let error = Annotation::error(self.headline.clone() + &state.chain(help).collect::<String>());
        match &self.place {
            Some((path, line)) => error.file(path, *line),
            None => error,
        }
    }

    /// The exit code this report ends the process with.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// The verdict's word.
    #[must_use]
    pub fn verdict(&self) -> &str {
        &self.verdict
    }

    /// The line that says it all.
    #[must_use]
    pub fn headline(&self) -> &str {
        &self.headline
    }

    /// The value of an output, where it was set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.outputs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The summary as Markdown, without the kit's headline.
    #[must_use]
    pub fn summary_markdown(&self) -> String {
        self.summary.to_markdown()
    }
}
