//! Which permissions a call needs, from the service authorization reference.

use super::Needed;
use crate::{Cloud, Form, codedeploy, ecs, wire::Input, wire::Protocol};
use serde_json::Value;

/// A call, before it is carried out.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// IAM's prefix of the service, such as `ecs`.
    pub(crate) service: &'a str,
    pub(crate) operation: &'a str,
    /// The input of a JSON service.
    pub(crate) input: &'a Value,
    /// The input of a Query service.
    pub(crate) form: &'a Form,
    pub(crate) protocol: Protocol,
}

/// Everything that has to be allowed; nothing for services that IAM does not guard.
pub(super) fn of(cloud: &Cloud, call: &Call<'_>) -> Vec<Needed> {
    let action = format!("{}:{}", call.service, call.operation);
    let input = Input::new(call.input);
    match call.service {
        "ecs" => ecs(cloud, call.operation, &action, input),
        "elasticloadbalancing" => vec![Needed::new(action, load_balancing(call))],
        "cloudwatch" => cloudwatch(cloud, &action, input),
        "logs" => vec![Needed::new(action, log(cloud, call.operation, input))],
        "codedeploy" => code_deploy(cloud, call.operation, action, input),
        "ecr" => {
            let repository = input.text("repositoryName").map(|name| format!("repository/{name}"));
            let resource = repository.map_or("*".to_owned(), |repository| cloud.place.arn("ecr", &repository));
            vec![Needed::new(action, resource)]
        }
        _ => Vec::new(),
    }
}

fn ecs(cloud: &Cloud, operation: &str, action: &str, input: Input<'_>) -> Vec<Needed> {
    let cluster = ecs::arn::cluster_name(input.text("cluster"));
    let arn = |kind: &str, name: &str| match name.starts_with("arn:") {
        true => name.to_owned(),
        false => cloud.place.arn("ecs", &format!("{kind}/{cluster}/{name}")),
    };
    let cluster_arn = cloud.place.arn("ecs", &format!("cluster/{cluster}"));
    let on = |resource: String| Needed::new(action, resource).with("ecs:cluster", cluster_arn.clone());
    let mut needed: Vec<Needed> = match operation {
        "CreateService" => vec![on(arn("service", input.text("serviceName").unwrap_or_default()))],
        "UpdateService" | "DeleteService" | "ListServiceDeployments" => {
            vec![on(arn("service", input.text("service").unwrap_or_default()))]
        }
        "DescribeServices" => input.texts("services").into_iter().map(|name| on(arn("service", name))).collect(),
        "DescribeTasks" => input.texts("tasks").into_iter().map(|name| on(arn("task", name))).collect(),
        "StopTask" => vec![on(arn("task", input.text("task").unwrap_or_default()))],
        "RunTask" => {
            let definition = input.text("taskDefinition").unwrap_or_default();
            vec![on(if definition.starts_with("arn:") {
                definition.to_owned()
            } else {
                cloud.place.arn("ecs", &format!("task-definition/{definition}"))
            })]
        }
        "DescribeServiceDeployments" => {
            input.texts("serviceDeploymentArns").into_iter().map(|arn| on(arn.to_owned())).collect()
        }
        "DescribeServiceRevisions" => {
            input.texts("serviceRevisionArns").into_iter().map(|arn| on(arn.to_owned())).collect()
        }
        "StopServiceDeployment" | "ContinueServiceDeployment" => {
            vec![on(input.text("serviceDeploymentArn").unwrap_or_default().to_owned())]
        }
        "TagResource" | "UntagResource" | "ListTagsForResource" => {
            vec![Needed::new(action, input.text("resourceArn").unwrap_or_default())]
        }
        // These know no resources, but the cluster as a condition.
        _ => vec![on("*".to_owned())],
    };
    needed.extend(passed_roles(operation, input));
    let tags =
        matches!(operation, "RegisterTaskDefinition" | "RunTask" | "CreateService") && !input.list("tags").is_empty();
    if tags {
        needed.push(Needed::new("ecs:TagResource", tagged(cloud, operation, input, &cluster)));
    }
    needed
}

/// What is tagged while it is made.
fn tagged(cloud: &Cloud, operation: &str, input: Input<'_>, cluster: &str) -> String {
    let text = |name: &str| input.text(name).unwrap_or_default();
    cloud.place.arn(
        "ecs",
        &match operation {
            "RegisterTaskDefinition" => format!("task-definition/{}:1", text("family")),
            "RunTask" => format!("task/{cluster}/new"),
            _ => format!("service/{cluster}/{}", text("serviceName")),
        },
    )
}

/// Roles that are handed over need `iam:PassRole`.
fn passed_roles(operation: &str, input: Input<'_>) -> Vec<Needed> {
    let pass =
        |role: &str, service: &str| Needed::new("iam:PassRole", role).with("iam:PassedToService", service.to_owned());
    let tasks = "ecs-tasks.amazonaws.com";
    let of_task = |holder: Input<'_>| -> Vec<Needed> {
        let roles = ["taskRoleArn", "executionRoleArn"];
        roles.into_iter().filter_map(|member| holder.text(member)).map(|role| pass(role, tasks)).collect()
    };
    match operation {
        "RegisterTaskDefinition" => of_task(input),
        "RunTask" => input.value("overrides").map(|overrides| of_task(Input::new(overrides))).unwrap_or_default(),
        "CreateService" | "UpdateService" => {
            let role = |balancer: &Value| balancer["advancedConfiguration"]["roleArn"].as_str().map(str::to_owned);
            let roles = input.list("loadBalancers").iter().filter_map(role);
            roles.map(|role| pass(&role, "ecs.amazonaws.com")).collect()
        }
        _ => Vec::new(),
    }
}

/// Descriptions know no resources, changes do.
fn load_balancing(call: &Call<'_>) -> String {
    let member = match call.operation {
        "ModifyRule" | "DeleteRule" => "RuleArn",
        "ModifyListener" | "DeleteListener" | "CreateRule" => "ListenerArn",
        "CreateListener" | "DeleteLoadBalancer" => "LoadBalancerArn",
        "RegisterTargets" | "DeregisterTargets" | "DeleteTargetGroup" | "ModifyTargetGroupAttributes" => {
            "TargetGroupArn"
        }
        _ => return "*".to_owned(),
    };
    call.form.get(member).unwrap_or("*").to_owned()
}

fn cloudwatch(cloud: &Cloud, action: &str, input: Input<'_>) -> Vec<Needed> {
    let alarm = |name: &str| Needed::new(action, cloud.place.arn("cloudwatch", &format!("alarm:{name}")));
    match action.rsplit(':').next() {
        Some("DescribeAlarms" | "DeleteAlarms") if !input.texts("AlarmNames").is_empty() => {
            input.texts("AlarmNames").into_iter().map(alarm).collect()
        }
        Some("PutMetricAlarm" | "SetAlarmState" | "DescribeAlarmHistory") => {
            vec![alarm(input.text("AlarmName").unwrap_or("*"))]
        }
        Some("DescribeAlarms") => vec![alarm("*")],
        Some("PutMetricData") => {
            vec![Needed::new(action, "*").with("cloudwatch:namespace", input.text("Namespace").unwrap_or_default())]
        }
        _ => vec![Needed::new(action, "*")],
    }
}

fn log(cloud: &Cloud, operation: &str, input: Input<'_>) -> String {
    let group = input.text("logGroupName").or(input.text("logGroupIdentifier")).unwrap_or("*");
    let group = group.rsplit_once(":log-group:").map_or(group, |(_, name)| name);
    let stream = matches!(operation, "GetLogEvents" | "PutLogEvents").then(|| input.text("logStreamName")).flatten();
    let stream = stream.map(|stream| format!(":log-stream:{stream}")).unwrap_or_default();
    cloud.place.arn("logs", &format!("log-group:{group}{stream}"))
}

fn code_deploy(cloud: &Cloud, operation: &str, action: String, input: Input<'_>) -> Vec<Needed> {
    let arn = |resource: String| cloud.place.arn("codedeploy", &resource);
    let application = input.text("applicationName").unwrap_or("*");
    let group = input.text("deploymentGroupName").unwrap_or("*");
    let of_deployment = || codedeploy::group_of(cloud, input.text("deploymentId").unwrap_or_default());
    let needed = match operation {
        "ListApplications" => Needed::new(action, "*"),
        "GetDeploymentConfig" | "CreateDeploymentConfig" => {
            let config = input.text("deploymentConfigName").unwrap_or("*");
            Needed::new(action, arn(format!("deploymentconfig:{config}")))
        }
        "CreateApplication" | "GetApplication" | "ListDeploymentGroups" => {
            Needed::new(action, arn(format!("application:{application}")))
        }
        _ => {
            let (application, group) = of_deployment().unwrap_or((application.to_owned(), group.to_owned()));
            Needed::new(action, arn(format!("deploymentgroup:{application}/{group}")))
        }
    };
    let mut all = vec![needed];
    if operation == "CreateDeployment" {
        // A revision that comes with the call is registered by it.
        all.push(Needed::new("codedeploy:RegisterApplicationRevision", arn(format!("application:{application}"))));
        let config = input.text("deploymentConfigName").map(str::to_owned);
        let config = config.or_else(|| codedeploy::config_of(cloud, application, group)).unwrap_or("*".to_owned());
        all.push(Needed::new("codedeploy:GetDeploymentConfig", arn(format!("deploymentconfig:{config}"))));
    }
    all
}
