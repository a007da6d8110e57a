//! What is wrong with the bad flavours, as data in their `rules.json`. A good flavour has none of it.

use serde::Deserialize;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// The faults of a flavour.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Faults {
    /// Ends the process shortly after its start.
    pub crash: Option<Crash>,
    /// Added to every recommendation.
    #[serde(default)]
    pub latency_ms: u64,
    /// Fails a share of the recommendations.
    pub errors: Option<Errors>,
}

/// Ends the process shortly after its start; until then it is alive but never ready.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    /// Milliseconds after the start.
    pub after_ms: u64,
    /// Printed on stderr.
    pub message: String,
}

/// Of every `of` requests for the named boundaries, the first `fail` are answered 500.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Errors {
    /// The boundaries concerned.
    pub boundaries: Vec<String>,
    /// How many of `of` fail.
    pub fail: u64,
    /// Length of the cycle.
    pub of: u64,
}

/// Resolves with the crash message when it is time; never, without a crash fault.
pub async fn crash(fault: Option<Crash>) -> String {
    match fault {
        None => std::future::pending().await,
        Some(fault) => {
            tokio::time::sleep(Duration::from_millis(fault.after_ms)).await;
            fault.message
        }
    }
}

/// Counts the requests an error fault concerns, so that the same traffic fails the same way.
#[derive(Debug, Default)]
pub struct Cycle(AtomicU64);

impl Cycle {
    /// Whether this request is one of those that fail.
    pub fn fails(&self, faults: &Faults, boundary_id: &str) -> bool {
        let Some(errors) = &faults.errors else { return false };
        errors.boundaries.iter().any(|id| id == boundary_id)
            && self.0.fetch_add(1, Ordering::Relaxed) % errors.of.max(1) < errors.fail
    }
}
