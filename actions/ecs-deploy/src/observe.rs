//! Reading ECS: each fact by the call that is right about it.

use crate::{
    definition::Definition,
    identity::OwnArn,
    journal::Journal,
    model::{Revision, Service, ServiceDeployment, Status, Task},
};
use aws::{Aws, AwsError, Service as Api};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Pages read at most of any list; a service with more than a thousand tasks or deployments to show is cut there.
const PAGES: usize = 50;

/// Clocks of the runner and of ECS may differ by this many seconds.
const SKEW: i64 = 300;

/// One service, as seen through the API.
#[derive(Debug, Clone)]
pub(crate) struct Ecs {
    /// The connection.
    pub(crate) aws: Aws,
    /// Name or ARN of the cluster.
    pub(crate) cluster: String,
    /// Name of the service.
    pub(crate) service: String,
}

impl Ecs {
    pub(crate) async fn call(&self, operation: &str, input: Value) -> Result<Value, AwsError> {
        self.aws.json(Api::Ecs, operation, &input).await
    }

    /// The service; `None` when there is no such service or cluster.
    ///
    /// # Errors
    /// Whatever else ECS answers.
    pub(crate) async fn service(&self) -> Result<Option<Service>, AwsError> {
        let input = json!({"cluster": self.cluster, "services": [self.service]});
        match self.call("DescribeServices", input).await {
            Ok(mut answer) => Ok(list(&mut answer, "services").into_iter().next()),
            Err(error) if error.code == "ClusterNotFoundException" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The service's deployments of the last 90 days, newest first as ECS lists them, narrowed by `filter`.
    ///
    /// # Errors
    /// Whatever ECS answers.
    pub(crate) async fn deployments(&self, filter: Value) -> Result<Vec<ServiceDeployment>, AwsError> {
        let mut input = json!({"cluster": self.cluster, "service": self.service, "maxResults": 100});
        merge(&mut input, filter);
        self.pages("ListServiceDeployments", input, "serviceDeployments").await
    }

    /// Deployments that have not ended.
    ///
    /// # Errors
    /// Whatever ECS answers.
    pub(crate) async fn in_flight(&self) -> Result<Vec<ServiceDeployment>, AwsError> {
        let open = Status::WORDS.into_iter().filter(|(_, status)| !status.is_terminal());
        let words: Vec<&str> = open.map(|(word, _)| word).collect();
        self.deployments(json!({ "status": words })).await
    }

    /// One service deployment; `None` while it is not visible yet.
    ///
    /// # Errors
    /// Whatever ECS answers.
    pub(crate) async fn deployment(&self, arn: &str) -> Result<Option<ServiceDeployment>, AwsError> {
        match self.call("DescribeServiceDeployments", json!({"serviceDeploymentArns": [arn]})).await {
            Ok(mut answer) => Ok(list(&mut answer, "serviceDeployments").into_iter().next()),
            Err(error) if error.code == "ServiceDeploymentNotFoundException" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The ARN of the deployment a journal tells of; `None` while it is not listed yet.
    ///
    /// # Errors
    /// Whatever ECS answers.
    pub(crate) async fn own(&self, journal: &Journal) -> Result<Option<OwnArn>, AwsError> {
        let Some(id) = &journal.id else { return Ok(None) };
        let listed = self.deployments(json!({"createdAt": {"after": journal.began - SKEW}})).await?;
        Ok(OwnArn::identify(&listed, id, &journal.known_before))
    }

    /// Service revisions, with the digests ECS resolved.
    ///
    /// # Errors
    /// Whatever ECS answers.
    pub(crate) async fn revisions(&self, arns: &[&str]) -> Result<Vec<Revision>, AwsError> {
        let mut revisions = Vec::new();
        for arns in arns.chunks(20) {
            let mut answer = self.call("DescribeServiceRevisions", json!({"serviceRevisionArns": arns})).await?;
            revisions.extend(list(&mut answer, "serviceRevisions"));
        }
        Ok(revisions)
    }

    /// A task definition with its tags.
    ///
    /// # Errors
    /// Whatever ECS answers.
    pub(crate) async fn definition(&self, name: &str) -> Result<Definition, AwsError> {
        let mut answer =
            self.call("DescribeTaskDefinition", json!({"taskDefinition": name, "include": ["TAGS"]})).await?;
        Ok(Definition { document: answer["taskDefinition"].take(), tags: list(&mut answer, "tags") })
    }

    /// The newest active revisions of a family, newest first, at most `most`.
    ///
    /// # Errors
    /// Whatever ECS answers.
    pub(crate) async fn recent(&self, family: &str, most: u32) -> Result<Vec<Definition>, AwsError> {
        let input = json!({"familyPrefix": family, "status": "ACTIVE", "sort": "DESC", "maxResults": most});
        let mut answer = self.call("ListTaskDefinitions", input).await?;
        let mut recent = Vec::new();
        for arn in list::<String>(&mut answer, "taskDefinitionArns").iter().take(most as usize) {
            recent.push(self.definition(arn).await?);
        }
        Ok(recent)
    }

    /// The running tasks a deployment started.
    ///
    /// # Errors
    /// Whatever ECS answers.
    pub(crate) async fn running(&self, deployment: &str) -> Result<Vec<Task>, AwsError> {
        // Without a deployment there is no filter, and every task of the cluster would count as one of ours.
        if deployment.is_empty() {
            return Ok(Vec::new());
        }
        // `startedBy` must be the only filter.
        let arns = self.task_arns(json!({ "startedBy": deployment })).await?;
        self.tasks(&arns).await
    }

    /// The ARNs of the service's stopped tasks; ECS forgets them after an hour.
    ///
    /// # Errors
    /// Whatever ECS answers.
    pub(crate) async fn stopped(&self) -> Result<Vec<String>, AwsError> {
        self.task_arns(json!({"serviceName": self.service, "desiredStatus": "STOPPED"})).await
    }

    async fn task_arns(&self, filter: Value) -> Result<Vec<String>, AwsError> {
        let mut input = json!({ "cluster": self.cluster });
        merge(&mut input, filter);
        self.pages("ListTasks", input, "taskArns").await
    }

    /// Tasks by ARN.
    ///
    /// # Errors
    /// Whatever ECS answers.
    pub(crate) async fn tasks(&self, arns: &[String]) -> Result<Vec<Task>, AwsError> {
        let mut tasks = Vec::new();
        for arns in arns.chunks(100) {
            let mut answer = self.call("DescribeTasks", json!({"cluster": self.cluster, "tasks": arns})).await?;
            tasks.extend(list(&mut answer, "tasks"));
        }
        Ok(tasks)
    }

    async fn pages<T: DeserializeOwned>(&self, operation: &str, input: Value, name: &str) -> Result<Vec<T>, AwsError> {
        let (mut all, mut token) = (Vec::new(), Value::Null);
        for _ in 0..PAGES {
            let mut input = input.clone();
            if token.is_string() {
                input["nextToken"] = token;
            }
            let mut answer = self.call(operation, input).await?;
            all.extend(list(&mut answer, name));
            token = answer["nextToken"].take();
            if !token.is_string() {
                break;
            }
        }
        Ok(all)
    }
}

/// The entries of a list that have the form expected; one that has not is as good as absent.
fn list<T: DeserializeOwned>(answer: &mut Value, name: &str) -> Vec<T> {
    let Value::Array(entries) = answer[name].take() else { return Vec::new() };
    entries.into_iter().filter_map(|entry| serde_json::from_value(entry).ok()).collect()
}

fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}
