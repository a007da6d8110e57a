//! JSON and YAML documents read into a type; an error names the line.
//!
//! Both libraries bound depth (128 levels) and, for YAML, how often aliases may repeat.

use super::{ParseError, shorten, text};
use serde::Deserialize;

/// A whole JSON document.
///
/// # Errors
/// [`ParseError`] for anything that is not JSON of that shape to its very end.
pub(super) fn json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, ParseError> {
    serde_json::from_str(text(bytes)?).map_err(|error| ParseError::at(error.line().max(1), shorten(&error.to_string())))
}

/// A YAML stream of one document.
///
/// # Errors
/// [`ParseError`] for anything that is not YAML of that shape.
pub(super) fn yaml<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, ParseError> {
    serde_yaml::from_str(text(bytes)?).map_err(|error| {
        ParseError::at(error.location().map_or(1, |location| location.line().max(1)), shorten(&error.to_string()))
    })
}

/// Counts lines up to offsets that only grow, so that a whole file is gone through once.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    offset: usize,
    line: u32,
}

impl<'a> Lines<'a> {
    /// Begins at line 1.
    pub(super) fn of(text: &'a str) -> Self {
        Self { rest: text.as_bytes(), offset: 0, line: 1 }
    }

    /// The line of a byte offset that is not before the last one asked for.
    pub(super) fn at(&mut self, offset: usize) -> u32 {
        let (passed, rest) = self.rest.split_at(offset.saturating_sub(self.offset).min(self.rest.len()));
        let lines = passed.iter().filter(|b| **b == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        (self.rest, self.offset) = (rest, self.offset + passed.len());
        self.line
    }
}
