//! JSONPath (RFC 9535) over a tree that keeps its number tokens: filters compare numbers as the decimals they are.
//!
//! What a hostile query or document can cost is bounded: how deep a query nests, and how many nodes one evaluation visits.

mod compare;
mod evaluate;
mod parse;
mod pattern;
mod reach;

pub use evaluate::{Node, TooMany};

use crate::Json;
use pattern::Pattern;
use std::{fmt, str::FromStr};

/// A query, with the text it was written as.
#[derive(Debug, Clone)]
pub struct Path {
    text: String,
    query: Query,
}

/// Why a text is not a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at character {place}")]
pub struct PathFault {
    /// What is wrong.
    pub problem: String,
    /// Where, in characters from 1.
    pub place: usize,
}

impl FromStr for Path {
    type Err = PathFault;

    fn from_str(text: &str) -> Result<Self, PathFault> {
        Ok(Self { text: text.to_owned(), query: parse::query(text)? })
    }
}

/// As it was written.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Path {
    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it selects one node at most, whatever the document (a "singular query", section 2.3.5.1).
    #[must_use]
    pub fn is_singular(&self) -> bool {
        self.query.is_singular()
    }

    /// The one place a singular query can select, written as [`Node::path`] writes it. `None` where the query may select
    /// several, or counts from the end of a list.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        let mut path = "$".to_owned();
        for segment in &self.query.segments {
            match segment.selectors.as_slice() {
                [Selector::Name(name)] if !segment.descendant => push_name(&mut path, name),
                [Selector::Index(index)] if !segment.descendant => push_index(&mut path, usize::try_from(*index).ok()?),
                _ => return None,
            }
        }
        Some(path)
    }

    /// The node a singular query selects. Of any other query: nothing.
    #[must_use]
    pub fn one<'a>(&self, document: &'a Json) -> Option<&'a Json> {
        self.query.one(document)
    }

    /// The selected nodes in order.
    ///
    /// # Errors
    /// [`TooMany`] when more than ten million nodes had to be visited.
    pub fn nodes<'a>(&self, document: &'a Json) -> Result<Vec<Node<'a>>, TooMany> {
        evaluate::nodes(&self.query, document)
    }
}

/// Where a query starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// `$`.
    Root,
    /// `@`, in a filter.
    Current,
}

#[derive(Debug, Clone)]
struct Query {
    start: Start,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone)]
struct Segment {
    /// `..`: of the node and all below it.
    descendant: bool,
    selectors: Vec<Selector>,
}

#[derive(Debug, Clone)]
enum Selector {
    Name(String),
    Index(i64),
    Wildcard,
    Slice { start: Option<i64>, end: Option<i64>, step: i64 },
    Filter(Box<Logical>),
}

/// What a filter asks of a node.
#[derive(Debug, Clone)]
enum Logical {
    Or(Vec<Logical>),
    And(Vec<Logical>),
    Not(Box<Logical>),
    Exists(Query),
    Compare(Operand, Comparison, Operand),
    Matches(Operand, Pattern),
}

/// One side of a comparison.
#[derive(Debug, Clone)]
enum Operand {
    Literal(Json),
    /// A singular query.
    Node(Query),
    Length(Box<Operand>),
    Count(Query),
    Value(Query),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Query {
    fn is_singular(&self) -> bool {
        let one = |segment: &Segment| {
            !segment.descendant && matches!(segment.selectors.as_slice(), [Selector::Name(_) | Selector::Index(_)])
        };
        self.segments.iter().all(one)
    }
}

/// Appends a member to the text of a path: `.name` where that is allowed, else `['na me']`.
pub fn push_name(path: &mut String, name: &str) {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
    if name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit()) {
        path.extend([".", name]);
        return;
    }
    path.push_str("['");
    for c in name.chars() {
        match c {
            '\\' | '\'' => path.extend(['\\', c]),
            c if c.is_control() && c.is_ascii() => path.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => path.push(c),
        }
    }
    path.push_str("']");
}

/// Appends a list item to the text of a path.
pub fn push_index(path: &mut String, index: usize) {
    path.push_str(&format!("[{index}]"));
}

#[cfg(test)]
mod tests;
