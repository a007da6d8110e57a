//! A service: what it should be, its revisions and deployments, its events.

use super::{
    arn, configuration,
    deployment::{Placement, ResolvedImage, Revision, RolloutState, ServiceDeployment},
    engine::{Happened, Lifecycle, RevisionId, Rollout, Stage},
    manner::{Manner, Moves},
    strategy,
    task_definition::TaskDefinition,
    words,
};
use crate::{AwsError, Cloud, tasks};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, VecDeque};

/// As many events as AWS shows.
const EVENTS_KEPT: usize = 100;

/// A service.
#[derive(Debug, Clone)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) cluster: String,
    pub(super) arn: String,
    pub(super) created_at: Timestamp,
    pub(super) status: ServiceStatus,
    pub(super) desired: u32,
    pub(super) task_definition: String,
    /// Members of `CreateService` and `UpdateService` that are kept as they came.
    pub(super) members: Map<String, Value>,
    /// Oldest first.
    pub(super) revisions: Vec<Revision>,
    /// Oldest first; the last is the current one.
    pub(super) deployments: Vec<ServiceDeployment>,
    /// Newest first.
    pub(super) events: VecDeque<Event>,
    /// What the engine has not yet been told.
    pub(super) happened: Vec<Happened>,
    /// A revision that a rolling deployment found with some of the traffic on it, and that is to go first.
    pub(super) abandoned: Option<RevisionId>,
    /// What is known about tasks beyond their own records.
    pub(super) watched: BTreeMap<String, Watched>,
}

/// The `status` of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServiceStatus {
    Active,
    Draining,
    Inactive,
}

/// A line of the service's event stream.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) message: String,
}

/// What the service has noticed about one of its tasks.
#[derive(Debug, Clone, Default)]
pub(super) struct Watched {
    pub(super) registered: bool,
    pub(super) seen_healthy: bool,
    pub(super) end_booked: bool,
}

impl ServiceStatus {
    /// AWS's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Inactive => "INACTIVE",
        }
    }
}

impl Service {
    /// A member kept as it came.
    pub(super) fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// The current deployment.
    pub(super) fn current(&self) -> Option<&ServiceDeployment> {
        self.deployments.last()
    }

    /// The current deployment, to be changed.
    pub(super) fn current_mut(&mut self) -> Option<&mut ServiceDeployment> {
        self.deployments.last_mut()
    }

    pub(super) fn revision(&self, id: RevisionId) -> Option<&Revision> {
        self.revisions.iter().find(|revision| revision.id == id)
    }

    pub(super) fn revision_mut(&mut self, id: RevisionId) -> Option<&mut Revision> {
        self.revisions.iter_mut().find(|revision| revision.id == id)
    }

    /// Writes an event: `(service name) text`.
    pub(super) fn note(&mut self, now: Timestamp, text: &str) {
        let message = format!("(service {}) {text}", self.name);
        self.note_as_is(now, message);
    }

    /// Writes an event with exactly this text.
    pub(super) fn note_as_is(&mut self, now: Timestamp, message: String) {
        self.events.push_front(Event { id: uuid::Uuid::new_v4().to_string(), at: now, message });
        self.events.truncate(EVENTS_KEPT);
    }

    /// Begins a deployment of a new revision as the service is configured; one under way ends here.
    pub(super) fn deploy(
        &mut self,
        cloud: &Cloud,
        definition: &TaskDefinition,
        now: Timestamp,
    ) -> Result<(), AwsError> {
        let configuration = self.member("deploymentConfiguration").cloned().unwrap_or_else(configuration::default);
        let id = arn::fresh_deployment_id();
        let manner = Manner::of_service(configuration, &cloud.place.pace, &id)?;
        self.begin(cloud, definition, (id, manner), now);
        Ok(())
    }

    /// Begins a deployment of a new revision, of this id and in this manner; gives its ARN.
    pub(super) fn begin(
        &mut self,
        cloud: &Cloud,
        definition: &TaskDefinition,
        (deployment_id, mut manner): (String, Manner),
        now: Timestamp,
    ) -> String {
        let sources = self.sources();
        let moves = manner.moves();
        let halfway = self.current().filter(|current| current.rollout.native.is_some());
        let halfway = halfway.filter(|current| !current.rollout.stage.is_over()).map(|current| current.rollout.target);
        let fallback = self.supersede(moves, now);
        self.abandoned =
            halfway.filter(|halfway| moves == Moves::Tasks && fallback.is_some_and(|live| live != *halfway));
        if let Some(native) = manner.native.as_mut().filter(|_| sources.len() > 1) {
            native.lifecycle = Lifecycle::ReconcileService;
        }
        let id = arn::fresh_number();
        let live = fallback.and_then(|fallback| self.revision(fallback));
        let placements = Placement::of_service(&manner.members(&self.members), live, moves);
        let revision = self.new_revision(cloud, id, definition, now);
        self.revisions.push(Revision { placements, ..revision });
        let arn = arn::of_service(&cloud.place, "service-deployment", &self.cluster, &self.name, &deployment_id);
        self.deployments.push(ServiceDeployment {
            arn: arn.clone(),
            rollout: Rollout {
                stage: Stage::Pending,
                target: id,
                fallback,
                breaker: manner.breaker,
                failures: 0,
                bake: manner.bake,
                restart_pause: strategy::signed(cloud.place.pace.restart),
                steady_since: None,
                hold_until: None,
                native: manner.native,
                watch: manner.watch,
            },
            sources,
            configuration: manner.configuration,
            created_at: now,
            started_at: None,
            finished_at: None,
            stopped_at: None,
            updated_at: now,
            rollback_started_at: None,
        });
        arn
    }

    /// Ends a deployment under way, and gives the revision the next one can go back to.
    fn supersede(&mut self, moves: Moves, now: Timestamp) -> Option<RevisionId> {
        let under_way = self.current_mut().filter(|current| !current.rollout.stage.is_over());
        let Some(current) = under_way else { return self.last_completed() };
        let before = current.rollout.clone();
        current.rollout.supersede();
        current.updated_at = now;
        current.finished_at = Some(now);
        current.stopped_at = Some(now);
        if current.rollout.stage == Stage::Successful
            && let Some(revision) = self.revision_mut(before.target)
        {
            revision.state = RolloutState::Completed;
            revision.reason = words::completed(before.target);
        }
        match (before.stage, moves) {
            // A rollback has put its revision back to IN_PROGRESS: what moves tasks and begins meanwhile has no way back.
            (Stage::RollbackInProgress(_), Moves::Tasks) => None,
            (Stage::RollbackInProgress(_), Moves::Traffic) => before.fallback,
            (_, Moves::Tasks) => self.last_completed(),
            // A first deployment that has most of the traffic is what is left to shift it from.
            (_, Moves::Traffic) => self.last_completed().or(before.serving()),
        }
    }

    fn last_completed(&self) -> Option<RevisionId> {
        let completed = self.revisions.iter().rev().find(|revision| revision.state == RolloutState::Completed);
        completed.map(|revision| revision.id)
    }

    /// What runs now: the primary revision and those being replaced.
    fn sources(&self) -> Vec<RevisionId> {
        let Some(current) = self.current() else { return Vec::new() };
        let mut sources = vec![current.rollout.primary()];
        let rollout = &current.rollout;
        if !rollout.stage.is_over() {
            sources.extend(current.sources.iter().filter(|source| **source != current.rollout.primary()));
        }
        // One that was stopped halfway has left both of its revisions running.
        if rollout.native.is_some() && matches!(rollout.stage, Stage::Stopped(_)) {
            sources.extend(rollout.fallback);
        }
        sources
    }

    fn new_revision(&self, cloud: &Cloud, id: RevisionId, definition: &TaskDefinition, now: Timestamp) -> Revision {
        let image = |container: &Value| {
            let text = |name: &str| container[name].as_str().unwrap_or_default().to_owned();
            let found = tasks::find_image(&cloud.registry, &cloud.place, &text("image"), None);
            ResolvedImage {
                container: text("name"),
                image: text("image"),
                digest: found.ok().map(|image| image.digest),
            }
        };
        Revision {
            id,
            created_at: now,
            updated_at: now,
            task_definition: definition.arn.clone(),
            members: self.members.clone(),
            images: definition.containers().iter().map(image).collect(),
            state: RolloutState::InProgress,
            reason: words::in_progress(id),
            failed_tasks: 0,
            placements: Vec::new(),
        }
    }
}
