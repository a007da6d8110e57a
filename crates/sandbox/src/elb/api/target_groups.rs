//! `CreateTargetGroup`, `DescribeTargetGroups`.

use super::{describe, fresh_id, number, required, valid_name};
use crate::{
    AwsError, Cloud, Form,
    elb::{TargetGroup, matcher::Matcher, rooms::CheckSettings, target::Thresholds},
    wire::Xml,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Makes a target group with AWS's defaults. One difference: intervals and timeouts go down to one second, where AWS
/// has 5 and 2.
pub(super) fn create(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let name = required(form, "Name")?;
    valid_name(name)?;
    if let Some(protocol) = form.get("Protocol").filter(|protocol| *protocol != "HTTP") {
        return Err(AwsError::not_here(&format!("CreateTargetGroup with Protocol={protocol}")));
    }
    let group = TargetGroup {
        arn: cloud.place.arn("elasticloadbalancing", &format!("targetgroup/{name}/{}", fresh_id())),
        name: name.to_owned(),
        port: number(form, "Port", 80)?,
        check: check_settings(form)?,
        // AWS's default, which only a target that does not finish its requests lasts for.
        deregistration_delay: Duration::from_secs(300),
        targets: BTreeMap::new(),
        turn: 0,
    };
    let mut rooms = cloud.elb.rooms();
    let known = rooms.groups.iter().find(|known| known.name == name);
    // As documented, the same target group again is no mistake.
    if let Some(known) = known.filter(|known| known.port == group.port && known.check == group.check) {
        return Ok(Xml::new().list("TargetGroups", [describe::target_group(known, &rooms.balancers_of(&known.arn))]));
    }
    if known.is_some() {
        let message = format!("A target group with the same name '{name}' exists, but with different settings");
        return Err(AwsError::client("DuplicateTargetGroupName", message));
    }
    let answer = describe::target_group(&group, &[]);
    rooms.groups.push(group);
    Ok(Xml::new().list("TargetGroups", [answer]))
}

fn check_settings(form: &Form) -> Result<CheckSettings, AwsError> {
    let seconds = |name: &str, default: u64| {
        let seconds = number(form, name, default)?;
        let wrong = || AwsError::client("ValidationError", format!("{name} must be between 1 and 300"));
        if (1..=300).contains(&seconds) { Ok(Duration::from_secs(seconds)) } else { Err(wrong()) }
    };
    let threshold = |name: &str, default: u32| {
        let count = number(form, name, default)?;
        let wrong = || AwsError::client("ValidationError", format!("{name} must be between 2 and 10"));
        if (2..=10).contains(&count) { Ok(count) } else { Err(wrong()) }
    };
    let port = match form.get("HealthCheckPort") {
        None | Some("traffic-port") => None,
        Some(_) => Some(number(form, "HealthCheckPort", 0)?),
    };
    let path = form.get("HealthCheckPath").unwrap_or("/");
    if !path.starts_with('/') {
        return Err(AwsError::client("ValidationError", format!("Health check path '{path}' must begin with '/'")));
    }
    let matcher = form.get("Matcher.HttpCode").map(str::parse::<Matcher>).transpose();
    Ok(CheckSettings {
        path: path.to_owned(),
        port,
        interval: seconds("HealthCheckIntervalSeconds", 30)?,
        timeout: seconds("HealthCheckTimeoutSeconds", 5)?,
        thresholds: Thresholds {
            healthy: threshold("HealthyThresholdCount", 5)?,
            unhealthy: threshold("UnhealthyThresholdCount", 2)?,
        },
        matcher: matcher.map_err(|error| AwsError::client("ValidationError", error))?.unwrap_or_default(),
    })
}

/// One that a rule forwards to stays; one that does not exist is gone already.
pub(super) fn delete(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let arn = required(form, "TargetGroupArn")?;
    let mut rooms = cloud.elb.rooms();
    if !rooms.balancers_of(arn).is_empty() {
        let message = format!("Target group '{arn}' is currently in use by a listener or a rule");
        return Err(AwsError::client("ResourceInUse", message));
    }
    rooms.groups.retain(|group| group.arn != arn);
    Ok(Xml::new())
}

pub(super) fn describe(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let (arns, names) = (form.list("TargetGroupArns"), form.list("Names"));
    let rooms = cloud.elb.view("DescribeTargetGroups");
    for arn in &arns {
        rooms.group(arn)?;
    }
    if let Some(missing) = names.iter().find(|name| !rooms.groups.iter().any(|group| group.name == **name)) {
        return Err(AwsError::client("TargetGroupNotFound", format!("Target groups '[{missing}]' not found")));
    }
    let of_balancer = form.get("LoadBalancerArn");
    let asked = |group: &&TargetGroup| {
        let named = (arns.is_empty() && names.is_empty())
            || arns.contains(&group.arn.as_str())
            || names.contains(&group.name.as_str());
        named && of_balancer.is_none_or(|arn| rooms.balancers_of(&group.arn).iter().any(|balancer| balancer.arn == arn))
    };
    let groups = rooms.groups.iter().filter(asked);
    Ok(Xml::new()
        .list("TargetGroups", groups.map(|group| describe::target_group(group, &rooms.balancers_of(&group.arn)))))
}
