//! AppSpec files for ECS, in YAML or JSON: which task definition a deployment brings.

use crate::AwsError;
use serde_json::Value;
use subject::Digest;

/// The largest AppSpec content that is read.
const LIMIT: usize = 100 << 10;

/// What an AppSpec says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AppSpec {
    pub(super) task_definition: String,
    pub(super) container: String,
    pub(super) port: u64,
}

/// Reads the `revision` of a deployment.
pub(super) fn read(revision: &Value) -> Result<AppSpec, AwsError> {
    let content = match revision["revisionType"].as_str() {
        Some("AppSpecContent") => &revision["appSpecContent"],
        Some("String") => &revision["string"],
        Some(other) => return Err(AwsError::not_here(&format!("a revision of type {other}"))),
        None => return Err(AwsError::client("RevisionRequiredException", "Revision is required.")),
    };
    let text = content["content"].as_str().ok_or_else(|| invalid("the AppSpec has no content"))?;
    if text.len() > LIMIT {
        return Err(invalid("the AppSpec is too large"));
    }
    if let Some(promised) = content["sha256"].as_str()
        && promised != Digest::of(text.as_bytes()).hex()
    {
        return Err(invalid("the AppSpec's content does not have the SHA-256 hash that was given"));
    }
    parse(text)
}

fn parse(text: &str) -> Result<AppSpec, AwsError> {
    let document: Value =
        serde_yaml::from_str(text).map_err(|error| invalid(&format!("the AppSpec cannot be read: {error}")))?;
    // Members are written with or without capitals.
    let member = |value: &Value, name: &str| {
        let object = value.as_object();
        let found = object.and_then(|object| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)));
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let hooks = member(&document, "hooks");
    if hooks.as_array().is_some_and(|hooks| !hooks.is_empty()) {
        return Err(AwsError::not_here("an AppSpec with Hooks, which are Lambda functions"));
    }
    let resources = member(&document, "resources");
    let [target] = resources.as_array().map(Vec::as_slice).unwrap_or_default() else {
        return Err(invalid("an AppSpec for ECS has exactly one resource"));
    };
    let service = member(target, "TargetService");
    if member(&service, "type") != "AWS::ECS::Service" {
        return Err(invalid("the resource's Type must be AWS::ECS::Service"));
    }
    let properties = member(&service, "properties");
    let balancer = member(&properties, "LoadBalancerInfo");
    let text = |value: &Value, name: &str| {
        let found = member(value, name);
        found.as_str().map(str::to_owned).ok_or_else(|| invalid(&format!("{name} is missing")))
    };
    Ok(AppSpec {
        task_definition: text(&properties, "TaskDefinition")?,
        container: text(&balancer, "ContainerName")?,
        port: member(&balancer, "ContainerPort").as_u64().ok_or_else(|| invalid("ContainerPort is missing"))?,
    })
}

fn invalid(what: &str) -> AwsError {
    AwsError::client("InvalidRevisionException", format!("The revision is invalid: {what}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const YAML: &str = "version: 0.0\nResources:\n  - TargetService:\n      Type: AWS::ECS::Service\n      Properties:\n        TaskDefinition: arn:td:2\n        LoadBalancerInfo:\n          ContainerName: web\n          ContainerPort: 8080\n";

    #[test]
    fn yaml_and_json_say_the_same() {
        let json = json!({"version": 1, "resources": [{"TargetService": {"type": "AWS::ECS::Service", "properties": {
            "taskDefinition": "arn:td:2", "loadBalancerInfo": {"containerName": "web", "containerPort": 8080}}}}]});
        let expected = AppSpec { task_definition: "arn:td:2".to_owned(), container: "web".to_owned(), port: 8080 };
        assert_eq!(parse(YAML).unwrap(), expected);
        assert_eq!(parse(&json.to_string()).unwrap(), expected);
    }

    #[test]
    fn what_is_missing_wrong_or_not_what_was_promised_is_an_invalid_revision() {
        let revision =
            |content: &str| json!({"revisionType": "AppSpecContent", "appSpecContent": {"content": content}});
        for wrong in [
            "",
            "[",
            "Resources: []",
            "a: 1",
            &YAML.replace("ECS::Service", "Lambda::Function"),
            &YAML.replace("8080", "x"),
        ] {
            assert_eq!(read(&revision(wrong)).unwrap_err().code, "InvalidRevisionException", "{wrong}");
        }
        let mut promised = revision(YAML);
        promised["appSpecContent"]["sha256"] = Digest::of(YAML.as_bytes()).hex().into();
        assert!(read(&promised).is_ok());
        promised["appSpecContent"]["sha256"] = Digest::of(b"another").hex().into();
        assert_eq!(read(&promised).unwrap_err().code, "InvalidRevisionException");
        assert_eq!(read(&json!({})).unwrap_err().code, "RevisionRequiredException");
        let hooks = format!("{YAML}Hooks:\n  - BeforeInstall: f\n");
        assert_eq!(read(&revision(&hooks)).unwrap_err().code, "NotImplemented");
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "[ -~\\n]{0,200}") {
            let _ = parse(&text);
        }
    }
}
