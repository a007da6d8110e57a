//! A strict reader of mappings: unknown keys are errors with a suggestion, and every error is kept with its place.

use crate::{Json, locate::Step, problem::Reader};
use std::{collections::HashMap, fmt, ops::RangeInclusive, rc::Rc, str::FromStr};

/// One mapping of the document.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    reader: &'a Reader<'a>,
    path: Vec<Step>,
    members: &'a [(String, Json)],
    by_key: Rc<HashMap<&'a str, &'a Json>>,
}

impl<'a> Fields<'a> {
    /// The mapping at `path`; anything else is refused and gives `None`.
    pub(crate) fn open(reader: &'a Reader<'a>, path: &[Step], value: &'a Json) -> Option<Self> {
        let Json::Map(members) = value else {
            reader.refuse(path, format!("expected a mapping of keys, found {}", kind(value)));
            return None;
        };
        let by_key = Rc::new(members.iter().map(|(key, value)| (key.as_str(), value)).collect());
        Some(Self { reader, path: path.to_vec(), members, by_key })
    }

    /// Refuses every key that is not one of `known`, with the one that was probably meant.
    #[must_use]
    pub fn only(self, known: &[&str]) -> Self {
        for key in self.keys().filter(|key| !known.contains(key)) {
            let help = match nearest(key, known.iter().copied()) {
                Some(near) => format!("unknown key; did you mean `{near}`?"),
                None => format!("unknown key; known are {}", known.join(", ")),
            };
            self.refuse(key, help);
        }
        self
    }

    /// The path of `key` in here.
    fn at(&self, key: &str) -> Vec<Step> {
        let mut path = self.path.clone();
        path.push(Step::Key(key.to_owned()));
        path
    }

    /// Notes that `key` is wrong.
    pub fn refuse(&self, key: &str, text: impl Into<String>) {
        self.reader.refuse(&self.at(key), text);
    }

    /// Notes that this mapping as a whole is wrong.
    pub fn refuse_all(&self, text: impl Into<String>) {
        self.reader.refuse(&self.path, text);
    }

    /// The keys in the file's order.
    pub fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.members.iter().map(|(key, _)| key.as_str())
    }

    /// The value at `key`, `null` included.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'a Json> {
        self.by_key.get(key).copied()
    }

    /// Whether `key` is there, be it with `null`.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.by_key.contains_key(key)
    }

    /// The mapping at `key`; anything else there is refused.
    #[must_use]
    pub fn child(&self, key: &str) -> Option<Fields<'a>> {
        Fields::open(self.reader, &self.at(key), self.get(key)?)
    }

    /// The mappings in the list at `key`, none when it is not there; anything else there is refused.
    #[must_use]
    pub fn mappings(&self, key: &str) -> Vec<Fields<'a>> {
        match self.get(key) {
            None => Vec::new(),
            Some(Json::List(items)) => {
                let items = items.iter().enumerate();
                items.filter_map(|(index, item)| Fields::open(self.reader, &self.item(key, index), item)).collect()
            }
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
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
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

    /// The value at `key` as a `T`, where it is there and well formed; what `T` says against it is noted.
    #[must_use]
    pub fn parsed<T: FromStr>(&self, key: &str) -> Option<T>
    where
        T::Err: fmt::Display,
    {
        self.text(key)?.parse().map_err(|problem: T::Err| self.refuse(key, problem.to_string())).ok()
    }

    /// The whole number at `key`, held to `range`.
    #[must_use]
    pub fn whole(&self, key: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let text = self.text(key)?;
        let number = text.parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            let wanted = match (*range.start(), *range.end()) {
                (0, u64::MAX) => "a whole number".to_owned(),
                (from, u64::MAX) => format!("a whole number of at least {from}"),
                (from, to) => format!("a whole number from {from} to {to}"),
            };
            self.refuse(key, format!("`{text}` is not {wanted}"));
        }
        number
    }

    /// The yes or no at `key`, written `true` or `false`.
    #[must_use]
    pub fn yes_no(&self, key: &str) -> Option<bool> {
        match self.text(key)?.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            other => {
                self.refuse(key, format!("`{other}` is neither true nor false"));
                None
            }
        }
    }

    /// Refuses a document that does not say `version: 1`.
    pub fn version_one(&self) {
        let version = self.demand("version", "1").and_then(|_| self.text("version"));
        if version.is_some_and(|version| version != "1") {
            self.refuse("version", "only version 1 is known; write `version: 1`");
        }
    }

    /// Refuses a missing key, with an example of what to write.
    pub fn demand(&self, key: &str, example: &str) -> Option<&'a Json> {
        let value = self.get(key);
        if value.is_none() {
            self.refuse_all(format!("`{key}` is missing; for example `{key}: {example}`"));
        }
        value
    }
}

/// What a value is, in words that follow "found".
#[must_use]
pub fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "nothing",
        Json::Bool(_) => "a yes or no",
        Json::Number(_) => "a number",
        Json::Text(_) => "a text",
        Json::List(_) => "a list",
        Json::Map(_) => "a mapping",
    }
}

/// The known word `seen` was probably meant to be: one that begins alike, or is one slip of a finger away.
pub(crate) fn nearest<'a>(seen: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let slip = |word: &str| word.len() > 2 && strsim::osa_distance(seen, word) == 1;
    let likeness = |word: &str| strsim::jaro_winkler(seen, word).max(if slip(word) { 0.9 } else { 0.0 });
    let rated = known.map(|word| (likeness(word), word)).filter(|(likeness, _)| *likeness > 0.8);
    rated.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["git", "env", "max", "min", "timeout", "concurrency"];
        for (seen, meant) in [
            ("timout", Some("timeout")),
            ("gti", Some("git")),
            ("concurency", Some("concurrency")),
            ("mox", Some("max")),
        ] {
            assert_eq!(nearest(seen, known.into_iter()), meant, "{seen}");
        }
        for other in ["else", "url", "x", ""] {
            assert_eq!(nearest(other, known.into_iter()), None, "{other}");
        }
    }
}
