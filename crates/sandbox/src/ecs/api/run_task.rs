//! `RunTask`: tasks that belong to nobody and end by themselves.

use super::{invalid, tasks::task_json};
use crate::{
    AwsError, Cloud,
    ecs::task_definition::TaskDefinition,
    tasks::{Alone, ContainerSpec, Owner, TaskSpec, Tasks, find_image},
    wire::Input,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// The most tasks of one call.
const MOST: u32 = 10;

/// Starts them and waits for nothing. The same `clientToken` again gives the same tasks.
pub(super) fn run(cloud: &Arc<Cloud>, input: Input<'_>) -> Result<Value, AwsError> {
    let (cluster, definition, inherited) = {
        let state = cloud.ecs.state();
        let definition = state.families.usable(input.required("taskDefinition")?)?.clone();
        let inherited = state.tags_of(&definition.arn);
        (state.cluster(input.text("cluster"))?.name.clone(), definition, inherited)
    };
    check(input, &definition)?;
    let count = input.count("count")?.unwrap_or(1);
    if !(1..=MOST).contains(&count) {
        return Err(invalid(format!("count must be between 1 and {MOST}.")));
    }
    let token = input.text("clientToken").map(str::to_owned);
    let mut known = cloud.tasks.select(|task| {
        let alone = task.spec.alone().filter(|_| task.spec.cluster == cluster);
        token.is_some() && alone.is_some_and(|alone| alone.client_token == token)
    });
    if !known.is_empty() {
        known.sort_by_key(|task| (task.created_at, task.id.clone()));
        let tasks: Vec<Value> = known.iter().map(|task| task_json(cloud, task)).collect();
        return Ok(json!({"tasks": tasks, "failures": []}));
    }
    if let Some(reason) = cloud.faults.placement_failure() {
        let arn = cloud.place.arn("ecs", &format!("container-instance/{cluster}/sandbox"));
        return Ok(json!({"tasks": [], "failures": [{"arn": arn, "reason": reason}]}));
    }
    let alone = Alone {
        group: input.text("group").map_or_else(|| format!("family:{}", definition.family), str::to_owned),
        started_by: input.text("startedBy").map(str::to_owned),
        overrides: overrides(input),
        tags: tags(input, &inherited),
        client_token: token,
    };
    let spec = spec(cloud, input, (cluster, &definition), alone);
    let now = cloud.clock.now();
    let started = (0..count).filter_map(|_| Tasks::launch(cloud, spec.clone(), now));
    let started: Vec<Value> =
        started.filter_map(|id| cloud.tasks.get(&id)).map(|task| task_json(cloud, &task)).collect();
    Ok(json!({"tasks": started, "failures": []}))
}

fn check(input: Input<'_>, definition: &TaskDefinition) -> Result<(), AwsError> {
    if input.value("launchType").is_some() && !input.list("capacityProviderStrategy").is_empty() {
        let message =
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.";
        return Err(invalid(message));
    }
    match input.text("propagateTags") {
        None | Some("TASK_DEFINITION") => {}
        Some(other) => return Err(invalid(format!("Invalid value for propagateTags: {other}"))),
    }
    if input.text("startedBy").is_some_and(|by| by.len() > 128) {
        return Err(invalid("startedBy can have at most 128 characters."));
    }
    if definition.document["networkMode"] == "awsvpc" && input.value("networkConfiguration").is_none() {
        let message = "Network Configuration must be provided when networkMode 'awsvpc' is specified.";
        return Err(invalid(message));
    }
    for container in container_overrides(input) {
        let name = Input::new(container).required("name")?;
        if !definition.containers().iter().any(|known| known["name"] == name) {
            let message = format!("Override for container named {name} is not a container in the TaskDefinition.");
            return Err(invalid(message));
        }
    }
    Ok(())
}

fn spec(cloud: &Cloud, input: Input<'_>, (cluster, definition): (String, &TaskDefinition), alone: Alone) -> TaskSpec {
    let container = |document: &Value| {
        let mut spec = ContainerSpec::read(document);
        let own = container_overrides(input).iter().find(|container| container["name"] == spec.name.as_str());
        if let Some(own) = own {
            spec.apply(Input::new(own));
        }
        let found = find_image(&cloud.registry, &cloud.place, &spec.image, None);
        spec.pinned = found.ok().map(|image| image.digest);
        spec
    };
    TaskSpec {
        cluster,
        owner: Owner::Nobody(alone),
        definition_arn: definition.arn.clone(),
        definition: definition.document.clone(),
        launch_type: input.text("launchType").unwrap_or("EC2").to_owned(),
        containers: definition.containers().iter().map(container).collect(),
    }
}

fn container_overrides(input: Input<'_>) -> &[Value] {
    input.value("overrides").map(|overrides| Input::new(overrides).list("containerOverrides")).unwrap_or_default()
}

/// `overrides` as they came, with the lists AWS always shows.
fn overrides(input: Input<'_>) -> Value {
    let mut overrides = input.value("overrides").cloned().unwrap_or_else(|| json!({}));
    for list in ["containerOverrides", "inferenceAcceleratorOverrides"] {
        if overrides.get(list).is_none_or(Value::is_null) {
            overrides[list] = json!([]);
        }
    }
    overrides
}

/// The tags given, and those of the task definition where they are to be taken over.
fn tags(input: Input<'_>, inherited: &Value) -> Vec<Value> {
    let mut tags = input.list("tags").to_vec();
    if input.text("propagateTags").is_some() {
        let others = inherited.as_array().into_iter().flatten();
        let fresh: Vec<Value> =
            others.filter(|tag| !tags.iter().any(|own| own["key"] == tag["key"])).cloned().collect();
        tags.extend(fresh);
    }
    tags
}
