//! Components that are one.

use super::order::{canonical, union};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Lists of a component whose order says nothing.
const SETS: [&str; 8] =
    ["hashes", "externalReferences", "properties", "authors", "tags", "components", "occurrences", "swhid"];

/// One component of several that are the same package, sorted; `None` of none.
pub(super) fn join(same: Vec<Value>, remarks: &mut BTreeSet<String>) -> Option<Value> {
    let mut members = same.into_iter().filter_map(|component| match component {
        Value::Object(members) => Some(members),
        _ => None,
    });
    let mut joined = members.next()?;
    tidy(&mut joined);
    for other in members {
        let name = joined.get("bom-ref").and_then(Value::as_str).unwrap_or_default().to_owned();
        if contradict(&joined, &other) {
            remarks.insert(format!("`{name}` has different checksums of one kind in different documents"));
        }
        let scope = strongest(&joined, &other);
        let licences = licences(&joined, &other);
        fill(&mut joined, &other);
        match scope {
            Some(scope) => drop(joined.insert("scope".to_owned(), json!(scope))),
            None => drop(joined.remove("scope")),
        }
        if let Some((licences, left_out)) = licences {
            joined.insert("licenses".to_owned(), licences);
            if let Some(left_out) = left_out {
                remarks.insert(format!("`{name}`: documents state different licences; `{left_out}` was left out"));
            }
        }
        tidy(&mut joined);
    }
    let joined: BTreeMap<String, Value> = joined.into_iter().collect();
    Some(Value::Object(joined.into_iter().collect()))
}

/// Puts what `other` has and `known` has not into it: lists joined, objects filled, other values kept.
pub(super) fn fill(known: &mut Map<String, Value>, other: &Map<String, Value>) {
    for (key, value) in other {
        match (known.get_mut(key), value) {
            (None, value) => drop(known.insert(key.clone(), value.clone())),
            (Some(Value::Array(known)), Value::Array(items)) => *known = union(&[known, items]),
            (Some(Value::Object(known)), Value::Object(members)) => fill(known, members),
            (Some(_), _) => {}
        }
    }
}

/// Sorts the lists that are sets, so that one component alone looks as it would after being joined.
fn tidy(members: &mut Map<String, Value>) {
    for (key, value) in members.iter_mut() {
        match value {
            Value::Array(items) if SETS.contains(&key.as_str()) => *items = union(&[items]),
            Value::Object(inner) if key == "evidence" => tidy(inner),
            _ => {}
        }
    }
}

/// What one document needs, the product needs; no scope means required.
fn strongest(one: &Map<String, Value>, other: &Map<String, Value>) -> Option<String> {
    let weight = |members: &Map<String, Value>| match members.get("scope").and_then(Value::as_str) {
        None => 3,
        Some("required") => 2,
        Some("optional") => 1,
        Some(_) => 0,
    };
    let stronger = if weight(one) >= weight(other) { one } else { other };
    stronger.get("scope").and_then(Value::as_str).map(str::to_owned)
}

/// Single licences add up; an expression stands alone (CycloneDX up to 1.6), so the first of several is kept.
fn licences(one: &Map<String, Value>, other: &Map<String, Value>) -> Option<(Value, Option<String>)> {
    let list =
        |members: &Map<String, Value>| members.get("licenses").and_then(Value::as_array).cloned().unwrap_or_default();
    let (a, b) = (list(one), list(other));
    let single = |item: &Value| item.get("license").is_some();
    if a.is_empty() && b.is_empty() {
        return None;
    }
    if a.iter().chain(&b).all(single) || a.is_empty() || b.is_empty() || union(&[&a]) == union(&[&b]) {
        let all = if a.iter().all(single) && b.iter().all(single) {
            union(&[&a, &b])
        } else if a.is_empty() {
            b
        } else {
            a
        };
        return Some((Value::Array(all), None));
    }
    let words = |items: &[Value]| {
        let text = |item: &Value| {
            let licence = item.get("license").unwrap_or(item);
            ["expression", "id", "name"]
                .iter()
                .find_map(|key| licence.get(*key)?.as_str())
                .unwrap_or_default()
                .to_owned()
        };
        items.iter().map(text).collect::<Vec<_>>().join(", ")
    };
    let left_out = words(&b);
    Some((Value::Array(a), Some(left_out)))
}

/// Different digests of one algorithm.
fn contradict(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    let hashes = |members: &Map<String, Value>| -> BTreeMap<String, BTreeSet<String>> {
        let mut hashes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for hash in members.get("hashes").and_then(Value::as_array).into_iter().flatten() {
            let algorithm = hash.get("alg").map(canonical).unwrap_or_default();
            hashes
                .entry(algorithm)
                .or_default()
                .insert(hash.get("content").map(canonical).unwrap_or_default().to_lowercase());
        }
        hashes
    };
    let (one, other) = (hashes(one), hashes(other));
    one.iter().any(|(algorithm, digests)| other.get(algorithm).is_some_and(|others| others.is_disjoint(digests)))
}
