//! The reports of all shards as one. Pure, but for the files' bytes, which come in.

use crate::{
    assertion::Mismatch,
    cases::Shard,
    compare::Compared,
    observe::{Asked, CaseVerdict, Counts, Observed, ProbeResult, ProbeState, Results},
    staleness::Ages,
};
use document::Json;
use std::{collections::BTreeSet, time::Duration};
use subject::Digest;

/// The largest report, in bytes.
pub(crate) const LARGEST: usize = 64 * 1024 * 1024;

/// No shard counts more than this, so that no sum of counts overflows.
const MOST: u64 = 1 << 40;

/// What every shard must have been asked.
pub(crate) struct Same {
    pub(crate) config: Digest,
    pub(crate) dataset: Digest,
    /// How many cases there are to be asked, in all shards together.
    pub(crate) cases: u64,
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
    // A shard that did not come to its cases has no counts, and says why.
    let counts: Option<Vec<u64>> = parts.iter().map(|part| Some(part.counts?.total)).collect();
    if let Some(asked) = counts.map(|totals| totals.iter().sum::<u64>()).filter(|asked| *asked != same.cases) {
        problems.push(format!("together they have {asked} cases, and the dataset has {}", same.cases));
    }
    problems.extend(lacking(&parts));
    if !problems.is_empty() {
        return Err(problems);
    }
    let target = parts.first().map(|part| part.target.clone()).unwrap_or_default();
    Ok((together(parts), target))
}

/// What some shards that asked cases have figures of, and others have not.
fn lacking(parts: &[Part]) -> Vec<String> {
    let asked = || parts.iter().filter(|part| part.counts.is_some());
    let (ages, compared) = (asked().map(|part| part.ages.is_some()), asked().map(|part| part.compared.is_some()));
    let mixed = [("staleness", ages.collect::<BTreeSet<_>>()), ("compare", compared.collect())];
    let mixed = mixed.into_iter().filter(|(_, there)| there.len() > 1);
    mixed.map(|(name, _)| format!("only some of the shards have figures of `{name}`")).collect()
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
    compared: Option<Compared>,
}

fn part(bytes: &[u8], same: &Same) -> Result<Part, String> {
    let whole = Json::parse(bytes).map_err(|fault| format!("is no report: {fault}"))?;
    let report = whole.get("report").unwrap_or(&whole);
    for (member, wanted) in [("config", same.config), ("dataset", same.dataset)] {
        let digest = report.get(member).map(|file| text(file, "digest")).unwrap_or_default();
        if digest != wanted.to_string() {
            return Err(format!("is of another {member} ({digest})"));
        }
    }
    let reasons = list(report, "reasons").iter().filter_map(|reason| match reason {
        Json::Text(reason) => Some(reason.clone()),
        _ => None,
    });
    let wrong = list(report, "wrong").iter().map(|case| asked(case).ok_or("has a case that is not understood"));
    let counts = there(report, "counts").map(|it| counts(it).ok_or("has counts that do not add up")).transpose()?;
    let asked = counts.as_ref().map_or(MOST, Counts::asked);
    let ages = there(report, "ages").map(|it| ages(it, asked).ok_or("has ages that are not understood"));
    let compared =
        there(report, "compared").map(|it| compared(it, asked).ok_or("has a comparison that is not understood"));
    Ok(Part {
        shard: text(report, "shard").parse()?,
        target: text(report, "target"),
        verdict: text(report, "verdict"),
        reasons: reasons.collect(),
        counts,
        wrong: wrong.collect::<Result<_, _>>()?,
        ages: ages.transpose()?,
        compared: compared.transpose()?,
    })
}

/// A member that is there and not `null`.
fn there<'a>(report: &'a Json, member: &str) -> Option<&'a Json> {
    report.get(member).filter(|value| **value != Json::Null)
}

fn text(report: &Json, member: &str) -> String {
    match report.get(member) {
        Some(Json::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

fn list<'a>(report: &'a Json, member: &str) -> &'a [Json] {
    match report.get(member) {
        Some(Json::List(items)) => items,
        _ => &[],
    }
}

fn number(report: &Json, member: &str) -> Option<u64> {
    match report.get(member)? {
        Json::Number(token) => token.parse().ok().filter(|number| *number <= MOST),
        _ => None,
    }
}

fn counts(seen: &Json) -> Option<Counts> {
    let of = |member| number(seen, member);
    let (passed, failed, flaky, unanswered) = (of("passed")?, of("failed")?, of("flaky")?, of("unanswered")?);
    let counts = Counts { total: of("total")?, passed, failed, flaky, unanswered };
    (counts.asked() <= counts.total).then_some(counts)
}

/// Of at most as many answers as there are.
fn ages(seen: &Json, asked: u64) -> Option<Ages> {
    let of = |member| number(seen, member);
    let example = Some(text(seen, "example")).filter(|example| !example.is_empty());
    let ages = Ages { fresh: of("fresh")?, stale: of("stale")?, blocked: of("blocked")?, example };
    (ages.fresh + ages.stale + ages.blocked <= asked).then_some(ages)
}

fn asked(case: &Json) -> Option<Asked> {
    let known = [CaseVerdict::Passed, CaseVerdict::Failed, CaseVerdict::Flaky, CaseVerdict::Unanswered];
    let word = text(case, "verdict");
    let mismatch =
        |it: &Json| Mismatch { path: text(it, "path"), expected: text(it, "expected"), seen: text(it, "seen") };
    Some(Asked {
        id: text(case, "id"),
        line: usize::try_from(number(case, "line")?).ok()?,
        verdict: known.into_iter().find(|verdict| verdict.word() == word)?,
        mismatches: list(case, "mismatches").iter().map(mismatch).collect(),
        took: Duration::ZERO,
    })
}

/// Of every case that was asked, and no other.
fn compared(seen: &Json, asked: u64) -> Option<Compared> {
    let of = |member| number(seen, member);
    let (pairs, missing, changed) = (of("pairs")?, of("missing")?, of("changed")?);
    let (worse, better) = (of("worse")?, of("better")?);
    let whole = pairs + missing == asked && changed <= pairs && worse + better <= pairs;
    whole.then_some(Compared { pairs, missing, changed, worse, better, ..Compared::default() })
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
        if let Some(part) = &part.compared {
            results.compared.get_or_insert_default().merge(part);
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
    use serde_json::{Value, json};

    fn report(shard: &str, failed: u64) -> Value {
        json!({"report": {"shard": shard, "target": "http://x", "verdict": "pass", "reasons": [],
            "config": {"digest": Digest::of(b"c")}, "dataset": {"digest": Digest::of(b"d")},
            "counts": {"total": 5, "passed": 5 - failed, "failed": failed, "flaky": 0, "unanswered": 0},
            "wrong": [{"id": shard, "line": 3, "verdict": "failed", "mismatches": []}],
            "ages": {"fresh": 1, "stale": 0, "blocked": 0, "example": null}}})
    }

    fn merged(reports: &[Value]) -> Result<Observed, Vec<String>> {
        let same = Same { config: Digest::of(b"c"), dataset: Digest::of(b"d"), cases: reports.len() as u64 * 5 };
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
        let mut more = report("1/1", 0);
        more["report"]["counts"]["passed"] = json!(6);
        assert!(told(&[more]).contains("do not add up"));
        let mut fewer = report("1/1", 0);
        (fewer["report"]["counts"]["passed"], fewer["report"]["counts"]["total"]) = (json!(4), json!(4));
        assert!(told(&[fewer]).contains("together they have 4 cases, and the dataset has 5"));
        let mut unclear = report("1/1", 0);
        for compared in [
            json!({"pairs": 5, "missing": 0, "changed": 0, "worse": 0}),
            json!({"pairs": 4, "missing": 0, "changed": 0, "worse": 0, "better": 0}),
            json!({"pairs": 5, "missing": 0, "changed": 6, "worse": 0, "better": 0}),
            json!({"pairs": 5, "missing": 0, "changed": 0, "worse": 3, "better": 3}),
        ] {
            unclear["report"]["compared"] = compared;
            assert!(told(&[unclear.clone()]).contains("a comparison that is not understood"), "{unclear}");
        }
        unclear["report"]["compared"] = json!({"pairs": 3, "missing": 2, "changed": 3, "worse": 2, "better": 1});
        assert!(merged(&[unclear.clone()]).is_ok());
        (unclear["report"]["shard"], unclear["report"]["ages"]) = (json!("1/2"), Value::Null);
        assert_eq!(
            told(&[unclear, report("2/2", 0)]),
            "only some of the shards have figures of `staleness`; only some of the shards have figures of `compare`"
        );
        let mut old = report("1/1", 0);
        old["report"]["ages"]["fresh"] = json!(6);
        assert!(told(&[old]).contains("has ages that are not understood"));
        let mut giant = report("1/1", 0);
        for member in ["passed", "failed", "total"] {
            giant["report"]["counts"][member] = json!(1_u64 << 63);
        }
        assert!(told(&[giant]).contains("do not add up"));
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
