//! A share against its limit, request by request: the likelihood of the counts under all shares above the limit together,
//! against the limit itself.
//!
//! `E = ∫_{p0}^{1} p^S (1−p)^F dπ(p) / (p0^S (1−p0)^F)` with π a Beta(a, b) truncated to the shares above the limit `p0`:
//! a mixture of likelihood ratios (Robbins, Annals of Mathematical Statistics 41, 1970), a supermartingale for every
//! sequence of shares of at most `p0`, whatever they do over time, while requests fail independently.
//!
//! They seldom do. Where bad requests come in bursts, counts are **tempered**: divided by φ, the burst size (or a
//! measured index of dispersion). For bursts of at most φ, `E[LR^{s/φ}] ≤ 1` by Jensen's inequality; for a measured φ it is
//! an approximation, and the calibration in this crate's tests says how good a one.

use crate::special::{ln_beta, ln_upper_beta};

/// Counts weighed against one limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likelihood {
    limit: f64,
    phi: f64,
    bad: f64,
    good: f64,
}

impl Likelihood {
    /// Nothing seen yet; `limit` within 0 and 1 (exclusive), bad requests come about `phi` at a time.
    #[must_use]
    pub fn new(limit: f64, phi: f64) -> Self {
        Self { limit: limit.clamp(1e-12, 1.0 - 1e-12), phi: phi.max(1.0), bad: 0.0, good: 0.0 }
    }

    /// Takes in `bad` of `total` requests.
    pub fn observe(&mut self, bad: f64, total: f64) {
        let bad = bad.clamp(0.0, total);
        self.bad += bad / self.phi;
        self.good += (total - bad) / self.phi;
    }

    /// The logarithm of the evidence.
    #[must_use]
    pub fn ln_evidence(&self) -> f64 {
        let Self { limit, bad, good, .. } = *self;
        // Shares up to some ten times the limit are likely alternatives; a flat prior would put most weight on absurd ones.
        let (a, b) = (1.0, (1.0 / (8.0 * limit)).max(1.0));
        let weight = |bad: f64, good: f64| ln_beta(a + bad, b + good) + ln_upper_beta(limit, a + bad, b + good);
        weight(bad, good) - weight(0.0, 0.0) - bad * limit.ln() - good * (-limit).ln_1p()
    }
}
