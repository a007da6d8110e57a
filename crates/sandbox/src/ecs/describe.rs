//! How a service, its deployments and its revisions look in answers.

use super::{
    arn,
    deployment::{Revision, ServiceDeployment},
    engine::{RevisionId, Rollout},
    observe,
    service::Service,
    shifting,
    state::State,
    task_sets::{self, Controller},
    words,
};
use crate::{
    Cloud, Place,
    tasks::{Status, Task},
    wire::epoch,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// How many tasks of a revision run and wait.
struct Counts {
    running: usize,
    pending: usize,
    /// Alive: neither stopped nor told to stop.
    wanted: usize,
}

impl Counts {
    fn of<'a>(tasks: impl Iterator<Item = &'a Task>) -> Self {
        let mut counts = Self { running: 0, pending: 0, wanted: 0 };
        for task in tasks {
            counts.running += usize::from(task.status == Status::Running);
            counts.pending += usize::from(task.status < Status::Running && !task.to_stop);
            counts.wanted += usize::from(task.status <= Status::Running && !task.to_stop);
        }
        counts
    }

    fn of_revision(tasks: &[Task], revision: RevisionId) -> Self {
        Self::of(tasks.iter().filter(|task| task.spec.revision() == Some(revision)))
    }
}

/// How many tasks of a revision run, wait, and are wanted.
pub(super) fn counts(cloud: &Cloud, service: &Service, revision: RevisionId) -> [usize; 3] {
    let counts = Counts::of_revision(&observe::tasks(cloud, service), revision);
    [counts.running, counts.pending, counts.wanted]
}

/// A `Service`.
pub(super) fn service(cloud: &Cloud, state: &State, service: &Service, with_tags: bool) -> Value {
    let tasks = observe::tasks(cloud, service);
    let counts = Counts::of(tasks.iter());
    let mut object = service.members.clone();
    let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
    put("serviceArn", service.arn.clone().into());
    put("serviceName", service.name.clone().into());
    put("clusterArn", state.cluster(Some(&service.cluster)).map_or(Value::Null, |cluster| cluster.arn.clone().into()));
    put("status", service.status.word().into());
    put("desiredCount", service.desired.into());
    put("runningCount", counts.running.into());
    put("pendingCount", counts.pending.into());
    if !service.task_definition.is_empty() {
        put("taskDefinition", service.task_definition.clone().into());
    }
    put("createdAt", epoch(service.created_at));
    put("createdBy", format!("arn:aws:iam::{}:root", Place::ACCOUNT).into());
    let by_ecs = Controller::of_service(service) == Controller::Ecs;
    if !by_ecs {
        let sets: Vec<Value> = task_sets::of_service(cloud, service).into_iter().map(task_sets::plain).collect();
        if let Some(primary) = sets.first() {
            put("taskDefinition", primary["taskDefinition"].clone());
        }
        put("deployments", json!([]));
        put("taskSets", sets.into());
    } else {
        put("deployments", listed(service, &tasks).iter().map(|id| deployment(service, &tasks, *id)).collect());
    }
    put("events", service.events.iter().map(event).collect());
    if let Some(current) = service.current().filter(|_| by_ecs) {
        put("currentServiceDeployment", current.arn.clone().into());
        let revisions = listed(service, &tasks);
        put(
            "currentServiceRevisions",
            revisions.iter().map(|id| current_revision(cloud, service, &tasks, *id)).collect(),
        );
    }
    if with_tags {
        put("tags", state.tags_of(&service.arn));
    }
    Value::Object(object)
}

fn event(event: &super::service::Event) -> Value {
    json!({"id": event.id, "createdAt": epoch(event.at), "message": event.message})
}

/// The revisions in `deployments[]`: the primary, those that have tasks, and those a running deployment is about.
fn listed(service: &Service, tasks: &[Task]) -> Vec<RevisionId> {
    let Some(current) = service.current() else { return Vec::new() };
    let primary = current.rollout.primary();
    let about = |revision: RevisionId| {
        !current.rollout.stage.is_over() && (revision == current.rollout.target || current.sources.contains(&revision))
    };
    let has_tasks = |revision: RevisionId| {
        tasks.iter().any(|task| task.spec.revision() == Some(revision) && task.status != Status::Stopped)
    };
    let others = service.revisions.iter().rev().map(|revision| revision.id);
    let others = others.filter(|revision| *revision != primary && (about(*revision) || has_tasks(*revision)));
    std::iter::once(primary).chain(others).collect()
}

fn deployment(service: &Service, tasks: &[Task], id: RevisionId) -> Value {
    let (Some(revision), Some(current)) = (service.revision(id), service.current()) else { return Value::Null };
    let counts = Counts::of_revision(tasks, id);
    let primary = current.rollout.primary() == id;
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
    put("id", revision.deployment_id().into());
    put("status", if primary { "PRIMARY" } else { "ACTIVE" }.into());
    put("taskDefinition", revision.task_definition.clone().into());
    put("desiredCount", if primary { service.desired.into() } else { counts.wanted.into() });
    put("pendingCount", counts.pending.into());
    put("runningCount", counts.running.into());
    put("failedTasks", revision.failed_tasks.into());
    put("createdAt", epoch(revision.created_at));
    put("updatedAt", epoch(revision.updated_at));
    for member in
        ["launchType", "capacityProviderStrategy", "platformVersion", "platformFamily", "networkConfiguration"]
    {
        if let Some(value) = revision.members.get(member) {
            put(member, value.clone());
        }
    }
    put("rolloutState", revision.state.word().into());
    put("rolloutStateReason", revision.reason.clone().into());
    Value::Object(object)
}

fn revision_arn(cloud: &Cloud, service: &Service, id: RevisionId) -> String {
    arn::of_service(&cloud.place, "service-revision", &service.cluster, &service.name, &id.to_string())
}

/// A `ServiceCurrentRevisionSummary`.
fn current_revision(cloud: &Cloud, service: &Service, tasks: &[Task], id: RevisionId) -> Value {
    let counts = Counts::of_revision(tasks, id);
    let primary = service.current().is_some_and(|current| current.rollout.primary() == id);
    json!({
        "arn": revision_arn(cloud, service, id),
        "requestedTaskCount": if primary { service.desired as usize } else { counts.wanted },
        "runningTaskCount": counts.running,
        "pendingTaskCount": counts.pending,
    })
}

/// A `ServiceRevisionSummary`: the same, with the shares of the traffic where a deployment shifts it.
fn revision_summary(cloud: &Cloud, service: &Service, rollout: &Rollout, tasks: &[Task], id: RevisionId) -> Value {
    let mut summary = current_revision(cloud, service, tasks, id);
    if let Some((production, test)) = shifting::shares(rollout, id) {
        summary["requestedProductionTrafficWeight"] = production.percent().into();
        summary["requestedTestTrafficWeight"] = test.percent().into();
    }
    summary
}

/// A `ServiceDeploymentBrief`.
pub(super) fn deployment_brief(cloud: &Cloud, service: &Service, deployment: &ServiceDeployment) -> Value {
    let rollout = &deployment.rollout;
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
    put("serviceDeploymentArn", deployment.arn.clone().into());
    put("serviceArn", service.arn.clone().into());
    put("clusterArn", cloud.place.arn("ecs", &format!("cluster/{}", service.cluster)).into());
    put("createdAt", epoch(deployment.created_at));
    let dates: [(&str, Option<Timestamp>); 2] =
        [("startedAt", deployment.started_at), ("finishedAt", deployment.finished_at)];
    dates.into_iter().filter_map(|(name, at)| Some((name, at?))).for_each(|(name, at)| put(name, epoch(at)));
    put("targetServiceRevisionArn", revision_arn(cloud, service, rollout.target).into());
    put("status", words::status(rollout.stage).into());
    if let Some(reason) = words::status_reason(rollout.stage) {
        put("statusReason", reason.into());
    }
    Value::Object(object)
}

/// A `ServiceDeployment`.
pub(super) fn service_deployment(cloud: &Cloud, service: &Service, deployment: &ServiceDeployment) -> Value {
    let tasks = observe::tasks(cloud, service);
    let rollout = &deployment.rollout;
    let Value::Object(mut object) = deployment_brief(cloud, service, deployment) else { return Value::Null };
    object.remove("targetServiceRevisionArn");
    let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
    put("updatedAt", epoch(deployment.updated_at));
    if let Some(at) = deployment.stopped_at {
        put("stoppedAt", epoch(at));
    }
    let summary = |id: &RevisionId| revision_summary(cloud, service, rollout, &tasks, *id);
    put("sourceServiceRevisions", deployment.sources.iter().map(summary).collect());
    put("targetServiceRevision", summary(&rollout.target));
    put("deploymentConfiguration", deployment.configuration.clone());
    if let Some(native) = &rollout.native {
        put("lifecycleStage", native.lifecycle.word().into());
        put("lifecycleHookDetails", shifting::hooks(native));
    }
    put("deploymentCircuitBreaker", words::breaker(rollout, service.desired));
    put("alarms", words::alarms(rollout));
    if let (Some(at), Some(fallback), Some(reason)) =
        (deployment.rollback_started_at, rollout.fallback, words::status_reason(rollout.stage))
    {
        let revision = revision_arn(cloud, service, fallback);
        put("rollback", json!({"reason": reason, "startedAt": epoch(at), "serviceRevisionArn": revision}));
    }
    Value::Object(object)
}

/// A `ServiceRevision`.
pub(super) fn service_revision(cloud: &Cloud, service: &Service, revision: &Revision) -> Value {
    const TAKEN_OVER: [&str; 9] = [
        "capacityProviderStrategy",
        "launchType",
        "platformVersion",
        "platformFamily",
        "loadBalancers",
        "serviceRegistries",
        "networkConfiguration",
        "serviceConnectConfiguration",
        "volumeConfigurations",
    ];
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
    put("serviceRevisionArn", revision_arn(cloud, service, revision.id).into());
    put("serviceArn", service.arn.clone().into());
    put("clusterArn", cloud.place.arn("ecs", &format!("cluster/{}", service.cluster)).into());
    put("taskDefinition", revision.task_definition.clone().into());
    put("createdAt", epoch(revision.created_at));
    put("guardDutyEnabled", false.into());
    for member in TAKEN_OVER {
        if let Some(value) = revision.members.get(member) {
            put(member, value.clone());
        }
    }
    let image = |image: &super::deployment::ResolvedImage| match &image.digest {
        Some(digest) => {
            json!({"containerName": image.container, "image": image.image, "imageDigest": digest.to_string()})
        }
        None => json!({"containerName": image.container, "image": image.image}),
    };
    put("containerImages", revision.images.iter().map(image).collect());
    let balancers: Vec<Value> = revision.placements.iter().map(shifting::balancer).collect();
    put("resolvedConfiguration", json!({"loadBalancers": balancers}));
    Value::Object(object)
}

/// What the sandbox itself knows about a service, beyond what the API tells.
pub(crate) fn truth(cloud: &Cloud, cluster: &str, name: &str) -> Option<Value> {
    let state = cloud.ecs.state();
    let service = state.service(Some(cluster), name).ok()?;
    let task = |task: Task| {
        let container = |container: &crate::tasks::Container| {
            json!({
                "name": container.spec.name,
                "image": container.spec.image,
                "image_digest": container.digest.as_ref().map(ToString::to_string),
                "pid": container.pid,
                "exit_code": container.exit_code,
                "reason": container.reason,
            })
        };
        json!({
            "id": task.id,
            "status": task.status.word(),
            "address": task.address,
            "task_definition": task.spec.definition_arn,
            "service_revision": task.spec.revision().map(|revision| revision.to_string()),
            "stopped_reason": task.stopped_reason,
            "containers": task.containers.iter().map(container).collect::<Vec<_>>(),
        })
    };
    let stage = service.current().map(|current| words::status(current.rollout.stage));
    Some(json!({
        "cluster": service.cluster,
        "service": service.name,
        "desired_count": service.desired,
        "deployment_status": stage,
        "primary": service.current().map(|current| super::deployment::deployment_id(current.rollout.primary())),
        "tasks": observe::tasks(cloud, service).into_iter().map(task).collect::<Vec<_>>(),
    }))
}
