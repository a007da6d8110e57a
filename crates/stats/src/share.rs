//! A share watched interval by interval against a limit: when harm is proven, and how far the evidence has come.

use crate::{
    Counts,
    betting::Betting,
    binomial::chance_of_at_least,
    likelihood::Likelihood,
    number::{real, whole},
};

/// What counts as one piece of evidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unit {
    /// An interval: nothing is assumed about how the requests in it depend on each other.
    Interval,
    /// A request, where bad ones come about `phi` at a time: quicker, and as good as `phi` is.
    Request {
        /// The burst size, at least 1.
        phi: f64,
    },
}

/// A limit on a share, and the chance of wrongly calling it exceeded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShareTest {
    /// The limit, within 0 and 1.
    pub limit: f64,
    /// The chance that a share at or below the limit is ever called above it.
    pub alpha: f64,
    /// What counts as one piece of evidence.
    pub unit: Unit,
    /// Intervals that are going to be watched: with requests as unit, half of `alpha` is kept for the exact test at the end.
    pub planned: usize,
}

/// How far the evidence against a release has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// The logarithm of the evidence after the last interval.
    pub ln_now: f64,
    /// The logarithm of the evidence that proves harm.
    pub ln_needed: f64,
    /// The interval at which harm was proven first.
    pub proven_at: Option<usize>,
    /// About how many more requests would prove it, if they keep coming like these; none where they would not.
    pub more_requests: Option<u64>,
}

impl ShareTest {
    /// Weighs `intervals`, in their order.
    #[must_use]
    pub fn weigh(&self, intervals: &[Counts]) -> Evidence {
        match self.unit {
            Unit::Interval => self.by_interval(intervals.iter().map(|c| Some((c.share()?, self.limit, c.total)))),
            Unit::Request { phi } => self.by_request(intervals, phi),
        }
    }

    /// Weighs values within 0 and 1, each with its own limit on the mean and the requests behind it; an interval without
    /// one says nothing.
    pub(crate) fn by_interval(&self, intervals: impl Iterator<Item = Option<(f64, f64, f64)>>) -> Evidence {
        let ln_needed = -self.alpha.ln();
        let mut betting = Betting::default();
        let (mut requests, mut count, mut proven_at) = (0.0, 0.0, None);
        let known = intervals.enumerate().filter_map(|(index, value)| Some((index, value?)));
        for (index, (share, limit, total)) in known {
            betting.observe(share, limit);
            (requests, count) = (requests + total, count + 1.0);
            if proven_at.is_none() && betting.ln_evidence() >= ln_needed {
                proven_at = Some(index);
            }
        }
        let ln_now = betting.ln_evidence();
        let more = more(ln_needed - ln_now, betting.growth(count), requests / count);
        Evidence { ln_now, ln_needed, proven_at, more_requests: more }
    }

    fn by_request(&self, intervals: &[Counts], phi: f64) -> Evidence {
        let ln_needed = -(0.5 * self.alpha).ln();
        let mut likelihood = Likelihood::new(self.limit, phi);
        let (mut bad, mut total, mut proven_at) = (0.0, 0.0, None);
        for (index, counts) in intervals.iter().enumerate() {
            likelihood.observe(counts.bad, counts.total);
            (bad, total) = (bad + counts.bad.min(counts.total), total + counts.total);
            let at_the_end = index + 1 == self.planned && self.exactly_above(bad, total, phi);
            if proven_at.is_none() && (likelihood.ln_evidence() >= ln_needed || at_the_end) {
                proven_at = Some(index);
            }
        }
        let ln_now = likelihood.ln_evidence();
        let growth = divergence(bad / total, self.limit) / phi.max(1.0);
        let more = if bad > self.limit * total { more(ln_needed - ln_now, growth, 1.0) } else { None };
        Evidence { ln_now, ln_needed, proven_at, more_requests: more }
    }

    /// The one exact test at the planned end: as many bursts among as many, by the binomial.
    fn exactly_above(&self, bad: f64, total: f64, phi: f64) -> bool {
        let (bad, total) = (whole((bad / phi).floor()), whole((total / phi).ceil()));
        bad > 0 && chance_of_at_least(bad, total, self.limit) <= 0.5 * self.alpha
    }
}

/// How many more requests close a gap in the evidence at this growth per piece.
fn more(gap: f64, growth: f64, requests_per_piece: f64) -> Option<u64> {
    let requests = (gap / growth * requests_per_piece).ceil();
    (gap > 0.0 && growth > 1e-9 && requests.is_finite() && requests < 1e9).then(|| whole(requests).max(1))
}

/// The Kullback–Leibler divergence of a share from the limit: what one request adds to the evidence on average.
fn divergence(share: f64, limit: f64) -> f64 {
    let part = |a: f64, b: f64| if a > 0.0 { a * (a / b).ln() } else { 0.0 };
    part(share, limit) + part(1.0 - share, 1.0 - limit)
}

/// A bound from above on the share behind `counts` whose bad ones come `phi` at a time, missed with a chance of at most
/// `alpha`: Clopper and Pearson's on the counts as bursts.
#[must_use]
pub fn upper_bound(counts: &[Counts], phi: f64, alpha: f64) -> f64 {
    let (bad, total) = counts.iter().fold((0.0, 0.0), |(b, t), c| (b + c.bad.min(c.total), t + c.total));
    let phi = phi.max(1.0);
    let (bad, total) = (whole((bad / phi).ceil()), whole((total / phi).floor()));
    crate::binomial::interval(bad, total, alpha).1.max(real(bad) / real(total.max(1)).max(1.0))
}
