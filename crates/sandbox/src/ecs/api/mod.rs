//! The operations of ECS (AWS JSON 1.1, `AmazonEC2ContainerServiceV20141113`).

mod clusters;
mod continue_service_deployment;
mod create_service;
mod delete_service;
mod describe_services;
mod pages;
mod run_task;
mod service_deployments;
mod service_revisions;
mod stop_service_deployment;
mod tags;
mod task_definitions;
mod tasks;
mod update_service;

use crate::{AwsError, Cloud, wire::Input};
use serde_json::Value;
use std::sync::Arc;

/// Answers an operation of ECS.
pub(crate) fn call(cloud: &Arc<Cloud>, operation: &str, input: &Value) -> Result<Value, AwsError> {
    let input = Input::new(input);
    match operation {
        "CreateCluster" => clusters::create(cloud, input),
        "DescribeClusters" => clusters::describe(cloud, input),
        "ListClusters" => clusters::list(cloud, input),
        "RegisterTaskDefinition" => task_definitions::register(cloud, input),
        "DescribeTaskDefinition" => task_definitions::describe(cloud, input),
        "ListTaskDefinitions" => task_definitions::list(cloud, input),
        "DeregisterTaskDefinition" => task_definitions::deregister(cloud, input),
        "CreateService" => create_service::create(cloud, input),
        "UpdateService" => update_service::update(cloud, input),
        "DeleteService" => delete_service::delete(cloud, input),
        "DescribeServices" => describe_services::describe(cloud, input),
        "ListServices" => describe_services::list(cloud, input),
        "ListServiceDeployments" => service_deployments::list(cloud, input),
        "DescribeServiceDeployments" => service_deployments::describe(cloud, input),
        "StopServiceDeployment" => stop_service_deployment::stop(cloud, input),
        "ContinueServiceDeployment" => continue_service_deployment::go_on(cloud, input),
        "DescribeServiceRevisions" => service_revisions::describe(cloud, input),
        "RunTask" => run_task::run(cloud, input),
        "ListTasks" => tasks::list(cloud, input),
        "DescribeTasks" => tasks::describe(cloud, input),
        "StopTask" => tasks::stop(cloud, input),
        "TagResource" => tags::add(cloud, input),
        "UntagResource" => tags::remove(cloud, input),
        "ListTagsForResource" => tags::list(cloud, input),
        other => Err(AwsError::not_here(&format!("ecs:{other}"))),
    }
}

/// `InvalidParameterException`.
fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::client("InvalidParameterException", message)
}

/// At least one and at most `most` things may be asked about in one call.
fn bounded<'a>(input: Input<'a>, name: &str, most: usize) -> Result<Vec<&'a str>, AwsError> {
    let names = input.texts(name);
    match names.len() {
        0 => Err(invalid(format!("{name} cannot be empty."))),
        n if n > most => Err(invalid(format!("{name} can have at most {most} items."))),
        _ => Ok(names),
    }
}
