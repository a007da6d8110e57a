//! What is said about the result: log line, outputs, step summary, JSON. Pure.

use crate::{apply::Receipt, decide::Work, inputs::Settings, observe::Facts};
use attest::{policy::Fate, predicate::promotion::Mode};
use github::{Alert, Annotation, Exit, Report, Summary};
use oci::copy::{Role, Tagged};
use serde_json::json;

/// GitHub shows ten annotations of a kind per step.
const MOST_ANNOTATIONS: usize = 9;

/// The report of a no.
#[must_use]
pub fn refused(settings: &Settings, facts: &Facts<'_>, reasons: &[String]) -> Report {
    let image = facts.image();
    let first = reasons.first().map(String::as_str).unwrap_or_default();
    let more = if reasons.len() > 1 { format!(" (and {} more)", reasons.len() - 1) } else { String::new() };
    let headline = format!("{image} is not promoted to {}: {first}{more}", settings.destination);
    let mut report = Report::new(Exit::Refused, "refused", headline).output("digest", image.digest);
    for reason in reasons.iter().skip(1).take(MOST_ANNOTATIONS) {
        report = report.annotate(Annotation::error(reason.clone()).title("image-promote"));
    }
    let told = Summary::new().alert(Alert::Caution, "Nothing was copied, tagged or attached.");
    let told = told.heading("Why not").table(&["reason"], reasons.iter().map(|reason| vec![reason.clone()]));
    report
        .help("leave the evidence that is missing, or let the policy ask for less; the step summary lists every statement")
        .summary(told.extend(evidence(facts)))
        .document(&document(settings, facts, None, "refused"))
}

/// The report of a dry run that would have promoted.
#[must_use]
pub fn planned(settings: &Settings, facts: &Facts<'_>, mode: Mode, work: Work) -> Report {
    let image = facts.image();
    let headline = match work {
        Work::None => format!("{image} is in {} already, with all its evidence and tags", settings.destination),
        Work::Some => format!("{image} would be promoted to {}: {}", settings.destination, plan(settings, facts)),
    };
    Report::new(Exit::Done, "planned", headline)
        .output("digest", image.digest)
        .summary(journey(settings, facts, mode).extend(evidence(facts)))
        .document(&document(settings, facts, None, "planned"))
}

/// The report of a promotion.
#[must_use]
pub fn promoted(settings: &Settings, facts: &Facts<'_>, (mode, work): (Mode, Work), receipt: &Receipt) -> Report {
    let image = settings.destination.image(facts.image().digest);
    let tags: Vec<&str> = settings.tags.iter().map(|(tag, _)| tag.tag.as_str()).collect();
    let named = if tags.is_empty() { String::new() } else { format!(" as {}", tags.join(", ")) };
    let (verdict, headline) = match (mode, work) {
        (_, Work::None) => ("unchanged", format!("{image} was there already{named}, with all its evidence")),
        (Mode::Rollback, _) => ("promoted", format!("{image} is back{named}")),
        (Mode::Promote, _) => {
            let copied = &receipt.copied;
            let moved =
                format!("{} manifests, {} bytes sent, {} blobs mounted", copied.written, copied.bytes, copied.mounted);
            ("promoted", format!("{image} is promoted{named}: {moved}"))
        }
    };
    let digest = |digest: Option<subject::Digest>| digest.map(|digest| digest.to_string()).unwrap_or_default();
    Report::new(Exit::Done, verdict, headline)
        .output("image", &image)
        .output("digest", image.digest)
        .output("copied", receipt.copied.written)
        .output("bytes", receipt.copied.bytes)
        .output("promotion-referrer", digest(receipt.promotion))
        .output("summary-referrer", digest(receipt.summary))
        .summary(journey(settings, facts, mode).extend(done(settings, receipt)).extend(evidence(facts)))
        .document(&document(settings, facts, Some(receipt), verdict))
}

fn plan(settings: &Settings, facts: &Facts<'_>) -> String {
    let tags: Vec<&str> = settings.tags.iter().map(|(tag, _)| tag.tag.as_str()).collect();
    let (missing, all) = (facts.standing.missing.len(), facts.closure.parts.len());
    format!(
        "{missing} of {all} manifests to copy; tags: {}",
        if tags.is_empty() { "none".to_owned() } else { tags.join(", ") }
    )
}

fn journey(settings: &Settings, facts: &Facts<'_>, mode: Mode) -> Summary {
    let content = facts.closure.parts.iter().filter(|part| part.role == Role::Content).count();
    let rows = [
        ("image", format!("`{}`", facts.image().digest)),
        ("from", format!("`{}`", facts.image().repository)),
        ("to", format!("`{}`", settings.destination)),
        ("direction", if mode == Mode::Rollback { "back to an earlier image" } else { "forward" }.to_owned()),
        ("manifests", format!("{content} of the image, {} of evidence", facts.closure.parts.len() - content)),
        ("blobs", format!("{} bytes", facts.closure.bytes())),
        ("policy", format!("{} (`{}`)", settings.policy.name(), settings.policy.digest())),
    ];
    Summary::new().table(&["", ""], rows.map(|(name, value)| vec![name.to_owned(), value]))
}

fn done(settings: &Settings, receipt: &Receipt) -> Summary {
    let copied = &receipt.copied;
    let mut rows = vec![
        vec!["copied".to_owned(), format!("{} manifests; {} were there", copied.written, copied.present)],
        vec!["blobs".to_owned(), format!("{} mounted, {} sent ({} bytes)", copied.mounted, copied.sent, copied.bytes)],
        vec!["proof".to_owned(), "read back: same digest, all evidence listed".to_owned()],
    ];
    for ((tag, _), tagged) in settings.tags.iter().zip(&receipt.tagged) {
        let became = if *tagged == Tagged::Already { "named it before" } else { "names it now" };
        rows.push(vec![format!("tag `{}`", tag.tag), became.to_owned()]);
    }
    let left = receipt.promotion.map_or("not left: no signing-key".to_owned(), |digest| format!("`{digest}`"));
    rows.push(vec!["record".to_owned(), left]);
    Summary::new().heading("Done").table(&["", ""], rows)
}

/// Every statement, and what became of it: none is passed over.
fn evidence(facts: &Facts<'_>) -> Summary {
    let accounts = facts.verdict.accounts();
    if accounts.is_empty() {
        return Summary::new().alert(Alert::Warning, "There is no evidence on the image.");
    }
    let rows = accounts.iter().map(|account| {
        let what = account.believed.as_ref().and_then(|believed| believed.predicate_type.clone());
        let fate = match account.fate() {
            Fate::Used => format!("used by {}", account.used_by.join(", ")),
            Fate::NotAskedFor => "not asked for".to_owned(),
            Fate::Rejected => {
                let why = account.rejections.iter().map(|(_, rejection)| format!("{}: {rejection}", rejection.code()));
                why.collect::<Vec<_>>().join("; ")
            }
        };
        vec![format!("`{}`", account.source), what.map_or("not believed".to_owned(), |what| format!("`{what}`")), fate]
    });
    Summary::new().heading("Evidence").table(&["referrer", "statement", "what became of it"], rows)
}

fn document(settings: &Settings, facts: &Facts<'_>, receipt: Option<&Receipt>, verdict: &str) -> serde_json::Value {
    let image = facts.image();
    let tags: Vec<&str> = settings.tags.iter().map(|(tag, _)| tag.tag.as_str()).collect();
    json!({
        "verdict": verdict,
        "digest": image.digest,
        "from": image.repository.to_string(),
        "to": settings.destination.to_string(),
        "tags": tags,
        "manifests": facts.closure.parts.iter().map(|part| part.manifest.digest).collect::<Vec<_>>(),
        "refused": facts.closure.refused.iter().map(|refused| json!({"digest": refused.digest, "why": refused.why})).collect::<Vec<_>>(),
        "missing-before": facts.standing.missing,
        "policy": {"path": settings.policy_path, "digest": settings.policy.digest(), "verdict": facts.verdict.to_json()},
        "copied": receipt.map(|receipt| json!({
            "written": receipt.copied.written, "present": receipt.copied.present, "mounted": receipt.copied.mounted,
            "sent": receipt.copied.sent, "bytes": receipt.copied.bytes,
        })),
        "promotion-referrer": receipt.and_then(|receipt| receipt.promotion),
        "summary-referrer": receipt.and_then(|receipt| receipt.summary),
    })
}
