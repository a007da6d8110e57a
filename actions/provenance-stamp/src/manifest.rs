//! The release-manifest predicate: the run manifest's fields, with the files, times and commit behind them.
//!
//! Schema: `docs/predicates/release-manifest-v0.1.json`.

use crate::{
    contract::{Contract, Source},
    decide::Manifest,
    facts::{HashedFile, Run},
};
use serde_json::{Map, Value, json};
use subject::Digest;

/// A field with more files than this is told by its digest alone: the list would outgrow the statement.
const MAX_LISTED_FILES: usize = 1000;

/// The predicate of a stamped release; `contract_digest` is of the contract file's bytes.
#[must_use]
pub fn predicate(contract: &Contract, contract_digest: Digest, manifest: &Manifest, run: &Run) -> Value {
    let mut predicate = json!({
        "fields": manifest.fields,
        "manifest": digest_set(Digest::of(&manifest.to_bytes())),
        "contract": digest_set(contract_digest),
        "inputs": inputs(contract, manifest),
        "sources": sources(contract, manifest),
    });
    if !manifest.guards.is_empty() {
        let guards = manifest
            .guards
            .iter()
            .map(|guard| json!({"name": guard.name, "version": guard.version, "files": listed(&guard.files)}));
        predicate["guards"] = guards.collect();
    }
    if let Some(commit) = &manifest.commit {
        predicate["source"] =
            json!({"gitCommit": commit.sha, "gitTree": commit.tree, "modified": !commit.modified.is_empty()});
    }
    let run: Map<String, Value> = [("id", &run.id), ("attempt", &run.attempt), ("url", &run.url)]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), Value::String(value.clone()?))))
        .collect();
    if !run.is_empty() {
        predicate["run"] = Value::Object(run);
    }
    predicate
}

/// Every hashed input with the files that went into it.
fn inputs(contract: &Contract, manifest: &Manifest) -> Vec<Value> {
    let hashed = contract.fields.iter().filter(|field| matches!(field.source, Source::Sha256(_)));
    hashed
        .map(|field| {
            let hex = manifest.text(&field.name).trim_start_matches("sha256:");
            let mut input = json!({"name": field.name, "digest": {"sha256": hex}});
            let files = manifest.inputs.get(&field.name).map(Vec::as_slice).unwrap_or_default();
            if files.len() <= MAX_LISTED_FILES {
                input["files"] = listed(files);
            }
            input
        })
        .collect()
}

/// Every dated source with the age the contract allows it.
fn sources(contract: &Contract, manifest: &Manifest) -> Vec<Value> {
    let dated = contract.fields.iter().filter(|field| field.kind.has_age() && field.source != Source::Clock);
    dated
        .map(|field| {
            let mut source = json!({"name": field.name, "asOf": manifest.text(&field.name)});
            if let Some(hours) = field.max_age_hours {
                source["maxAgeHours"] = hours.into();
            }
            source
        })
        .collect()
}

fn listed(files: &[HashedFile]) -> Value {
    files.iter().map(|file| json!({"name": file.path, "digest": {"sha256": file.digest.hex()}})).collect()
}

fn digest_set(digest: Digest) -> Value {
    json!({"digest": {"sha256": digest.hex()}})
}
