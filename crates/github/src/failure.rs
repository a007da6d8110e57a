//! "We could not work": what was being done, to what, why it failed, how the world was left, what to do.

use crate::Exit;
use std::fmt::{self, Display};

/// An action could not do its work. A refusal is not a failure: that is a [`crate::Report`].
#[derive(Debug, Clone)]
pub struct Failure(Box<Parts>);

/// Boxed, because it travels in the error half of every result.
#[derive(Debug, Clone)]
struct Parts {
    exit: Exit,
    doing: String,
    subject: Option<String>,
    cause: Option<String>,
    state: Option<String>,
    help: Vec<String>,
    inputs: Vec<InputError>,
    outputs: Vec<(String, String)>,
}

/// One wrong input, named as in `action.yml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputError {
    pub(crate) input: String,
    pub(crate) seen: Option<String>,
    pub(crate) problem: String,
    pub(crate) example: Option<String>,
}

impl Failure {
    /// A failure to do something: `doing` fits the sentence "failed to …".
    pub fn new(exit: Exit, doing: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            exit,
            doing: doing.into(),
            subject: None,
            cause: None,
            state: None,
            help: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
        }))
    }

    /// Wrong inputs, all of them. Exit code 2; nothing was changed.
    #[must_use]
    pub fn inputs(errors: Vec<InputError>) -> Self {
        let count = if errors.len() == 1 { "1 is wrong".to_owned() } else { format!("{} are wrong", errors.len()) };
        let mut failure = Self::new(Exit::BadInput, "read the inputs").because(count).state("nothing was changed");
        failure.0.inputs = errors;
        failure
    }

    /// What it was done to: `cluster/service`, `repo@sha256:…`, a file.
    #[must_use]
    pub fn subject(mut self, subject: impl Display) -> Self {
        self.0.subject = Some(subject.to_string());
        self
    }

    /// The cause, a lowercase fragment.
    #[must_use]
    pub fn because(mut self, cause: impl Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// The state the world was left in.
    #[must_use]
    pub fn state(mut self, state: impl Display) -> Self {
        self.0.state = Some(state.to_string());
        self
    }

    /// What to do about it; may be given several times.
    #[must_use]
    pub fn help(mut self, help: impl Display) -> Self {
        self.0.help.push(help.to_string());
        self
    }

    /// An output that is known in spite of the failure.
    #[must_use]
    pub fn output(mut self, name: &str, value: impl Display) -> Self {
        self.0.outputs.push((name.to_owned(), value.to_string()));
        self
    }

    /// With the place where the inputs are explained, when they are what is wrong and nothing else is advised.
    #[must_use]
    pub(crate) fn or_explain(self, action: &str) -> Self {
        let advised = self.0.inputs.is_empty() || !self.0.help.is_empty();
        if advised { self } else { self.help(format!("`{action} --help` explains each input")) }
    }

    /// The exit code this failure ends the process with.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.0.exit
    }

    /// The wrong inputs, where that is the failure.
    #[must_use]
    pub fn input_errors(&self) -> &[InputError] {
        &self.0.inputs
    }

    /// The outputs that are known in spite of the failure.
    pub(crate) fn outputs(&self) -> &[(String, String)] {
        &self.0.outputs
    }

    /// The first line, which stands alone in an annotation.
    #[must_use]
    pub fn headline(&self) -> String {
        let subject = self.0.subject.as_ref().map(|subject| format!(" {subject}")).unwrap_or_default();
        let cause = self.0.cause.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default();
        format!("failed to {}{subject}{cause}", self.0.doing)
    }

    /// The lines after the headline.
    pub(crate) fn details(&self) -> Vec<String> {
        let inputs = self.0.inputs.iter().map(ToString::to_string);
        let state = self.0.state.iter().map(|state| format!("state: {state}"));
        let help = self.0.help.iter().map(|help| format!("help: {help}"));
        inputs.chain(state).chain(help).collect()
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())?;
        self.details().iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl InputError {
    /// A wrong value: the input's name, what was seen, and what is wrong with it.
    pub fn new(input: &str, seen: impl Display, problem: impl Into<String>) -> Self {
        let seen: String = seen.to_string().chars().take(120).collect();
        Self { input: input.to_owned(), seen: Some(seen), problem: problem.into(), example: None }
    }

    /// A wrong input whose value says nothing or must not be shown: missing, a secret, a contradiction.
    pub fn unseen(input: &str, problem: impl Into<String>) -> Self {
        Self { input: input.to_owned(), seen: None, problem: problem.into(), example: None }
    }

    /// A value that would be right.
    #[must_use]
    pub fn example(mut self, example: impl Into<String>) -> Self {
        self.example = Some(example.into());
        self
    }

    /// The input's name.
    #[must_use]
    pub fn input(&self) -> &str {
        &self.input
    }
}

impl Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.input, self.problem)?;
        if let Some(seen) = &self.seen {
            write!(f, " (saw `{seen}`)")?;
        }
        match &self.example {
            Some(example) => write!(f, "; for example `{example}`"),
            None => Ok(()),
        }
    }
}
