//! Deployments that run two revisions in full and shift traffic between them: `BLUE_GREEN`, `CANARY`, `LINEAR`.
//!
//! Blue is the revision that serves, green the new one. Production traffic moves only to a green in full number and
//! health, and back only to a blue that can serve.

use super::{
    facts::{Facts, RevisionId},
    hooks::{Hooks, Say},
    lifecycle::Lifecycle,
    rollout::{Cause, Note, Order, Stage, Step, StopReason},
    scheduler,
    traffic::{Plan, Share},
};
use jiff::{SignedDuration, Timestamp};

/// How far a deployment has shifted traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Native {
    pub(crate) lifecycle: Lifecycle,
    /// When that stage began; none before the first.
    pub(crate) since: Option<Timestamp>,
    pub(crate) plan: Plan,
    /// Green's share of production traffic.
    pub(crate) production: Share,
    /// Green's share of test traffic.
    pub(crate) test: Share,
    /// When traffic was moved in this stage.
    pub(crate) moved_at: Option<Timestamp>,
    /// How long the production share of this stage stays.
    pub(crate) stay: SignedDuration,
    /// How long a stage may take while no hook is waited for.
    pub(crate) limit: SignedDuration,
    pub(crate) on_failure: OnFailure,
    pub(crate) on_alarm: OnFailure,
    /// Each stage that was entered, with the time.
    pub(crate) entered: Vec<(Lifecycle, Timestamp)>,
    /// The stage it was in when it began to go back.
    pub(crate) given_up_at: Option<Lifecycle>,
    pub(crate) hooks: Hooks,
}

/// What follows when a deployment cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnFailure {
    /// Traffic and tasks go back, as with ECS's own strategies.
    GoBack,
    /// Everything stays as it is, as with CodeDeploy where no rollback is configured.
    StayPut,
}

impl Native {
    /// A deployment of these steps before its first.
    pub(crate) fn new(plan: Plan, hooks: Hooks, limit: SignedDuration) -> Self {
        Self {
            lifecycle: Lifecycle::PreScaleUp,
            since: None,
            plan,
            production: Share::NONE,
            test: Share::NONE,
            moved_at: None,
            stay: SignedDuration::ZERO,
            limit,
            on_failure: OnFailure::GoBack,
            on_alarm: OnFailure::GoBack,
            entered: Vec::new(),
            given_up_at: None,
            hooks,
        }
    }

    fn enter(&mut self, stage: Lifecycle, now: Timestamp) {
        self.lifecycle = stage;
        self.since = Some(now);
        self.entered.push((stage, now));
        self.moved_at = None;
        self.hooks.meet(stage, now);
    }

    /// Why the deployment has to go back, if it has to.
    fn failure(&self, say: Say, facts: &Facts) -> Option<Cause> {
        let late = |since| say != Say::Wait && facts.now.duration_since(since) > self.limit;
        match say {
            Say::Back => Some(Cause::Hook),
            Say::BackUnanswered => Some(Cause::HookTimedOut),
            _ if !facts.routable && self.lifecycle != Lifecycle::CleanUp => Some(Cause::Network),
            _ if self.since.is_some_and(late) && self.lifecycle != Lifecycle::BakeTime => Some(Cause::StageTimedOut),
            _ => None,
        }
    }
}

impl Step {
    /// One step of a deployment that shifts traffic.
    pub(super) fn shift(&mut self, facts: &Facts) {
        let Some(mut native) = self.rollout.native.clone() else { return };
        match self.rollout.stage {
            Stage::InProgress => self.forward(&mut native, facts),
            Stage::RollbackInProgress(cause) => self.back(&mut native, facts, cause),
            _ => {}
        }
        self.rollout.native = Some(native);
    }

    fn forward(&mut self, native: &mut Native, facts: &Facts) {
        if native.since.is_none() {
            native.enter(native.lifecycle, facts.now);
        }
        facts.said.iter().for_each(|(hook, said)| native.hooks.hear(hook, *said));
        let say = native.hooks.ask(facts.now);
        if let Some(cause) = native.failure(say, facts) {
            return self.abandon(native.on_failure, cause);
        }
        let (green, blue) = (self.rollout.target, self.rollout.fallback);
        // What still has traffic goes only when that has moved.
        if native.lifecycle != Lifecycle::ReconcileService || native.moved_at.is_some() {
            self.stop_others(facts);
        }
        if let Some(blue) = blue {
            let over = native.lifecycle == Lifecycle::CleanUp;
            if over { self.stop_all(facts, blue) } else { self.keep(facts, blue) }
        }
        if native.lifecycle >= Lifecycle::ScaleUp {
            self.keep(facts, green);
        }
        self.move_traffic(native, facts);
        if say == Say::GoOn && self.is_done(native, facts) {
            match native.lifecycle.next(native.production == Share::ALL) {
                Some(next) => native.enter(next, facts.now),
                None => {
                    self.rollout.stage = Stage::Successful;
                    self.notes.extend([Note::Completed(green), Note::Steady]);
                }
            }
        }
    }

    /// Moves the traffic this stage is about, once those it goes to can take it.
    fn move_traffic(&mut self, native: &mut Native, facts: &Facts) {
        if native.moved_at.is_some() {
            return;
        }
        let green_ready = scheduler::is_full(facts, self.rollout.target);
        match native.lifecycle {
            Lifecycle::ReconcileService if self.rollout.fallback.is_none() || self.blue_serves(facts) => {}
            Lifecycle::TestTrafficShift if green_ready => native.test = Share::ALL,
            Lifecycle::ProductionTrafficShift if green_ready => {
                // There is nothing to compare a first revision with.
                let plan = if self.rollout.fallback.is_some() { native.plan } else { Plan::AllAtOnce };
                (native.production, native.stay) = plan.next(native.production);
            }
            _ => return,
        }
        native.moved_at = Some(facts.now);
        self.orders.push(Order::Weigh { production: native.production, test: native.test });
    }

    fn is_done(&self, native: &Native, facts: &Facts) -> bool {
        let (green, blue) = (self.rollout.target, self.rollout.fallback);
        let passed = |since: Option<Timestamp>, time| {
            since.is_some_and(|since| facts.now > since && facts.now.duration_since(since) >= time)
        };
        match native.lifecycle {
            Lifecycle::ReconcileService => {
                native.moved_at.is_some() && facts.tasks.iter().all(|task| Some(task.revision) == blue)
            }
            Lifecycle::ScaleUp => scheduler::is_full(facts, green),
            Lifecycle::TestTrafficShift => passed(native.moved_at, SignedDuration::ZERO),
            Lifecycle::ProductionTrafficShift => passed(native.moved_at, native.stay),
            Lifecycle::BakeTime => passed(native.since, self.rollout.bake),
            Lifecycle::CleanUp => scheduler::is_steady(facts, green),
            // A stage is seen for at least one step.
            _ => passed(native.since, SignedDuration::ZERO),
        }
    }

    /// Green goes; where it has traffic, that goes to blue first.
    fn back(&mut self, native: &mut Native, facts: &Facts, cause: Cause) {
        let (green, Some(blue)) = (self.rollout.target, self.rollout.fallback) else { return };
        native.hooks.give_up();
        native.given_up_at.get_or_insert(native.lifecycle);
        self.keep(facts, blue);
        let green_has_traffic = native.production > Share::NONE || native.test > Share::NONE;
        let others_have = native.lifecycle == Lifecycle::ReconcileService && native.moved_at.is_none();
        if green_has_traffic || others_have {
            if self.blue_serves(facts) {
                (native.production, native.test) = (Share::NONE, Share::NONE);
                native.enter_quietly(Lifecycle::ProductionTrafficShift, facts.now);
                self.orders.push(Order::Weigh { production: Share::NONE, test: Share::NONE });
            } else if green_has_traffic {
                self.keep(facts, green);
            }
            return;
        }
        self.stop_others(facts);
        native.enter_quietly(Lifecycle::CleanUp, facts.now);
        self.stop_all(facts, green);
        if scheduler::is_steady(facts, blue) {
            self.rollout.stage = Stage::RollbackSuccessful(cause);
            self.notes.extend([Note::Completed(blue), Note::Steady]);
        }
    }

    /// Back to blue, or to an end where there is none or that is not wanted.
    fn abandon(&mut self, then: OnFailure, cause: Cause) {
        self.notes.push(Note::Failed(self.rollout.target, cause));
        if self.rollout.fallback.is_some() && then == OnFailure::GoBack {
            self.roll_back(cause);
        } else {
            self.rollout.stage = Stage::Stopped(cause);
        }
    }

    /// Whether blue can take traffic: one healthy task is better than a green that is given up.
    fn blue_serves(&self, facts: &Facts) -> bool {
        facts.desired == 0 || self.rollout.fallback.is_some_and(|blue| scheduler::healthy(facts, blue) > 0)
    }

    fn keep(&mut self, facts: &Facts, revision: RevisionId) {
        let schedule = scheduler::keep(facts, revision);
        let held = self.rollout.hold_until.is_some_and(|until| facts.now < until);
        if schedule.start > 0 && !held {
            self.orders.push(Order::Start { revision, count: schedule.start });
        }
        self.orders.extend(schedule.stop.into_iter().map(|(task, reason)| Order::Stop { task, reason }));
    }

    fn stop_all(&mut self, facts: &Facts, revision: RevisionId) {
        let alive = facts.tasks.iter().filter(|task| task.revision == revision && task.phase.is_alive());
        self.orders.extend(alive.map(|task| Order::Stop { task: task.id.clone(), reason: StopReason::Replaced }));
    }

    /// Revisions that are neither blue nor green were given up before.
    fn stop_others(&mut self, facts: &Facts) {
        let own = [Some(self.rollout.target), self.rollout.fallback];
        let others = facts.tasks.iter().filter(|task| !own.contains(&Some(task.revision)) && task.phase.is_alive());
        self.orders.extend(others.map(|task| Order::Stop { task: task.id.clone(), reason: StopReason::Replaced }));
    }
}

impl Native {
    /// Shows a stage on the way back, where no hooks are asked.
    fn enter_quietly(&mut self, stage: Lifecycle, now: Timestamp) {
        if self.lifecycle != stage {
            self.lifecycle = stage;
            self.since = Some(now);
        }
    }
}
