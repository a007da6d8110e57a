//! `guardrails.yml` as a value: what is watched, for how long, and what would stop the release.
//!
//! A [`Plan`] exists only after every line of the file has been understood; all that is wrong with a file is told at once.

mod baseline;
mod measures;
mod read;
mod rules;
mod sources;
mod units;
mod window;

pub use read::parse;
pub use units::{Breach, Increase, Length, Share};

use serde::Serialize;
use signals::{Probe, Query};
use std::{collections::BTreeMap, path::PathBuf};

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
    /// How many intervals before the release are read, to know how errors come and where numbers were; 0 for none.
    pub history: usize,
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
    /// Datadog of one organisation.
    Datadog {
        /// Its API, such as `https://api.datadoghq.eu`.
        url: url::Url,
    },
    /// New Relic.
    NewRelic {
        /// Its GraphQL API.
        url: url::Url,
        /// The account that is asked.
        account: u64,
    },
    /// An HTTP endpoint: JSON it answers, or whether it answers.
    Http {
        /// Its address.
        url: url::Url,
    },
    /// A file of results, JSON or JSONL.
    File {
        /// Its path, in the workspace.
        path: PathBuf,
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
    /// What it is compared with, where the limit is not a number of its own.
    pub baseline: Option<Baseline>,
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
        /// The same two of the version that runs beside the release.
        #[serde(skip_serializing_if = "Option::is_none")]
        beside: Option<Box<(Numerator, Query)>>,
    },
    /// One value per interval.
    Value {
        /// The value.
        value: Query,
        /// What it is divided by.
        #[serde(skip_serializing_if = "Option::is_none")]
        over: Option<Query>,
        /// How many requests stand behind it, where that is known.
        samples: Option<Query>,
    },
}

/// What a relative limit is relative to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Baseline {
    /// The intervals before the release.
    PreviousWindow,
    /// The same time on earlier days.
    SameTime {
        /// How many days earlier, each.
        days: Vec<u32>,
    },
    /// Counts written in the file.
    Recorded {
        /// Bad ones.
        bad: u64,
        /// All of them.
        total: u64,
    },
    /// Another source, asked the same.
    Source {
        /// Its name.
        source: String,
    },
    /// The version that runs beside the release, at the same time.
    Concurrent {
        /// The part of the traffic the release is meant to get.
        split: Option<Share>,
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
        limit: Limit,
        /// Requests below which nothing passes; at least 1.
        min_samples: u64,
        /// What counts as one piece of evidence.
        unit: Piece,
        /// What fails at once, without statistics.
        #[serde(skip_serializing_if = "Option::is_none")]
        hard: Option<Hard>,
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

/// The most a share may be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// This.
    At(Share),
    /// So much more than the baseline: both must be exceeded.
    Increase {
        /// Relative to it.
        by: Increase,
        /// In points above it.
        points: Share,
    },
}

/// What counts as one piece of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// Requests where the time before the release shows how bad ones come together, else intervals.
    Auto,
    /// Intervals.
    Interval,
    /// Requests, of which bad ones come together by about this many.
    Request {
        /// 1 when they come independently.
        burst: u64,
    },
}

/// A share that is too much whatever chance may explain.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Hard {
    /// The share.
    pub max: Share,
    /// In how many intervals in a row.
    #[serde(rename = "for")]
    pub intervals: usize,
}

/// A bound on a value; the bound itself is within.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// No more than this.
    Max(f64),
    /// No less than this.
    Min(f64),
    /// No more than the middle of the baseline's values and so much of it on top.
    Increase(Increase),
}

impl Bound {
    /// Whether `value` is outside; nothing is outside of a bound whose baseline is not known yet.
    #[must_use]
    pub fn broken_by(self, value: f64) -> bool {
        match self {
            Self::Max(limit) => value > limit,
            Self::Min(limit) => value < limit,
            Self::Increase(_) => false,
        }
    }
}

impl Measure {
    /// Every query this needs.
    pub fn queries(&self) -> impl Iterator<Item = &Query> {
        let (first, rest) = match self {
            Self::Share { numerator, denominator, beside, .. } => {
                let beside = beside.as_deref().map(|(numerator, denominator)| (numerator.query(), denominator));
                (numerator.query(), [Some(denominator), beside.map(|b| b.0), beside.map(|b| b.1)])
            }
            Self::Value { value, over, samples } => (value, [over.as_ref(), samples.as_ref(), None]),
        };
        std::iter::once(first).chain(rest.into_iter().flatten())
    }

    /// Whether it is one document read as a whole, and no course over time.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.queries().any(|query| matches!(query, Query::Rows { .. }))
    }

    /// The probe behind it.
    #[must_use]
    pub fn probe(&self) -> Option<&Probe> {
        self.queries().find_map(|query| if let Query::Probe { probe, .. } = query { Some(probe) } else { None })
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

impl SourceSettings {
    /// Whether it is asked for a document of the moment, and knows no past.
    #[must_use]
    pub fn is_document(&self) -> bool {
        matches!(self, Self::Http { .. } | Self::File { .. })
    }
}

impl Guardrail {
    /// Whether the intervals before the release say something about it: how bad requests come together and whether it was
    /// so before, or what its limit is relative to.
    #[must_use]
    pub fn wants_before(&self) -> bool {
        matches!(self.rule, Rule::Share { limit: Limit::At(_), .. } | Rule::Share { unit: Piece::Auto, .. })
            || self.baseline == Some(Baseline::PreviousWindow)
    }

    /// Whether its source can tell about the time before the release.
    #[must_use]
    pub fn has_past(&self, sources: &BTreeMap<String, SourceSettings>) -> bool {
        let source = sources.get(&self.source);
        matches!(source, Some(source) if !source.is_document())
    }
}

impl Plan {
    /// What one guardrail may spend: the budget split evenly over every required share.
    ///
    /// The union bound makes the sum an upper bound on the chance of ever failing a healthy release, however the
    /// guardrails depend on each other; each keeps its part however often it is looked at.
    #[must_use]
    pub fn alpha(&self) -> f64 {
        let decides = |g: &&Guardrail| g.duty == Duty::Required && matches!(g.rule, Rule::Share { .. });
        let shares = self.guardrails.iter().filter(decides).count().max(1);
        self.false_rollback_budget.as_f64() / stats::real(shares as u64)
    }
}

#[cfg(test)]
mod tests;
