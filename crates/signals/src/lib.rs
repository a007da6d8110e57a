//! Sources of numbers: one trait, one file per source.
//!
//! A source answers for whole intervals and says in its type what it does not know: a number is a [`Sample::Value`], and
//! everything else — nothing there, not a number, too old — is something a decision can never mistake for zero.

mod alarms;
mod answer;
mod cloudwatch;
mod counter;
mod datadog;
mod file;
mod http;
mod new_relic;
mod probe;
mod prometheus;
mod rows;

pub use cloudwatch::CloudWatch;
pub use datadog::Datadog;
pub use file::File;
pub use http::Http;
pub use new_relic::NewRelic;
pub use prometheus::{Authentication, Prometheus};
pub use rows::Selector;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// One question to a source, answered once per interval.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Query {
    /// A metric's statistic.
    CloudWatch(Metric),
    /// Whether a CloudWatch alarm is in `ALARM` (1) or `OK` (0).
    Alarm {
        /// Its name.
        name: String,
    },
    /// How much the Prometheus counters matching a selector grew, from their raw samples: births and resets counted.
    Counter {
        /// A PromQL vector selector.
        selector: String,
    },
    /// A PromQL expression giving one series, evaluated at the end of each interval.
    Expression {
        /// The expression.
        promql: String,
    },
    /// A query in the language of Datadog or New Relic, giving one number per interval.
    Series {
        /// The query.
        query: String,
    },
    /// How many nodes of a JSON document a JSONPath selects: the document of the moment, as one whole.
    Rows {
        /// The JSONPath.
        select: Selector,
    },
    /// The one number of a JSON document a JSONPath selects, as it was when it was asked for.
    Number {
        /// The JSONPath.
        select: Selector,
    },
    /// Probes of an endpoint, or those of them that failed.
    Probe {
        /// What is asked how often, and what a good answer is.
        probe: Probe,
        /// Whether only failed ones are counted.
        failed: bool,
    },
}

/// An endpoint asked again and again while the watch runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Probe {
    /// The path below the source's address, such as `/ready`.
    pub path: String,
    /// The status of a good answer.
    pub status: u16,
    /// The seconds from one probe to the next, at least 1.
    pub every: u32,
    /// The seconds after which no answer is a bad one, at least 1.
    pub timeout: u32,
}

/// A CloudWatch metric and what is wanted of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Metric {
    /// Such as `AWS/ApplicationELB`.
    pub namespace: String,
    /// Such as `RequestCount`.
    pub name: String,
    /// The exact set of dimensions the metric was published with.
    pub dimensions: BTreeMap<String, String>,
    /// Such as `Sum`, `p95` or `PR(:0.3)`.
    pub statistic: String,
}

/// The intervals asked for: interval `i` is `[start + i × interval, start + (i + 1) × interval)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Start of the first interval.
    pub start: Timestamp,
    /// Length of an interval in seconds, at least 1.
    pub interval: u32,
    /// How many intervals, at least 1.
    pub intervals: usize,
}

impl Span {
    /// The end of interval `index`, which is where the next one starts.
    #[must_use]
    pub fn end_of(&self, index: usize) -> Timestamp {
        let ahead = i64::from(self.interval).saturating_mul(i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1));
        self.start.saturating_add(SignedDuration::from_secs(ahead)).unwrap_or(Timestamp::MAX)
    }

    /// The end of the last interval.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.end_of(self.intervals.saturating_sub(1))
    }

    /// The interval a moment lies in.
    #[must_use]
    pub fn index_of(&self, moment: Timestamp) -> Option<usize> {
        let ahead = moment.duration_since(self.start);
        let index = usize::try_from(ahead.as_secs() / i64::from(self.interval)).ok()?;
        (!ahead.is_negative() && index < self.intervals).then_some(index)
    }
}

/// What a source says about one interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "value")]
pub enum Sample {
    /// A finite number.
    Value(f64),
    /// Nothing.
    Absent,
    /// `NaN`, as 0/0 gives.
    NotANumber,
    /// An infinity, as x/0 gives.
    Infinite,
    /// A number that was already old when the interval ended.
    Stale,
}

impl Sample {
    /// The state a floating-point number stands for.
    #[must_use]
    pub fn of(number: f64) -> Self {
        match number {
            n if n.is_nan() => Self::NotANumber,
            n if n.is_infinite() => Self::Infinite,
            n => Self::Value(n),
        }
    }
}

/// The answer to one query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// One per interval of the span.
    pub samples: Vec<Sample>,
    /// Why the answer is known to be incomplete, in the source's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<String>,
}

impl Track {
    /// No numbers at all.
    #[must_use]
    pub fn empty(span: &Span) -> Self {
        Self { samples: vec![Sample::Absent; span.intervals], partial: None }
    }

    /// One number in interval `index`, if there is such an interval.
    fn with(mut self, index: usize, number: f64) -> Self {
        if let Some(sample) = self.samples.get_mut(index) {
            *sample = Sample::of(number);
        }
        self
    }
}

/// A source could not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct SourceError {
    /// Whether asking again can help.
    pub kind: SourceErrorKind,
    /// What happened, naming the source's address and operation.
    pub text: String,
}

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceErrorKind {
    /// The source understood and said no: wrong query, missing permission. Asking again gives the same.
    Refused,
    /// Unreachable, throttled, overloaded: a later poll may work.
    Unavailable,
    /// The answer is not what the protocol says; perhaps something else answers there.
    Nonsense,
}

impl SourceError {
    /// An error with its text.
    pub fn new(kind: SourceErrorKind, text: impl fmt::Display) -> Self {
        Self { kind, text: text.to_string() }
    }

    /// A query this source has no words for; the guardrail file is read so that there is none.
    fn foreign(query: &Query) -> Self {
        Self::new(SourceErrorKind::Refused, format!("this source cannot answer {query:?}"))
    }
}

/// Somewhere numbers come from.
#[async_trait::async_trait(?Send)]
pub trait Source {
    /// Answers every query for every interval of `span`, in the order of `queries`.
    ///
    /// A query that cannot be answered is a [`SourceError`] of its own and takes no other with it; missing numbers are
    /// no error but a [`Sample`].
    async fn read(&self, queries: &[Query], span: &Span) -> Vec<Result<Track, SourceError>>;
}
