//! The dataset: one case per line of JSON, read as a stream.

mod choose;
mod csv;
mod dataset;
mod template;

pub use choose::{Choice, Shard};
pub use csv::fields as csv_fields;
pub use dataset::{Dataset, DatasetError, MAX_LINE};
pub use template::Template;

use crate::{
    assertion::{Assertion, assertion, has_number, value},
    config::{Canary, Origin, headers_of, path_of, status_of},
};
use document::{Fields, Json, Problem, kind};
use reqwest::{
    Method,
    header::{HeaderName, HeaderValue},
};

/// One question and what its answer must be.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name, unique in the dataset.
    pub id: String,
    /// Its line in the dataset, from 1.
    pub line: usize,
    /// What is asked.
    pub request: Request,
    /// The status the answer must have.
    pub status: u16,
    /// What the body must keep.
    pub assertions: Vec<Assertion>,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET` unless said otherwise.
    pub method: Method,
    /// Starts with `/`; what it has after `?` stays.
    pub path: String,
    /// Appended to the path's own query, in order.
    pub query: Vec<(String, String)>,
    /// Besides those of `canary.yml`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Sent as `application/json`, numbers as the dataset writes them.
    pub body: Option<Json>,
}

impl Request {
    /// A plain GET.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self { method: Method::GET, path: path.to_owned(), query: Vec::new(), headers: Vec::new(), body: None }
    }
}

impl Case {
    /// Reads one line of a dataset.
    ///
    /// # Errors
    /// Everything that is wrong with it, each naming `line`.
    pub fn parse(line: usize, bytes: &[u8], canary: &Canary) -> Result<Self, Vec<Problem>> {
        match &canary.cases.template {
            None => document::read_line(line, bytes, |fields| read(line, fields, canary)),
            Some(_) => {
                let record = Json::parse(bytes).map_err(|fault| wrong(line, format!("not a JSON object: {fault}")))?;
                Self::of_record(line, &record, canary)
            }
        }
    }

    /// The case of one record.
    ///
    /// # Errors
    /// Everything that is wrong with it, each naming `line`.
    pub fn of_record(line: usize, record: &Json, canary: &Canary) -> Result<Self, Vec<Problem>> {
        let Some(template) = &canary.cases.template else {
            return Err(wrong(line, "canary.yml has no `cases.request` that says what a record asks".to_owned()));
        };
        let case = template.fill(record).map_err(|problem| wrong(line, problem))?;
        document::read_record(line, &case, |fields| read(line, fields, canary))
    }
}

fn wrong(line: usize, text: String) -> Vec<Problem> {
    vec![Problem { line: Some(line), place: String::new(), text }]
}

fn read(line: usize, fields: &Fields<'_>, canary: &Canary) -> Option<Case> {
    let fields = fields.clone().only(&["id", "request", "expect"]);
    let id = fields.demand("id", "\"b-001\"").and_then(|_| fields.text("id"));
    if id.as_deref().is_some_and(|id| id.is_empty() || id.len() > 200 || id.chars().any(char::is_control)) {
        fields.refuse("id", "is empty, longer than 200 bytes, or has control characters");
    }
    // A batch has been asked already, and a program needs no path.
    let asked = match canary.target.origin {
        Origin::Service => {
            fields.demand("request", "{\"path\": \"/\"}").and_then(|_| request(&fields.child("request")?))
        }
        Origin::Batch(..) | Origin::Program(_) => {
            let body = fields.child("request").and_then(|request| request.only(&["body"]).get("body").cloned());
            Some(Request { body, ..Request::get("/") })
        }
    };
    let expected =
        fields.demand("expect", "{\"status\": 200}").and_then(|_| expected(&fields.child("expect")?, canary));
    let (status, mut assertions) = expected?;
    if (200..300).contains(&status) {
        assertions.extend(canary.every_answer.iter().cloned());
    }
    Some(Case { id: id?, line, request: asked?, status, assertions })
}

fn request(fields: &Fields<'_>) -> Option<Request> {
    let fields = fields.clone().only(&["method", "path", "query", "headers", "body"]);
    let method = fields.text("method").unwrap_or_else(|| "GET".to_owned());
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    if !known.contains(&method.as_str()) {
        fields.refuse("method", format!("`{method}` is none of {}", known.join(", ")));
    }
    let query = fields.child("query").map(|query| {
        let pairs = query.keys().filter_map(|key| Some((key.to_owned(), query.text(key)?)));
        pairs.collect()
    });
    Some(Request {
        method: Method::from_bytes(method.as_bytes()).ok()?,
        path: path_of(&fields, "path")?,
        query: query.unwrap_or_default(),
        headers: fields.child("headers").map(|headers| headers_of(&headers)).unwrap_or_default(),
        body: fields.get("body").cloned(),
    })
}

/// The status and the assertions of a case's own; a case that asks for nothing is refused.
fn expected(fields: &Fields<'_>, canary: &Canary) -> Option<(u16, Vec<Assertion>)> {
    let fields = fields.clone().only(&["status", "values", "assert"]);
    if fields.keys().next().is_none() {
        fields.refuse_all("asks for nothing; give `status`, `values` or `assert`");
    }
    let mut assertions = Vec::new();
    match fields.get("values") {
        Some(Json::Map(values)) => {
            for (path, expected) in values {
                let tolerances = &canary.everywhere.tolerances;
                if tolerances.iter().any(|(known, _)| known.text() == path) && !has_number(expected) {
                    let problem = format!(
                        "{path}: canary.yml has a tolerance for it, which is for numbers, and this is {}",
                        kind(expected)
                    );
                    fields.refuse("values", problem);
                }
                match value(path, expected) {
                    Ok(assertion) => assertions.push(assertion),
                    Err(problem) => fields.refuse("values", format!("{path}: {problem}")),
                }
            }
        }
        Some(other) => fields.refuse("values", format!("expected values by JSONPath, found {}", kind(other))),
        None => {}
    }
    assertions.extend(fields.mappings("assert").iter().filter_map(assertion));
    Some((status_of(&fields), assertions))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary() -> Canary {
        let text = "version: 1\ncases: {from: c.jsonl}\ntolerances: [{path: $.days, abs: 0.5}]\nmetadata: {git_sha: git-sha}\n";
        crate::config::read(text, &[], None).unwrap()
    }

    fn problems(line: &str) -> Vec<String> {
        let problems = Case::parse(7, line.as_bytes(), &canary()).unwrap_err();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_case_is_a_request_and_its_expectations() {
        let line = r#"{"id": "a", "request": {"method": "POST", "path": "/p?x=1", "query": {"n": 2}, "headers": {"X-A": "b"},
            "body": {"amount": 1.50}}, "expect": {"status": 201, "values": {"$.days": 17.1}, "assert": [{"path": "$.c", "min": 0}]}}"#;
        let case = Case::parse(3, line.as_bytes(), &canary()).unwrap();
        assert_eq!((case.id.as_str(), case.line, case.status), ("a", 3, 201));
        assert_eq!(case.request.query, [("n".to_owned(), "2".to_owned())]);
        assert_eq!(case.request.body.unwrap().to_string(), r#"{"amount":1.50}"#);
        // Its own two, and the metadata of every good answer.
        assert_eq!(case.assertions.len(), 3);
        let refused =
            Case::parse(1, br#"{"id":"b","request":{"path":"/"},"expect":{"status":404}}"#, &canary()).unwrap();
        assert_eq!(refused.assertions.len(), 0);
    }

    #[test]
    fn a_case_that_cannot_be_meant_is_refused_with_its_line() {
        for (line, problem) in [
            ("{", "line 7: not a JSON object: expected a key in double quotes at byte 1"),
            ("[]", "line 7: expected a mapping of keys, found a list"),
            (r#"{"id":"a","id":"b"}"#, "line 7: not a JSON object: duplicate key `id` at byte 10"),
            (
                r#"{"id":"a","request":{"path":"/"},"expect":{}}"#,
                "line 7: expect: asks for nothing; give `status`, `values` or `assert`",
            ),
            (
                r#"{"id":"a","request":{"path":"/"},"expected":{}}"#,
                "line 7: expected: unknown key; did you mean `expect`?",
            ),
            (
                r#"{"id":"","request":{"path":"/"},"expect":{"status":200}}"#,
                "line 7: id: is empty, longer than 200 bytes, or has control characters",
            ),
            (
                r#"{"id":"a","request":{"path":"x"},"expect":{"status":200}}"#,
                "line 7: request.path: `x` is not a path: it starts with `/` and has no white space",
            ),
            (
                r#"{"id":"a","request":{"path":"/","method":"get"},"expect":{"status":200}}"#,
                "line 7: request.method: `get` is none of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
            ),
            (
                r#"{"id":"a","request":{"path":"/"},"expect":{"values":{"$..a":1}}}"#,
                "line 7: expect.values: $..a: may select several values; use `assert` with `all:` or `any:`",
            ),
            (
                r#"{"id":"a","request":{"path":"/"},"expect":{"values":{"$.days":"17"}}}"#,
                "line 7: expect.values: $.days: canary.yml has a tolerance for it, which is for numbers, and this is a text",
            ),
        ] {
            assert_eq!(problems(line)[0], problem, "{line}");
        }
        assert_eq!(problems("{}").len(), 3);
    }
}
