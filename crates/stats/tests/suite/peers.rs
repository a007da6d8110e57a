//! How others decide, rewritten from their sources, and how the gate does.

use crate::{random::Random, releases::Release};
use stats::{
    Counts, rank,
    share::{ShareTest, Unit},
};

/// The limit all of them are given, as a share of bad requests.
pub(crate) const LIMIT: f64 = 0.01;

/// A rule with its setting.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    /// Argo Rollouts (`analysis.go`): a measurement that breaks the condition is a failure; more than `failureLimit` fail the
    /// analysis.
    Argo { failure_limit: usize },
    /// Flagger (`controller/scheduler.go`): a metric above `max` halts the advancement and counts; at `threshold` it rolls
    /// back.
    Flagger { threshold: usize },
    /// A CloudWatch alarm: `m` of the newest `n` datapoints breach.
    Alarm { m: usize, n: usize },
    /// Kayenta (`MannWhitneyClassifier.scala`): every `every` minutes over all points so far, the canary is High when the
    /// interval of the shift from the control lies above a quarter of its estimate.
    Kayenta { confidence: f64, every: usize },
    /// The gate, with this budget.
    Ours { alpha: f64 },
    /// The gate's rail `hard: { max: <limit>, for: 1 }`: no proof, the first interval over the limit.
    Rail,
}

/// One release as all rules see it.
pub(crate) struct Watch {
    canary: Vec<Counts>,
    control: Vec<Counts>,
    unit: Unit,
}

impl Watch {
    /// The healthy version runs beside it and ran an hour before it.
    pub(crate) fn of(release: &Release, healthy: &Release, intervals: usize, random: &mut Random) -> Self {
        Self {
            unit: healthy.unit_from_history(random),
            canary: release.intervals(intervals, random),
            control: healthy.intervals(intervals, random),
        }
    }
}

impl Rule {
    pub(crate) fn family(self) -> &'static str {
        match self {
            Self::Argo { .. } => "Argo Rollouts",
            Self::Flagger { .. } => "Flagger",
            Self::Alarm { .. } => "CloudWatch alarm",
            Self::Kayenta { .. } => "Kayenta",
            Self::Ours { .. } | Self::Rail => "guardrail-gate",
        }
    }

    /// The interval (from 1) at which it rolls back.
    pub(crate) fn rolls_back(self, watch: &Watch) -> Option<usize> {
        let shares = |counts: &[Counts]| counts.iter().map(|c| c.share().unwrap_or(0.0)).collect::<Vec<f64>>();
        let canary = shares(&watch.canary);
        let over: Vec<bool> = canary.iter().map(|share| *share > LIMIT).collect();
        let first_after = |count: usize| {
            let mut failures = (1..=over.len()).filter(|&at| over[at - 1]);
            failures.nth(count)
        };
        match self {
            Self::Rail => first_after(0),
            Self::Argo { failure_limit } => first_after(failure_limit),
            Self::Flagger { threshold } => first_after(threshold - 1),
            Self::Alarm { m, n } => (1..=over.len()).find(|&at| {
                let newest = &over[at.saturating_sub(n)..at];
                newest.iter().filter(|&&over| over).count() >= m
            }),
            Self::Kayenta { confidence, every } => {
                let control = shares(&watch.control);
                (1..=canary.len()).filter(|at| at % every == 0).find(|&at| {
                    let shift = rank::shift(&canary[..at], &control[..at], (1.0 - confidence) / 2.0);
                    shift.is_some_and(|(low, estimate, _)| low > 0.25 * estimate.abs())
                })
            }
            Self::Ours { alpha } => {
                let test = ShareTest { limit: LIMIT, alpha, unit: watch.unit, planned: canary.len() };
                test.weigh(&watch.canary).proven_at.map(|index| index + 1)
            }
        }
    }
}
