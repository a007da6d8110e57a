//! What a task definition is built on, where that is not what the service runs.

use crate::{definition::Definition, inputs::Base, rollout::Rollout};
use github::{Exit, Failure};
use serde_json::Value;
use std::path::Path;
use tokio::io::AsyncReadExt as _;

/// The largest file taken, in bytes; ECS takes 64 KiB.
const LARGEST: u64 = 1 << 20;

/// Reads it; `None` for what the service runs.
///
/// # Errors
/// A [`Failure`] when there is none, or it is no task definition.
pub(crate) async fn read(rollout: &Rollout<'_>, base: &Base) -> Result<Option<Definition>, Failure> {
    match base {
        Base::Running => Ok(None),
        Base::Revision(name) => {
            let read = rollout.ecs.definition(name).await;
            read.map(Some).map_err(|error| {
                // What does not exist is a plain `ClientException`.
                let missing = error.code == "ClientException";
                let failure =
                    error.failure("read the task definition to build on").subject(name).state("nothing was changed");
                if missing {
                    failure.help("correct `task-definition`; `aws ecs list-task-definitions` names them")
                } else {
                    failure
                }
            })
        }
        Base::File(path) => {
            let failure = |problem: String| {
                let failure = Failure::new(Exit::BadInput, "read the task definition file").subject(path.display());
                failure.because(problem).state("nothing was changed")
            };
            let text = file(&rollout.runner.path(path)).await.map_err(|error| failure(error.to_string()))?;
            parse(&text).map(Some).map_err(failure)
        }
    }
}

async fn file(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    tokio::fs::File::open(path).await?.take(LARGEST + 1).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// A definition as `RegisterTaskDefinition` takes it, or as `DescribeTaskDefinition` answers it.
fn parse(bytes: &[u8]) -> Result<Definition, String> {
    if bytes.len() as u64 > LARGEST {
        return Err(format!("it is larger than {LARGEST} bytes"));
    }
    let mut document: Value = serde_json::from_slice(bytes).map_err(|error| format!("it is no JSON: {error}"))?;
    let mut tags = document.get_mut("tags").map(Value::take).unwrap_or_default();
    if document["taskDefinition"].is_object() {
        document = document["taskDefinition"].take();
    } else if let Value::Object(members) = &mut document {
        members.shift_remove("tags");
    }
    // A file is what it says, not the revision it may once have been read from.
    if let Value::Object(members) = &mut document {
        members.shift_remove("taskDefinitionArn");
        members.shift_remove("status");
    }
    let named = |member: &str| document[member].as_str().is_some_and(|text| !text.is_empty());
    let containers = document["containerDefinitions"].as_array().is_some_and(|list| !list.is_empty());
    if !named("family") || !containers {
        return Err("it needs `family` and `containerDefinitions`".to_owned());
    }
    let tags = tags.as_array_mut().map(std::mem::take).unwrap_or_default();
    Ok(Definition { document, tags })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_file_is_a_request_or_an_answer_and_nothing_else() {
        let plain = json!({"family": "f", "containerDefinitions": [{"name": "a"}], "tomorrow": 1, "status": "ACTIVE"});
        let tags = json!([{"key": "a", "value": "b"}]);
        let mut with_tags = plain.clone();
        with_tags["tags"] = tags.clone();
        for document in [with_tags, json!({"taskDefinition": plain, "tags": tags})] {
            let read = parse(document.to_string().as_bytes()).unwrap();
            assert_eq!(read.document, json!({"family": "f", "containerDefinitions": [{"name": "a"}], "tomorrow": 1}));
            assert_eq!(read.tags.len(), 1);
        }
        for wrong in
            ["", "[]", "{}", "{\"family\": \"f\"}", "{\"family\": \"f\", \"containerDefinitions\": []}", "family: f"]
        {
            assert!(parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
