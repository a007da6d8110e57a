//! What exists: clusters with their services, families of task definitions, tags.

use super::{arn, service::Service, task_definition::Families};
use crate::{AwsError, Cloud};
use serde_json::Value;
use std::{
    collections::{BTreeMap, VecDeque},
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Everything of ECS.
#[derive(Debug, Default)]
pub(crate) struct Ecs {
    /// Taken before `past`, never after it.
    state: Mutex<State>,
    past: Mutex<Past>,
}

/// How it was at the last ticks, kept only while somebody has to read it late.
#[derive(Debug, Default)]
struct Past {
    /// How many ticks late each operation reads.
    lags: BTreeMap<String, usize>,
    /// Newest first.
    snapshots: VecDeque<Arc<State>>,
}

/// The state a reading operation sees: as it is, or as it was.
pub(super) enum View<'a> {
    Now(MutexGuard<'a, State>),
    Past(Arc<State>),
}

impl Deref for View<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        match self {
            Self::Now(state) => state,
            Self::Past(state) => state,
        }
    }
}

/// What exists; looked at and changed under one lock, which is taken before those of the other rooms.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) clusters: BTreeMap<String, Cluster>,
    pub(super) families: Families,
    /// Tags by the ARN of what they are on.
    pub(super) tags: BTreeMap<String, Vec<Value>>,
}

/// A cluster.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) services: BTreeMap<String, Service>,
}

impl Ecs {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `operation` sees.
    pub(super) fn view(&self, operation: &str) -> View<'_> {
        match self.as_it_was(operation) {
            Some(snapshot) => View::Past(snapshot),
            None => View::Now(self.state()),
        }
    }

    fn as_it_was(&self, operation: &str) -> Option<Arc<State>> {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let place = past.lags.get(operation)?.checked_sub(1)?;
        past.snapshots.get(place).or(past.snapshots.back()).map(Arc::clone)
    }

    /// From now on `operation` reads so many ticks late.
    pub(crate) fn lag(&self, operation: String, ticks: usize) {
        let now = Arc::new(self.state().clone());
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.lags.insert(operation, ticks);
        past.snapshots.push_front(now);
    }

    /// Keeps how it is, as long as anybody reads it late.
    pub(super) fn remember(&self, state: &State) {
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let longest = past.lags.values().copied().max().unwrap_or(0);
        if longest > 0 {
            past.snapshots.push_front(Arc::new(state.clone()));
        }
        past.snapshots.truncate(longest);
    }
}

/// Adds an event with exactly this text, as if AWS had written it.
pub(crate) fn add_event(cloud: &Cloud, cluster: &str, service: &str, message: String) -> Result<(), AwsError> {
    let mut state = cloud.ecs.state();
    state.service_mut(Some(cluster), service)?.note_as_is(cloud.clock.now(), message);
    Ok(())
}

impl State {
    /// The cluster a caller names, or `ClusterNotFoundException`.
    pub(super) fn cluster(&self, given: Option<&str>) -> Result<&Cluster, AwsError> {
        self.clusters.get(&arn::cluster_name(given)).ok_or_else(no_cluster)
    }

    /// The service a caller names, or `ServiceNotFoundException`.
    pub(super) fn service(&self, cluster: Option<&str>, service: &str) -> Result<&Service, AwsError> {
        self.cluster(cluster)?.services.get(arn::last(service)).ok_or_else(no_service)
    }

    /// The service, to be changed.
    pub(super) fn service_mut(&mut self, cluster: Option<&str>, service: &str) -> Result<&mut Service, AwsError> {
        let cluster = self.clusters.get_mut(&arn::cluster_name(cluster)).ok_or_else(no_cluster)?;
        cluster.services.get_mut(arn::last(service)).ok_or_else(no_service)
    }

    /// The tags of a resource.
    pub(super) fn tags_of(&self, arn: &str) -> Value {
        self.tags.get(arn).cloned().unwrap_or_default().into()
    }
}

fn no_cluster() -> AwsError {
    AwsError::client("ClusterNotFoundException", "Cluster not found.")
}

fn no_service() -> AwsError {
    AwsError::client("ServiceNotFoundException", "Service not found.")
}
