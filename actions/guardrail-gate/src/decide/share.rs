//! A share of requests against its limit.

use super::{Doubt, Figures, Finding, Seen, Terms, Verdict, broken, nothing, silent_end};
use crate::{
    binomial::{chance_of_at_least, enough_to_prove, interval, real, whole},
    config::Share,
    observe::Slot,
};

/// The settings of one share.
pub(super) struct Test {
    pub(super) limit: Share,
    pub(super) min_samples: u64,
    pub(super) burst: u64,
}

impl Test {
    pub(super) fn decide(&self, seen: &Seen<'_>, terms: &Terms) -> Finding {
        let (bad, total) = sum(seen.slots);
        let counted =
            Counted { bad: whole(bad.round()), total: whole(total.round()), consistent: bad <= total * 1.05 + 1.0 };
        let (lower, upper) = interval(self.thinned(counted.bad), self.thinned_up(counted.total), terms.alpha);
        let figures = match counted.total {
            0 => Figures::Nothing,
            total => Figures::Share { bad: counted.bad, total, lower, upper },
        };
        Finding { verdict: self.verdict(&counted, seen, terms), figures }
    }

    fn verdict(&self, counted: &Counted, seen: &Seen<'_>, terms: &Terms) -> Verdict {
        let &Counted { bad, total, consistent } = counted;
        if consistent && self.proves_breach(bad.min(total), total, terms.alpha) {
            return Verdict::Fail;
        }
        if !seen.ended {
            return Verdict::Watching;
        }
        let seen = seen.slots;
        if let Some((gap, intervals)) = broken(seen) {
            return Doubt::Broken { gap, intervals }.into();
        }
        if !consistent {
            return Doubt::Impossible.into();
        }
        if total == 0 {
            return nothing(seen).into();
        }
        let uncounted = seen.iter().filter(|slot| matches!(slot, Slot::Uncounted { .. })).count();
        if uncounted > 0 {
            return Doubt::Uncounted { intervals: uncounted }.into();
        }
        if total < self.min_samples {
            return Doubt::LowTraffic { need: self.min_samples - total }.into();
        }
        if silent_end(seen) > terms.stale_intervals {
            return Doubt::Stale { intervals: silent_end(seen) }.into();
        }
        if self.limit.exceeded_by(bad.min(total), total) {
            let enough = enough_to_prove(self.thinned(bad), self.thinned_up(total), self.limit.as_f64(), terms.alpha);
            let need = enough.map(|enough| enough.saturating_mul(self.burst).saturating_sub(total).max(1));
            return Doubt::OverLimitUnproven { need }.into();
        }
        Verdict::Pass
    }

    /// Whether a service at its limit shows so many bad requests with a chance of at most `alpha`.
    ///
    /// It is the same as asking whether the lower Clopper–Pearson bound is at or above the limit, without the bisection.
    fn proves_breach(&self, bad: u64, total: u64, alpha: f64) -> bool {
        let (bad, total) = (self.thinned(bad), self.thinned_up(total));
        bad > 0 && chance_of_at_least(bad, total, self.limit.as_f64()) <= alpha
    }

    /// Bad requests that come together count once for a whole burst of them.
    fn thinned(&self, bad: u64) -> u64 {
        bad / self.burst.max(1)
    }

    fn thinned_up(&self, total: u64) -> u64 {
        total.div_ceil(self.burst.max(1))
    }
}

struct Counted {
    bad: u64,
    total: u64,
    /// Whether the bad ones can be a part of the total, give or take what two clocks and an extrapolation explain.
    consistent: bool,
}

fn sum(seen: &[Slot]) -> (f64, f64) {
    seen.iter().fold((0.0, 0.0), |(bads, totals), slot| match *slot {
        // An interval cannot weigh more than a count can exactly hold.
        Slot::Counts { bad, total } => ((bads + bad).min(real(1 << 53)), (totals + total).min(real(1 << 53))),
        // Unknown ones are taken as good where that protects the release from a wrong fail; they never let it pass.
        Slot::Uncounted { total } => (bads, (totals + total).min(real(1 << 53))),
        _ => (bads, totals),
    })
}
