//! What a task that ended came to, from the task alone.

use crate::{
    definition::Definition,
    model::{Container, Task},
};

/// What it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Judged {
    /// It did what it was started for.
    Completed,
    /// It did not, for this reason.
    Failed(String),
    /// The machine was taken from under it: it may be started once more.
    Interrupted(String),
}

/// Exit codes of a container that was told to end, because another one had.
const TOLD_TO_END: [i64; 2] = [137, 143];

/// Machines that go away take their tasks with them.
const TAKEN: [&str; 3] = ["InfrastructureHealth", "SpotInterruption", "TerminationNotice"];

/// Judges a stopped task: by the container that is watched, else by all the essential ones. A container that never ran is
/// no success, and a sidecar that was told to end is no failure.
#[must_use]
pub(crate) fn judge(task: &Task, definition: &Definition, watched: Option<&str>) -> Judged {
    let essential: Vec<&str> = match watched {
        Some(name) => vec![name],
        None => definition.essential().collect(),
    };
    let container = |name: &&str| task.containers.iter().find(|one| one.name == **name);
    let ended: Vec<(&str, Option<&Container>)> = essential.iter().map(|name| (*name, container(name))).collect();
    let code = |one: &Option<&Container>| one.and_then(|one| one.exit_code);
    if let Some((name, one)) = ended.iter().find(|(_, one)| code(one).is_none()) {
        let why = one.and_then(|one| one.reason.as_deref()).filter(|why| !why.is_empty());
        let why = why.or(task.stopped_reason.as_deref()).unwrap_or("no reason was given");
        let text = format!("container `{name}` never ran to an end: {why}");
        return if taken(task) { Judged::Interrupted(text) } else { Judged::Failed(text) };
    }
    let done = ended.iter().any(|(_, one)| code(one) == Some(0));
    let bad = ended.iter().find(|(_, one)| {
        let code = code(one).unwrap_or_default();
        // Where nothing essential came to a good end, being told to end is no excuse.
        code != 0 && !(done && watched.is_none() && TOLD_TO_END.contains(&code))
    });
    match bad {
        None if ended.is_empty() => Judged::Failed("the task definition has no essential container".to_owned()),
        None => Judged::Completed,
        Some((name, one)) => {
            let text = format!("container `{name}` ended with exit code {}", code(one).unwrap_or_default());
            if taken(task) { Judged::Interrupted(text) } else { Judged::Failed(text) }
        }
    }
}

fn taken(task: &Task) -> bool {
    task.stop_code.as_deref().is_some_and(|code| TAKEN.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn judged(code: &str, containers: &[(&str, Option<i64>)], watched: Option<&str>) -> Judged {
        let container = |(name, exit): &(&str, Option<i64>)| json!({"name": name, "exitCode": exit});
        let containers: Vec<Value> = containers.iter().map(container).collect();
        let task = json!({"stopCode": code, "stoppedReason": "words", "containers": containers});
        let definition = json!({"containerDefinitions": [
            {"name": "migrate"}, {"name": "proxy", "essential": true}, {"name": "init", "essential": false}]});
        judge(&serde_json::from_value(task).unwrap(), &Definition { document: definition, tags: vec![] }, watched)
    }

    #[test]
    fn only_a_container_that_ran_to_a_good_end_is_a_success() {
        let exited = "EssentialContainerExited";
        for (code, containers, watched, wanted) in [
            (exited, vec![("migrate", Some(0)), ("proxy", Some(143))], None, "completed"),
            (exited, vec![("migrate", Some(0)), ("proxy", Some(137)), ("init", Some(5))], None, "completed"),
            (exited, vec![("migrate", Some(0)), ("proxy", Some(0))], None, "completed"),
            (exited, vec![("migrate", Some(1)), ("proxy", Some(143))], None, "failed"),
            (exited, vec![("migrate", Some(0)), ("proxy", Some(2))], None, "failed"),
            (exited, vec![("migrate", Some(137)), ("proxy", Some(137))], None, "failed"),
            (exited, vec![("migrate", Some(0)), ("proxy", Some(2))], Some("migrate"), "completed"),
            (exited, vec![("migrate", Some(143)), ("proxy", Some(0))], Some("migrate"), "failed"),
            (exited, vec![("proxy", Some(0))], None, "failed"),
            ("TaskFailedToStart", vec![("migrate", None), ("proxy", None)], None, "failed"),
            ("UserInitiated", vec![("migrate", Some(137)), ("proxy", Some(137))], None, "failed"),
            ("SpotInterruption", vec![("migrate", Some(143)), ("proxy", Some(143))], None, "interrupted"),
            ("SpotInterruption", vec![("migrate", None), ("proxy", None)], None, "interrupted"),
            ("SpotInterruption", vec![("migrate", Some(0)), ("proxy", Some(143))], None, "completed"),
            ("", vec![], None, "failed"),
        ] {
            let found = match judged(code, &containers, watched) {
                Judged::Completed => "completed",
                Judged::Failed(_) => "failed",
                Judged::Interrupted(_) => "interrupted",
            };
            assert_eq!(found, wanted, "{code} {containers:?} {watched:?}");
        }
    }
}
