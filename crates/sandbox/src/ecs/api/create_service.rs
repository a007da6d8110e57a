//! `CreateService`.

use super::invalid;
use crate::{
    AwsError, Cloud,
    ecs::{
        arn, configuration, describe,
        service::{Service, ServiceStatus},
        strategy,
        task_definition::TaskDefinition,
        task_sets::Controller,
    },
    elb::Rooms,
    wire::Input,
};
use serde_json::{Map, Value, json};

/// What is not part of the service's own members: it is read here or kept elsewhere.
const READ_HERE: [&str; 8] = [
    "cluster",
    "serviceName",
    "taskDefinition",
    "desiredCount",
    "clientToken",
    "tags",
    "role",
    "deploymentConfiguration",
];

pub(super) fn create(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let name = input.required("serviceName")?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.len() > 255 || !name.chars().all(allowed) {
        return Err(invalid("Service names must be 1 to 255 letters, numbers, hyphens and underscores."));
    }
    check_kind(input)?;
    let now = cloud.clock.now();
    let mut state = cloud.ecs.state();
    let cluster = state.cluster(input.text("cluster"))?.name.clone();
    let controller = Controller::of(input.value("deploymentController"));
    let definition = match (controller, input.text("taskDefinition")) {
        (Some(Controller::External), None) => None,
        _ => Some(state.families.usable(input.required("taskDefinition")?)?.clone()),
    };
    let existing = state.service(Some(&cluster), name).ok();
    if existing.is_some_and(|service| service.status != ServiceStatus::Inactive) {
        return Err(invalid("Creation of service was not idempotent."));
    }
    if let Some(definition) = &definition {
        check_load_balancers(cloud, input, definition)?;
    }
    let mut service = Service {
        name: name.to_owned(),
        arn: arn::of_service(&cloud.place, "service", &cluster, name, ""),
        cluster: cluster.clone(),
        created_at: now,
        status: ServiceStatus::Active,
        desired: desired(input)?,
        task_definition: definition.as_ref().map(|definition| definition.arn.clone()).unwrap_or_default(),
        members: members(input)?,
        revisions: Vec::new(),
        deployments: Vec::new(),
        events: Default::default(),
        happened: Vec::new(),
        abandoned: None,
        watched: Default::default(),
    };
    if let Some(definition) = definition.filter(|_| controller != Some(Controller::External)) {
        service.deploy(cloud, &definition, now)?;
    }
    let service_arn = service.arn.clone();
    if !input.list("tags").is_empty() {
        state.tags.insert(service_arn, input.list("tags").to_vec());
    }
    if let Some(cluster) = state.clusters.get_mut(&cluster) {
        cluster.services.insert(name.to_owned(), service);
    }
    let service = state.service(Some(&cluster), name)?;
    Ok(json!({"service": describe::service(cloud, &state, service, true)}))
}

fn check_kind(input: Input<'_>) -> Result<(), AwsError> {
    match Controller::of(input.value("deploymentController")) {
        None => return Err(invalid("deploymentController.type must be one of ECS, CODE_DEPLOY, EXTERNAL.")),
        Some(Controller::CodeDeploy) if input.list("loadBalancers").is_empty() => {
            return Err(invalid("A service with a CODE_DEPLOY deployment controller must have a load balancer."));
        }
        Some(_) => {}
    }
    match input.text("schedulingStrategy") {
        None | Some("REPLICA" | "DAEMON") => Ok(()),
        Some(_) => Err(invalid("schedulingStrategy must be one of REPLICA, DAEMON.")),
    }
}

/// How many tasks there are to be. A daemon has one for each instance, and the sandbox is one instance.
fn desired(input: Input<'_>) -> Result<u32, AwsError> {
    let given = input.count("desiredCount")?;
    match input.text("schedulingStrategy") {
        Some("DAEMON") if given.is_some() => Err(invalid(
            "The daemon scheduling strategy does not support a desired count for services. Remove the desired count value and try again",
        )),
        Some("DAEMON") => Ok(1),
        _ => given.ok_or_else(|| invalid("desiredCount can not be blank.")),
    }
}

/// Every load balancer has to name a target group in use and a container port that exists.
pub(super) fn check_load_balancers(
    cloud: &Cloud,
    input: Input<'_>,
    definition: &TaskDefinition,
) -> Result<(), AwsError> {
    let rooms = cloud.elb.rooms();
    for balancer in input.list("loadBalancers").iter().map(Input::new) {
        check_group(&rooms, balancer.required("targetGroupArn")?)?;
        if let Some(advanced) = balancer.value("advancedConfiguration").map(Input::new) {
            check_advanced(&rooms, advanced)?;
        }
        let (name, port) = (balancer.required("containerName")?, balancer.count("containerPort")?);
        let container = definition.containers().iter().find(|container| container["name"] == name);
        let Some(container) = container else {
            return Err(invalid(format!("The container {name} does not exist in the task definition.")));
        };
        let mappings = Input::new(container).list("portMappings");
        if !mappings.iter().any(|mapping| Input::new(mapping).count("containerPort").ok().flatten() == port) {
            let port = port.map_or("?".to_owned(), |port| port.to_string());
            return Err(invalid(format!("The container {name} did not have a container port {port} defined.")));
        }
    }
    Ok(())
}

fn check_group(rooms: &Rooms, group: &str) -> Result<(), AwsError> {
    if rooms.group(group).is_err() {
        return Err(invalid(format!("The specified target group does not exist: {group}")));
    }
    if rooms.balancers_of(group).is_empty() {
        let message =
            format!("The target group with targetGroupArn {group} does not have an associated load balancer.");
        return Err(invalid(message));
    }
    Ok(())
}

/// What traffic is shifted with: the other target group and the rules, which have to exist.
fn check_advanced(rooms: &Rooms, advanced: Input<'_>) -> Result<(), AwsError> {
    check_group(rooms, advanced.required("alternateTargetGroupArn")?)?;
    advanced.required("roleArn")?;
    let rules = [Some(advanced.required("productionListenerRule")?), advanced.text("testListenerRule")];
    match rules.into_iter().flatten().find(|rule| rooms.rule(rule).is_none()) {
        Some(rule) => Err(invalid(format!("The specified listener rule does not exist: {rule}"))),
        None => Ok(()),
    }
}

/// A strategy that shifts traffic needs to know, for every load balancer, between what.
pub(super) fn check_strategy(balancers: Option<&Value>, configuration: &Value) -> Result<(), AwsError> {
    let balancers = balancers.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if strategy::shifts(configuration)
        && balancers.iter().any(|balancer| !balancer["advancedConfiguration"].is_object())
    {
        let message = "advancedConfiguration field is required for all loadBalancers when using a non-ROLLING deployment strategy.";
        return Err(invalid(message));
    }
    Ok(())
}

/// The members as they came, with AWS's defaults.
fn members(input: Input<'_>) -> Result<Map<String, Value>, AwsError> {
    let mut members = input.members().cloned().unwrap_or_default();
    members.retain(|name, value| !value.is_null() && !READ_HERE.contains(&name.as_str()));
    let mut default = configuration::default();
    if input.text("schedulingStrategy") == Some("DAEMON") {
        (default["maximumPercent"], default["minimumHealthyPercent"]) = (json!(100), json!(0));
    }
    let configuration = configuration::merged(&default, input.value("deploymentConfiguration"))?;
    if input.text("schedulingStrategy") == Some("DAEMON") && strategy::shifts(&configuration) {
        return Err(invalid("The daemon scheduling strategy supports only the ROLLING deployment strategy."));
    }
    check_strategy(input.value("loadBalancers"), &configuration)?;
    members.insert("deploymentConfiguration".to_owned(), configuration);
    let with_balancer = !input.list("loadBalancers").is_empty();
    let defaults = json!({
        "loadBalancers": [],
        "serviceRegistries": [],
        "placementConstraints": [],
        "placementStrategy": [],
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "enableECSManagedTags": false,
        "propagateTags": "NONE",
        "enableExecuteCommand": false,
        "availabilityZoneRebalancing": "DISABLED",
    });
    for (name, value) in defaults.as_object().cloned().unwrap_or_default() {
        members.entry(name).or_insert(value);
    }
    if with_balancer {
        members.entry("healthCheckGracePeriodSeconds").or_insert(json!(0));
    }
    if !members.contains_key("capacityProviderStrategy") {
        members.entry("launchType").or_insert(json!("EC2"));
    }
    Ok(members)
}
