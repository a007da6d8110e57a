//! `ListTasks`, `DescribeTasks`, `StopTask`.

use super::{bounded, invalid, pages};
use crate::{
    AwsError, Cloud,
    ecs::{arn, carry_out, deployment::deployment_id},
    tasks::{Container, Owner, Status, StopOrder, Task},
    wire::{Input, epoch},
};
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub(super) fn list(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let (service, started_by, family) = (input.text("serviceName"), input.text("startedBy"), input.text("family"));
    if started_by.is_some() && (service.is_some() || family.is_some()) {
        return Err(invalid("startedBy must be the only filter."));
    }
    let stopped = match input.text("desiredStatus") {
        None | Some("RUNNING") => false,
        Some("STOPPED") => true,
        // As documented: a task's desired status is never PENDING.
        Some("PENDING") => return pages::page(input, "taskArns", Vec::new()),
        Some(_) => return Err(invalid("Invalid desiredStatus.")),
    };
    let cluster = {
        let state = cloud.ecs.state();
        if let Some(service) = service {
            state.service(input.text("cluster"), service)?;
        }
        state.cluster(input.text("cluster"))?.name.clone()
    };
    let mut tasks = cloud.tasks.seen_by("ListTasks");
    tasks.retain(|task| {
        task.spec.cluster == cluster
            && is_to_stop(task) == stopped
            && service.is_none_or(|service| task.spec.service() == Some(arn::last(service)))
            && started_by.is_none_or(|id| started_by_of(task).as_deref() == Some(id))
            && family.is_none_or(|family| task.spec.definition["family"] == family)
    });
    tasks.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    pages::page(input, "taskArns", tasks.iter().map(|task| task_arn(cloud, task).into()).collect())
}

pub(super) fn describe(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let cluster = cloud.ecs.state().cluster(input.text("cluster"))?.name.clone();
    let with_tags = input.texts("include").contains(&"TAGS");
    let tasks = cloud.tasks.seen_by("DescribeTasks");
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for asked in bounded(input, "tasks", 100)? {
        match tasks.iter().find(|task| task.id == arn::last(asked) && task.spec.cluster == cluster) {
            Some(task) if with_tags => found.push(task_json(cloud, task)),
            Some(task) => found.push(without_tags(task_json(cloud, task))),
            None => {
                let arn = cloud.place.arn("ecs", &format!("task/{cluster}/{}", arn::last(asked)));
                failures.push(json!({"arn": arn, "reason": "MISSING"}));
            }
        }
    }
    Ok(json!({"tasks": found, "failures": failures}))
}

pub(super) fn stop(cloud: &Arc<Cloud>, input: Input<'_>) -> Result<Value, AwsError> {
    let cluster = cloud.ecs.state().cluster(input.text("cluster"))?.name.clone();
    let id = arn::last(input.required("task")?);
    let missing = || invalid("The referenced task was not found.");
    let task = cloud.tasks.get(id).filter(|task| task.spec.cluster == cluster).ok_or_else(missing)?;
    let reason = input.text("reason").unwrap_or("Task stopped by user").to_owned();
    let drain = match task.spec.service() {
        None => Vec::new(),
        Some(service) => {
            let mut state = cloud.ecs.state();
            let service = state.service_mut(Some(&task.spec.cluster), service)?;
            carry_out::deregister(cloud, service, &task, cloud.clock.now())
        }
    };
    cloud.tasks.stop(id, StopOrder { code: "UserInitiated", reason, drain });
    let task = cloud.tasks.get(id).ok_or_else(missing)?;
    Ok(json!({"task": without_tags(task_json(cloud, &task))}))
}

fn without_tags(mut task: Value) -> Value {
    task["tags"] = json!([]);
    task
}

fn is_to_stop(task: &Task) -> bool {
    task.to_stop || task.status > Status::Running
}

fn task_arn(cloud: &Cloud, task: &Task) -> String {
    cloud.place.arn("ecs", &format!("task/{}/{}", task.spec.cluster, task.id))
}

/// Who started it: its service's deployment, or what the caller said.
fn started_by_of(task: &Task) -> Option<String> {
    match &task.spec.owner {
        Owner::Service { revision, .. } => Some(deployment_id(*revision)),
        Owner::Nobody(alone) => alone.started_by.clone(),
    }
}

/// A `Task` with its tags, which are shown only to who asks for them.
pub(super) fn task_json(cloud: &Cloud, task: &Task) -> Value {
    let spec = &task.spec;
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
    put("taskArn", task_arn(cloud, task).into());
    put("clusterArn", cloud.place.arn("ecs", &format!("cluster/{}", spec.cluster)).into());
    put("taskDefinitionArn", spec.definition_arn.clone().into());
    let alone = spec.alone();
    put(
        "group",
        alone
            .map_or_else(|| format!("service:{}", spec.service().unwrap_or_default()), |alone| alone.group.clone())
            .into(),
    );
    if let Some(by) = started_by_of(task) {
        put("startedBy", by.into());
    }
    put("launchType", spec.launch_type.clone().into());
    put("lastStatus", task.status.word().into());
    put("desiredStatus", if is_to_stop(task) { "STOPPED" } else { "RUNNING" }.into());
    put("healthStatus", task.health().word().into());
    put("availabilityZone", format!("{}a", crate::Place::REGION).into());
    put("containers", task.containers.iter().map(|one| container(cloud, task, one)).collect());
    put("attachments", json!([attachment(task)]));
    put("attributes", json!([]));
    let no_overrides = || json!({"containerOverrides": [], "inferenceAcceleratorOverrides": []});
    put("overrides", alone.map_or_else(no_overrides, |alone| alone.overrides.clone()));
    put("enableExecuteCommand", false.into());
    put("tags", alone.map_or(json!([]), |alone| alone.tags.clone().into()));
    put("version", task.version.into());
    for member in ["cpu", "memory"] {
        if let Some(value) = spec.definition.get(member) {
            put(member, value.clone());
        }
    }
    if spec.launch_type == "FARGATE" {
        put("platformVersion", "1.4.0".into());
        put("platformFamily", "Linux".into());
    }
    if task.status == Status::Running {
        put("connectivity", "CONNECTED".into());
    }
    let dates = [
        ("createdAt", Some(task.created_at)),
        ("pullStartedAt", task.pull_started_at),
        ("pullStoppedAt", task.pull_stopped_at),
        ("startedAt", task.started_at),
        ("stoppingAt", task.stopping_at),
        ("executionStoppedAt", task.stopped_at),
        ("stoppedAt", task.stopped_at),
    ];
    dates.into_iter().filter_map(|(name, at)| Some((name, at?))).for_each(|(name, at)| put(name, epoch(at)));
    if let Some(code) = task.stop_code {
        put("stopCode", code.into());
    }
    if let Some(reason) = &task.stopped_reason {
        put("stoppedReason", reason.clone().into());
    }
    Value::Object(object)
}

fn attachment(task: &Task) -> Value {
    json!({
        "id": task.id,
        "type": "ElasticNetworkInterface",
        "status": if task.status == Status::Stopped { "DELETED" } else { "ATTACHED" },
        "details": [{"name": "privateIPv4Address", "value": task.address}],
    })
}

fn container(cloud: &Cloud, task: &Task, container: &Container) -> Value {
    let name = &container.spec.name;
    let arn = cloud.place.arn("ecs", &format!("container/{}/{}/{name}", task.spec.cluster, task.id));
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
    put("containerArn", arn.into());
    put("taskArn", task_arn(cloud, task).into());
    put("name", name.clone().into());
    put("image", container.spec.image.clone().into());
    if let Some(digest) = &container.digest {
        put("imageDigest", digest.to_string().into());
    }
    put("runtimeId", format!("{}-{name}", task.id).into());
    put("lastStatus", container.status.word().into());
    put("healthStatus", container.health.word().into());
    put("networkBindings", json!([]));
    put("networkInterfaces", json!([{"attachmentId": task.id, "privateIpv4Address": task.address}]));
    put("cpu", "0".into());
    if let Some(code) = container.exit_code {
        put("exitCode", code.into());
    }
    if let Some(reason) = &container.reason {
        put("reason", reason.clone().into());
    }
    Value::Object(object)
}
