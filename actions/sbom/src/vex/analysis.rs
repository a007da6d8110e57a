//! The statements as `vulnerabilities` of a CycloneDX document.

use super::{Statement, Vex, target::About};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Puts the statements into a CycloneDX document whose components they are about, and gives it its new serial number.
/// Statements about nothing in it stay out.
#[must_use]
pub fn embed(document: Value, statements: &[(&Vex, About)]) -> Value {
    let Value::Object(mut members) = document else { return document };
    let mut vulnerabilities: BTreeMap<String, Value> = BTreeMap::new();
    for (vex, about) in statements {
        for (statement, components) in vex.statements.iter().zip(&about.components) {
            if !components.is_empty() {
                let entry = vulnerability(statement, components);
                vulnerabilities.insert(entry.to_string(), entry);
            }
        }
    }
    if vulnerabilities.is_empty() {
        return Value::Object(members);
    }
    members.insert("vulnerabilities".to_owned(), Value::Array(vulnerabilities.into_values().collect()));
    // The serial number speaks for the content, so the content decides it anew.
    let mut content = members.clone();
    content.remove("serialNumber");
    if let Some(metadata) = content.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("timestamp");
    }
    let serial = crate::cyclonedx::serial_number(Value::Object(content).to_string().as_bytes());
    if let Some(number) = members.get_mut("serialNumber") {
        *number = json!(serial);
    }
    Value::Object(members)
}

fn vulnerability(statement: &Statement, components: &BTreeSet<String>) -> Value {
    let affects: Vec<Value> = components.iter().map(|reference| json!({ "ref": reference })).collect();
    if let Value::Object(original) = &statement.original {
        let mut entry = original.clone();
        entry.remove("bom-ref");
        entry.insert("affects".to_owned(), Value::Array(affects));
        return Value::Object(entry);
    }
    let mut analysis = Map::new();
    analysis.insert("state".to_owned(), json!(statement.state));
    if let Some(justification) = &statement.justification {
        analysis.insert("justification".to_owned(), json!(justification));
    }
    if let Some(detail) = &statement.detail {
        analysis.insert("detail".to_owned(), json!(detail));
    }
    json!({"id": statement.vulnerability, "analysis": analysis, "affects": affects})
}
