//! What the cases came to.

use crate::{assertion::Mismatch, compare::Compared, histogram::Histogram, staleness::Ages};
use std::{fmt, time::Duration};

/// Failing cases whose mismatches are kept; of the others, that they failed.
const KEPT: u64 = 1000;

/// Mismatches of one case that are kept; the last then says how many there are more.
const KEPT_OF_ONE: usize = 100;

/// Cases that are kept by name, right ones and wrong ones each; of those beyond, how many there were.
const NAMED: u64 = 10_000;

/// One case that was asked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Asked {
    /// The case.
    pub id: String,
    /// Its line in the dataset, from 1.
    pub line: usize,
    /// What it came to.
    pub verdict: CaseVerdict,
    /// Why not `passed`; kept for the first 1000.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mismatches: Vec<Mismatch>,
    /// How long its answers took together, without any that did not come.
    #[serde(skip)]
    pub took: Duration,
}

/// What one case came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CaseVerdict {
    /// Right, each time it was asked.
    Passed,
    /// Wrong, each time it was asked.
    Failed,
    /// Right at one time and wrong at another.
    Flaky,
    /// Nobody answered; it is not known whether it would have been right.
    Unanswered,
}

impl CaseVerdict {
    /// As reports have it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Flaky => "flaky",
            Self::Unanswered => "unanswered",
        }
    }
}

/// How many cases came to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Counts {
    /// In the dataset.
    pub total: u64,
    /// Right.
    pub passed: u64,
    /// Wrong.
    pub failed: u64,
    /// Now right, now wrong.
    pub flaky: u64,
    /// Without an answer.
    pub unanswered: u64,
}

/// For people: how many of each, as in `40 of 40 cases: 39 passed, …`.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { total, passed, failed, flaky, unanswered } = self;
        let asked = self.asked();
        write!(f, "{asked} of {total} cases: {passed} passed, {failed} failed, {flaky} flaky, {unanswered} unanswered")
    }
}

impl Counts {
    /// How many were asked.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.passed + self.failed + self.flaky + self.unanswered
    }

    /// Takes in another's counts.
    pub fn merge(&mut self, other: &Self) {
        self.total += other.total;
        self.passed += other.passed;
        self.failed += other.failed;
        self.flaky += other.flaky;
        self.unanswered += other.unanswered;
    }

    /// Counts one more.
    pub fn add(&mut self, verdict: CaseVerdict) {
        match verdict {
            CaseVerdict::Passed => self.passed += 1,
            CaseVerdict::Failed => self.failed += 1,
            CaseVerdict::Flaky => self.flaky += 1,
            CaseVerdict::Unanswered => self.unanswered += 1,
        }
    }
}

/// What all cases came to.
#[derive(Debug, Clone, Default)]
pub struct Results {
    /// How many came to what.
    pub counts: Counts,
    /// The first ten thousand right cases and as many others; in the order of the dataset once all are asked.
    pub asked: Vec<Asked>,
    /// How long each answer took.
    pub latencies: Histogram,
    /// The cases beside the baseline.
    pub compared: Option<Compared>,
    /// How old the data behind the answers are.
    pub ages: Option<Ages>,
}

impl Results {
    /// Takes in one case and the times of its answers.
    pub(crate) fn add(&mut self, mut asked: Asked, latencies: &[Duration]) {
        self.counts.add(asked.verdict);
        if self.counts.asked() - self.counts.passed > KEPT {
            asked.mismatches.clear();
        }
        let more = asked.mismatches.len().saturating_sub(KEPT_OF_ONE);
        if more > 0 {
            asked.mismatches.truncate(KEPT_OF_ONE);
            asked.mismatches.push(Mismatch::new("$", "no more of them", format!("and {more} more")));
        }
        asked.took = latencies.iter().sum();
        latencies.iter().for_each(|latency| self.latencies.record(*latency));
        let right = asked.verdict == CaseVerdict::Passed;
        let alike = if right { self.counts.passed } else { self.counts.asked() - self.counts.passed };
        if alike <= NAMED {
            self.asked.push(asked);
        }
    }

    /// Puts everything in order.
    pub(crate) fn finish(&mut self) {
        self.asked.sort_by_key(|asked| asked.line);
    }

    /// The cases that were not right, in the order of the dataset.
    pub fn wrong(&self) -> impl Iterator<Item = &Asked> {
        self.asked.iter().filter(|asked| asked.verdict != CaseVerdict::Passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_stays_bounded_when_everything_is_wrong() {
        let mut results = Results::default();
        for line in 0..15_000 {
            let mismatches = vec![Mismatch::new("$", "a", "b")];
            let asked =
                Asked { id: String::new(), line, verdict: CaseVerdict::Failed, mismatches, took: Duration::ZERO };
            results.add(asked, &[]);
        }
        assert_eq!(results.counts.failed, 15_000);
        assert_eq!(results.asked.len(), 10_000);
        assert_eq!(results.asked.iter().filter(|asked| !asked.mismatches.is_empty()).count(), 1000);
        let mismatches = vec![Mismatch::new("$", "a", "b"); 5000];
        let mut results = Results::default();
        let (id, verdict) = (String::new(), CaseVerdict::Failed);
        results.add(Asked { id, line: 1, verdict, mismatches, took: Duration::ZERO }, &[]);
        let kept = &results.asked[0].mismatches;
        assert_eq!((kept.len(), kept[100].seen.as_str()), (101, "and 4900 more"));
    }
}
