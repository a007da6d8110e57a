//! One order for everything, so that equal content is equal bytes.

use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use subject::Digest;

/// The same value with the members of every object in the order of their names.
pub(super) fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<String, Value> =
                members.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(members.into_iter().collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        value => value,
    }
}

/// The text of a value whose members are sorted.
pub(super) fn canonical(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The items of all lists, each once, sorted.
pub(super) fn union(lists: &[&Vec<Value>]) -> Vec<Value> {
    let items: BTreeMap<String, &Value> = lists.iter().copied().flatten().map(|item| (canonical(item), item)).collect();
    items.into_values().cloned().collect()
}

/// Hexadecimal digits of the SHA-256 of a text.
pub(super) fn digest(text: &str) -> String {
    Digest::of(text.as_bytes()).hex()
}
