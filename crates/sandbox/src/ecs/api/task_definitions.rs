//! `RegisterTaskDefinition`, `DescribeTaskDefinition`, `ListTaskDefinitions`, `DeregisterTaskDefinition`.

use super::{invalid, pages};
use crate::{AwsError, Cloud, ecs::task_definition::TaskDefinition, wire::Input};
use serde_json::{Value, json};

pub(super) fn register(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let tags = input.list("tags").to_vec();
    let document = input.members().cloned().map(Value::Object).unwrap_or_default();
    let mut state = cloud.ecs.state();
    let definition = state.families.register(&cloud.place, &document, cloud.clock.now())?;
    let (arn, mut answer) = (definition.arn.clone(), json!({"taskDefinition": definition.document}));
    if !tags.is_empty() {
        answer["tags"] = tags.clone().into();
        state.tags.insert(arn, tags);
    }
    Ok(answer)
}

/// The tags are a sibling of the task definition and come only when asked for.
pub(super) fn describe(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let given = input.required("taskDefinition")?;
    let state = cloud.ecs.view("DescribeTaskDefinition");
    let unknown = || AwsError::client("ClientException", "Unable to describe task definition.");
    let definition = state.families.find(given).ok_or_else(unknown)?;
    let mut answer = json!({"taskDefinition": definition.document});
    if input.texts("include").contains(&"TAGS") {
        answer["tags"] = state.tags_of(&definition.arn);
    }
    Ok(answer)
}

pub(super) fn list(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let status = input.text("status").unwrap_or("ACTIVE");
    if !matches!(status, "ACTIVE" | "INACTIVE" | "DELETE_IN_PROGRESS") {
        return Err(invalid("Invalid status."));
    }
    let newest_first = match input.text("sort") {
        None | Some("ASC") => false,
        Some("DESC") => true,
        Some(_) => return Err(invalid("Invalid sort.")),
    };
    let prefix = input.text("familyPrefix");
    let state = cloud.ecs.view("ListTaskDefinitions");
    let asked = |definition: &&TaskDefinition| {
        definition.document["status"] == status && prefix.is_none_or(|prefix| definition.family == prefix)
    };
    let mut arns: Vec<Value> =
        state.families.iter().filter(asked).map(|definition| definition.arn.clone().into()).collect();
    if newest_first {
        arns.reverse();
    }
    pages::page(input, "taskDefinitionArns", arns)
}

pub(super) fn deregister(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let given = input.required("taskDefinition")?;
    if !given.rsplit('/').next().is_some_and(|name| name.contains(':')) {
        return Err(invalid("Missing revision."));
    }
    let mut state = cloud.ecs.state();
    let unknown = || AwsError::client("ClientException", "The specified task definition does not exist.");
    let arn = state.families.find(given).ok_or_else(unknown)?.arn.clone();
    let definition = state.families.find_mut(&arn).ok_or_else(unknown)?;
    definition.deregister(cloud.clock.now());
    Ok(json!({"taskDefinition": definition.document}))
}
