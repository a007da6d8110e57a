//! The decision: what was seen so far → keep watching, pass, fail, or "cannot tell" with the reason. Pure.
//!
//! A **share** is tested exactly. At every look the requests of all settled intervals are taken together, and the
//! guardrail fails when a service *at* its limit would show so many bad ones with a chance under `alpha`; that is, when
//! the lower Clopper–Pearson bound of the share is above the limit. `alpha` is the file's `false_rollback_budget`
//! divided by the number of required shares and of looks ([`crate::config::Plan::alpha_per_look`]), so by the union bound
//! the whole run fails a healthy release with at most the budget's chance, as long as requests fail independently (or in
//! bursts of the declared size).
//!
//! A **value** fails when M of N consecutive intervals with a value are outside the bound, as a CloudWatch alarm does.
//!
//! Nothing passes before the window has ended, and nothing passes without `min_samples`.

mod share;
mod value;

use crate::{
    config::{Duty, Guardrail, Rule},
    observe::{Gap, Slot},
};
use serde::Serialize;
use std::fmt;

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

/// Why it cannot be told.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Doubt {
    /// Not one number in the whole window.
    NoData,
    /// The service was not asked anything.
    NoTraffic,
    /// Fewer samples than the guardrail asks for.
    LowTraffic {
        /// How many more.
        need: u64,
    },
    /// The limit is exceeded, by no more than chance may explain.
    OverLimitUnproven {
        /// About how many more at this rate would prove it; none where no number would.
        need: Option<u64>,
    },
    /// Numbers stopped coming before the window ended.
    Stale {
        /// Intervals since the last one.
        intervals: usize,
    },
    /// Intervals whose numbers cannot be used.
    Broken {
        /// What they are.
        gap: Gap,
        /// How many.
        intervals: usize,
    },
    /// The source says that it has not told everything.
    Partial {
        /// In its words.
        text: String,
    },
    /// More bad requests than requests: the two queries do not count the same thing.
    Impossible,
    /// Requests, and no number of bad ones among them.
    Uncounted {
        /// In how many intervals.
        intervals: usize,
    },
    /// Outside its limit before the deployment (preflight only).
    AlreadyOver,
    /// The run was cancelled.
    Interrupted,
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
        /// Lower Clopper–Pearson bound of the share, at this look's level.
        lower: f64,
        /// Upper bound, likewise.
        upper: f64,
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
    },
    /// None.
    Nothing,
}

/// What one look may assume and spend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// The chance of a wrong fail this look may spend.
    pub alpha: f64,
    /// Intervals without data at the end that make a guardrail stale.
    pub stale_intervals: usize,
}

/// What was seen of one guardrail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen<'a> {
    /// The settled intervals, from the first.
    pub slots: &'a [Slot],
    /// Whether they are all there will be.
    pub ended: bool,
    /// Why the source's answer is incomplete, where it is.
    pub partial: Option<&'a str>,
}

/// The answer of a guardrail that saw this.
#[must_use]
pub fn decide(rule: &Rule, seen: &Seen<'_>, terms: &Terms) -> Finding {
    let mut finding = match *rule {
        Rule::Share { limit, min_samples, burst } => share::Test { limit, min_samples, burst }.decide(seen, terms),
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

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoData => {
                f.write_str("no data in the whole window: wrong metric or dimensions, or nothing published")
            }
            Self::NoTraffic => f.write_str("no traffic in the whole window: nothing was asked of the service"),
            Self::LowTraffic { need } => write!(f, "too little evidence: needs about {need} more"),
            Self::OverLimitUnproven { need: Some(need) } => {
                write!(f, "over the limit, but chance may explain it: needs about {need} more requests")
            }
            Self::OverLimitUnproven { need: None } => f.write_str("over the limit, but chance may explain it"),
            Self::Stale { intervals } => write!(f, "stale: no number in the last {intervals} intervals"),
            Self::Broken { gap, intervals } => {
                let what = match gap {
                    Gap::Infinite => "an infinite value",
                    Gap::Negative => "a negative count",
                    _ => "not a number",
                };
                write!(f, "{what} in {intervals} intervals")
            }
            Self::Partial { text } => write!(f, "the source's answer is incomplete: {text}"),
            Self::Impossible => f.write_str("more bad requests than requests: the two queries count different things"),
            Self::Uncounted { intervals } => write!(
                f,
                "requests without a count of bad ones in {intervals} intervals: no such metric or bucket, or one that \
                 appears only when something is bad (then say `absent_numerator: zero`)"
            ),
            Self::AlreadyOver => f.write_str("outside its limit already before the deployment"),
            Self::Interrupted => f.write_str("interrupted before the window ended"),
        }
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
