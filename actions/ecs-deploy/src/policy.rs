//! `mode: iam-policy`: the least policy for what the other inputs ask for.
//!
//! It is written from the same settings that a run acts by, without asking anybody.

use crate::{
    inputs::{Engine, Settings},
    outcome::Outcome,
    verdict::Verdict,
};
use github::Runner;
use serde_json::{Value, json};
use subject::Reference;

/// Where things are, as far as it is known; what is not is left to be filled in.
struct Place {
    partition: String,
    region: String,
    account: String,
    cluster: String,
    service: String,
}

/// Prints the policy and leaves it in the report.
#[must_use]
pub(crate) fn write(runner: &Runner, settings: &Settings, image: Option<&Reference>) -> Outcome {
    let region = runner.env("AWS_REGION").or_else(|| runner.env("AWS_DEFAULT_REGION"));
    let policy = policy(settings, region, image);
    format!("{policy:#}").lines().for_each(|line| runner.info(line));
    let outcome = Outcome::new(Verdict::Written, settings, runner.now());
    Outcome { policy: Some(policy), ..outcome }
}

/// The policy of a deployment with these settings, its way back, its post step and its diagnosis.
#[must_use]
pub(crate) fn policy(settings: &Settings, region: Option<&str>, image: Option<&Reference>) -> Value {
    let place = Place::of(settings, region);
    let gated = settings.progress.gate.is_some() && settings.progress.engine == Engine::Ecs;
    let mut services = vec![place.arn("ecs", &format!("service/{}/{}", place.cluster, place.service))];
    let mut statements = Vec::new();
    if let Engine::LoadBalancer { alternate, rule } = &settings.progress.engine {
        services.push(place.arn("ecs", &format!("service/{}/{alternate}", place.cluster)));
        statements.extend(shift(rule));
    }
    let mut actions = vec!["ecs:DescribeServices", "ecs:ListServiceDeployments", "ecs:UpdateService"];
    match &settings.progress.engine {
        Engine::Ecs => {}
        // The weights of before are written on the service that had the traffic.
        Engine::LoadBalancer { .. } => {
            actions.extend(["ecs:ListTagsForResource", "ecs:TagResource", "ecs:UntagResource"]);
        }
        Engine::CodeDeploy { application, group, .. } => {
            actions = vec!["ecs:DescribeServices"];
            statements.extend(code_deploy(&place, application.as_deref(), group.as_deref()));
        }
    }
    actions.sort_unstable();
    statements.push(allow("Service", &actions, &json!(services)));
    if !matches!(settings.progress.engine, Engine::CodeDeploy { .. }) {
        statements.push(deployments(&place, &services, gated));
    }
    statements.extend(tasks(&place));
    statements.extend(definitions(&place));
    statements.extend(images(&place, image));
    let diagnosis =
        ["cloudwatch:DescribeAlarmHistory", "elasticloadbalancing:DescribeTargetHealth", "logs:GetLogEvents"];
    statements.push(allow("Diagnosis", &diagnosis, &json!("*")));
    let mut preflight = vec!["cloudwatch:DescribeAlarms", "logs:DescribeLogGroups"];
    if settings.progress.engine == Engine::Ecs {
        // A service that ECS shifts has a rule, whose weights must agree with what is healthy.
        preflight.insert(1, "elasticloadbalancing:DescribeRules");
    }
    statements.push(allow("Preflight", &preflight, &json!("*")));
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn allow(sid: &str, actions: &[&str], resource: &Value) -> Value {
    json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource})
}

/// Describing has no resource-level permissions; writing has.
fn shift(rule: &str) -> [Value; 2] {
    let listener = rule.contains(":listener/");
    let (read, write) = match listener {
        true => ("elasticloadbalancing:DescribeListeners", "elasticloadbalancing:ModifyListener"),
        false => ("elasticloadbalancing:DescribeRules", "elasticloadbalancing:ModifyRule"),
    };
    [allow("LookAtTheRule", &[read], &json!("*")), allow("MoveItsWeights", &[write], &json!(rule))]
}

/// A deployment by CodeDeploy registers its revision and reads its configuration.
fn code_deploy(place: &Place, application: Option<&str>, group: Option<&str>) -> [Value; 2] {
    let named = |given: Option<&str>, prefix: &str| {
        given.map_or_else(|| format!("{prefix}-{}-{}", place.cluster, place.service), str::to_owned)
    };
    let (application, group) = (named(application, "AppECS"), named(group, "DgpECS"));
    let arn = |resource: String| place.arn("codedeploy", &resource);
    let deployments = ["CreateDeployment", "GetDeployment", "ListDeployments", "StopDeployment"]
        .map(|operation| format!("codedeploy:{operation}"));
    let deployments: Vec<&str> = deployments.iter().map(String::as_str).collect();
    let around = ["codedeploy:GetDeploymentConfig", "codedeploy:RegisterApplicationRevision"];
    [
        allow("CodeDeploy", &deployments, &json!(arn(format!("deploymentgroup:{application}/{group}")))),
        allow(
            "WhatCodeDeployDeploys",
            &around,
            &json!([arn(format!("application:{application}")), arn("deploymentconfig:*".to_owned())]),
        ),
    ]
}

fn deployments(place: &Place, services: &[String], gated: bool) -> Value {
    let mut actions =
        vec!["ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions", "ecs:StopServiceDeployment"];
    if gated {
        actions.insert(0, "ecs:ContinueServiceDeployment");
    }
    let names = services.iter().filter_map(|arn| arn.rsplit('/').next());
    let kinds = |name: &str| {
        ["service-deployment", "service-revision"]
            .map(|kind| place.arn("ecs", &format!("{kind}/{}/{name}/*", place.cluster)))
    };
    allow("Deployments", &actions, &json!(names.flat_map(kinds).collect::<Vec<_>>()))
}

fn tasks(place: &Place) -> [Value; 1] {
    let cluster = place.arn("ecs", &format!("cluster/{}", place.cluster));
    let mut tasks = allow("Tasks", &["ecs:DescribeTasks", "ecs:ListTasks"], &json!("*"));
    tasks["Condition"] = json!({"ArnEquals": {"ecs:cluster": cluster}});
    [tasks]
}

fn definitions(place: &Place) -> [Value; 2] {
    let actions =
        ["ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions", "ecs:RegisterTaskDefinition", "ecs:TagResource"];
    let roles = format!("arn:{}:iam::{}:role/<task and execution role>", place.partition, place.account);
    let mut pass = allow("PassTheTasksRoles", &["iam:PassRole"], &json!(roles));
    pass["Condition"] = json!({"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}});
    [allow("TaskDefinitions", &actions, &json!("*")), pass]
}

fn images(place: &Place, image: Option<&Reference>) -> [Value; 2] {
    let actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
    let path = image.map_or("<the image's repository>", |image| image.repository().path());
    let repository = place.arn("ecr", &format!("repository/{path}"));
    [
        allow("LookForTheImage", &actions, &json!(repository)),
        allow("LogInToTheRegistry", &["ecr:GetAuthorizationToken"], &json!("*")),
    ]
}

impl Place {
    /// From the cluster's ARN where it is one, else from the region.
    fn of(settings: &Settings, region: Option<&str>) -> Self {
        let parts: Vec<&str> = settings.cluster.splitn(6, ':').collect();
        let part = |place: usize| parts.get(place).filter(|_| parts.len() == 6).map(|text| (*text).to_owned());
        Self {
            partition: part(1).unwrap_or_else(|| "aws".to_owned()),
            region: part(3).or(region.map(str::to_owned)).unwrap_or_else(|| "<region>".to_owned()),
            account: part(4).unwrap_or_else(|| "<account>".to_owned()),
            cluster: settings.cluster.rsplit('/').next().unwrap_or_default().to_owned(),
            service: settings.service.clone(),
        }
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition, self.region, self.account)
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
