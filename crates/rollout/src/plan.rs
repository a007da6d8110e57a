//! Which shares, in which order, for how long.

use crate::Weight;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// The one vocabulary over all engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Instances are replaced in place, a few at a time; there are no shares of traffic to plan.
    Rolling,
    /// Everything at once, after both stand side by side.
    BlueGreen,
    /// One small share, then everything.
    Canary,
    /// Equal increments.
    Linear,
}

impl Strategy {
    /// The word, as in inputs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Rolling => "rolling",
            Self::BlueGreen => "blue-green",
            Self::Canary => "canary",
            Self::Linear => "linear",
        }
    }
}

/// A share to reach and how long to stay there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The candidate's share.
    pub weight: Weight,
    /// How long it stays there before it is asked about: the bake time.
    pub hold: SignedDuration,
}

/// How long to wait for what should happen by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patience {
    /// For the candidate to become healthy.
    pub prepare: SignedDuration,
    /// For a share to be seen after it was asked for, for a gate's answer, and for the promotion.
    pub step: SignedDuration,
    /// For the way back.
    pub back: SignedDuration,
}

/// What a gate that cannot tell comes to. Neither is a yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnInconclusive {
    /// Go back.
    GoBack,
    /// Ask again, until the patience for a step is over; then go back.
    AskAgain,
}

/// A plan: at least one step, shares rising strictly, the last one everything. There is no other way to make one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Draft")]
pub struct Plan {
    steps: Vec<Step>,
    gated: Gated,
    on_inconclusive: OnInconclusive,
    patience: Patience,
}

#[derive(Deserialize)]
struct Draft {
    steps: Vec<Step>,
    gated: Gated,
    on_inconclusive: OnInconclusive,
    patience: Patience,
}

/// Whether a gate is asked before each step and before the promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Gated {
    Ungated,
    Gated,
}

/// Steps that are no plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// No step at all.
    #[error("there is no step")]
    Empty,
    /// A share that is not larger than the one before it.
    #[error("{0} does not rise above the share before it")]
    NotRising(Weight),
    /// The last share is not everything.
    #[error("the last share is {0}, and must be 100 %")]
    NotAll(Weight),
    /// A time below zero.
    #[error("a step is held for less than no time")]
    Negative,
    /// More steps than anybody plans.
    #[error("there are more than 100 steps")]
    TooMany,
}

impl TryFrom<Draft> for Plan {
    type Error = PlanError;
    fn try_from(draft: Draft) -> Result<Self, PlanError> {
        let plan = Self::new(draft.steps, draft.patience)?;
        Ok(Self { gated: draft.gated, on_inconclusive: draft.on_inconclusive, ..plan })
    }
}

impl Plan {
    /// A plan of these steps, without gates.
    ///
    /// # Errors
    /// [`PlanError`] when they are none.
    pub fn new(steps: Vec<Step>, patience: Patience) -> Result<Self, PlanError> {
        let mut before = Weight::NONE;
        for step in &steps {
            if step.weight <= before {
                return Err(PlanError::NotRising(step.weight));
            }
            if step.hold < SignedDuration::ZERO {
                return Err(PlanError::Negative);
            }
            before = step.weight;
        }
        match steps.len() {
            0 => Err(PlanError::Empty),
            101.. => Err(PlanError::TooMany),
            _ if before != Weight::ALL => Err(PlanError::NotAll(before)),
            _ => Ok(Self { steps, gated: Gated::Ungated, on_inconclusive: OnInconclusive::GoBack, patience }),
        }
    }

    /// The steps of a strategy: `share` is the canary's share or the linear increment, `hold` the time at each share below
    /// everything, `bake` the time at everything. A rolling deployment is one step to everything.
    ///
    /// # Errors
    /// [`PlanError`] where the share makes no plan.
    pub fn of(
        strategy: Strategy,
        share: Weight,
        (hold, bake): (SignedDuration, SignedDuration),
        patience: Patience,
    ) -> Result<Self, PlanError> {
        let mut steps = Vec::new();
        let mut reached = Weight::NONE;
        match strategy {
            Strategy::Rolling | Strategy::BlueGreen => {}
            Strategy::Canary if share < Weight::ALL => steps.push(Step { weight: share, hold }),
            Strategy::Canary => return Err(PlanError::NotRising(Weight::ALL)),
            Strategy::Linear if share == Weight::NONE => return Err(PlanError::NotRising(share)),
            Strategy::Linear => {
                while reached.plus(share) < Weight::ALL {
                    reached = reached.plus(share);
                    steps.push(Step { weight: reached, hold });
                }
            }
        }
        steps.push(Step { weight: Weight::ALL, hold: bake });
        Self::new(steps, patience)
    }

    /// The same plan, asked about before each step and before the promotion.
    #[must_use]
    pub fn gated(self, on_inconclusive: OnInconclusive) -> Self {
        Self { gated: Gated::Gated, on_inconclusive, ..self }
    }

    /// The steps, shares rising, the last one everything.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether gates are asked.
    #[must_use]
    pub fn is_gated(&self) -> bool {
        self.gated == Gated::Gated
    }

    /// What an inconclusive gate comes to.
    #[must_use]
    pub fn on_inconclusive(&self) -> OnInconclusive {
        self.on_inconclusive
    }

    /// How long to wait.
    #[must_use]
    pub fn patience(&self) -> Patience {
        self.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience() -> Patience {
        let minute = SignedDuration::from_mins(1);
        Patience { prepare: minute, step: minute, back: minute }
    }

    fn shares(strategy: Strategy, share: &str) -> Result<Vec<u16>, PlanError> {
        let plan =
            Plan::of(strategy, share.parse().unwrap(), (SignedDuration::ZERO, SignedDuration::ZERO), patience())?;
        Ok(plan.steps().iter().map(|step| step.weight.permille()).collect())
    }

    #[test]
    fn each_strategy_has_its_shares_and_ends_with_everything() {
        for (strategy, share, wanted) in [
            (Strategy::BlueGreen, "5", Ok(vec![1000])),
            (Strategy::Rolling, "5", Ok(vec![1000])),
            (Strategy::Canary, "5", Ok(vec![50, 1000])),
            (Strategy::Canary, "0.1", Ok(vec![1, 1000])),
            (Strategy::Canary, "100", Err(PlanError::NotRising(Weight::ALL))),
            (Strategy::Canary, "0", Err(PlanError::NotRising(Weight::NONE))),
            (Strategy::Linear, "25", Ok(vec![250, 500, 750, 1000])),
            (Strategy::Linear, "30", Ok(vec![300, 600, 900, 1000])),
            (Strategy::Linear, "100", Ok(vec![1000])),
            (Strategy::Linear, "0", Err(PlanError::NotRising(Weight::NONE))),
            (Strategy::Linear, "0.5", Err(PlanError::TooMany)),
        ] {
            assert_eq!(shares(strategy, share), wanted, "{strategy:?} {share}");
        }
    }

    #[test]
    fn what_is_written_down_is_checked_as_what_is_made() {
        let plan =
            Plan::of(Strategy::Canary, "5".parse().unwrap(), (SignedDuration::ZERO, SignedDuration::ZERO), patience());
        let plan = plan.unwrap().gated(OnInconclusive::AskAgain);
        let mut written = serde_json::to_value(&plan).unwrap();
        assert_eq!(serde_json::from_value::<Plan>(written.clone()).unwrap(), plan);
        written["steps"][0]["weight"] = 1000.into();
        assert!(serde_json::from_value::<Plan>(written).is_err());
    }
}
