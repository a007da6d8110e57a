//! Rows of JSON documents, chosen by JSONPath (RFC 9535).

use crate::{Query, SourceError, SourceErrorKind, answer::short};
use document::{Json, Path, path::PathFault};
use serde::Serialize;
use serde_json::Value;
use std::{fmt, str::FromStr};

/// The largest document read as one, in bytes.
pub(crate) const LARGEST: usize = 64 * 1024 * 1024;

/// The text of a JSONPath that has been parsed once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Selector(String);

impl FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<Path>() {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error) => Err(format!("`{}` is no JSONPath: {error}", short(text))),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A query ready to be put to many documents.
pub(crate) struct Asked<'q> {
    path: Path,
    selector: &'q Selector,
    /// Whether nodes are counted; else the one number is wanted.
    pub(crate) counts: bool,
}

impl<'q> Asked<'q> {
    pub(crate) fn of(query: &'q Query) -> Result<Self, SourceError> {
        let (selector, counts) = match query {
            Query::Rows { select } => (select, true),
            Query::Number { select } => (select, false),
            other => return Err(SourceError::foreign(other)),
        };
        let path = selector.0.parse().map_err(|fault: PathFault| SourceError::new(SourceErrorKind::Refused, fault))?;
        Ok(Self { path, selector, counts })
    }

    /// What one document says to it.
    pub(crate) fn answer(&self, document: &Value) -> Result<f64, SourceError> {
        let document = Json::from(document);
        let wrong = |text: String| {
            Err(SourceError::new(SourceErrorKind::Nonsense, format!("`{}` selects {text}", self.selector)))
        };
        let nodes = match self.path.nodes(&document) {
            Ok(nodes) => nodes,
            Err(error) => return wrong(format!("too much: it {error}")),
        };
        #[expect(clippy::cast_precision_loss, reason = "rows of a bounded document")]
        let count = nodes.len() as f64;
        match nodes.iter().map(|node| node.value).collect::<Vec<_>>()[..] {
            _ if self.counts => Ok(count),
            [] => wrong("nothing".into()),
            [Json::Number(number)] => Ok(number.parse().unwrap_or(f64::NAN)),
            // An explicit "no value" is one: it is not a number.
            [Json::Null] => Ok(f64::NAN),
            [other] => wrong(format!("{}, no number", short(&other.to_string()))),
            [..] => wrong(format!("{count} values where one number is needed")),
        }
    }
}
