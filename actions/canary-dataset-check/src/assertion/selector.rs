//! JSONPath (RFC 9535) over a body that keeps its number tokens.

use document::Json;
use serde_json_path::JsonPath;
use std::str::FromStr;

/// A body and its shadow that the query engine can walk.
#[derive(Debug, Clone)]
pub struct Body {
    json: Json,
    queryable: serde_json::Value,
}

impl Body {
    /// A body to be asserted upon.
    #[must_use]
    pub fn new(json: Json) -> Self {
        let queryable = json.to_value();
        Self { json, queryable }
    }
}

/// A query of RFC 9535, with the text it was written as.
#[derive(Debug, Clone)]
pub struct Selector {
    text: String,
    query: JsonPath,
    singular: bool,
}

impl FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let query = JsonPath::parse(text).map_err(|error| {
            format!("`{text}` is not a JSONPath of RFC 9535: {} at character {}", error.message(), error.position())
        })?;
        Ok(Self { text: text.to_owned(), query, singular: is_singular(text) })
    }
}

impl Selector {
    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it selects one node at most, whatever the body (a "singular query" of RFC 9535, section 2.3.5.1).
    #[must_use]
    pub fn is_singular(&self) -> bool {
        self.singular
    }

    /// The selected nodes in order, each with its path.
    #[must_use]
    pub fn select<'a>(&self, body: &'a Body) -> Vec<(String, &'a Json)> {
        let nodes = self.query.query_located(&body.queryable);
        let found = nodes.iter().filter_map(|node| {
            let mut path = "$".to_owned();
            let mut at = &body.json;
            for element in node.location().iter() {
                at = match (at, element.as_name(), element.as_index()) {
                    (Json::Map(_), Some(name), _) => {
                        push_name(&mut path, name);
                        at.get(name)?
                    }
                    (Json::List(items), _, Some(index)) => {
                        push_index(&mut path, index);
                        items.get(index)?
                    }
                    _ => return None,
                };
            }
            Some((path, at))
        });
        found.collect()
    }
}

/// Whether a valid query has only name and index selectors, one per segment.
///
/// Outside quotes a wildcard, a filter, a slice, a second selector and a descendant segment each need a character or pair
/// that such a query cannot have: member names without quotes consist of letters, digits and `_`.
fn is_singular(query: &str) -> bool {
    let mut quote = None;
    let mut last = ' ';
    let mut chars = query.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '*' | '?' | ':' | ',') => return false,
            (None, '.') if last == '.' => return false,
            (None, _) => {}
        }
        last = if quote.is_none() { c } else { ' ' };
    }
    true
}

/// Appends a member to a path: `.name` where that is allowed, else `['na me']`.
pub(crate) fn push_name(path: &mut String, name: &str) {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
    if name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit()) {
        path.extend([".", name]);
    } else {
        path.push_str(&format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'")));
    }
}

/// Appends a list item to a path.
pub(crate) fn push_index(path: &mut String, index: usize) {
    path.push_str(&format!("[{index}]"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(query: &str, body: &str) -> Vec<(String, String)> {
        let body = Body::new(Json::parse(body.as_bytes()).unwrap());
        let query: Selector = query.parse().unwrap();
        query.select(&body).into_iter().map(|(path, node)| (path, node.to_string())).collect()
    }

    /// The bookstore of RFC 9535, section 1.5, and its table of queries.
    #[test]
    fn the_examples_of_the_standard_select_what_it_says() {
        let store = r#"{"store": {"book": [
            {"category": "reference", "author": "Nigel Rees", "title": "Sayings of the Century", "price": 8.95},
            {"category": "fiction", "author": "Evelyn Waugh", "title": "Sword of Honour", "price": 12.99},
            {"category": "fiction", "author": "Herman Melville", "title": "Moby Dick", "isbn": "0-553-21311-3", "price": 8.99},
            {"category": "fiction", "author": "J. R. R. Tolkien", "title": "The Lord of the Rings", "isbn": "0-395-19395-8", "price": 22.99}],
            "bicycle": {"color": "red", "price": 399}}}"#;
        let paths = |query: &str| select(query, store).into_iter().map(|(path, _)| path).collect::<Vec<_>>();
        let books = |numbers: &[usize]| numbers.iter().map(|n| format!("$.store.book[{n}]")).collect::<Vec<_>>();
        assert_eq!(paths("$.store.book[*].author").len(), 4);
        assert_eq!(paths("$..author").len(), 4);
        assert_eq!(paths("$.store.*").len(), 2);
        assert_eq!(paths("$.store..price").len(), 5);
        assert_eq!(paths("$..book[2]"), books(&[2]));
        assert_eq!(paths("$..book[2].publisher"), Vec::<String>::new());
        assert_eq!(paths("$..book[-1]"), books(&[3]));
        assert_eq!(paths("$..book[0,1]"), books(&[0, 1]));
        assert_eq!(paths("$..book[:2]"), books(&[0, 1]));
        assert_eq!(paths("$..book[?@.isbn]"), books(&[2, 3]));
        assert_eq!(paths("$..book[?@.price<10]"), books(&[0, 2]));
        assert_eq!(paths("$..*").len(), 27);
    }

    #[test]
    fn selected_numbers_are_the_tokens_of_the_text() {
        let body = r#"{"a b": [12345678901234567.10, 1.50], "it's": {"ü": 1e2}}"#;
        assert_eq!(select("$['a b'][1]", body), [("$['a b'][1]".to_owned(), "1.50".to_owned())]);
        assert_eq!(select("$['a b'][-2]", body), [("$['a b'][0]".to_owned(), "12345678901234567.10".to_owned())]);
        assert_eq!(select("$[\"it's\"].ü", body), [("$['it\\'s'].ü".to_owned(), "1e2".to_owned())]);
    }

    #[test]
    fn a_query_is_singular_only_when_it_cannot_select_two_nodes() {
        for (query, singular) in [
            ("$", true),
            ("$.a.b[0]['c'][-1]", true),
            ("$['*?:,..']", true),
            ("$[\"a\\\"*\"]", true),
            ("$.a[*]", false),
            ("$.*", false),
            ("$..a", false),
            ("$[0,1]", false),
            ("$[1:2]", false),
            ("$[?@.a]", false),
            ("$['a','b']", false),
        ] {
            assert_eq!(query.parse::<Selector>().unwrap().is_singular(), singular, "{query}");
        }
        for bad in ["", "a", "$.", "$[", "$.a b", "$[01]", "$[?@.a == ]", " $"] {
            assert!(bad.parse::<Selector>().is_err(), "{bad}");
        }
    }
}
