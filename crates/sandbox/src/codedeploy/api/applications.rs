//! Applications and deployment configurations.

use super::{name, no_application};
use crate::{
    AwsError, Cloud,
    codedeploy::{configs, records::Application},
    wire::{Input, epoch},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub(super) fn create(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let application = name(input, "applicationName", "ApplicationNameRequiredException")?;
    only_ecs(input)?;
    let mut records = cloud.code_deploy.records();
    if records.applications.contains_key(application) {
        let message = format!("An application with the name {application} already exists");
        return Err(AwsError::client("ApplicationAlreadyExistsException", message));
    }
    let id = uuid::Uuid::new_v4().to_string();
    let fresh = Application { id: id.clone(), created_at: Timestamp::now(), groups: Default::default() };
    records.applications.insert(application.to_owned(), fresh);
    Ok(json!({"applicationId": id}))
}

pub(super) fn get(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let asked = name(input, "applicationName", "ApplicationNameRequiredException")?;
    let records = cloud.code_deploy.records();
    let application = records.applications.get(asked).ok_or_else(|| no_application(asked))?;
    Ok(json!({"application": {
        "applicationId": application.id,
        "applicationName": asked,
        "createTime": epoch(application.created_at),
        "linkedToGitHub": false,
        "computePlatform": "ECS",
    }}))
}

pub(super) fn list(cloud: &Cloud) -> Value {
    json!({"applications": cloud.code_deploy.records().applications.keys().collect::<Vec<_>>()})
}

pub(super) fn create_config(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let config = name(input, "deploymentConfigName", "DeploymentConfigNameRequiredException")?;
    only_ecs(input)?;
    let routing = input.value("trafficRoutingConfig").cloned().unwrap_or_default();
    configs::plan(&routing, SignedDuration::ZERO)?;
    let mut records = cloud.code_deploy.records();
    if configs::own(config).is_some() || records.configs.contains_key(config) {
        let message = format!("A deployment configuration with the name {config} already exists");
        return Err(AwsError::client("DeploymentConfigAlreadyExistsException", message));
    }
    records.configs.insert(config.to_owned(), routing);
    Ok(json!({"deploymentConfigId": uuid::Uuid::new_v4().to_string()}))
}

pub(super) fn get_config(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let config = name(input, "deploymentConfigName", "DeploymentConfigNameRequiredException")?;
    let routing = routing(cloud, config)?;
    Ok(json!({"deploymentConfigInfo": {
        "deploymentConfigName": config,
        "computePlatform": "ECS",
        "trafficRoutingConfig": routing,
    }}))
}

/// The `trafficRoutingConfig` of a configuration.
pub(super) fn routing(cloud: &Cloud, config: &str) -> Result<Value, AwsError> {
    let made = cloud.code_deploy.records().configs.get(config).cloned();
    let missing = || {
        let message = format!("No deployment configuration found for name: {config}");
        AwsError::client("DeploymentConfigDoesNotExistException", message)
    };
    configs::own(config).or(made).ok_or_else(missing)
}

fn only_ecs(input: Input<'_>) -> Result<(), AwsError> {
    match input.text("computePlatform") {
        Some("ECS") => Ok(()),
        other => Err(AwsError::not_here(&format!("the compute platform {}", other.unwrap_or("Server")))),
    }
}
