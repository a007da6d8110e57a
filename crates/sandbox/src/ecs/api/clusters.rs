//! `CreateCluster`, `DescribeClusters`, `ListClusters`.

use super::pages;
use crate::{
    AwsError, Cloud,
    ecs::{
        arn,
        service::ServiceStatus,
        state::{Cluster, State},
    },
    tasks::Status,
    wire::Input,
};
use serde_json::{Value, json};

/// Makes a cluster; one that exists is answered as it is.
pub(super) fn create(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let name = input.text("clusterName").unwrap_or("default");
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 255 || !name.chars().all(allowed) {
        return Err(super::invalid("Cluster name must be 1 to 255 letters, numbers, hyphens and underscores."));
    }
    let arn = cloud.place.arn("ecs", &format!("cluster/{name}"));
    let mut state = cloud.ecs.state();
    if !input.list("tags").is_empty() {
        state.tags.insert(arn.clone(), input.list("tags").to_vec());
    }
    state.clusters.entry(name.to_owned()).or_insert_with(|| Cluster {
        name: name.to_owned(),
        arn,
        services: Default::default(),
    });
    let cluster = state.cluster(Some(name))?;
    Ok(json!({"cluster": describe_one(cloud, &state, cluster)}))
}

pub(super) fn describe(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let mut asked = input.texts("clusters");
    if asked.is_empty() {
        asked.push("default");
    }
    let state = cloud.ecs.state();
    let (mut clusters, mut failures) = (Vec::new(), Vec::new());
    for given in asked {
        match state.cluster(Some(given)) {
            Ok(cluster) => clusters.push(describe_one(cloud, &state, cluster)),
            Err(_) => {
                let arn = cloud.place.arn("ecs", &format!("cluster/{}", arn::last(given)));
                failures.push(json!({"arn": arn, "reason": "MISSING"}));
            }
        }
    }
    Ok(json!({"clusters": clusters, "failures": failures}))
}

pub(super) fn list(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let state = cloud.ecs.state();
    pages::page(input, "clusterArns", state.clusters.values().map(|cluster| cluster.arn.clone().into()).collect())
}

fn describe_one(cloud: &Cloud, state: &State, cluster: &Cluster) -> Value {
    let tasks = cloud.tasks.select(|task| task.spec.cluster == cluster.name && task.status != Status::Stopped);
    let running = tasks.iter().filter(|task| task.status == Status::Running).count();
    let pending = tasks.iter().filter(|task| task.status < Status::Running).count();
    json!({
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": "ACTIVE",
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": running,
        "pendingTasksCount": pending,
        "activeServicesCount": cluster.services.values().filter(|s| s.status == ServiceStatus::Active).count(),
        "statistics": [],
        "tags": state.tags_of(&cluster.arn),
        "settings": [],
        "capacityProviders": [],
        "defaultCapacityProviderStrategy": [],
    })
}
