//! `UpdateService`: a deployment begins only when something that needs one changed, or when it is forced.

use super::{create_service, invalid};
use crate::{
    AwsError, Cloud,
    ecs::{configuration, describe, service::ServiceStatus, task_sets::Controller},
    wire::Input,
};
use serde_json::{Value, json};

/// Members whose change starts a deployment, as their documentation says.
const STARTS_A_DEPLOYMENT: [&str; 7] = [
    "networkConfiguration",
    "platformVersion",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];

/// Members that are changed without one.
const CHANGES_IN_PLACE: [&str; 10] = [
    "capacityProviderStrategy",
    "availabilityZoneRebalancing",
    "placementConstraints",
    "placementStrategy",
    "healthCheckGracePeriodSeconds",
    "enableExecuteCommand",
    "enableECSManagedTags",
    "propagateTags",
    "gatewayConnectors",
    "monitoring",
];

pub(super) fn update(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let now = cloud.clock.now();
    let (cluster, name) = (input.text("cluster"), input.required("service")?);
    let mut state = cloud.ecs.state();
    let service = state.service(cluster, name)?;
    if service.status != ServiceStatus::Active {
        return Err(AwsError::client("ServiceNotActiveException", "Service was not ACTIVE."));
    }
    let controller = Controller::of_service(service);
    if controller != Controller::Ecs {
        refuse_what_is_the_controllers(controller, input)?;
    }
    let is_daemon = service.member("schedulingStrategy").is_some_and(|strategy| strategy == "DAEMON");
    if is_daemon && input.value("desiredCount").is_some() {
        let message = "The daemon scheduling strategy does not support a desired count for services. Remove the desired count value and try again";
        return Err(invalid(message));
    }
    if input.value("deploymentController").is_some_and(|given| Some(given) != service.member("deploymentController")) {
        return Err(AwsError::not_here("UpdateService with another deployment controller"));
    }
    if controller == Controller::External {
        let desired = input.count("desiredCount")?.unwrap_or(service.desired);
        state.service_mut(cluster, name)?.desired = desired;
        let service = state.service(cluster, name)?;
        return Ok(json!({"service": describe::service(cloud, &state, service, false)}));
    }
    let definition = match input.text("taskDefinition") {
        Some(given) => state.families.usable(given)?.clone(),
        None => {
            let gone = || AwsError::client("ClientException", "TaskDefinition not found.");
            state.families.find(&service.task_definition).ok_or_else(gone)?.clone()
        }
    };
    create_service::check_load_balancers(cloud, input, &definition)?;
    let desired = input.count("desiredCount")?;
    let base = service.member("deploymentConfiguration").cloned().unwrap_or_else(configuration::default);
    let configuration = configuration::merged(&base, input.value("deploymentConfiguration"))?;
    let balancers = input.value("loadBalancers").or(service.member("loadBalancers"));
    create_service::check_strategy(balancers, &configuration)?;

    let service = state.service_mut(cluster, name)?;
    let mut deploys = input.flag("forceNewDeployment") || service.task_definition != definition.arn;
    service.members.insert("deploymentConfiguration".to_owned(), configuration);
    for member in STARTS_A_DEPLOYMENT.iter().chain(&CHANGES_IN_PLACE) {
        let Some(value) = input.value(member) else { continue };
        deploys |= STARTS_A_DEPLOYMENT.contains(member) && service.member(member) != Some(value);
        service.members.insert((*member).to_owned(), value.clone());
    }
    service.desired = desired.unwrap_or(service.desired);
    service.task_definition = definition.arn.clone();
    if deploys {
        service.deploy(cloud, &definition, now)?;
    }
    let service = state.service(cluster, name)?;
    Ok(json!({"service": describe::service(cloud, &state, service, false)}))
}

/// What only another controller may change, in its own deployments.
fn refuse_what_is_the_controllers(controller: Controller, input: Input<'_>) -> Result<(), AwsError> {
    let words = [
        ("taskDefinition", "task definition"),
        ("networkConfiguration", "network configuration"),
        ("platformVersion", "platform version"),
        ("loadBalancers", "load balancers"),
    ];
    let given = words.into_iter().find(|(member, _)| input.value(member).is_some()).map(|(_, word)| word);
    let Some(word) = given.or(input.flag("forceNewDeployment").then_some("deployment")) else { return Ok(()) };
    let (kind, remedy) = match controller {
        Controller::CodeDeploy => ("CODE_DEPLOY", "Use AWS CodeDeploy to trigger a new deployment."),
        _ => ("EXTERNAL", "Use task sets to trigger a new deployment."),
    };
    Err(invalid(format!("Unable to update {word} on services with a {kind} deployment controller. {remedy}")))
}
