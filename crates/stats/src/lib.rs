//! What numbers prove: intervals, sequential tests with a stated error rate, comparisons of two samples, drift.
//!
//! Every function names its source and is compared in `tests/suite` with values somebody else computed. Nothing here does
//! I/O, reads a clock or draws a random number: equal inputs give equal answers.
//!
//! The sequential tests are *e-processes*: a number that starts at 1, grows while the evidence against "no more than the
//! limit" grows, and under that hypothesis ever reaches `1/α` with a chance of at most `α` (Ville 1939). One may look at it
//! as often as one likes, and stop at the first look that proves harm.

pub mod betting;
pub mod binomial;
pub mod concurrent;
pub mod dispersion;
pub mod drift;
pub mod group_sequential;
pub mod likelihood;
mod number;
pub mod quantile;
pub mod rank;
pub mod share;
pub mod special;
pub mod split;

pub use number::{real, whole};

/// Requests of one interval, and the bad ones among them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counts {
    /// Bad requests; a fraction where the source extrapolates.
    pub bad: f64,
    /// Requests.
    pub total: f64,
}

impl Counts {
    /// The share of bad ones, within 0 and 1; none without requests.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        (self.total > 0.0).then(|| (self.bad / self.total).clamp(0.0, 1.0))
    }
}
