//! The verdict of a report again, from the file's text and the raw numbers in it: nobody is asked.

use crate::{
    decide::Overall,
    inputs::{File, OnInconclusive},
    observe::{Observed, Past},
    preflight, report,
    watch::Outcome,
};
use document::Parameter;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use signals::{Span, Track};
use std::{collections::BTreeMap, path::PathBuf};

/// The largest report read, in bytes.
pub const LARGEST: usize = 64 * 1024 * 1024;

/// What of a document is taken as given; everything else is computed from it.
#[derive(Deserialize)]
struct Given {
    file: GivenFile,
    window: GivenWindow,
    on_inconclusive: String,
    guardrails: Vec<GivenAnswers>,
    decided_at: Timestamp,
}

#[derive(Deserialize)]
struct GivenFile {
    path: PathBuf,
    text: String,
    parameters: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct GivenWindow {
    start: Timestamp,
    settled: usize,
    interrupted: bool,
    preflight: bool,
}

#[derive(Deserialize)]
struct GivenAnswers {
    answers: Vec<Track>,
    past: Past,
    #[serde(default)]
    error: Option<String>,
}

/// The document in the bytes of a report, of a statement, or of a predicate.
///
/// # Errors
/// What the bytes are not.
pub fn document(bytes: &[u8]) -> Result<Value, String> {
    let mut value: Value = serde_json::from_slice(bytes).map_err(|error| format!("not JSON: {error}"))?;
    let inner = ["report", "predicate"].into_iter().find(|key| value.get(key).is_some_and(Value::is_object));
    Ok(match inner {
        Some(key) => value[key].take(),
        None => value,
    })
}

/// What the numbers of `document` come to, as a document again.
///
/// # Errors
/// Why it cannot be computed: another format, a file that does not read.
pub fn replay(document: &Value) -> Result<Value, String> {
    let given: Given = Given::deserialize(document).map_err(|error| format!("not a guardrail report: {error}"))?;
    let parameters = given.file.parameters.into_iter().map(|(name, value)| Parameter { name, value }).collect();
    let file = File::read(&given.file.path, given.file.text, parameters).map_err(|problems| {
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        format!("its guardrail file does not read: {}", texts.join("; "))
    })?;
    let policy = OnInconclusive::called(&given.on_inconclusive)
        .ok_or_else(|| format!("`{}` is no policy", given.on_inconclusive))?;
    let plan = &file.plan;
    if given.guardrails.len() != plan.guardrails.len() || given.window.settled > plan.window.intervals {
        return Err("its answers do not belong to its guardrail file".to_owned());
    }
    let span = Span { start: given.window.start, interval: plan.window.interval, intervals: plan.window.intervals };
    let (mut pasts, mut answers) = (Vec::new(), Vec::new());
    for one in given.guardrails {
        pasts.push(one.past);
        answers.push((one.answers, one.error));
    }
    let mut outcome = Outcome::begin(span, pasts);
    for ((watched, guardrail), (tracks, error)) in outcome.watched.iter_mut().zip(&plan.guardrails).zip(answers) {
        let observed = Observed::of(&guardrail.measure, tracks);
        (watched.slots, watched.tracks, watched.error) = (observed.slots, observed.tracks, error);
    }
    outcome.conclude(plan, given.window.settled);
    let outcome = match (given.window.interrupted, outcome.overall) {
        (true, _) => outcome.interrupt(plan),
        (false, Overall::Watching | Overall::Error) => outcome.close(plan),
        (false, _) => outcome,
    };
    let outcome = if given.window.preflight { preflight::reread(plan, outcome) } else { outcome };
    let conclusion = report::conclude(&plan.guardrails, &outcome, policy);
    let again = report::document(&file, &outcome, &conclusion, policy, given.decided_at);
    serde_json::to_value(&again).map_err(|error| error.to_string())
}

/// The place of the first difference between two documents, as a JSON pointer.
#[must_use]
pub fn difference(one: &Value, other: &Value) -> Option<String> {
    if serde_json::to_string(one).ok() == serde_json::to_string(other).ok() {
        return None;
    }
    let deeper = |key: &str, a: &Value, b: &Value| difference(a, b).map(|rest| format!("/{key}{rest}"));
    let found = match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys());
            keys.into_iter().find_map(|key| match (a.get(key), b.get(key)) {
                (Some(a), Some(b)) => deeper(key, a, b),
                _ => Some(format!("/{key}")),
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(index, (a, b))| deeper(&index.to_string(), a, b))
        }
        _ => None,
    };
    Some(found.unwrap_or_default())
}
