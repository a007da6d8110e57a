//! The load balancer of an environment: a target group and a listener, or what traffic is shifted with – a second target
//! group, a production rule that forwards to both, and a test listener.

use crate::{AwsError, Cloud, Form, elb};
use serde_json::{Value, json};
use std::sync::Arc;

/// What stands before a service.
pub(super) struct Front {
    pub(super) balancer: String,
    pub(super) group: String,
    pub(super) listener: String,
    pub(super) second: Option<Second>,
}

/// What traffic is shifted with.
pub(super) struct Second {
    pub(super) group: String,
    production_rule: String,
    test_listener: String,
    test_rule: String,
}

impl Front {
    /// What the service has to be told besides its first target group.
    pub(super) fn advanced_configuration(&self) -> Option<Value> {
        let second = self.second.as_ref()?;
        Some(json!({
            "alternateTargetGroupArn": second.group,
            "productionListenerRule": second.production_rule,
            "testListenerRule": second.test_rule,
            "roleArn": format!("arn:aws:iam::{}:role/ecsInfrastructureRole", crate::Place::ACCOUNT),
        }))
    }

    /// Where everything is, for the caller.
    pub(super) fn describe(&self, cloud: &Cloud) -> Result<Value, AwsError> {
        let rooms = cloud.elb.rooms();
        let (group, balancer) = (rooms.group(&self.group)?, rooms.balancer(&self.balancer)?);
        let mut front = json!({
            "url": format!("http://127.0.0.1:{}", balancer.port),
            "target_group_arn": self.group,
            "load_balancer_arn": self.balancer,
            "listener_arn": self.listener,
            "cloudwatch_dimensions": {"LoadBalancer": balancer.dimension(), "TargetGroup": group.dimension()},
        });
        if let Some(second) = &self.second {
            let test = rooms.listener(&second.test_listener).map(|listener| listener.real_port);
            front["alternate_target_group_arn"] = second.group.clone().into();
            front["production_rule_arn"] = second.production_rule.clone().into();
            front["test_listener_arn"] = second.test_listener.clone().into();
            front["test_rule_arn"] = second.test_rule.clone().into();
            front["test_url"] = test.map(|port| format!("http://127.0.0.1:{port}")).into();
        }
        Ok(front)
    }
}

/// How the target groups look.
pub(super) struct Shape<'a> {
    /// At most 32 characters.
    pub(super) name: &'a str,
    pub(super) port: u16,
    pub(super) health_check_path: &'a str,
    pub(super) target_groups: usize,
}

/// Builds it through the operations a caller would use.
pub(super) async fn build(cloud: &Arc<Cloud>, shape: &Shape<'_>) -> Result<Front, AwsError> {
    let group = target_group(cloud, shape, shape.name).await?;
    elb::call(cloud, &Form::of("CreateLoadBalancer", &[("Name", shape.name)])).await?;
    let balancer = {
        let rooms = cloud.elb.rooms();
        rooms
            .balancers
            .iter()
            .find(|balancer| balancer.name == shape.name)
            .map(|one| one.arn.clone())
            .ok_or_else(lost)?
    };
    if shape.target_groups < 2 {
        let listener = listener(cloud, &balancer, "80", &[(&group, "1")]).await?;
        return Ok(Front { balancer, group, listener, second: None });
    }
    let other = target_group(cloud, shape, &format!("{}-b", &shape.name[..shape.name.len().min(30)])).await?;
    let both = [(group.as_str(), "1"), (other.as_str(), "0")];
    let listener_arn = listener(cloud, &balancer, "80", &both).await?;
    let test_listener = listener(cloud, &balancer, "9001", &both).await?;
    let production_rule = rule(cloud, &listener_arn, &both).await?;
    let test_rule = rule(cloud, &test_listener, &both).await?;
    let second = Second { group: other, production_rule, test_listener, test_rule };
    Ok(Front { balancer, group, listener: listener_arn, second: Some(second) })
}

async fn target_group(cloud: &Arc<Cloud>, shape: &Shape<'_>, name: &str) -> Result<String, AwsError> {
    let fields = [
        ("Name", name),
        ("Protocol", "HTTP"),
        ("Port", &shape.port.to_string()),
        ("TargetType", "ip"),
        ("HealthCheckPath", shape.health_check_path),
        ("HealthCheckIntervalSeconds", "1"),
        ("HealthCheckTimeoutSeconds", "2"),
        ("HealthyThresholdCount", "2"),
        ("UnhealthyThresholdCount", "2"),
    ];
    elb::call(cloud, &Form::of("CreateTargetGroup", &fields)).await?;
    let rooms = cloud.elb.rooms();
    rooms.groups.iter().find(|group| group.name == name).map(|group| group.arn.clone()).ok_or_else(lost)
}

async fn listener(
    cloud: &Arc<Cloud>,
    balancer: &str,
    port: &str,
    forward: &[(&str, &str)],
) -> Result<String, AwsError> {
    let mut fields = actions("DefaultActions", forward);
    fields.extend([("LoadBalancerArn", balancer), ("Protocol", "HTTP"), ("Port", port)].map(owned));
    elb::call(cloud, &Form::parse(encoded("CreateListener", &fields).as_bytes())).await?;
    let rooms = cloud.elb.rooms();
    let made = rooms.listeners.iter().rfind(|listener| listener.balancer_arn == balancer);
    made.map(|listener| listener.arn.clone()).ok_or_else(lost)
}

/// A rule for every path: default rules cannot be modified as rules.
async fn rule(cloud: &Arc<Cloud>, listener: &str, forward: &[(&str, &str)]) -> Result<String, AwsError> {
    let mut fields = actions("Actions", forward);
    fields.extend(
        [
            ("ListenerArn", listener),
            ("Priority", "1"),
            ("Conditions.member.1.Field", "path-pattern"),
            ("Conditions.member.1.PathPatternConfig.Values.member.1", "*"),
        ]
        .map(owned),
    );
    elb::call(cloud, &Form::parse(encoded("CreateRule", &fields).as_bytes())).await?;
    let rooms = cloud.elb.rooms();
    let made = rooms.listener(listener).and_then(|listener| listener.rules.first());
    made.map(|rule| rule.arn.clone()).ok_or_else(lost)
}

/// One action that forwards to these groups with these weights.
fn actions(name: &str, forward: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields = vec![(format!("{name}.member.1.Type"), "forward".to_owned())];
    for (place, (group, weight)) in forward.iter().enumerate() {
        let prefix = format!("{name}.member.1.ForwardConfig.TargetGroups.member.{}", place + 1);
        fields.push((format!("{prefix}.TargetGroupArn"), (*group).to_owned()));
        fields.push((format!("{prefix}.Weight"), (*weight).to_owned()));
    }
    fields
}

fn encoded(action: &str, fields: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).append_pair("Action", action).extend_pairs(fields).finish()
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn lost() -> AwsError {
    AwsError::internal("what was just made is gone")
}
