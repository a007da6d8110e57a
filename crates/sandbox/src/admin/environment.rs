//! A whole environment in one call: cluster, target group, load balancer, listener, task definition and service, through
//! the same operations a caller would use.

use super::balancer::{self, Shape};
use crate::{AwsError, Cloud, ecs};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// What is wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    cluster: String,
    service: String,
    image: String,
    container_port: u16,
    #[serde(default = "root")]
    health_check_path: String,
    #[serde(default = "two")]
    desired_count: u32,
    /// Variables of the container.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// ECS's own `deploymentConfiguration`; the default has the circuit breaker on, with rollback.
    #[serde(default)]
    deployment_configuration: Option<Value>,
    /// With a second target group, a production rule that forwards to both and a test listener. A strategy that shifts
    /// traffic always has them.
    #[serde(default)]
    second_target_group: bool,
}

impl Wanted {
    fn target_groups(&self) -> usize {
        let strategy = self.deployment_configuration.as_ref().map(|configuration| configuration["strategy"].clone());
        let rolls = strategy.is_none_or(|strategy| strategy.is_null() || strategy == "ROLLING");
        if self.second_target_group || !rolls { 2 } else { 1 }
    }
}

fn root() -> String {
    "/".to_owned()
}

fn two() -> u32 {
    2
}

/// Builds it and waits for nothing.
pub(super) async fn build(cloud: &Arc<Cloud>, wanted: &Wanted) -> Result<Value, AwsError> {
    if ecs::truth(cloud, &wanted.cluster, &wanted.service).is_some() {
        return Err(AwsError::client("InvalidParameterException", "Creation of service was not idempotent."));
    }
    // Names are at most 32 characters; the end is what tells long ones apart.
    let name = format!("{}-{}", wanted.cluster, wanted.service);
    let shape = Shape {
        name: name.get(name.len().saturating_sub(32)..).unwrap_or_default().trim_matches('-'),
        port: wanted.container_port,
        health_check_path: &wanted.health_check_path,
        target_groups: wanted.target_groups(),
    };
    let front = balancer::build(cloud, &shape).await?;
    ecs::call(cloud, "CreateCluster", &json!({"clusterName": wanted.cluster}))?;
    let definition = ecs::call(cloud, "RegisterTaskDefinition", &task_definition(wanted))?;
    let definition_arn = definition["taskDefinition"]["taskDefinitionArn"].clone();
    let breaker = json!({"deploymentCircuitBreaker": {"enable": true, "rollback": true}});
    let mut target = json!({
        "targetGroupArn": front.group, "containerName": wanted.service, "containerPort": wanted.container_port,
    });
    if let Some(advanced) = front.advanced_configuration() {
        target["advancedConfiguration"] = advanced;
    }
    let service = ecs::call(
        cloud,
        "CreateService",
        &json!({
            "cluster": wanted.cluster,
            "serviceName": wanted.service,
            "taskDefinition": definition_arn,
            "desiredCount": wanted.desired_count,
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-sandbox"], "assignPublicIp": "DISABLED"}},
            "deploymentConfiguration": wanted.deployment_configuration.clone().unwrap_or(breaker),
            "loadBalancers": [target],
        }),
    )?;
    let mut built = front.describe(cloud)?;
    built["service_arn"] = service["service"]["serviceArn"].clone();
    built["task_definition_arn"] = definition_arn;
    Ok(built)
}

fn task_definition(wanted: &Wanted) -> Value {
    let env: Vec<Value> = wanted.env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    json!({
        "family": wanted.service,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{
            "name": wanted.service,
            "image": wanted.image,
            "essential": true,
            "portMappings": [{"containerPort": wanted.container_port, "protocol": "tcp"}],
            "environment": env,
            "stopTimeout": 5,
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": format!("/ecs/{}/{}", wanted.cluster, wanted.service),
                    "awslogs-region": crate::Place::REGION,
                    "awslogs-stream-prefix": "ecs",
                },
            },
        }],
    })
}
