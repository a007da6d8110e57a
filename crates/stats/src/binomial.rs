//! The exact binomial: how surprising is it to see `bad` bad requests among `total`, if each fails with a given chance?
//!
//! Tails come from the regularised incomplete beta function, `P(X ≥ k) = I_p(k, n − k + 1)` (DLMF 8.17.5), so they are
//! exact at every size; bounds are Clopper and Pearson's (Biometrika 26, 1934), found by bisection on the tail.

use crate::{
    number::{crossing, real, whole},
    special::{incomplete_beta, normal_point},
};

/// The chance of at least `bad` bad requests among `total` when each is bad with probability `share`.
///
/// `share` outside 0..=1 is taken as the nearer end; more bad than total has chance 0.
#[must_use]
pub fn chance_of_at_least(bad: u64, total: u64, share: f64) -> f64 {
    let share = share.clamp(0.0, 1.0);
    match (bad, total) {
        (0, _) => 1.0,
        (bad, total) if bad > total => 0.0,
        (bad, total) => incomplete_beta(share, real(bad), real(total - bad) + 1.0),
    }
}

/// The Clopper–Pearson interval: a share below the first value would produce this many bad requests with a chance under
/// `alpha`, a share above the second this few. Each side spends `alpha` by itself. Without requests it is `(0, 1)`.
#[must_use]
pub fn interval(bad: u64, total: u64, alpha: f64) -> (f64, f64) {
    let bad = bad.min(total);
    if total == 0 {
        return (0.0, 1.0);
    }
    let bound = |bad| crossing(0.0, 1.0, |share| chance_of_at_least(bad, total, share) > alpha);
    // P(X ≤ bad) ≤ alpha  ⟺  P(X ≥ bad + 1) ≥ 1 − alpha; counted from the other side to keep small chances exact.
    (if bad == 0 { 0.0 } else { bound(bad) }, if bad == total { 1.0 } else { 1.0 - bound(total - bad) })
}

/// Wilson's score interval (JASA 22, 1927), each side spending `alpha`: shorter than Clopper and Pearson's, for showing.
/// Its chance of missing is near `alpha`, not at most `alpha`. Without requests it is `(0, 1)`.
#[must_use]
pub fn wilson(bad: u64, total: u64, alpha: f64) -> (f64, f64) {
    if total == 0 {
        return (0.0, 1.0);
    }
    let (n, share, z) = (real(total), real(bad.min(total)) / real(total), normal_point(alpha));
    let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

/// The fewest requests without a single bad one that show, with 95 % confidence, a share of at most `limit`:
/// `ln(0.05) / ln(1 − limit)`, 59 for 5 % and 299 for 1 %. `None` for a limit no number of requests can show.
#[must_use]
pub fn fewest_clean(limit: f64) -> Option<u64> {
    let needed = (0.05_f64.ln() / (1.0 - limit).ln()).ceil();
    (limit > 0.0 && limit < 1.0 && needed < 1e15).then(|| whole(needed).max(1))
}

/// About how many requests in all would prove `limit` exceeded, if bad ones keep coming at the rate `bad` of `total`.
/// `None` when they do not exceed it, or when a thousand million would not do.
#[must_use]
pub fn enough_to_prove(bad: u64, total: u64, limit: f64, alpha: f64) -> Option<u64> {
    let share = real(bad) / real(total.max(1));
    if share <= limit {
        return None;
    }
    let proves = |requests: u64| chance_of_at_least(whole((share * real(requests)).floor()), requests, limit) <= alpha;
    let mut high = total.max(1);
    while !proves(high) {
        high = high.checked_mul(2).filter(|&h| h <= 1_000_000_000)?;
    }
    let mut low = total;
    while low + 1 < high {
        let middle = low.midpoint(high);
        if proves(middle) { high = middle } else { low = middle }
    }
    Some(high)
}
