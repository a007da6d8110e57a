//! Reads both forms.

use super::{Form, Statement, Target, Vex};
use serde_json::Value;

/// The largest document, in bytes.
pub const LARGEST: usize = 16 << 20;
/// More statements than this are refused.
const MOST: usize = 100_000;

/// A document is no VEX that can be read.
#[derive(Debug, thiserror::Error)]
pub enum VexError {
    /// Larger than [`LARGEST`].
    #[error("{bytes} bytes are more than the {} MiB that are read", LARGEST >> 20)]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// Not JSON.
    #[error("not well-formed JSON: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Neither form.
    #[error("neither an OpenVEX document nor a CycloneDX document with `vulnerabilities`")]
    NoVex,
    /// A statement without what makes it one.
    #[error("statement {index} {problem}")]
    Statement {
        /// Which, counted from 1.
        index: usize,
        /// What is wrong.
        problem: String,
    },
    /// Too many statements.
    #[error("{0} statements are more than the {MOST} that are read")]
    TooMany(usize),
}

/// How one statement is read.
type One = fn(&Value) -> Result<Statement, String>;

/// Reads a document.
///
/// # Errors
/// [`VexError`].
pub fn read(bytes: &[u8]) -> Result<Vex, VexError> {
    if bytes.len() > LARGEST {
        return Err(VexError::TooLarge { bytes: bytes.len() });
    }
    let document: Value = serde_json::from_slice(bytes)?;
    let context = document.get("@context").and_then(Value::as_str).unwrap_or_default();
    let form = if context.starts_with("https://openvex.dev/ns") {
        Form::OpenVex
    } else if document.get("bomFormat").and_then(Value::as_str) == Some("CycloneDX") {
        Form::CycloneDx
    } else {
        return Err(VexError::NoVex);
    };
    let (list, one): (&str, One) = match form {
        Form::OpenVex => ("statements", open),
        Form::CycloneDx => ("vulnerabilities", cyclonedx),
    };
    let items = document.get(list).and_then(Value::as_array).ok_or(VexError::NoVex)?;
    if items.len() > MOST {
        return Err(VexError::TooMany(items.len()));
    }
    let statements = items
        .iter()
        .enumerate()
        .map(|(index, item)| one(item).map_err(|problem| VexError::Statement { index: index + 1, problem }));
    Ok(Vex { form, statements: statements.collect::<Result<_, _>>()?, document: document.clone() })
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// OpenVEX 0.2.0, "Statement Fields".
fn open(item: &Value) -> Result<Statement, String> {
    // 0.0.1 had the name alone.
    let vulnerability = item.get("vulnerability").ok_or("has no `vulnerability`")?;
    let name = text(vulnerability, "name").or_else(|| vulnerability.as_str().map(str::to_owned));
    let status = text(item, "status").ok_or("has no `status`")?;
    let state = match status.as_str() {
        "not_affected" => "not_affected",
        "affected" => "exploitable",
        "fixed" => "resolved",
        "under_investigation" => "in_triage",
        other => return Err(format!("has the unknown status `{}`", other.chars().take(40).collect::<String>())),
    };
    let said = text(item, "justification");
    let justification = said.as_deref().and_then(|justification| match justification {
        "component_not_present" | "vulnerable_code_not_present" => Some("code_not_present"),
        "vulnerable_code_not_in_execute_path" => Some("code_not_reachable"),
        "inline_mitigations_already_exist" => Some("protected_by_mitigating_control"),
        // CycloneDX has no word for an adversary who cannot control the code: it stays in the detail.
        _ => None,
    });
    if status == "not_affected" && said.is_none() && text(item, "impact_statement").is_none() {
        return Err("says `not_affected` and not why: `justification` or `impact_statement` is missing".to_owned());
    }
    let words = [said, text(item, "impact_statement"), text(item, "action_statement"), text(item, "status_notes")];
    let detail: Vec<String> = words.into_iter().flatten().collect();
    Ok(Statement {
        vulnerability: name.ok_or("has a vulnerability without a `name`")?,
        targets: products(item),
        state: state.to_owned(),
        justification: justification.map(str::to_owned),
        detail: (!detail.is_empty()).then(|| detail.join("; ")),
        original: Value::Null,
    })
}

/// Products, or the parts of them that are meant.
fn products(item: &Value) -> Vec<Target> {
    let list = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut targets = Vec::new();
    for product in list(item, "products") {
        let parts = list(&product, "subcomponents");
        let meant = if parts.is_empty() { vec![product] } else { parts };
        targets.extend(meant.iter().filter_map(identifier));
    }
    targets
}

fn identifier(component: &Value) -> Option<Target> {
    let purl = component.pointer("/identifiers/purl").and_then(Value::as_str).map(str::to_owned);
    let name = purl.or_else(|| text(component, "@id")).or_else(|| component.as_str().map(str::to_owned))?;
    Some(match name.parse() {
        Ok(purl) => Target::Package(purl),
        Err(_) => Target::Other(name),
    })
}

/// CycloneDX, `vulnerabilities[]`.
fn cyclonedx(item: &Value) -> Result<Statement, String> {
    let vulnerability = text(item, "id").ok_or("has no `id`")?;
    let affects = item.get("affects").and_then(Value::as_array).cloned().unwrap_or_default();
    let analysis = item.get("analysis").cloned().unwrap_or_default();
    Ok(Statement {
        vulnerability,
        targets: affects.iter().filter_map(|affected| text(affected, "ref")).map(|text| reference(&text)).collect(),
        state: text(&analysis, "state").unwrap_or_else(|| "in_triage".to_owned()),
        justification: text(&analysis, "justification"),
        detail: text(&analysis, "detail"),
        original: item.clone(),
    })
}

/// A bom-ref, or a BOM-Link to one: `urn:cdx:<serial>/<version>#<bom-ref, percent-encoded>`.
fn reference(text: &str) -> Target {
    let Some((serial, rest)) = text.strip_prefix("urn:cdx:").and_then(|link| link.split_once('/')) else {
        return Target::Reference { serial: None, reference: text.to_owned() };
    };
    let reference = rest.split_once('#').map_or("", |(_, reference)| reference);
    let reference = percent_encoding::percent_decode_str(reference).decode_utf8_lossy().into_owned();
    Target::Reference { serial: Some(serial.to_lowercase()), reference }
}
