//! The reports of all shards as one. Pure, but for the files' bytes, which come in.

use crate::{
    cases::Shard,
    compare::Compared,
    observe::{Asked, Counts, Observed, ProbeResult, ProbeState, Results},
    staleness::Ages,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};
use subject::Digest;

/// The largest report, in bytes.
pub(crate) const LARGEST: usize = 64 * 1024 * 1024;

/// What every shard must have been asked.
pub(crate) struct Same {
    pub(crate) config: Digest,
    pub(crate) dataset: Digest,
}

/// What all shards saw together.
///
/// # Errors
/// Everything that makes them no whole: a report that is none, of other files or another service, a shard twice or missing.
pub(crate) fn merge(reports: &[(String, Vec<u8>)], same: &Same) -> Result<(Observed, String), Vec<String>> {
    let mut problems = Vec::new();
    let mut parts = Vec::new();
    for (name, bytes) in reports {
        match part(bytes, same) {
            Ok(part) => parts.push(part),
            Err(problem) => problems.push(format!("{name}: {problem}")),
        }
    }
    let shards: BTreeSet<(u64, u64)> = parts.iter().map(|part| (part.shard.of, part.shard.number)).collect();
    let targets: BTreeSet<&str> = parts.iter().map(|part| part.target.as_str()).collect();
    if targets.len() > 1 {
        problems
            .push(format!("they asked different services: {}", targets.iter().copied().collect::<Vec<_>>().join(", ")));
    }
    let of = parts.first().map_or(1, |part| part.shard.of);
    let missing = (1..=of).filter(|number| !shards.contains(&(of, *number))).map(|number| format!("{number}/{of}"));
    let missing: Vec<String> = missing.collect();
    if problems.is_empty() && (shards.len() != parts.len() || shards.iter().any(|(other, _)| *other != of)) {
        problems.push("a shard is there twice, or of another number of shards".to_owned());
    }
    if problems.is_empty() && !missing.is_empty() {
        problems.push(format!("the shards {} are missing", missing.join(", ")));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let target = parts.first().map(|part| part.target.clone()).unwrap_or_default();
    Ok((together(parts), target))
}

/// One shard's report.
struct Part {
    shard: Shard,
    target: String,
    verdict: String,
    reasons: Vec<String>,
    counts: Option<Counts>,
    wrong: Vec<Asked>,
    ages: Option<Ages>,
    compared: Option<Value>,
}

fn part(bytes: &[u8], same: &Same) -> Result<Part, String> {
    let mut whole: Value = serde_json::from_slice(bytes).map_err(|error| format!("is no report: {error}"))?;
    let report = if whole.get("report").is_some() { whole["report"].take() } else { whole };
    let digest = |member: &str| report[member]["digest"].as_str().unwrap_or_default().to_owned();
    for (member, wanted) in [("config", same.config), ("dataset", same.dataset)] {
        if digest(member) != wanted.to_string() {
            return Err(format!("is of another {member} ({})", digest(member)));
        }
    }
    let shard = report["shard"].as_str().unwrap_or_default().parse()?;
    let text = |member: &str| report[member].as_str().unwrap_or_default().to_owned();
    Ok(Part {
        shard,
        target: text("target"),
        verdict: text("verdict"),
        reasons: of(&report, "reasons")?.unwrap_or_default(),
        counts: of(&report, "counts")?,
        wrong: of(&report, "wrong")?.unwrap_or_default(),
        ages: of(&report, "ages")?,
        compared: of(&report, "compared")?,
    })
}

fn of<T: DeserializeOwned>(report: &Value, member: &str) -> Result<Option<T>, String> {
    let value = report.get(member).cloned().unwrap_or(Value::Null);
    serde_json::from_value(value).map_err(|error| format!("has no usable `{member}`: {error}"))
}

fn together(parts: Vec<Part>) -> Observed {
    let mut observed = Observed::default();
    let mut results = Results::default();
    for part in parts {
        let Some(counts) = part.counts else {
            // A shard that did not come to its cases says why, and the whole is what it is.
            let reason = part.reasons.join("; ");
            let state = if part.verdict == "fail" { ProbeState::Bad(reason) } else { ProbeState::Silent(reason) };
            let (name, question) = (format!("shard {}", part.shard), part.target);
            observed.probes.push(ProbeResult { name, question, state, attempts: 1, took: Duration::ZERO });
            continue;
        };
        results.counts.merge(&counts);
        results.asked.extend(part.wrong);
        if let Some(ages) = &part.ages {
            results.ages.get_or_insert_default().merge(ages);
        }
        if let Some(compared) = &part.compared {
            results.compared.get_or_insert_with(Compared::default).merge(compared);
        }
    }
    results.finish();
    if observed.probes.is_empty() {
        observed.results = Some(results);
    }
    observed
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report(shard: &str, failed: u64) -> Value {
        json!({"report": {"shard": shard, "target": "http://x", "verdict": "pass", "reasons": [],
            "config": {"digest": Digest::of(b"c")}, "dataset": {"digest": Digest::of(b"d")},
            "counts": {"total": 5, "passed": 5 - failed, "failed": failed, "flaky": 0, "unanswered": 0},
            "wrong": [{"id": shard, "line": 3, "verdict": "failed", "mismatches": []}],
            "ages": {"fresh": 1, "stale": 0, "blocked": 0, "example": null}}})
    }

    fn merged(reports: &[Value]) -> Result<Observed, Vec<String>> {
        let same = Same { config: Digest::of(b"c"), dataset: Digest::of(b"d") };
        let reports: Vec<_> = reports.iter().map(|report| ("r".to_owned(), report.to_string().into_bytes())).collect();
        merge(&reports, &same).map(|(observed, _)| observed)
    }

    #[test]
    fn all_shards_are_one_result() {
        let observed = merged(&[report("2/2", 1), report("1/2", 0)]).unwrap();
        let results = observed.results.unwrap();
        assert_eq!((results.counts.total, results.counts.failed, results.asked.len()), (10, 1, 2));
        assert_eq!(results.ages.unwrap().fresh, 2);
    }

    #[test]
    fn what_is_not_the_whole_is_nothing() {
        let told = |reports: &[Value]| merged(reports).unwrap_err().join("; ");
        assert_eq!(told(&[report("1/3", 0), report("3/3", 0)]), "the shards 2/3 are missing");
        assert!(told(&[report("1/2", 0), report("1/2", 0)]).contains("there twice"));
        assert!(told(&[report("1/2", 0), report("2/3", 0)]).contains("another number of shards"));
        assert!(told(&[json!([])]).contains("is of another config"));
        let mut other = report("2/2", 0);
        other["report"]["target"] = json!("http://y");
        assert!(told(&[report("1/2", 0), other.clone()]).contains("different services"));
        other["report"]["dataset"]["digest"] = json!("sha256:00");
        assert!(told(&[other]).contains("is of another dataset"));
        let mut stopped = report("2/2", 0);
        (stopped["report"]["counts"], stopped["report"]["verdict"]) = (Value::Null, json!("inconclusive"));
        let observed = merged(&[report("1/2", 0), stopped]).unwrap();
        assert!(observed.results.is_none() && matches!(observed.probes[0].state, ProbeState::Silent(_)));
    }
}
