//! `${name}` in the values of a document: one file serves staging and production.
//!
//! Values come from what the run was given and from the document's own defaults, never from a shell or the environment,
//! and are put into single values after the YAML has been read: a value cannot add a key or a check. `$${` stands for `${`.

use crate::{
    Fields, Json, LARGEST,
    fields::nearest,
    locate::{Step, show},
    problem::Reader,
    shorten,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

const NO_NAME: &str = "is not a parameter's name: a letter, then letters, digits, _ or -, at most 64";

/// What all filled texts of a document may come to, in bytes.
const MOST_FILLED: usize = 4 * LARGEST;

/// One `name=value` of the `parameters` input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// A letter, then letters, digits, `_` or `-`; at most 64.
    pub name: String,
    /// Anything on one line, at most 1024 bytes.
    pub value: String,
}

impl FromStr for Parameter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("a parameter is written name=value")?;
        let (name, value) = (name.trim(), value.trim());
        if !is_name(name) {
            return Err(format!("`{}` {NO_NAME}", shorten(name)));
        }
        if value.chars().any(char::is_control) || value.len() > 1024 {
            return Err(format!("the value of `{name}` has control characters or is longer than 1024 bytes"));
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(allowed)
}

/// The parameters of a run.
#[derive(Debug)]
pub(crate) struct Parameters {
    values: BTreeMap<String, String>,
    given: BTreeSet<String>,
}

impl Parameters {
    /// Those given to the run over the defaults of the document's `parameters` section, which is read here.
    pub(crate) fn new(given: &[Parameter], reader: &Reader<'_>, root: &Json) -> Self {
        let mut values = BTreeMap::new();
        if let Some(defaults) = Fields::open(reader, &[], root).and_then(|root| root.child("parameters")) {
            for key in defaults.keys() {
                if is_name(key) {
                    values.extend(defaults.text(key).map(|value| (key.to_owned(), value)));
                } else {
                    defaults.refuse(key, NO_NAME);
                }
            }
        }
        values.extend(given.iter().map(|parameter| (parameter.name.clone(), parameter.value.clone())));
        Self { values, given: given.iter().map(|parameter| parameter.name.clone()).collect() }
    }

    /// Fills every text of the document, those at the keys `queries` with more care, and refuses unknown names; the given
    /// parameters that nothing asks for.
    pub(crate) fn fill(self, queries: &[&str], reader: &Reader<'_>, root: &mut Json) -> Vec<String> {
        let mut fill =
            Fill { values: &self.values, queries, reader, path: Vec::new(), unused: self.given, left: MOST_FILLED };
        fill.walk(root);
        fill.unused.into_iter().collect()
    }
}

/// One walk over a document.
struct Fill<'a> {
    values: &'a BTreeMap<String, String>,
    queries: &'a [&'a str],
    reader: &'a Reader<'a>,
    path: Vec<Step>,
    unused: BTreeSet<String>,
    /// Bytes that filled texts may still come to.
    left: usize,
}

impl Fill<'_> {
    fn walk(&mut self, value: &mut Json) {
        match value {
            Json::Text(text) if text.contains("${") => match self.filled(text) {
                Ok(filled) => *text = filled,
                Err(problem) => self.reader.refuse(&self.path, problem),
            },
            Json::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.path.push(Step::Index(index));
                    self.walk(item);
                    self.path.pop();
                }
            }
            Json::Map(members) => {
                for (key, member) in members {
                    self.path.push(Step::Key(key.clone()));
                    if show(&self.path) != "parameters" {
                        self.walk(member);
                    }
                    self.path.pop();
                }
            }
            _ => {}
        }
    }

    fn filled(&mut self, text: &str) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            if rest[..at].ends_with('$') {
                filled.push_str(&rest[..at]);
                filled.push('{');
                rest = &rest[at + 2..];
                continue;
            }
            let name = rest[at + 2..].split_once('}').map(|(name, _)| name).ok_or("`${` without its `}`")?;
            filled.push_str(&rest[..at]);
            filled.push_str(self.value(name)?);
            rest = &rest[at + 3 + name.len()..];
            if filled.len() > self.left {
                return Err(format!("comes to too much: filled texts have at most {MOST_FILLED} bytes together"));
            }
        }
        filled.push_str(rest);
        self.left = self.left.saturating_sub(filled.len());
        Ok(filled)
    }

    fn value(&mut self, name: &str) -> Result<&str, String> {
        let Some(value) = self.values.get(name) else {
            let name = shorten(name);
            return Err(match nearest(&name, self.values.keys().map(String::as_str)) {
                Some(near) => format!("no parameter `{name}` was given; did you mean `{near}`?"),
                None => format!("no parameter `{name}` was given; add `{name}=…` to the input `parameters`"),
            });
        };
        self.unused.remove(name);
        let in_query = self
            .path
            .last()
            .is_some_and(|step| matches!(step, Step::Key(key) if self.queries.iter().any(|query| query == key)));
        if in_query && value.contains(['"', '\'', '`', '\\', '{', '}']) {
            return Err(format!("parameter `{name}` stands in a query and may not have quotes, braces or backslashes"));
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str, given: &[&str]) -> (String, Vec<String>) {
        let given: Vec<Parameter> = given.iter().map(|text| text.parse().unwrap()).collect();
        let reader = Reader::yaml(text);
        let mut root = Json::from_yaml(text).unwrap();
        let unused = Parameters::new(&given, &reader, &root).fill(&["query"], &reader, &mut root);
        let told = reader.understand(&root, |_| Some(())).err().unwrap_or_default();
        let unused = unused.into_iter().map(|name| format!("unused: {name}"));
        let problems = told.iter().map(ToString::to_string).chain(unused).collect();
        (root.get("a").unwrap().to_string(), problems)
    }

    #[test]
    fn the_run_overrides_the_file_and_a_value_stays_one_value() {
        let text = "parameters: {line: '1.4', who: me}\na: ['cases-${line}.jsonl', '${who}${who}', '$${line}']\n";
        assert_eq!(fill(text, &[]).0, r#"["cases-1.4.jsonl","meme","${line}"]"#);
        assert_eq!(fill(text, &["line=1.5"]).0, r#"["cases-1.5.jsonl","meme","${line}"]"#);
        assert_eq!(fill(text, &["who=x: [y]"]).0, r#"["cases-1.4.jsonl","x: [y]x: [y]","${line}"]"#);
        let dollars = r#"{"query":"job=~\"a.*$\"","b":"$$","c":"$x"}"#;
        assert_eq!(fill(&format!("a: {dollars}"), &[]), (dollars.to_owned(), vec![]));
    }

    #[test]
    fn an_unknown_name_is_refused_and_an_unused_one_is_told() {
        let (_, problems) = fill("b: 1\na: ['${nope}', '${othr}']\n", &["other=1"]);
        assert_eq!(
            problems,
            [
                "line 2: a[0]: no parameter `nope` was given; add `nope=…` to the input `parameters`",
                "line 2: a[1]: no parameter `othr` was given; did you mean `other`?",
                "unused: other",
            ]
        );
        assert_eq!(fill("a: '${open'", &[]).1, ["line 1: a: `${` without its `}`"]);
        assert_eq!(
            fill("parameters: {1x: a}\na: 1\n", &[]).1,
            ["line 1: parameters.1x: is not a parameter's name: a letter, then letters, digits, _ or -, at most 64"]
        );
    }

    #[test]
    fn a_value_cannot_end_a_string_or_a_matcher_of_a_query() {
        let text = "a: {query: 'up{job=\"${job}\"}', text: '${job}'}";
        assert_eq!(fill(text, &["job=api"]), (r#"{"query":"up{job=\"api\"}","text":"api"}"#.to_owned(), vec![]));
        for bad in ["a\"b", "a'b", "a}b", "a\\b", "a`b"] {
            let (seen, problems) = fill(text, &[&format!("job={bad}")]);
            assert!(seen.contains(r#"${job}"#), "{seen}");
            let wanted =
                "line 1: a.query: parameter `job` stands in a query and may not have quotes, braces or backslashes";
            assert_eq!(problems, [wanted], "{bad}");
        }
    }

    #[test]
    fn what_parameters_come_to_is_bounded() {
        let text = format!("a: '{}'", "${x}".repeat(100_000));
        let (_, problems) = fill(&text, &[&format!("x={}", "y".repeat(1024))]);
        assert_eq!(problems, ["line 1: a: comes to too much: filled texts have at most 4194304 bytes together"]);
    }

    #[test]
    fn a_parameter_is_a_name_and_one_line() {
        let long = format!("{}=1", "a".repeat(65));
        for bad in ["x", "1x=2", "a b=1", "=1", "a=1\n2", "a=x\u{7}y", &long] {
            assert!(bad.parse::<Parameter>().is_err(), "{bad}");
        }
        assert_eq!("a = b=c ".parse(), Ok(Parameter { name: "a".to_owned(), value: "b=c".to_owned() }));
    }
}
