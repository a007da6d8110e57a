//! A deployment group: the service, its load balancer, and how deployments go.

use crate::{
    AwsError, Cloud,
    ecs::{OnFailure, task_sets},
    wire::Input,
};
use serde_json::{Map, Value};

/// A deployment group.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) id: String,
    /// The members of `CreateDeploymentGroup` as they came.
    pub(super) members: Map<String, Value>,
    pub(super) cluster: String,
    pub(super) service: String,
    pub(super) config: String,
    /// The names of the two target groups.
    groups: [String; 2],
    production_listener: String,
    test_listener: Option<String>,
}

/// Where traffic is shifted, in ARNs.
pub(super) struct Route {
    pub(super) groups: [String; 2],
    pub(super) production_rule: String,
    pub(super) test_rule: Option<String>,
}

impl Group {
    /// Reads the input of `CreateDeploymentGroup`.
    pub(super) fn read(cloud: &Cloud, input: Input<'_>) -> Result<Self, AwsError> {
        input
            .text("serviceRoleArn")
            .ok_or_else(|| AwsError::client("RoleRequiredException", "The role is required."))?;
        let style = input.value("deploymentStyle");
        if style.is_none_or(|style| {
            style["deploymentType"] != "BLUE_GREEN" || style["deploymentOption"] != "WITH_TRAFFIC_CONTROL"
        }) {
            let message = "For ECS deployment group, deployment type must be BLUE_GREEN WITH_TRAFFIC_CONTROL";
            return Err(AwsError::client("InvalidDeploymentStyleException", message));
        }
        let invalid_service = |message: String| AwsError::client("InvalidECSServiceException", message);
        let [ecs] = input.list("ecsServices") else {
            return Err(invalid_service("A deployment group has exactly one ECS service here.".to_owned()));
        };
        let ecs = Input::new(ecs);
        let (cluster, service) =
            (ecs.text("clusterName").unwrap_or("default"), ecs.text("serviceName").unwrap_or_default());
        task_sets::check(cloud, cluster, service).map_err(invalid_service)?;
        let pairs = input.value("loadBalancerInfo").map(Input::new).map(|info| info.list("targetGroupPairInfoList"));
        let [pair] = pairs.unwrap_or_default() else { return Err(invalid_pair("exactly one target group pair")) };
        let names: Vec<String> = Input::new(pair)
            .list("targetGroups")
            .iter()
            .filter_map(|group| group["name"].as_str().map(str::to_owned))
            .collect();
        let groups: [String; 2] = names.try_into().map_err(|_| invalid_pair("two target groups"))?;
        let listener = |route: &str| pair[route]["listenerArns"][0].as_str().map(str::to_owned);
        let group = Self {
            id: uuid::Uuid::new_v4().to_string(),
            members: input.members().cloned().unwrap_or_default(),
            cluster: cluster.to_owned(),
            service: service.to_owned(),
            config: input.text("deploymentConfigName").unwrap_or("CodeDeployDefault.ECSAllAtOnce").to_owned(),
            groups,
            production_listener: listener("prodTrafficRoute").ok_or_else(|| invalid_pair("a production listener"))?,
            test_listener: listener("testTrafficRoute"),
        };
        group.route(cloud).map(|_| group)
    }

    /// The target groups and the rules that traffic comes by: in each listener the first that forwards to one of them.
    pub(super) fn route(&self, cloud: &Cloud) -> Result<Route, AwsError> {
        let rooms = cloud.elb.rooms();
        let arn = |name: &String| {
            let found = rooms.groups.iter().find(|group| group.name == *name).map(|group| group.arn.clone());
            found.ok_or_else(|| invalid_pair("target groups that exist"))
        };
        let groups = [arn(&self.groups[0])?, arn(&self.groups[1])?];
        let rule = |listener: &str| {
            let rules = rooms.listener(listener).map(|listener| &listener.rules);
            let uses = |group: &String| groups.contains(group);
            let found = rules.into_iter().flatten().find(|rule| rule.forward().iter().any(|(group, _)| uses(group)));
            found
                .map(|rule| rule.arn.clone())
                .ok_or_else(|| invalid_pair("listeners that forward to its target groups"))
        };
        let production_rule = rule(&self.production_listener)?;
        let test_rule = self.test_listener.as_deref().map(rule).transpose()?;
        Ok(Route { groups, production_rule, test_rule })
    }

    /// How many minutes a deployment waits for somebody to let traffic over.
    pub(super) fn ready_minutes(&self) -> Option<u32> {
        let option = &self.part("blueGreenDeploymentConfiguration")["deploymentReadyOption"];
        let waits = option["actionOnTimeout"] == "STOP_DEPLOYMENT";
        waits.then(|| Input::new(option).count("waitTimeInMinutes").ok().flatten().unwrap_or(0))
    }

    /// How many minutes blue is kept.
    pub(super) fn termination_minutes(&self) -> u32 {
        let option = &self.part("blueGreenDeploymentConfiguration")["terminateBlueInstancesOnDeploymentSuccess"];
        Input::new(option).count("terminationWaitTimeInMinutes").ok().flatten().unwrap_or(0)
    }

    /// A structure among the members, empty where it is missing.
    pub(super) fn part(&self, name: &str) -> Value {
        self.members.get(name).cloned().unwrap_or_default()
    }
}

/// The alarms of an `alarmConfiguration` that is switched on.
pub(super) fn alarms(configuration: &Value) -> Vec<String> {
    let alarms = Input::new(configuration);
    let names = alarms.list("alarms").iter().filter_map(|alarm| alarm["name"].as_str().map(str::to_owned));
    if alarms.flag("enabled") { names.collect() } else { Vec::new() }
}

/// Whether an `autoRollbackConfiguration` takes a deployment back after that event.
pub(super) fn after(configuration: &Value, event: &str) -> OnFailure {
    let rollback = Input::new(configuration);
    let takes_back = rollback.flag("enabled") && rollback.texts("events").contains(&event);
    if takes_back { OnFailure::GoBack } else { OnFailure::StayPut }
}

fn invalid_pair(needed: &str) -> AwsError {
    AwsError::client("InvalidTargetGroupPairException", format!("An ECS deployment group needs {needed}."))
}
