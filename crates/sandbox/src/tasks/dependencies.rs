//! `dependsOn`: which containers have to have come how far before another one starts. Pure.

use super::{Container, Health, Status};
use crate::wire::Input;
use serde_json::Value;

/// A container that another one depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(super) container: String,
    pub(super) condition: Condition,
}

/// `ContainerCondition`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Start,
    Complete,
    Success,
    Healthy,
}

/// Whether a container may start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Readiness {
    Ready,
    Waits,
    /// It never will: why.
    Hopeless(String),
}

/// Reads the `dependsOn` of a container definition.
pub(crate) fn read(definition: Input<'_>) -> Vec<Dependency> {
    let dependency = |value: &Value| {
        let condition = match value["condition"].as_str()? {
            "START" => Condition::Start,
            "COMPLETE" => Condition::Complete,
            "SUCCESS" => Condition::Success,
            "HEALTHY" => Condition::Healthy,
            _ => return None,
        };
        Some(Dependency { container: value["containerName"].as_str()?.to_owned(), condition })
    };
    definition.list("dependsOn").iter().filter_map(dependency).collect()
}

/// Whether a container with these dependencies may start beside these containers.
pub(super) fn readiness(dependencies: &[Dependency], containers: &[Container]) -> Readiness {
    let mut readiness = Readiness::Ready;
    for dependency in dependencies {
        let Some(other) = containers.iter().find(|other| other.spec.name == dependency.container) else { continue };
        match one(dependency.condition, other) {
            Readiness::Ready => {}
            Readiness::Waits => readiness = Readiness::Waits,
            hopeless => return hopeless,
        }
    }
    readiness
}

fn one(condition: Condition, other: &Container) -> Readiness {
    let name = &other.spec.name;
    match (condition, other.status, other.exit_code) {
        (Condition::Start, Status::Running | Status::Stopped, _) => Readiness::Ready,
        (Condition::Complete, Status::Stopped, Some(_)) => Readiness::Ready,
        (Condition::Success, Status::Stopped, Some(0)) => Readiness::Ready,
        (Condition::Success, Status::Stopped, Some(code)) => {
            Readiness::Hopeless(format!("dependency container {name} exited with {code} and not with 0"))
        }
        (Condition::Healthy, Status::Running, _) if other.health == Health::Healthy => Readiness::Ready,
        (Condition::Healthy, Status::Running, _) if other.health == Health::Unhealthy => {
            Readiness::Hopeless(format!("dependency container {name} is unhealthy"))
        }
        (Condition::Healthy, Status::Stopped, _) => {
            Readiness::Hopeless(format!("dependency container {name} exited before it was healthy"))
        }
        _ => Readiness::Waits,
    }
}

/// Whether the containers of a definition wait for each other in a circle.
pub(crate) fn is_circular(definitions: &[Value]) -> bool {
    let mut open: Vec<(&str, Vec<Dependency>)> = definitions
        .iter()
        .map(Input::new)
        .map(|definition| (definition.text("name").unwrap_or_default(), read(definition)))
        .collect();
    loop {
        let names: Vec<String> = open.iter().map(|(name, _)| (*name).to_owned()).collect();
        let before = open.len();
        open.retain(|(_, dependencies)| dependencies.iter().any(|one| names.contains(&one.container)));
        if open.len() == before {
            return before > 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::ContainerSpec;
    use serde_json::json;

    fn container(status: Status, exit_code: Option<i32>, health: Health) -> Container {
        let spec = ContainerSpec::read(&json!({"name": "db", "image": "x"}));
        Container { spec, digest: None, status, pid: None, exit_code, reason: None, health }
    }

    #[test]
    fn each_condition_is_met_waited_for_or_given_up() {
        use Condition::{Complete, Healthy, Start, Success};
        let running = |health| container(Status::Running, None, health);
        let ended = |code| container(Status::Stopped, Some(code), Health::Unknown);
        let pending = || container(Status::Pending, None, Health::Unknown);
        let table = [
            (Start, pending(), "waits"),
            (Start, running(Health::Unknown), "ready"),
            (Start, ended(1), "ready"),
            (Complete, running(Health::Unknown), "waits"),
            (Complete, ended(1), "ready"),
            (Success, ended(0), "ready"),
            (Success, ended(1), "hopeless"),
            (Healthy, running(Health::Unknown), "waits"),
            (Healthy, running(Health::Healthy), "ready"),
            (Healthy, running(Health::Unhealthy), "hopeless"),
            (Healthy, ended(0), "hopeless"),
        ];
        for (condition, other, expected) in table {
            let found =
                readiness(&[Dependency { container: "db".to_owned(), condition }], std::slice::from_ref(&other));
            let word = match found {
                Readiness::Ready => "ready",
                Readiness::Waits => "waits",
                Readiness::Hopeless(_) => "hopeless",
            };
            assert_eq!(word, expected, "{condition:?} {:?} {:?}", other.status, other.exit_code);
        }
    }

    #[test]
    fn circles_are_found_and_chains_are_none() {
        let on = |name: &str, other: &str| json!({"name": name, "dependsOn": [{"containerName": other, "condition": "START"}]});
        assert!(!is_circular(&[on("a", "b"), on("b", "c"), json!({"name": "c"})]));
        assert!(is_circular(&[on("a", "b"), on("b", "c"), on("c", "a"), json!({"name": "d"})]));
        assert!(is_circular(&[on("a", "a")]));
    }
}
