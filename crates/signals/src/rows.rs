//! Rows of JSON documents, chosen by JSONPath (RFC 9535).

use crate::{Query, SourceError, SourceErrorKind, answer::short};
use serde::Serialize;
use serde_json::Value;
use serde_json_path::JsonPath;
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
        match JsonPath::parse(text) {
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
    path: JsonPath,
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
        let path = JsonPath::parse(&selector.0).map_err(|error| SourceError::new(SourceErrorKind::Refused, error))?;
        Ok(Self { path, selector, counts })
    }

    /// What one document says to it.
    pub(crate) fn answer(&self, document: &Value) -> Result<f64, SourceError> {
        let nodes = self.path.query(document).all();
        let wrong = |text: String| {
            Err(SourceError::new(SourceErrorKind::Nonsense, format!("`{}` selects {text}", self.selector)))
        };
        #[expect(clippy::cast_precision_loss, reason = "rows of a bounded document")]
        let count = nodes.len() as f64;
        match nodes[..] {
            _ if self.counts => Ok(count),
            [] => wrong("nothing".into()),
            [Value::Number(number)] => Ok(number.as_f64().unwrap_or(f64::NAN)),
            // An explicit "no value" is one: it is not a number.
            [Value::Null] => Ok(f64::NAN),
            [other] => wrong(format!("{}, no number", short(&other.to_string()))),
            [..] => wrong(format!("{count} values where one number is needed")),
        }
    }
}
