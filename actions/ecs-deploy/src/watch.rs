//! Following a deployment in the world: looks, prints what is new, and does what [`crate::follow`] says.

use crate::{
    diagnose,
    follow::{Course, End, Look, Newer, Next, Rights, Why, is_near_its_end},
    identity::{OwnArn, primary},
    inputs::WaitUntil,
    journal::Journal,
    model::{Event, Service, ServiceDeployment, Task},
    observe::Ecs,
};
use aws::AwsError;
use github::{Failure, Runner};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// How much of the runner's 7.5 s between its first and second signal is used to take a deployment back.
pub(crate) const BUDGET: Duration = Duration::from_secs(6);

/// Reads that fail one after the other, for reasons that do not pass, before following is given up.
const FAILURES: u32 = 20;

/// Everything noticed on the way, for the report.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// What happened when.
    pub(crate) timeline: Vec<(Timestamp, String)>,
    /// Service events since we began, oldest first. Untrusted text.
    pub(crate) events: Vec<Event>,
    /// Tasks of our deployment that stopped.
    pub(crate) stopped: BTreeMap<String, Task>,
    /// The service's target groups.
    pub(crate) target_groups: Vec<String>,
    /// The last sight of our deployment.
    pub(crate) last: Option<ServiceDeployment>,
    /// Ids of events and ARNs of tasks told already.
    pub(crate) seen: BTreeSet<String>,
    counts: String,
    stage: String,
    /// When its counts or its stage changed last.
    changed: Option<Timestamp>,
}

/// How following came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Followed {
    /// The deployment ended.
    Ended(End),
    /// It has come as far as it was to be followed, and goes on.
    FarEnough,
    /// A signal came first; where the way back ended within the time left, how.
    Interrupted(Option<End>),
}

/// What came of asking ECS to take our deployment back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// ECS does so, or the deployment has ended.
    Heard,
    /// The question did not arrive, or ours is not visible yet: it may be asked again.
    Unheard,
    /// ECS will not.
    Denied,
}

/// A deployment being followed.
pub(crate) struct Watch<'a> {
    /// The run.
    pub(crate) runner: &'a Runner,
    /// The service.
    pub(crate) ecs: &'a Ecs,
    /// What is written down.
    pub(crate) journal: &'a mut Journal,
    /// What has been noticed.
    pub(crate) record: &'a mut Record,
    /// What has been decided.
    pub(crate) course: Course,
    /// The first pause between looks.
    pub(crate) poll: Duration,
    /// How far it is followed.
    pub(crate) until: &'a WaitUntil,
}

impl Watch<'_> {
    /// Follows the deployment to its end.
    ///
    /// # Errors
    /// A [`Failure`] when ECS cannot be read for reasons that will not pass.
    pub(crate) async fn follow(&mut self) -> Result<Followed, Failure> {
        let began = self.runner.now();
        let mut failures = 0;
        for tick in 0_u64.. {
            let look = tokio::select! {
                biased;
                () = self.runner.cancel().requested() => return Ok(Followed::Interrupted(self.interrupted().await)),
                look = self.look(tick) => look,
            };
            let look = match look {
                Ok(look) => {
                    failures = 0;
                    look
                }
                Err(error) if error.is_throttling() || error.is_transient() || failures < FAILURES => {
                    failures += u32::from(!error.is_throttling() && !error.is_transient());
                    self.runner.detail(format!("this look failed, the next one may not: {error}"));
                    Look::default()
                }
                Err(error) => return Err(self.blind(&error)),
            };
            let now = self.runner.now();
            match self.course.step(&look, now) {
                Next::Wait if look.own.as_ref().is_some_and(|own| self.until.is_reached(own)) => {
                    return Ok(Followed::FarEnough);
                }
                Next::Wait => {}
                Next::Stop(why) => {
                    if self.ask_back(&why).await == Asked::Unheard {
                        self.course.note_unheard(now);
                    }
                }
                Next::End(end) => return Ok(Followed::Ended(end)),
            }
            if self.runner.sleep(self.pause(now, began)).await.is_err() {
                return Ok(Followed::Interrupted(self.interrupted().await));
            }
        }
        Ok(Followed::Ended(End::Unseen))
    }

    /// The pause before the next look.
    fn pause(&self, now: Timestamp, began: Timestamp) -> Duration {
        let unchanged = now.duration_since(self.record.changed.unwrap_or(began));
        match &self.record.last {
            Some(own) if is_near_its_end(own, unchanged) => self.poll,
            _ => pace(now.duration_since(began), self.poll),
        }
    }

    fn blind(&self, error: &AwsError) -> Failure {
        let own = self.journal.arn.as_ref().map_or("our deployment", OwnArn::as_str);
        error.failure("follow the deployment").state(format!("{own} may still be in flight"))
    }

    /// One look at everything that is due.
    pub(crate) async fn look(&mut self, tick: u64) -> Result<Look, AwsError> {
        if self.journal.arn.is_none() {
            self.find().await?;
        }
        let mut look = Look::default();
        if let Some(arn) = &self.journal.arn {
            look.own = self.ecs.deployment(arn.as_str()).await?;
        }
        if let Some(own) = look.own.clone() {
            self.note_status(&own);
            self.record.last = Some(own);
        }
        let ended = look.own.as_ref().is_some_and(|own| own.status.is_terminal());
        if tick.is_multiple_of(2) || ended {
            match self.look_around(&mut look).await {
                // What is known of our own deployment does not wait for the rest, least of all its end.
                Err(error) if look.own.is_some() => {
                    self.runner.detail(format!("not all could be looked at this time: {error}"));
                }
                around => around?,
            }
        }
        Ok(look)
    }

    /// What is beside our deployment: the service's events, other deployments, stopped tasks.
    async fn look_around(&mut self, look: &mut Look) -> Result<(), AwsError> {
        let ended = look.own.as_ref().is_some_and(|own| own.status.is_terminal());
        if let Some(service) = self.ecs.service().await? {
            self.note_service(&service);
            look.newer = if !self.is_newest(&service) || ended { self.newer().await? } else { Newer::No };
        }
        self.collect().await?;
        let stopped: Vec<Task> = self.record.stopped.values().cloned().collect();
        let breaker = self.record.last.as_ref().and_then(|own| own.deployment_circuit_breaker.as_ref());
        look.hopeless = diagnose::hopeless(&stopped, breaker);
        Ok(())
    }

    /// Looks for the ARN of our deployment, which appears some moments after the update.
    async fn find(&mut self) -> Result<(), AwsError> {
        if let Some(arn) = self.ecs.own(self.journal).await? {
            self.runner.info(format!("our deployment is {}", arn.as_str()));
            self.journal.arn = Some(arn);
            self.journal.save(self.runner);
        }
        Ok(())
    }

    fn is_newest(&self, service: &Service) -> bool {
        let ours = self.journal.id.as_ref().map(crate::identity::DeploymentId::as_str);
        ours.is_none() || primary(service).is_none_or(|primary| Some(primary.id.as_str()) == ours)
    }

    /// A deployment of the service that was created after ours.
    async fn newer(&self) -> Result<Newer, AwsError> {
        let Some(own) = self.record.last.as_ref() else { return Ok(Newer::Unread) };
        let Some(created) = own.created_at else { return Ok(Newer::Unread) };
        let listed = self.ecs.deployments(json!({"createdAt": {"after": created.as_second()}})).await?;
        let other = |one: &&ServiceDeployment| {
            one.created_at > own.created_at && one.service_deployment_arn != own.service_deployment_arn
        };
        let next = listed.iter().filter(other).min_by_key(|one| one.created_at);
        Ok(next.map_or(Newer::No, |one| Newer::Seen(one.service_deployment_arn.clone())))
    }

    /// Describes tasks that stopped since the last look, and keeps those of our deployment.
    async fn collect(&mut self) -> Result<(), AwsError> {
        let Some(id) = self.journal.id.clone() else { return Ok(()) };
        let fresh: Vec<String> =
            self.ecs.stopped().await?.into_iter().filter(|arn| self.record.seen.insert(arn.clone())).collect();
        for task in self.ecs.tasks(&fresh).await? {
            if task.started_by.as_deref() != Some(id.as_str()) {
                continue;
            }
            if diagnose::kind(&task).is_some() {
                let reason = task.stopped_reason.as_deref().unwrap_or("no reason was given");
                let exit = task.containers.iter().find_map(|container| container.exit_code);
                let exit = exit.map(|code| format!(", exit code {code}")).unwrap_or_default();
                self.note(format!("task {} stopped: {reason}{exit}", task.id()));
            }
            self.record.stopped.insert(task.task_arn.clone(), task);
        }
        Ok(())
    }

    fn note(&mut self, text: String) {
        self.runner.info(&text);
        self.record.timeline.push((self.runner.now(), text));
    }

    fn note_status(&mut self, own: &ServiceDeployment) {
        let before = self.record.last.as_ref().map(|last| last.status.clone());
        if before.as_ref() != Some(&own.status) {
            let reason = own.status_reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            self.note(format!("deployment {}{reason}", own.status.word()));
        }
        self.note_stage(own);
        let Some(target) = &own.target_service_revision else { return };
        let breaker = own.deployment_circuit_breaker.as_ref().filter(|breaker| breaker.failure_count > 0);
        let failures =
            breaker.map(|b| format!(", {} of {} failures", b.failure_count, b.threshold)).unwrap_or_default();
        let counts = format!(
            "{} of {} tasks running, {} pending{failures}",
            target.running_task_count, target.requested_task_count, target.pending_task_count
        );
        if counts != self.record.counts {
            self.note(counts.clone());
            self.record.counts = counts;
            self.record.changed = Some(self.runner.now());
        }
    }

    /// Where a native shift is, and what share of the traffic the release has.
    fn note_stage(&mut self, own: &ServiceDeployment) {
        let Some(stage) = &own.lifecycle_stage else { return };
        let share = own.target_service_revision.as_ref().and_then(|it| it.requested_production_traffic_weight);
        let share = share.and_then(|share| rollout::Weight::from_permille(share).ok());
        let share = share.map(|share| format!(", the release has {share} of the traffic")).unwrap_or_default();
        let stage = format!("stage {stage}{share}");
        if stage != self.record.stage {
            self.note(stage.clone());
            self.record.stage = stage;
            self.record.changed = Some(self.runner.now());
        }
    }

    fn note_service(&mut self, service: &Service) {
        let groups = service.load_balancers.iter().filter_map(|balancer| balancer.target_group_arn.clone());
        self.record.target_groups = groups.collect();
        let began = Timestamp::from_second(self.journal.began).unwrap_or_default();
        for event in service.events.iter().rev() {
            let new = event.created_at.is_none_or(|at| at >= began);
            if new && self.record.seen.insert(event.id.clone()) {
                self.runner.info(format!("event: {}", event.message));
                self.record.events.push(event.clone());
            }
        }
    }

    /// Asks ECS to take our deployment back; says whether it was heard, or need not be.
    pub(crate) async fn stop(&mut self, why: &Why) -> bool {
        self.journal.rights() == Rights::Ours && self.ask_back(why).await == Asked::Heard
    }

    /// Asks ECS to take our deployment back; a failure is said, and what becomes of the deployment is read on.
    async fn ask_back(&mut self, why: &Why) -> Asked {
        let Some(arn) = self.journal.arn.clone() else { return Asked::Unheard };
        self.note(format!("taking back {}: {}", arn.as_str(), why.text()));
        let Err(error) = self.ecs.take_back(&arn).await else { return Asked::Heard };
        self.runner.warning(format!("failed to take back {}: {error}", arn.as_str()));
        if error.is_throttling() || error.is_transient() { Asked::Unheard } else { Asked::Denied }
    }

    /// After a signal: begins the way back at once, and watches it for as long as the runner lets us live.
    pub(crate) async fn interrupted(&mut self) -> Option<End> {
        if self.journal.rights() == Rights::Watch {
            self.runner.info("cancelled; the deployment is left to ECS: it is another run's, or itself the way back");
            return None;
        }
        let runner = self.runner;
        tokio::select! {
            end = tokio::time::timeout(BUDGET, self.take_back_and_watch()) => end.ok().flatten(),
            () = runner.cancel().insisted() => None,
        }
    }

    async fn take_back_and_watch(&mut self) -> Option<End> {
        const STEP: Duration = Duration::from_millis(250);
        while self.journal.arn.is_none() {
            if let Err(error) = self.find().await {
                self.runner.detail(error.to_string());
            }
            if self.journal.arn.is_none() {
                tokio::time::sleep(STEP).await;
            }
        }
        loop {
            match self.ask_back(&Why::Cancelled).await {
                Asked::Heard => break,
                Asked::Unheard => tokio::time::sleep(STEP).await,
                Asked::Denied => return None,
            }
        }
        self.course.note_stop(Why::Cancelled, self.runner.now());
        loop {
            if let Some(arn) = &self.journal.arn
                && let Ok(Some(own)) = self.ecs.deployment(arn.as_str()).await
            {
                self.note_status(&own);
                self.record.last = Some(own.clone());
                let look = Look { own: Some(own), ..Look::default() };
                if let Next::End(end) = self.course.step(&look, self.runner.now()) {
                    return Some(end);
                }
            }
            tokio::time::sleep(STEP).await;
        }
    }
}

/// The pause before the next look: short while things begin, then longer, so that many jobs fit the account's quota.
#[must_use]
pub(crate) fn pace(elapsed: SignedDuration, poll: Duration) -> Duration {
    match elapsed.as_secs() {
        ..30 => poll,
        30..300 => poll.mul_f64(2.5),
        _ => poll.mul_f64(5.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each look is one request, every second one three more (the service, its stopped tasks, one of them described).
    #[test]
    fn a_steady_wait_takes_at_most_half_a_request_a_second() {
        let rate = |seconds: i64| 2.5 / pace(SignedDuration::from_secs(seconds), Duration::from_secs(2)).as_secs_f64();
        assert!(rate(30) <= 0.5 && rate(3600) <= 0.25, "{} {}", rate(30), rate(3600));
        assert_eq!(pace(SignedDuration::ZERO, Duration::from_secs(2)), Duration::from_secs(2));
    }
}
