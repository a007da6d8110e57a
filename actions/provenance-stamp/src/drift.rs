//! The logic-drift guard: files that a version speaks for do not change unless the version is raised, and it is not raised for
//! nothing. Compared with what was stamped for the image that is in production now. Pure.
//!
//! A service can be healthy and decide differently than yesterday; whoever reads `logic_version` in an answer must be able to
//! rely on it.

use crate::{
    contract::{Contract, Kind},
    decide::Manifest,
    facts::HashedFile,
    finding::{Code, Finding},
};
use attest::predicate::release_manifest::{InputFile, ReleaseManifest};
use serde_json::Value;
use std::{cmp::Ordering, collections::HashMap};

/// What a guard found when a release was stamped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guarded {
    /// The guard's name.
    pub name: String,
    /// The value of its version field.
    pub version: String,
    /// Its files, by path; of the file that holds the version everything but the version.
    pub files: Vec<HashedFile>,
}

/// How one guard compares with production.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The guard's name.
    pub name: String,
    /// The version in production, and the one that is stamped.
    pub versions: (String, String),
    /// The files that differ, each with how: `rules.json (changed)`.
    pub files: Vec<String>,
}

/// Most files that a finding names.
const MOST_NAMED: usize = 20;

/// Compares a release with the one in production, guard by guard; a guard that production does not know yet is not in the
/// first list and not in the second.
#[must_use]
pub fn compare(contract: &Contract, release: &Manifest, production: &ReleaseManifest) -> (Vec<Compared>, Vec<Finding>) {
    let mut compared = Vec::new();
    let mut findings = Vec::new();
    for guard in &contract.guards {
        let Some(now) = release.guards.iter().find(|guarded| guarded.name == guard.name) else { continue };
        let Some(then) = production.guards.iter().find(|known| known.name == guard.name) else { continue };
        let files = differences(&then.files, &now.files);
        let kind = contract.fields.iter().find(|field| field.name == guard.version).map(|field| field.kind);
        let order = order(kind, &then.version, &now.version);
        findings.extend(judge(&guard.version, (&then.version, &now.version), order, &files));
        let versions = (then.version.clone(), now.version.clone());
        compared.push(Compared { name: guard.name.clone(), versions, files });
    }
    (compared, findings)
}

fn judge(field: &str, (then, now): (&str, &str), order: Option<Ordering>, files: &[String]) -> Option<Finding> {
    let named = || {
        let more = files.len().saturating_sub(MOST_NAMED);
        let shown: Vec<&str> = files.iter().take(MOST_NAMED).map(String::as_str).collect();
        format!("{}{}", shown.join(", "), if more == 0 { String::new() } else { format!(" and {more} more") })
    };
    let text = match (order, files.is_empty()) {
        (Some(Ordering::Equal), true) | (Some(Ordering::Greater), false) => return None,
        (Some(Ordering::Equal), false) => {
            format!("is {now} as in production, but what it speaks for is not the same: {}", named())
        }
        (Some(Ordering::Greater), true) => {
            format!("was raised from {then} to {now}, but nothing that it speaks for has changed")
        }
        (Some(Ordering::Less), _) => format!("goes back from {then} in production to {now}"),
        (None, _) => format!("is {now}, which cannot be told to be above or below {then} in production"),
    };
    Some(Finding::new(field, Code::Drift, text))
}

/// Semantic versions by their precedence; other values are only the same, or other ones and then taken for newer.
fn order(kind: Option<Kind>, then: &str, now: &str) -> Option<Ordering> {
    if kind == Some(Kind::Semver) {
        let parse = |text: &str| semver::Version::parse(text).ok();
        return Some(parse(now)?.cmp_precedence(&parse(then)?));
    }
    Some(if then == now { Ordering::Equal } else { Ordering::Greater })
}

fn differences(then: &[InputFile], now: &[HashedFile]) -> Vec<String> {
    let then: HashMap<&str, _> = then.iter().map(|file| (file.name.as_str(), file.digest.sha256)).collect();
    let now: HashMap<&str, _> = now.iter().map(|file| (file.path.as_str(), file.digest)).collect();
    let changed = now.iter().filter_map(|(path, digest)| match then.get(path) {
        Some(known) if known == digest => None,
        Some(_) => Some(format!("{path} (changed)")),
        None => Some(format!("{path} (new)")),
    });
    let gone = then.keys().filter(|path| !now.contains_key(*path)).map(|path| format!("{path} (gone)"));
    let mut differences: Vec<String> = changed.chain(gone).collect();
    differences.sort();
    differences
}

/// A document without the value at a pointer: what a version file says besides its version.
#[must_use]
pub fn without(mut document: Value, pointer: &str) -> Value {
    if let Some((parent, name)) = pointer.rsplit_once('/')
        && let Some(Value::Object(members)) = document.pointer_mut(parent)
    {
        members.remove(&name.replace("~1", "/").replace("~0", "~"));
    }
    document
}

#[cfg(test)]
#[path = "drift_tests.rs"]
mod tests;
