//! YAML lockfiles as trees that borrow from the text.
//!
//! Package managers write a small, regular part of YAML: block mappings, one-line scalars, short flow collections.
//! [`block`] reads exactly that part, some twenty times faster than a whole YAML parser, and gives up on anything else;
//! then [`whole`] reads the same text with a real parser. Tests hold the two against each other.

mod block;
mod flow;
mod whole;

use super::ParseError;
use std::borrow::Cow;

/// Nested deeper than any lockfile is.
const DEEPEST: usize = 64;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node<'a> {
    /// Nothing: `key:` alone, `null` or `~`.
    Null,
    /// Text, also where YAML sees a number or a truth value. Block scalars (`|`, `>`), which lockfiles use for prose only,
    /// may be left empty.
    Scalar(Cow<'a, str>),
    /// A mapping in the order of the file.
    Map(Vec<Entry<'a>>),
    /// A sequence.
    List(Vec<Node<'a>>),
}

/// One key of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    /// The key.
    pub(super) key: Cow<'a, str>,
    /// Its line, counted from 1; 0 where it is not known.
    pub(super) line: u32,
    /// Its value.
    pub(super) value: Node<'a>,
}

/// The documents of a stream.
///
/// # Errors
/// [`ParseError`] for what is no YAML, holds more than it says (aliases upon aliases), or nests without end.
pub(super) fn documents(text: &str) -> Result<Vec<Node<'_>>, ParseError> {
    match block::documents(text) {
        Some(documents) => Ok(documents),
        None => whole::documents(text),
    }
}

impl<'a> Node<'a> {
    /// The value of a key; nothing for a missing key and for what is no mapping.
    pub(super) fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The entries of a mapping; none for anything else.
    pub(super) fn entries(&self) -> &[Entry<'a>] {
        if let Self::Map(entries) = self { entries } else { &[] }
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Scalar(text) = self { Some(text) } else { None }
    }

    /// The text of a key's scalar.
    pub(super) fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Self::text)
    }

    /// Whether a key is `true`.
    pub(super) fn is_true(&self, key: &str) -> bool {
        self.text_of(key) == Some("true")
    }
}

#[cfg(test)]
#[path = "yaml_tests.rs"]
mod tests;
