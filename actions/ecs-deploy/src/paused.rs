//! A native deployment with pauses, as the target of a rollout: ECS moves the traffic, and a pause is where it asks.
//!
//! A yes is `ContinueServiceDeployment` with `CONTINUE`. Nobody answering is a no: the pause's own time is over then, and
//! ECS goes back by itself.

use crate::{
    follow::{self, Next},
    model::ServiceDeployment,
    watch::{Followed, Watch},
};
use aws::AwsError;
use rollout::{Answer, End, Fate, Health, Observation, Target, Weight, Why};
use serde_json::json;
use std::collections::BTreeSet;

/// Reads that fail one after the other, for reasons that do not pass, before it is given up.
const FAILURES: u32 = 20;

/// A deployment that pauses.
pub(crate) struct Paused<'w, 'a> {
    /// It, as it is followed.
    watch: &'w mut Watch<'a>,
    /// Pauses answered; a stale read may still show them waiting.
    answered: BTreeSet<String>,
    /// The share that a yes was said to.
    allowed: Weight,
    /// Whether a yes was said to the end.
    promoted: bool,
    /// How it ended, in the words of following.
    end: Option<follow::End>,
    tick: u64,
    failures: u32,
}

impl<'w, 'a> Paused<'w, 'a> {
    /// A deployment that has just begun, or is gone on with.
    pub(crate) fn new(watch: &'w mut Watch<'a>) -> Self {
        let (allowed, answered) = (Weight::NONE, BTreeSet::new());
        Self { watch, answered, allowed, promoted: false, end: None, tick: 0, failures: 0 }
    }

    /// How following ended, from how the rollout did.
    #[must_use]
    pub(crate) fn followed(&self, end: &End) -> Followed {
        let ended = match (end, &self.end) {
            (End::Promoted, _) => follow::End::Successful,
            (End::WentBack { why }, Some(follow::End::RolledBack { to, .. })) => {
                follow::End::RolledBack { cause: why.text(), to: to.clone() }
            }
            (End::WentBack { why }, _) => follow::End::RolledBack { cause: why.text(), to: None },
            (End::Stuck { .. }, Some(follow::End::Unseen) | None) => follow::End::Unseen,
            (End::Stuck { why, reason }, _) => {
                follow::End::RollbackFailed { cause: format!("{}; {reason}", why.text()) }
            }
            (End::Stopped { .. }, Some(end @ follow::End::Stalled { .. })) => end.clone(),
            (End::Stopped { reason }, _) => follow::End::Stopped { cause: reason.clone() },
            (End::Overtaken { by }, _) => follow::End::Superseded { by: by.clone() },
        };
        match end {
            End::WentBack { why: Why::Cancelled } => Followed::Interrupted(Some(ended)),
            _ => Followed::Ended(ended),
        }
    }

    /// The pause that waits for an answer and has none of ours yet.
    fn waiting(&self) -> Option<String> {
        let hooks = &self.watch.record.last.as_ref()?.lifecycle_hook_details;
        let open = |hook: &&crate::model::Hook| hook.target_type == "PAUSE" && hook.status == "AWAITING_ACTION";
        hooks.iter().filter(open).map(|hook| hook.hook_id.clone()).find(|id| !self.answered.contains(id))
    }

    async fn answer(&mut self, action: &str) -> Result<Answer, AwsError> {
        let (Some(hook), Some(arn)) = (self.waiting(), self.watch.journal.arn.clone()) else {
            return Ok(Answer::NotNow);
        };
        let input = json!({"serviceDeploymentArn": arn.as_str(), "hookId": hook, "action": action});
        match self.watch.ecs.call("ContinueServiceDeployment", input).await {
            Ok(_) => {
                self.answered.insert(hook);
                Ok(Answer::Taken)
            }
            Err(error) => self.not_now(error),
        }
    }

    fn not_now(&mut self, error: AwsError) -> Result<Answer, AwsError> {
        self.failures += u32::from(!error.is_throttling() && !error.is_transient());
        self.watch.runner.detail(format!("not this time: {error}"));
        // A right that is missing does not come by waiting.
        if self.failures < FAILURES && !error.is_denied() { Ok(Answer::NotNow) } else { Err(error) }
    }

    /// What following makes of a look.
    fn judge(&mut self, look: &follow::Look) -> Observation {
        let mut observation = look.own.as_ref().map(|own| self.see(own)).unwrap_or_default();
        match self.watch.course.step(look, self.watch.runner.now()) {
            Next::Wait => {}
            Next::Stop(why) => observation.hopeless = Some(why.text()),
            Next::End(end) => {
                observation.fate = Some(fate(&end));
                self.end = Some(end);
            }
        }
        observation
    }

    fn see(&self, own: &ServiceDeployment) -> Observation {
        if own.status.is_rollback() {
            let reason = follow::cause(own, self.watch.course.stopped());
            return Observation { hopeless: Some(reason), ..Observation::default() };
        }
        let share = own.target_service_revision.as_ref().and_then(|it| it.requested_production_traffic_weight);
        let weight = share.and_then(|share| Weight::from_permille(share).ok());
        // ECS pauses only once everything before the pause has gone well.
        let candidate = if self.waiting().is_some() { Health::Healthy } else { Health::Unknown };
        Observation { weight, candidate, ..Observation::default() }
    }
}

impl Target for Paused<'_, '_> {
    type Error = AwsError;

    async fn observe(&mut self) -> Result<Observation, AwsError> {
        self.tick += 1;
        let look = match self.watch.look(self.tick).await {
            Ok(look) => look,
            Err(error) => return self.not_now(error).map(|_| Observation::default()),
        };
        self.failures = 0;
        let observation = self.judge(&look);
        let on_its_way = observation.weight.is_some_and(|weight| weight < self.allowed) || self.promoted;
        if on_its_way && observation.candidate == Health::Healthy {
            // A further pause on the way to what a yes was said to.
            self.answer("CONTINUE").await?;
            return Ok(Observation { candidate: Health::Unknown, ..observation });
        }
        Ok(observation)
    }

    async fn shift(&mut self, weight: Weight) -> Result<Answer, AwsError> {
        let answer = self.answer("CONTINUE").await?;
        if answer == Answer::Taken {
            self.allowed = weight;
        }
        Ok(answer)
    }

    async fn promote(&mut self) -> Result<Answer, AwsError> {
        let answer = self.answer("CONTINUE").await?;
        self.promoted |= answer == Answer::Taken;
        Ok(answer)
    }

    async fn go_back(&mut self, why: &Why) -> Result<Answer, AwsError> {
        let reason = match why {
            Why::Cancelled => follow::Why::Cancelled,
            other => follow::Why::Hopeless(other.text()),
        };
        let returning = self.watch.record.last.as_ref().is_some_and(|own| own.status.is_rollback());
        if returning || self.watch.stop(&reason).await {
            let now = self.watch.runner.now();
            self.watch.course.note_stop(reason, now);
            return Ok(Answer::Taken);
        }
        Ok(Answer::NotNow)
    }
}

fn fate(end: &follow::End) -> Fate {
    match end {
        follow::End::Successful => Fate::Promoted,
        follow::End::RolledBack { cause, .. } => Fate::WentBack(cause.clone()),
        follow::End::RollbackFailed { cause } => Fate::Stuck(cause.clone()),
        follow::End::Stopped { cause } | follow::End::Stalled { cause } => Fate::Stopped(cause.clone()),
        follow::End::Superseded { by } => Fate::Overtaken(by.clone()),
        follow::End::Unseen => Fate::Stuck("its end was not seen".to_owned()),
    }
}
