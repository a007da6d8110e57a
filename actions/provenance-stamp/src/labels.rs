//! The contract's values as labels of the image, and whether an image carries them: pure.

use crate::{
    contract::{Contract, Field, Kind},
    decide::{Expected, check_field},
    facts::Facts,
    finding::{Code, Finding},
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What one image of one platform says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The platform, such as `linux/amd64`.
    pub platform: String,
    /// The labels of its configuration.
    pub labels: BTreeMap<String, String>,
    /// The annotations of its manifest, and of the index that names it.
    pub annotations: Vec<BTreeMap<String, String>>,
}

/// The labels with their values, one `name=value` per line, as builders take them.
///
/// # Errors
/// Every value that cannot be a label because a line would end in it.
pub fn lines(contract: &Contract, fields: &Map<String, Value>) -> Result<String, Vec<Finding>> {
    let mut lines = Vec::new();
    let mut findings = Vec::new();
    for label in &contract.labels {
        let Some(value) = fields.get(&label.field) else { continue };
        let text = text(value);
        if text.contains(char::is_control) {
            let why = format!("cannot be the label {}: its value has a control character", label.name);
            findings.push(Finding::new(&label.field, Code::Type, why));
        }
        lines.push(format!("{}={text}", label.name));
    }
    if findings.is_empty() { Ok(lines.join("\n")) } else { Err(findings) }
}

/// Checks what an image says of itself against the contract and the values it must agree with, on every platform.
#[must_use]
pub fn check(contract: &Contract, images: &[Labelled], expected: &[Expected], facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if images.is_empty() && !contract.labels.is_empty() {
        findings.push(Finding::new("image", Code::Missing, "has no platform whose labels could be read"));
    }
    for label in &contract.labels {
        let Some(field) = contract.fields.iter().find(|field| field.name == label.field) else { continue };
        for image in images {
            let found = values(image, &label.name);
            let told = |mut finding: Finding| {
                finding.text = format!("{}; label {} of {}", finding.text, label.name, image.platform);
                finding
            };
            if found.is_empty() {
                findings.push(told(Finding::new(&field.name, Code::Missing, "is missing")));
            }
            let check = |value: &&String| check_field(field, Some(&typed(field, value)), expected, facts);
            findings.extend(found.iter().flat_map(check).map(told));
        }
    }
    findings
}

/// Every different value a label has: one that its annotation contradicts has two, and cannot be right.
fn values<'a>(image: &'a Labelled, name: &str) -> Vec<&'a String> {
    let everywhere = std::iter::once(&image.labels).chain(&image.annotations);
    let mut values: Vec<&String> = everywhere.filter_map(|notes| notes.get(name)).collect();
    values.sort_unstable();
    values.dedup();
    values
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A label is always a text; a field that is none is written as JSON writes it.
fn typed(field: &Field, text: &str) -> Value {
    let as_json = matches!(field.kind, Kind::Integer | Kind::Number | Kind::Boolean);
    let value = as_json.then(|| serde_json::from_str(text).ok()).flatten();
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::{evaluate, tests::facts};
    use serde_json::json;

    fn contract() -> Contract {
        Contract::parse(
            "version: 1\nfields:\n  team: {literal: grazing}\n  count: {literal: 3}\n  at: {clock: now}\nlabels:\n  \
             org.example.team: team\n  org.example.count: count\n  org.opencontainers.image.created: at\n",
        )
        .unwrap()
    }

    fn labelled(pairs: &[(&str, &str)]) -> Labelled {
        let labels = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Labelled { platform: "linux/amd64".into(), labels, annotations: Vec::new() }
    }

    const GOOD: [(&str, &str); 3] = [
        ("org.example.team", "grazing"),
        ("org.example.count", "3"),
        ("org.opencontainers.image.created", "2026-09-21T11:00:00Z"),
    ];

    fn found(images: &[Labelled]) -> Vec<(String, Code)> {
        let fields = evaluate(&contract(), &facts()).unwrap().fields;
        let expected = [Expected { place: "the image's signed manifest", fields }];
        let findings = check(&contract(), images, &expected, &facts());
        findings.into_iter().map(|finding| (finding.field, finding.code)).collect()
    }

    #[test]
    fn what_is_printed_for_the_builder_is_what_an_image_is_held_to() {
        let lines = lines(&contract(), &evaluate(&contract(), &facts()).unwrap().fields).unwrap();
        let pairs: Vec<(&str, &str)> = lines.lines().map(|line| line.split_once('=').unwrap()).collect();
        assert_eq!(pairs[..2], GOOD[..2]);
        assert_eq!(found(&[labelled(&pairs), labelled(&GOOD)]), []);
    }

    #[test]
    fn every_wrong_label_of_every_platform_is_told_at_once() {
        let wrong = [("org.example.team", "other"), ("org.opencontainers.image.created", "2999-01-01T00:00:00Z")];
        let wrong = labelled(&wrong);
        let mut contradicted = labelled(&GOOD);
        contradicted.annotations = vec![BTreeMap::from([("org.example.count".to_owned(), "four".to_owned())])];
        let told = found(&[wrong, contradicted]);
        let wanted = [("team", Code::Mismatch), ("count", Code::Missing), ("count", Code::Type), ("at", Code::Future)];
        assert_eq!(told, wanted.map(|(field, code)| (field.to_owned(), code)));
        assert_eq!(found(&[]), [("image".to_owned(), Code::Missing)]);
    }

    #[test]
    fn a_value_that_would_end_the_line_is_no_label() {
        let fields = json!({"team": "a\norg.example.count=4", "count": 3, "at": "x"});
        let told = lines(&contract(), fields.as_object().unwrap()).unwrap_err();
        assert_eq!((told.len(), told[0].code), (1, Code::Type));
    }
}
