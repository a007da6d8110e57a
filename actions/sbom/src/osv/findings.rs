//! The answer as a document in the form of OSV-Scanner's JSON, and as a table. Pure.

use super::{
    Answer, Package,
    question::Origin,
    severity::{score, word},
};
use github::Summary;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Rows of the table.
const MOST_ROWS: usize = 100;

/// Everything that was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Findings {
    /// One entry for the document that was asked about.
    pub results: Vec<Source>,
    /// Records that could not be had: what they say is unknown.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<String, String>,
}

/// The packages of one document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Source {
    /// What was asked about: `path` and `type`.
    pub source: BTreeMap<&'static str, String>,
    /// Packages with a vulnerability.
    pub packages: Vec<Vulnerable>,
}

/// One package with a vulnerability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Vulnerable {
    /// The package.
    pub package: Package,
    /// The purls it has in the document.
    pub purls: Vec<String>,
    /// The shortest way to it.
    pub why: Vec<String>,
    /// The records, with what they say of this package only.
    pub vulnerabilities: Vec<Value>,
    /// The records that are about the same vulnerability, together.
    pub groups: Vec<Group>,
}

/// One vulnerability, under all its names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// The records.
    pub ids: BTreeSet<String>,
    /// All its names.
    pub aliases: BTreeSet<String>,
    /// The highest base score, such as `7.5`; empty where no vector is given.
    pub max_severity: String,
    /// The word for it: critical, high, medium, low, none, unknown.
    pub severity: &'static str,
    /// Versions without it.
    pub fixed: BTreeSet<String>,
}

/// Puts the answer together with where the packages came from.
#[must_use]
pub fn findings(subject: &str, asked: &BTreeMap<Package, Origin>, answer: &Answer) -> Findings {
    let packages = answer.concerned.iter().filter_map(|(package, ids)| {
        let origin = asked.get(package).cloned().unwrap_or_default();
        let current = |record: &&Value| record.get("withdrawn").is_none_or(Value::is_null);
        let records: Vec<Value> = ids
            .iter()
            .filter_map(|id| answer.records.get(id))
            .filter(current)
            .map(|record| about(record, package))
            .collect();
        let lost: Vec<Value> =
            ids.iter().filter(|id| answer.missing.contains_key(*id)).map(|id| json!({ "id": id })).collect();
        let records = [records, lost].concat();
        if records.is_empty() {
            return None;
        }
        let groups = groups(&records);
        Some(Vulnerable {
            package: package.clone(),
            purls: origin.purls,
            why: origin.why,
            vulnerabilities: records,
            groups,
        })
    });
    let source = BTreeMap::from([("path", subject.to_owned()), ("type", "sbom".to_owned())]);
    Findings { results: vec![Source { source, packages: packages.collect() }], missing: answer.missing.clone() }
}

impl Findings {
    /// Every vulnerability of every package.
    pub fn groups(&self) -> impl Iterator<Item = (&Vulnerable, &Group)> {
        let packages = self.results.iter().flat_map(|source| &source.packages);
        packages.flat_map(|package| package.groups.iter().map(move |group| (package, group)))
    }
}

/// A record without what it says of other packages.
fn about(record: &Value, package: &Package) -> Value {
    let Some(members) = record.as_object() else { return record.clone() };
    let mut kept: Map<String, Value> = members.clone();
    if let Some(Value::Array(affected)) = kept.get_mut("affected") {
        affected.retain(|entry| entry.pointer("/package/name").and_then(Value::as_str) == Some(&package.name));
    }
    Value::Object(kept)
}

/// Records that share a name are one vulnerability.
fn groups(records: &[Value]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for record in records {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let Some(id) = record.get("id").and_then(text) else { continue };
        let aliases = record.get("aliases").and_then(Value::as_array).into_iter().flatten().filter_map(text);
        let names: BTreeSet<String> = aliases.chain([id.clone()]).collect();
        let score = score(record);
        let mut group = Group {
            ids: BTreeSet::from([id]),
            max_severity: score.map(|score| format!("{score:.1}")).unwrap_or_default(),
            severity: word(record, score),
            fixed: fixed(record),
            aliases: names,
        };
        let (same, others): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|known| !known.aliases.is_disjoint(&group.aliases));
        for known in same {
            let number = |group: &Group| group.max_severity.parse::<f64>().unwrap_or(-1.0);
            if number(&known) > number(&group) || group.severity == "unknown" {
                group.max_severity = known.max_severity;
                group.severity = known.severity;
            }
            group.ids.extend(known.ids);
            group.aliases.extend(known.aliases);
            group.fixed.extend(known.fixed);
        }
        groups = others;
        groups.push(group);
    }
    groups.sort_by(|a, b| a.ids.cmp(&b.ids));
    groups
}

fn fixed(record: &Value) -> BTreeSet<String> {
    let affected = record.get("affected").and_then(Value::as_array).into_iter().flatten();
    let ranges = affected.filter_map(|entry| entry.get("ranges")?.as_array()).flatten();
    let versions = ranges.filter(|range| range.get("type").and_then(Value::as_str) != Some("GIT"));
    let events = versions.filter_map(|range| range.get("events")?.as_array()).flatten();
    events.filter_map(|event| event.get("fixed")?.as_str().map(str::to_owned)).collect()
}

/// The table of what was found, worst first.
#[must_use]
pub fn table(summary: Summary, findings: &Findings, left_out: usize) -> Summary {
    let order = ["critical", "high", "medium", "low", "none", "unknown"];
    let rank = |group: &Group| order.iter().position(|word| *word == group.severity).unwrap_or(order.len());
    let mut all: Vec<_> = findings.groups().collect();
    all.sort_by(|(a, one), (b, other)| (rank(one), &a.package, &one.ids).cmp(&(rank(other), &b.package, &other.ids)));
    let mut summary = summary.heading("Known vulnerabilities");
    if all.is_empty() {
        summary = summary.paragraph("The service knows of none.");
    } else {
        let more = all.len().saturating_sub(MOST_ROWS);
        let rows = all.iter().take(MOST_ROWS).map(|(package, group)| {
            let join = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(", ");
            vec![
                format!("{} {}", group.severity, group.max_severity),
                join(&group.ids),
                format!("{} {} ({})", package.package.name, package.package.version, package.package.ecosystem),
                join(&group.fixed),
                package.why.join(" → "),
            ]
        });
        summary = summary.table(&["severity", "record", "package", "fixed in", "why it is here"], rows);
        if more > 0 {
            summary = summary.paragraph(&format!("{more} more are in the JSON file."));
        }
    }
    if !findings.missing.is_empty() {
        let text = format!("{} records could not be had; what they say is unknown.", findings.missing.len());
        summary = summary.paragraph(&text);
    }
    match left_out {
        0 => summary,
        count => summary.paragraph(&format!(
            "{count} components could not be asked about: no exact version, or an ecosystem the service does not have."
        )),
    }
}
