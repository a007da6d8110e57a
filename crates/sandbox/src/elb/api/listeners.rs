//! `CreateListener`, `ModifyListener`, `DeleteListener`, `DescribeListeners`.

use super::{
    actions::{action, check_groups},
    describe, fresh_id, number, required,
};
use crate::{
    AwsError, Cloud, Form,
    elb::{Listener, proxy, rules::Rule},
    wire::Xml,
};
use std::sync::Arc;

/// Makes a listener. A load balancer's first listener stands at the load balancer's own port; each further one gets a
/// port of its own, the one asked for when that is free.
pub(super) async fn create(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let balancer_arn = required(form, "LoadBalancerArn")?;
    only_http(form, "CreateListener")?;
    let port = number(form, "Port", 80)?;
    let action = action(form, "DefaultActions")?;
    let first = {
        let rooms = cloud.elb.rooms();
        let balancer = rooms.balancer(balancer_arn)?;
        check_groups(&rooms, &action)?;
        let mut others = rooms.listeners.iter().filter(|listener| listener.balancer_arn == balancer_arn).peekable();
        let first = others.peek().is_none().then_some(balancer.port);
        // As documented, the same listener again is no mistake.
        match others.find(|listener| listener.port == port) {
            Some(known) if known.rules.last().is_some_and(|rule| rule.action == action) => {
                return Ok(Xml::new().list("Listeners", [describe::listener(known)]));
            }
            Some(_) => return Err(duplicate()),
            None => first,
        }
    };
    let real_port = match first {
        Some(port) => port,
        None => proxy::open(cloud, port).await.map_err(AwsError::internal)?,
    };
    let id = fresh_id();
    let arn = format!("{}/{id}", balancer_arn.replacen(":loadbalancer/", ":listener/", 1));
    let rule_arn = format!("{}/{}", arn.replacen(":listener/", ":listener-rule/", 1), fresh_id());
    let default = Rule { arn: rule_arn, priority: None, conditions: Vec::new(), action };
    let listener = Listener { arn, balancer_arn: balancer_arn.to_owned(), port, real_port, rules: vec![default] };
    let answer = describe::listener(&listener);
    cloud.elb.rooms().listeners.push(listener);
    Ok(Xml::new().list("Listeners", [answer]))
}

/// Replaces the default actions. The port stays: it is open already.
pub(super) fn modify(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let arn = required(form, "ListenerArn")?;
    only_http(form, "ModifyListener")?;
    let given = !form.structures("DefaultActions").is_empty();
    let action = given.then(|| action(form, "DefaultActions")).transpose()?;
    let mut rooms = cloud.elb.rooms();
    if let Some(action) = &action {
        check_groups(&rooms, action)?;
    }
    let listener = rooms.listener_mut(arn).ok_or_else(|| no_listener(arn))?;
    if number(form, "Port", listener.port)? != listener.port {
        return Err(AwsError::not_here("ModifyListener with another Port"));
    }
    if let (Some(action), Some(default)) = (action, listener.rules.last_mut()) {
        default.action = action;
    }
    Ok(Xml::new().list("Listeners", [describe::listener(listener)]))
}

/// The port stays open and answers 503, as nobody knows any more what to do with its requests.
pub(super) fn delete(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let arn = required(form, "ListenerArn")?;
    let mut rooms = cloud.elb.rooms();
    rooms.listener(arn).ok_or_else(|| no_listener(arn))?;
    rooms.listeners.retain(|listener| listener.arn != arn);
    Ok(Xml::new())
}

pub(super) fn describe(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let arns = form.list("ListenerArns");
    let rooms = cloud.elb.view("DescribeListeners");
    if let Some(balancer) = form.get("LoadBalancerArn") {
        rooms.balancer(balancer)?;
    }
    if let Some(missing) = arns.iter().find(|arn| rooms.listener(arn).is_none()) {
        return Err(no_listener(missing));
    }
    let asked = |listener: &&Listener| match form.get("LoadBalancerArn") {
        Some(balancer) => listener.balancer_arn == balancer,
        None => arns.contains(&listener.arn.as_str()),
    };
    Ok(Xml::new().list("Listeners", rooms.listeners.iter().filter(asked).map(describe::listener)))
}

fn only_http(form: &Form, operation: &str) -> Result<(), AwsError> {
    match form.get("Protocol") {
        None | Some("HTTP") => Ok(()),
        Some(protocol) => Err(AwsError::not_here(&format!("{operation} with Protocol={protocol}"))),
    }
}

fn duplicate() -> AwsError {
    AwsError::client("DuplicateListener", "A listener already exists on this port for this load balancer")
}

pub(super) fn no_listener(arn: &str) -> AwsError {
    AwsError::client("ListenerNotFound", format!("Listeners '[{arn}]' not found"))
}
