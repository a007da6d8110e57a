//! A strict reader of mappings: unknown keys are errors with a suggestion, and every error is kept with its place.

use super::{
    Json,
    locate::{Step, line_of, show},
};
use std::{cell::RefCell, fmt, str::FromStr};

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1, where it can be told.
    pub line: Option<usize>,
    /// Where, as `probes[1].within`; empty for the document as a whole.
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

/// What reading a document needs everywhere: how to tell lines, and the problems so far.
pub(crate) struct Reader<'a> {
    lines: Lines<'a>,
    problems: RefCell<Vec<Problem>>,
}

enum Lines<'a> {
    /// A YAML text, searched for the place.
    Of(&'a str),
    /// Everything stands on this line: a line of JSONL.
    Fixed(usize),
}

impl<'a> Reader<'a> {
    /// For a document written in YAML.
    pub(crate) fn yaml(text: &'a str) -> Self {
        Self { lines: Lines::Of(text), problems: RefCell::default() }
    }

    /// For a document that is line `line` of its file.
    pub(crate) fn line(line: usize) -> Self {
        Self { lines: Lines::Fixed(line), problems: RefCell::default() }
    }

    /// Notes that something is wrong at `path`.
    pub(crate) fn refuse(&self, path: &[Step], text: impl Into<String>) {
        let line = match self.lines {
            Lines::Of(document) => line_of(document, path),
            Lines::Fixed(line) => Some(line),
        };
        self.problems.borrow_mut().push(Problem { line, place: show(path), text: text.into() });
    }

    /// Everything that is wrong.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }
}

/// One mapping of the document.
pub(crate) struct Fields<'a> {
    pub(crate) reader: &'a Reader<'a>,
    path: Vec<Step>,
    members: &'a [(String, Json)],
}

impl<'a> Fields<'a> {
    /// The mapping at `path`; anything else is refused and gives `None`.
    pub(crate) fn open(reader: &'a Reader<'a>, path: &[Step], value: &'a Json) -> Option<Self> {
        let Json::Map(members) = value else {
            reader.refuse(path, format!("expected a mapping of keys, found {}", kind(value)));
            return None;
        };
        Some(Self { reader, path: path.to_vec(), members })
    }

    /// The same mapping once more.
    pub(crate) fn again(&self) -> Self {
        Self { reader: self.reader, path: self.path.clone(), members: self.members }
    }

    /// Refuses every key that is not one of `known`.
    pub(crate) fn only(self, known: &[&str]) -> Self {
        for key in self.keys().filter(|key| !known.contains(key)) {
            let help = match nearest(key, known) {
                Some(near) => format!("unknown key; did you mean `{near}`?"),
                None => format!("unknown key; known are {}", known.join(", ")),
            };
            self.refuse(key, help);
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

    /// Notes that this mapping as a whole is wrong.
    pub(crate) fn refuse_all(&self, text: impl Into<String>) {
        self.reader.refuse(&self.path, text);
    }

    /// The keys in the file's order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.members.iter().map(|(key, _)| key.as_str())
    }

    /// The value at `key`, `null` included.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Json> {
        self.members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The mapping at `key`, where there is one.
    pub(crate) fn child(&self, key: &str) -> Option<Fields<'a>> {
        Fields::open(self.reader, &self.at(key), self.get(key)?)
    }

    /// The items of the list at `key`, with their paths; none when it is not there.
    pub(crate) fn items(&self, key: &str) -> Vec<(Vec<Step>, &'a Json)> {
        match self.get(key) {
            None => Vec::new(),
            Some(Json::List(items)) => items.iter().enumerate().map(|(i, item)| (self.item(key, i), item)).collect(),
            Some(other) => {
                self.refuse(key, format!("expected a list, found {}", kind(other)));
                Vec::new()
            }
        }
    }

    fn item(&self, key: &str, index: usize) -> Vec<Step> {
        let mut path = self.at(key);
        path.push(Step::Index(index));
        path
    }

    /// The single value at `key`, as text.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        match self.get(key)? {
            Json::Text(text) => Some(text.clone()),
            Json::Number(token) => Some(token.clone()),
            Json::Bool(yes) => Some(yes.to_string()),
            other => {
                self.refuse(key, format!("expected one value, found {}", kind(other)));
                None
            }
        }
    }

    /// The value at `key` as a `T`, where it is there and well formed.
    pub(crate) fn parsed<T: FromStr>(&self, key: &str) -> Option<T>
    where
        T::Err: fmt::Display,
    {
        self.text(key)?.parse().map_err(|problem: T::Err| self.refuse(key, problem.to_string())).ok()
    }

    /// The whole number at `key`, held to `range`.
    pub(crate) fn whole(&self, key: &str, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        let text = self.text(key)?;
        let number = text.parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            let (from, to) = (range.start(), range.end());
            self.refuse(key, format!("`{text}` is not a whole number from {from} to {to}"));
        }
        number
    }

    /// Refuses a missing key, with an example of what to write.
    pub(crate) fn demand(&self, key: &str, example: &str) -> Option<&'a Json> {
        let value = self.get(key);
        if value.is_none() {
            self.refuse_all(format!("`{key}` is missing; for example `{key}: {example}`"));
        }
        value
    }
}

/// What a value is, in words.
pub(crate) fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "nothing",
        Json::Bool(_) => "a yes or no",
        Json::Number(_) => "a number",
        Json::Text(_) => "a text",
        Json::List(_) => "a list",
        Json::Map(_) => "a mapping",
    }
}

/// The known word `seen` was probably meant to be.
fn nearest<'a>(seen: &str, known: &[&'a str]) -> Option<&'a str> {
    let rated = known.iter().map(|word| (strsim::jaro_winkler(seen, word), *word));
    rated.filter(|(likeness, _)| *likeness > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::parse_yaml;

    #[test]
    fn every_problem_is_kept_with_its_line_and_a_suggestion() {
        let text = "target:\n  timout: 2s\n  concurrency: none\nelse: 1\n";
        let reader = Reader::yaml(text);
        let root = parse_yaml(text).unwrap();
        let fields = Fields::open(&reader, &[], &root).unwrap().only(&["target", "cases"]);
        let target = fields.child("target").unwrap().only(&["timeout", "concurrency"]);
        assert_eq!(target.whole("concurrency", 1..=512), None);
        assert!(fields.demand("cases", "cases.jsonl").is_none());
        let problems: Vec<String> = reader.into_problems().iter().map(ToString::to_string).collect();
        assert_eq!(
            problems,
            [
                "line 4: else: unknown key; known are target, cases",
                "line 2: target.timout: unknown key; did you mean `timeout`?",
                "line 3: target.concurrency: `none` is not a whole number from 1 to 512",
                "line 1: `cases` is missing; for example `cases: cases.jsonl`",
            ]
        );
    }
}
