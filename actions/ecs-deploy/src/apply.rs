//! Writing to ECS: the only place that changes anything.

use crate::{identity::OwnArn, model::Service, observe::Ecs};
use aws::AwsError;
use serde_json::{Map, Value, json};

impl Ecs {
    /// Registers a task definition; gives its ARN.
    ///
    /// # Errors
    /// Whatever ECS answers; nothing of the service is changed by this call.
    pub(crate) async fn register(&self, registration: &Value) -> Result<String, AwsError> {
        let answer = self.call("RegisterTaskDefinition", registration.clone()).await?;
        Ok(answer["taskDefinition"]["taskDefinitionArn"].as_str().unwrap_or_default().to_owned())
    }

    /// Gives a resource a tag, in place of one with the same key.
    ///
    /// # Errors
    /// Whatever ECS answers.
    pub(crate) async fn tag(&self, arn: &str, tag: &Value) -> Result<(), AwsError> {
        self.call("TagResource", json!({"resourceArn": arn, "tags": [tag]})).await.map(drop)
    }

    /// Begins a deployment of `task_definition`, with whatever else is to change in the same call and nothing more.
    ///
    /// # Errors
    /// Whatever ECS answers.
    pub(crate) async fn update(
        &self,
        task_definition: &str,
        changes: &Map<String, Value>,
    ) -> Result<Service, AwsError> {
        let mut input = json!({"cluster": self.cluster, "service": self.service, "taskDefinition": task_definition});
        if let Value::Object(input) = &mut input {
            input.extend(changes.clone());
        }
        let mut answer = self.call("UpdateService", input).await?;
        serde_json::from_value(answer["service"].take()).map_err(|error| AwsError {
            service: "ecs",
            operation: "UpdateService".to_owned(),
            code: "MalformedAnswer".to_owned(),
            message: error.to_string(),
            request_id: None,
            status: None,
        })
    }

    /// Has ECS take our deployment back. One that has ended in the meantime is no error: its end will be read.
    ///
    /// # Errors
    /// Whatever else ECS answers.
    pub(crate) async fn take_back(&self, own: &OwnArn) -> Result<(), AwsError> {
        let input = json!({"serviceDeploymentArn": own.as_str(), "stopType": "ROLLBACK"});
        match self.call("StopServiceDeployment", input).await {
            Ok(_) => Ok(()),
            Err(error) if error.code == "ConflictException" => Ok(()),
            Err(error) => Err(error),
        }
    }
}
