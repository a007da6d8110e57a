//! `go.sum` (Go Modules Reference, "go.sum files"): a module, its version and a hash a line.

use crate::ecosystem::{ParseError, text};
use std::collections::HashMap;

/// The hashes of modules' files, by path and version.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sums<'a>(HashMap<(&'a str, &'a str), &'a str>);

impl<'a> Sums<'a> {
    /// Understands a `go.sum`. It holds more versions than are used: it only tells the hash of one that is named elsewhere.
    ///
    /// # Errors
    /// [`ParseError`] for a line of other than three words, as Go itself refuses it.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let mut sums = HashMap::new();
        for (index, line) in text(bytes)?.lines().enumerate() {
            let mut words = line.split_whitespace();
            match (words.next(), words.next(), words.next(), words.next()) {
                (None, ..) => {}
                // The hash of the go.mod file alone, or of a kind that is not known yet.
                (Some(_), Some(version), Some(sum), None)
                    if version.ends_with("/go.mod") || !sum.starts_with("h1:") => {}
                (Some(path), Some(version), Some(sum), None) => _ = sums.insert((path, version), sum),
                _ => return Err(ParseError::at(index + 1, "a line without module, version and hash (is it cut off?)")),
            }
        }
        Ok(Self(sums))
    }

    /// The hash of a module's files, with its kind: `h1:…`.
    #[must_use]
    pub fn of(&self, path: &str, version: &str) -> Option<&'a str> {
        self.0.get(&(path, version)).copied()
    }
}
