//! The API's contract: OpenAPI 3.0 and 3.1, as far as answers are concerned.

mod compare;
mod operations;
mod schema;
mod text;

pub use compare::breaking;
pub use schema::{Dialect, Extra, Formats, Schemas};

use crate::{assertion::Mismatch, observe::Answer};
use document::Json;
use operations::operation;
use reqwest::Method;

/// The largest contract, in bytes.
pub const LARGEST: usize = 8 * 1024 * 1024;

/// An OpenAPI document every reference and pattern of which has been understood.
#[derive(Debug, Clone)]
pub struct Contract {
    schemas: Schemas,
}

impl Contract {
    /// Reads a document: JSON, or YAML where it is none.
    ///
    /// # Errors
    /// Everything that is wrong with it: not OpenAPI 3.0 or 3.1, references that lead nowhere or outside, patterns that
    /// cannot be used.
    pub fn read(bytes: &[u8], extra: Extra) -> Result<Self, Vec<String>> {
        if bytes.len() > LARGEST {
            return Err(vec![format!("is larger than {LARGEST} bytes")]);
        }
        let text = String::from_utf8_lossy(bytes);
        let document = match text.trim_start().starts_with('{') {
            true => Json::parse(bytes).map_err(|fault| vec![format!("is not JSON: {fault}")])?,
            false => Json::from_yaml(&text).map_err(|problem| vec![problem.to_string()])?,
        };
        let dialect = match document.get("openapi") {
            Some(Json::Text(version)) if version.starts_with("3.0.") => Dialect::OpenApi30,
            Some(Json::Text(version)) if version.starts_with("3.1.") => Dialect::Draft202012,
            Some(other) => return Err(vec![format!("says it is OpenAPI {other}; 3.0 and 3.1 are known")]),
            None => return Err(vec!["is no OpenAPI document: it has no `openapi`".to_owned()]),
        };
        if !matches!(document.get("paths"), Some(Json::Map(_))) {
            return Err(vec!["is no OpenAPI document: it has no `paths`".to_owned()]);
        }
        Ok(Self { schemas: Schemas::new(document, dialect, (Formats::Asserted, extra))? })
    }

    /// Every way in which an answer to this request is not one of those the document describes.
    #[must_use]
    pub fn check(&self, method: &Method, path: &str, answer: &Answer) -> Vec<Mismatch> {
        let one = |path: &str, expected: String, seen: String| vec![Mismatch::new(path, expected, seen)];
        let Some(operation) = operation(&self.schemas, method, path) else {
            return one("contract", "an operation of the OpenAPI document".to_owned(), format!("{method} {path}"));
        };
        let Some(response) = operation.response(&self.schemas, answer.status) else {
            let known = operation.statuses().join(", ");
            return one("contract", format!("one of the documented statuses {known}"), answer.status.to_string());
        };
        let mut found = self.headers(response, answer);
        found.extend(self.body(response, answer));
        found
    }

    fn headers(&self, response: &Json, answer: &Answer) -> Vec<Mismatch> {
        let Some(Json::Map(headers)) = response.get("headers") else { return Vec::new() };
        let mut found = Vec::new();
        for (name, header) in headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-type")) {
            let header = self.schemas.follow(header);
            let place = format!("header {name}");
            match (answer.head.values(name).next(), header.get("schema")) {
                (None, _) if header.get("required") == Some(&Json::Bool(true)) => {
                    found.push(Mismatch::new(place, "a header", "missing"));
                }
                (Some(value), Some(schema)) => {
                    // A header is text; a number or a truth value is meant where the schema wants one.
                    let literal = Json::parse(value.as_bytes()).ok();
                    let literal = literal.filter(|value| matches!(value, Json::Number(_) | Json::Bool(_)));
                    let text = Json::Text(value.to_owned());
                    let fits = |value: &Json| self.schemas.check(schema, value, &place).is_empty();
                    if !fits(&text) && !literal.as_ref().is_some_and(fits) {
                        found.extend(self.schemas.check(schema, &text, &place));
                    }
                }
                _ => {}
            }
        }
        found
    }

    fn body(&self, response: &Json, answer: &Answer) -> Vec<Mismatch> {
        let Some(Json::Map(content)) = response.get("content").filter(|content| **content != Json::Map(Vec::new()))
        else {
            return Vec::new();
        };
        let media = answer.head.values("content-type").next().unwrap_or_default();
        let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let fits = |range: &str| {
            let range = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            range == media
                || range == "*/*"
                || range.strip_suffix("/*").is_some_and(|kind| media.starts_with(&format!("{kind}/")))
        };
        let Some((_, described)) = content.iter().find(|(range, _)| fits(range)) else {
            let known = content.iter().map(|(range, _)| range.as_str()).collect::<Vec<_>>().join(", ");
            let seen = if media.is_empty() { "none".to_owned() } else { media };
            return vec![Mismatch::new("contract", format!("content-type {known}"), seen)];
        };
        let is_json = media == "application/json" || media.ends_with("+json");
        match described.get("schema").filter(|_| is_json) {
            Some(schema) => match answer.json() {
                Ok(body) => self.schemas.check(schema, &body, "$"),
                Err(fault) => vec![Mismatch::new("body", "JSON", fault.to_string())],
            },
            None => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
