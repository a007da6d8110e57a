//! The exact binomial: how surprising is it to see `bad` bad requests among `total`, if each fails with a given chance?
//!
//! Tails come from the regularised incomplete beta function, `P(X ≥ k) = I_p(k, n − k + 1)` (DLMF 8.17.5), so they are
//! exact at every size; bounds are Clopper and Pearson's (Biometrika 26, 1934), found by bisection on the tail.

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
    let lower = if bad == 0 { 0.0 } else { crossing(|share| chance_of_at_least(bad, total, share) > alpha) };
    // P(X ≤ bad) ≤ alpha  ⟺  P(X ≥ bad + 1) ≥ 1 − alpha; counted from the other side to keep small chances exact.
    let good = total - bad;
    let upper = if good == 0 { 1.0 } else { 1.0 - crossing(|share| chance_of_at_least(good, total, share) > alpha) };
    (lower, upper)
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

/// A count as a real number; exact up to 2^53, far above what a window can bring.
#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

/// A non-negative real number without its fraction.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates: negative becomes 0")]
pub(crate) fn whole(number: f64) -> u64 {
    number as u64
}

/// The point in 0..=1 where `above` turns from false to true.
fn crossing(above: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    // 60 halvings reach the spacing of floating-point numbers near any share that matters.
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if above(middle) { high = middle } else { low = middle }
    }
    low
}

/// `I_x(a, b)` by the continued fraction DLMF 8.17.22 on the side where it converges quickly, mirrored by 8.17.4.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (a * x.ln() + b * (-x).ln_1p() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b)).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        (front * continued_fraction(x, a, b) / a).min(1.0)
    } else {
        (1.0 - front * continued_fraction(1.0 - x, b, a) / b).max(0.0)
    }
}

/// The fraction `1/(1 + d₁/(1 + d₂/(1 + …)))` of DLMF 8.17.22; its denominator by Lentz's forward recurrence.
fn continued_fraction(x: f64, a: f64, b: f64) -> f64 {
    let away_from_zero = |v: f64| if v.abs() < 1e-300 { 1e-300 } else { v };
    let (mut value, mut c, mut d) = (1.0, 1.0, 0.0);
    // Terms needed grow with the square root of the larger parameter: 100,000 serve up to 10^9 requests.
    for step in 1..=100_000_u32 {
        let m = f64::from(step / 2);
        let term = if step % 2 == 0 {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        };
        d = 1.0 / away_from_zero(1.0 + term * d);
        c = away_from_zero(1.0 + term / c);
        value *= c * d;
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    1.0 / value
}

/// `ln Γ(x)` for positive x: Stirling's series (DLMF 5.11.1) after shifting x above 10.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 10.0 {
        shift -= x.ln();
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    let series = (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * (1.0 / 1680.0 - r / 1188.0)))) / x;
    shift + (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, wanted: f64, relative: f64) -> bool {
        (got - wanted).abs() <= relative * wanted.abs().max(1e-300)
    }

    /// `scipy.stats.binom.sf(k - 1, n, p)`, SciPy 1.x (Cephes and Boost underneath).
    #[test]
    fn tails_equal_scipy() {
        for (bad, total, share, wanted) in [
            (1, 10, 0.01, 0.095_617_924_991_195_52),
            (3, 60, 0.01, 0.022_420_164_788_834_63),
            (5, 5, 0.01, 1.000_000_000_000_000_2e-10),
            (10, 300, 0.01, 0.001_023_094_850_850_257),
            (52, 1_000, 0.05, 0.405_816_073_204_349_3),
            (30, 15_000, 0.001, 0.000_415_361_232_199_113_1),
            (120, 10_000, 0.01, 0.027_597_256_302_066_213),
            (682, 925, 0.75, 0.824_089_122_352_422_6),
            (1, 1, 0.5, 0.5),
            (0, 5, 0.2, 1.0),
        ] {
            let got = chance_of_at_least(bad, total, share);
            assert!(close(got, wanted, 1e-10), "{bad}/{total} at {share}: {got} instead of {wanted}");
        }
        // A hundred million requests: logarithms of gamma lose some digits, never the decision.
        assert!(close(chance_of_at_least(1_000_050, 100_000_000, 0.01), 0.480_095_810_888_138_6, 1e-6));
    }

    /// `scipy.stats.beta.ppf(alpha, k, n - k + 1)` and `beta.ppf(1 - alpha, k + 1, n - k)`.
    #[test]
    fn bounds_equal_scipy() {
        for (bad, total, alpha, lower, upper) in [
            (682, 925, 0.025, 0.707_668_264_079_039, 0.765_406_558_241_525_3),
            (0, 60, 0.05, 0.0, 0.048_702_913_310_097_49),
            (60, 60, 0.05, 0.951_297_086_689_902_5, 1.0),
            (3, 60, 0.000_33, 0.002_196_026_209_921_628, 0.219_011_597_878_192_2),
            (12, 900, 0.000_66, 0.004_293_391_543_124_332, 0.030_548_723_649_465_828),
            (1, 1_000_000, 0.01, 1.005_033_580_299_681_6e-8, 6.638_333_353_341_804e-6),
        ] {
            let got = interval(bad, total, alpha);
            assert!(close(got.0, lower, 1e-8) && close(got.1, upper, 1e-8), "{bad}/{total}: {got:?}");
        }
        assert_eq!(interval(0, 0, 0.01), (0.0, 1.0));
    }

    /// The textbook sizes for certifying a percentile from clean samples at 95 % confidence.
    #[test]
    fn the_fewest_clean_requests_are_the_known_ones() {
        assert_eq!([0.05, 0.01, 0.001].map(fewest_clean), [Some(59), Some(299), Some(2995)]);
        assert_eq!([0.0, 1.0].map(fewest_clean), [None, None]);
    }

    #[test]
    fn requests_needed_to_prove_a_breach_do_prove_it() {
        let needed = enough_to_prove(2, 100, 0.01, 0.001).unwrap();
        let at_rate = |requests: u64| requests * 2 / 100;
        assert!(chance_of_at_least(at_rate(needed), needed, 0.01) <= 0.001, "{needed}");
        assert!(chance_of_at_least(at_rate(needed / 2), needed / 2, 0.01) > 0.001, "{needed}");
        assert_eq!(enough_to_prove(1, 100, 0.01, 0.001), None);
        assert_eq!(enough_to_prove(0, 0, 0.01, 0.001), None);
    }
}
