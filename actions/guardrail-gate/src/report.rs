//! What a run says in the end: verdict, outputs, step summary, JSON document, and the statement about the image. Pure.

use crate::{
    config::{Baseline, Duty, Guardrail, Measure, Rule, Window},
    decide::{Figures, Overall, Verdict},
    inputs::{File, Mode, OnInconclusive},
    observe::{Past, Slot},
    progress::{baseline, bounds, evidence, limit, observed, percent, sparkline},
    watch::{Outcome, Watched},
};
use github::{Alert, Annotation, Exit, Report, Summary};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use signals::{Query, Track};
use std::collections::BTreeMap;
use subject::Digest;

/// What the verdict comes to under the run's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    /// How the process ends.
    pub exit: Exit,
    /// One word.
    pub word: &'static str,
    /// Whether the release has to go back.
    pub rollback: bool,
    /// Why, in one line.
    pub reason: String,
}

/// Concludes: only a failure, or a policy written out, rolls back; only a pass, or a policy written out, goes on.
#[must_use]
pub fn conclude(guardrails: &[Guardrail], outcome: &Outcome, policy: OnInconclusive) -> Conclusion {
    let reason = reason(guardrails, outcome);
    let conclusion = |exit, word, rollback| Conclusion { exit, word, rollback, reason: reason.clone() };
    match (outcome.overall, policy) {
        (Overall::Fail, _) => conclusion(Exit::Refused, "fail", true),
        _ if outcome.interrupted => conclusion(Exit::Cancelled, "cancelled", false),
        (Overall::Pass, _) => conclusion(Exit::Done, "pass", false),
        (Overall::Error, _) => conclusion(Exit::Unknown, "error", false),
        (_, OnInconclusive::Hold) => conclusion(Exit::Unknown, "inconclusive", false),
        (_, OnInconclusive::Fail) => conclusion(Exit::Refused, "inconclusive", true),
        (_, OnInconclusive::Pass) => conclusion(Exit::Done, "inconclusive", false),
    }
}

/// The required guardrails that decided, each with its reason.
fn reason(guardrails: &[Guardrail], outcome: &Outcome) -> String {
    let deciding = |verdict: &Verdict| match outcome.overall {
        Overall::Fail => *verdict == Verdict::Fail,
        Overall::Error => matches!(verdict, Verdict::Error { .. }),
        Overall::Pass => false,
        Overall::Inconclusive | Overall::Watching => matches!(verdict, Verdict::Inconclusive { .. }),
    };
    let each = guardrails
        .iter()
        .zip(&outcome.watched)
        .filter(|(g, w)| g.duty == Duty::Required && deciding(&w.finding.verdict));
    let texts: Vec<String> = each.map(|(g, w)| format!("{}: {}", g.name, why(g, w))).collect();
    let required = guardrails.iter().filter(|g| g.duty == Duty::Required).count();
    if outcome.overall == Overall::Pass {
        return format!("{required} of {required} required guardrails are within their limits");
    }
    texts.join("; ")
}

/// Why a guardrail has its verdict.
fn why(guardrail: &Guardrail, watched: &Watched) -> String {
    match (&watched.finding.verdict, &watched.finding.figures) {
        (Verdict::Inconclusive { doubt }, _) => doubt.to_string(),
        (Verdict::Error { text }, _) => text.clone(),
        (Verdict::Fail, Figures::Share { proven_at, .. }) => {
            let figures = &watched.finding.figures;
            let before = baseline(figures).map(|text| format!(", there {text}")).unwrap_or_default();
            let how = match proven_at {
                Some(interval) => format!("more than chance explains, since interval {interval}"),
                None => "over its hard limit".to_owned(),
            };
            format!("{}, limit {}{before}: {how}", observed(figures), limit(guardrail))
        }
        (Verdict::Fail, figures) => format!("{}, limit {}", observed(figures), limit(guardrail)),
        (Verdict::Pass, _) => "within its limit on enough evidence".to_owned(),
        (Verdict::Watching, _) => "not decided when the watch ended".to_owned(),
    }
}

/// The whole report, but for what became of the statement.
#[must_use]
pub fn report(file: &File, outcome: &Outcome, conclusion: &Conclusion, mode: Mode) -> Report {
    let what = if mode == Mode::Preflight { "the preflight" } else { "the release" };
    let headline = match conclusion.exit {
        Exit::Done if conclusion.word == "pass" => format!("{what} passes: {}", conclusion.reason),
        Exit::Done => format!("{what} goes on without proof (on-inconclusive: pass): {}", conclusion.reason),
        Exit::Refused => format!("{what} fails: {}", conclusion.reason),
        Exit::Cancelled => format!("cancelled after {} of {} intervals", outcome.settled, outcome.span.intervals),
        Exit::Unknown | Exit::BadInput => format!("cannot tell about {what}: {}", conclusion.reason),
    };
    let mut report = Report::new(conclusion.exit, conclusion.word, headline.clone());
    if conclusion.exit == Exit::Done && conclusion.word != "pass" {
        report = report.annotate(Annotation::warning(headline));
    }
    report
        .output("rollback", conclusion.rollback)
        .output("reason", &conclusion.reason)
        .summary(summary(file, outcome, conclusion))
}

fn summary(file: &File, outcome: &Outcome, conclusion: &Conclusion) -> Summary {
    let columns = ["guardrail", "limit", "observed", "95 % interval", "evidence", "verdict", "course", "reason"];
    let each = || file.plan.guardrails.iter().zip(&outcome.watched);
    let rows = each().map(|(guardrail, watched)| {
        let duty = if guardrail.duty == Duty::Observe { " (observed only)" } else { "" };
        let figures = &watched.finding.figures;
        vec![
            format!("{}{duty}", guardrail.name),
            limit(guardrail),
            observed(figures),
            bounds(figures),
            evidence(figures),
            watched.finding.verdict.word().to_owned(),
            sparkline(&watched.slots),
            why(guardrail, watched),
        ]
    });
    let alert = match conclusion.exit {
        Exit::Done if conclusion.word == "pass" => Alert::Tip,
        Exit::Done => Alert::Warning,
        Exit::Refused => Alert::Caution,
        _ => Alert::Warning,
    };
    let window = format!(
        "Watched {} of {} intervals of {} s, {} to {}. Budget for failing a healthy release: {}, {} for one guardrail.",
        outcome.settled,
        outcome.span.intervals,
        outcome.span.interval,
        outcome.span.start,
        outcome.span.end(),
        file.plan.false_rollback_budget,
        percent(file.plan.alpha()),
    );
    let queries = each().map(|(guardrail, _)| {
        let asked: Vec<String> = guardrail.measure.queries().map(words).collect();
        vec![guardrail.name.clone(), guardrail.source.clone(), asked.join(" / ")]
    });
    let queries = Summary::new().table(&["guardrail", "source", "asked"], queries);
    let table = Summary::new().alert(alert, &conclusion.reason).table(&columns, rows).paragraph(&window);
    table.details("What was asked", queries)
}

/// A query as it was sent.
fn words(query: &Query) -> String {
    match query {
        Query::CloudWatch(metric) => {
            let dimensions: Vec<String> =
                metric.dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{} {} {} {{{}}}", metric.namespace, metric.name, metric.statistic, dimensions.join(", "))
        }
        Query::Alarm { name } => format!("alarm {name}"),
        Query::Counter { selector } => format!("growth of {selector}"),
        Query::Expression { promql } => promql.clone(),
        Query::Series { query } => query.clone(),
        Query::Rows { select } => format!("rows {select}"),
        Query::Number { select } => format!("number {select}"),
        Query::Probe { probe, failed } => {
            let what = if *failed { "failed probes" } else { "probes" };
            format!("{what} of {} every {} s", probe.path, probe.every)
        }
    }
}

/// Everything needed to come to the same verdict again: the rules, the raw answers, and what was made of them.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    version: u32,
    verdict: &'static str,
    rollback: bool,
    reason: &'a str,
    file: FileEntry<'a>,
    window: WindowEntry<'a>,
    false_rollback_budget: String,
    alpha: f64,
    on_inconclusive: &'static str,
    guardrails: Vec<Entry<'a>>,
    decided_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct FileEntry<'a> {
    path: &'a std::path::Path,
    digest: Digest,
    text: &'a str,
    parameters: BTreeMap<&'a str, &'a str>,
}

#[derive(Debug, Serialize)]
struct WindowEntry<'a> {
    start: Timestamp,
    end: Timestamp,
    settled: usize,
    interrupted: bool,
    preflight: bool,
    #[serde(flatten)]
    settings: &'a Window,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    name: &'a str,
    duty: Duty,
    source: &'a str,
    measure: &'a Measure,
    rule: &'a Rule,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<&'a Baseline>,
    verdict: &'a Verdict,
    reason: String,
    figures: &'a Figures,
    intervals: &'a [Slot],
    answers: &'a [Track],
    past: &'a Past,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// The document of a run, which was decided at `now`.
#[must_use]
pub fn document<'a>(
    file: &'a File,
    outcome: &'a Outcome,
    conclusion: &'a Conclusion,
    policy: OnInconclusive,
    now: Timestamp,
) -> Document<'a> {
    let entry = |(guardrail, watched): (&'a Guardrail, &'a Watched)| Entry {
        name: &guardrail.name,
        duty: guardrail.duty,
        source: &guardrail.source,
        measure: &guardrail.measure,
        rule: &guardrail.rule,
        baseline: guardrail.baseline.as_ref(),
        verdict: &watched.finding.verdict,
        reason: why(guardrail, watched),
        figures: &watched.finding.figures,
        intervals: &watched.slots,
        answers: &watched.tracks,
        past: &watched.past,
        error: watched.error.as_deref(),
    };
    let parameters = file.parameters.iter().map(|given| (given.name.as_str(), given.value.as_str())).collect();
    Document {
        version: 1,
        verdict: conclusion.word,
        rollback: conclusion.rollback,
        reason: &conclusion.reason,
        file: FileEntry { path: &file.path, digest: file.digest, text: &file.text, parameters },
        window: WindowEntry {
            start: outcome.span.start,
            end: outcome.span.end(),
            settled: outcome.settled,
            interrupted: outcome.interrupted,
            preflight: outcome.preflight,
            settings: &file.plan.window,
        },
        false_rollback_budget: file.plan.false_rollback_budget.to_string(),
        alpha: file.plan.alpha(),
        on_inconclusive: policy.word(),
        guardrails: file.plan.guardrails.iter().zip(&outcome.watched).map(entry).collect(),
        decided_at: now,
    }
}

/// The predicate of the statement about the image: the document as it is.
#[must_use]
pub fn predicate(document: &Document<'_>) -> Value {
    serde_json::to_value(document).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Limit, Piece};
    use crate::decide::{Doubt, Finding};
    use signals::Span;

    fn figures() -> Figures {
        Figures::Share {
            bad: 3,
            total: 4,
            lower: 0.5,
            upper: 1.0,
            limit: 0.01,
            burst: 0.0,
            evidence: 120.0,
            needed: 100.0,
            proven_at: Some(2),
            baseline_bad: None,
            baseline_total: None,
        }
    }

    fn outcome(overall: Overall, verdict: Verdict, interrupted: bool) -> Outcome {
        let finding = Finding { verdict, figures: figures() };
        let span = Span { start: Timestamp::UNIX_EPOCH, interval: 60, intervals: 3 };
        let watched = vec![Watched::for_test(finding)];
        Outcome { span, settled: 1, watched, overall, interrupted, preflight: false }
    }

    fn guardrails() -> Vec<Guardrail> {
        let value = Query::Expression { promql: "up".into() };
        let limit = Limit::At("1%".parse().unwrap());
        let rule = Rule::Share { limit, min_samples: 9, unit: Piece::Auto, hard: None };
        let measure = Measure::Value { value, over: None, samples: None };
        let (name, source) = ("errors".into(), "s".into());
        vec![Guardrail { name, source, measure, rule, duty: Duty::Required, baseline: None }]
    }

    #[test]
    fn only_a_failure_or_a_written_policy_rolls_back_and_only_a_pass_or_a_written_policy_goes_on() {
        use OnInconclusive::{Fail, Hold, Pass};
        let doubt = || Verdict::from(Doubt::NoData);
        let error = || Verdict::Error { text: "down".into() };
        for (overall, verdict, interrupted, policy, exit, word, rollback) in [
            (Overall::Pass, Verdict::Pass, false, Hold, Exit::Done, "pass", false),
            (Overall::Pass, Verdict::Pass, false, Fail, Exit::Done, "pass", false),
            (Overall::Fail, Verdict::Fail, false, Pass, Exit::Refused, "fail", true),
            (Overall::Fail, Verdict::Fail, true, Hold, Exit::Refused, "fail", true),
            (Overall::Error, error(), false, Fail, Exit::Unknown, "error", false),
            (Overall::Error, error(), false, Pass, Exit::Unknown, "error", false),
            (Overall::Inconclusive, doubt(), false, Hold, Exit::Unknown, "inconclusive", false),
            (Overall::Inconclusive, doubt(), false, Fail, Exit::Refused, "inconclusive", true),
            (Overall::Inconclusive, doubt(), false, Pass, Exit::Done, "inconclusive", false),
            (Overall::Inconclusive, doubt(), true, Pass, Exit::Cancelled, "cancelled", false),
            (Overall::Inconclusive, doubt(), true, Fail, Exit::Cancelled, "cancelled", false),
        ] {
            let concluded = conclude(&guardrails(), &outcome(overall, verdict, interrupted), policy);
            assert_eq!(
                (concluded.exit, concluded.word, concluded.rollback),
                (exit, word, rollback),
                "{overall:?} {policy:?}"
            );
            assert!(!concluded.reason.is_empty());
        }
        let failed = conclude(&guardrails(), &outcome(Overall::Fail, Verdict::Fail, false), Hold);
        assert_eq!(
            failed.reason,
            "errors: 3 of 4 (75 %), limit ≤ 1 % bad: more than chance explains, since interval 2"
        );
    }
}
