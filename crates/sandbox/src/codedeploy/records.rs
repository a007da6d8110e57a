//! Applications, their groups and deployments.

use super::group::Group;
use crate::Cloud;
use jiff::Timestamp;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Everything of CodeDeploy.
#[derive(Debug, Default)]
pub(crate) struct CodeDeploy(Mutex<Records>);

#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) applications: BTreeMap<String, Application>,
    /// Configurations that were made here, beside AWS's own.
    pub(super) configs: BTreeMap<String, Value>,
    /// Oldest first.
    pub(super) deployments: Vec<Deployment>,
}

#[derive(Debug)]
pub(super) struct Application {
    pub(super) id: String,
    pub(super) created_at: Timestamp,
    pub(super) groups: BTreeMap<String, Group>,
}

/// A deployment, or the way back of one.
#[derive(Debug, Clone)]
pub(super) struct Deployment {
    /// `d-` and nine letters and digits.
    pub(super) id: String,
    pub(super) application: String,
    pub(super) group: String,
    pub(super) config: String,
    pub(super) revision: Value,
    pub(super) description: Option<String>,
    pub(super) created_at: Timestamp,
    /// What ECS asks about it by.
    pub(super) arn: String,
    /// The deployment it takes back; none for one that goes forward.
    pub(super) takes_back: Option<String>,
    /// `autoRollbackConfiguration` it goes by.
    pub(super) auto_rollback: Value,
    /// `<cluster>:<service>`: its only target.
    pub(super) target: String,
}

impl CodeDeploy {
    pub(super) fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    pub(super) fn deployment(&self, id: &str) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.id == id)
    }

    /// The deployment that takes this one back.
    pub(super) fn way_back(&self, id: &str) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.takes_back.as_deref() == Some(id))
    }
}

/// The application and the group of a deployment.
pub(crate) fn group_of(cloud: &Cloud, id: &str) -> Option<(String, String)> {
    let records = cloud.code_deploy.records();
    records.deployment(id).map(|deployment| (deployment.application.clone(), deployment.group.clone()))
}

/// The deployment configuration of a group.
pub(crate) fn config_of(cloud: &Cloud, application: &str, group: &str) -> Option<String> {
    let records = cloud.code_deploy.records();
    Some(records.applications.get(application)?.groups.get(group)?.config.clone())
}

/// An id as CodeDeploy gives its deployments.
pub(super) fn fresh_id() -> String {
    let random = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
    format!("d-{}", &random[..9])
}
