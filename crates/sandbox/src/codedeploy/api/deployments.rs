//! Deployments begin, are stopped and go on.

use super::{applications, describe, groups, name, no_deployment};
use crate::{
    AwsError, Cloud,
    codedeploy::{
        appspec, configs,
        group::{self, Group},
        records::{self, Deployment},
    },
    ecs::{OnFailure, task_sets, task_sets::Change},
    wire::{Input, epoch},
};
use jiff::SignedDuration;
use serde_json::{Value, json};

pub(super) fn create(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let (application, group_name, group) = {
        let records = cloud.code_deploy.records();
        let (application, name, group) = groups::find(&records, input)?;
        (application.to_owned(), name.to_owned(), group.clone())
    };
    if input.text("description").is_some_and(|text| text.len() > 512) {
        let message = "The description can have at most 512 characters.";
        return Err(AwsError::client("DescriptionTooLongException", message));
    }
    let revision = input.value("revision").cloned().unwrap_or_default();
    let app_spec = appspec::read(&revision)?;
    let config = input.text("deploymentConfigName").unwrap_or(&group.config).to_owned();
    task_sets::check(cloud, &group.cluster, &group.service)
        .map_err(|message| AwsError::client("InvalidECSServiceException", message))?;
    refuse_when_busy(cloud, &application, &group_name, &group)?;
    let auto_rollback =
        input.value("autoRollbackConfiguration").cloned().unwrap_or_else(|| group.part("autoRollbackConfiguration"));
    let alarms = input.value("overrideAlarmConfiguration").cloned().unwrap_or_else(|| group.part("alarmConfiguration"));
    let minute = SignedDuration::try_from(cloud.place.pace.minute).unwrap_or(SignedDuration::ZERO);
    let route = group.route(cloud)?;
    let order = task_sets::Order {
        cluster: group.cluster.clone(),
        service: group.service.clone(),
        task_definition: app_spec.task_definition,
        plan: configs::plan(&applications::routing(cloud, &config)?, minute)?,
        groups: route.groups,
        production_rule: route.production_rule,
        test_rule: route.test_rule,
        ready_minutes: group.ready_minutes(),
        termination_minutes: group.termination_minutes(),
        alarms: group::alarms(&alarms),
        on_failure: group::after(&auto_rollback, "DEPLOYMENT_FAILURE"),
        on_alarm: group::after(&auto_rollback, "DEPLOYMENT_STOP_ON_ALARM"),
    };
    let arn =
        task_sets::begin(cloud, &order).map_err(|error| AwsError::client("InvalidRevisionException", error.message))?;
    let id = records::fresh_id();
    cloud.code_deploy.records().deployments.push(Deployment {
        id: id.clone(),
        application,
        group: group_name,
        config,
        revision,
        description: input.text("description").map(str::to_owned),
        created_at: cloud.clock.now(),
        arn,
        takes_back: None,
        auto_rollback,
        target: format!("{}:{}", group.cluster, group.service),
    });
    Ok(json!({"deploymentId": id}))
}

/// One deployment at a time for a group; the message names the one under way.
fn refuse_when_busy(cloud: &Cloud, application: &str, name: &str, group: &Group) -> Result<(), AwsError> {
    if !task_sets::is_busy(cloud, &group.cluster, &group.service) {
        return Ok(());
    }
    let records = cloud.code_deploy.records();
    let newest = records.deployments.iter().rev();
    let active = newest.clone().find(|deployment| deployment.application == application && deployment.group == name);
    let active = active.map_or("of the service", |deployment| &deployment.id);
    let message = format!("The Deployment Group '{name}' already has an active Deployment '{active}'");
    Err(AwsError::client("DeploymentLimitExceededException", message))
}

pub(super) fn list(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let (application, group) = (input.text("applicationName"), input.text("deploymentGroupName"));
    let statuses = input.texts("includeOnlyStatuses");
    let bound = |name: &str| input.value("createTimeRange").and_then(|range| range.get(name)?.as_f64());
    let (start, end) = (bound("start").unwrap_or(f64::MIN), bound("end").unwrap_or(f64::MAX));
    let records = cloud.code_deploy.records();
    if application.is_some() && group.is_some() {
        groups::find(&records, input)?;
    }
    let asked = |deployment: &&Deployment| {
        application.is_none_or(|application| deployment.application == application)
            && group.is_none_or(|group| deployment.group == group)
            && epoch(deployment.created_at).as_f64().is_some_and(|at| (start..=end).contains(&at))
            && (statuses.is_empty()
                || describe::status_of(cloud, deployment).is_some_and(|word| statuses.contains(&word)))
    };
    let ids: Vec<&String> = records.deployments.iter().rev().filter(asked).map(|deployment| &deployment.id).collect();
    Ok(json!({"deployments": ids}))
}

pub(super) fn stop(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let deployment = under_way(cloud, input)?;
    let given = input.value("autoRollbackEnabled").and_then(Value::as_bool);
    let takes_back = match given {
        Some(true) => OnFailure::GoBack,
        Some(false) => OnFailure::StayPut,
        None => group::after(&deployment.auto_rollback, "DEPLOYMENT_STOP_ON_REQUEST"),
    };
    if !task_sets::change(cloud, &deployment.arn, Change::Stop(takes_back)) {
        return Err(completed(&deployment.id));
    }
    describe::note_ways_back(cloud);
    let message = "No more tasks will be started for this deployment.";
    Ok(
        json!({"status": if takes_back == OnFailure::GoBack { "Pending" } else { "Succeeded" }, "statusMessage": message}),
    )
}

pub(super) fn go_on(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let deployment = under_way(cloud, input)?;
    let change = match input.text("deploymentWaitType") {
        None | Some("READY_WAIT") => Change::EndReadyWait,
        Some("TERMINATION_WAIT") => Change::EndTerminationWait,
        Some(_) => {
            let message = "The wait type is neither READY_WAIT nor TERMINATION_WAIT.";
            return Err(AwsError::client("InvalidDeploymentWaitTypeException", message));
        }
    };
    if task_sets::change(cloud, &deployment.arn, change) {
        return Ok(json!({}));
    }
    let message = format!("The deployment {} is not waiting.", deployment.id);
    Err(AwsError::client("DeploymentIsNotInReadyStateException", message))
}

/// The deployment a call is about, which must not have ended.
fn under_way(cloud: &Cloud, input: Input<'_>) -> Result<Deployment, AwsError> {
    let id = name(input, "deploymentId", "DeploymentIdRequiredException")?;
    let deployment = cloud.code_deploy.records().deployment(id).cloned().ok_or_else(|| no_deployment(id))?;
    match describe::status_of(cloud, &deployment) {
        Some("Created" | "InProgress" | "Ready") => Ok(deployment),
        _ => Err(completed(id)),
    }
}

fn completed(id: &str) -> AwsError {
    AwsError::client("DeploymentAlreadyCompletedException", format!("The deployment {id} has already completed."))
}
