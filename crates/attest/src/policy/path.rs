//! Where in a predicate a value is: a JSON pointer (RFC 6901) or a JSONPath (RFC 9535).

use document::{
    Json,
    path::{PathFault, TooMany},
};
use serde_json::Value;
use std::{fmt, str::FromStr};

/// A place in a JSON document.
#[derive(Debug, Clone)]
pub(super) enum Path {
    /// `/a/b`: one value or none.
    Pointer(String),
    /// `$.a[*].b`: any number of values.
    Query(Box<document::Path>),
}

impl FromStr for Path {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with('$') {
            let query = text.parse().map_err(|fault: PathFault| format!("not a JSONPath (RFC 9535): {fault}"))?;
            return Ok(Self::Query(Box::new(query)));
        }
        let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        if !text.starts_with('/') || !escapes {
            return Err(format!(
                "`{text}` is neither a JSON pointer such as /result nor a JSONPath such as $.counts.total"
            ));
        }
        Ok(Self::Pointer(text.to_owned()))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pointer(pointer) => f.write_str(pointer),
            Self::Query(query) => write!(f, "{query}"),
        }
    }
}

impl Path {
    /// The values there, in the document's order.
    ///
    /// # Errors
    /// When the document is too large for the query: what is there is then not known.
    pub(super) fn values<'v>(&self, document: &'v Value) -> Result<Vec<&'v Value>, TooMany> {
        Ok(match self {
            Self::Pointer(pointer) => document.pointer(pointer).into_iter().collect(),
            Self::Query(query) => {
                let tree = Json::from(document);
                let nodes = query.nodes(&tree)?;
                nodes.iter().filter_map(|node| document.pointer(&node.pointer())).collect()
            }
        })
    }

    /// The values there as texts: single values, and those in lists. None where what is there is not known.
    pub(super) fn texts(&self, document: &Value) -> Vec<String> {
        fn text(value: &Value) -> Option<String> {
            match value {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                Value::Bool(yes) => Some(yes.to_string()),
                Value::Null | Value::Array(_) | Value::Object(_) => None,
            }
        }
        let values = self.values(document).unwrap_or_default().into_iter();
        let flat = values.flat_map(|value| value.as_array().map_or_else(|| vec![value], |list| list.iter().collect()));
        flat.filter_map(text).collect()
    }
}
