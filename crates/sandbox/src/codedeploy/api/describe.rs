//! `GetDeployment`, `ListDeploymentTargets`, `GetDeploymentTarget`.

use super::{name, no_deployment};
use crate::{
    AwsError, Cloud,
    codedeploy::{
        records::{self, Deployment},
        status,
    },
    ecs::{
        Lifecycle, Stage,
        task_sets::{self, Progress},
    },
    wire::{Input, epoch},
};
use serde_json::{Value, json};

/// Where ECS has begun to take a deployment back, CodeDeploy has a deployment for that.
pub(super) fn note_ways_back(cloud: &Cloud) {
    let mut records = cloud.code_deploy.records();
    let open: Vec<Deployment> = records.deployments.iter().filter(|one| one.takes_back.is_none()).cloned().collect();
    for deployment in open {
        let progress = task_sets::progress(cloud, &deployment.arn, "");
        let goes_back = progress.is_some_and(|progress| status::goes_back(progress.stage));
        if goes_back && records.way_back(&deployment.id).is_none() {
            records.deployments.push(Deployment {
                id: records::fresh_id(),
                created_at: cloud.clock.now(),
                takes_back: Some(deployment.id.clone()),
                description: None,
                ..deployment
            });
        }
    }
}

/// The `status` of a deployment as it is.
pub(super) fn status_of(cloud: &Cloud, deployment: &Deployment) -> Option<&'static str> {
    task_sets::progress(cloud, &deployment.arn, "").map(|progress| word(deployment, &progress))
}

/// The `status` of a deployment that has come so far.
fn word(deployment: &Deployment, progress: &Progress) -> &'static str {
    match &deployment.takes_back {
        None => status::forward(progress),
        Some(_) => status::back(progress.stage),
    }
}

fn find(cloud: &Cloud, input: Input<'_>, operation: &str) -> Result<(Deployment, Option<String>, Progress), AwsError> {
    let id = name(input, "deploymentId", "DeploymentIdRequiredException")?;
    let records = cloud.code_deploy.records();
    let deployment = records.deployment(id).cloned().ok_or_else(|| no_deployment(id))?;
    let way_back = records.way_back(id).map(|way_back| way_back.id.clone());
    drop(records);
    let progress = task_sets::progress(cloud, &deployment.arn, operation).ok_or_else(|| no_deployment(id))?;
    Ok((deployment, way_back, progress))
}

pub(super) fn deployment(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let (deployment, way_back, progress) = find(cloud, input, "GetDeployment")?;
    let word = word(&deployment, &progress);
    let mut info = json!({
        "applicationName": deployment.application,
        "deploymentGroupName": deployment.group,
        "deploymentConfigName": deployment.config,
        "deploymentId": deployment.id,
        "revision": deployment.revision,
        "status": word,
        "createTime": epoch(deployment.created_at),
        "creator": if deployment.takes_back.is_some() { "codeDeployRollback" } else { "user" },
        "ignoreApplicationStopFailures": false,
        "updateOutdatedInstancesOnly": false,
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "instanceTerminationWaitTimeStarted": progress.reached >= Lifecycle::BakeTime,
        "computePlatform": "ECS",
        "deploymentOverview": overview(word),
    });
    if deployment.auto_rollback.is_object() {
        info["autoRollbackConfiguration"] = deployment.auto_rollback.clone();
    }
    if let Some(description) = &deployment.description {
        info["description"] = description.clone().into();
    }
    let (start, end) = match &deployment.takes_back {
        None => (progress.started_at, progress.rollback_started_at.or(progress.finished_at)),
        Some(_) => (progress.rollback_started_at, progress.finished_at),
    };
    for (member, at) in [("startTime", start), ("completeTime", end)] {
        if let Some(at) = at {
            info[member] = epoch(at);
        }
    }
    if let Some(cause) = status::cause(progress.stage).filter(|_| deployment.takes_back.is_none()) {
        let (code, message) = status::error(cause);
        info["errorInformation"] = json!({"code": code, "message": message});
    }
    match (&deployment.takes_back, way_back) {
        (Some(original), _) => info["rollbackInfo"] = json!({"rollbackTriggeringDeploymentId": original}),
        // A late reader does not yet know that it goes back.
        (None, Some(_)) if !status::goes_back(progress.stage) => {}
        (None, Some(id)) => info["rollbackInfo"] = json!({"rollbackDeploymentId": id}),
        (None, None) => {}
    }
    Ok(json!({"deploymentInfo": info}))
}

/// The one target among those pending, under way, done.
fn overview(word: &str) -> Value {
    let mut overview = json!({"Pending": 0, "InProgress": 0, "Succeeded": 0, "Failed": 0, "Skipped": 0, "Ready": 0});
    let member = match word {
        "Created" => "Pending",
        "Stopped" => "Failed",
        other => other,
    };
    overview[member] = 1.into();
    overview
}

pub(super) fn targets(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let (deployment, ..) = find(cloud, input, "ListDeploymentTargets")?;
    Ok(json!({"targetIds": [deployment.target]}))
}

pub(super) fn target(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let (deployment, _, progress) = find(cloud, input, "GetDeploymentTarget")?;
    let id = name(input, "targetId", "DeploymentTargetIdRequiredException")?;
    if id != deployment.target {
        let message = format!("The target {id} does not belong to the deployment {}.", deployment.id);
        return Err(AwsError::client("DeploymentTargetDoesNotExistException", message));
    }
    let arn = cloud.place.arn("ecs", &format!("service/{}", id.replacen(':', "/", 1)));
    let word = word(&deployment, &progress);
    let events: Vec<Value> = match &deployment.takes_back {
        None => status::EVENTS.iter().map(|(name, stage)| event(&progress, name, *stage)).collect(),
        Some(_) => vec![json!({"lifecycleEventName": "AllowTraffic", "status": word})],
    };
    let labels = ["Blue", "Green"];
    // A first deployment has no blue.
    let labels = &labels[labels.len() - progress.task_sets.len().min(2)..];
    let sets: Vec<Value> =
        labels.iter().zip(&progress.task_sets).map(|(label, set)| task_set(cloud, label, set)).collect();
    Ok(json!({"deploymentTarget": {"deploymentTargetType": "ECSTarget", "ecsTarget": {
        "deploymentId": deployment.id,
        "targetId": id,
        "targetArn": arn,
        "lastUpdatedAt": epoch(progress.updated_at),
        "lifecycleEvents": events,
        "status": match word { "Created" => "Pending", "Stopped" => "Failed", other => other },
        "taskSetsInfo": sets,
    }}}))
}

/// A lifecycle event with the times it was first entered and left.
fn event(progress: &Progress, name: &str, stage: Lifecycle) -> Value {
    let mut event = json!({"lifecycleEventName": name, "status": status::event(progress, stage)});
    let began = progress.entered.iter().find(|(entered, _)| *entered == stage);
    let ended = progress.entered.iter().find(|(entered, _)| *entered > stage);
    if let Some((_, at)) = began {
        event["startTime"] = epoch(*at);
        let over = progress.stage != Stage::InProgress;
        if let Some(at) = ended.map(|(_, at)| *at).or(progress.finished_at.filter(|_| over)) {
            event["endTime"] = epoch(at);
        }
    }
    event
}

fn task_set(cloud: &Cloud, label: &str, set: &Value) -> Value {
    let rooms = cloud.elb.rooms();
    let arn = set["loadBalancers"][0]["targetGroupArn"].as_str().unwrap_or_default();
    json!({
        // The misspelling is the model's.
        "identifer": set["id"],
        "desiredCount": set["computedDesiredCount"],
        "pendingCount": set["pendingCount"],
        "runningCount": set["runningCount"],
        "status": set["status"],
        "trafficWeight": set["trafficWeight"],
        "targetGroup": {"name": rooms.group(arn).map(|group| group.name.clone()).unwrap_or_default()},
        "taskSetLabel": label,
    })
}
