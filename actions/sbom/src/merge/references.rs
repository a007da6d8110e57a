//! References: completed where they are missing, renamed where they mean different things, followed everywhere.

use super::{canonical, short};
use crate::purl::PackageUrl;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

type Document = Map<String, Value>;

/// Members whose text, or whose texts, are references.
const FOLLOWED: [&str; 10] = [
    "bom-ref",
    "ref",
    "dependsOn",
    "provides",
    "assemblies",
    "dependencies",
    "vulnerabilities",
    "subjects",
    "tools",
    "claims",
];

/// The component's own reference.
pub(super) fn reference(component: &Value) -> Option<&str> {
    component.get("bom-ref").and_then(Value::as_str)
}

/// The components that are not inside others; what a document is about is one of them when several are merged.
pub(super) fn top_level(document: &Document, several: bool) -> impl Iterator<Item = &Value> {
    let subject = document.get("metadata").and_then(|metadata| metadata.get("component")).filter(|_| several);
    document.get("components").and_then(Value::as_array).into_iter().flatten().chain(subject)
}

/// What a document is about, or, where it does not say, its components that nothing else needs.
pub(super) fn subjects(document: &Document) -> Vec<String> {
    let subject = document.get("metadata").and_then(|metadata| metadata.get("component")).and_then(reference);
    if let Some(subject) = subject {
        return vec![subject.to_owned()];
    }
    let entries = || document.get("dependencies").and_then(Value::as_array).into_iter().flatten();
    let lists = entries().filter_map(|entry| entry.get("dependsOn").and_then(Value::as_array));
    let needed: BTreeSet<&str> = lists.flatten().filter_map(Value::as_str).collect();
    let all = top_level(document, false).filter_map(reference);
    all.filter(|reference| !needed.contains(reference)).map(str::to_owned).collect()
}

/// Gives a reference to every component that has none: its purl, or a name derived from its content.
pub(super) fn complete(document: &mut Document) {
    let mut taken = BTreeSet::new();
    each_object(document, &mut |object, _| {
        taken.extend(object.get("bom-ref").and_then(Value::as_str).map(str::to_owned))
    });
    let mut give = |component: &mut Value| {
        if reference(component).is_some() {
            return;
        }
        let content = format!("component:{}", short(&canonical(component)));
        let purl = component.get("purl").and_then(Value::as_str).map(str::to_owned);
        let chosen = purl.filter(|purl| !taken.contains(purl)).unwrap_or(content);
        taken.insert(chosen.clone());
        if let Some(members) = component.as_object_mut() {
            members.insert("bom-ref".to_owned(), json!(chosen));
            *members = std::mem::take(members).into_iter().collect::<BTreeMap<_, _>>().into_iter().collect();
        }
    };
    for component in document.get_mut("components").and_then(Value::as_array_mut).into_iter().flatten() {
        give(component);
    }
    if let Some(component) = document.get_mut("metadata").and_then(|metadata| metadata.get_mut("component")) {
        give(component);
    }
}

/// Every reference's new name, by document.
pub(super) struct Renaming(Vec<BTreeMap<String, String>>);

impl Renaming {
    pub(super) fn of(documents: &[Document], several: bool) -> Self {
        // What each reference means, in each document: the component it stands for, or the very content that carries it.
        let meanings: Vec<BTreeMap<String, String>> =
            documents.iter().map(|document| meanings(document, several)).collect();
        let mut names: BTreeMap<&str, &str> = BTreeMap::new();
        for (reference, meaning) in meanings.iter().flatten() {
            let name = names.entry(meaning).or_insert(reference);
            *name = (*name).min(reference);
        }
        let mut owners: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (meaning, name) in &names {
            owners.entry(name).or_default().insert(meaning);
        }
        let rename = |meaning: &str| {
            let name = names.get(meaning).copied().unwrap_or_default();
            let alone = owners.get(name).is_some_and(|owners| owners.len() == 1);
            if alone { name.to_owned() } else { format!("{name}#{}", short(meaning)) }
        };
        let of_document = |meanings: &BTreeMap<String, String>| {
            meanings.iter().map(|(reference, meaning)| (reference.clone(), rename(meaning))).collect()
        };
        Self(meanings.iter().map(of_document).collect())
    }

    /// A document with all its references renamed.
    pub(super) fn rename(&self, index: usize, document: &Document) -> Document {
        let none = BTreeMap::new();
        let names = self.0.get(index).unwrap_or(&none);
        document.iter().map(|(key, value)| (key.clone(), renamed(value, key, names))).collect()
    }
}

fn renamed(value: &Value, key: &str, names: &BTreeMap<String, String>) -> Value {
    let followed = FOLLOWED.contains(&key);
    match value {
        Value::Object(members) => {
            Value::Object(members.iter().map(|(key, value)| (key.clone(), renamed(value, key, names))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| renamed(item, key, names)).collect()),
        Value::String(text) if followed => names.get(text).map_or_else(|| value.clone(), |name| json!(name)),
        value => value.clone(),
    }
}

fn meanings(document: &Document, several: bool) -> BTreeMap<String, String> {
    let mut meanings = BTreeMap::new();
    let subject = document.get("metadata").and_then(|metadata| metadata.get("component")).filter(|_| !several);
    for component in top_level(document, several) {
        if let Some(reference) = reference(component) {
            meanings.entry(reference.to_owned()).or_insert_with(|| meaning(component));
        }
    }
    // A document's only subject is never joined with a part of it that has the same purl.
    if let Some(reference) = subject.and_then(reference) {
        meanings.entry(reference.to_owned()).or_insert_with(|| format!("subject {reference}"));
    }
    each_object(document, &mut |object, text| {
        if let Some(reference) = object.get("bom-ref").and_then(Value::as_str) {
            meanings.entry(reference.to_owned()).or_insert_with(text);
        }
    });
    meanings
}

/// A component with a purl is that package; one without is its content.
fn meaning(component: &Value) -> String {
    let purl = component.get("purl").and_then(Value::as_str);
    match purl.map(|purl| (purl, purl.parse::<PackageUrl<'static>>())) {
        Some((_, Ok(purl))) => purl.to_string(),
        Some((purl, Err(_))) => purl.to_owned(),
        None => canonical(component),
    }
}

/// Calls back for every object of the document, with its text on demand.
fn each_object(document: &Document, see: &mut impl FnMut(&Map<String, Value>, &dyn Fn() -> String)) {
    let mut open: Vec<&Value> = document.values().collect();
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                see(members, &|| canonical(members));
                open.extend(members.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
}

/// A reference that two objects have.
pub(super) fn twice(document: &Document) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut twice = None;
    each_object(document, &mut |object, _| {
        let reference = object.get("bom-ref").and_then(Value::as_str);
        if let Some(reference) = reference.filter(|reference| !seen.insert((*reference).to_owned())) {
            twice = Some(reference.to_owned());
        }
    });
    twice
}
