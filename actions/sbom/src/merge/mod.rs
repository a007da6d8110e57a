//! Several CycloneDX documents, ours or others', as one. Pure, and the order of the documents does not matter.
//!
//! Works on the JSON itself, so that members nobody here knows survive. Components with the same purl become one that has
//! what any of them states; bom-refs that mean different things in different documents get a suffix derived from what they
//! mean, and every reference follows. What is said about completeness is kept as it was said.

mod join;
mod metadata;
mod order;
mod references;

use order::{canonical, digest, sorted, union};
use references::Renaming;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// More documents at once are refused.
pub const MOST: usize = 1000;

/// Members that are built anew; all other lists are joined and all other values kept.
const BUILT: [&str; 9] = [
    "bomFormat",
    "specVersion",
    "serialNumber",
    "version",
    "metadata",
    "components",
    "dependencies",
    "signature",
    "$schema",
];

/// One document to be merged.
#[derive(Debug, Clone)]
pub struct Source {
    /// What it is called in messages.
    pub name: String,
    /// The document.
    pub document: Value,
}

/// What the merged document is about.
#[derive(Debug, Clone)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// The time it states instead of the newest of its parts.
    pub timestamp: Option<String>,
}

/// One document of several.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The document, its members sorted.
    pub document: Value,
    /// How many components stood in more than one place and are one now.
    pub joined: usize,
    /// What a person should know: signatures that no longer hold, contradictions.
    pub remarks: BTreeSet<String>,
}

/// Documents that cannot be merged.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// Something else than CycloneDX 1.4 to 1.7.
    #[error("{name} is {found}; CycloneDX 1.4 to 1.7 in JSON can be merged")]
    NotCycloneDx {
        /// Which one.
        name: String,
        /// What it is.
        found: String,
    },
    /// A document whose references mean several things at once.
    #[error("the reference `{reference}` means several things in one document")]
    Ambiguous {
        /// Which reference.
        reference: String,
    },
    /// Nothing to merge.
    #[error("there is no document to merge")]
    Nothing,
}

/// Merges documents. One alone, and the same one several times, stays what it is about.
///
/// # Errors
/// [`MergeError`].
pub fn merge(sources: Vec<Source>, named: &Named) -> Result<Merged, MergeError> {
    let mut remarks = BTreeSet::new();
    let mut documents = Vec::new();
    let mut newest = "1.6";
    for source in sources {
        newest = newest.max(version(&source)?);
        let Value::Object(mut document) = sorted(source.document) else { continue };
        if document.remove("signature").is_some() {
            remarks.insert(format!(
                "{}: its signature was left out, because it does not hold for the merged document",
                source.name
            ));
        }
        document.remove("$schema");
        documents.push(document);
    }
    documents.sort_by_cached_key(canonical);
    documents.dedup();
    if documents.is_empty() {
        return Err(MergeError::Nothing);
    }
    let several = documents.len() > 1;
    documents.iter_mut().for_each(references::complete);
    let renaming = Renaming::of(&documents, several);
    let documents: Vec<_> =
        documents.iter().enumerate().map(|(index, document)| renaming.rename(index, document)).collect();
    let root = root(&documents, named, several);
    let (components, joined) = components(&documents, several, &mut remarks);
    let mut merged = Map::new();
    merged.insert("bomFormat".to_owned(), json!("CycloneDX"));
    merged.insert("specVersion".to_owned(), json!(newest));
    merged.insert("version".to_owned(), json!(1));
    merged.insert(
        "metadata".to_owned(),
        Value::Object(metadata::merge(&documents, root.as_ref(), named.timestamp.as_deref())),
    );
    merged.insert("components".to_owned(), Value::Array(components));
    for (key, value) in the_rest(&documents) {
        merged.insert(key, value);
    }
    merged.insert("dependencies".to_owned(), dependencies(&documents, root.as_ref(), several));
    if let Some(reference) = references::twice(&merged) {
        return Err(MergeError::Ambiguous { reference });
    }
    Ok(Merged { document: with_serial_number(merged), joined, remarks })
}

fn version(source: &Source) -> Result<&'static str, MergeError> {
    let text = |key: &str| source.document.get(key).and_then(Value::as_str);
    let known = ["1.4", "1.5", "1.6", "1.7"];
    let found = match (text("bomFormat"), text("specVersion")) {
        (Some("CycloneDX"), Some(version)) => match known.iter().find(|known| **known == version) {
            Some(version) => return Ok(version),
            None => format!("CycloneDX {}", version.chars().take(20).collect::<String>()),
        },
        _ => "no CycloneDX document".to_owned(),
    };
    Err(MergeError::NotCycloneDx { name: source.name.clone(), found })
}

/// What the merged document is about: the only document's own subject, or a new thing that holds all subjects.
fn root(documents: &[Map<String, Value>], named: &Named, several: bool) -> Option<Value> {
    if !several {
        return documents.first().and_then(|document| document.get("metadata")?.get("component").cloned());
    }
    let mut root = json!({"bom-ref": format!("merged:{}", named.name), "name": named.name, "type": "application"});
    if let (Some(version), Some(root)) = (&named.version, root.as_object_mut()) {
        root.insert("version".to_owned(), json!(version));
    }
    Some(sorted(root))
}

/// Every component once, and how many were there more than once.
fn components(documents: &[Map<String, Value>], several: bool, remarks: &mut BTreeSet<String>) -> (Vec<Value>, usize) {
    let mut by_reference: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for document in documents {
        for component in references::top_level(document, several) {
            let reference = references::reference(component).unwrap_or_default().to_owned();
            by_reference.entry(reference).or_default().push(component.clone());
        }
    }
    let mut joined = 0;
    let mut components = Vec::new();
    for (_, mut same) in by_reference {
        same.sort_by_cached_key(canonical);
        same.dedup();
        joined += same.len() - 1;
        components.extend(join::join(same, remarks));
    }
    (components, joined)
}

fn dependencies(documents: &[Map<String, Value>], root: Option<&Value>, several: bool) -> Value {
    let mut edges: BTreeMap<String, BTreeMap<&str, BTreeSet<String>>> = BTreeMap::new();
    let texts = |entry: &Value, key: &str| -> Vec<String> {
        let list = entry.get(key).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    for document in documents {
        for entry in document.get("dependencies").and_then(Value::as_array).into_iter().flatten() {
            let Some(from) = entry.get("ref").and_then(Value::as_str) else { continue };
            let known = edges.entry(from.to_owned()).or_default();
            for key in ["dependsOn", "provides"] {
                let others = texts(entry, key).into_iter().filter(|to| to != from);
                if entry.get(key).is_some() {
                    known.entry(key).or_default().extend(others);
                }
            }
        }
    }
    if let (true, Some(root)) = (several, root.and_then(references::reference)) {
        let subjects = documents.iter().flat_map(references::subjects);
        edges.entry(root.to_owned()).or_default().entry("dependsOn").or_default().extend(subjects);
    }
    let entry = |(from, lists): (String, BTreeMap<&str, BTreeSet<String>>)| {
        let mut entry = Map::new();
        entry.insert("ref".to_owned(), json!(from));
        lists.into_iter().for_each(|(key, list)| drop(entry.insert(key.to_owned(), json!(list))));
        Value::Object(entry)
    };
    Value::Array(edges.into_iter().map(entry).collect())
}

/// All other members: lists joined, of other values the first in the order of the documents.
fn the_rest(documents: &[Map<String, Value>]) -> BTreeMap<String, Value> {
    let mut rest = BTreeMap::new();
    for (key, value) in documents.iter().flatten().filter(|(key, _)| !BUILT.contains(&key.as_str())) {
        match (rest.get_mut(key), value) {
            (None, Value::Array(items)) => drop(rest.insert(key.clone(), Value::Array(union(&[items])))),
            (None, value) => drop(rest.insert(key.clone(), value.clone())),
            (Some(Value::Array(known)), Value::Array(items)) => *known = union(&[known, items]),
            (Some(Value::Object(known)), Value::Object(items)) => join::fill(known, items),
            (Some(_), _) => {}
        }
    }
    rest
}

/// The serial number comes from all the rest but the time, as in every document of ours.
fn with_serial_number(mut merged: Map<String, Value>) -> Value {
    let metadata = merged.get_mut("metadata").and_then(Value::as_object_mut);
    let timestamp = metadata.and_then(|metadata| metadata.remove("timestamp"));
    let serial = crate::cyclonedx::serial_number(canonical(&merged).as_bytes());
    if let (Some(timestamp), Some(Value::Object(metadata))) = (timestamp, merged.get_mut("metadata")) {
        metadata.insert("timestamp".to_owned(), timestamp);
        *metadata = std::mem::take(metadata).into_iter().collect::<BTreeMap<_, _>>().into_iter().collect();
    }
    let mut document = Map::new();
    for (key, value) in merged {
        let before_version = key == "version";
        if before_version {
            document.insert("serialNumber".to_owned(), json!(serial));
        }
        document.insert(key, value);
    }
    Value::Object(document)
}

/// A short name for what something means.
fn short(meaning: &str) -> String {
    digest(meaning).chars().take(12).collect()
}

#[cfg(test)]
mod tests;
