//! The grammar that `go.mod` and `go.work` share (Go Modules Reference, "go.mod files"): directives of words, one a line, or
//! many in a parenthesised block; comments begin with `//`.

use crate::ecosystem::{ParseError, shorten};
use std::borrow::Cow;

/// One directive, taken out of its block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive<'a> {
    /// The line, counted from 1.
    pub line: usize,
    /// What it is, such as `require`.
    pub verb: &'a str,
    /// Its words, quotes removed.
    pub words: Vec<Cow<'a, str>>,
    /// The comment at the end of the line, without the `//`.
    pub comment: &'a str,
}

/// The directives of a file, in its order.
///
/// # Errors
/// [`ParseError`] for a string without end, a block without end, or a block inside a block.
pub fn directives(text: &str) -> Result<Vec<Directive<'_>>, ParseError> {
    let mut directives = Vec::new();
    let mut block: Option<(&str, usize)> = None;
    for (index, content) in text.lines().enumerate() {
        let line = index + 1;
        let (mut words, comment) = words(content).map_err(|why| ParseError::at(line, why))?;
        if words.is_empty() {
            continue;
        }
        let opens = words.last().is_some_and(|word| word == "(");
        match (block, words.as_slice()) {
            (Some(_), [only]) if only == ")" => block = None,
            (Some((verb, _)), _) if !opens => directives.push(Directive { line, verb, words, comment }),
            (None, [_, _]) if opens => block = Some((verb(words.swap_remove(0))?, line)),
            (None, _) if !opens && words[0] != ")" => {
                let verb = verb(words.remove(0))?;
                directives.push(Directive { line, verb, words, comment });
            }
            _ => return Err(ParseError::at(line, "a parenthesis that does not belong there")),
        }
    }
    match block {
        Some((verb, line)) => Err(ParseError::at(line, format!("`{verb} (` without its end (is the file cut off?)"))),
        None => Ok(directives),
    }
}

/// The words of a line, and its comment.
fn words(line: &str) -> Result<(Vec<Cow<'_, str>>, &str), String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("//") {
            return Ok((words, comment.trim()));
        }
        let length = match first {
            '(' | ')' | '[' | ']' | '{' | '}' | ',' => 1,
            '"' | '`' => {
                let (word, length) = quoted(rest, first)?;
                words.push(word);
                rest = rest[length..].trim_start();
                continue;
            }
            _ => bare(rest),
        };
        words.push(Cow::Borrowed(&rest[..length]));
        rest = rest[length..].trim_start();
    }
    Ok((words, ""))
}

/// Where a word without quotes ends.
fn bare(rest: &str) -> usize {
    let end = rest.find(|c: char| c.is_whitespace() || "()[]{},".contains(c)).unwrap_or(rest.len());
    rest[..end].find("//").unwrap_or(end)
}

/// A string of Go, raw or interpreted, and its length with quotes. The escapes that a path may need are understood.
fn quoted(rest: &str, quote: char) -> Result<(Cow<'_, str>, usize), String> {
    let inner = &rest[1..];
    if quote == '`' {
        let end = inner.find('`').ok_or("a string without end")?;
        return Ok((Cow::Borrowed(&inner[..end]), end + 2));
    }
    let mut word = String::new();
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        match (escaped, c) {
            (false, '"') => return Ok((Cow::Owned(word), at + 2)),
            (false, '\\') => escaped = true,
            (true, c) if !matches!(c, '"' | '\\') => return Err(format!("the escape `\\{c}` in a string")),
            _ => {
                word.push(c);
                escaped = false;
            }
        }
    }
    Err("a string without end".to_owned())
}

fn verb(word: Cow<'_, str>) -> Result<&str, ParseError> {
    match word {
        Cow::Borrowed(word) => Ok(word),
        Cow::Owned(word) => Err(ParseError::at(1, format!("the string `{}` is no directive", shorten(&word)))),
    }
}

#[cfg(test)]
#[path = "directives_tests.rs"]
mod tests;
