//! Judging the statements on an image: which are believed, whether the ones a release needs are there, whether they agree.

use crate::{
    contract::{Contract, GitFact, Source},
    decide::{Expected, check_document},
    facts::Facts,
    finding::{Code, Finding},
    slsa,
};
use attest::predicate::{RELEASE_MANIFEST, SLSA_PROVENANCE};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use subject::Digest;

/// A statement found on the image, as verification left it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The referrer that carries it.
    pub referrer: Digest,
    /// The claim, or why it is not believed.
    pub claim: Result<Claim, Disbelief>,
}

/// A believed claim about the image.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// What kind of claim it is.
    pub predicate_type: String,
    /// The claim.
    pub predicate: Value,
    /// The key that signed it.
    pub key_id: String,
}

/// Why a statement is not believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disbelief {
    /// A stable word, as [`attest::Reason::code`] has it.
    pub code: String,
    /// The reason in words.
    pub reason: String,
}

/// What the evidence comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
    /// The fields of the newest believed manifest, which a live response must agree with.
    pub signed: Option<Expected>,
}

/// Judges what was found on the image: a release needs a believed manifest that keeps the contract and a believed
/// provenance of the same commit.
#[must_use]
pub fn judge(contract: &Contract, seen: &[Seen], expected: &[Expected], facts: &Facts) -> Judgement {
    let manifest = newest_manifest(contract, seen);
    let provenances: Vec<&Value> = believed(seen, SLSA_PROVENANCE).map(|(_, predicate)| predicate).collect();
    let mut findings = Vec::new();
    match manifest {
        Some(fields) => {
            findings.extend(check_document(contract, &Value::Object(fields.clone()), expected, facts));
            findings.extend(commits_agree(contract, fields, &provenances));
        }
        None => findings.push(lacking("release-manifest", seen)),
    }
    if provenances.is_empty() {
        findings.push(lacking("provenance", seen));
    }
    if manifest.is_none() || provenances.is_empty() {
        findings.extend(seen.iter().filter_map(disbelieved));
    }
    let signed = manifest.map(|fields| Expected { place: "the image's signed manifest", fields: fields.clone() });
    Judgement { findings, signed }
}

fn believed<'a>(seen: &'a [Seen], wanted: &'a str) -> impl Iterator<Item = (Digest, &'a Value)> {
    seen.iter().filter_map(move |seen| {
        let claim = seen.claim.as_ref().ok().filter(|claim| claim.predicate_type == wanted)?;
        Some((seen.referrer, &claim.predicate))
    })
}

/// An image may have been stamped more than once: the last stamp counts.
fn newest_manifest<'a>(contract: &Contract, seen: &'a [Seen]) -> Option<&'a Map<String, Value>> {
    let clock = contract.fields.iter().find(|field| field.source == Source::Clock);
    let moment =
        |fields: &Map<String, Value>| -> Option<Timestamp> { fields.get(&clock?.name)?.as_str()?.parse().ok() };
    believed(seen, RELEASE_MANIFEST)
        .filter_map(|(_, predicate)| predicate["fields"].as_object())
        .max_by_key(|fields| moment(fields))
}

fn lacking(what: &str, seen: &[Seen]) -> Finding {
    let text = match seen.iter().filter(|seen| seen.claim.is_ok()).count() {
        _ if seen.is_empty() => "is not attached: the image carries no statement at all".to_owned(),
        0 => "is not attached: the image carries statements, but none that is believed".to_owned(),
        others => format!("is not attached: the image carries {others} believed statements of other kinds"),
    };
    Finding::new(what, Code::Unavailable, text)
}

fn disbelieved(seen: &Seen) -> Option<Finding> {
    let why = seen.claim.as_ref().err()?;
    let field = format!("statement {}", seen.referrer.short());
    Some(Finding::new(&field, Code::Signature, format!("is not believed: {} ({})", why.reason, why.code)))
}

/// Manifest and provenance speak of one commit.
fn commits_agree(contract: &Contract, fields: &Map<String, Value>, provenances: &[&Value]) -> Option<Finding> {
    let field = contract.fields.iter().find(|field| field.source == Source::Git(GitFact::Sha))?;
    let stamped = fields.get(&field.name)?.as_str()?;
    let built: Vec<&str> = provenances.iter().filter_map(|predicate| slsa::built_commit(predicate)).collect();
    if built.is_empty() || built.contains(&stamped) {
        return None;
    }
    let text = format!("is {stamped} in the manifest, but the provenance is of commit {}", built.join(", "));
    Some(Finding::new(&field.name, Code::Mismatch, text))
}

#[cfg(test)]
mod tests;
