//! A canary beside its baseline: is the odds of a bad request more than so many times the baseline's?
//!
//! Given an interval's requests `n_c`, `n_b` and all its bad ones `m`, the canary's bad ones follow Fisher's noncentral
//! hypergeometric distribution with the odds ratio ψ (Fisher 1935; Fog, Communications in Statistics 37, 2008): the share
//! both arms have in common, and whatever it does over time, is gone. The evidence is a mixture over larger ratios,
//! `E = Σ_j w_j Π_t P(k_t; ψ_j) / P(k_t; ψ_0)`; because the ratio of likelihoods grows with `k`, it is a supermartingale for
//! every ψ ≤ ψ_0. Its Poisson limit is Lindon and Malek's (NeurIPS 2022, arXiv 2011.03567).

use crate::{
    Counts,
    number::{ln_sum_exp, real, whole},
    share::{Evidence, ShareTest, Unit},
    special::ln_gamma,
};

/// The ratios over the allowed one that are looked for, equally weighted.
const RATIOS: [f64; 6] = [1.3, 1.7, 2.5, 4.0, 8.0, 20.0];

/// Both arms in one interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arms {
    /// What the release answered.
    pub canary: Counts,
    /// What the version before it answered, at the same time.
    pub baseline: Counts,
}

/// An allowed ratio of odds, and the chance of wrongly calling it exceeded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatioTest {
    /// The allowed ratio of the odds of a bad request; 1.2 is 20 % more.
    pub ratio: f64,
    /// The chance that a ratio at or below it is ever called above it.
    pub alpha: f64,
    /// What counts as one piece of evidence.
    pub unit: Unit,
}

impl RatioTest {
    /// Weighs `intervals`, in their order. Intervals without bad requests, or with one arm idle, say nothing.
    #[must_use]
    pub fn weigh(&self, intervals: &[Arms]) -> Evidence {
        match self.unit {
            Unit::Interval => self.by_interval(intervals),
            Unit::Request { phi } => self.by_request(intervals, phi.max(1.0)),
        }
    }

    /// Each interval is one value: the canary's part of the bad requests, whose mean is at most `wψ/(wψ + 1 − w)` for the
    /// canary's part `w` of the traffic, however the bad ones of an interval hang together.
    fn by_interval(&self, intervals: &[Arms]) -> Evidence {
        let test = ShareTest { limit: 0.5, alpha: self.alpha, unit: Unit::Interval, planned: intervals.len() };
        let values = intervals.iter().map(|arms| {
            let (bad, total) = (arms.canary.bad + arms.baseline.bad, arms.canary.total + arms.baseline.total);
            let part = arms.canary.total / total * self.ratio;
            let expected = part / (part + arms.baseline.total / total);
            arms.tells().then(|| (arms.canary.bad / bad, expected, arms.canary.total))
        });
        test.by_interval(values)
    }

    fn by_request(&self, intervals: &[Arms], phi: f64) -> Evidence {
        let ln_needed = -self.alpha.ln();
        let mut wealth = [0.0; RATIOS.len()];
        let now = |wealth: &[f64]| ln_sum_exp(wealth.iter().copied()) - real(RATIOS.len() as u64).ln();
        let (mut proven_at, mut requests) = (None, 0.0);
        for (index, arms) in intervals.iter().enumerate().filter(|(_, arms)| arms.tells()) {
            let margins = Margins::of(arms);
            let under_null = margins.ln_chance(self.ratio);
            for (wealth, ratio) in wealth.iter_mut().zip(RATIOS) {
                *wealth += (margins.ln_chance(self.ratio * ratio) - under_null) / phi;
            }
            requests += arms.canary.total;
            if proven_at.is_none() && now(&wealth) >= ln_needed {
                proven_at = Some(index);
            }
        }
        let growth = wealth.iter().copied().fold(f64::NEG_INFINITY, f64::max) / requests;
        let gap = ln_needed - now(&wealth);
        let more = (gap > 0.0 && growth > 1e-9 && gap / growth < 1e9).then(|| whole((gap / growth).ceil()).max(1));
        Evidence { ln_now: now(&wealth), ln_needed, proven_at, more_requests: more }
    }
}

impl Arms {
    /// Whether both arms were busy, and there was anything bad to be shared out.
    fn tells(&self) -> bool {
        self.canary.total >= 1.0 && self.baseline.total >= 1.0 && self.canary.bad + self.baseline.bad > 0.0
    }
}

/// The margins of one interval's table, in whole requests, and the canary's bad ones.
struct Margins {
    /// `ln C(n_c, u) C(n_b, m − u)` for every possible `u`, up to a constant.
    ln_ways: Vec<f64>,
    /// The place of the canary's bad requests among them.
    at: usize,
}

impl Margins {
    fn of(arms: &Arms) -> Self {
        let round =
            |counts: Counts| (whole(counts.bad.round()).min(whole(counts.total.round())), whole(counts.total.round()));
        let ((bad_canary, canary), (bad_baseline, baseline)) = (round(arms.canary), round(arms.baseline));
        let all = bad_canary + bad_baseline;
        let (lowest, highest) = (all.saturating_sub(baseline), all.min(canary));
        let mut ln_ways = Vec::with_capacity(usize::try_from(highest - lowest + 1).unwrap_or(0));
        let mut ways = 0.0;
        for bad in lowest..=highest {
            ln_ways.push(ways);
            let more = real(canary - bad) * real(all - bad);
            let fewer = real(bad + 1) * (real(baseline) - real(all) + real(bad) + 1.0);
            ways += (more / fewer).ln();
        }
        Self { ln_ways, at: usize::try_from(bad_canary - lowest).unwrap_or(0) }
    }

    /// `ln P(k; ψ)`.
    fn ln_chance(&self, ratio: f64) -> f64 {
        let ln_ratio = ratio.ln();
        let weight = |(place, ways): (usize, &f64)| ways + real(place as u64) * ln_ratio;
        let all = ln_sum_exp(self.ln_ways.iter().enumerate().map(weight));
        self.ln_ways.get(self.at).map_or(f64::NEG_INFINITY, |ways| weight((self.at, ways)) - all)
    }
}

/// The chance of `bad_canary` or more among the canary's requests when the odds ratio is `ratio`, given the margins:
/// Fisher's exact test, one-sided, and its generalisation to ratios other than 1.
#[must_use]
pub fn fisher(canary: (u64, u64), baseline: (u64, u64), ratio: f64) -> f64 {
    let counts = |(bad, total): (u64, u64)| Counts { bad: real(bad), total: real(total) };
    let margins = Margins::of(&Arms { canary: counts(canary), baseline: counts(baseline) });
    let ln_ratio = ratio.ln();
    let weights = margins.ln_ways.iter().enumerate().map(|(place, ways)| ways + real(place as u64) * ln_ratio);
    (ln_sum_exp(weights.clone().skip(margins.at)) - ln_sum_exp(weights)).exp().min(1.0)
}

/// `ln C(n, k)`.
#[must_use]
pub fn ln_choose(n: u64, k: u64) -> f64 {
    if k > n {
        return f64::NEG_INFINITY;
    }
    ln_gamma(real(n) + 1.0) - ln_gamma(real(k) + 1.0) - ln_gamma(real(n - k) + 1.0)
}
