//! A value per interval against a bound: M of N.

use super::{Doubt, Figures, Finding, Seen, Terms, Verdict, broken, nothing, silent_end};
use crate::{
    config::{Bound, Breach},
    observe::Slot,
};
use stats::{quantile::median, whole};

/// Values of a baseline below which it says nothing.
const FEWEST_BEFORE: usize = 3;

/// The settings of one value.
pub(super) struct Test {
    pub(super) bound: Bound,
    pub(super) breach: Breach,
    pub(super) min_samples: u64,
}

impl Test {
    pub(super) fn decide(&self, seen: &Seen<'_>, terms: &Terms) -> Finding {
        let values = seen.slots.iter().filter_map(|slot| match *slot {
            Slot::Value { value, samples } => Some((value, samples.unwrap_or(1.0))),
            _ => None,
        });
        let bound = self.resolved(seen.baseline);
        let samples = whole(values.clone().map(|(_, samples)| samples).sum::<f64>());
        let figures = match values.clone().count() {
            0 => Figures::Nothing,
            observed => Figures::Value {
                breaching: values.clone().filter(|(value, _)| bound.is_some_and(|b| b.broken_by(*value))).count(),
                observed,
                latest: values.clone().next_back().map(|(value, _)| value),
                samples,
                bound: bound.and_then(number),
            },
        };
        Finding { verdict: self.verdict(bound, seen, samples, terms), figures }
    }

    /// The bound in numbers; one relative to a baseline needs that.
    fn resolved(&self, baseline: &[Slot]) -> Option<Bound> {
        let Bound::Increase(by) = self.bound else { return Some(self.bound) };
        let value = |slot: &Slot| if let Slot::Value { value, .. } = slot { Some(*value) } else { None };
        let before: Vec<f64> = baseline.iter().filter_map(value).collect();
        let middle = median(&before).filter(|_| before.len() >= FEWEST_BEFORE)?;
        Some(Bound::Max(middle * by.factor()))
    }

    fn verdict(&self, bound: Option<Bound>, seen: &Seen<'_>, samples: u64, terms: &Terms) -> Verdict {
        if bound.is_some_and(|bound| self.breached(bound, seen.slots)) {
            return Verdict::Fail;
        }
        if !seen.ended {
            return Verdict::Watching;
        }
        let seen = seen.slots;
        if let Some((gap, intervals)) = broken(seen) {
            return Doubt::Broken { gap, intervals }.into();
        }
        if samples == 0 {
            return nothing(seen).into();
        }
        if samples < self.min_samples {
            return Doubt::LowTraffic { need: self.min_samples - samples }.into();
        }
        if silent_end(seen) > terms.stale_intervals {
            return Doubt::Stale { intervals: silent_end(seen) }.into();
        }
        if bound.is_none() {
            return Doubt::NoBaseline { text: None }.into();
        }
        Verdict::Pass
    }

    /// Whether any N consecutive intervals have M outside the bound; an interval without a value is not outside.
    fn breached(&self, bound: Bound, seen: &[Slot]) -> bool {
        let outside: Vec<bool> =
            seen.iter().map(|slot| matches!(*slot, Slot::Value { value, .. } if bound.broken_by(value))).collect();
        let enough = |part: &[bool]| part.iter().filter(|&&out| out).count() >= self.breach.datapoints;
        // A window shorter than N is the part of N seen so far.
        enough(&outside[..outside.len().min(self.breach.of)]) || outside.windows(self.breach.of).any(enough)
    }
}

fn number(bound: Bound) -> Option<f64> {
    match bound {
        Bound::Max(limit) | Bound::Min(limit) => Some(limit),
        Bound::Increase(_) => None,
    }
}
