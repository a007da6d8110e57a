//! Why it cannot be told, and the words for it.

use crate::observe::Gap;
use serde::Serialize;
use std::fmt;

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
    /// Outside its limit before the deployment already: going back would not mend it.
    AlreadyOver,
    /// Nothing to be relative to.
    NoBaseline {
        /// Why, where a source said.
        text: Option<String>,
    },
    /// Traffic does not arrive in the planned parts, so that the two versions answer different requests.
    Split {
        /// What the release got.
        seen: u64,
        /// Of all requests.
        total: u64,
    },
    /// The run was cancelled.
    Interrupted,
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
            Self::NoBaseline { text: None } => f.write_str("no baseline: nothing was measured there"),
            Self::NoBaseline { text: Some(text) } => write!(f, "no baseline: {text}"),
            Self::Split { seen, total } => {
                write!(f, "the release got {seen} of {total} requests, which is not the planned part of the traffic")
            }
            Self::Interrupted => f.write_str("interrupted before the window ended"),
        }
    }
}
