//! Rules of other tools as a guardrail file: Argo Rollouts' AnalysisTemplate, Flagger's MetricTemplate, Keptn's SLO and k6's
//! thresholds. Pure: a text comes in, a text and remarks come out.
//!
//! What a rule says is kept; what it leaves open becomes a parameter; what it cannot keep is remarked. A ratio of two
//! counters becomes a share, because then its error rate can be stated, and the remark says what the rule's own was.

mod argo;
mod flagger;
mod k6;
mod keptn;
mod promql;

use document::Json;
use std::fmt::Write;

/// A guardrail file made of somebody else's rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// What was read, in its tool's words.
    pub from: &'static str,
    /// The guardrail file.
    pub text: String,
    /// What could not be kept, and what the rules were worth.
    pub remarks: Vec<String>,
}

/// A guardrail file half written.
#[derive(Default)]
struct Draft {
    watch: Option<(u64, u64)>,
    sources: Vec<(String, String)>,
    guardrails: Vec<String>,
    remarks: Vec<String>,
}

/// A limit as other tools write one.
#[derive(Debug, Clone, PartialEq)]
enum Condition {
    AtMost(f64),
    AtLeast(f64),
}

/// Reads the rules of another tool.
///
/// # Errors
/// Why the text is none of theirs, or holds no rule that could be kept.
pub fn import(text: &str) -> Result<Imported, String> {
    let root = Json::from_yaml(text).map_err(|problem| problem.to_string())?;
    let kind = word(&root, "kind").unwrap_or_default();
    let (from, draft) = match kind {
        "AnalysisTemplate" | "ClusterAnalysisTemplate" => ("Argo Rollouts AnalysisTemplate", argo::read(&root)?),
        "MetricTemplate" => ("Flagger MetricTemplate", flagger::read(&root)?),
        "" if root.get("objectives").is_some() => ("Keptn SLO", keptn::read(&root)?),
        "" if root.get("thresholds").is_some() => ("k6 thresholds", k6::read(&root)?),
        other => {
            let known = "known are AnalysisTemplate, MetricTemplate, Keptn's SLO (`objectives`) and k6's `thresholds`";
            return Err(format!("nothing that can be imported (kind `{other}`); {known}"));
        }
    };
    if draft.guardrails.is_empty() {
        return Err(format!("a {from} without a rule that could be kept: {}", draft.remarks.join("; ")));
    }
    Ok(Imported { from, text: draft.write(from), remarks: draft.remarks })
}

impl Draft {
    /// The name of a source that is written like this; new ones are added.
    fn source(&mut self, name: &str, text: String) -> String {
        if let Some((known, _)) = self.sources.iter().find(|(_, other)| *other == text) {
            return known.clone();
        }
        let name = if self.sources.is_empty() { name.to_owned() } else { format!("{name}-{}", self.sources.len() + 1) };
        self.sources.push((name.clone(), text));
        name
    }

    fn write(&self, from: &str) -> String {
        let (intervals, seconds) = self.watch.unwrap_or((5, 60));
        let mut text = format!("# Imported from {from}.\nversion: 1\n");
        let watch = intervals.max(1) * seconds.max(1);
        // Writing to a string does not fail.
        let _ = writeln!(text, "window: {{ watch: {watch}s, interval: {}s }}\nsources:", seconds.max(1));
        for (name, source) in &self.sources {
            let _ = writeln!(text, "  {name}: {source}");
        }
        text.push_str("guardrails:\n");
        self.guardrails.iter().for_each(|guardrail| text.push_str(guardrail));
        text
    }
}

impl Condition {
    /// `max: 5` or `min: 5`, as a share where it is one.
    fn limit(&self, share: bool) -> String {
        let number = |value: f64| if share { format!("\"{}%\"", rounded(value * 100.0)) } else { rounded(value) };
        match *self {
            Self::AtMost(value) => format!("max: {}", number(value)),
            Self::AtLeast(value) => format!("min: {}", number(value)),
        }
    }

    /// From an operator and a number.
    fn of(operator: &str, number: f64) -> Option<Self> {
        match operator {
            "<" | "<=" => Some(Self::AtMost(number)),
            ">" | ">=" => Some(Self::AtLeast(number)),
            _ => None,
        }
    }

    /// What must hold where this must not.
    fn contrary(self) -> Self {
        match self {
            Self::AtMost(value) => Self::AtLeast(value),
            Self::AtLeast(value) => Self::AtMost(value),
        }
    }
}

/// `result[0] <= 0.01`: whatever it is that is compared, an operator, and a number.
fn condition(text: &str) -> Option<Condition> {
    let at = text.find(['<', '>'])?;
    let length = if text[at + 1..].starts_with('=') { 2 } else { 1 };
    let number = text[at + length..].trim().trim_end_matches(['%', ')']).trim();
    Condition::of(&text[at..at + length], number.parse().ok()?)
}

/// A number without the digits that only binary has.
fn rounded(value: f64) -> String {
    let text = format!("{value:.9}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A text in quotes that YAML and JSON share, with `{{ name }}` and `{{args.name}}` as parameters.
fn quoted(text: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once("{{") {
        let Some((name, after)) = inner.split_once("}}") else { break };
        let name = name.trim().trim_start_matches("args.").replace(['.', ' '], "_");
        filled.push_str(before);
        let _ = write!(filled, "${{{name}}}");
        rest = after;
    }
    filled.push_str(rest);
    serde_json::to_string(&filled).unwrap_or_default()
}

fn word<'a>(json: &'a Json, key: &str) -> Option<&'a str> {
    match json.get(key) {
        Some(Json::Text(text) | Json::Number(text)) => Some(text),
        _ => None,
    }
}

fn list<'a>(json: &'a Json, key: &str) -> &'a [Json] {
    match json.get(key) {
        Some(Json::List(items)) => items,
        _ => &[],
    }
}

/// A whole number, such as a count of measurements.
fn whole(json: &Json, key: &str) -> Option<u64> {
    word(json, key)?.parse().ok()
}

/// `5m`, `30s`: in seconds.
fn seconds(text: &str) -> Option<u64> {
    text.parse::<crate::config::Length>().ok()?.whole_seconds().map(u64::from).filter(|&seconds| seconds > 0)
}

/// How often "more than `limit` in `fails` of `looks` intervals" rolls back a release at half the limit, with 60 requests in
/// an interval.
fn false_rollbacks(limit: f64, fails: u64, looks: u64) -> f64 {
    const REQUESTS: u64 = 60;
    let allowed = stats::whole((limit * stats::real(REQUESTS)).floor());
    let over = stats::binomial::chance_of_at_least(allowed + 1, REQUESTS, limit / 2.0);
    stats::binomial::chance_of_at_least(fails, looks, over)
}

#[cfg(test)]
mod tests;
