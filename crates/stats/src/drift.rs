//! Has a distribution moved? The population stability index with a cutoff that knows the sample sizes, and Kolmogorov and
//! Smirnov's two-sample test.

use crate::{
    number::{length, real},
    quantile::quantile,
    special::chi_square_point,
};

/// The least share a bin counts as, so that an empty one has a logarithm.
const FLOOR: f64 = 0.0001;

/// The inner edges of `bins` bins that hold equal parts of a sorted reference; equal edges fall together.
#[must_use]
pub fn edges(sorted: &[f64], bins: usize) -> Vec<f64> {
    let at = |index: usize| quantile(sorted, real(index as u64) / real(bins as u64));
    let mut edges: Vec<f64> = (1..bins).filter_map(at).collect();
    edges.dedup();
    edges
}

/// How many of `values` lie in each bin; a value on an edge belongs below it.
#[must_use]
pub fn histogram(values: &[f64], edges: &[f64]) -> Vec<u64> {
    let mut counts = vec![0; edges.len() + 1];
    for value in values {
        if let Some(count) = counts.get_mut(edges.partition_point(|edge| edge < value)) {
            *count += 1;
        }
    }
    counts
}

/// The population stability index of two histograms over the same bins: `Σ (a − e) ln(a / e)` over the bins' shares
/// (Siddiqi, "Credit Risk Scorecards", 2006).
#[must_use]
pub fn stability_index(expected: &[u64], actual: &[u64]) -> f64 {
    let shares = |counts: &[u64]| {
        let all = real(counts.iter().sum::<u64>().max(1));
        counts.iter().map(|&count| (real(count) / all).max(FLOOR)).collect::<Vec<f64>>()
    };
    shares(expected).iter().zip(shares(actual)).map(|(e, a)| (a - e) * (a / e).ln()).sum()
}

/// What the index of two samples of the same distribution stays below with chance `1 − alpha`:
/// `χ²_{bins−1} (1/n + 1/m)` (Yurdakul, "Statistical Properties of Population Stability Index", 2018). With small samples it
/// is far above the customary 0.1 and 0.2.
#[must_use]
pub fn stability_cutoff(bins: usize, n: u64, m: u64, alpha: f64) -> f64 {
    let degrees = real(bins.max(2) as u64 - 1);
    chi_square_point(alpha, degrees) * (1.0 / real(n.max(1)) + 1.0 / real(m.max(1)))
}

/// The largest difference between two samples' distribution functions, and the chance of so large a one if both come from
/// the same continuous distribution (Smirnov 1939). `None` where a sample is empty or holds `NaN`.
///
/// The chance is exact, by counting lattice paths (Hodges, Arkiv för Matematik 3, 1958), up to 4 million cells; beyond it
/// is Kolmogorov's limit. With ties it errs on the side of no drift.
#[must_use]
pub fn kolmogorov_smirnov(x: &[f64], y: &[f64]) -> Option<(f64, f64)> {
    if x.is_empty() || y.is_empty() || x.iter().chain(y).any(|value| value.is_nan()) {
        return None;
    }
    let sorted = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        values
    };
    let (x, y) = (sorted(x), sorted(y));
    let below = |values: &[f64], at: f64| values.partition_point(|value| *value <= at);
    // In whole numbers: |i·m − j·n| of the two counts, so that "as large" is exact.
    let apart = |&at: &f64| (below(&x, at) * y.len()).abs_diff(below(&y, at) * x.len());
    let largest = x.iter().chain(&y).map(apart).max()?;
    let statistic = real(largest as u64) / (length(&x) * length(&y));
    let chance = if x.len() * y.len() <= 4_000_000 {
        paths_outside(x.len(), y.len(), largest)
    } else {
        kolmogorov((length(&x) * length(&y) / (length(&x) + length(&y))).sqrt() * statistic)
    };
    Some((statistic, chance.clamp(0.0, 1.0)))
}

/// The share of lattice paths from (0, 0) to (n, m) that come as far as `apart` from the diagonal.
fn paths_outside(n: usize, m: usize, apart: usize) -> f64 {
    if apart == 0 {
        return 1.0;
    }
    let inside = |i: usize, j: usize| (i * m).abs_diff(j * n) < apart;
    // The chance that a random path reaches (i, j) without having left; the step right has chance (n−i)/(n+m−i−j).
    let mut row = vec![0.0; m + 1];
    for i in 0..=n {
        for j in 0..=m {
            let left = real((n + m) as u64 + 1) - real((i + j) as u64);
            let from_left = if i > 0 { row[j] * real((n - i + 1) as u64) / left } else { 0.0 };
            let from_below = if j > 0 { row[j - 1] * real((m - j + 1) as u64) / left } else { 0.0 };
            let start = if i + j == 0 { 1.0 } else { 0.0 };
            row[j] = if inside(i, j) { start + from_left + from_below } else { 0.0 };
        }
    }
    1.0 - row[m]
}

/// Kolmogorov's limit distribution: `2 Σ (−1)^{k−1} exp(−2 k² λ²)`.
#[must_use]
pub fn kolmogorov(lambda: f64) -> f64 {
    if lambda < 0.2 {
        return 1.0;
    }
    let term = |k: u32| (if k % 2 == 1 { 2.0 } else { -2.0 }) * (-2.0 * (f64::from(k) * lambda).powi(2)).exp();
    (1..=100).map(term).sum::<f64>().clamp(0.0, 1.0)
}
