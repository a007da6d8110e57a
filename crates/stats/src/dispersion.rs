//! How bursty bad requests are: their variance over a binomial's, from intervals before the release.
//!
//! φ is Pearson's χ² over its degrees of freedom (McCullagh and Nelder, "Generalized Linear Models", 1989, section 4.5).
//! It must come from before the release, or from the other arm: a broken release inflates its own φ and would hide.

use crate::{
    Counts,
    number::length,
    special::{chi_square_point, normal_point},
};

/// Fewer intervals with requests than this say nothing about dispersion.
pub const FEWEST_INTERVALS: usize = 30;

/// Fewer bad requests than this say nothing about how they come together.
pub const FEWEST_BAD: f64 = 20.0;

/// Above this a burst is no longer small against a window, and intervals are weighed as wholes instead.
pub const LARGEST: f64 = 50.0;

/// What the intervals before the release say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dispersion {
    /// The estimate, at least 1.
    pub phi: f64,
    /// Its upper bound, at confidence 95 %: what tests use.
    pub upper: f64,
}

/// The dispersion of `history`; none where it is too short or too clean to say, or beyond [`LARGEST`].
#[must_use]
pub fn dispersion(history: &[Counts]) -> Option<Dispersion> {
    let used: Vec<Counts> = history.iter().copied().filter(|counts| counts.total > 0.0).collect();
    let (bad, total) = used.iter().fold((0.0, 0.0), |(b, t), c| (b + c.bad.min(c.total), t + c.total));
    if used.len() < FEWEST_INTERVALS || bad < FEWEST_BAD || bad >= total {
        return None;
    }
    let share = bad / total;
    let residual = |c: &Counts| (c.bad.min(c.total) - c.total * share).powi(2) / (c.total * share * (1.0 - share));
    let residuals: Vec<f64> = used.iter().map(residual).collect();
    let degrees = length(&used) - 1.0;
    let square: f64 = residuals.iter().sum();
    let phi = square / degrees;
    // The χ² bound holds for small φ; where few large bursts make the sum, its own scatter is the honest error.
    let scatter = (residuals.iter().map(|r| (r - phi).powi(2)).sum::<f64>() / degrees / length(&used)).sqrt();
    let upper = (square / chi_square_point(0.95, degrees)).max(phi + normal_point(0.05) * scatter).max(1.0);
    (upper <= LARGEST).then_some(Dispersion { phi: phi.max(1.0), upper })
}
