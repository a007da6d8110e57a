//! Deployment groups.

use super::{applications, name, no_application};
use crate::{
    AwsError, Cloud,
    codedeploy::{
        group::Group,
        records::{Deployment, Records},
        status,
    },
    ecs::task_sets,
    wire::{Input, epoch},
};
use serde_json::{Value, json};

pub(super) fn create(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let application = name(input, "applicationName", "ApplicationNameRequiredException")?;
    let group_name = name(input, "deploymentGroupName", "DeploymentGroupNameRequiredException")?;
    let group = Group::read(cloud, input)?;
    applications::routing(cloud, &group.config)?;
    let mut records = cloud.code_deploy.records();
    let application = records.applications.get_mut(application).ok_or_else(|| no_application(application))?;
    if application.groups.contains_key(group_name) {
        let message = format!("A deployment group with the name {group_name} already exists");
        return Err(AwsError::client("DeploymentGroupAlreadyExistsException", message));
    }
    let id = group.id.clone();
    application.groups.insert(group_name.to_owned(), group);
    Ok(json!({"deploymentGroupId": id}))
}

pub(super) fn get(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let (application, name, group) = {
        let records = cloud.code_deploy.records();
        let (application, name, group) = find(&records, input)?;
        (application.to_owned(), name.to_owned(), group.clone())
    };
    let mut info = group.members.clone();
    info.remove("tags");
    let mut put = |member: &str, value: Value| drop(info.insert(member.to_owned(), value));
    put("deploymentGroupId", group.id.clone().into());
    put("deploymentConfigName", group.config.clone().into());
    put("computePlatform", "ECS".into());
    let records = cloud.code_deploy.records();
    let of_group = |deployment: &&Deployment| deployment.application == application && deployment.group == name;
    let deployments: Vec<&Deployment> = records.deployments.iter().rev().filter(of_group).collect();
    let last = |deployment: &&Deployment| {
        let progress = task_sets::progress(cloud, &deployment.arn, "GetDeploymentGroup")?;
        let word = match &deployment.takes_back {
            None => status::forward(&progress),
            Some(_) => status::back(progress.stage),
        };
        Some((
            word,
            json!({
                "deploymentId": deployment.id, "status": word, "createTime": epoch(deployment.created_at),
            }),
        ))
    };
    let mut shown: Vec<(&str, Value)> = deployments.iter().filter_map(last).collect();
    if let Some(at) = shown.iter().position(|(word, _)| *word == "Succeeded") {
        put("lastSuccessfulDeployment", shown[at].1.clone());
    }
    if !shown.is_empty() {
        put("lastAttemptedDeployment", shown.remove(0).1);
    }
    Ok(json!({"deploymentGroupInfo": info}))
}

pub(super) fn list(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let asked = name(input, "applicationName", "ApplicationNameRequiredException")?;
    let records = cloud.code_deploy.records();
    let application = records.applications.get(asked).ok_or_else(|| no_application(asked))?;
    Ok(json!({"applicationName": asked, "deploymentGroups": application.groups.keys().collect::<Vec<_>>()}))
}

/// The group a call names, with the names of its application and its own.
pub(super) fn find<'a>(records: &'a Records, input: Input<'a>) -> Result<(&'a str, &'a str, &'a Group), AwsError> {
    let application = name(input, "applicationName", "ApplicationNameRequiredException")?;
    let groups = &records.applications.get(application).ok_or_else(|| no_application(application))?.groups;
    let group = name(input, "deploymentGroupName", "DeploymentGroupNameRequiredException")?;
    let missing = || {
        let message = format!("No Deployment Group found for name: {group}");
        AwsError::client("DeploymentGroupDoesNotExistException", message)
    };
    Ok((application, group, groups.get(group).ok_or_else(missing)?))
}
