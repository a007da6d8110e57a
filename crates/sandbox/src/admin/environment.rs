//! A whole environment in one call: cluster, target group, load balancer, listener, task definition and service, through
//! the same operations a caller would use.

use super::balancer::{self, Shape};
use crate::{AwsError, Cloud, codedeploy, ecs};
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
    /// `CODE_DEPLOY` leaves deployments to CodeDeploy, with an application and a deployment group named as the console does.
    #[serde(default)]
    deployment_controller: Controller,
}

/// Who makes the service's deployments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Controller {
    #[default]
    Ecs,
    CodeDeploy,
}

impl Controller {
    fn word(self) -> &'static str {
        match self {
            Self::Ecs => "ECS",
            Self::CodeDeploy => "CODE_DEPLOY",
        }
    }
}

impl Wanted {
    fn target_groups(&self) -> usize {
        let strategy = self.deployment_configuration.as_ref().map(|configuration| configuration["strategy"].clone());
        let rolls = strategy.is_none_or(|strategy| strategy.is_null() || strategy == "ROLLING");
        let shifts = !rolls || self.deployment_controller == Controller::CodeDeploy;
        if self.second_target_group || shifts { 2 } else { 1 }
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
    let by_code_deploy = wanted.deployment_controller == Controller::CodeDeploy;
    if let Some(advanced) = front.advanced_configuration().filter(|_| !by_code_deploy) {
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
            "deploymentController": {"type": wanted.deployment_controller.word()},
        }),
    )?;
    let mut built = front.describe(cloud)?;
    built["service_arn"] = service["service"]["serviceArn"].clone();
    built["task_definition_arn"] = definition_arn;
    if by_code_deploy {
        let (application, group) = deployment_group(cloud, wanted, &built)?;
        built["application_name"] = application.into();
        built["deployment_group_name"] = group.into();
    }
    Ok(built)
}

/// An application and a deployment group that takes failures and stops back; their names.
fn deployment_group(cloud: &Arc<Cloud>, wanted: &Wanted, built: &Value) -> Result<(String, String), AwsError> {
    let named = |prefix: &str| format!("{prefix}-{}-{}", wanted.cluster, wanted.service);
    let (application, group) = (named("AppECS"), named("DgpECS"));
    let target_groups: Vec<Value> = {
        let rooms = cloud.elb.rooms();
        let arns = [&built["target_group_arn"], &built["alternate_target_group_arn"]];
        let name = |arn: &Value| rooms.group(arn.as_str().unwrap_or_default()).map(|group| json!({"name": group.name}));
        arns.into_iter().map(name).collect::<Result<_, _>>()?
    };
    codedeploy::call(cloud, "CreateApplication", &json!({"applicationName": application, "computePlatform": "ECS"}))?;
    codedeploy::call(
        cloud,
        "CreateDeploymentGroup",
        &json!({
            "applicationName": application,
            "deploymentGroupName": group,
            "serviceRoleArn": format!("arn:aws:iam::{}:role/ecsCodeDeployRole", crate::Place::ACCOUNT),
            "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            "ecsServices": [{"clusterName": wanted.cluster, "serviceName": wanted.service}],
            "loadBalancerInfo": {"targetGroupPairInfoList": [{
                "targetGroups": target_groups,
                "prodTrafficRoute": {"listenerArns": [built["listener_arn"]]},
                "testTrafficRoute": {"listenerArns": [built["test_listener_arn"]]},
            }]},
            "autoRollbackConfiguration": {"enabled": true, "events": [
                "DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST",
            ]},
            "blueGreenDeploymentConfiguration": {
                "terminateBlueInstancesOnDeploymentSuccess": {
                    "action": "TERMINATE", "terminationWaitTimeInMinutes": 5,
                },
                "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0},
            },
        }),
    )?;
    Ok((application, group))
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
