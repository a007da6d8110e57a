//! A strict reader of YAML mappings: unknown keys are errors with a suggestion, and every error is kept, with its line.

use super::{
    locate::{Step, line_of, show},
    parameters::Parameters,
};
use serde_yaml::{Mapping, Value};
use std::{cell::RefCell, fmt, str::FromStr};

/// One thing that is wrong with the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1, where the parser can tell it.
    pub line: Option<usize>,
    /// Where, as `guardrails[1].share.source`; empty for the file as a whole.
    pub place: String,
    /// What is wrong and what to write instead.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if self.place.is_empty() { f.write_str(&self.text) } else { write!(f, "{}: {}", self.place, self.text) }
    }
}

/// What reading a document needs everywhere: its text for line numbers, the parameters, and the problems so far.
pub(crate) struct Reader<'a> {
    pub(crate) text: &'a str,
    pub(crate) parameters: Parameters,
    pub(crate) problems: RefCell<Vec<Problem>>,
}

impl Reader<'_> {
    /// Notes that something is wrong at `path`.
    pub(crate) fn refuse(&self, path: &[Step], text: impl Into<String>) {
        let problem = Problem { line: line_of(self.text, path), place: show(path), text: text.into() };
        self.problems.borrow_mut().push(problem);
    }
}

/// One mapping of the document whose keys are all known.
#[derive(Clone)]
pub(crate) struct Section<'a> {
    reader: &'a Reader<'a>,
    path: Vec<Step>,
    entries: &'a Mapping,
}

impl<'a> Section<'a> {
    /// The mapping at `path`; anything else is refused and gives `None`.
    pub(crate) fn open(reader: &'a Reader<'a>, path: Vec<Step>, value: &'a Value) -> Option<Self> {
        let Value::Mapping(entries) = value else {
            reader.refuse(&path, format!("expected a mapping of keys, found {}", kind(value)));
            return None;
        };
        Some(Self { reader, path, entries })
    }

    /// Refuses every key that is not one of `known`.
    pub(crate) fn only(self, known: &[&str]) -> Self {
        for key in self.entries.keys() {
            let key = scalar(key).unwrap_or_default();
            if !known.contains(&key.as_str()) {
                let help = match nearest(&key, known.iter().copied()) {
                    Some(near) => format!("unknown key; did you mean `{near}`?"),
                    None => format!("unknown key; known are {}", known.join(", ")),
                };
                self.reader.refuse(&self.at(&key), help);
            }
        }
        self
    }

    /// The path of `key` in here.
    pub(crate) fn at(&self, key: &str) -> Vec<Step> {
        let mut path = self.path.clone();
        path.push(Step::Key(key.to_owned()));
        path
    }

    /// Notes that `key` is wrong.
    pub(crate) fn refuse(&self, key: &str, text: impl Into<String>) {
        self.reader.refuse(&self.at(key), text);
    }

    /// Notes that this section as a whole is wrong.
    pub(crate) fn refuse_all(&self, text: impl Into<String>) {
        self.reader.refuse(&self.path, text);
    }

    /// The keys, as text.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.entries.keys().filter_map(scalar).collect()
    }

    /// Whether `key` is there with a value.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.get(key).is_some_and(|value| !value.is_null())
    }

    /// The raw value at `key`.
    pub(crate) fn value(&self, key: &str) -> Option<&'a Value> {
        self.entries.get(key).filter(|value| !value.is_null())
    }

    /// The mapping at `key`, where it is there.
    pub(crate) fn child(&self, key: &str) -> Option<Section<'a>> {
        Section::open(self.reader, self.at(key), self.value(key)?)
    }

    /// The text at `key` with its parameters filled in.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.filled(key, Parameters::fill)
    }

    /// Like [`Self::text`] for a query, where parameters are held to more.
    pub(crate) fn query(&self, key: &str) -> Option<String> {
        self.filled(key, Parameters::fill_query)
    }

    /// The value at `key` as a `T`, where it is there and well formed.
    pub(crate) fn parsed<T: FromStr<Err = String>>(&self, key: &str) -> Option<T> {
        self.text(key)?.parse().map_err(|problem: String| self.refuse(key, problem)).ok()
    }

    /// The whole number at `key`.
    pub(crate) fn number(&self, key: &str) -> Option<u64> {
        let text = self.text(key)?;
        text.parse().map_err(|_| self.refuse(key, format!("`{text}` is not a whole number"))).ok()
    }

    /// The yes or no at `key`.
    pub(crate) fn yes_no(&self, key: &str) -> Option<bool> {
        match self.text(key)?.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            other => {
                self.refuse(key, format!("`{other}` is neither true nor false"));
                None
            }
        }
    }

    /// Refuses a missing key.
    pub(crate) fn demand(&self, key: &str, example: &str) -> Option<()> {
        if !self.has(key) {
            self.refuse_all(format!("`{key}` is missing; for example `{key}: {example}`"));
        }
        self.has(key).then_some(())
    }

    fn filled(&self, key: &str, fill: impl Fn(&Parameters, &str) -> Result<String, String>) -> Option<String> {
        let value = self.value(key)?;
        let Some(text) = scalar(value) else {
            self.refuse(key, format!("expected one value, found {}", kind(value)));
            return None;
        };
        fill(&self.reader.parameters, &text).map_err(|problem| self.refuse(key, problem)).ok()
    }
}

/// A single YAML value as the text that stands for it.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        _ => None,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Sequence(_) => "a list",
        Value::Mapping(_) => "a mapping",
        Value::Tagged(_) => "a tagged value",
        _ => "a single value",
    }
}

/// The known word `seen` was probably meant to be.
pub(crate) fn nearest<'a>(seen: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let rated = known.map(|word| (strsim::jaro_winkler(seen, word), word));
    rated.filter(|(likeness, _)| *likeness > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, word)| word)
}
