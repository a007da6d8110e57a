//! Speaking to CodeDeploy. [`stop`] is the only call that changes a deployment, and it takes none but ours.

use super::{
    info::Info,
    record::{Mark, OwnId, Record},
};
use crate::{follow::Why, inputs::Engine, rollout::Rollout};
use aws::AwsError;
use github::Failure;
use serde_json::{Value, json};

/// Pages read at most of the list of a group's deployments.
const PAGES: usize = 20;

/// Clocks of the runner and of CodeDeploy may differ by this many seconds.
const SKEW: i64 = 300;

/// The states of a deployment that has not ended.
const OPEN: [&str; 5] = ["Created", "Queued", "InProgress", "Baking", "Ready"];

/// Calls an operation.
pub(super) async fn call(rollout: &Rollout<'_>, operation: &str, input: &Value) -> Result<Value, AwsError> {
    rollout.ecs.aws.json(aws::Service::CodeDeploy, operation, input).await
}

/// The application and the deployment group, under the names the console gives where none are given.
pub(super) fn place(rollout: &Rollout<'_>) -> Value {
    let (cluster, name) = (rollout.settings.cluster.rsplit('/').next().unwrap_or_default(), &rollout.settings.service);
    let (application, group) = match &rollout.settings.progress.engine {
        Engine::CodeDeploy { application, group, .. } => (application.clone(), group.clone()),
        Engine::Ecs | Engine::LoadBalancer { .. } => (None, None),
    };
    json!({
        "applicationName": application.unwrap_or_else(|| format!("AppECS-{cluster}-{name}")),
        "deploymentGroupName": group.unwrap_or_else(|| format!("DgpECS-{cluster}-{name}")),
    })
}

/// A deployment; `None` where it cannot be read for a reason that may pass.
pub(super) async fn read(rollout: &Rollout<'_>, id: &str) -> Result<Option<Info>, Failure> {
    match get(rollout, id).await {
        Ok(info) => Ok(info),
        Err(error) if error.is_throttling() || error.is_transient() => Ok(None),
        Err(error) => Err(error.failure("follow the deployment").subject(id).state("it may still be in flight")),
    }
}

async fn get(rollout: &Rollout<'_>, id: &str) -> Result<Option<Info>, AwsError> {
    let mut answer = call(rollout, "GetDeployment", &json!({"deploymentId": id})).await?;
    Ok(serde_json::from_value(answer["deploymentInfo"].take()).ok())
}

/// The group's deployments that have not ended, each way back in the place of the one it takes back.
pub(super) async fn in_flight(rollout: &Rollout<'_>) -> Result<Vec<Info>, AwsError> {
    let mut open = Vec::new();
    for info in list(rollout, json!({"includeOnlyStatuses": OPEN})).await? {
        match &info.rollback_info.rollback_triggering_deployment_id {
            Some(original) => open.extend(get(rollout, original).await?),
            None => open.push(info),
        }
    }
    Ok(open)
}

/// Our deployment among those of its group; `None` while none is listed that is described by our words.
pub(super) async fn recognise(rollout: &Rollout<'_>, record: &Record) -> Result<Option<OwnId>, AwsError> {
    let listed = list(rollout, json!({"createTimeRange": {"start": record.began - SKEW}})).await?;
    Ok(OwnId::recognised(&listed, &record.mark))
}

async fn list(rollout: &Rollout<'_>, filter: Value) -> Result<Vec<Info>, AwsError> {
    let (mut listed, mut token) = (Vec::new(), Value::Null);
    for _ in 0..PAGES {
        let mut input = place(rollout);
        if let (Value::Object(input), Value::Object(filter)) = (&mut input, &filter) {
            input.extend(filter.clone());
        }
        if token.is_string() {
            input["nextToken"] = token;
        }
        let mut answer = call(rollout, "ListDeployments", &input).await?;
        for id in answer["deployments"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            listed.extend(get(rollout, id).await?);
        }
        token = answer["nextToken"].take();
        if !token.is_string() {
            break;
        }
    }
    Ok(listed)
}

/// What `CreateDeployment` is asked: the task definition, served as it is now, and taken back when it fails.
pub(super) fn order(
    rollout: &Rollout<'_>,
    service: &crate::model::Service,
    (task_definition, mark): (&str, &Mark),
) -> Value {
    let primary = crate::identity::primary_set(service).map(|set| set.load_balancers.iter());
    let mut known = primary.into_iter().flatten().chain(&service.load_balancers);
    let mut properties = json!({"TaskDefinition": task_definition});
    if let Some(served) = known.find(|one| one.container_name.is_some()) {
        properties["LoadBalancerInfo"] =
            json!({"ContainerName": served.container_name, "ContainerPort": served.container_port});
    }
    let target = json!({"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}});
    let spec = json!({"version": 1, "Resources": [target]});
    let mut input = place(rollout);
    input["revision"] = json!({"revisionType": "AppSpecContent", "appSpecContent": {"content": spec.to_string()}});
    let events = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"];
    input["autoRollbackConfiguration"] = json!({"enabled": true, "events": events});
    if let Engine::CodeDeploy { config: Some(config), .. } = &rollout.settings.progress.engine {
        input["deploymentConfigName"] = json!(config);
    }
    input["description"] = json!(mark.as_str());
    input
}

/// Has CodeDeploy take our deployment back; says whether it was heard, or need not be.
pub(super) async fn stop(rollout: &mut Rollout<'_>, own: &OwnId, why: &Why) -> bool {
    let id = own.as_str();
    rollout.note(format!("taking back {id}: {}", why.text()));
    match call(rollout, "StopDeployment", &json!({"deploymentId": id, "autoRollbackEnabled": true})).await {
        Ok(_) => true,
        Err(error) if error.code == "DeploymentAlreadyCompletedException" => true,
        Err(error) => {
            rollout.runner.warning(format!("failed to take back {id}: {error}"));
            false
        }
    }
}
