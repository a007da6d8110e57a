//! The package ecosystems: which files they keep their truth in, and one pure reader for each.
//!
//! A reader is given bytes and answers with an [`Inventory`](crate::graph::Inventory) or a [`ParseError`] that names the
//! line. It never touches a disk, never runs anything, and never skips what it does not understand. Each family has a folder
//! with its readers and a table of its [`Format`]s; [`FORMATS`] lists the families.

pub mod actions;
pub mod conan;
pub mod conda;
pub mod dart;
pub mod distro;
pub mod dotnet;
pub mod elixir;
pub mod embedded;
pub mod executable;
pub mod golang;
pub mod java;
pub mod javascript;
pub mod php;
pub mod python;
pub mod ruby;
pub mod rust;
pub mod swift;
pub mod terraform;

mod documents;
mod format;
mod git;
mod lines;
mod needs;
mod paths;
mod read;
mod resolution;
mod surroundings;
mod yaml;

pub use format::{Alone, Among, Candidate, Format, Place, Reads, Together, is_the_applications, recognise};
use paths::{join, parent};
use read::broken;
pub use read::{Glimpse, Sighting, glimpse, inventories, inventories_of_the_past};
pub use surroundings::{ReadFile, Surroundings};

/// Every format that is known, family by family; the first that claims a file reads it.
pub const FORMATS: &[&[Format]] = &[
    actions::FORMATS,
    conan::FORMATS,
    conda::FORMATS,
    dart::FORMATS,
    distro::FORMATS,
    dotnet::FORMATS,
    elixir::FORMATS,
    embedded::FORMATS,
    golang::FORMATS,
    java::FORMATS,
    javascript::FORMATS,
    php::FORMATS,
    python::FORMATS,
    ruby::FORMATS,
    rust::FORMATS,
    swift::FORMATS,
    terraform::FORMATS,
    executable::FORMATS,
];

/// A file with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub place: crate::graph::Place,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The largest file that is read: the biggest lockfiles of public repositories are below 10 MB.
pub const LARGEST_FILE: usize = 64 << 20;

/// A file that is not what its name promises.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// The line, counted from 1, where it stopped making sense.
    pub line: u32,
    /// What is wrong there, as a sentence fragment.
    pub message: String,
}

/// A [`ParseError`] with the file it is in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{}: {error}", error.line)]
pub struct BadFile {
    /// Relative to the scanned tree or the image's root.
    pub path: String,
    /// What is wrong in it.
    pub error: ParseError,
}

impl ParseError {
    /// An error at a line counted from 1.
    #[must_use]
    pub fn at(line: usize, message: impl Into<String>) -> Self {
        Self { line: u32::try_from(line).unwrap_or(u32::MAX), message: message.into() }
    }

    /// An error at a byte offset of `text`.
    #[must_use]
    pub fn at_offset(text: &str, offset: usize, message: impl Into<String>) -> Self {
        Self::at(line_of(text, offset), message)
    }
}

/// The line, counted from 1, of a byte offset.
#[must_use]
pub fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count() + 1
}

/// The text of a file that must be UTF-8.
///
/// # Errors
/// [`ParseError`] at the first line that is not, or when the file is empty.
pub fn text(bytes: &[u8]) -> Result<&str, ParseError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        ParseError::at(line, "not UTF-8 text")
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// At most 80 characters of a foreign text, for messages.
#[must_use]
pub fn shorten(text: &str) -> String {
    if text.chars().count() <= 80 { text.to_owned() } else { text.chars().take(79).chain(['…']).collect() }
}

#[cfg(test)]
#[path = "recognise_tests.rs"]
mod tests;
