//! Judging: facts and contract to a manifest, or to every way in which the contract is broken.

use crate::{
    contract::{Contract, Field, Format, GitFact, Hashing, RunFact, Source},
    drift::Guarded,
    facts::{Commit, Facts, HashedFile, Trouble},
    finding::{Code, Finding},
    format,
    value::{check, shown},
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use subject::Digest;

/// A contract fulfilled: what the release tells about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Every field of the contract in its order.
    pub fields: Map<String, Value>,
    /// The files behind each hash, by field.
    pub inputs: BTreeMap<String, Vec<HashedFile>>,
    /// What each guard found.
    pub guards: Vec<Guarded>,
    /// The commit, where a field asked for one.
    pub commit: Option<Commit>,
    /// Whether the time of an earlier stamp of the same release was kept.
    pub kept: bool,
}

impl Manifest {
    /// The manifest as a file: JSON in the contract's order, one field per line; the same release always gives the same bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        format!("{:#}\n", Value::Object(self.fields.clone())).into_bytes()
    }

    /// A field as text, empty where it is none.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }
}

/// Fulfils the contract with the facts.
///
/// When a manifest is already there and differs in nothing but the moment of stamping, that moment is kept: a release is
/// generated once, however often it is stamped.
///
/// # Errors
/// Every finding, when there is any.
pub fn evaluate(contract: &Contract, facts: &Facts) -> Result<Manifest, Vec<Finding>> {
    let mut fields = Map::new();
    let mut findings = Vec::new();
    for field in &contract.fields {
        match value_of(field, facts) {
            Ok(value) => {
                findings.extend(check(field, &value, facts.now));
                fields.insert(field.name.clone(), value);
            }
            Err((code, text)) => findings.push(Finding::new(&field.name, code, text)),
        }
    }
    let asks_git = contract.fields.iter().find(|field| matches!(field.source, Source::Git(_)));
    let commit = asks_git.and_then(|_| facts.git.clone().ok());
    if let (Some(field), Some(commit), Some(run_sha)) = (asks_git, &commit, &facts.run_sha)
        && commit.sha != *run_sha
    {
        let text = format!("is of commit {}, but this run is for {run_sha} (GITHUB_SHA)", commit.sha);
        findings.push(Finding::new(&field.name, Code::Mismatch, text));
    }
    let guards = guards(contract, &fields, facts, &mut findings);
    if !findings.is_empty() {
        return Err(findings);
    }
    let kept = facts.existing.as_ref().is_some_and(|existing| keep_time(contract, &mut fields, existing, facts));
    let inputs = facts.hashes.iter().filter_map(|(name, files)| Some((name.clone(), files.clone().ok()?))).collect();
    Ok(Manifest { fields, inputs, guards, commit, kept })
}

/// What each guard stands for in this release; a guard without files guards nothing, which is a finding.
fn guards(
    contract: &Contract,
    fields: &Map<String, Value>,
    facts: &Facts,
    findings: &mut Vec<Finding>,
) -> Vec<Guarded> {
    let mut guards = Vec::new();
    for guard in &contract.guards {
        let Some(version) = fields.get(&guard.version) else { continue };
        match facts.guarded.get(&guard.name) {
            Some(Ok(files)) if !files.is_empty() => {
                let version = version.as_str().map_or_else(|| version.to_string(), str::to_owned);
                guards.push(Guarded { name: guard.name.clone(), version, files: files.clone() });
            }
            Some(Ok(_)) => {
                let text = format!("has a guard, but no file matches {}", guard.patterns.join(", "));
                findings.push(Finding::new(&guard.version, Code::Missing, text));
            }
            Some(Err(trouble)) => {
                let (code, text) = explain(trouble);
                findings.push(Finding::new(&guard.version, code, format!("has a guard whose files {text}")));
            }
            None => {}
        }
    }
    guards
}

/// Takes the moment of stamping from an earlier manifest of the same release. Whether it did.
fn keep_time(
    contract: &Contract,
    fields: &mut Map<String, Value>,
    earlier: &Map<String, Value>,
    facts: &Facts,
) -> bool {
    let (clock, rest): (Vec<&Field>, Vec<&Field>) =
        contract.fields.iter().partition(|field| field.source == Source::Clock);
    let same = earlier.len() == contract.fields.len()
        && rest.iter().all(|field| earlier.get(&field.name) == fields.get(&field.name))
        && clock.iter().all(|field| earlier.get(&field.name).is_some_and(|v| check(field, v, facts.now).is_none()));
    if !same {
        return false;
    }
    for field in clock {
        fields.insert(field.name.clone(), earlier[&field.name].clone());
    }
    true
}

/// The field's value, or why there is none.
fn value_of(field: &Field, facts: &Facts) -> Result<Value, (Code, String)> {
    let unavailable = |why: &String| (Code::Unavailable, format!("cannot be told: {why}"));
    let missing = |why: String| (Code::Missing, why);
    match &field.source {
        Source::Literal(value) => Ok(value.clone()),
        Source::Env(name) => match facts.env.get(name) {
            Some(value) => Ok(Value::String(value.clone())),
            None => Err(missing(format!("is missing: environment variable {name} is not set"))),
        },
        Source::Clock => facts.generated_at.as_ref().map(|at| at.to_string().into()).map_err(unavailable),
        Source::Git(fact) => {
            let commit = facts.git.as_ref().map_err(unavailable)?;
            Ok(match fact {
                GitFact::Sha => commit.sha.clone(),
                GitFact::Tree => commit.tree.clone(),
                GitFact::Describe => commit.describe.clone(),
            }
            .into())
        }
        Source::Run(fact) => {
            let (value, variable) = match fact {
                RunFact::Id => (&facts.run.id, "GITHUB_RUN_ID"),
                RunFact::Attempt => (&facts.run.attempt, "GITHUB_RUN_ATTEMPT"),
                RunFact::Url => (&facts.run.url, "GITHUB_SERVER_URL, GITHUB_REPOSITORY or GITHUB_RUN_ID"),
            };
            let outside =
                || (Code::Unavailable, format!("cannot be told: not in a workflow run, {variable} is not set"));
            value.clone().map(Value::String).ok_or_else(outside)
        }
        Source::File(file) => match facts.files.get(&file.path) {
            Some(Ok(bytes)) => found(bytes, (file.format, &file.pointer), &file.path),
            Some(Err(trouble)) => Err(explain(trouble)),
            None => Err((Code::Unavailable, format!("cannot be told: {} was not read", file.path))),
        },
        Source::Command(command) => match facts.printed.get(&command.program) {
            Some(Ok(bytes)) => {
                found(bytes, (command.format, &command.pointer), &format!("what `{}` prints", command.program.name))
            }
            Some(Err(trouble)) => Err(explain(trouble)),
            None => Err((Code::Unavailable, format!("cannot be told: `{}` was not run", command.program.name))),
        },
        Source::Sha256(hashing) => hash_value(field, hashing, facts).map(|digest| digest.to_string().into()),
    }
}

/// The value at a pointer into a document that was read from `place`.
fn found(bytes: &[u8], (format, pointer): (Format, &str), place: &str) -> Result<Value, (Code, String)> {
    let document =
        format::read(bytes, format).map_err(|why| (Code::Type, format!("cannot be read from {place}: {why}")))?;
    let missing = || (Code::Missing, format!("is missing: {place} has nothing at {pointer}"));
    document.pointer(pointer).cloned().ok_or_else(missing)
}

/// The digest of one named file, or of the list of files as `sha256sum` prints it, sorted by path.
fn hash_value(field: &Field, hashing: &Hashing, facts: &Facts) -> Result<Digest, (Code, String)> {
    let files = match facts.hashes.get(&field.name) {
        Some(Ok(files)) => files,
        Some(Err(trouble)) => return Err(explain(trouble)),
        None => return Err((Code::Unavailable, "cannot be told: its files were not read".to_owned())),
    };
    match (hashing.single(), files.as_slice()) {
        (_, []) => Err((Code::Missing, format!("is missing: no file matches {}", hashing.patterns.join(", ")))),
        (Some(_), [file]) => Ok(file.digest),
        (_, files) => {
            let lines: String = files.iter().map(|file| format!("{}  {}\n", file.digest.hex(), file.path)).collect();
            Ok(Digest::of(lines.as_bytes()))
        }
    }
}

fn explain(trouble: &Trouble) -> (Code, String) {
    match trouble {
        Trouble::Absent(what) => (Code::Missing, format!("is missing: {what}")),
        Trouble::Broken(why) => (Code::Type, format!("cannot be told: {why}")),
        Trouble::Unreadable(why) => (Code::Unavailable, format!("cannot be told: {why}")),
    }
}

/// A place where a document's values must be found again, and the values there.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// What the place is, for findings: `the image's signed manifest`.
    pub place: &'static str,
    /// The values it has, by field.
    pub fields: Map<String, Value>,
}

/// Checks a document (a manifest, a response, the fields of a signed statement) against the contract, and against the
/// values it must agree with.
///
/// The moment of stamping is not compared: a response says when it was made.
#[must_use]
pub fn check_document(contract: &Contract, document: &Value, expected: &[Expected], facts: &Facts) -> Vec<Finding> {
    let Some(document) = document.as_object() else {
        return vec![Finding::new("document", Code::Type, format!("is {}, not an object", shown(document)))];
    };
    contract.fields.iter().flat_map(|field| check_field(field, document.get(&field.name), expected, facts)).collect()
}

/// Checks one value of a document.
pub(crate) fn check_field(field: &Field, value: Option<&Value>, expected: &[Expected], facts: &Facts) -> Vec<Finding> {
    let Some(value) = value else {
        return vec![Finding::new(&field.name, Code::Missing, "is missing")];
    };
    if let Some(finding) = check(field, value, facts.now) {
        return vec![finding];
    }
    if field.source == Source::Clock {
        return Vec::new();
    }
    let differs = |expected: &Expected| {
        let there = expected.fields.get(&field.name).filter(|there| *there != value)?;
        let text = format!("is {}, but {} has {}", shown(value), expected.place, shown(there));
        Some(Finding::new(&field.name, Code::Mismatch, text))
    };
    expected.iter().filter_map(differs).collect()
}

/// What the workspace says of the fields that come from files and from the contract itself; what cannot be read there is
/// a finding, for then the document cannot be compared.
#[must_use]
pub fn workspace_values(contract: &Contract, facts: &Facts) -> (Expected, Vec<Finding>) {
    let mut fields = Map::new();
    let mut findings = Vec::new();
    for field in &contract.fields {
        if !matches!(field.source, Source::File(_) | Source::Sha256(_) | Source::Literal(_)) {
            continue;
        }
        match value_of(field, facts) {
            Ok(value) => {
                fields.insert(field.name.clone(), value);
            }
            Err((_, text)) => {
                let text = format!("cannot be compared with the workspace: it {text}");
                findings.push(Finding::new(&field.name, Code::Unavailable, text));
            }
        }
    }
    (Expected { place: "the workspace", fields }, findings)
}

#[cfg(test)]
pub(crate) mod tests;
