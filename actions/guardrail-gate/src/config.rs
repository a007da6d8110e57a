//! `guardrails.yml` as a value: what is watched, for how long, and what would stop the release.
//!
//! A [`Plan`] exists only after every line of the file has been understood; all that is wrong with a file is told at once.

mod read;
mod rules;
mod sources;
mod units;
mod window;

pub use read::parse;
pub use units::{Breach, Length, Share};

use crate::signals::Query;
use serde::Serialize;
use std::collections::BTreeMap;

/// Everything the file says, resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// When and how long to look.
    pub window: Window,
    /// The chance of failing a healthy release that this run may spend, over all its guardrails and looks.
    pub false_rollback_budget: Share,
    /// Where numbers come from, by name.
    pub sources: BTreeMap<String, SourceSettings>,
    /// What is watched, in the file's order; at least one of them is required.
    pub guardrails: Vec<Guardrail>,
    /// Parameters given to the run that the file never uses.
    pub unused_parameters: Vec<String>,
}

/// The time that is watched, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Left out after the start, while caches fill.
    pub warm_up: u32,
    /// One interval: the period of every metric query.
    pub interval: u32,
    /// How many intervals are watched; at least 1.
    pub intervals: usize,
    /// How long after its end an interval's numbers count as final.
    pub settle: u32,
    /// A guardrail whose newest number is older than this at the end is stale, not passed.
    pub stale_after: u32,
}

/// Where numbers come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceSettings {
    /// Amazon CloudWatch of the run's account and region, with what its queries have in common.
    CloudWatch {
        /// The namespace of queries that name none.
        namespace: Option<String>,
        /// Dimensions of every query; a query may add some or give others.
        dimensions: BTreeMap<String, String>,
    },
    /// A Prometheus server, or anything that speaks its query API.
    Prometheus {
        /// The server, such as `https://prometheus.example.org`; a path prefix is kept.
        url: url::Url,
        /// How often it asks its targets, in seconds.
        scrape_interval: u32,
    },
}

/// One thing that is watched.
#[derive(Debug, Clone, PartialEq)]
pub struct Guardrail {
    /// Its name, unique in the file.
    pub name: String,
    /// The source its numbers come from: a key of [`Plan::sources`].
    pub source: String,
    /// What is asked.
    pub measure: Measure,
    /// What the answer must be.
    pub rule: Rule,
    /// Whether it decides or only reports.
    pub duty: Duty,
}

/// Whether a guardrail decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// It can stop the release, and the release cannot pass without it.
    Required,
    /// It is measured and shown.
    Observe,
}

/// What is asked of a source.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Bad requests among requests, as counts per interval.
    Share {
        /// The bad ones.
        numerator: Numerator,
        /// All of them.
        denominator: Query,
        /// What a missing numerator means where the denominator is there.
        absent_numerator: Absent,
    },
    /// One value per interval.
    Value {
        /// The value.
        value: Query,
        /// How many requests stand behind it, where that is known.
        samples: Option<Query>,
    },
}

/// How the bad ones are counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Numerator {
    /// The query counts them.
    Bad(Query),
    /// The query counts the good ones; the rest are bad.
    Good(Query),
    /// The query gives the percentage of good ones (CloudWatch's percentile rank).
    GoodPercent(Query),
}

/// What no number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Absent {
    /// None happened: the metric is only reported when it is not zero.
    Zero,
    /// Nothing is known.
    NoData,
}

/// What the numbers must be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// At most this share of requests is bad.
    Share {
        /// The limit.
        limit: Share,
        /// Requests below which nothing passes; at least 1.
        min_samples: u64,
        /// About how many bad requests come together; 1 when they come independently.
        burst: u64,
    },
    /// A value stays within a bound in all but a few intervals.
    Value {
        /// The bound.
        bound: Bound,
        /// How many intervals outside of it decide.
        breach: Breach,
        /// Requests (where they are counted, else intervals with a value) below which nothing passes; at least 1.
        min_samples: u64,
    },
}

/// A bound on a value; the bound itself is within.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// No more than this.
    Max(f64),
    /// No less than this.
    Min(f64),
}

impl Bound {
    /// Whether `value` is outside.
    #[must_use]
    pub fn broken_by(self, value: f64) -> bool {
        match self {
            Self::Max(limit) => value > limit,
            Self::Min(limit) => value < limit,
        }
    }
}

impl Measure {
    /// Every query this needs.
    pub fn queries(&self) -> impl Iterator<Item = &Query> {
        let (first, second) = match self {
            Self::Share { numerator, denominator, .. } => (numerator.query(), Some(denominator)),
            Self::Value { value, samples } => (value, samples.as_ref()),
        };
        std::iter::once(first).chain(second)
    }
}

impl Numerator {
    /// The query behind it.
    #[must_use]
    pub fn query(&self) -> &Query {
        match self {
            Self::Bad(query) | Self::Good(query) | Self::GoodPercent(query) => query,
        }
    }
}

impl Plan {
    /// What one look of one guardrail may spend: the budget split evenly over every required share and every interval.
    ///
    /// The union bound makes the sum an upper bound on the chance of ever failing a healthy release, however the looks
    /// and guardrails depend on each other.
    #[must_use]
    pub fn alpha_per_look(&self) -> f64 {
        let decides = |g: &&Guardrail| g.duty == Duty::Required && matches!(g.rule, Rule::Share { .. });
        let shares = self.guardrails.iter().filter(decides).count().max(1);
        self.false_rollback_budget.as_f64() / crate::binomial::real((shares * self.window.intervals) as u64)
    }
}

#[cfg(test)]
mod tests;
