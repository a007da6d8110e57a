//! What is said about a load check.

use crate::load::{Load, Measured, decide};
use github::Summary;
use serde::Serialize;
use std::time::Duration;

/// Shown of every distribution, with the share of requests each names.
const SHOWN: [(&str, f64); 6] =
    [("p50", 0.5), ("p75", 0.75), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999)];

/// A load check in the machine-readable report; times in milliseconds.
#[derive(Serialize)]
pub(super) struct Loaded {
    due: u64,
    sent: u64,
    right: u64,
    wrong: u64,
    late: u64,
    unanswered: u64,
    answers_per_second: f64,
    quantiles_ms: Vec<(&'static str, f64)>,
    longest_ms: f64,
    schedule_lag_p99_ms: f64,
    exhausted: u64,
    example: Option<String>,
    /// HdrHistogram's compressed V2 encoding, in microseconds.
    histogram: String,
}

impl Loaded {
    pub(super) fn of(measured: &Measured) -> Self {
        let Measured { latencies, lags, .. } = measured;
        let quantile = |(name, share): (&'static str, f64)| Some((name, millis(latencies.quantile(share)?)));
        Self {
            due: measured.due,
            sent: measured.sent,
            right: measured.right,
            wrong: measured.wrong,
            late: measured.late,
            unanswered: measured.unanswered,
            answers_per_second: (measured.rate() * 10.0).round() / 10.0,
            quantiles_ms: SHOWN.into_iter().filter_map(quantile).collect(),
            longest_ms: millis(latencies.longest()),
            schedule_lag_p99_ms: millis(lags.quantile(0.99).unwrap_or_default()),
            exhausted: measured.exhausted,
            example: measured.example.clone(),
            histogram: latencies.encode(),
        }
    }
}

/// The section of the step summary: what was found, and the distribution as a plot.
pub(super) fn summary(plan: &Load, measured: &Measured, baseline: Option<&Measured>) -> Summary {
    let lag = millis(measured.lags.quantile(0.99).unwrap_or_default());
    let (sent, rate) = (measured.sent, measured.rate());
    let line = format!(
        "{sent} requests, {}/s due, {rate:.1}/s answered; {} right, {} wrong, {} late, {} unanswered. Latencies count from the \
         moment a request was due; 99 % were sent within {lag:.2} ms of it. {} of warm-up are left out.",
        plan.rate, measured.right, measured.wrong, measured.late, measured.unanswered, plan.warmup
    );
    let findings = decide(plan, measured, baseline);
    let rows = [("wrong", findings.wrong), ("unknown", findings.unknown), ("right", findings.right)];
    let rows =
        rows.into_iter().flat_map(|(word, texts)| texts.into_iter().map(move |text| vec![word.to_owned(), text]));
    let summary = Summary::new().heading("Load").paragraph(&line).table(&["", "found"], rows);
    match plot(measured, baseline) {
        Some(plot) => summary.mermaid(&plot),
        None => summary,
    }
}

/// Latency over the share of requests; the baseline, where there is one, as the second line.
fn plot(measured: &Measured, baseline: Option<&Measured>) -> Option<String> {
    let line = |measured: &Measured| {
        let values = SHOWN.iter().map(|(_, share)| measured.latencies.quantile(*share).map(|v| millis(v).to_string()));
        Some(format!("  line [{}]", values.collect::<Option<Vec<_>>>()?.join(", ")))
    };
    let names = SHOWN.map(|(name, _)| format!("\"{name}\"")).join(", ");
    let head = format!("xychart-beta\n  title \"Latency by share of requests\"\n  x-axis [{names}]\n  y-axis \"ms\"");
    let lines: Vec<String> = [Some(head), line(measured), baseline.and_then(line)].into_iter().flatten().collect();
    (lines.len() > 1).then(|| lines.join("\n"))
}

fn millis(latency: Duration) -> f64 {
    (latency.as_secs_f64() * 1_000_000.0).round() / 1000.0
}
