//! A load check that cannot lie: requests start when they are due, whether or not earlier ones have been answered, and a
//! latency counts from the moment the request was due.
//!
//! A closed loop waits with the next request while the service is frozen, and so never measures what its users wait:
//! "coordinated omission".

mod decide;
mod generate;
mod plan;

pub use decide::{Findings, decide};
pub(crate) use generate::{Shot, Stop, fire};
pub use plan::{Bound, Load};

use crate::histogram::Histogram;
use std::time::Duration;

/// What a load check measured, its warm-up left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Measured {
    /// Requests that were due.
    pub due: u64,
    /// Requests that were sent.
    pub sent: u64,
    /// Answered, and rightly.
    pub right: u64,
    /// Answered, and not as it must be.
    pub wrong: u64,
    /// Without an answer in time.
    pub late: u64,
    /// Nobody answered.
    pub unanswered: u64,
    /// Answers that came while the load lasted.
    pub in_time: u64,
    /// How long the load lasted.
    pub lasted: Duration,
    /// From the moment each request was due to the last byte of its answer; one without an answer counts with the time it
    /// was given.
    pub latencies: Histogram,
    /// How late requests were sent: the generator's own doing.
    pub lags: Histogram,
    /// Times at which no more requests could be under way.
    pub exhausted: u64,
    /// The first thing that was wrong.
    pub example: Option<String>,
}

impl Measured {
    /// Requests that did not get a right answer in time.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.wrong + self.late + self.unanswered
    }

    /// Answers per second while the load lasted.
    #[must_use]
    pub fn rate(&self) -> f64 {
        stats::real(self.in_time) / self.lasted.as_secs_f64().max(1e-9)
    }
}
