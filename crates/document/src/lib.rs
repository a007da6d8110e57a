//! What people and services write, read strictly: JSON with its number tokens and without duplicate keys, YAML as the
//! same tree, and mappings whose every problem is kept with its place and told at once.
//!
//! Nothing here reads a file. Everything is bounded: the size of a document ([`LARGEST`]), its depth, what its aliases and
//! parameters may expand to, and how many problems are told.

mod decimal;
mod fields;
mod json;
mod locate;
mod parameters;
pub mod path;
mod problem;
mod yaml;

pub use decimal::{Decimal, DecimalError};
pub use fields::{Fields, kind};
pub use json::{Json, JsonFault, number_length, shorten};
pub use parameters::Parameter;
pub use path::Path;
pub use problem::Problem;

use parameters::Parameters;
use problem::Reader;

/// The largest document [`read`] and [`read_filled`] take, in bytes.
pub const LARGEST: usize = 1024 * 1024;

/// What may stand for `${name}` in a document, and where it is held to more.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// The parameters given to the run; they win over the document's own `parameters`.
    pub given: &'a [Parameter],
    /// The keys whose texts are written in a query language: a value that could end a string or a matcher there is
    /// refused.
    pub queries: &'a [&'a str],
}

/// Reads a YAML document whose top is a mapping; `understand` notes in it what is wrong.
///
/// # Errors
/// Everything that is wrong, in the order of its lines; of more than 100 problems, the first 100 met and how many more.
pub fn read<T>(text: &str, understand: impl FnOnce(&Fields<'_>) -> Option<T>) -> Result<T, Vec<Problem>> {
    let root = tree(text)?;
    Reader::yaml(text).understand(&root, understand)
}

/// Like [`read`], with `${name}` filled in every text before it is understood; besides, the names of given parameters
/// that the document never uses.
///
/// # Errors
/// As for [`read`]; also for a name that nothing stands for.
pub fn read_filled<T>(
    text: &str,
    filling: Filling<'_>,
    understand: impl FnOnce(&Fields<'_>) -> Option<T>,
) -> Result<(T, Vec<String>), Vec<Problem>> {
    let mut root = tree(text)?;
    let reader = Reader::yaml(text);
    let unused = Parameters::new(filling.given, &reader, &root).fill(filling.queries, &reader, &mut root);
    reader.understand(&root, understand).map(|value| (value, unused))
}

/// Reads line `number` of a JSONL file: one JSON object. How long it may be is its caller's to bound.
///
/// # Errors
/// Everything that is wrong, each naming the line.
pub fn read_line<T>(
    number: usize,
    bytes: &[u8],
    understand: impl FnOnce(&Fields<'_>) -> Option<T>,
) -> Result<T, Vec<Problem>> {
    let root = Json::parse(bytes).map_err(|fault| {
        vec![Problem { line: Some(number), place: String::new(), text: format!("not a JSON object: {fault}") }]
    })?;
    Reader::line(number).understand(&root, understand)
}

/// Reads a tree that was made of line `number` of a file, such as a record of CSV.
///
/// # Errors
/// Everything that is wrong, each naming the line.
pub fn read_record<T>(
    number: usize,
    root: &Json,
    understand: impl FnOnce(&Fields<'_>) -> Option<T>,
) -> Result<T, Vec<Problem>> {
    Reader::line(number).understand(root, understand)
}

fn tree(text: &str) -> Result<Json, Vec<Problem>> {
    if text.len() > LARGEST {
        let text = format!("is larger than {LARGEST} bytes");
        return Err(vec![Problem { line: None, place: String::new(), text }]);
    }
    Json::from_yaml(text).map_err(|problem| vec![problem])
}

#[cfg(test)]
mod tests;
