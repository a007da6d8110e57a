//! What exists: clusters with their services, families of task definitions, tags.

use super::{arn, service::Service, task_definition::Families};
use crate::{
    AwsError, Cloud,
    late::{Late, View},
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The operations whose answers can be late: of ECS, and of CodeDeploy about ECS.
pub(crate) const READ_LATE: [&str; 9] = [
    "DescribeServices",
    "ListServices",
    "DescribeServiceDeployments",
    "ListServiceDeployments",
    "DescribeServiceRevisions",
    "DescribeTaskDefinition",
    "ListTaskDefinitions",
    "GetDeployment",
    "GetDeploymentTarget",
];

/// Everything of ECS.
#[derive(Debug, Default)]
pub(crate) struct Ecs {
    state: Mutex<State>,
    late: Late<State>,
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
    pub(super) fn view(&self, operation: &str) -> View<'_, State> {
        match self.late.as_it_was(operation) {
            Some(snapshot) => View::Past(snapshot),
            None => View::Now(self.state()),
        }
    }

    /// Has `operation` read so many ticks late; false when it is not one that can.
    pub(crate) fn lag(&self, operation: &str, ticks: usize) -> bool {
        let known = READ_LATE.contains(&operation);
        if known {
            self.late.lag(operation, ticks, &self.state());
        }
        known
    }

    /// A tick.
    pub(super) fn remember(&self, state: &State) {
        self.late.remember(state);
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
