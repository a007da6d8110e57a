//! A whole environment in one call: cluster, target group, load balancer, listener, task definition and service, through
//! the same operations a caller would use.

use crate::{AwsError, Cloud, Form, ecs, elb};
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
    let (group_arn, balancer_arn) = load_balancer(cloud, wanted).await?;
    ecs::call(cloud, "CreateCluster", &json!({"clusterName": wanted.cluster}))?;
    let definition = ecs::call(cloud, "RegisterTaskDefinition", &task_definition(wanted))?;
    let definition_arn = definition["taskDefinition"]["taskDefinitionArn"].clone();
    let breaker = json!({"deploymentCircuitBreaker": {"enable": true, "rollback": true}});
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
            "loadBalancers": [
                {"targetGroupArn": group_arn, "containerName": wanted.service, "containerPort": wanted.container_port},
            ],
        }),
    )?;
    let rooms = cloud.elb.rooms();
    let (group, balancer) = (rooms.group(&group_arn)?, rooms.balancer(&balancer_arn)?);
    Ok(json!({
        "url": format!("http://127.0.0.1:{}", balancer.port),
        "target_group_arn": group_arn,
        "load_balancer_arn": balancer_arn,
        "service_arn": service["service"]["serviceArn"],
        "task_definition_arn": definition_arn,
        "cloudwatch_dimensions": {"LoadBalancer": balancer.dimension(), "TargetGroup": group.dimension()},
    }))
}

/// A target group and a load balancer with one listener; their ARNs.
async fn load_balancer(cloud: &Arc<Cloud>, wanted: &Wanted) -> Result<(String, String), AwsError> {
    // Names are at most 32 characters; the end is what tells long ones apart.
    let name = format!("{}-{}", wanted.cluster, wanted.service);
    let name = name.get(name.len().saturating_sub(32)..).unwrap_or_default().trim_matches('-');
    let port = wanted.container_port.to_string();
    let ask = async |action: &str, fields: &[(&str, &str)]| elb::call(cloud, &Form::of(action, fields)).await;
    ask(
        "CreateTargetGroup",
        &[
            ("Name", name),
            ("Protocol", "HTTP"),
            ("Port", &port),
            ("TargetType", "ip"),
            ("HealthCheckPath", &wanted.health_check_path),
            ("HealthCheckIntervalSeconds", "1"),
            ("HealthCheckTimeoutSeconds", "2"),
            ("HealthyThresholdCount", "2"),
            ("UnhealthyThresholdCount", "2"),
        ],
    )
    .await?;
    ask("CreateLoadBalancer", &[("Name", name)]).await?;
    let (group, balancer) = {
        let rooms = cloud.elb.rooms();
        let group = rooms.groups.iter().find(|group| group.name == name).map(|group| group.arn.clone());
        let balancer = rooms.balancers.iter().find(|balancer| balancer.name == name).map(|one| one.arn.clone());
        let lost = || AwsError::internal("what was just made is gone");
        (group.ok_or_else(lost)?, balancer.ok_or_else(lost)?)
    };
    ask(
        "CreateListener",
        &[
            ("LoadBalancerArn", &balancer),
            ("Protocol", "HTTP"),
            ("Port", "80"),
            ("DefaultActions.member.1.Type", "forward"),
            ("DefaultActions.member.1.TargetGroupArn", &group),
        ],
    )
    .await?;
    Ok((group, balancer))
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
