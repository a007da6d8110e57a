//! Reading `provenance.yml`: unknown keys are refused, and everything that is wrong is told, with its line.

use super::{Contract, Field, FileValue, Form, Format, GitFact, Hashing, Kind, RunFact, Source};
use document::{Fields, Json, Problem};
use serde_json::Value;
use std::str::FromStr;

/// The keys that name a source; each field has exactly one.
const SOURCES: [&str; 8] = ["git", "literal", "env", "file", "command", "sha256", "clock", "run"];
const OPTIONS: [&str; 6] = ["type", "max_age_hours", "pointer", "format", "canonical", "timeout_seconds"];
/// A contract with more fields than this is a mistake.
const MAX_FIELDS: usize = 200;

impl Contract {
    /// Reads a contract.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of its lines.
    pub fn parse(yaml: &str) -> Result<Self, Vec<Problem>> {
        document::read(yaml, |top| contract(&top.clone().only(&["version", "fields", "guards", "labels"])))
    }
}

fn contract(top: &Fields<'_>) -> Option<Contract> {
    top.version_one();
    top.demand("fields", "{ git_sha: { git: sha } }")?;
    let declared = top.child("fields")?;
    if !(1..=MAX_FIELDS).contains(&declared.keys().count()) {
        top.refuse("fields", format!("must be a mapping of 1 to {MAX_FIELDS} fields"));
        return None;
    }
    let fields = declared.keys().filter_map(|name| field(&declared, name)).collect();
    let mut contract = Contract { fields, guards: Vec::new(), labels: Vec::new() };
    contract.guards = super::guards::guards(top, &contract);
    contract.labels = super::labels::labels(top, &contract);
    Some(contract)
}

/// The field as far as it could be read; what is wrong with it is noted.
fn field(declared: &Fields<'_>, name: &str) -> Option<Field> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
        declared.refuse(name, "a name has 1 to 64 letters, digits and _ . -");
    }
    let keys = declared.child(name)?.only(&[&SOURCES[..], &OPTIONS[..]].concat());
    let named: Vec<&str> = SOURCES.into_iter().filter(|source| keys.has(source)).collect();
    let source = match named.as_slice() {
        [one] => source(one, &keys),
        [] => {
            keys.refuse_all(format!("has no source; name one of {}", SOURCES.join(", ")));
            None
        }
        several => {
            keys.refuse_all(format!("has {} sources ({}); a field has one", several.len(), several.join(", ")));
            None
        }
    };
    if let Some(owner) = named.first() {
        misplaced(&keys, owner);
    }
    let kind = kind(&keys, source.as_ref());
    let max_age_hours = max_age(&keys, kind.unwrap_or(Kind::Text));
    Some(Field { name: name.to_owned(), source: source?, kind: kind?, max_age_hours })
}

fn source(key: &str, keys: &Fields<'_>) -> Option<Source> {
    let value = keys.get(key)?;
    let refused = |text: &str| {
        keys.refuse(key, text);
        None
    };
    let word = || match value {
        Json::Text(word) if !word.is_empty() => Some(word.as_str()),
        _ => {
            keys.refuse(key, "must be a text");
            None
        }
    };
    let text = if let Json::Text(text) = value { Some(text.as_str()) } else { None };
    match (key, text) {
        ("git", Some("sha")) => Some(Source::Git(GitFact::Sha)),
        ("git", Some("tree")) => Some(Source::Git(GitFact::Tree)),
        ("git", Some("describe")) => Some(Source::Git(GitFact::Describe)),
        ("git", _) => refused("must be sha, tree or describe"),
        ("run", Some("id")) => Some(Source::Run(RunFact::Id)),
        ("run", Some("attempt")) => Some(Source::Run(RunFact::Attempt)),
        ("run", Some("url")) => Some(Source::Run(RunFact::Url)),
        ("run", _) => refused("must be id, attempt or url"),
        ("clock", Some("now")) => Some(Source::Clock),
        ("clock", _) => refused("must be now"),
        ("env", _) => Some(Source::Env(word()?.to_owned())),
        ("file", _) => file(word()?, keys).map(Source::File),
        ("command", _) => super::command::command(value, keys).map(Source::Command),
        ("sha256", _) => hashing(value, keys).map(Source::Sha256),
        _ if matches!(value, Json::Map(_) | Json::List(_) | Json::Null) => {
            refused("must be a text, a number, true or false")
        }
        _ => Some(Source::Literal(value.to_value())),
    }
}

fn file(path: &str, keys: &Fields<'_>) -> Option<FileValue> {
    let path = inside(path).map_err(|problem| keys.refuse("file", problem)).ok()?;
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let usual = match extension {
        "json" => Format::Json,
        "yaml" | "yml" => Format::Yaml,
        "toml" => Format::Toml,
        _ => Format::Text,
    };
    let (format, pointer) = reading(keys, &path, usual)?;
    Some(FileValue { path, pointer, format })
}

/// How `what` is read, and where in it the value is.
pub(super) fn reading(keys: &Fields<'_>, what: &str, usual: Format) -> Option<(Format, String)> {
    let format = match keys.has("format") {
        false => usual,
        true => match keys.text("format")?.as_str() {
            "json" => Format::Json,
            "yaml" => Format::Yaml,
            "toml" => Format::Toml,
            "text" => Format::Text,
            _ => {
                keys.refuse("format", "must be json, yaml, toml or text");
                return None;
            }
        },
    };
    let pointer = match (keys.has("pointer"), format) {
        (false, Format::Text) => String::new(),
        (true, Format::Text) => {
            keys.refuse("pointer", "a text has none; set `format`");
            return None;
        }
        (false, _) => {
            keys.refuse_all(format!("`pointer` is missing: which value of {what}? For example `pointer: /version`"));
            return None;
        }
        (true, _) => keys.text("pointer")?,
    };
    if format != Format::Text && !pointer.starts_with('/') {
        keys.refuse("pointer", "must start with /, as in `/herd/config_version`");
        return None;
    }
    Some((format, pointer))
}

fn hashing(value: &Json, keys: &Fields<'_>) -> Option<Hashing> {
    let patterns = patterns(value).map_err(|problem| keys.refuse("sha256", problem)).ok()?;
    let form = match keys.has("canonical") {
        false => Form::Bytes,
        true if keys.text("canonical")? == "json" => Form::CanonicalJson,
        true => {
            keys.refuse("canonical", "must be json");
            return None;
        }
    };
    let hashing = Hashing { patterns, form };
    if form == Form::CanonicalJson && hashing.single().is_none() {
        keys.refuse("canonical", "json needs one file, not several or a glob");
        return None;
    }
    Some(hashing)
}

/// Paths or globs that stay below the contract's root.
pub(super) fn patterns(value: &Json) -> Result<Vec<String>, String> {
    let one = |value: &Json| match value {
        Json::Text(path) => {
            let path = inside(path)?;
            globset::Glob::from_str(&path).map_err(|error| error.to_string())?;
            Ok(path)
        }
        _ => Err("must be a path or glob, or a list of them".to_owned()),
    };
    match value {
        Json::List(paths) if !paths.is_empty() => paths.iter().map(one).collect(),
        single => Ok(vec![one(single)?]),
    }
}

/// A path that cannot leave the contract's root, in one spelling.
pub(super) fn inside(path: &str) -> Result<String, String> {
    let path = path.strip_prefix("./").unwrap_or(path);
    let climbs = path.split('/').any(|part| part == ".." || part.is_empty());
    if climbs || path.contains('\\') {
        return Err(format!("`{path}` must be a path below the contract's root, with / between folders"));
    }
    Ok(path.to_owned())
}

/// Options that say nothing about the field's source would be silently ignored, so they are refused.
fn misplaced(keys: &Fields<'_>, source: &str) {
    let owners: [(&str, &[&str]); 4] = [
        ("pointer", &["file", "command"]),
        ("format", &["file", "command"]),
        ("canonical", &["sha256"]),
        ("timeout_seconds", &["command"]),
    ];
    for (option, owners) in owners {
        if keys.has(option) && !owners.contains(&source) {
            keys.refuse(option, format!("belongs to `{}`, not to `{source}`", owners.join("` and `")));
        }
    }
}

/// The declared type, else the one the source implies.
fn kind(keys: &Fields<'_>, source: Option<&Source>) -> Option<Kind> {
    if !keys.has("type") {
        return Some(match source {
            Some(Source::Git(GitFact::Sha | GitFact::Tree)) => Kind::GitObject,
            Some(Source::Sha256(_)) => Kind::Sha256,
            Some(Source::Clock) => Kind::Timestamp,
            Some(Source::Literal(Value::Number(_))) => Kind::Number,
            Some(Source::Literal(Value::Bool(_))) => Kind::Boolean,
            _ => Kind::Text,
        });
    }
    let declared = keys.text("type")?;
    let known = Kind::ALL.into_iter().find(|kind| declared == kind.word());
    if known.is_none() {
        keys.refuse("type", format!("must be one of {}", Kind::ALL.map(Kind::word).join(", ")));
    }
    known
}

fn max_age(keys: &Fields<'_>, kind: Kind) -> Option<u32> {
    if keys.has("max_age_hours") && !kind.has_age() {
        let text = format!("needs `type: timestamp` or `type: date`, not {}", kind.word());
        keys.refuse("max_age_hours", text);
        return None;
    }
    keys.whole("max_age_hours", 1..=u64::from(u32::MAX)).and_then(|hours| u32::try_from(hours).ok())
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
        let told = Contract::parse(
            "version: 2\nextra: 1\nfields:\n  'a b': {git: sha}\n  b: {git: head, typo: 1}\n  c: {}\n  d: {git: sha, run: id}\n  e: text\n",
        )
        .unwrap_err();
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        for wanted in [
            "line 2: extra: unknown key; known are version, fields, guards, labels",
            "line 1: version: only version 1 is known",
            "line 4: fields.a b: a name has",
            "line 5: fields.b.typo: unknown key; did you mean `type`?",
            "line 5: fields.b.git: must be sha, tree or describe",
            "line 6: fields.c: has no source",
            "line 7: fields.d: has 2 sources (git, run)",
            "line 8: fields.e: expected a mapping of keys, found a text",
        ] {
            assert!(told.iter().any(|told| told.starts_with(wanted)), "{wanted}:\n{told:#?}");
        }
    }

    #[test]
    fn each_wrong_field_says_what_would_be_right() {
        for (declaration, wanted) in [
            ("{run: number}", "id, attempt or url"),
            ("{clock: then}", "must be now"),
            ("{env: ''}", "env: must be a text"),
            ("{literal: [1]}", "a text, a number"),
            ("{file: a.json}", "`pointer` is missing"),
            ("{file: a.json, pointer: x}", "must start with /"),
            ("{file: VERSION, pointer: /x}", "pointer: a text has none"),
            ("{file: a, format: xml}", "json, yaml, toml or text"),
            ("{file: ../a}", "below the contract's root"),
            ("{file: /etc/passwd}", "below the contract's root"),
            ("{sha256: 'a/../../b'}", "below the contract's root"),
            ("{sha256: []}", "a path or glob"),
            ("{sha256: [a, 1]}", "a path or glob"),
            ("{sha256: 'a[', canonical: json}", "unclosed"),
            ("{sha256: '*.json', canonical: json}", "json needs one file"),
            ("{sha256: a.json, canonical: yaml}", "canonical: must be json"),
            ("{git: sha, pointer: /a}", "pointer: belongs to `file`"),
            ("{env: A, type: float}", "type: must be one of"),
            ("{env: A, max_age_hours: 4}", "needs `type: timestamp`"),
            ("{env: A, type: date, max_age_hours: 0}", "`0` is not a whole number from 1 to 4294967295"),
            ("{env: A, type: date, max_age_hours: -1}", "`-1` is not a whole number"),
        ] {
            let yaml = format!("version: 1\nfields: {{x: {declaration}}}");
            let told = Contract::parse(&yaml).unwrap_err();
            let told: Vec<String> = told.iter().map(ToString::to_string).collect();
            assert!(told.len() == 1 && told[0].contains(wanted), "{declaration}: {told:?}");
        }
        assert!(
            Contract::parse("version: 1\nfields: {a: {git: sha}, a: {git: tree}}").unwrap_err()[0]
                .text
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
