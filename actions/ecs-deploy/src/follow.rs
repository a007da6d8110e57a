//! Following our own deployment: what one more look at it means. Pure; time is a value.

use crate::model::{ServiceDeployment, Status};
use jiff::{SignedDuration, Timestamp};

/// One look at the world. A member is `None` when it was not read this time, or the read failed or was stale.
#[derive(Debug, Clone, Default)]
pub(crate) struct Look {
    /// Our own service deployment.
    pub(crate) own: Option<ServiceDeployment>,
    /// Whether another deployment of this service began after ours.
    pub(crate) newer: Newer,
    /// A cause among our stopped tasks that no retry will cure.
    pub(crate) hopeless: Option<String>,
}

/// A deployment of the service that began after ours and is not ours. Not having looked is not the same as seeing none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Newer {
    /// Not looked for this time.
    #[default]
    Unread,
    /// There is none.
    No,
    /// There is this one.
    Seen(String),
}

/// How long to be patient.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// When a deployment that has not ended is taken back.
    pub(crate) deadline: Timestamp,
    /// How long the way back may take before we stop watching it.
    pub(crate) rollback: SignedDuration,
    /// How long our deployment may look alive while a newer one exists, before it counts as replaced.
    pub(crate) newer: SignedDuration,
}

/// Whether stopping is ours to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rights {
    /// We began it.
    Ours,
    /// Another run of ours began it, or it is itself the way back: look, do not touch.
    Watch,
}

/// Why a deployment is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    /// The time was up.
    Deadline,
    /// A cause that no retry will cure.
    Hopeless(String),
    /// The run was cancelled.
    Cancelled,
    /// A person asked for it, by `mode: recover`.
    Asked,
}

impl Why {
    /// The reason as a clause.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Deadline => "it did not become healthy in time".to_owned(),
            Self::Hopeless(cause) => cause.clone(),
            Self::Cancelled => "the run was cancelled".to_owned(),
            Self::Asked => "it was to be taken back, by `mode: recover`".to_owned(),
        }
    }
}

/// How a deployment ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// ECS calls it successful; what runs is still to be proven.
    Successful,
    /// The old revision is back.
    RolledBack {
        /// Why.
        cause: String,
        /// The revision that is back, where ECS names it.
        to: Option<String>,
    },
    /// The way back failed as well.
    RollbackFailed {
        /// Why.
        cause: String,
    },
    /// It goes neither on nor back: ECS has given it up, and knows nothing to go back to.
    Stalled {
        /// Why.
        cause: String,
    },
    /// It was stopped where it was, without a way back.
    Stopped {
        /// Why.
        cause: String,
    },
    /// A newer deployment replaced it.
    Superseded {
        /// The newer one.
        by: String,
    },
    /// Its end was not seen.
    Unseen,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// Look again later.
    Wait,
    /// Take our deployment back.
    Stop(Why),
    /// It is over.
    End(End),
}

/// Whether a deployment goes neither on nor back.
enum Stall {
    No,
    Perhaps,
    Yes,
}

/// How long after the breaker has tripped a way back may take to begin.
const STALLING: SignedDuration = SignedDuration::from_secs(60);

/// What has been seen and done so far.
#[derive(Debug, Clone)]
pub(crate) struct Course {
    rights: Rights,
    patience: Patience,
    stopped: Option<Why>,
    returning_since: Option<Timestamp>,
    newer_since: Option<Timestamp>,
    stalled_since: Option<Timestamp>,
    unheard_since: Option<Timestamp>,
}

impl Course {
    /// The course of a deployment that has just begun.
    #[must_use]
    pub(crate) fn new(rights: Rights, patience: Patience) -> Self {
        let (returning_since, newer_since, stalled_since, unheard_since) = (None, None, None, None);
        Self { rights, patience, stopped: None, returning_since, newer_since, stalled_since, unheard_since }
    }

    /// Why we had it taken back, if we had.
    #[must_use]
    pub(crate) fn stopped(&self) -> Option<&Why> {
        self.stopped.as_ref()
    }

    /// Notes that we have asked for the way back ourselves, as after a signal.
    pub(crate) fn note_stop(&mut self, why: Why, now: Timestamp) {
        self.stopped.get_or_insert(why);
        self.returning_since.get_or_insert(now);
    }

    /// Notes that our asking for the way back was not heard, for a reason that may pass: the next look asks again, for as
    /// long as the way back itself might have taken.
    pub(crate) fn note_unheard(&mut self, now: Timestamp) {
        let since = *self.unheard_since.get_or_insert(now);
        if !after(since, self.patience.rollback, now) {
            self.stopped = None;
            self.returning_since = None;
        }
    }

    /// What one more look means.
    pub(crate) fn step(&mut self, look: &Look, now: Timestamp) -> Next {
        let status = look.own.as_ref().map(|own| &own.status);
        if let Some(own) = look.own.as_ref().filter(|own| own.status.is_terminal()) {
            return Next::End(self.end(own, &look.newer));
        }
        if status.is_some_and(Status::is_rollback) || status == Some(&Status::StopRequested) {
            self.returning_since.get_or_insert(now);
        }
        if let Some(since) = self.returning_since {
            return if after(since, self.patience.rollback, now) { Next::End(End::Unseen) } else { Next::Wait };
        }
        if let Some(by) = self.replaced(look, now) {
            return Next::End(End::Superseded { by });
        }
        if let Some(own) = look.own.as_ref() {
            match self.stalls(own, now) {
                Stall::No => {}
                Stall::Perhaps => return Next::Wait,
                Stall::Yes => {
                    return Next::End(End::Stalled { cause: cause(own, self.stopped.as_ref()) });
                }
            }
        }
        let late = now >= self.patience.deadline;
        let hopeless = look.hopeless.clone().map(Why::Hopeless);
        match (self.rights, hopeless.or(late.then_some(Why::Deadline))) {
            (Rights::Ours, Some(why)) => {
                self.note_stop(why.clone(), now);
                Next::Stop(why)
            }
            (Rights::Watch, _) if late => Next::End(End::Unseen),
            _ => Next::Wait,
        }
    }

    /// The breaker has tripped and nothing goes back: at first the moment before the way back, in the end none is to come.
    fn stalls(&mut self, own: &ServiceDeployment, now: Timestamp) -> Stall {
        let breaker = own.deployment_circuit_breaker.as_ref();
        if breaker.is_none_or(|breaker| breaker.status != "TRIGGERED") {
            self.stalled_since = None;
            return Stall::No;
        }
        let since = *self.stalled_since.get_or_insert(now);
        if after(since, STALLING.min(self.patience.rollback), now) { Stall::Yes } else { Stall::Perhaps }
    }

    /// A newer deployment while ours looks alive: at first perhaps a stale read, in the end the truth.
    fn replaced(&mut self, look: &Look, now: Timestamp) -> Option<String> {
        match &look.newer {
            Newer::Unread => None,
            Newer::No => {
                self.newer_since = None;
                None
            }
            Newer::Seen(newer) => {
                let since = *self.newer_since.get_or_insert(now);
                after(since, self.patience.newer, now).then(|| newer.clone())
            }
        }
    }

    fn end(&self, own: &ServiceDeployment, newer: &Newer) -> End {
        let cause = cause(own, self.stopped.as_ref());
        match own.status {
            Status::Successful => End::Successful,
            Status::RollbackSuccessful => {
                let to = own.rollback.as_ref().and_then(|rollback| rollback.service_revision_arn.clone());
                End::RolledBack { cause, to }
            }
            Status::RollbackFailed => End::RollbackFailed { cause },
            _ => match newer {
                Newer::Seen(by) => End::Superseded { by: by.clone() },
                Newer::Unread | Newer::No => End::Stopped { cause },
            },
        }
    }
}

fn after(since: Timestamp, patience: SignedDuration, now: Timestamp) -> bool {
    now.duration_since(since) >= patience
}

/// How long all tasks of a rolling deployment may run before its end is not expected at any moment any more.
const SETTLING: SignedDuration = SignedDuration::from_secs(60);
/// How long before the end of a bake it is looked for.
const EARLY: SignedDuration = SignedDuration::from_secs(15);

/// Whether the end is to be expected soon, so that looking often is worth it: it is on its way back, all of its tasks run,
/// or its bake is nearly over. `unchanged` is how long it has looked as it does.
#[must_use]
pub(crate) fn is_near_its_end(own: &ServiceDeployment, unchanged: SignedDuration) -> bool {
    if own.status.is_rollback() || own.status == Status::StopRequested {
        return true;
    }
    match own.lifecycle_stage.as_deref() {
        Some("BAKE_TIME") => {
            let bake = own.deployment_configuration["bakeTimeInMinutes"].as_i64().unwrap_or(0);
            let bake = SignedDuration::from_mins(bake.clamp(0, 1440));
            unchanged >= bake.saturating_sub(EARLY) && unchanged < bake.saturating_add(SETTLING)
        }
        Some(_) => false,
        None => {
            let counts = own.target_service_revision.as_ref();
            let all = counts
                .is_some_and(|it| it.requested_task_count > 0 && it.running_task_count >= it.requested_task_count);
            all && unchanged < SETTLING
        }
    }
}

/// Why a deployment went back, from the best witness: ourselves, then the monitors, then ECS's own words.
#[must_use]
pub(crate) fn cause(own: &ServiceDeployment, stopped: Option<&Why>) -> String {
    let alarms = own.alarms.as_ref().filter(|alarms| alarms.status == "TRIGGERED");
    let breaker = own.deployment_circuit_breaker.as_ref().filter(|breaker| breaker.status == "TRIGGERED");
    let words = own.rollback.as_ref().and_then(|rollback| rollback.reason.as_deref()).or(own.status_reason.as_deref());
    match (stopped, alarms, breaker) {
        (Some(why), ..) => why.text(),
        (None, Some(alarms), _) if alarms.triggered_alarm_names.is_empty() => "an alarm went off".to_owned(),
        (None, Some(alarms), _) => format!("alarm went off: {}", alarms.triggered_alarm_names.join(", ")),
        (None, None, Some(breaker)) => {
            format!("the circuit breaker tripped after {} failed tasks", breaker.failure_count)
        }
        (None, None, None) => words.unwrap_or("no reason was given").to_owned(),
    }
}

#[cfg(test)]
#[path = "follow_tests.rs"]
mod tests;
