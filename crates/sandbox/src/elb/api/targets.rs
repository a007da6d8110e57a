//! `RegisterTargets`, `DeregisterTargets`, `DescribeTargetHealth`.

use super::{number, required};
use crate::{
    AwsError, Cloud, Form,
    elb::{Elb, TargetGroup, rooms::Target},
    wire::Xml,
};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

pub(super) fn register(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let arn = required(form, "TargetGroupArn")?;
    for target in addresses(cloud, arn, form)? {
        Elb::register(cloud, arn, target)?;
    }
    Ok(Xml::new())
}

pub(super) fn deregister(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let arn = required(form, "TargetGroupArn")?;
    for target in addresses(cloud, arn, form)? {
        Elb::deregister(cloud, arn, target)?;
    }
    Ok(Xml::new())
}

/// The health of the targets asked for, or of all.
pub(super) fn describe_health(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let arn = required(form, "TargetGroupArn")?;
    let asked = addresses(cloud, arn, form)?;
    let rooms = cloud.elb.view("DescribeTargetHealth");
    let group = rooms.group(arn)?;
    let used = !rooms.balancers_of(arn).is_empty();
    let of_group = group.targets.iter().map(|(at, target)| (*at, Some(target)));
    let descriptions: Vec<Xml> = if asked.is_empty() {
        of_group.map(|(at, target)| description(group, at, target, used)).collect()
    } else {
        asked.into_iter().map(|at| description(group, at, group.targets.get(&at), used)).collect()
    };
    Ok(Xml::new().list("TargetHealthDescriptions", descriptions))
}

fn description(group: &TargetGroup, at: SocketAddr, target: Option<&Target>, used: bool) -> Xml {
    let health = match target {
        None => unused("Target.NotRegistered", "Target is not registered to the target group"),
        Some(_) if !used => {
            unused("Target.NotInUse", "Target group is not configured to receive traffic from the load balancer")
        }
        Some(target) => {
            let state = Xml::new().text("State", target.verdict.state.word());
            match &target.verdict.reason {
                Some(reason) => state.text("Reason", reason.code).text("Description", &reason.description),
                None => state,
            }
        }
    };
    let place = Xml::new().text("Id", at.ip()).text("Port", at.port());
    Xml::new()
        .node("Target", place)
        .text("HealthCheckPort", group.check.port.unwrap_or(at.port()))
        .node("TargetHealth", health)
}

fn unused(reason: &str, description: &str) -> Xml {
    Xml::new().text("State", "unused").text("Reason", reason).text("Description", description)
}

/// The targets named, which have to be addresses of the loopback interface.
fn addresses(cloud: &Cloud, arn: &str, form: &Form) -> Result<Vec<SocketAddr>, AwsError> {
    let default_port = cloud.elb.rooms().group(arn)?.port;
    let address = |target: &Form| {
        let id = required(target, "Id")?;
        let wrong = || AwsError::client("InvalidTarget", format!("The target '{id}' is not a loopback address"));
        let ip: Ipv4Addr = id.parse().map_err(|_| wrong())?;
        let port = number(target, "Port", default_port)?;
        if ip.is_loopback() { Ok(SocketAddr::new(IpAddr::V4(ip), port)) } else { Err(wrong()) }
    };
    form.structures("Targets").iter().map(address).collect()
}
