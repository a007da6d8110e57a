//! Reading `provenance.yml`: unknown keys are refused, and every mistake is reported, not the first.

use super::{Contract, Field, FileValue, Form, Format, GitFact, Hashing, Kind, RunFact, Source};
use crate::document;
use serde_json::{Map, Value};
use std::str::FromStr;

/// The keys that name a source; each field has exactly one.
const SOURCES: [&str; 7] = ["git", "literal", "env", "file", "sha256", "clock", "run"];
const OPTIONS: [&str; 5] = ["type", "max_age_hours", "pointer", "format", "canonical"];
/// A contract with more fields than this is a mistake.
const MAX_FIELDS: usize = 200;

impl Contract {
    /// Reads a contract.
    ///
    /// # Errors
    /// Every mistake in it, each naming the field.
    pub fn parse(yaml: &str) -> Result<Self, Vec<String>> {
        let document: Value = document::read_yaml(yaml).map_err(|why| vec![format!("not YAML: {why}")])?;
        let Value::Object(top) = document else {
            return Err(vec!["must be a mapping with `version: 1` and `fields`".to_owned()]);
        };
        let mut mistakes: Vec<String> = top
            .keys()
            .filter(|key| !["version", "fields"].contains(&key.as_str()))
            .map(|key| format!("`{key}` is not a key here; `version` and `fields` are"))
            .collect();
        match top.get("version") {
            Some(version) if version == 1 => {}
            Some(version) => mistakes.push(format!("version {version} is not known; write `version: 1`")),
            None => mistakes.push("`version: 1` is missing".to_owned()),
        }
        let mut fields = Vec::new();
        match top.get("fields") {
            Some(Value::Object(declared)) if (1..=MAX_FIELDS).contains(&declared.len()) => {
                for (name, declaration) in declared {
                    let (field, wrong) = parse_field(name, declaration);
                    fields.extend(field);
                    mistakes.extend(wrong.into_iter().map(|mistake| format!("field `{name}`: {mistake}")));
                }
            }
            _ => mistakes.push(format!("`fields` must be a mapping of 1 to {MAX_FIELDS} fields")),
        }
        if mistakes.is_empty() { Ok(Self { fields }) } else { Err(mistakes) }
    }
}

/// The field as far as it could be read, and everything that is wrong with it.
fn parse_field(name: &str, declaration: &Value) -> (Option<Field>, Vec<String>) {
    let mut wrong = Vec::new();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
        wrong.push("a name has 1 to 64 letters, digits and _ . -".to_owned());
    }
    let Value::Object(keys) = declaration else {
        wrong.push("must be a mapping such as `{ git: sha }`".to_owned());
        return (None, wrong);
    };
    for key in keys.keys().filter(|key| ![&SOURCES[..], &OPTIONS[..]].concat().contains(&key.as_str())) {
        wrong.push(format!("`{key}` is no source ({}) and no option ({})", SOURCES.join(", "), OPTIONS.join(", ")));
    }
    let named: Vec<&str> = SOURCES.into_iter().filter(|source| keys.contains_key(*source)).collect();
    let source = match named.as_slice() {
        [one] => parse_source(one, keys).map_err(|mistake| wrong.push(mistake)).ok(),
        [] => {
            wrong.push(format!("has no source; name one of {}", SOURCES.join(", ")));
            None
        }
        several => {
            wrong.push(format!("has {} sources ({}); a field has one", several.len(), several.join(", ")));
            None
        }
    };
    wrong.extend(misplaced(keys, named.first().copied()));
    let kind = kind(keys, source.as_ref()).map_err(|mistake| wrong.push(mistake)).unwrap_or(Kind::Text);
    let max_age_hours = max_age(keys, kind).map_err(|mistake| wrong.push(mistake)).unwrap_or(None);
    (source.map(|source| Field { name: name.to_owned(), source, kind, max_age_hours }), wrong)
}

fn parse_source(source: &str, keys: &Map<String, Value>) -> Result<Source, String> {
    let value = &keys[source];
    let word = || value.as_str().filter(|word| !word.is_empty()).ok_or_else(|| format!("`{source}` must be a text"));
    match (source, value.as_str()) {
        ("git", Some("sha")) => Ok(Source::Git(GitFact::Sha)),
        ("git", Some("tree")) => Ok(Source::Git(GitFact::Tree)),
        ("git", Some("describe")) => Ok(Source::Git(GitFact::Describe)),
        ("git", _) => Err("`git` must be sha, tree or describe".to_owned()),
        ("run", Some("id")) => Ok(Source::Run(RunFact::Id)),
        ("run", Some("attempt")) => Ok(Source::Run(RunFact::Attempt)),
        ("run", Some("url")) => Ok(Source::Run(RunFact::Url)),
        ("run", _) => Err("`run` must be id, attempt or url".to_owned()),
        ("clock", Some("now")) => Ok(Source::Clock),
        ("clock", _) => Err("`clock` must be now".to_owned()),
        ("env", _) => Ok(Source::Env(word()?.to_owned())),
        ("file", _) => parse_file(word()?, keys).map(Source::File),
        ("sha256", _) => parse_hashing(value, keys).map(Source::Sha256),
        _ if value.is_object() || value.is_array() || value.is_null() => {
            Err("`literal` must be a text, a number, true or false".to_owned())
        }
        _ => Ok(Source::Literal(value.clone())),
    }
}

fn parse_file(path: &str, keys: &Map<String, Value>) -> Result<FileValue, String> {
    let path = inside(path)?;
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let format = match (keys.get("format"), extension) {
        (Some(format), _) => match format.as_str() {
            Some("json") => Format::Json,
            Some("yaml") => Format::Yaml,
            Some("toml") => Format::Toml,
            Some("text") => Format::Text,
            _ => return Err("`format` must be json, yaml, toml or text".to_owned()),
        },
        (None, "json") => Format::Json,
        (None, "yaml" | "yml") => Format::Yaml,
        (None, "toml") => Format::Toml,
        (None, _) => Format::Text,
    };
    let pointer = match keys.get("pointer") {
        None if format == Format::Text => "",
        None => return Err(format!("`pointer` is missing: which value of {path}? For example `pointer: /version`")),
        Some(_) if format == Format::Text => return Err("a text file has no `pointer`; set `format`".to_owned()),
        Some(pointer) => match pointer.as_str() {
            Some(pointer) if pointer.starts_with('/') => pointer,
            _ => return Err("`pointer` must start with /, as in `/herd/config_version`".to_owned()),
        },
    };
    Ok(FileValue { path, pointer: pointer.to_owned(), format })
}

fn parse_hashing(value: &Value, keys: &Map<String, Value>) -> Result<Hashing, String> {
    let paths: Vec<&str> = match value {
        Value::String(path) => vec![path],
        Value::Array(paths) => paths.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if paths.is_empty() || value.as_array().is_some_and(|all| all.len() != paths.len()) {
        return Err("`sha256` must be a path or glob, or a list of them".to_owned());
    }
    let patterns = paths.into_iter().map(inside).collect::<Result<Vec<_>, _>>()?;
    for pattern in &patterns {
        globset::Glob::from_str(pattern).map_err(|error| format!("`sha256`: {error}"))?;
    }
    let form = match keys.get("canonical").map(Value::as_str) {
        None => Form::Bytes,
        Some(Some("json")) => Form::CanonicalJson,
        Some(_) => return Err("`canonical` must be json".to_owned()),
    };
    let hashing = Hashing { patterns, form };
    if form == Form::CanonicalJson && hashing.single().is_none() {
        return Err("`canonical: json` needs one file, not several or a glob".to_owned());
    }
    Ok(hashing)
}

/// A path that cannot leave the contract's root, in one spelling.
fn inside(path: &str) -> Result<String, String> {
    let path = path.strip_prefix("./").unwrap_or(path);
    let climbs = path.split('/').any(|part| part == ".." || part.is_empty());
    if climbs || path.contains('\\') {
        return Err(format!("`{path}` must be a path below the contract's root, with / between folders"));
    }
    Ok(path.to_owned())
}

/// Options that say nothing about the field's source would be silently ignored, so they are refused.
fn misplaced(keys: &Map<String, Value>, source: Option<&str>) -> Vec<String> {
    let Some(source) = source else { return Vec::new() };
    [("pointer", "file"), ("format", "file"), ("canonical", "sha256")]
        .into_iter()
        .filter(|(option, owner)| keys.contains_key(*option) && source != *owner)
        .map(|(option, owner)| format!("`{option}` belongs to `{owner}`, not to `{source}`"))
        .collect()
}

/// The declared type, else the one the source implies.
fn kind(keys: &Map<String, Value>, source: Option<&Source>) -> Result<Kind, String> {
    let Some(declared) = keys.get("type") else {
        return Ok(match source {
            Some(Source::Git(GitFact::Sha | GitFact::Tree)) => Kind::GitObject,
            Some(Source::Sha256(_)) => Kind::Sha256,
            Some(Source::Clock) => Kind::Timestamp,
            Some(Source::Literal(Value::Number(_))) => Kind::Number,
            Some(Source::Literal(Value::Bool(_))) => Kind::Boolean,
            _ => Kind::Text,
        });
    };
    let known = Kind::ALL.into_iter().find(|kind| declared.as_str() == Some(kind.word()));
    known.ok_or_else(|| format!("`type` must be one of {}", Kind::ALL.map(Kind::word).join(", ")))
}

fn max_age(keys: &Map<String, Value>, kind: Kind) -> Result<Option<u32>, String> {
    let Some(hours) = keys.get("max_age_hours") else { return Ok(None) };
    if !kind.has_age() {
        return Err(format!("`max_age_hours` needs `type: timestamp` or `type: date`, not {}", kind.word()));
    }
    let hours = hours.as_u64().and_then(|hours| u32::try_from(hours).ok()).filter(|hours| *hours > 0);
    hours.map(Some).ok_or_else(|| "`max_age_hours` must be a whole number of hours above 0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_documented_contract_reads_as_documented() {
        let contract = Contract::parse(include_str!("../../tests/contract/provenance.yml")).unwrap();
        let names: Vec<_> = contract.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "git_sha",
                "logic_version",
                "config_version",
                "generated_at_utc",
                "boundary_hash",
                "herd_config_hash",
                "weather_fetched_at",
                "rap_as_of_date",
                "run_id"
            ]
        );
        assert_eq!(contract.fields[0].kind, Kind::GitObject);
        assert_eq!(contract.fields[3].kind, Kind::Timestamp);
        assert_eq!(contract.fields[6].max_age_hours, Some(48));
        let rules = FileValue { path: "rules.json".into(), pointer: "/logic_version".into(), format: Format::Json };
        assert_eq!(contract.fields[1].source, Source::File(rules));
    }

    #[test]
    fn every_mistake_is_told_in_one_go() {
        let mistakes = Contract::parse(
            "version: 2\nextra: 1\nfields:\n  'a b': {git: sha}\n  b: {git: head, typo: 1}\n  c: {}\n  d: {git: sha, run: id}\n  e: text\n",
        )
        .unwrap_err()
        .join("\n");
        for wanted in [
            "`extra` is not a key",
            "version 2 is not known",
            "field `a b`: a name has",
            "field `b`: `typo` is no source",
            "field `b`: `git` must be",
            "field `c`: has no source",
            "field `d`: has 2 sources (git, run)",
            "field `e`: must be a mapping",
        ] {
            assert!(mistakes.contains(wanted), "{wanted}:\n{mistakes}");
        }
    }

    #[test]
    fn each_wrong_field_says_what_would_be_right() {
        for (declaration, wanted) in [
            ("{run: number}", "id, attempt or url"),
            ("{clock: then}", "must be now"),
            ("{env: ''}", "`env` must be a text"),
            ("{literal: [1]}", "a text, a number"),
            ("{file: a.json}", "`pointer` is missing"),
            ("{file: a.json, pointer: x}", "must start with /"),
            ("{file: VERSION, pointer: /x}", "has no `pointer`"),
            ("{file: a, format: xml}", "json, yaml, toml or text"),
            ("{file: ../a}", "below the contract's root"),
            ("{file: /etc/passwd}", "below the contract's root"),
            ("{sha256: 'a/../../b'}", "below the contract's root"),
            ("{sha256: []}", "a path or glob"),
            ("{sha256: [a, 1]}", "a path or glob"),
            ("{sha256: 'a[', canonical: json}", "unclosed"),
            ("{sha256: '*.json', canonical: json}", "needs one file"),
            ("{sha256: a.json, canonical: yaml}", "`canonical` must be json"),
            ("{git: sha, pointer: /a}", "`pointer` belongs to `file`"),
            ("{env: A, type: float}", "`type` must be one of"),
            ("{env: A, max_age_hours: 4}", "needs `type: timestamp`"),
            ("{env: A, type: date, max_age_hours: 0}", "above 0"),
            ("{env: A, type: date, max_age_hours: -1}", "above 0"),
        ] {
            let yaml = format!("version: 1\nfields: {{x: {declaration}}}");
            let mistakes = Contract::parse(&yaml).unwrap_err();
            assert!(mistakes.len() == 1 && mistakes[0].contains(wanted), "{declaration}: {mistakes:?}");
        }
        assert!(
            Contract::parse("version: 1\nfields: {a: {git: sha}, a: {git: tree}}").unwrap_err()[0]
                .contains("duplicate")
        );
        assert!(Contract::parse("version: 1\nfields: {}").is_err());
        assert!(Contract::parse("").is_err());
    }

    proptest! {
        #[test]
        fn hostile_contracts_never_panic(text in "\\PC*", head in "(version: 1\nfields:\n  a: \\{)?") {
            let _ = Contract::parse(&format!("{head}{text}"));
        }
    }
}
