//! `${name}` in values of the file: one file serves staging and production.
//!
//! Values come from the action's `parameters` input and from the file's own defaults, never from a shell or the
//! environment, and are put into single values after the YAML has been read: a value cannot add a key or a guardrail.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

/// One `name=value` of the `parameters` input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// A letter, then letters, digits, `_` or `-`.
    pub name: String,
    /// Anything on one line.
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

/// All parameters of a run, and which of them the file has asked for.
#[derive(Debug, Default)]
pub(crate) struct Parameters {
    given: BTreeMap<String, String>,
    defaults: BTreeMap<String, String>,
    used: RefCell<BTreeSet<String>>,
}

impl Parameters {
    pub(crate) fn new(given: &[Parameter]) -> Self {
        let given = given.iter().map(|p| (p.name.clone(), p.value.clone())).collect();
        Self { given, ..Self::default() }
    }

    /// A value from the file, for when the run gives none.
    pub(crate) fn set_default(&mut self, name: &str, value: String) {
        self.defaults.insert(name.to_owned(), value);
    }

    /// What the run gave and the file never asked for.
    pub(crate) fn unused(&self) -> Vec<String> {
        self.given.keys().filter(|name| !self.used.borrow().contains(*name)).cloned().collect()
    }

    /// `text` with every `${name}` replaced; `$$` is a dollar sign.
    pub(crate) fn fill(&self, text: &str) -> Result<String, String> {
        self.fill_with(text, |_, value| Ok(value.to_owned()))
    }

    /// Like [`Self::fill`] inside a query language: a value that could end a string or a matcher there is refused.
    pub(crate) fn fill_query(&self, text: &str) -> Result<String, String> {
        self.fill_with(text, |name, value| match value.contains(['"', '\'', '`', '\\', '{', '}']) {
            true => Err(format!("parameter `{name}` stands in a query and may not have quotes, braces or backslashes")),
            false => Ok(value.to_owned()),
        })
    }

    fn fill_with(&self, text: &str, put: impl Fn(&str, &str) -> Result<String, String>) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            filled.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            if let Some(after) = after.strip_prefix('$') {
                filled.push('$');
                rest = after;
            } else if let Some(inner) = after.strip_prefix('{') {
                let (name, after) = inner.split_once('}').ok_or_else(|| format!("`{text}`: `${{` is never closed"))?;
                filled.push_str(&put(name, self.value(name)?)?);
                rest = after;
            } else {
                filled.push('$');
                rest = after;
            }
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn value(&self, name: &str) -> Result<&str, String> {
        self.used.borrow_mut().insert(name.to_owned());
        let found = self.given.get(name).or_else(|| self.defaults.get(name));
        found.map(String::as_str).ok_or_else(|| {
            let known = self.given.keys().chain(self.defaults.keys()).map(String::as_str);
            match super::section::nearest(name, known) {
                Some(near) => format!("no parameter `{name}` was given; did you mean `{near}`?"),
                None => format!("no parameter `{name}` was given; add `{name}=…` to the input `parameters`"),
            }
        })
    }
}

/// Whether `name` can name a parameter.
pub(crate) fn is_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    name.len() <= 64 && name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic()) && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters() -> Parameters {
        let mut parameters = Parameters::new(&["lb=app/x/1".parse().unwrap(), "quote=a\"b".parse().unwrap()]);
        parameters.set_default("lb", "never used".into());
        parameters.set_default("watch", "5m".into());
        parameters
    }

    #[test]
    fn names_are_replaced_and_the_run_wins_over_the_file() {
        let parameters = parameters();
        for (text, filled) in [
            ("${lb}", "app/x/1"),
            ("a-${lb}-${watch}", "a-app/x/1-5m"),
            ("job=~\"a.*$\"", "job=~\"a.*$\""),
            ("$${lb}", "${lb}"),
            ("plain", "plain"),
        ] {
            assert_eq!(parameters.fill(text).as_deref(), Ok(filled));
        }
        assert_eq!(parameters.unused(), ["quote"]);
    }

    #[test]
    fn a_missing_name_an_open_brace_and_a_quote_in_a_query_are_refused() {
        let parameters = parameters();
        assert!(parameters.fill("${wacth}").unwrap_err().contains("did you mean `watch`"));
        assert!(parameters.fill("${lb").unwrap_err().contains("never closed"));
        assert_eq!(parameters.fill("${quote}").as_deref(), Ok("a\"b"));
        assert!(parameters.fill_query("up{job=\"${quote}\"}").unwrap_err().contains("may not have quotes"));
    }

    #[test]
    fn a_malformed_parameter_is_refused() {
        for bad in ["novalue", "=x", "1a=x", "a b=x", "a=x\u{7}y"] {
            assert!(bad.parse::<Parameter>().is_err(), "{bad:?}");
        }
        assert_eq!("a = b=c ".parse(), Ok(Parameter { name: "a".into(), value: "b=c".into() }));
    }
}
