//! About the merged document.

use super::order::{canonical, sorted, union};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Who made the parts, with what, when; and what they are about together.
pub(super) fn merge(
    documents: &[Map<String, Value>],
    root: Option<&Value>,
    timestamp: Option<&str>,
) -> Map<String, Value> {
    let all: Vec<&Map<String, Value>> =
        documents.iter().filter_map(|document| document.get("metadata").and_then(Value::as_object)).collect();
    let mut merged: BTreeMap<String, Value> = BTreeMap::new();
    for key in ["authors", "lifecycles", "properties"] {
        let lists: Vec<_> = all.iter().filter_map(|metadata| metadata.get(key).and_then(Value::as_array)).collect();
        let list = union(&lists);
        if !list.is_empty() {
            merged.insert(key.to_owned(), Value::Array(list));
        }
    }
    // Said of one part it need not be true of the whole.
    for key in ["manufacture", "manufacturer", "supplier", "licenses", "distributionConstraints"] {
        let said: Vec<Option<&Value>> = all.iter().map(|metadata| metadata.get(key)).collect();
        if let Some(Some(value)) =
            said.first().filter(|first| said.len() == documents.len() && said.iter().all(|v| v == *first))
        {
            merged.insert(key.to_owned(), (*value).clone());
        }
    }
    let newest =
        all.iter().filter_map(|metadata| metadata.get("timestamp").and_then(Value::as_str)).max_by_key(|text| {
            let at = text.parse::<jiff::Timestamp>().ok();
            (at, (*text).to_owned())
        });
    if let Some(timestamp) = timestamp.or(newest) {
        merged.insert("timestamp".to_owned(), json!(timestamp));
    }
    merged.insert("tools".to_owned(), tools(&all));
    if let Some(root) = root {
        merged.insert("component".to_owned(), root.clone());
    }
    merged.into_iter().collect()
}

/// All tools as components, also those in the list that 1.5 retired, and this one.
fn tools(all: &[&Map<String, Value>]) -> Value {
    let mut tools = vec![sorted(json!({
        "type": "application", "publisher": "Lockkeeper", "name": "lockkeeper-sbom", "version": env!("CARGO_PKG_VERSION"),
    }))];
    let mut services = Vec::new();
    for metadata in all {
        match metadata.get("tools") {
            Some(Value::Array(legacy)) => tools.extend(legacy.iter().filter_map(typed)),
            Some(Value::Object(typed)) => {
                let list = |key: &str| typed.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
                tools.extend(list("components"));
                services.extend(list("services"));
            }
            _ => {}
        }
    }
    let mut merged = Map::new();
    merged.insert("components".to_owned(), Value::Array(union(&[&tools])));
    if !services.is_empty() {
        merged.insert("services".to_owned(), Value::Array(union(&[&services])));
    }
    Value::Object(merged)
}

/// A tool of the retired list as a component; without a name it is none.
fn typed(tool: &Value) -> Option<Value> {
    let mut members: BTreeMap<String, Value> = tool.as_object()?.clone().into_iter().collect();
    members.get("name").map(canonical).filter(|name| name != "\"\"")?;
    if let Some(vendor) = members.remove("vendor") {
        members.insert("publisher".to_owned(), vendor);
    }
    members.insert("type".to_owned(), json!("application"));
    Some(Value::Object(members.into_iter().collect()))
}
