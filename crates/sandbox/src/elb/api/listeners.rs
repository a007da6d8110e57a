//! `CreateListener`, `DescribeListeners`, `DescribeRules`.

use super::{describe, fresh_id, number, required};
use crate::{
    AwsError, Cloud, Form,
    elb::{Listener, proxy},
    wire::Xml,
};
use std::sync::Arc;

/// Makes a listener. A load balancer's first listener stands at the load balancer's own port; each further one gets a
/// port of its own, the one asked for when that is free.
pub(super) async fn create(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let balancer_arn = required(form, "LoadBalancerArn")?;
    if let Some(protocol) = form.get("Protocol").filter(|protocol| *protocol != "HTTP") {
        return Err(AwsError::not_here(&format!("CreateListener with Protocol={protocol}")));
    }
    let port = number(form, "Port", 80)?;
    let forward = forward(form)?;
    let first = {
        let rooms = cloud.elb.rooms();
        let balancer = rooms.balancer(balancer_arn)?;
        for (group, _) in &forward {
            rooms.group(group)?;
        }
        let mut others = rooms.listeners.iter().filter(|listener| listener.balancer_arn == balancer_arn).peekable();
        let first = others.peek().is_none().then_some(balancer.port);
        if others.any(|listener| listener.port == port) {
            let message = "A listener already exists on this port for this load balancer";
            return Err(AwsError::client("DuplicateListener", message));
        }
        first
    };
    let real_port = match first {
        Some(port) => port,
        None => proxy::open(cloud, port).await.map_err(AwsError::internal)?,
    };
    let id = fresh_id();
    let arn = format!("{}/{id}", balancer_arn.replacen(":loadbalancer/", ":listener/", 1));
    let rule_arn = format!("{}/{}", arn.replacen(":listener/", ":listener-rule/", 1), fresh_id());
    let listener = Listener { arn, rule_arn, balancer_arn: balancer_arn.to_owned(), port, real_port, forward };
    let answer = describe::listener(&listener);
    cloud.elb.rooms().listeners.push(listener);
    Ok(Xml::new().list("Listeners", [answer]))
}

/// The target groups and weights of the one action, which has to be a forward.
fn forward(form: &Form) -> Result<Vec<(String, u32)>, AwsError> {
    let actions = form.structures("DefaultActions");
    let [action] = actions.as_slice() else {
        return Err(AwsError::client("ValidationError", "one default action is required"));
    };
    if action.get("Type") != Some("forward") {
        let kind = action.get("Type").unwrap_or("none");
        return Err(AwsError::not_here(&format!("CreateListener with an action of type {kind}")));
    }
    let mut groups = Vec::new();
    for group in action.under("ForwardConfig.").structures("TargetGroups") {
        groups.push((required(&group, "TargetGroupArn")?.to_owned(), number(&group, "Weight", 1)?));
    }
    match (groups.is_empty(), action.get("TargetGroupArn")) {
        (true, Some(arn)) => Ok(vec![(arn.to_owned(), 1)]),
        (true, None) => Err(AwsError::client("ValidationError", "a forward action needs a target group")),
        (false, _) => Ok(groups),
    }
}

pub(super) fn describe(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let arns = form.list("ListenerArns");
    let rooms = cloud.elb.rooms();
    if let Some(balancer) = form.get("LoadBalancerArn") {
        rooms.balancer(balancer)?;
    }
    if let Some(missing) = arns.iter().find(|arn| !rooms.listeners.iter().any(|listener| listener.arn == **arn)) {
        return Err(no_listener(missing));
    }
    let asked = |listener: &&Listener| match form.get("LoadBalancerArn") {
        Some(balancer) => listener.balancer_arn == balancer,
        None => arns.contains(&listener.arn.as_str()),
    };
    Ok(Xml::new().list("Listeners", rooms.listeners.iter().filter(asked).map(describe::listener)))
}

pub(super) fn describe_rules(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let rules = form.list("RuleArns");
    let rooms = cloud.elb.rooms();
    if let Some(arn) = form.get("ListenerArn")
        && !rooms.listeners.iter().any(|listener| listener.arn == arn)
    {
        return Err(no_listener(arn));
    }
    let asked = |listener: &&Listener| match form.get("ListenerArn") {
        Some(arn) => listener.arn == arn,
        None => rules.contains(&listener.rule_arn.as_str()),
    };
    Ok(Xml::new().list("Rules", rooms.listeners.iter().filter(asked).map(describe::rule)))
}

fn no_listener(arn: &str) -> AwsError {
    AwsError::client("ListenerNotFound", format!("Listeners '[{arn}]' not found"))
}
