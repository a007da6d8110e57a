//! `package.json`, as far as it tells of packages. Anybody may write one, so what is odd in it is passed over.

use super::borrowed::{Object, Text};
use crate::{graph::Licence, licence};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

/// Names and ranges in the order of the file.
pub(super) type Ranges<'a> = Vec<(Text<'a>, Text<'a>)>;

/// One `package.json`.
#[derive(Debug, Default)]
pub(super) struct Manifest<'a> {
    /// `name`, if it is text.
    pub(super) name: Option<Text<'a>>,
    /// `version`, if it is text.
    pub(super) version: Option<Text<'a>>,
    /// `license`, or the older `licenses`.
    pub(super) licences: BTreeSet<Licence>,
    /// `dependencies` without those that are optional too.
    pub(super) dependencies: Ranges<'a>,
    /// `devDependencies`.
    pub(super) development: Ranges<'a>,
    /// `optionalDependencies`.
    pub(super) optional: Ranges<'a>,
    /// `peerDependencies`.
    pub(super) peers: Ranges<'a>,
    /// `resolutions`: yarn's overrides.
    pub(super) resolutions: Ranges<'a>,
    /// The globs of `workspaces`.
    pub(super) workspaces: Vec<Text<'a>>,
}

impl<'a> Manifest<'a> {
    /// Reads one; `None` for what is no JSON object in UTF-8.
    pub(super) fn of_bytes(bytes: &'a [u8]) -> Option<Self> {
        crate::ecosystem::text(bytes).ok().and_then(Self::parse)
    }

    /// Reads one; `None` for what is no JSON object.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut manifest = Self::default();
        for (key, raw) in fields(text)?.0 {
            manifest.take(&key, raw);
        }
        // npm and yarn let the optional one win (npm docs, "optionalDependencies").
        let Self { dependencies, optional, .. } = &mut manifest;
        dependencies.retain(|(name, _)| !optional.iter().any(|(other, _)| other == name));
        Some(manifest)
    }

    /// The name without a package's range, for messages and bom-refs.
    pub(super) fn title(&self) -> Option<&str> {
        self.name.as_deref().filter(|name| !name.is_empty())
    }

    fn take(&mut self, key: &str, raw: &'a RawValue) {
        let raw = raw.get();
        match key {
            "name" => self.name = text(raw),
            "version" => self.version = text(raw),
            "license" | "licenses" => self.licences.extend(licences(raw)),
            "dependencies" => self.dependencies = ranges(raw),
            "devDependencies" => self.development = ranges(raw),
            "optionalDependencies" => self.optional = ranges(raw),
            "peerDependencies" => self.peers = ranges(raw),
            "resolutions" => self.resolutions = ranges(raw),
            "workspaces" => self.workspaces = globs(raw),
            _ => {}
        }
    }
}

fn text(raw: &str) -> Option<Text<'_>> {
    serde_json::from_str(raw).ok()
}

/// The names and texts of an object; nothing else.
fn ranges(raw: &str) -> Ranges<'_> {
    let fields = fields(raw).unwrap_or_default();
    fields.0.into_iter().filter_map(|(name, raw)| Some((name, text(raw.get())?))).collect()
}

fn fields(raw: &str) -> Option<Object<'_, &RawValue>> {
    serde_json::from_str(raw).ok()
}

/// `["packages/*"]` or `{"packages": ["packages/*"]}`.
fn globs(raw: &str) -> Vec<Text<'_>> {
    let list = |raw| serde_json::from_str::<Vec<Text<'_>>>(raw).ok();
    let within = || fields(raw)?.iter().find(|(key, _)| &**key == "packages").and_then(|(_, raw)| list(raw.get()));
    list(raw).or_else(within).unwrap_or_default()
}

/// `"MIT"`, `{"type": "MIT"}`, or a list of these (npm docs, "license").
pub(super) fn licences(raw: &str) -> BTreeSet<Licence> {
    let of_one = |raw: &str| {
        let word = text(raw).or_else(|| {
            let kind = fields(raw)?.iter().find(|(key, _)| &**key == "type")?.1;
            text(kind.get())
        });
        word.and_then(|word| licence::normalise(&word))
    };
    let list = if raw.starts_with('[') { serde_json::from_str::<Vec<&RawValue>>(raw).ok() } else { None };
    match list {
        Some(list) => {
            // Several expressions in a list have no agreed meaning together; single licences do.
            let found: BTreeSet<_> = list.iter().filter_map(|raw| of_one(raw.get())).collect();
            if found.len() > 1 && found.iter().any(|one| matches!(one, Licence::Expression(_))) {
                return BTreeSet::new();
            }
            found
        }
        None => of_one(raw).into_iter().collect(),
    }
}

/// Whether a text is JSON at all: a cut `package.json` is told from an odd one.
pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_odd_is_passed_over_and_the_last_of_two_fields_counts() {
        let manifest = Manifest::parse(
            r#"{"name":"a\u0062","version":1,"dependencies":[],"devDependencies":{"x":"^1","y":2},
               "optionalDependencies":{"o":"1"},"workspaces":{"packages":["p/*"]},"dependencies":{"d":"~1","o":"1"}}"#,
        )
        .unwrap();
        assert_eq!(manifest.title(), Some("ab"));
        assert!(manifest.version.is_none());
        let names = |ranges: &Ranges<'_>| ranges.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>();
        assert_eq!(names(&manifest.dependencies), ["d"]);
        assert_eq!(names(&manifest.development), ["x"]);
        assert_eq!(manifest.workspaces[0].to_string(), "p/*");
        assert!(Manifest::parse("[]").is_none());
        assert!(Manifest::parse(r#"{"name":"a""#).is_none());
    }

    #[test]
    fn a_licence_may_be_stated_in_four_ways() {
        let mit = BTreeSet::from([Licence::Id("MIT".into())]);
        for text in [r#""MIT""#, r#"{"type":"MIT","url":"x"}"#, r#"["MIT"]"#, r#"[{"type":"MIT"}]"#] {
            assert_eq!(licences(text), mit, "{text}");
        }
        assert_eq!(licences(r#"["MIT","BSD-2-Clause"]"#).len(), 2);
        assert_eq!(licences("7"), BTreeSet::new());
    }
}
