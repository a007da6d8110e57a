//! `${name}` in values of `canary.yml`: one file serves staging and production.
//!
//! Values come from the action's `parameters` input and from the file's own defaults, never from a shell or the
//! environment, and are put into single values after the YAML has been read: a value cannot add a key or a check.

use super::{
    Fields, Json, Reader,
    locate::{Step, show},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

/// One `name=value` of the `parameters` input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// A letter, then letters, digits, `_` or `-`.
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
            return Err(format!("`{name}` is not a parameter's name: a letter, then letters, digits, _ or -"));
        }
        if value.chars().any(char::is_control) || value.len() > 1024 {
            return Err(format!("the value of `{name}` has control characters or is longer than 1024 bytes"));
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// The parameters of a run.
#[derive(Debug)]
pub(crate) struct Parameters {
    values: BTreeMap<String, String>,
    given: BTreeSet<String>,
}

impl Parameters {
    /// Those given to the run over the defaults of the file's `parameters` section, which is read here.
    pub(crate) fn new(given: &[Parameter], reader: &Reader<'_>, root: &Json) -> Self {
        let mut values = BTreeMap::new();
        if let Some(defaults) = Fields::open(reader, &[], root).and_then(|root| root.child("parameters")) {
            for key in defaults.keys() {
                if is_name(key) {
                    values.extend(defaults.text(key).map(|value| (key.to_owned(), value)));
                } else {
                    defaults.refuse(key, "is not a parameter's name: a letter, then letters, digits, _ or -");
                }
            }
        }
        values.extend(given.iter().map(|parameter| (parameter.name.clone(), parameter.value.clone())));
        Self { values, given: given.iter().map(|parameter| parameter.name.clone()).collect() }
    }

    /// Fills every text of the document and refuses unknown names; the given parameters that nothing asks for.
    pub(crate) fn fill(&self, reader: &Reader<'_>, root: &mut Json) -> Vec<String> {
        let mut unused = self.given.clone();
        self.walk(reader, root, &mut Vec::new(), &mut unused);
        unused.into_iter().collect()
    }

    fn walk(&self, reader: &Reader<'_>, value: &mut Json, path: &mut Vec<Step>, unused: &mut BTreeSet<String>) {
        match value {
            Json::Text(text) if text.contains("${") => match self.filled(text, unused) {
                Ok(filled) => *text = filled,
                Err(problem) => reader.refuse(path, problem),
            },
            Json::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    path.push(Step::Index(index));
                    self.walk(reader, item, path, unused);
                    path.pop();
                }
            }
            Json::Map(members) => {
                for (key, member) in members {
                    path.push(Step::Key(key.clone()));
                    if show(path) != "parameters" {
                        self.walk(reader, member, path, unused);
                    }
                    path.pop();
                }
            }
            _ => {}
        }
    }

    /// `text` with each `${name}` replaced; `$${` stands for `${`.
    fn filled(&self, text: &str, unused: &mut BTreeSet<String>) -> Result<String, String> {
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
            let Some(value) = self.values.get(name) else {
                return Err(format!("no parameter `{name}` is given; give `{name}=…` in `parameters`"));
            };
            unused.remove(name);
            filled.push_str(&rest[..at]);
            filled.push_str(value);
            rest = &rest[at + 3 + name.len()..];
        }
        Ok(filled + rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::parse_yaml;

    fn fill(text: &str, given: &[&str]) -> (String, Vec<String>) {
        let given: Vec<Parameter> = given.iter().map(|text| text.parse().unwrap()).collect();
        let reader = Reader::yaml(text);
        let mut root = parse_yaml(text).unwrap();
        let unused = Parameters::new(&given, &reader, &root).fill(&reader, &mut root);
        let unused = unused.into_iter().map(|name| format!("unused: {name}"));
        let problems = reader.into_problems().iter().map(ToString::to_string).chain(unused).collect();
        (root.get("a").unwrap().to_string(), problems)
    }

    #[test]
    fn the_run_overrides_the_file_and_a_value_stays_one_value() {
        let text = "parameters: {line: '1.4', who: me}\na: ['cases-${line}.jsonl', '${who}${who}', '$${line}']\n";
        assert_eq!(fill(text, &[]).0, r#"["cases-1.4.jsonl","meme","${line}"]"#);
        assert_eq!(fill(text, &["line=1.5"]).0, r#"["cases-1.5.jsonl","meme","${line}"]"#);
        assert_eq!(fill(text, &["who=x: [y]"]).0, r#"["cases-1.4.jsonl","x: [y]x: [y]","${line}"]"#);
    }

    #[test]
    fn an_unknown_name_is_refused_and_an_unused_one_is_told() {
        let (_, problems) = fill("b: 1\na: '${nope}'\n", &["other=1"]);
        assert_eq!(
            problems,
            ["line 2: a: no parameter `nope` is given; give `nope=…` in `parameters`", "unused: other",]
        );
        assert_eq!(fill("a: '${open'", &[]).1, ["line 1: a: `${` without its `}`"]);
    }

    #[test]
    fn a_parameter_is_a_name_and_one_line() {
        for bad in ["x", "1x=2", "a b=1", "=1", "a=1\n2"] {
            assert!(bad.parse::<Parameter>().is_err(), "{bad}");
        }
        assert_eq!("a = b=c ".parse(), Ok(Parameter { name: "a".to_owned(), value: "b=c".to_owned() }));
    }
}
