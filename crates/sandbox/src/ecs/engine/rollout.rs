//! The state machine of one service deployment.

use super::{
    breaker::Breaker,
    facts::{Facts, Happened, RevisionId},
    lifecycle::Lifecycle,
    native::{Native, OnFailure},
    scheduler::{self, Schedule},
    traffic::Share,
    watch::Watch,
};
use jiff::{SignedDuration, Timestamp};

/// One deployment of a service, and after its end the keeping of what it left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rollout {
    pub(crate) stage: Stage,
    /// The revision being deployed.
    pub(crate) target: RevisionId,
    /// The most recently completed revision: where a rollback goes. Without one there is no way back.
    pub(crate) fallback: Option<RevisionId>,
    pub(crate) breaker: Option<Breaker>,
    /// Failures in a row, as the breaker counts them.
    pub(crate) failures: u32,
    /// How long the service must stay steady before the deployment is successful.
    pub(crate) bake: SignedDuration,
    /// The first pause before a failed task is replaced; it grows with each failure.
    pub(crate) restart_pause: SignedDuration,
    /// When the service became steady under this deployment.
    pub(crate) steady_since: Option<Timestamp>,
    /// No task starts before.
    pub(crate) hold_until: Option<Timestamp>,
    /// How far it has shifted traffic; none for a rolling deployment.
    pub(crate) native: Option<Native>,
    /// The alarms that are watched meanwhile.
    pub(crate) watch: Option<Watch>,
}

/// `ServiceDeploymentStatus`, with the two things it does not tell: a stalled deployment is `IN_PROGRESS` to a caller, and
/// a rollback has a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Pending,
    InProgress,
    /// The breaker tripped and there is nothing to roll back to: nothing starts any more.
    Stalled,
    StopRequested,
    RollbackRequested,
    RollbackInProgress(Cause),
    Successful,
    Stopped(Cause),
    RollbackSuccessful(Cause),
    RollbackFailed(Cause),
}

/// Why a deployment did not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Too many tasks failed.
    Breaker,
    /// `StopServiceDeployment`.
    Request,
    /// A newer deployment took its place.
    Superseded,
    /// A lifecycle hook was answered with a rollback.
    Hook,
    /// A lifecycle hook was not answered in time.
    HookTimedOut,
    /// A lifecycle stage took too long.
    StageTimedOut,
    /// The listener rules do not forward to the target groups.
    Network,
    /// A CloudWatch alarm rang.
    Alarm,
}

/// What a step leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) rollout: Rollout,
    pub(crate) orders: Vec<Order>,
    pub(crate) notes: Vec<Note>,
}

/// Something to be done to tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    Start {
        revision: RevisionId,
        count: u32,
    },
    Stop {
        task: String,
        reason: StopReason,
    },
    /// Give the target revision these shares of the traffic, and the fallback the rest.
    Weigh {
        production: Share,
        test: Share,
    },
}

/// Why the scheduler stops a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// Another deployment takes over.
    Replaced,
    /// There are more tasks than wanted.
    Scaling,
    /// It failed its health checks.
    Unhealthy,
}

/// Something to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Note {
    /// The revision's deployment failed, and why.
    Failed(RevisionId, Cause),
    /// The service goes back to that revision.
    RollingBack(RevisionId),
    /// The revision's deployment is complete.
    Completed(RevisionId),
    /// All tasks are there and healthy.
    Steady,
}

impl Stage {
    /// Whether the deployment has ended, well or not.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Successful | Self::Stopped(_) | Self::RollbackSuccessful(_) | Self::RollbackFailed(_))
    }
}

impl Rollout {
    /// The revision the service should run; none when nothing may start.
    pub(crate) fn wanted(&self) -> Option<RevisionId> {
        match self.stage {
            Stage::Pending | Stage::InProgress | Stage::Successful | Stage::RollbackRequested => Some(self.target),
            Stage::RollbackInProgress(_) | Stage::RollbackSuccessful(_) => self.fallback,
            Stage::Stalled | Stage::StopRequested | Stage::Stopped(_) | Stage::RollbackFailed(_) => None,
        }
    }

    /// The revision whose deployment is `PRIMARY`: the one deployed, or the one gone back to.
    pub(crate) fn primary(&self) -> RevisionId {
        match self.stage {
            Stage::RollbackInProgress(_) | Stage::RollbackSuccessful(_) | Stage::RollbackFailed(_) => {
                self.fallback.unwrap_or(self.target)
            }
            _ => self.target,
        }
    }

    /// Ends this deployment because a newer one begins.
    pub(crate) fn supersede(&mut self) {
        match self.stage {
            stage if stage.is_over() => {}
            Stage::RollbackInProgress(_) => self.stage = Stage::RollbackFailed(Cause::Superseded),
            // Green has all the traffic, and blue is going: it is done but for the sweeping.
            Stage::InProgress if self.is_cleaning_up() => self.stage = Stage::Successful,
            _ => self.stage = Stage::Stopped(Cause::Superseded),
        }
    }

    /// The revision that has most of the production traffic, where that is shifted.
    pub(crate) fn serving(&self) -> Option<RevisionId> {
        let native = self.native.as_ref()?;
        if native.production > native.production.rest() { Some(self.target) } else { self.fallback }
    }

    /// Stops at once and leaves everything as it is; false when the deployment has already ended.
    pub(crate) fn halt(&mut self) -> bool {
        let halts = !self.stage.is_over();
        if halts {
            self.stage = Stage::Stopped(Cause::Request);
        }
        halts
    }

    fn is_cleaning_up(&self) -> bool {
        self.native.as_ref().is_some_and(|native| native.lifecycle == Lifecycle::CleanUp)
    }

    /// `StopServiceDeployment`; false when the deployment has already ended.
    pub(crate) fn request_stop(&mut self) -> bool {
        match self.stage {
            Stage::Pending | Stage::InProgress | Stage::Stalled => {
                let back = self.fallback.is_some();
                self.stage = if back { Stage::RollbackRequested } else { Stage::StopRequested };
                true
            }
            stage => !stage.is_over(),
        }
    }

    /// The next step.
    pub(crate) fn step(&self, facts: &Facts) -> Step {
        let mut step = Step { rollout: self.clone(), orders: Vec::new(), notes: Vec::new() };
        let wanted = self.wanted();
        step.rollout.count(facts, wanted);
        match self.stage {
            Stage::Pending => step.begin(facts),
            Stage::StopRequested => step.rollout.stage = Stage::Stopped(Cause::Request),
            Stage::RollbackRequested => step.roll_back(Cause::Request),
            Stage::InProgress | Stage::RollbackInProgress(_) if step.rollout.has_tripped(facts.desired) => step.trip(),
            Stage::InProgress if step.rollout.hears(facts) => step.ring(),
            _ => {}
        }
        if self.native.is_some() && !self.stage.is_over() {
            if step.rollout.stage == self.stage {
                step.shift(facts);
            }
        } else if let Some(wanted) = step.rollout.wanted() {
            step.schedule(facts, wanted);
            // A stage is seen for at least one step before the next: callers follow it by asking.
            if step.rollout.stage == self.stage {
                step.settle(facts, wanted);
            }
        }
        step
    }

    /// Books what happened to tasks of the wanted revision.
    fn count(&mut self, facts: &Facts, wanted: Option<RevisionId>) {
        for happened in &facts.happened {
            match happened {
                Happened::Failed(revision) if Some(*revision) == wanted => {
                    self.failures += 1;
                    let pause = self.restart_pause * i32::try_from(self.failures.min(10)).unwrap_or(10);
                    self.hold_until = facts.now.checked_add(pause).ok();
                }
                Happened::TurnedHealthy(revision) if Some(*revision) == wanted && self.resets_on_healthy_task() => {
                    self.failures = 0;
                }
                _ => {}
            }
        }
    }

    fn resets_on_healthy_task(&self) -> bool {
        self.breaker.is_none_or(|breaker| breaker.resets_on_healthy_task)
    }

    fn hears(&mut self, facts: &Facts) -> bool {
        self.watch.as_mut().is_some_and(|watch| watch.hears(&facts.ringing))
    }

    fn has_tripped(&self, desired: u32) -> bool {
        self.breaker.is_some_and(|breaker| self.failures >= breaker.threshold.failures(desired))
    }
}

impl Step {
    fn begin(&mut self, facts: &Facts) {
        self.rollout.stage = Stage::InProgress;
        if let Some(watch) = &mut self.rollout.watch {
            watch.begin(&facts.ringing);
        }
    }

    /// An alarm rings. ECS's own strategies go back in any case: traffic is not left halfway.
    fn ring(&mut self) {
        let wanted = self.rollout.watch.as_ref().is_some_and(|watch| watch.rolls_back);
        let rolls_back = self.rollout.native.as_ref().map_or(wanted, |native| native.on_alarm == OnFailure::GoBack);
        self.notes.push(Note::Failed(self.rollout.target, Cause::Alarm));
        if self.rollout.fallback.is_some() && rolls_back {
            self.roll_back(Cause::Alarm);
        } else {
            self.rollout.stage = Stage::Stopped(Cause::Alarm);
        }
    }

    /// The breaker trips: back to the last completed revision where that is wanted and possible.
    fn trip(&mut self) {
        self.notes.push(Note::Failed(self.rollout.primary(), Cause::Breaker));
        if let Stage::RollbackInProgress(cause) = self.rollout.stage {
            self.rollout.stage = Stage::RollbackFailed(cause);
        } else if !self.rollout.breaker.is_some_and(|breaker| breaker.rolls_back) {
            self.rollout.stage = Stage::Stopped(Cause::Breaker);
        } else if self.rollout.fallback.is_none() {
            self.rollout.stage = Stage::Stalled;
        } else {
            self.roll_back(Cause::Breaker);
        }
    }

    pub(super) fn roll_back(&mut self, cause: Cause) {
        if let Some(fallback) = self.rollout.fallback {
            self.rollout.stage = Stage::RollbackInProgress(cause);
            self.rollout.failures = 0;
            self.rollout.hold_until = None;
            self.rollout.steady_since = None;
            self.notes.push(Note::RollingBack(fallback));
        }
    }

    fn schedule(&mut self, facts: &Facts, wanted: RevisionId) {
        let Schedule { start, stop } = scheduler::schedule(facts, wanted);
        let held = self.rollout.hold_until.is_some_and(|until| facts.now < until);
        if start > 0 && !held {
            self.orders.push(Order::Start { revision: wanted, count: start });
        }
        self.orders.extend(stop.into_iter().map(|(task, reason)| Order::Stop { task, reason }));
    }

    /// Ends the deployment when the service has been steady for long enough.
    fn settle(&mut self, facts: &Facts, wanted: RevisionId) {
        if !scheduler::is_steady(facts, wanted) {
            self.rollout.steady_since = None;
            return;
        }
        let newly = self.rollout.steady_since.is_none();
        let since = *self.rollout.steady_since.get_or_insert(facts.now);
        let baked = facts.now.duration_since(since) >= self.rollout.bake;
        match self.rollout.stage {
            Stage::InProgress if baked => self.rollout.stage = Stage::Successful,
            // A rollback goes to what has baked before.
            Stage::RollbackInProgress(cause) => self.rollout.stage = Stage::RollbackSuccessful(cause),
            stage => {
                if newly && stage.is_over() {
                    self.notes.push(Note::Steady);
                }
                return;
            }
        }
        self.notes.extend([Note::Completed(wanted), Note::Steady]);
    }
}
