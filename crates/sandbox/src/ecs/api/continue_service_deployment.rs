//! `ContinueServiceDeployment`.

use super::invalid;
use crate::{
    AwsError, Cloud,
    ecs::{arn, engine::NotTaken, strategy},
    wire::Input,
};
use serde_json::{Value, json};

/// Answers a hook that pauses a deployment. Only the first answer counts.
pub(super) fn go_on(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let asked = input.required("serviceDeploymentArn")?;
    let hook = input.required("hookId")?;
    let action = strategy::hook_action(input.text("action").unwrap_or("CONTINUE"))?;
    let missing = || AwsError::client("ServiceDeploymentNotFoundException", "Service deployment not found.");
    let (cluster, service) = arn::service_of(asked).ok_or_else(missing)?;
    let now = cloud.clock.now();
    let mut state = cloud.ecs.state();
    let service = state.service_mut(Some(cluster), service).map_err(|_| missing())?;
    let deployment = service.deployments.iter_mut().find(|deployment| deployment.arn == asked).ok_or_else(missing)?;
    let unknown = || invalid(format!("The lifecycle hook {hook} does not exist in the service deployment."));
    let native = deployment.rollout.native.as_mut().ok_or_else(unknown)?;
    match native.hooks.answer(hook, action) {
        Ok(()) => deployment.updated_at = now,
        Err(NotTaken::NoSuchHook) => return Err(unknown()),
        Err(NotTaken::NotWaiting) => {
            return Err(invalid(format!("The lifecycle hook {hook} is not awaiting an action.")));
        }
    }
    Ok(json!({"serviceDeploymentArn": asked}))
}
