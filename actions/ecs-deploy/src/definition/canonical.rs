//! When two task definitions mean the same, however they are written.
//!
//! ECS fills in defaults and orders lists as it likes, people write numbers as text and text as numbers. Registering a
//! revision for such differences would replace every task for nothing. What this does not know is compared as it stands.

use serde_json::{Map, Value, json};
use subject::Reference;

/// Lists in which the order means nothing, by the name of their member.
const SETS: [&str; 16] = [
    "containerDefinitions",
    "dependsOn",
    "environment",
    "extraHosts",
    "inferenceAccelerators",
    "mountPoints",
    "placementConstraints",
    "portMappings",
    "requiresCompatibilities",
    "resourceRequirements",
    "secretOptions",
    "secrets",
    "systemControls",
    "ulimits",
    "volumes",
    "volumesFrom",
];

/// Texts of the definition itself that may be empty instead of absent.
const OPTIONAL: [&str; 4] = ["executionRoleArn", "ipcMode", "pidMode", "taskRoleArn"];

/// What a container is when it does not say so (API reference, `ContainerDefinition`).
fn container_defaults() -> [(&'static str, Value); 7] {
    [
        ("essential", json!(true)),
        ("cpu", json!(0)),
        ("privileged", json!(false)),
        ("readonlyRootFilesystem", json!(false)),
        ("disableNetworking", json!(false)),
        ("interactive", json!(false)),
        ("pseudoTerminal", json!(false)),
    ]
}

/// A registration as it is compared: without tags, without what says nothing, defaults written out, sets in one order.
#[must_use]
pub(super) fn canonical(registration: &Value) -> Value {
    let mut document = registration.clone();
    let awsvpc = document["networkMode"] == "awsvpc";
    if let Value::Object(members) = &mut document {
        members.shift_remove("tags");
        for name in OPTIONAL {
            members.retain(|key, value| key != name || *value != "");
        }
        default(members, "networkMode", json!("bridge"));
        for (name, unit) in [("cpu", "vcpu"), ("memory", "gb")] {
            if let Some(size) = members.get_mut(name) {
                *size = json!(units(size, unit));
            }
        }
    }
    let containers = document.get_mut("containerDefinitions").and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
        of_container(container, awsvpc);
    }
    tidy(&mut document);
    document
}

/// Whether two registrations mean the same.
#[must_use]
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    canonical(one) == canonical(other)
}

fn of_container(container: &mut Map<String, Value>, awsvpc: bool) {
    for (name, value) in container_defaults() {
        default(container, name, value);
    }
    if let Some(image) = container.get_mut("image") {
        *image = json!(image_of(image));
    }
    for port in objects(container, "portMappings") {
        if port.get("protocol").is_none_or(|protocol| protocol == "" || protocol.is_null()) {
            port.insert("protocol".to_owned(), json!("tcp"));
        }
        let own = awsvpc && port.get("hostPort") == port.get("containerPort");
        port.retain(|key, value| key != "hostPort" || !(own || *value == 0));
    }
    for name in ["mountPoints", "volumesFrom"] {
        objects(container, name).for_each(|mount| default(mount, "readOnly", json!(false)));
    }
    if let Some(Value::Object(check)) = container.get_mut("healthCheck") {
        for (name, value) in [("interval", 30), ("timeout", 5), ("retries", 3)] {
            default(check, name, json!(value));
        }
    }
}

fn objects<'a>(container: &'a mut Map<String, Value>, name: &str) -> impl Iterator<Item = &'a mut Map<String, Value>> {
    let list = container.get_mut(name).and_then(Value::as_array_mut);
    list.into_iter().flatten().filter_map(Value::as_object_mut)
}

fn default(members: &mut Map<String, Value>, name: &str, value: Value) {
    let member = members.entry(name.to_owned()).or_insert(Value::Null);
    if member.is_null() {
        *member = value;
    }
}

/// An image by repository and digest, whatever tag stands between them; else as it is written.
fn image_of(image: &Value) -> String {
    let text = image.as_str().unwrap_or_default();
    match text.parse::<Reference>() {
        Ok(Reference::Image(image)) => image.repository.image(image.digest).to_string(),
        Ok(tag) => tag.to_string(),
        Err(_) => text.to_owned(),
    }
}

/// CPU units or MiB, which may be written as a number, as text, or as `.5 vCPU` and `2 GB`.
fn units(size: &Value, unit: &str) -> String {
    let text = size.as_str().map_or_else(|| size.to_string(), str::to_owned);
    let text = text.trim().to_ascii_lowercase();
    let number = match text.strip_suffix(unit) {
        Some(number) => number.trim().parse::<f64>().ok().map(|number| number * 1024.0),
        None => text.parse().ok(),
    };
    number.map_or(text, |number| number.to_string())
}

/// Takes out what says nothing — null, empty lists, empty mappings — and puts sets in one order; members too.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                tidy(member);
                if let (true, Value::Array(items)) = (SETS.contains(&name.as_str()), member) {
                    items.sort_by_cached_key(Value::to_string);
                }
            }
            members.retain(|_, member| !says_nothing(member));
            members.sort_keys();
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
#[path = "canonical_tests.rs"]
mod tests;
