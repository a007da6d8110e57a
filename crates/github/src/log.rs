//! The step's log: one place where text becomes output, neutralised and without secrets.

use crate::{
    Annotation,
    commands::{self, Level, neutral},
};
use std::{io::Write, sync::Mutex};

/// Who reads the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    /// The runner: annotations, groups and masks are workflow commands.
    Workflow,
    /// A person at a terminal: the same as plain text.
    Person,
}

/// Where the log goes and what must not appear in it.
pub(crate) struct Log {
    pub(crate) voice: Voice,
    pub(crate) title: &'static str,
    pub(crate) debug: bool,
    sink: Mutex<Box<dyn Write + Send>>,
    secrets: Mutex<Vec<String>>,
}

/// Shorter values would blot out half the log.
const SHORTEST_SECRET: usize = 6;

impl Log {
    pub(crate) fn new(voice: Voice, title: &'static str, sink: Box<dyn Write + Send>) -> Self {
        Self { voice, title, debug: false, sink: Mutex::new(sink), secrets: Mutex::default() }
    }

    /// Text of any origin.
    pub(crate) fn text(&self, text: &str) {
        self.raw(&neutral(&self.redact(text)));
    }

    /// Text that is only wanted when someone debugs the run.
    pub(crate) fn detail(&self, text: &str) {
        match self.voice {
            Voice::Workflow => self.raw(&commands::command("debug", &[], &self.redact(text))),
            Voice::Person if self.debug => self.text(text),
            Voice::Person => {}
        }
    }

    pub(crate) fn annotate(&self, annotation: &Annotation) {
        let mut annotation = annotation.clone();
        annotation.message = self.redact(&annotation.message);
        match self.voice {
            Voice::Workflow => self.raw(&annotation.to_command(self.title)),
            Voice::Person => {
                let place = annotation.place.map(|(path, line)| format!(" {path}:{line}")).unwrap_or_default();
                self.text(&format!("{}{place}: {}", annotation.level.word(), annotation.message));
            }
        }
    }

    pub(crate) fn notice(&self, level: Level, text: &str) {
        self.annotate(&Annotation { level, message: text.to_owned(), title: None, place: None });
    }

    /// Registers a secret here and with the runner, before it can be printed anywhere. Each line of a secret with
    /// several, such as a PEM key, is one as well.
    pub(crate) fn mask(&self, secret: &str) {
        let secret = secret.trim();
        let lines = secret.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
        let parts: Vec<&str> = [secret].into_iter().chain(lines).filter(|part| part.len() >= SHORTEST_SECRET).collect();
        let mut known = self.secrets.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for part in parts {
            if known.iter().any(|secret| secret == part) {
                continue;
            }
            known.push(part.to_owned());
            if self.voice == Voice::Workflow {
                self.raw(&commands::mask(part));
            }
        }
        known.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    }

    /// The text with every registered secret replaced.
    pub(crate) fn redact(&self, text: &str) -> String {
        let known = self.secrets.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
    }

    pub(crate) fn group(&self, title: &str) -> Group<'_> {
        match self.voice {
            Voice::Workflow => self.raw(&commands::command("group", &[], &self.redact(title))),
            Voice::Person => self.text(title),
        }
        Group { log: self }
    }

    /// A line that is already safe: a command of ours, or neutral text.
    fn raw(&self, line: &str) {
        let mut sink = self.sink.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // A closed pipe must not stop a deployment half-way; there is nowhere left to complain.
        let _ = writeln!(sink, "{line}").and_then(|()| sink.flush());
    }
}

/// An open group of log lines; dropping it closes the group. Groups do not nest.
#[must_use = "the group ends when this is dropped"]
pub struct Group<'a> {
    log: &'a Log,
}

impl Drop for Group<'_> {
    fn drop(&mut self) {
        if self.log.voice == Voice::Workflow {
            self.log.raw(&commands::command("endgroup", &[], ""));
        }
    }
}
