//! A mean against its limit, one bounded value per interval: the evidence of somebody who bets against the release.
//!
//! `E_T = (1/J) Σ_j Π_t (1 + λ_j (x_t − m_t))` with `x_t` in 0..=1 and fixed bets `λ_j = c_j / m_t`
//! (Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", JRSS B 86, 2024, section 4).
//! While the mean of every `x_t`, given the past, is at most `m_t`, each product is a non-negative supermartingale, so
//! `P(E ever ≥ 1/α) ≤ α` (Ville). Requests inside an interval may depend on each other in any way.

use crate::number::{ln_sum_exp, real};

/// The part of the wealth each of the equally weighted bettors stakes.
const STAKES: [f64; 8] = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9];

/// The bettors' wealth so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Betting {
    ln_wealth: [f64; STAKES.len()],
}

impl Default for Betting {
    fn default() -> Self {
        Self { ln_wealth: [0.0; STAKES.len()] }
    }
}

impl Betting {
    /// Takes one interval in: its value `x` against the limit `mean` on its mean. Both are held within 0 and 1; a limit of
    /// 0 is broken by anything above it.
    pub fn observe(&mut self, x: f64, mean: f64) {
        let (x, mean) = (x.clamp(0.0, 1.0), mean.clamp(1e-12, 1.0));
        for (wealth, stake) in self.ln_wealth.iter_mut().zip(STAKES) {
            *wealth += (stake * (x - mean) / mean).ln_1p();
        }
    }

    /// The logarithm of the evidence.
    #[must_use]
    pub fn ln_evidence(&self) -> f64 {
        ln_sum_exp(self.ln_wealth.iter().copied()) - real(STAKES.len() as u64).ln()
    }

    /// How much the best bettor gains per interval in the long run, if intervals keep coming like these.
    #[must_use]
    pub fn growth(&self, intervals: f64) -> f64 {
        self.ln_wealth.iter().copied().fold(f64::NEG_INFINITY, f64::max) / intervals.max(1.0)
    }
}
