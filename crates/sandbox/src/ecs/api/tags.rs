//! `TagResource`, `UntagResource`, `ListTagsForResource`.

use super::invalid;
use crate::{
    AwsError, Cloud,
    ecs::{arn, state::State},
    wire::Input,
};
use serde_json::{Value, json};

/// As many tags as a resource may have.
const MOST: usize = 50;

pub(super) fn add(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let resource = input.required("resourceArn")?;
    let mut state = cloud.ecs.state();
    check_exists(&state, resource)?;
    let tags = state.tags.entry(resource.to_owned()).or_default();
    for tag in input.list("tags") {
        tags.retain(|known| known["key"] != tag["key"]);
        tags.push(tag.clone());
    }
    if tags.len() > MOST {
        return Err(invalid(format!("A resource can have at most {MOST} tags.")));
    }
    Ok(json!({}))
}

pub(super) fn remove(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let resource = input.required("resourceArn")?;
    let keys = input.texts("tagKeys");
    let mut state = cloud.ecs.state();
    check_exists(&state, resource)?;
    if let Some(tags) = state.tags.get_mut(resource) {
        tags.retain(|tag| !tag["key"].as_str().is_some_and(|key| keys.contains(&key)));
    }
    Ok(json!({}))
}

pub(super) fn list(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let resource = input.required("resourceArn")?;
    let state = cloud.ecs.state();
    check_exists(&state, resource)?;
    Ok(json!({"tags": state.tags_of(resource)}))
}

fn check_exists(state: &State, resource: &str) -> Result<(), AwsError> {
    let exists = if resource.contains(":task-definition/") {
        state.families.find(resource).is_some()
    } else if resource.contains(":service/") {
        let named = arn::service_of(resource);
        named.is_some_and(|(cluster, service)| state.service(Some(cluster), service).is_ok())
    } else {
        resource.contains(":cluster/") && state.cluster(Some(resource)).is_ok()
    };
    if exists { Ok(()) } else { Err(invalid("The specified resource is invalid or does not exist.")) }
}
