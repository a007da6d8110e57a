//! What is left on the image: an in-toto test result (predicate `test-result/v0.1`). Pure.

use crate::{
    decide::{Verdict, Word},
    observe::{CaseVerdict, Observed, ProbeState},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use subject::Digest;

/// Names listed in each of the predicate's lists; the counts are always whole.
const LISTED: usize = 1000;

/// What the result is about, besides the image.
#[derive(Debug, Clone, Copy)]
pub struct Tested<'a> {
    /// The address of the service.
    pub base_url: &'a str,
    /// `canary.yml`: its path and digest.
    pub config: (&'a str, Digest),
    /// The dataset: its path and digest.
    pub dataset: (&'a str, Digest),
    /// The run of the workflow, where there is one.
    pub run_url: Option<&'a str>,
    /// When the first question was asked, and when the last answer had come.
    pub times: (Timestamp, Timestamp),
}

/// The predicate of a decided result; `None` when it could not be found out, because that is no test result.
#[must_use]
pub fn predicate(verdict: &Verdict, observed: &Observed, tested: &Tested<'_>) -> Option<Value> {
    let result = match verdict.word {
        Word::Pass if verdict.reasons.is_empty() => "PASSED",
        Word::Pass => "WARNED",
        Word::Fail => "FAILED",
        Word::Inconclusive => return None,
    };
    let descriptor = |(name, digest): (&str, Digest)| json!({ "name": name, "digest": { "sha256": digest.hex() } });
    let mut predicate = json!({
        "result": result,
        "configuration": [descriptor(tested.config), descriptor(tested.dataset)],
        "passedTests": names(observed, CaseVerdict::Passed),
        "warnedTests": names(observed, CaseVerdict::Flaky),
        "failedTests": names(observed, CaseVerdict::Failed),
        "target": tested.base_url,
        "reasons": verdict.reasons,
        "counts": observed.results.as_ref().map(|results| results.counts),
        "startedOn": format!("{:.0}", tested.times.0),
        "finishedOn": format!("{:.0}", tested.times.1),
    });
    if let (Some(url), Some(members)) = (tested.run_url, predicate.as_object_mut()) {
        members.insert("url".to_owned(), url.into());
    }
    Some(predicate)
}

/// The names of the probes and cases that came to `verdict`, in order.
fn names(observed: &Observed, verdict: CaseVerdict) -> Vec<&str> {
    let probes = observed.probes.iter().chain(&observed.running_version);
    let probes = probes.filter(|probe| match probe.state {
        ProbeState::Good => verdict == CaseVerdict::Passed,
        ProbeState::Bad(_) => verdict == CaseVerdict::Failed,
        ProbeState::Silent(_) => false,
    });
    let cases = observed.results.iter().flat_map(|results| &results.asked).filter(|asked| asked.verdict == verdict);
    probes.map(|probe| probe.name.as_str()).chain(cases.map(|asked| asked.id.as_str())).take(LISTED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Asked, Results};
    use std::time::Duration;

    fn observed() -> Observed {
        let asked =
            |id: &str, verdict| Asked { id: id.into(), line: 1, verdict, mismatches: vec![], took: Duration::ZERO };
        let mut results = Results::default();
        results.counts.total = 2;
        results.add(asked("a", CaseVerdict::Passed), &[]);
        results.add(asked("b", CaseVerdict::Failed), &[]);
        Observed { results: Some(results), ..Observed::default() }
    }

    fn predicate_of(word: Word, reasons: &[&str]) -> Option<Value> {
        let time: Timestamp = "2026-09-21T06:00:00.5Z".parse().unwrap();
        let tested = Tested {
            base_url: "http://x",
            config: ("canary.yml", Digest::of(b"c")),
            dataset: ("cases.jsonl", Digest::of(b"d")),
            run_url: Some("https://ci/run/1"),
            times: (time, time),
        };
        let reasons = reasons.iter().map(|reason| (*reason).to_owned()).collect();
        predicate(&Verdict { word, reasons }, &observed(), &tested)
    }

    #[test]
    fn the_result_names_what_was_tested_by_digest() {
        let predicate = predicate_of(Word::Fail, &["1 of 2 cases failed"]).unwrap();
        assert_eq!(predicate["result"], "FAILED");
        assert_eq!(predicate["configuration"][1]["name"], "cases.jsonl");
        assert_eq!(predicate["configuration"][1]["digest"]["sha256"], Digest::of(b"d").hex());
        assert_eq!((&predicate["passedTests"], &predicate["failedTests"]), (&json!(["a"]), &json!(["b"])));
        assert_eq!((&predicate["counts"]["total"], &predicate["url"]), (&json!(2), &json!("https://ci/run/1")));
    }

    #[test]
    fn a_pass_with_remarks_is_a_warning_and_not_knowing_is_no_result() {
        assert_eq!(predicate_of(Word::Pass, &[]).unwrap()["result"], "PASSED");
        assert_eq!(predicate_of(Word::Pass, &["1 failed, within the allowed 1"]).unwrap()["result"], "WARNED");
        assert_eq!(predicate_of(Word::Inconclusive, &["x"]), None);
    }
}
