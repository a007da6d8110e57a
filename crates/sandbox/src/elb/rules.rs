//! Listener rules: which requests they take, and what becomes of those. Pure.

use crate::glob::fits;
use axum::http::HeaderMap;

/// A listener's rule.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) arn: String,
    /// Lower goes first; the default rule has none and goes last.
    pub(crate) priority: Option<u32>,
    /// All of them have to hold; the default rule has none.
    pub(crate) conditions: Vec<Condition>,
    pub(crate) action: Action,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// It goes to one of these target groups, in proportion to their weights.
    Forward(Vec<(String, u32)>),
    /// It is answered here.
    Fixed(Fixed),
}

/// A `fixed-response`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fixed {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

/// A condition; one of its values has to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    Path(Vec<String>),
    Host(Vec<String>),
    Method(Vec<String>),
    Header {
        name: String,
        values: Vec<String>,
    },
    /// Pairs; without a key any key does.
    Query(Vec<(Option<String>, String)>),
}

/// A request, as far as rules look at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
}

impl Rule {
    /// The target groups it forwards to, with weights.
    pub(crate) fn forward(&self) -> &[(String, u32)] {
        match &self.action {
            Action::Forward(groups) => groups,
            Action::Fixed(_) => &[],
        }
    }

    /// Whether it takes this request.
    pub(super) fn takes(&self, asked: Asked<'_>) -> bool {
        self.conditions.iter().all(|condition| condition.holds(asked))
    }
}

impl Condition {
    fn holds(&self, asked: Asked<'_>) -> bool {
        let any = |patterns: &[String], text: &str| patterns.iter().any(|pattern| fits(pattern, text));
        let any_case = |patterns: &[String], text: &str| {
            patterns.iter().any(|pattern| fits(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase()))
        };
        let header = |name: &str| asked.headers.get(name).and_then(|value| value.to_str().ok());
        match self {
            Self::Path(patterns) => any(patterns, asked.path),
            Self::Method(methods) => methods.iter().any(|method| method == asked.method),
            Self::Host(patterns) => header("host")
                .is_some_and(|host| any_case(patterns, host.rsplit_once(':').map_or(host, |(name, _)| name))),
            Self::Header { name, values } => header(name).is_some_and(|text| any_case(values, text)),
            Self::Query(pairs) => url::form_urlencoded::parse(asked.query.as_bytes()).any(|(key, value)| {
                pairs
                    .iter()
                    .any(|(name, pattern)| name.as_ref().is_none_or(|name| fits(name, &key)) && fits(pattern, &value))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_conditions_have_to_hold_and_one_value_of_each() {
        let mut headers = HeaderMap::new();
        headers.insert("host", "Test.Example.com:8080".parse().unwrap());
        headers.insert("x-canary", "YES please".parse().unwrap());
        let asked = Asked { method: "GET", path: "/api/1", query: "v=2&x=a%20b", headers: &headers };
        let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        let holding = [
            Condition::Path(texts(&["/other", "/api/*"])),
            Condition::Host(texts(&["test.example.com"])),
            Condition::Method(texts(&["GET"])),
            Condition::Header { name: "X-Canary".to_owned(), values: texts(&["yes*"]) },
            Condition::Query(vec![(Some("x".to_owned()), "a b".to_owned())]),
            Condition::Query(vec![(None, "2".to_owned())]),
        ];
        let failing = [
            Condition::Path(texts(&["/API/*"])),
            Condition::Host(texts(&["example.com"])),
            Condition::Method(texts(&["POST"])),
            Condition::Header { name: "x-missing".to_owned(), values: texts(&["*"]) },
            Condition::Query(vec![(Some("v".to_owned()), "3".to_owned())]),
        ];
        let rule = |conditions: Vec<Condition>| Rule {
            arn: String::new(),
            priority: Some(1),
            conditions,
            action: Action::Forward(Vec::new()),
        };
        assert!(rule(holding.to_vec()).takes(asked));
        for condition in failing {
            assert!(!rule(vec![holding[0].clone(), condition.clone()]).takes(asked), "{condition:?}");
        }
    }
}
