//! The state machine: what each event makes of a rollout, and what to do next.

use crate::{Event, Fate, Health, Judgement, Observation, OnInconclusive, Plan, Question, Weight, Why};
use jiff::{SignedDuration, Timestamp};

/// Where a rollout is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The candidate is awaited; it gets no traffic.
    Preparing,
    /// A gate is asked: the one before that step, or before the promotion.
    Asking {
        /// The step a yes leads to; the number of steps: the promotion.
        gate: usize,
    },
    /// The candidate is to get that step's share.
    Moving {
        /// The step.
        step: usize,
        /// Whether the target has taken the order.
        told: bool,
    },
    /// The candidate has that step's share and keeps it for a while.
    Holding {
        /// The step.
        step: usize,
    },
    /// The candidate is to become the release.
    Promoting {
        /// Whether the target has taken the order.
        told: bool,
    },
    /// What ran before is to get everything again.
    Returning {
        /// Why.
        why: Why,
        /// Whether the target has taken the order.
        told: bool,
    },
    /// It is over.
    Ended(End),
}

/// How a rollout ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The candidate is the release.
    Promoted,
    /// What ran before has everything again.
    WentBack {
        /// Why.
        why: Why,
    },
    /// The way back failed, or its end was not seen: somebody must look.
    Stuck {
        /// Why it was to go back, and what is wrong.
        why: Why,
        /// What is wrong.
        reason: String,
    },
    /// It was stopped where it was, by others.
    Stopped {
        /// Why. Untrusted text.
        reason: String,
    },
    /// Another changed what only we should, or took its place: nothing of theirs is touched.
    Overtaken {
        /// What was seen. Untrusted text.
        by: String,
    },
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Look again later.
    Look,
    /// Ask the gate.
    Ask(Question),
    /// Give the candidate this share.
    Move(Weight),
    /// Make the candidate the release.
    Promote,
    /// Give everything back to what ran before.
    GoBack(Why),
    /// Nothing: it is over.
    Done(End),
}

/// A rollout: its plan, where it is since when, and what was seen last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollout {
    plan: Plan,
    stage: Stage,
    since: Timestamp,
    seen: Observation,
}

impl Rollout {
    /// A rollout at its beginning.
    #[must_use]
    pub fn new(plan: Plan, began: Timestamp) -> Self {
        Self { plan, stage: Stage::Preparing, since: began, seen: Observation::default() }
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Where it is.
    #[must_use]
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Since when.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// The share the plan has come to: the one reached last, not one that is only on its way.
    #[must_use]
    pub fn reached(&self) -> Weight {
        let after = match self.stage {
            Stage::Preparing | Stage::Returning { .. } | Stage::Ended(_) => 0,
            Stage::Asking { gate: done } | Stage::Moving { step: done, .. } => done,
            Stage::Holding { step } => step + 1,
            Stage::Promoting { .. } => self.plan.steps().len(),
        };
        self.share_after(after)
    }

    /// What to do next.
    #[must_use]
    pub fn next(&self) -> Order {
        let healthy = self.seen.candidate == Health::Healthy;
        match &self.stage {
            Stage::Asking { gate } => Order::Ask(self.question(*gate)),
            Stage::Moving { step, told: false } if healthy => Order::Move(self.share_after(step + 1)),
            Stage::Promoting { told: false } if healthy => Order::Promote,
            Stage::Returning { why, told: false } if self.may_return() => Order::GoBack(why.clone()),
            Stage::Ended(end) => Order::Done(end.clone()),
            _ => Order::Look,
        }
    }

    /// Lets an event happen; says whether it changed anything, and so belongs into the journal.
    pub fn apply(&mut self, event: Event, at: Timestamp) -> bool {
        let before = self.clone();
        match event {
            _ if matches!(self.stage, Stage::Ended(_)) => {}
            Event::Seen(observation) => self.see(observation, at),
            Event::Judged(gate, judgement) => self.judge(gate, judgement, at),
            Event::Taken => self.take(),
            Event::Abort(why) => self.go_back(why, at),
            Event::Adopted(weight) => self.adopt(weight, at),
        }
        *self != before
    }

    /// Whether traffic may go back: not onto a side known to be down while the other side carries some of it.
    fn may_return(&self) -> bool {
        self.seen.weight == Some(Weight::NONE) || !matches!(self.seen.stable, Health::Unhealthy(_))
    }

    /// The share after so many steps.
    fn share_after(&self, steps: usize) -> Weight {
        steps.checked_sub(1).and_then(|last| self.plan.steps().get(last)).map_or(Weight::NONE, |step| step.weight)
    }

    fn question(&self, gate: usize) -> Question {
        let gates = self.plan.steps().len();
        let next = if gate < gates { self.share_after(gate + 1) } else { Weight::ALL };
        Question { gate, gates: gates + 1, weight: self.share_after(gate), next }
    }

    fn enter(&mut self, stage: Stage, at: Timestamp) {
        self.stage = stage;
        self.since = at;
    }

    fn go_back(&mut self, why: Why, at: Timestamp) {
        if !matches!(self.stage, Stage::Returning { .. } | Stage::Ended(_)) {
            self.enter(Stage::Returning { why, told: false }, at);
        }
    }

    /// At a share that the plan does not have it stays at the beginning, and the next look tells that this is not its plan.
    fn adopt(&mut self, weight: Weight, at: Timestamp) {
        let step = self.plan.steps().iter().position(|step| step.weight == weight);
        if let (Some(step), Stage::Preparing) = (step, &self.stage) {
            self.enter(Stage::Holding { step }, at);
        }
    }

    fn take(&mut self) {
        if let Stage::Moving { told, .. } | Stage::Promoting { told } | Stage::Returning { told, .. } = &mut self.stage
        {
            *told = true;
        }
    }

    fn judge(&mut self, gate: usize, judgement: Judgement, at: Timestamp) {
        if self.stage != (Stage::Asking { gate }) {
            return;
        }
        match judgement {
            Judgement::Yes => self.go_on(gate, at),
            Judgement::No(reason) => self.go_back(Why::Refused(reason), at),
            Judgement::Inconclusive(reason) if self.plan.on_inconclusive() == OnInconclusive::GoBack => {
                self.go_back(Why::Inconclusive(reason), at);
            }
            Judgement::Inconclusive(_) => {}
        }
    }

    /// To the step, or beyond the last one to the promotion; only a look from now on counts as having seen it healthy.
    fn go_on(&mut self, step: usize, at: Timestamp) {
        self.seen.candidate = Health::Unknown;
        let last = step >= self.plan.steps().len();
        self.enter(if last { Stage::Promoting { told: false } } else { Stage::Moving { step, told: false } }, at);
    }

    fn ask_or_go_on(&mut self, gate: usize, at: Timestamp) {
        if self.plan.is_gated() {
            self.enter(Stage::Asking { gate }, at);
        } else {
            self.go_on(gate, at);
        }
    }

    fn see(&mut self, observation: Observation, at: Timestamp) {
        self.seen = observation;
        if let Some(fate) = self.seen.fate.clone() {
            let end = self.end(fate);
            self.enter(Stage::Ended(end), at);
        } else if let Some(by) = self.foreign() {
            self.enter(Stage::Ended(End::Overtaken { by }), at);
        } else if let Some(cause) = self.seen.hopeless.clone() {
            self.go_back(Why::Hopeless(cause), at);
        } else {
            self.progress(at);
        }
    }

    fn progress(&mut self, at: Timestamp) {
        let late = at.duration_since(self.since) >= self.allowed();
        let healthy = self.seen.candidate == Health::Healthy;
        if let (Health::Unhealthy(reason), true) = (&self.seen.candidate, self.carries()) {
            return self.go_back(Why::Unhealthy(reason.clone()), at);
        }
        match self.stage.clone() {
            Stage::Preparing if healthy => self.ask_or_go_on(0, at),
            // Told or not: an order may be carried out whose answer was lost.
            Stage::Moving { step, .. } if self.seen.weight == Some(self.share_after(step + 1)) => {
                self.enter(Stage::Holding { step }, at);
            }
            Stage::Holding { step } if healthy && self.held(step, at) => self.ask_or_go_on(step + 1, at),
            Stage::Returning { why, .. } if late => {
                let reason = "the end of the way back was not seen in time".to_owned();
                self.enter(Stage::Ended(End::Stuck { why, reason }), at);
            }
            stage if late => self.go_back(Why::Stalled(overdue(&stage)), at),
            _ => {}
        }
    }

    /// Whether the candidate has been let to traffic, or is just about to be.
    fn carries(&self) -> bool {
        !matches!(self.stage, Stage::Preparing | Stage::Returning { .. })
    }

    fn held(&self, step: usize, at: Timestamp) -> bool {
        self.plan.steps().get(step).is_some_and(|step| at.duration_since(self.since) >= step.hold)
    }

    /// How long the present stage may take.
    fn allowed(&self) -> SignedDuration {
        let patience = self.plan.patience();
        match self.stage {
            Stage::Preparing => patience.prepare,
            Stage::Returning { .. } => patience.back,
            Stage::Holding { step } => {
                let hold = self.plan.steps().get(step).map_or(SignedDuration::ZERO, |step| step.hold);
                hold.saturating_add(patience.step)
            }
            _ => patience.step,
        }
    }

    /// A share that neither we nor the plan has asked for.
    fn foreign(&self) -> Option<String> {
        let seen = self.seen.weight?;
        let expected = match self.stage {
            Stage::Returning { .. } | Stage::Ended(_) => return None,
            // Told or not: the order may have been carried out by a process that did not live to write that down.
            Stage::Moving { step, .. } => [self.share_after(step), self.share_after(step + 1)],
            _ => [self.reached(); 2],
        };
        (!expected.contains(&seen)).then(|| {
            format!("the new release has {seen} of the traffic, and not {}, which is what was planned", self.reached())
        })
    }

    fn end(&self, fate: Fate) -> End {
        let returning = match &self.stage {
            Stage::Returning { why, .. } => Some(why.clone()),
            _ => None,
        };
        match (fate, returning) {
            (Fate::Promoted, Some(why)) => {
                End::Stuck { why, reason: "the new release had been promoted before it could go back".to_owned() }
            }
            (Fate::Promoted, None) if matches!(self.stage, Stage::Promoting { .. }) => End::Promoted,
            (Fate::Promoted, None) => End::Overtaken { by: "somebody else had the new release promoted".to_owned() },
            (Fate::WentBack(_), Some(why)) => End::WentBack { why },
            (Fate::WentBack(reason), None) => End::WentBack { why: Why::Itself(reason) },
            (Fate::Stuck(reason), why) => End::Stuck { why: why.unwrap_or(Why::Itself(reason.clone())), reason },
            (Fate::Stopped(reason), _) => End::Stopped { reason },
            (Fate::Overtaken(by), _) => End::Overtaken { by },
        }
    }
}

fn overdue(stage: &Stage) -> String {
    match stage {
        Stage::Preparing => "the new release did not become healthy in time",
        Stage::Asking { .. } => "the gate did not say yes in time",
        Stage::Moving { .. } => "the traffic did not move in time",
        Stage::Holding { .. } => "the new release was not seen healthy in time",
        Stage::Promoting { .. } => "the promotion did not end in time",
        Stage::Returning { .. } | Stage::Ended(_) => "the time is up",
    }
    .to_owned()
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
