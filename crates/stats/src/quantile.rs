//! Quantiles of a sample, and what a sample can say about the quantiles of what it was drawn from.

use crate::{
    binomial::chance_of_at_least,
    number::{length, real, whole},
};

/// The `q`-quantile of a sorted sample by linear interpolation between order statistics: type 7 of Hyndman and Fan
/// (The American Statistician 50, 1996), the default of R and NumPy. `None` for an empty sample.
#[must_use]
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let place = q.clamp(0.0, 1.0) * (length(sorted) - 1.0).max(0.0);
    let below = usize::try_from(whole(place)).ok()?;
    let low = *sorted.get(below)?;
    let high = sorted.get(below + 1).copied().unwrap_or(low);
    Some(low + (place - real(below as u64)) * (high - low))
}

/// The middle of a sample in any order; `None` for an empty one.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}

/// The ranks (from 1) of the order statistics that hold the `q`-quantile between them, each side missing it with a chance
/// of at most `alpha` (David and Nagaraja, "Order Statistics", 2003, section 7.1). A side on which the sample is too small
/// to say is `None`.
#[must_use]
pub fn ranks(n: u64, q: f64, alpha: f64) -> (Option<u64>, Option<u64>) {
    // X_(l) > x_q  ⟺  fewer than l values are ≤ x_q: P(B ≤ l − 1) ≤ alpha.
    let at_most = |k: u64| 1.0 - chance_of_at_least(k + 1, n, q);
    let lower = last(n, |l| at_most(l - 1) <= alpha);
    // X_(u) < x_q  ⟹  at least u values are ≤ x_q: P(B ≥ u) ≤ alpha.
    let upper = last(n, |from_the_end| chance_of_at_least(n + 1 - from_the_end, n, q) <= alpha);
    (lower, upper.map(|from_the_end| n + 1 - from_the_end))
}

/// The last of `1..=n` for which `holds`, which holds up to some number and not beyond; by halving, for `n` may be millions.
fn last(n: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if holds(middle) { low = middle } else { high = middle - 1 }
    }
    (low > 0).then_some(low)
}
