//! A share of requests against its limit.

use super::{Doubt, Figures, Finding, Seen, Terms, Verdict, broken, nothing, silent_end};
use crate::{
    config::{Hard, Increase, Limit, Piece, Share},
    observe::Slot,
};
use stats::{
    Counts, binomial,
    concurrent::{Arms, RatioTest},
    dispersion::{LARGEST, dispersion},
    real,
    share::{Evidence, ShareTest, Unit, upper_bound},
    split, whole,
};

/// The evidence that traffic is not split as planned, at which nothing is compared any more: 1 in 10,000.
const SPLIT_EVIDENCE: f64 = 10_000.0;

/// The settings of one share.
pub(super) struct Test {
    pub(super) limit: Limit,
    pub(super) min_samples: u64,
    pub(super) unit: Piece,
    pub(super) hard: Option<Hard>,
    /// The planned part of the traffic, beside another version.
    pub(super) split: Option<Share>,
    /// One document, read as a whole.
    pub(super) whole: bool,
}

/// What the numbers weigh.
struct Weighed {
    evidence: Evidence,
    limit: f64,
    unit: Unit,
    against: Against,
}

/// What the share is held against.
#[derive(Clone, Copy)]
enum Against {
    Limit(Share),
    /// So much more than the bad requests and the requests of a baseline.
    Baseline {
        by: Increase,
        points: Share,
        bad: f64,
        total: f64,
    },
}

impl Test {
    pub(super) fn decide(&self, seen: &Seen<'_>, terms: &Terms) -> Finding {
        let (bad, total) = sum(&counts(seen.slots));
        let counted =
            Counted { bad: whole(bad.round()), total: whole(total.round()), consistent: bad <= total * 1.05 + 1.0 };
        let weighed = self.weigh(seen, terms);
        let figures = match (counted.total, &weighed) {
            (0, _) => Figures::Nothing,
            (total, weighed) => figures(counted.bad, total, weighed.as_ref()),
        };
        Finding { verdict: self.verdict(&counted, weighed.as_ref(), seen, terms), figures }
    }

    fn verdict(&self, counted: &Counted, weighed: Option<&Weighed>, seen: &Seen<'_>, terms: &Terms) -> Verdict {
        let &Counted { bad, total, consistent } = counted;
        if consistent && self.is_far_over(seen.slots) {
            return Verdict::Fail;
        }
        if consistent && weighed.is_some_and(|weighed| weighed.evidence.proven_at.is_some()) {
            return match (self.is_split_wrong(seen.slots), self.was_over_before(seen, terms)) {
                (Some(doubt), _) => doubt.into(),
                (None, true) => Doubt::AlreadyOver.into(),
                (None, false) => Verdict::Fail,
            };
        }
        if !seen.ended {
            return Verdict::Watching;
        }
        let slots = seen.slots;
        if let Some((gap, intervals)) = broken(slots) {
            return Doubt::Broken { gap, intervals }.into();
        }
        if !consistent {
            return Doubt::Impossible.into();
        }
        if total == 0 {
            return nothing(slots).into();
        }
        let uncounted = slots.iter().filter(|slot| matches!(slot, Slot::Uncounted { .. })).count();
        if uncounted > 0 {
            return Doubt::Uncounted { intervals: uncounted }.into();
        }
        if total < self.min_samples {
            return Doubt::LowTraffic { need: self.min_samples - total }.into();
        }
        if !self.whole && silent_end(slots) > terms.stale_intervals {
            return Doubt::Stale { intervals: silent_end(slots) }.into();
        }
        if let Some(doubt) = self.is_split_wrong(slots) {
            return doubt.into();
        }
        let Some(weighed) = weighed else { return Doubt::NoBaseline { text: None }.into() };
        if weighed.against.is_exceeded_by(bad.min(total), total) {
            return Doubt::OverLimitUnproven { need: weighed.evidence.more_requests }.into();
        }
        Verdict::Pass
    }

    /// `None` where there is no baseline to weigh against.
    fn weigh(&self, seen: &Seen<'_>, terms: &Terms) -> Option<Weighed> {
        let unit = self.unit_of(seen);
        let planned = if self.whole { 1 } else { terms.intervals };
        let one = counts(seen.slots);
        match self.limit {
            Limit::At(limit) => {
                let against = Against::Limit(limit);
                let limit = limit.as_f64();
                let evidence = ShareTest { limit, alpha: terms.alpha, unit, planned }.weigh(&one);
                Some(Weighed { evidence, limit, unit, against })
            }
            Limit::Increase { by, points } if is_concurrent(seen.slots) => {
                let arms = arms(seen.slots);
                let evidence = RatioTest { ratio: by.factor(), alpha: terms.alpha, unit }.weigh(&arms);
                let beside: Vec<Counts> = arms.iter().map(|arms| arms.baseline).collect();
                let (bad, total) = Some(sum(&beside)).filter(|(_, total)| *total > 0.0)?;
                let against = Against::Baseline { by, points, bad, total };
                Some(Weighed { evidence, limit: by.factor(), unit, against })
            }
            Limit::Increase { by, points } => {
                let before = counts(seen.baseline);
                let (bad, total) = sum(&before);
                if total < real(self.min_samples) {
                    return None;
                }
                // Half of the chance pays for not knowing the baseline exactly.
                let bound = upper_bound(&before, self.burst_of_baseline(&before, unit), terms.alpha / 2.0);
                let limit = (bound * by.factor()).max(bound + points.as_f64()).min(1.0);
                let evidence = ShareTest { limit, alpha: terms.alpha / 2.0, unit, planned }.weigh(&one);
                Some(Weighed { evidence, limit, unit, against: Against::Baseline { by, points, bad, total } })
            }
        }
    }

    fn unit_of(&self, seen: &Seen<'_>) -> Unit {
        match self.unit {
            Piece::Interval => Unit::Interval,
            Piece::Request { burst } => Unit::Request { phi: real(burst) },
            Piece::Auto => match dispersion(&counts(seen.before)) {
                Some(found) => Unit::Request { phi: found.upper },
                None => Unit::Interval,
            },
        }
    }

    /// How many bad requests of a baseline count as one: no more than there were.
    fn burst_of_baseline(&self, before: &[Counts], unit: Unit) -> f64 {
        match (unit, self.unit) {
            (Unit::Request { phi }, _) => phi,
            (Unit::Interval, _) => dispersion(before).map_or(sum(before).0.clamp(1.0, LARGEST), |found| found.upper),
        }
    }

    /// Whether so many intervals in a row are over the hard limit.
    fn is_far_over(&self, slots: &[Slot]) -> bool {
        let Some(hard) = self.hard else { return false };
        let over = |slot: &Slot| match *slot {
            Slot::Counts { bad, total } | Slot::Arms { bad, total, .. } => {
                let (bad, total) = (whole(bad.round()), whole(total.round()));
                total > 0 && hard.max.exceeded_by(bad.min(total), total)
            }
            _ => false,
        };
        let over: Vec<bool> = slots.iter().map(over).collect();
        over.windows(hard.intervals).any(|run| run.iter().all(|&over| over))
    }

    /// Whether the time before the release proves the same of itself: its older half, because who starts the gate late has
    /// the release itself in the newer one.
    fn was_over_before(&self, seen: &Seen<'_>, terms: &Terms) -> bool {
        let Limit::At(limit) = self.limit else { return false };
        let older = &seen.before[..seen.before.len() / 2];
        let (before, limit) = (counts(older), limit.as_f64());
        let test = ShareTest { limit, alpha: terms.alpha, unit: Unit::Interval, planned: before.len() };
        let (bad, total) = sum(&before);
        bad > limit * total && test.weigh(&before).proven_at.is_some()
    }

    fn is_split_wrong(&self, slots: &[Slot]) -> Option<Doubt> {
        let planned = self.split?.as_f64();
        let arms = arms(slots);
        let requests = |of: fn(&Arms) -> f64| whole(arms.iter().map(of).sum::<f64>().round());
        let (ours, theirs) = (requests(|arms| arms.canary.total), requests(|arms| arms.baseline.total));
        let wrong = split::ln_evidence(&[ours, theirs], &[planned, 1.0 - planned]) > SPLIT_EVIDENCE.ln();
        wrong.then_some(Doubt::Split { seen: ours, total: ours + theirs })
    }
}

impl Against {
    /// Whether the share as it was seen is over the limit, in whole numbers where the limit is one.
    fn is_exceeded_by(self, bad: u64, total: u64) -> bool {
        match self {
            Self::Limit(limit) => limit.exceeded_by(bad, total),
            Self::Baseline { by, points, bad: base_bad, total: base_total } => {
                let (share, base) = (real(bad) / real(total), base_bad / base_total);
                share > base * by.factor() && share > base + points.as_f64()
            }
        }
    }

    /// Bad requests and requests of the baseline, where there is one.
    fn baseline(self) -> Option<(f64, f64)> {
        match self {
            Self::Limit(_) => None,
            Self::Baseline { bad, total, .. } => Some((bad, total)),
        }
    }
}

struct Counted {
    bad: u64,
    total: u64,
    /// Whether the bad ones can be a part of the total, give or take what two clocks and an extrapolation explain.
    consistent: bool,
}

fn figures(bad: u64, total: u64, weighed: Option<&Weighed>) -> Figures {
    let (lower, upper) = binomial::interval(bad, total, 0.025);
    let baseline = weighed.and_then(|weighed| weighed.against.baseline());
    let evidence = weighed.map(|weighed| weighed.evidence);
    Figures::Share {
        bad,
        total,
        lower,
        upper,
        limit: weighed.map_or(1.0, |weighed| weighed.limit),
        burst: match weighed.map(|weighed| weighed.unit) {
            Some(Unit::Request { phi }) => phi,
            _ => 0.0,
        },
        // Beyond this a number says no more than "certainly".
        evidence: evidence.map_or(1.0, |evidence| evidence.ln_now.min(230.0).exp()),
        needed: evidence.map_or(f64::MAX, |evidence| evidence.ln_needed.exp()),
        proven_at: evidence.and_then(|evidence| evidence.proven_at).map(|index| index + 1),
        baseline_bad: baseline.map(|(bad, _)| whole(bad.round())),
        baseline_total: baseline.map(|(_, total)| whole(total.round())),
    }
}

/// The requests of each interval, none where there is a gap: what is weighed keeps its place.
fn counts(slots: &[Slot]) -> Vec<Counts> {
    let one = |slot: &Slot| match *slot {
        Slot::Counts { bad, total } | Slot::Arms { bad, total, .. } => Counts { bad, total },
        // Unknown ones are taken as good where that protects the release from a wrong fail; they never let it pass.
        Slot::Uncounted { total } => Counts { bad: 0.0, total },
        _ => Counts { bad: 0.0, total: 0.0 },
    };
    slots.iter().map(one).collect()
}

/// Both versions in each interval, likewise.
fn arms(slots: &[Slot]) -> Vec<Arms> {
    let one = |slot: &Slot| match *slot {
        Slot::Arms { bad, total, beside_bad, beside_total } => {
            Arms { canary: Counts { bad, total }, baseline: Counts { bad: beside_bad, total: beside_total } }
        }
        _ => Arms { canary: Counts { bad: 0.0, total: 0.0 }, baseline: Counts { bad: 0.0, total: 0.0 } },
    };
    slots.iter().map(one).collect()
}

fn is_concurrent(slots: &[Slot]) -> bool {
    slots.iter().any(|slot| matches!(slot, Slot::Arms { .. }))
}

/// All bad requests and all requests; no interval weighs more than a count can exactly hold.
fn sum(counts: &[Counts]) -> (f64, f64) {
    let most = real(1 << 53);
    counts.iter().fold((0.0, 0.0), |(bad, total), one| ((bad + one.bad).min(most), (total + one.total).min(most)))
}
