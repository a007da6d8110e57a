//! The operations of ELBv2 (Query, `Version=2015-12-01`).

mod actions;
mod attributes;
mod describe;
mod listeners;
mod load_balancers;
mod rules;
mod target_groups;
mod targets;

use crate::{AwsError, Cloud, Form, wire::Xml};
use std::sync::Arc;

const NAMESPACE: &str = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";

/// Answers an operation of ELBv2.
pub(crate) async fn call(cloud: &Arc<Cloud>, form: &Form) -> Result<String, AwsError> {
    let answer = match form.action() {
        "CreateLoadBalancer" => load_balancers::create(cloud, form).await,
        "DeleteLoadBalancer" => load_balancers::delete(cloud, form),
        "DescribeLoadBalancers" => load_balancers::describe(cloud, form),
        "CreateTargetGroup" => target_groups::create(cloud, form),
        "DeleteTargetGroup" => target_groups::delete(cloud, form),
        "DescribeTargetGroupAttributes" => attributes::describe(cloud, form),
        "ModifyTargetGroupAttributes" => attributes::modify(cloud, form),
        "DescribeTargetGroups" => target_groups::describe(cloud, form),
        "CreateListener" => listeners::create(cloud, form).await,
        "DescribeListeners" => listeners::describe(cloud, form),
        "ModifyListener" => listeners::modify(cloud, form),
        "DeleteListener" => listeners::delete(cloud, form),
        "CreateRule" => rules::create(cloud, form),
        "ModifyRule" => rules::modify(cloud, form),
        "DeleteRule" => rules::delete(cloud, form),
        "SetRulePriorities" => rules::set_priorities(cloud, form),
        "DescribeRules" => rules::describe(cloud, form),
        "RegisterTargets" => targets::register(cloud, form),
        "DeregisterTargets" => targets::deregister(cloud, form),
        "DescribeTargetHealth" => targets::describe_health(cloud, form),
        other => Err(AwsError::not_here(&format!("elasticloadbalancing:{other}"))),
    };
    answer.map(|xml: Xml| xml.answer(form.action(), NAMESPACE))
}

/// A parameter that must be there.
fn required<'a>(form: &'a Form, name: &str) -> Result<&'a str, AwsError> {
    let missing = || AwsError::client("ValidationError", format!("{name} is required"));
    form.get(name).filter(|value| !value.is_empty()).ok_or_else(missing)
}

/// A number, or `default` when absent.
fn number<T: std::str::FromStr>(form: &Form, name: &str, default: T) -> Result<T, AwsError> {
    let Some(text) = form.get(name) else { return Ok(default) };
    text.parse().map_err(|_| AwsError::client("ValidationError", format!("{name} must be a number, not '{text}'")))
}

/// The 16 hexadecimal digits ELB's ARNs end with.
fn fresh_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()[..16].to_owned()
}

/// Names are at most 32 letters, digits and hyphens.
fn valid_name(name: &str) -> Result<(), AwsError> {
    let fits = name.len() <= 32 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let wrong = || {
        AwsError::client("ValidationError", format!("The name '{name}' must be at most 32 letters, digits and hyphens"))
    };
    if fits && !name.starts_with('-') && !name.ends_with('-') { Ok(()) } else { Err(wrong()) }
}
