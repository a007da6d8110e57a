//! What the run says: log headline, annotations, outputs, summary and JSON document.

use crate::{
    decide::Manifest,
    facts::Facts,
    finding::{Code, Finding, is_refusal},
    inputs::Settings,
    replay::Replayed,
    slsa::Origin,
    stamp::{Receipt, Statements},
    value::shown,
    verify::Outcome,
};
use evidence::Left;
use github::{Alert, Annotation, Exit, Report, Summary};
use serde_json::{Map, Value, json};
use std::path::Path;

/// More findings than this are counted in the annotations, and listed in the summary and the document.
const MAX_ANNOTATIONS: usize = 10;

/// The report of a stamp that broke its contract; `state` says how the world was left.
#[must_use]
pub(crate) fn refused(settings: &Settings, findings: &[Finding], state: &str) -> Report {
    let summary = Summary::new().paragraph(&format!("The contract is `{}`; {state}.", settings.contract_path));
    let document = json!({"mode": "stamp", "contract": settings.contract_path, "findings": findings});
    let report = with_findings(settings, findings, &format!("the release breaks its contract; {state}"));
    report.summary(summary.extend(findings_table(findings))).document(&document)
}

/// The report of a stamp.
#[must_use]
pub(crate) fn stamped(settings: &Settings, path: &Path, facts: &Facts, receipt: &Receipt) -> Report {
    let manifest = &receipt.manifest;
    let signed = receipt.left.as_ref().filter(|left| left.provenance.referrer().is_some());
    let (verdict, headline) = match (&receipt.left, signed) {
        (Some(left), Some(_)) => ("stamped", format!("{} carries its signed manifest and provenance", left.image)),
        (Some(left), None) => {
            ("written", format!("manifest written, but nothing left on {}: no signing-key", left.image))
        }
        (None, _) => ("written", format!("manifest written to {}; no image to attach it to", path.display())),
    };
    let referrer = |left: Option<&Left>| left.and_then(Left::referrer).map(ToString::to_string).unwrap_or_default();
    let left = receipt.left.as_ref();
    let manifest_referrer = referrer(left.map(|left| &left.manifest));
    let provenance_referrer = referrer(left.map(|left| &left.provenance));
    let mut summary = Summary::new().heading("Manifest").table(&["field", "value"], rows(&manifest.fields));
    if manifest.kept {
        summary = summary.paragraph("The moment of the first stamp was kept: nothing else has changed since.");
    }
    if let Some(left) = left {
        summary = summary.extend(statements_summary(left));
    }
    let document = json!({
        "mode": "stamp",
        "contract": {"path": settings.contract_path, "digest": settings.contract_digest},
        "image": left.map(|left| left.image.to_string()),
        "manifest": manifest.fields,
        "labels": receipt.labels.lines().collect::<Vec<_>>(),
        "kept-time": manifest.kept,
        "modified-files": manifest.commit.as_ref().map(|commit| &commit.modified),
        "statements": {"release-manifest": manifest_referrer, "provenance": provenance_referrer},
        "provenance-values-from": left.map(|left| origin(left.origin)),
        "findings": [],
    });
    Report::new(Exit::Done, verdict, headline)
        .output("digest", left.map(|left| left.image.digest.to_string()).unwrap_or_default())
        .output("manifest-path", path.display())
        .output("labels", &receipt.labels)
        .output("run-id", run_id(manifest, facts))
        .output("manifest-referrer", manifest_referrer)
        .output("provenance-referrer", provenance_referrer)
        .output("findings", 0)
        .summary(summary)
        .document(&document)
}

/// The report of a verification.
#[must_use]
pub(crate) fn verified(settings: &Settings, outcome: &Outcome) -> Report {
    let checked = outcome.checked.join(", ");
    let report = if outcome.findings.is_empty() {
        Report::new(Exit::Done, "verified", format!("{checked}: the contract is kept")).output("findings", 0)
    } else {
        with_findings(settings, &outcome.findings, &format!("{checked}: the contract is not kept"))
    };
    let mut summary = Summary::new();
    if !outcome.findings.is_empty() {
        summary = summary.extend(findings_table(&outcome.findings));
    }
    if let Some(signed) = &outcome.signed {
        summary = summary.heading("Signed manifest").table(&["field", "value"], rows(&signed.fields));
    }
    if !outcome.seen.is_empty() {
        let seen = outcome.seen.iter().map(|seen| {
            let (what, by) = match &seen.claim {
                Ok(claim) => (format!("`{}`", claim.predicate_type), format!("signed by `{}`", claim.key_id)),
                Err(why) => (format!("not believed: {}", why.code), why.reason.clone()),
            };
            vec![format!("`{}`", seen.referrer.short()), what, by]
        });
        summary = summary.heading("Statements on the image").table(&["referrer", "statement", "signature"], seen);
    }
    let seen = outcome.seen.iter().map(|seen| match &seen.claim {
        Ok(claim) => json!({"referrer": seen.referrer, "predicateType": claim.predicate_type, "keyId": claim.key_id}),
        Err(why) => json!({"referrer": seen.referrer, "rejected": why}),
    });
    let fields = outcome.signed.as_ref().map(|signed| &signed.fields);
    let document = json!({
        "mode": "verify",
        "contract": {"path": settings.contract_path, "digest": settings.contract_digest},
        "checked": outcome.checked,
        "image": outcome.image.as_ref().map(ToString::to_string),
        "statements": seen.collect::<Value>(),
        "manifest": fields,
        "findings": outcome.findings,
    });
    let run = fields.and_then(|fields| fields.get("run_id")).and_then(Value::as_str).unwrap_or_default();
    report
        .output("digest", outcome.image.as_ref().map(|image| image.digest.to_string()).unwrap_or_default())
        .output("run-id", run)
        .summary(summary)
        .document(&document)
}

/// The report of a replay.
#[must_use]
pub(crate) fn replayed(settings: &Settings, outcome: &Replayed) -> Report {
    let what = format!("{}, stamped by run {}", outcome.image, outcome.run_id);
    let report = if outcome.findings.is_empty() {
        let headline = format!("{what}: this workspace makes the same stamp, file by file");
        Report::new(Exit::Done, "reproduced", headline).output("findings", 0)
    } else {
        with_findings(settings, &outcome.findings, &format!("{what}: not reproduced"))
    };
    let mut summary = Summary::new();
    if !outcome.findings.is_empty() {
        summary = summary.extend(findings_table(&outcome.findings));
    }
    if let Some(recorded) = outcome.recorded.as_ref().and_then(|recorded| recorded["fields"].as_object()) {
        summary = summary.heading("What that run signed").table(&["field", "value"], rows(recorded));
    }
    let document = json!({
        "mode": "replay",
        "contract": {"path": settings.contract_path, "digest": settings.contract_digest},
        "image": outcome.image.to_string(),
        "run-id": outcome.run_id,
        "recorded": outcome.recorded,
        "findings": outcome.findings,
    });
    report.output("digest", outcome.image.digest).output("run-id", &outcome.run_id).summary(summary).document(&document)
}

/// A no where there is one, else an "unknown"; every finding annotated.
fn with_findings(settings: &Settings, findings: &[Finding], headline: &str) -> Report {
    let (exit, verdict) = if is_refusal(findings) { (Exit::Refused, "refused") } else { (Exit::Unknown, "unknown") };
    let count = if findings.len() == 1 { "1 finding".to_owned() } else { format!("{} findings", findings.len()) };
    let first = findings.first().map(ToString::to_string).unwrap_or_default();
    let mut report = Report::new(exit, verdict, format!("{headline}: {count}, first: {first}"));
    for finding in findings.iter().take(MAX_ANNOTATIONS) {
        let annotation = Annotation::error(finding.to_string()).title(format!("provenance: {}", finding.code.word()));
        report = report.annotate(annotation.file(&settings.contract_path, settings.line_of(&finding.field)));
    }
    report.output("findings", findings.len())
}

fn findings_table(findings: &[Finding]) -> Summary {
    let rows = findings.iter().map(|finding| {
        let place = finding.place.unwrap_or("").to_owned();
        vec![format!("`{}`", finding.field), finding.code.word().to_owned(), finding.text.clone(), place]
    });
    let table = Summary::new().heading("Findings").table(&["field", "problem", "what is wrong", "where"], rows);
    if findings.iter().all(|finding| finding.code == Code::Unavailable) {
        return table.alert(
            Alert::Warning,
            "Nothing contradicts the contract, but it could not be checked, and that is not a yes.",
        );
    }
    table
}

fn statements_summary(left: &Statements) -> Summary {
    let row = |what: &str, left: &Left| match left {
        Left::Signed { referrer, key_id } => vec![what.to_owned(), format!("`{referrer}`"), format!("`{key_id}`")],
        Left::NotAsked => vec![what.to_owned(), "not left: no signing-key".to_owned(), String::new()],
    };
    let rows = [row("release manifest", &left.manifest), row("SLSA provenance", &left.provenance)];
    let summary = Summary::new().heading("Statements").paragraph(&format!("About `{}`:", left.image));
    let summary = summary.table(&["statement", "referrer", "signed by"], rows);
    match left.origin {
        Origin::IdToken => summary,
        Origin::RunnerContext => summary.alert(
            Alert::Note,
            "The provenance takes the runner's own word, because the job has no identity token; it says so itself.",
        ),
    }
}

fn rows(fields: &Map<String, Value>) -> impl Iterator<Item = Vec<String>> {
    fields.iter().map(|(name, value)| vec![format!("`{name}`"), shown(value)])
}

fn run_id(manifest: &Manifest, facts: &Facts) -> String {
    let field = manifest.text("run_id");
    if field.is_empty() { facts.run.id.clone().unwrap_or_default() } else { field.to_owned() }
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::IdToken => "id-token",
        Origin::RunnerContext => "runner-context",
    }
}
