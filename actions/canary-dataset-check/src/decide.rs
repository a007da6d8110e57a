//! The verdict. Pure: what was seen and what is allowed in, yes, no or cannot tell out.

use crate::{
    compare,
    config::{Canary, Limits},
    load,
    observe::{CaseVerdict, Counts, Observed, ProbeState, Results},
};

/// Whether the release is as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Yes, no, or cannot tell.
    pub word: Word,
    /// What decided it, the weightiest first; for a pass, what was within its limit and still worth knowing.
    pub reasons: Vec<String>,
}

/// Yes, no, or cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// Every probe was right, every case was answered, and no more of them were wrong than is allowed.
    Pass,
    /// Something is proven to be wrong. What else could not be found out does not change that.
    Fail,
    /// Nothing is proven to be wrong, and not everything to be right.
    Inconclusive,
}

impl Word {
    /// As the output `verdict` has it.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// Decides. No evidence is never a pass: a run without cases, or with fewer answers than cases, cannot tell.
#[must_use]
pub fn decide(observed: &Observed, canary: &Canary) -> Verdict {
    let limits = &canary.limits;
    let counts = observed.results.as_ref().map(|results| results.counts);
    let mut wrong = Vec::new();
    let mut unknown = Vec::new();
    for probe in observed.probes.iter().chain(&observed.running_version) {
        match &probe.state {
            ProbeState::Good => {}
            ProbeState::Bad(reason) => wrong.push(format!("{}: {reason}", probe.name)),
            ProbeState::Silent(reason) => unknown.push(format!("{}: {reason}", probe.name)),
        }
    }
    match &observed.results {
        Some(results) => {
            wrong.extend(over_limit(&results.counts, limits));
            unknown.extend(unanswered(results));
        }
        None => unknown.push("no case was asked".to_owned()),
    }
    for findings in beside(observed, canary) {
        wrong.extend(findings.wrong);
        unknown.extend(findings.unknown);
    }
    if let Some(plan) = &canary.load {
        match &observed.load {
            Some(measured) => {
                let findings = load::decide(plan, measured, observed.baseline_load.as_ref());
                wrong.extend(findings.wrong);
                unknown.extend(findings.unknown);
            }
            None => unknown.push("the service was not put under load".to_owned()),
        }
    }
    if !wrong.is_empty() {
        return Verdict { word: Word::Fail, reasons: wrong };
    }
    if !unknown.is_empty() {
        return Verdict { word: Word::Inconclusive, reasons: unknown };
    }
    Verdict { word: Word::Pass, reasons: counts.map(|counts| tolerated(&counts, limits)).unwrap_or_default() }
}

/// What the answers prove beside the baseline's, and by their age.
fn beside(observed: &Observed, canary: &Canary) -> Vec<load::Findings> {
    // Without any results, that is what is told.
    let Some(results) = observed.results.as_ref() else { return Vec::new() };
    let unknown = |what: &str| load::Findings { unknown: vec![what.to_owned()], ..load::Findings::default() };
    let compared = canary.compare.as_ref().map(|plan| match &results.compared {
        Some(compared) => compare::decide(plan, compared),
        None => unknown("compare: nothing was compared with the baseline"),
    });
    let ages = canary.staleness.as_ref().map(|plan| match &results.ages {
        Some(ages) => plan.decide(ages),
        None => unknown("staleness: no answer was looked at"),
    });
    compared.into_iter().chain(ages).collect()
}

/// Whether what was seen of probes and cases so far would pass.
#[must_use]
pub fn cases_are_well(observed: &Observed, limits: Limits) -> bool {
    let counts = observed.results.as_ref().map(|results| results.counts);
    observed.is_well() && counts.is_some_and(|counts| over_limit(&counts, &limits).is_empty() && counts.unanswered == 0)
}

fn over_limit(counts: &Counts, limits: &Limits) -> Vec<String> {
    let mut wrong = Vec::new();
    if limits.failures.exceeded_by(counts.failed, counts.total) {
        wrong.push(format!("{} of {} cases failed; allowed: {}", counts.failed, counts.total, limits.failures));
    }
    if limits.flaky.exceeded_by(counts.flaky, counts.total) {
        wrong.push(format!("{} of {} cases are flaky; allowed: {}", counts.flaky, counts.total, limits.flaky));
    }
    wrong
}

/// How many cases nobody answered, with the first one's cause.
fn unanswered(results: &Results) -> Option<String> {
    let counts = &results.counts;
    let silent = results.asked.iter().find(|asked| asked.verdict == CaseVerdict::Unanswered);
    let cause = silent.and_then(|asked| asked.mismatches.first()).map(|mismatch| format!(": {}", mismatch.seen));
    let cause = cause.unwrap_or_default();
    let missing = counts.total.saturating_sub(counts.passed + counts.failed + counts.flaky);
    match (counts.total, missing) {
        (0, _) => Some("the dataset has no cases".to_owned()),
        (_, 0) => None,
        (total, missing) => Some(format!("{missing} of {total} cases have no answer{cause}")),
    }
}

fn tolerated(counts: &Counts, limits: &Limits) -> Vec<String> {
    let within = |bad: u64, what: &str, limit| (bad > 0).then(|| format!("{bad} {what}, within the allowed {limit}"));
    let failed = within(counts.failed, "failed", limits.failures);
    failed.into_iter().chain(within(counts.flaky, "flaky", limits.flaky)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        assertion::Mismatch,
        config,
        config::Allowed,
        observe::{Asked, ProbeResult},
    };
    use proptest::prelude::*;
    use std::time::Duration;

    fn counts(passed: u64, failed: u64, flaky: u64, unanswered: u64) -> Counts {
        Counts { total: passed + failed + flaky + unanswered, passed, failed, flaky, unanswered }
    }

    fn probe(state: ProbeState) -> ProbeResult {
        ProbeResult { name: "ready".into(), question: "GET /".into(), state, attempts: 1, took: Duration::ZERO }
    }

    fn seen(probes: Vec<ProbeState>, counts: Option<Counts>) -> Observed {
        let results = counts.map(|counts| Results { counts, ..Results::default() });
        Observed { probes: probes.into_iter().map(probe).collect(), results, ..Observed::default() }
    }

    fn canary(limits: Limits) -> Canary {
        Canary { limits, ..config::read("version: 1\ncases: {from: c}\n", &[], None).unwrap() }
    }

    fn word(observed: &Observed, failures: &str, flaky: &str) -> Word {
        decide(observed, &canary(Limits { failures: failures.parse().unwrap(), flaky: flaky.parse().unwrap() })).word
    }

    #[test]
    fn the_rules() {
        let bad = || ProbeState::Bad("status is 503, not 200".to_owned());
        let silent = || ProbeState::Silent("no answer: refused".to_owned());
        for (observed, failures, flaky, expected) in [
            (seen(vec![], Some(counts(25, 0, 0, 0))), "0", "0", Word::Pass),
            (seen(vec![ProbeState::Good], Some(counts(25, 0, 0, 0))), "0", "0", Word::Pass),
            (seen(vec![], Some(counts(24, 1, 0, 0))), "0", "0", Word::Fail),
            (seen(vec![], Some(counts(24, 1, 0, 0))), "1", "0", Word::Pass),
            (seen(vec![], Some(counts(99, 1, 0, 0))), "1%", "0", Word::Pass),
            (seen(vec![], Some(counts(98, 2, 0, 0))), "1%", "0", Word::Fail),
            (seen(vec![], Some(counts(24, 0, 1, 0))), "0", "0", Word::Fail),
            (seen(vec![], Some(counts(24, 0, 1, 0))), "0", "4%", Word::Pass),
            (seen(vec![], Some(counts(24, 0, 0, 1))), "5", "5", Word::Inconclusive),
            (seen(vec![], Some(counts(23, 1, 0, 1))), "0", "0", Word::Fail),
            (seen(vec![], Some(counts(0, 0, 0, 0))), "0", "0", Word::Inconclusive),
            (seen(vec![ProbeState::Good], None), "0", "0", Word::Inconclusive),
            (seen(vec![bad()], None), "0", "0", Word::Fail),
            (seen(vec![silent()], None), "0", "0", Word::Inconclusive),
            (seen(vec![bad(), silent()], Some(counts(25, 0, 0, 0))), "0", "0", Word::Fail),
        ] {
            assert_eq!(word(&observed, failures, flaky), expected, "{observed:?}");
        }
        let asked = "version: 1\ncases: {from: c}\ncompare: {max_changed: 1%}\nstaleness: {path: $.t, fresh: 1h, blocked: 2h}\n";
        let asked = config::read(asked, &[], None).unwrap();
        let lacking = decide(&seen(vec![], Some(counts(25, 0, 0, 0))), &asked);
        assert_eq!(
            (lacking.word, lacking.reasons.len()),
            (Word::Inconclusive, 2),
            "asked for and not there: {lacking:?}"
        );
        let stopped_early = Counts { total: 1000, ..counts(200, 0, 0, 100) };
        assert_eq!(
            decide(&seen(vec![], Some(stopped_early)), &canary(Limits::default())).reasons,
            ["800 of 1000 cases have no answer"]
        );
    }

    #[test]
    fn a_verdict_says_what_was_tolerated_and_why_the_first_case_has_no_answer() {
        let limits = Limits { failures: "1".parse().unwrap(), ..Limits::default() };
        let reasons = |counts| decide(&seen(vec![], Some(counts)), &canary(limits)).reasons;
        assert_eq!(reasons(counts(24, 1, 0, 0)), ["1 failed, within the allowed 1"]);
        assert!(reasons(counts(25, 0, 0, 0)).is_empty());
        let asked = |verdict, seen: &str| Asked {
            id: "a".into(),
            line: 1,
            verdict,
            mismatches: vec![Mismatch::new("status", "200", seen)],
            took: Duration::ZERO,
        };
        let asked = vec![asked(CaseVerdict::Failed, "500"), asked(CaseVerdict::Unanswered, "refused")];
        let results = Some(Results { counts: counts(0, 1, 0, 1), asked, ..Results::default() });
        let reasons = decide(&Observed { results, ..Observed::default() }, &canary(limits)).reasons;
        assert_eq!(reasons, ["1 of 2 cases have no answer: refused"]);
    }

    #[test]
    fn cases_are_well_when_probes_are_and_every_case_is_answered_within_the_limits() {
        let limits = Limits { failures: "0".parse().unwrap(), flaky: "0".parse().unwrap() };
        for (probes, counts, well) in [
            (vec![], Some(counts(3, 0, 0, 0)), true),
            (vec![ProbeState::Good], Some(counts(3, 0, 0, 0)), true),
            (vec![ProbeState::Silent("refused".to_owned())], Some(counts(3, 0, 0, 0)), false),
            (vec![], Some(counts(3, 1, 0, 0)), false),
            (vec![], Some(counts(3, 0, 0, 1)), false),
            (vec![], None, false),
        ] {
            assert_eq!(cases_are_well(&seen(probes, counts), limits), well, "{counts:?}");
        }
    }

    #[test]
    fn a_wrong_version_is_a_no() {
        let mut observed = seen(vec![ProbeState::Good], None);
        observed.running_version = Some(probe(ProbeState::Bad("$.git_sha is \"a\", not \"b\"".to_owned())));
        assert_eq!(word(&observed, "0", "0"), Word::Fail);
    }

    proptest! {
        #[test]
        fn a_pass_has_seen_every_case_and_exceeds_no_limit(
            (passed, failed, flaky, unanswered) in (0_u64..50, 0_u64..5, 0_u64..5, 0_u64..3), unasked in 0_u64..3,
            failures in 0_u64..5, flaky_limit in 0_u64..5,
        ) {
            let mut counts = counts(passed, failed, flaky, unanswered);
            counts.total += unasked;
            let limits = Limits { failures: Allowed::Count(failures), flaky: Allowed::Count(flaky_limit) };
            let verdict = decide(&seen(vec![], Some(counts)), &canary(limits));
            let all_seen = unanswered + unasked == 0 && passed + failed + flaky > 0;
            prop_assert_eq!(verdict.word == Word::Pass, all_seen && failed <= failures && flaky <= flaky_limit);
            prop_assert_eq!(verdict.word == Word::Fail, failed > failures || flaky > flaky_limit);
        }
    }
}
