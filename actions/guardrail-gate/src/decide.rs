//! The decision: what was seen so far → keep watching, pass, fail, or "cannot tell" with the reason. Pure.
//!
//! A **share** is weighed by an e-process ([`stats::share`]): it fails at the first interval at which the evidence against
//! "at most the limit" reaches `1/α`, where α is the file's `false_rollback_budget` divided by the number of required
//! shares ([`crate::config::Plan::alpha`]). By Ville's inequality and the union bound the whole run fails a release that
//! keeps its limits with at most the budget's chance, however often it looks. Evidence comes by interval, whatever the
//! requests in one have to do with each other; or by request, tempered by how bad ones came together before the release.
//!
//! A share relative to a baseline is weighed against an upper bound on the baseline (half of α pays for it), or, beside a
//! version that runs at the same time, against what that one shows ([`stats::concurrent`]).
//!
//! A **value** fails when M of N consecutive intervals with a value are outside the bound, as a CloudWatch alarm does.
//!
//! Nothing passes before the window has ended, and nothing passes without `min_samples`.

mod share;
mod value;
mod words;

use crate::{
    config::{Baseline, Duty, Guardrail, Rule},
    observe::{Gap, Slot},
};
use serde::Serialize;

pub use words::Doubt;

/// What is known about one guardrail.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The answer.
    pub verdict: Verdict,
    /// The numbers behind it.
    pub figures: Figures,
}

/// The answer of one guardrail.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "word")]
pub enum Verdict {
    /// Not decided, and more intervals are to come.
    Watching,
    /// Within its limit, on enough evidence.
    Pass,
    /// Outside its limit, proven.
    Fail,
    /// The window has ended and it cannot be told.
    Inconclusive {
        /// Why.
        doubt: Doubt,
    },
    /// The source could not be asked.
    Error {
        /// What happened.
        text: String,
    },
}

/// The numbers behind a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Figures {
    /// Of a share.
    Share {
        /// Bad requests.
        bad: u64,
        /// Requests.
        total: u64,
        /// Lower bound of the share (Clopper and Pearson), 97.5 % sure if requests were independent.
        lower: f64,
        /// Upper bound, likewise.
        upper: f64,
        /// The limit it was weighed against; with a version beside it, the allowed ratio of odds.
        limit: f64,
        /// How many bad requests count as one; 0 where an interval counts as one.
        burst: f64,
        /// How far the evidence against the release has come: 1 says nothing.
        evidence: f64,
        /// The evidence that proves harm.
        needed: f64,
        /// The interval, from 1, in which it was proven first.
        proven_at: Option<usize>,
        /// Bad requests of the baseline.
        baseline_bad: Option<u64>,
        /// Requests of the baseline.
        baseline_total: Option<u64>,
    },
    /// Of a value.
    Value {
        /// Intervals outside the bound.
        breaching: usize,
        /// Intervals with a value.
        observed: usize,
        /// The newest value.
        latest: Option<f64>,
        /// Requests behind the values, or intervals where requests are not counted.
        samples: u64,
        /// The bound they were held against, where it is known.
        bound: Option<f64>,
    },
    /// None.
    Nothing,
}

/// What one look may assume and spend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// The chance of a wrong fail this guardrail may spend.
    pub alpha: f64,
    /// How many intervals are going to be watched.
    pub intervals: usize,
    /// Intervals without data at the end that make a guardrail stale.
    pub stale_intervals: usize,
}

/// What was seen of one guardrail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen<'a> {
    /// The settled intervals, from the first.
    pub slots: &'a [Slot],
    /// The intervals before the release, as far as they are known.
    pub before: &'a [Slot],
    /// The intervals of the baseline.
    pub baseline: &'a [Slot],
    /// Whether they are all there will be.
    pub ended: bool,
    /// Why the source's answer is incomplete, where it is.
    pub partial: Option<&'a str>,
}

/// The answer of a guardrail that saw this.
#[must_use]
pub fn decide(guardrail: &Guardrail, seen: &Seen<'_>, terms: &Terms) -> Finding {
    let mut finding = match guardrail.rule {
        Rule::Share { limit, min_samples, unit, hard } => {
            let split = match guardrail.baseline {
                Some(Baseline::Concurrent { split }) => split,
                _ => None,
            };
            let whole = guardrail.measure.is_whole();
            share::Test { limit, min_samples, unit, hard, split, whole }.decide(seen, terms)
        }
        Rule::Value { bound, breach, min_samples } => value::Test { bound, breach, min_samples }.decide(seen, terms),
    };
    if let (Verdict::Pass, Some(text)) = (&finding.verdict, seen.partial) {
        finding.verdict = Doubt::Partial { text: text.to_owned() }.into();
    }
    finding
}

/// The answer of the whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Overall {
    /// More intervals are to come.
    Watching,
    /// Every required guardrail passed.
    Pass,
    /// A required guardrail failed.
    Fail,
    /// None failed, and not all could be told.
    Inconclusive,
    /// None failed, and a source could not be asked.
    Error,
}

/// The answer of the whole run: a proven failure outweighs everything, then errors, then doubt.
#[must_use]
pub fn overall<'a>(findings: impl Iterator<Item = (&'a Guardrail, &'a Finding)>) -> Overall {
    let required = findings.filter(|(guardrail, _)| guardrail.duty == Duty::Required);
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Pass => 1,
        Verdict::Inconclusive { .. } => 2,
        Verdict::Error { .. } => 3,
        Verdict::Watching => 4,
        Verdict::Fail => 5,
    };
    // None required: nothing was asked, so nothing is known.
    match required.map(|(_, finding)| rank(&finding.verdict)).max().unwrap_or(2) {
        5 => Overall::Fail,
        4 => Overall::Watching,
        3 => Overall::Error,
        2 => Overall::Inconclusive,
        _ => Overall::Pass,
    }
}

/// The unusable intervals among `seen`: the most frequent kind and how many of it.
fn broken(seen: &[Slot]) -> Option<(Gap, usize)> {
    let kinds = [Gap::Infinite, Gap::Negative, Gap::NotANumber];
    let count = |kind: Gap| seen.iter().filter(|slot| **slot == Slot::Gap(kind)).count();
    kinds.into_iter().map(|kind| (kind, count(kind))).filter(|&(_, n)| n > 0).max_by_key(|&(_, n)| n)
}

/// How many intervals at the end have no number; "no traffic" is one.
fn silent_end(seen: &[Slot]) -> usize {
    let silent = |slot: &&Slot| matches!(slot, Slot::Gap(Gap::NoData | Gap::Stale));
    seen.iter().rev().take_while(silent).count()
}

/// Why there is not one sample.
fn nothing(seen: &[Slot]) -> Doubt {
    let asked = seen.iter().any(|slot| matches!(slot, Slot::Gap(Gap::NoTraffic)));
    let stale = seen.iter().any(|slot| matches!(slot, Slot::Gap(Gap::Stale)));
    match (asked, stale) {
        (true, _) => Doubt::NoTraffic,
        (false, true) => Doubt::Stale { intervals: seen.len() },
        (false, false) => Doubt::NoData,
    }
}

impl From<Doubt> for Verdict {
    fn from(doubt: Doubt) -> Self {
        Self::Inconclusive { doubt }
    }
}

impl Verdict {
    /// The word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Watching => "watching",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive { .. } => "inconclusive",
            Self::Error { .. } => "error",
        }
    }
}

#[cfg(test)]
mod tests;
