//! The steps every change of a service has: begin it, follow it, prove it, and take it back where the proof fails.

use crate::{
    configuration,
    definition::Definition,
    follow::{Course, End, Patience, Rights},
    host::Floor,
    identity::{DeploymentId, OwnArn, primary, running},
    inputs::{Engine, Settings},
    journal::{Journal, Phase},
    model::{Service, ServiceDeployment},
    observe::Ecs,
    paused::Paused,
    prove::{Promise, Proof},
    watch::{BUDGET, Followed, Record, Watch},
};
use ::rollout::{Weight, drive};
use github::{Failure, Runner};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, time::Duration};

/// Attempts to see running tasks after ECS has called a deployment successful; lists lag behind.
const SIGHTINGS: u32 = 6;

/// The member of an update that has it begin a deployment whatever the service runs.
pub(crate) const FORCED: &str = "forceNewDeployment";

/// What a run works with.
pub(crate) struct Rollout<'a> {
    /// The run.
    pub(crate) runner: &'a Runner,
    /// The service.
    pub(crate) ecs: Ecs,
    /// What is wanted.
    pub(crate) settings: &'a Settings,
    /// Everything noticed.
    pub(crate) record: Record,
    /// What is built on, where that is another service's.
    pub(crate) base: Option<Definition>,
    /// At least as many tasks.
    pub(crate) tasks: Option<u32>,
    /// The image that gates are asked about.
    pub(crate) image: String,
    /// The task definition that this very run registered.
    pub(crate) registered: Option<String>,
    /// How long the deployment bakes, as the service is configured for it.
    pub(crate) bakes: SignedDuration,
}

impl<'a> Rollout<'a> {
    /// A rollout at its beginning.
    #[must_use]
    pub(crate) fn new(runner: &'a Runner, ecs: Ecs, settings: &'a Settings) -> Self {
        let (record, image, bakes) = (Record::default(), String::new(), SignedDuration::ZERO);
        Self { runner, ecs, settings, record, base: None, tasks: None, image, registered: None, bakes }
    }

    /// A line of the log and the timeline.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.runner.info(&text);
        self.record.timeline.push((self.runner.now(), text));
    }

    /// Does what may be asked for once more as long as the service only says that it is asked too often: nothing was done
    /// then, and a deployment does not fail for it.
    ///
    /// # Errors
    /// Every other answer, and this one after as long as a deployment may take.
    pub(crate) async fn patiently<T>(
        &self,
        ask: impl AsyncFn() -> Result<T, aws::AwsError>,
    ) -> Result<T, aws::AwsError> {
        let until = self.runner.now().saturating_add(self.settings.wait).unwrap_or(Timestamp::MAX);
        loop {
            match ask().await {
                Err(error) if error.is_throttling() && self.runner.now() < until => {
                    self.runner.detail(format!("asked too often, asking again: {error}"));
                    if self.runner.sleep(self.settings.poll).await.is_err() {
                        return Err(error);
                    }
                }
                answer => return answer,
            }
        }
    }

    /// Begins a deployment: writes down what is about to happen, sends one update, writes down what came of it.
    ///
    /// # Errors
    /// A [`Failure`] with the state the service was left in.
    pub(crate) async fn begin(
        &mut self,
        service: &Service,
        task_definition: &str,
        changes: &Map<String, Value>,
        rights: Rights,
    ) -> Result<Journal, Failure> {
        let mut journal = Journal {
            phase: Phase::Beginning,
            service: self.ecs.service.clone(),
            task_definition: task_definition.to_owned(),
            previous: running(service).to_owned(),
            primary_before: primary(service).map(|primary| primary.id.clone()),
            known_before: self.known().await?,
            began: self.runner.now().as_second(),
            id: None,
            arn: None,
            may_stop: rights == Rights::Ours,
            registered: self.registered.as_deref() == Some(task_definition),
        };
        journal.save(self.runner);
        let configured = changes.get("deploymentConfiguration").unwrap_or(&service.deployment_configuration);
        self.bakes = configuration::bakes(configured);
        // Events of the time before are not ours to tell.
        self.record.seen.extend(service.events.iter().map(|event| event.id.clone()));
        self.note(format!("updating {} to {task_definition}", self.settings.subject()));
        let updated = self.patiently(async || self.ecs.update(task_definition, changes).await).await;
        let (answer, lost) = match updated {
            Ok(answer) => (answer, None),
            Err(error) if may_have_acted(&error) => {
                self.runner.warning(format!("the answer to the update was lost; looking for what it began: {error}"));
                (Service::default(), Some(error))
            }
            Err(error) => {
                self.ended(&mut journal);
                let failure = error.failure("update the service").subject(self.settings.subject());
                return Err(failure.state(format!("the service was not changed; {task_definition} is registered")));
            }
        };
        journal.id = self.begun(&answer, &journal).await;
        let Some(id) = &journal.id else {
            let failure = match lost {
                Some(error) => error.failure("update the service"),
                None => Failure::new(github::Exit::Unknown, "find the deployment that the update began")
                    .because("the service shows none for our task definition"),
            };
            return Err(failure.subject(self.settings.subject()).state("the service may have been updated"));
        };
        self.note(format!("deployment {} has begun", id.as_str()));
        if lost.is_some() || !changes.contains_key(FORCED) {
            self.doubt(&mut journal).await;
        }
        journal.phase = Phase::Following;
        journal.save(self.runner);
        Ok(journal)
    }

    /// Gives up the right to stop what another run may have begun. Only the answer to an update that is forced tells that
    /// it began something: one that is not begins nothing where another run has begun the same a moment ago.
    pub(crate) async fn doubt(&self, journal: &mut Journal) {
        let ours = self.runner.context().run_url();
        let read = self.patiently(async || self.ecs.definition(&journal.task_definition).await).await;
        match read {
            Ok(definition) => journal.doubt(definition.run_url(), ours.as_deref()),
            Err(error) => {
                self.runner.warning(format!("whose deployment it is could not be read, so it is left to ECS: {error}"));
                journal.may_stop = false;
            }
        }
    }

    /// The ARNs listed before we begin: none of them can be ours.
    async fn known(&self) -> Result<BTreeSet<String>, Failure> {
        let since = self.runner.now().saturating_sub(SignedDuration::from_hours(1)).unwrap_or_default().as_second();
        let listed = self.ecs.deployments(json!({"createdAt": {"after": since}})).await;
        let listed = listed.map_err(|error| {
            error
                .failure("list the service's deployments")
                .subject(self.settings.subject())
                .state("nothing was changed")
        })?;
        Ok(listed.into_iter().map(|one| one.service_deployment_arn).collect())
    }

    /// Our deployment's id from the update's answer, else from the service itself, which may lag.
    async fn begun(&self, answer: &Service, journal: &Journal) -> Option<DeploymentId> {
        let find = |service: &Service| {
            DeploymentId::begun(service, journal.primary_before.as_deref(), &journal.task_definition)
        };
        if let Some(id) = find(answer) {
            return Some(id);
        }
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            if let Ok(Some(service)) = self.ecs.service().await
                && let Some(id) = find(&service)
            {
                return Some(id);
            }
        }
        None
    }

    /// The journal of a deployment that an earlier run of ours began, or that a person asks to take back.
    #[must_use]
    pub(crate) fn adopted(&mut self, deployment: &ServiceDeployment, task_definition: &str, rights: Rights) -> Journal {
        let by = (rights, self.runner.now());
        let journal = Journal::adopted(&self.ecs.service, deployment, task_definition, by);
        journal.save(self.runner);
        self.bakes = configuration::bakes(&deployment.deployment_configuration);
        journal
    }

    /// Follows a deployment to its end; answers its pauses where a gate is to be asked and the deployment is ours.
    ///
    /// # Errors
    /// A [`Failure`] when ECS cannot be read any more.
    pub(crate) async fn follow(&mut self, journal: &mut Journal) -> Result<(Followed, Course), Failure> {
        let progress = &self.settings.progress;
        let gated = progress.gate.is_some() && progress.engine == Engine::Ecs && journal.rights() == Rights::Ours;
        let wait = self.settings.wait;
        let limit = wait.saturating_add(self.bakes);
        let deadline =
            if gated { Timestamp::MAX } else { self.runner.now().saturating_add(limit).unwrap_or(Timestamp::MAX) };
        let patience = Patience { deadline, rollback: wait, newer: SignedDuration::from_secs(15) };
        let course = Course::new(journal.rights(), patience);
        let (runner, ecs, poll) = (self.runner, &self.ecs, self.settings.poll);
        let until = &self.settings.wait_until;
        let mut watch = Watch { runner, ecs, journal, record: &mut self.record, course, poll, until };
        let followed =
            if gated { gate_by_gate(&mut watch, self.settings, &self.image).await? } else { watch.follow().await? };
        Ok((followed, watch.course))
    }

    /// What the tasks of a deployment run, against what was promised.
    ///
    /// # Errors
    /// A [`Failure`] when the tasks cannot be read.
    pub(crate) async fn prove(&self, id: &str, target: Option<&str>, promises: &[Promise]) -> Result<Proof, Failure> {
        let doing = |error: aws::AwsError| error.failure("read back what runs").subject(self.settings.subject());
        let mut proof = Proof::NoTasks;
        for sighting in 0..SIGHTINGS {
            if sighting > 0 {
                tokio::time::sleep(self.settings.poll.min(Duration::from_secs(2))).await;
            }
            let tasks = self.ecs.running(id).await.map_err(doing)?;
            let revisions = match target {
                Some(target) => self.ecs.revisions(&[target]).await.map_err(doing)?,
                None => Vec::new(),
            };
            proof = Promise::judge_all(promises, &tasks, revisions.first());
            let wanted = self.ecs.service().await.map_err(doing)?.map_or(0, |service| service.desired_count);
            if proof != Proof::NoTasks || wanted == 0 {
                break;
            }
        }
        Ok(proof)
    }

    /// Another deployment that has taken the place of ours since it ended, by its id; `None` while ours is the newest.
    ///
    /// # Errors
    /// A [`Failure`] when the service cannot be read.
    pub(crate) async fn replaced_by(&self, id: &str) -> Result<Option<String>, Failure> {
        let service = self.ecs.service().await.map_err(|error| error.failure("read the service"))?;
        let newest = service.as_ref().and_then(primary).map(|primary| primary.id.clone());
        Ok(newest.filter(|newest| !id.is_empty() && newest != id))
    }

    /// Brings back what ran before our deployment, after one that ECS calls successful turned out to run something else.
    /// What another has put in its place by now is left alone.
    ///
    /// # Errors
    /// A [`Failure`] when ECS cannot be written or read any more.
    pub(crate) async fn bring_back(&mut self, ours: &Journal, cause: String) -> Result<End, Failure> {
        if let Some(by) = self.replaced_by(ours.id.as_ref().map_or("", DeploymentId::as_str)).await? {
            return Ok(End::Superseded { by });
        }
        let previous = &ours.previous;
        self.note(format!("{cause}; bringing back {previous}"));
        let read = self.ecs.service().await.map_err(|error| error.failure("read the service"))?;
        let Some(service) = read.filter(|service| !previous.is_empty() && running(service) != previous) else {
            return Ok(End::RollbackFailed { cause: format!("{cause}; nothing else to bring back is known") });
        };
        // Stopping the way back would bring back the bad one.
        let mut changes = Map::new();
        changes.extend(configuration::way_back(&service).map(|it| ("deploymentConfiguration".to_owned(), it)));
        let mut way_back = self.begin(&service, previous, &changes, Rights::Watch).await?;
        Ok(match self.follow(&mut way_back).await?.0 {
            // The post step then follows it to its end.
            Followed::Interrupted(_) | Followed::FarEnough | Followed::Ended(End::Unseen) => End::Unseen,
            Followed::Ended(end) => {
                self.ended(&mut way_back);
                if end == End::Successful { End::RolledBack { cause, to: None } } else { End::RollbackFailed { cause } }
            }
        })
    }

    /// Writes down that nothing of ours is in flight any more.
    pub(crate) fn ended(&self, journal: &mut Journal) {
        journal.phase = Phase::Ended;
        journal.save(self.runner);
    }
}

/// Follows a deployment that pauses, from gate to gate.
async fn gate_by_gate(watch: &mut Watch<'_>, settings: &Settings, image: &str) -> Result<Followed, Failure> {
    let runner = watch.runner;
    let bad = |error: ::rollout::PlanError| Failure::new(github::Exit::BadInput, "make a plan").because(error);
    let plan = settings.progress.native_plan(settings.wait).map_err(bad)?;
    let mut journal = ::rollout::Journal { plan, began: runner.now(), entries: Vec::new() };
    journal.entries.extend(adopted(watch).await);
    let floor = Floor::new(runner, settings, image.to_owned(), |_: &::rollout::Journal| {});
    let mut paused = Paused::new(watch);
    let end = {
        let driving = drive(&mut paused, &floor, &mut journal);
        tokio::select! {
            biased;
            end = driving => Some(end),
            () = floor.overdue(BUDGET) => None,
        }
    };
    let followed = match end {
        Some(Ok(end)) => paused.followed(&end),
        None => Followed::Interrupted(None),
        Some(Err(error)) => {
            let arn = watch.journal.arn.as_ref().map_or("our deployment", OwnArn::as_str);
            let failure = error
                .failure("follow the deployment")
                .state(format!("{arn} pauses, and goes back when its time is over"));
            return Err(failure);
        }
    };
    watch.record.timeline.extend(floor.told.take());
    watch.record.timeline.sort_by_key(|(at, _)| *at);
    Ok(followed)
}

/// Where a deployment is that is gone on with: a share that it has already was said yes to.
async fn adopted(watch: &mut Watch<'_>) -> Option<::rollout::Entry> {
    let arn = watch.journal.arn.clone()?;
    let own = watch.ecs.deployment(arn.as_str()).await.ok().flatten()?;
    let share = own.target_service_revision?.requested_production_traffic_weight?;
    let weight = Weight::from_permille(share).ok().filter(|weight| *weight > Weight::NONE)?;
    Some(::rollout::Entry { at: watch.runner.now(), event: ::rollout::Event::Adopted(weight) })
}

/// Whether a failed update may have changed the service all the same.
pub(crate) fn may_have_acted(error: &aws::AwsError) -> bool {
    error.is_transient() || ["MalformedAnswer", "AnswerTooLarge"].contains(&error.code.as_str())
}
