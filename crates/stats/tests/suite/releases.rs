//! Simulated releases: how their requests come, and how bad ones come among them.

use crate::random::Random;
use stats::{Counts, dispersion::dispersion, share::Unit};

/// A release that carries traffic for a while.
#[derive(Clone, Copy)]
pub(crate) struct Release {
    pub(crate) name: &'static str,
    /// Requests in each interval, in the long run.
    pub(crate) requests: f64,
    /// The share of bad ones, in the long run.
    pub(crate) share: f64,
    /// How much the requests of one interval fail together.
    pub(crate) rho: f64,
    pub(crate) course: Course,
}

/// What changes from interval to interval.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Course {
    Steady,
    /// The share wanders between nothing and `share`, as a reflected random walk.
    Drifting,
    /// Traffic moves over during the first half: one twentieth of it at first.
    Ramp,
}

impl Release {
    pub(crate) fn intervals(&self, count: usize, random: &mut Random) -> Vec<Counts> {
        let mut level = random.unit();
        let one = |index: usize| {
            let part = match self.course {
                Course::Ramp => (0.05 + index as f64 / (count as f64 / 2.0)).min(1.0),
                _ => 1.0,
            };
            let share = match self.course {
                Course::Drifting => {
                    level = (level + 0.15 * random.normal()).abs();
                    level = if level > 1.0 { 2.0 - level } else { level }.clamp(0.0, 1.0);
                    self.share * level
                }
                _ => self.share,
            };
            // Arrivals vary as a Poisson count does, by its normal limit.
            let expected = self.requests * part;
            let total = (expected + expected.sqrt() * random.normal()).round().max(0.0) as u64;
            Counts { bad: random.correlated(total, share, self.rho) as f64, total: total as f64 }
        };
        (0..count).map(one).collect()
    }

    /// The unit a gate would choose after having seen an hour of the release before this one.
    pub(crate) fn unit_from_history(&self, random: &mut Random) -> Unit {
        let before = Self { course: if self.course == Course::Ramp { Course::Steady } else { self.course }, ..*self };
        match dispersion(&before.intervals(60, random)) {
            Some(found) => Unit::Request { phi: found.upper },
            None => Unit::Interval,
        }
    }
}
