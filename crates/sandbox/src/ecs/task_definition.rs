//! Task definitions: checked for what every task definition needs, kept as they came, with what AWS adds.

use super::arn;
use crate::{
    AwsError, Place, tasks,
    wire::{Input, epoch},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// All task definitions, each family's revisions oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Families(BTreeMap<String, Vec<TaskDefinition>>);

impl Families {
    /// Adds the next revision of the family `input` names.
    pub(super) fn register(
        &mut self,
        place: &Place,
        input: &Value,
        now: Timestamp,
    ) -> Result<&TaskDefinition, AwsError> {
        let family = input["family"].as_str().unwrap_or_default().to_owned();
        let revision = self.0.get(&family).and_then(|family| family.last()).map_or(1, |last| last.revision + 1);
        let definition = TaskDefinition::register(place, input, revision, now)?;
        let definitions = self.0.entry(family).or_default();
        definitions.push(definition);
        definitions.last().ok_or_else(|| AwsError::internal("the family lost its revision"))
    }

    /// The task definition a caller names by family, family and revision, or ARN.
    pub(super) fn find(&self, given: &str) -> Option<&TaskDefinition> {
        let name = arn::last(given);
        match name.split_once(':') {
            Some((family, revision)) => {
                let revision: u32 = revision.parse().ok()?;
                self.0.get(family)?.iter().find(|definition| definition.revision == revision)
            }
            None => self.0.get(name)?.iter().rev().find(|definition| definition.is_active()),
        }
    }

    /// The task definition with that ARN, to be changed.
    pub(super) fn find_mut(&mut self, arn: &str) -> Option<&mut TaskDefinition> {
        self.0.values_mut().flatten().find(|definition| definition.arn == arn)
    }

    /// The task definition a service is to use: it has to be active.
    pub(super) fn usable(&self, given: &str) -> Result<&TaskDefinition, AwsError> {
        match self.find(given) {
            None => Err(AwsError::client("ClientException", "TaskDefinition not found.")),
            Some(definition) if !definition.is_active() => {
                Err(AwsError::client("ClientException", "TaskDefinition is inactive"))
            }
            Some(definition) => Ok(definition),
        }
    }

    /// All of them, by family and revision.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &TaskDefinition> {
        self.0.values().flatten()
    }
}

/// One revision of a family.
#[derive(Debug, Clone)]
pub(super) struct TaskDefinition {
    pub(super) arn: String,
    pub(super) family: String,
    pub(super) revision: u32,
    /// The whole document as `DescribeTaskDefinition` gives it.
    pub(super) document: Value,
}

impl TaskDefinition {
    /// Checks and completes the input of `RegisterTaskDefinition`.
    pub(super) fn register(place: &Place, input: &Value, revision: u32, now: Timestamp) -> Result<Self, AwsError> {
        check(Input::new(input))?;
        let mut document = input.as_object().cloned().unwrap_or_default();
        document.remove("tags");
        document.retain(|_, value| !value.is_null());
        let family = input["family"].as_str().unwrap_or_default().to_owned();
        let arn = place.arn("ecs", &format!("task-definition/{family}:{revision}"));
        let awsvpc = document.get("networkMode").and_then(Value::as_str) == Some("awsvpc");
        for container in document.get_mut("containerDefinitions").and_then(Value::as_array_mut).into_iter().flatten() {
            complete_container(container, awsvpc);
        }
        for list in ["volumes", "placementConstraints"] {
            document.entry(list).or_insert(json!([]));
        }
        let compatibilities = if awsvpc { json!(["EC2", "FARGATE"]) } else { json!(["EC2"]) };
        let added = json!({
            "taskDefinitionArn": arn,
            "revision": revision,
            "status": "ACTIVE",
            "requiresAttributes": [],
            "compatibilities": compatibilities,
            "registeredAt": epoch(now),
            "registeredBy": format!("arn:aws:iam::{}:root", Place::ACCOUNT),
        });
        document.extend(added.as_object().cloned().unwrap_or_default());
        Ok(Self { arn, family, revision, document: Value::Object(document) })
    }

    pub(super) fn is_active(&self) -> bool {
        self.document["status"] == "ACTIVE"
    }

    /// Makes it `INACTIVE`: running services keep it, new deployments cannot use it.
    pub(super) fn deregister(&mut self, now: Timestamp) {
        if let Some(document) = self.document.as_object_mut() {
            document.insert("status".to_owned(), "INACTIVE".into());
            document.insert("deregisteredAt".to_owned(), epoch(now));
        }
    }

    /// Its `containerDefinitions`.
    pub(super) fn containers(&self) -> &[Value] {
        Input::new(&self.document).list("containerDefinitions")
    }
}

fn check(input: Input<'_>) -> Result<(), AwsError> {
    let refuse = |message: String| Err(AwsError::client("ClientException", message));
    let family = input.text("family").unwrap_or_default();
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if family.is_empty() || family.len() > 255 || !family.chars().all(allowed) {
        return refuse("Family should be 1 to 255 letters, numbers, hyphens and underscores.".to_owned());
    }
    let containers = input.list("containerDefinitions");
    if containers.is_empty() {
        return refuse("Container list cannot be empty.".to_owned());
    }
    let mut names: Vec<&str> = Vec::new();
    for container in containers.iter().map(Input::new) {
        let Some(name) = container.text("name").filter(|name| !name.is_empty()) else {
            return refuse("Container.name should not be null or empty.".to_owned());
        };
        if container.text("image").is_none_or(str::is_empty) {
            return refuse("Container.image should not be null or empty.".to_owned());
        }
        if names.contains(&name) {
            return refuse(format!("Container name '{name}' is not unique."));
        }
        names.push(name);
    }
    if tasks::is_circular(containers) {
        return refuse("Container dependencies must not be circular.".to_owned());
    }
    if containers.iter().all(|container| container["essential"] == false) {
        return refuse("No essential containers found.".to_owned());
    }
    if input.texts("requiresCompatibilities").contains(&"FARGATE") {
        if input.text("cpu").is_none() || input.text("memory").is_none() {
            return refuse("Fargate requires that 'cpu' and 'memory' be defined at the task level.".to_owned());
        }
        if input.text("networkMode") != Some("awsvpc") {
            return refuse("Fargate only supports network mode ‘awsvpc’.".to_owned());
        }
    }
    Ok(())
}

/// AWS writes out a container's defaults.
fn complete_container(container: &mut Value, awsvpc: bool) {
    let Some(container) = container.as_object_mut() else { return };
    container.retain(|_, value| !value.is_null());
    container.entry("cpu").or_insert(json!(0));
    container.entry("essential").or_insert(json!(true));
    for list in ["portMappings", "environment", "mountPoints", "volumesFrom", "systemControls"] {
        container.entry(list).or_insert(json!([]));
    }
    for mapping in container.get_mut("portMappings").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(mapping) = mapping.as_object_mut() else { continue };
        complete_port(mapping, awsvpc);
    }
}

fn complete_port(mapping: &mut Map<String, Value>, awsvpc: bool) {
    mapping.entry("protocol").or_insert(json!("tcp"));
    let port = mapping.get("containerPort").cloned();
    if let Some(port) = port.filter(|_| awsvpc) {
        mapping.entry("hostPort").or_insert(port);
    }
}
