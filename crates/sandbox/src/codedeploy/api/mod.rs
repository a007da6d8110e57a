//! The operations of CodeDeploy (AWS JSON 1.1, `CodeDeploy_20141006`).

mod applications;
mod deployments;
mod describe;
mod groups;

use crate::{AwsError, Cloud, wire::Input};
use serde_json::Value;

/// Answers an operation of CodeDeploy.
pub(crate) fn call(cloud: &Cloud, operation: &str, input: &Value) -> Result<Value, AwsError> {
    let input = Input::new(input);
    describe::note_ways_back(cloud);
    match operation {
        "CreateApplication" => applications::create(cloud, input),
        "GetApplication" => applications::get(cloud, input),
        "ListApplications" => Ok(applications::list(cloud)),
        "CreateDeploymentConfig" => applications::create_config(cloud, input),
        "GetDeploymentConfig" => applications::get_config(cloud, input),
        "CreateDeploymentGroup" => groups::create(cloud, input),
        "GetDeploymentGroup" => groups::get(cloud, input),
        "ListDeploymentGroups" => groups::list(cloud, input),
        "CreateDeployment" => deployments::create(cloud, input),
        "ListDeployments" => deployments::list(cloud, input),
        "StopDeployment" => deployments::stop(cloud, input),
        "ContinueDeployment" => deployments::go_on(cloud, input),
        "GetDeployment" => describe::deployment(cloud, input),
        "ListDeploymentTargets" => describe::targets(cloud, input),
        "GetDeploymentTarget" => describe::target(cloud, input),
        other => Err(AwsError::not_here(&format!("codedeploy:{other}"))),
    }
}

/// A name that has to be given, or CodeDeploy's own error for it.
fn name<'a>(input: Input<'a>, member: &str, missing: &str) -> Result<&'a str, AwsError> {
    let given = input.text(member).filter(|name| !name.is_empty());
    given.ok_or_else(|| AwsError::client(missing, format!("{member} must be specified.")))
}

fn no_application(name: &str) -> AwsError {
    AwsError::client("ApplicationDoesNotExistException", format!("No application found for name: {name}"))
}

fn no_deployment(id: &str) -> AwsError {
    AwsError::client("DeploymentDoesNotExistException", format!("The deployment {id} could not be found"))
}
