//! `StopServiceDeployment`.

use super::invalid;
use crate::{AwsError, Cloud, ecs::arn, wire::Input};
use serde_json::{Value, json};

/// Takes a deployment back; asking again while that goes on changes nothing, a finished one is a conflict.
pub(super) fn stop(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let asked = input.required("serviceDeploymentArn")?;
    match input.text("stopType") {
        None | Some("ROLLBACK") => {}
        // The enum has ABORT; its documentation says the valid value is ROLLBACK.
        Some(_) => return Err(invalid("stopType must be ROLLBACK.")),
    }
    let missing = || AwsError::client("ServiceDeploymentNotFoundException", "Service deployment not found.");
    let (cluster, service) = arn::service_of(asked).ok_or_else(missing)?;
    let mut state = cloud.ecs.state();
    let service = state.service_mut(Some(cluster), service).map_err(|_| missing())?;
    let deployment = service.deployments.iter_mut().find(|deployment| deployment.arn == asked).ok_or_else(missing)?;
    if !deployment.rollout.request_stop() {
        let message = "The service deployment has already ended and cannot be stopped.";
        return Err(AwsError::client("ConflictException", message));
    }
    deployment.updated_at = cloud.clock.now();
    Ok(json!({"serviceDeploymentArn": asked}))
}
