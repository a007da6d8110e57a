//! What is said about the result: log line, annotations, outputs, step summary, JSON. Pure.

mod beside;
mod load;

use crate::{
    apply::{Receipt, Times},
    assertion::Mismatch,
    decide::{Verdict, Word},
    inputs::Settings,
    observe::{Asked, CaseVerdict, Counts, Observed, ProbeResult, ProbeState, Results},
    staleness::Ages,
};
use github::{Alert, Annotation, Exit, Report, Summary};
use serde::Serialize;
use std::time::Duration;
use subject::{Digest, ImageRef};

/// Cases shown as diffs in the step summary.
const SHOWN: usize = 25;

/// Cases annotated; the runner shows ten annotations per step, and the headline is one.
const ANNOTATED: usize = 9;

/// Everything a report says.
pub(crate) struct Told<'a> {
    pub(crate) settings: &'a Settings,
    /// The service that was asked.
    pub(crate) target: &'a str,
    pub(crate) image: Option<&'a ImageRef>,
    pub(crate) observed: &'a Observed,
    pub(crate) verdict: &'a Verdict,
    pub(crate) times: Times,
}

/// The machine-readable report.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    verdict: Word,
    reasons: &'a [String],
    target: String,
    shard: String,
    image: Option<String>,
    config: File<'a>,
    dataset: File<'a>,
    started_at: String,
    finished_at: String,
    probes: &'a [ProbeResult],
    running_version: Option<&'a ProbeResult>,
    counts: Option<Counts>,
    latency: Option<Latency>,
    compared: Option<beside::Beside<'a>>,
    ages: Option<&'a Ages>,
    load: Option<load::Loaded>,
    baseline_load: Option<load::Loaded>,
    wrong: Vec<&'a Asked>,
    statement: Option<Digest>,
}

#[derive(Serialize)]
struct File<'a> {
    path: &'a str,
    digest: Digest,
}

/// Of all answers, a timeout counted with the time it took; in milliseconds.
#[derive(Serialize)]
struct Latency {
    answers: u64,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    max_ms: f64,
}

/// The report of a run that came to its end.
pub(crate) fn report(told: &Told<'_>, receipt: &Receipt) -> Report {
    let exit = match told.verdict.word {
        Word::Pass => Exit::Done,
        Word::Fail => Exit::Refused,
        Word::Inconclusive => Exit::Unknown,
    };
    let report = Report::new(exit, told.verdict.word.text(), headline(told));
    let mut report = fill(report, told, receipt);
    for asked in told.observed.results.iter().flat_map(Results::wrong).take(ANNOTATED) {
        report = report.annotate(annotation(told, asked));
    }
    report
}

/// The report of a run that only read the files.
pub(crate) fn valid(settings: &Settings) -> Report {
    let (cases, path) = (settings.dataset.cases, &settings.dataset_path);
    let headline = format!("{} and the {cases} cases of {path} are understood; nobody was asked", settings.config.path);
    let document = serde_json::json!({
        "version": 1,
        "config": { "path": settings.config.path, "digest": settings.config.digest },
        "dataset": { "path": path, "digest": settings.dataset.digest },
        "cases": cases,
    });
    Report::new(Exit::Done, "valid", headline).output("cases", cases).document(&document)
}

/// The report of a run that was cancelled: what it had seen until then, and no verdict.
pub(crate) fn cancelled(told: &Told<'_>, receipt: &Receipt) -> Report {
    let asked = told.observed.results.as_ref().map_or(0, |results| results.counts.asked());
    let headline = format!("cancelled after {asked} of {} cases; no statement was left", told.settings.cases());
    fill(Report::new(Exit::Cancelled, "cancelled", headline), told, receipt)
}

fn fill(report: Report, told: &Told<'_>, receipt: &Receipt) -> Report {
    let counts = told.observed.results.as_ref().map(|results| results.counts).unwrap_or_default();
    let mut report = report
        .output("cases", told.settings.cases())
        .output("passed", counts.passed)
        .output("failed", counts.failed)
        .output("flaky", counts.flaky)
        .output("unanswered", counts.unanswered)
        .summary(summary(told, receipt))
        .document(&document(told, receipt));
    if let Some(image) = told.image {
        report = report.output("digest", image.digest);
    }
    if let Some(path) = &receipt.junit_path {
        report = report.output("junit-path", path);
    }
    if let Some(path) = &receipt.html_path {
        report = report.output("html-path", path);
    }
    if let Some(referrer) = receipt.referrer {
        report = report.output("referrer", referrer);
    }
    report
}

fn headline(told: &Told<'_>) -> String {
    let target = told.target;
    let reasons = told.verdict.reasons.join("; ");
    match (told.verdict.word, &told.observed.results) {
        (Word::Pass, Some(results)) if reasons.is_empty() => {
            let Counts { passed, total, .. } = results.counts;
            format!("{target} answers as it must: {passed} of {total} cases passed")
        }
        (Word::Pass, _) => format!("{target} answers as it must: {reasons}"),
        (Word::Fail, _) => format!("{target} does not answer as it must: {reasons}"),
        (Word::Inconclusive, _) => format!("it is not known whether {target} answers as it must: {reasons}"),
    }
}

fn annotation(told: &Told<'_>, asked: &Asked) -> Annotation {
    let first = asked.mismatches.first().map(line).unwrap_or_default();
    let more = asked.mismatches.len().saturating_sub(1);
    let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
    Annotation::error(format!("{first}{more}"))
        .title(format!("case {} {}", asked.id, asked.verdict.word()))
        .file(&told.settings.dataset_path, u32::try_from(asked.line).unwrap_or(u32::MAX))
}

fn line(mismatch: &Mismatch) -> String {
    format!("{}: expected {}, seen {}", mismatch.path, mismatch.expected, mismatch.seen)
}

fn summary(told: &Told<'_>, receipt: &Receipt) -> Summary {
    let observed = told.observed;
    let mut summary = Summary::new().table(&["", ""], facts(told, receipt)).heading("Checks");
    let probes = observed.probes.iter().chain(&observed.running_version).map(probe_row);
    let cases = observed.results.iter().map(|results| cases_row(&results.counts));
    summary = summary.table(&["check", "asked", "came to"], probes.chain(cases));
    if let (Some(plan), Some(measured)) = (&told.settings.canary.load, &observed.load) {
        summary = summary.extend(load::summary(plan, measured, observed.baseline_load.as_ref()));
    }
    let Some(results) = &observed.results else { return summary };
    summary = summary.extend(beside::summary(results, told.settings.canary.compare.as_ref()));
    if let Some(latency) = latency(results) {
        summary = summary.paragraph(&latency_line(told, &latency));
    }
    if results.counts.passed == results.counts.asked() {
        return summary;
    }
    summary = summary.heading("Cases that were not right");
    for asked in results.wrong().take(SHOWN) {
        let title = format!("{}, line {}: {}", asked.id, asked.line, asked.verdict.word());
        summary = summary.details(&title, Summary::new().code("diff", &diff(asked)));
    }
    let more = results.wrong().count().saturating_sub(SHOWN);
    if more > 0 {
        summary = summary.alert(Alert::Note, &format!("{more} more are in the JSON and JUnit reports."));
    }
    summary
}

fn facts(told: &Told<'_>, receipt: &Receipt) -> Vec<Vec<String>> {
    let settings = told.settings;
    let file = |path: &str, digest: &Digest| format!("`{path}` ({})", digest.short());
    let mut rows = vec![
        vec!["service".to_owned(), told.target.to_owned()],
        vec!["configuration".to_owned(), file(&settings.config.path, &settings.config.digest)],
        vec!["dataset".to_owned(), file(&settings.dataset_path, &settings.dataset.digest)],
    ];
    if let Some(version) = &settings.canary.running_version {
        rows.push(vec!["version that must run".to_owned(), format!("`{}`", version.expected)]);
    }
    if let Some(image) = told.image {
        rows.push(vec!["image".to_owned(), format!("`{image}`")]);
        let left = receipt.referrer.map_or_else(|| "none was left".to_owned(), |referrer| format!("`{referrer}`"));
        rows.push(vec!["statement".to_owned(), left]);
    }
    rows
}

fn probe_row(probe: &ProbeResult) -> Vec<String> {
    let state = match &probe.state {
        ProbeState::Good => "right".to_owned(),
        ProbeState::Bad(reason) => format!("wrong: {reason}"),
        ProbeState::Silent(reason) => format!("unknown: {reason}"),
    };
    vec![probe.name.clone(), format!("`{}`, {}×", probe.question, probe.attempts), state]
}

fn cases_row(counts: &Counts) -> Vec<String> {
    let named = [
        (counts.passed, CaseVerdict::Passed),
        (counts.failed, CaseVerdict::Failed),
        (counts.flaky, CaseVerdict::Flaky),
        (counts.unanswered, CaseVerdict::Unanswered),
    ];
    let told =
        named.iter().filter(|(count, _)| *count > 0).map(|(count, verdict)| format!("{count} {}", verdict.word()));
    let told = told.collect::<Vec<_>>().join(", ");
    vec!["cases".to_owned(), format!("{} of {}", counts.asked(), counts.total), told]
}

/// Expected against seen, each path on its own lines.
fn diff(asked: &Asked) -> String {
    if asked.mismatches.is_empty() {
        return "! the details of the first 1000 cases are kept".to_owned();
    }
    let lines = asked.mismatches.iter().map(|m| format!("- {}: {}\n+ {}: {}", m.path, m.expected, m.path, m.seen));
    lines.collect::<Vec<_>>().join("\n")
}

fn latency(results: &Results) -> Option<Latency> {
    let millis = |took: Duration| (took.as_secs_f64() * 1_000_000.0).round() / 1000.0;
    let of = |share| results.latencies.quantile(share).map(millis);
    Some(Latency {
        answers: results.latencies.total(),
        p50_ms: of(0.5)?,
        p95_ms: of(0.95)?,
        p99_ms: of(0.99)?,
        max_ms: of(1.0)?,
    })
}

fn latency_line(told: &Told<'_>, latency: &Latency) -> String {
    let Latency { answers, p50_ms, p95_ms, max_ms, .. } = latency;
    let at_once = told.settings.canary.target.concurrency;
    // 59 is the least sample whose maximum bounds the 95th percentile with 95 % confidence: 0.95^59 < 0.05.
    let caution = if *answers < 59 { ", and too few to bound a 95th percentile" } else { "" };
    format!(
        "Latency of {answers} answers: median {p50_ms:.1} ms, 95 % within {p95_ms:.1} ms, longest {max_ms:.1} ms. Up to \
         {at_once} questions at once, each asked when another was answered: this is no load test{caution}."
    )
}

fn document<'a>(told: &'a Told<'_>, receipt: &Receipt) -> Document<'a> {
    let Told { settings, observed, verdict, .. } = told;
    let results = observed.results.as_ref();
    Document {
        version: 1,
        verdict: verdict.word,
        reasons: &verdict.reasons,
        target: told.target.to_owned(),
        shard: settings.shard.to_string(),
        image: told.image.map(ToString::to_string),
        config: File { path: &settings.config.path, digest: settings.config.digest },
        dataset: File { path: &settings.dataset_path, digest: settings.dataset.digest },
        started_at: told.times.0.to_string(),
        finished_at: told.times.1.to_string(),
        probes: &observed.probes,
        running_version: observed.running_version.as_ref(),
        counts: observed.results.as_ref().map(|results| results.counts),
        latency: observed.results.as_ref().and_then(latency),
        compared: results
            .and_then(|it| Some(beside::Beside::of(it.compared.as_ref()?, settings.canary.compare.as_ref()?))),
        ages: results.and_then(|it| it.ages.as_ref()),
        load: observed.load.as_ref().map(load::Loaded::of),
        baseline_load: observed.baseline_load.as_ref().map(load::Loaded::of),
        wrong: observed.results.iter().flat_map(Results::wrong).collect(),
        statement: receipt.referrer,
    }
}
