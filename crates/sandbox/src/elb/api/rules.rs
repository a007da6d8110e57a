//! `CreateRule`, `ModifyRule`, `DeleteRule`, `SetRulePriorities`, `DescribeRules`.

use super::{
    actions::{action, check_groups, conditions},
    describe, fresh_id,
    listeners::no_listener,
    number, required,
};
use crate::{
    AwsError, Cloud, Form,
    elb::{Listener, Rooms, rules::Rule},
    wire::Xml,
};
use std::{collections::BTreeMap, sync::Arc};

/// The largest priority.
const MOST_PRIORITY: u32 = 50_000;

pub(super) fn create(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let listener_arn = required(form, "ListenerArn")?;
    let (conditions, action) = (conditions(form)?, action(form, "Actions")?);
    required(form, "Priority")?;
    let priority = valid_priority(number(form, "Priority", 0)?)?;
    let mut rooms = cloud.elb.rooms();
    check_groups(&rooms, &action)?;
    let listener = rooms.listener_mut(listener_arn).ok_or_else(|| no_listener(listener_arn))?;
    if listener.rules.iter().any(|rule| rule.priority == Some(priority)) {
        return Err(in_use(priority));
    }
    let arn = format!("{}/{}", listener.arn.replacen(":listener/", ":listener-rule/", 1), fresh_id());
    let rule = Rule { arn, priority: Some(priority), conditions, action };
    let answer = describe::rule(&rule);
    listener.rules.push(rule);
    listener.sort();
    Ok(Xml::new().list("Rules", [answer]))
}

/// Replaces conditions or actions, or both; the default rule is its listener's to modify.
pub(super) fn modify(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let arn = required(form, "RuleArn")?;
    let given = |name: &str| !form.structures(name).is_empty();
    let conditions = given("Conditions").then(|| conditions(form)).transpose()?;
    let action = given("Actions").then(|| action(form, "Actions")).transpose()?;
    let mut rooms = cloud.elb.rooms();
    if let Some(action) = &action {
        check_groups(&rooms, action)?;
    }
    let rule = rooms.rule_mut(arn).ok_or_else(|| no_rule(arn))?;
    not_default(rule, "modified")?;
    rule.conditions = conditions.unwrap_or_else(|| rule.conditions.clone());
    rule.action = action.unwrap_or_else(|| rule.action.clone());
    Ok(Xml::new().list("Rules", [describe::rule(rule)]))
}

pub(super) fn delete(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let arn = required(form, "RuleArn")?;
    let mut rooms = cloud.elb.rooms();
    not_default(rooms.rule(arn).ok_or_else(|| no_rule(arn))?, "deleted")?;
    for listener in &mut rooms.listeners {
        listener.rules.retain(|rule| rule.arn != arn);
    }
    Ok(Xml::new())
}

/// All at once or none: two rules may change places.
pub(super) fn set_priorities(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let mut wanted = BTreeMap::new();
    for pair in form.structures("RulePriorities") {
        wanted.insert(required(&pair, "RuleArn")?.to_owned(), valid_priority(number(&pair, "Priority", 0)?)?);
    }
    if wanted.is_empty() {
        return Err(AwsError::client("ValidationError", "RulePriorities is required"));
    }
    let mut rooms = cloud.elb.rooms();
    for arn in wanted.keys() {
        not_default(rooms.rule(arn).ok_or_else(|| no_rule(arn))?, "given a priority")?;
    }
    for listener in &rooms.listeners {
        check_distinct(listener, &wanted)?;
    }
    let mut changed = Vec::new();
    for listener in &mut rooms.listeners {
        for rule in listener.rules.iter_mut().filter(|rule| wanted.contains_key(&rule.arn)) {
            rule.priority = wanted.get(&rule.arn).copied();
            changed.push(describe::rule(rule));
        }
        listener.sort();
    }
    Ok(Xml::new().list("Rules", changed))
}

fn check_distinct(listener: &Listener, wanted: &BTreeMap<String, u32>) -> Result<(), AwsError> {
    let mut taken = Vec::new();
    for rule in &listener.rules {
        let Some(priority) = wanted.get(&rule.arn).copied().or(rule.priority) else { continue };
        if taken.contains(&priority) {
            return Err(in_use(priority));
        }
        taken.push(priority);
    }
    Ok(())
}

/// The rules of a listener, or those named.
pub(super) fn describe(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let rooms = cloud.elb.view("DescribeRules");
    let rules: Vec<&Rule> = match form.get("ListenerArn") {
        Some(arn) => rooms.listener(arn).ok_or_else(|| no_listener(arn))?.rules.iter().collect(),
        None => named(&rooms, &form.list("RuleArns"))?,
    };
    Ok(Xml::new().list("Rules", rules.into_iter().map(describe::rule)))
}

fn named<'a>(rooms: &'a Rooms, arns: &[&str]) -> Result<Vec<&'a Rule>, AwsError> {
    if arns.is_empty() {
        let message = "You must specify either listener ARNs or rule ARNs";
        return Err(AwsError::client("ValidationError", message));
    }
    arns.iter().map(|arn| rooms.rule(arn).ok_or_else(|| no_rule(arn))).collect()
}

fn valid_priority(priority: u32) -> Result<u32, AwsError> {
    let wrong = || {
        let message = format!("Priority '{priority}' must be between 1 and {MOST_PRIORITY}");
        AwsError::client("ValidationError", message)
    };
    (1..=MOST_PRIORITY).contains(&priority).then_some(priority).ok_or_else(wrong)
}

fn not_default(rule: &Rule, what: &str) -> Result<(), AwsError> {
    if rule.priority.is_some() {
        return Ok(());
    }
    Err(AwsError::client("OperationNotPermitted", format!("Default rule '{}' cannot be {what}", rule.arn)))
}

fn in_use(priority: u32) -> AwsError {
    AwsError::client("PriorityInUse", format!("Priority '{priority}' is currently in use"))
}

pub(super) fn no_rule(arn: &str) -> AwsError {
    AwsError::client("RuleNotFound", format!("One or more rules not found: '{arn}'"))
}
