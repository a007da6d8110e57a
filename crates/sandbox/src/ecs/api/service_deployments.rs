//! `ListServiceDeployments`, `DescribeServiceDeployments`.

use super::{bounded, invalid, pages};
use crate::{
    AwsError, Cloud,
    ecs::{arn, deployment::ServiceDeployment, describe, task_sets::Controller, words},
    wire::{Input, epoch},
};
use serde_json::{Value, json};

const STATUSES: [&str; 9] = [
    "PENDING",
    "SUCCESSFUL",
    "STOPPED",
    "STOP_REQUESTED",
    "IN_PROGRESS",
    "ROLLBACK_REQUESTED",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_SUCCESSFUL",
    "ROLLBACK_FAILED",
];

/// Newest first, filtered by status and time of creation.
pub(super) fn list(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let statuses = input.texts("status");
    if let Some(wrong) = statuses.iter().find(|status| !STATUSES.contains(status)) {
        return Err(invalid(format!("Invalid status: {wrong}")));
    }
    let bound = |name: &str| input.value("createdAt").and_then(|range| range.get(name)?.as_f64());
    let (after, before) = (bound("after"), bound("before"));
    let state = cloud.ecs.view("ListServiceDeployments");
    let service = state.service(input.text("cluster"), input.required("service")?)?;
    if Controller::of_service(service) != Controller::Ecs {
        let message = "Service deployments are supported only for services with an ECS deployment controller.";
        return Err(AwsError::client("UnsupportedFeatureException", message));
    }
    let asked = |deployment: &&ServiceDeployment| {
        let created = epoch(deployment.created_at).as_f64().unwrap_or_default();
        let status = words::status(deployment.rollout.stage);
        (statuses.is_empty() || statuses.contains(&status))
            && after.is_none_or(|after| created >= after)
            && before.is_none_or(|before| created <= before)
    };
    let found = service.deployments.iter().rev().filter(asked);
    let briefs = found.map(|deployment| describe::deployment_brief(cloud, service, deployment));
    pages::page(input, "serviceDeployments", briefs.collect())
}

pub(super) fn describe(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let state = cloud.ecs.view("DescribeServiceDeployments");
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for asked in bounded(input, "serviceDeploymentArns", 20)? {
        let service = arn::service_of(asked).and_then(|(cluster, name)| state.service(Some(cluster), name).ok());
        let one = service.and_then(|service| {
            let deployment = service.deployments.iter().find(|deployment| deployment.arn == asked)?;
            Some(describe::service_deployment(cloud, service, deployment))
        });
        match one {
            Some(deployment) => found.push(deployment),
            None => failures.push(json!({"arn": asked, "reason": "MISSING"})),
        }
    }
    Ok(json!({"serviceDeployments": found, "failures": failures}))
}
