//! How much of the traffic a new revision gets, and by which steps.

use jiff::SignedDuration;

/// A share of the traffic in tenths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Share(u16);

/// By which steps production traffic goes over to a new revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// `BLUE_GREEN`.
    AllAtOnce,
    /// `CANARY`: a first share that stays for a while, then the rest.
    Canary { first: Share, bake: SignedDuration },
    /// `LINEAR`: equal steps, each staying for a while.
    Linear { step: Share, bake: SignedDuration },
}

impl Share {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const ALL: Self = Self(1000);

    /// The share of so many percent, which have to be a multiple of 0.1 from 0.1 to 100.
    pub(crate) fn of_percent(percent: f64) -> Option<Self> {
        let tenths = (percent * 10.0).round();
        let fits = (1.0..=1000.0).contains(&tenths) && (percent * 10.0 - tenths).abs() < 1e-6;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from 1 to 1000")]
        fits.then_some(Self(tenths as u16))
    }

    /// In percent, as AWS shows it.
    pub(crate) fn percent(self) -> f64 {
        f64::from(self.0) / 10.0
    }

    /// What is left for the other revision.
    pub(crate) fn rest(self) -> Self {
        Self(Self::ALL.0 - self.0)
    }

    /// The weights of this share and of the rest: percents where those are whole, and never above 999.
    pub(crate) fn weights(self) -> (u32, u32) {
        let (own, rest) = (u32::from(self.0), u32::from(self.rest().0));
        if own % 10 == 0 { (own / 10, rest / 10) } else { (own, rest) }
    }

    fn and(self, more: Self) -> Self {
        Self((self.0 + more.0).min(Self::ALL.0))
    }
}

impl Plan {
    /// The share that follows `now`, and how long it stays before the next. The last one is everything, and stays for no
    /// time: baking follows.
    pub(crate) fn next(self, now: Share) -> (Share, SignedDuration) {
        let (next, bake) = match self {
            Self::AllAtOnce => (Share::ALL, SignedDuration::ZERO),
            Self::Canary { first, bake } if now < first => (first, bake),
            Self::Canary { bake, .. } => (Share::ALL, bake),
            Self::Linear { step, bake } => (now.and(step), bake),
        };
        (next, if next == Share::ALL { SignedDuration::ZERO } else { bake })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_are_multiples_of_a_tenth_and_weights_keep_their_proportion() {
        let table = [
            (0.1, Some((1, 999))),
            (5.0, Some((5, 95))),
            (12.5, Some((125, 875))),
            (33.3, Some((333, 667))),
            (100.0, Some((100, 0))),
            (0.0, None),
            (0.05, None),
            (100.1, None),
            (f64::NAN, None),
        ];
        for (percent, weights) in table {
            assert_eq!(Share::of_percent(percent).map(Share::weights), weights, "{percent}");
        }
    }

    #[test]
    fn each_plan_takes_its_steps_and_ends_with_everything() {
        let bake = SignedDuration::from_secs(60);
        let share = |percent| Share::of_percent(percent).unwrap();
        let table: [(Plan, &[f64]); 4] = [
            (Plan::AllAtOnce, &[100.0]),
            (Plan::Canary { first: share(5.0), bake }, &[5.0, 100.0]),
            (Plan::Canary { first: share(100.0), bake }, &[100.0]),
            (Plan::Linear { step: share(33.3), bake }, &[33.3, 66.6, 99.9, 100.0]),
        ];
        for (plan, expected) in table {
            let (mut seen, mut now) = (Vec::new(), Share::NONE);
            while now < Share::ALL {
                let (next, stay) = plan.next(now);
                assert_eq!(stay == SignedDuration::ZERO, next == Share::ALL, "{plan:?} at {next:?}");
                seen.push(next.percent());
                now = next;
            }
            assert_eq!(seen, expected, "{plan:?}");
        }
    }
}
