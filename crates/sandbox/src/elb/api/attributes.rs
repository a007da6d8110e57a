//! `DescribeTargetGroupAttributes`, `ModifyTargetGroupAttributes`: the one attribute this sandbox acts on is how long a
//! target that is deregistered may finish what it has.

use super::required;
use crate::{AwsError, Cloud, Form, elb::TargetGroup, wire::Xml};
use std::{sync::Arc, time::Duration};

const DELAY: &str = "deregistration_delay.timeout_seconds";

pub(super) fn describe(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let rooms = cloud.elb.rooms();
    Ok(attributes(rooms.group(required(form, "TargetGroupArn")?)?))
}

pub(super) fn modify(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let mut delay = None;
    for attribute in form.structures("Attributes") {
        let (key, value) = (required(&attribute, "Key")?, required(&attribute, "Value")?);
        match (key, value) {
            (DELAY, _) => {
                let seconds = value.parse().ok().filter(|seconds| (0..=3600).contains(seconds));
                let wrong = || invalid(format!("{DELAY} must be between 0 and 3600, not '{value}'"));
                delay = Some(Duration::from_secs(seconds.ok_or_else(wrong)?));
            }
            ("stickiness.enabled", "false") => {}
            _ => return Err(AwsError::not_here(&format!("the target group attribute {key}={value}"))),
        }
    }
    let mut rooms = cloud.elb.rooms();
    let group = rooms.group_mut(required(form, "TargetGroupArn")?)?;
    group.deregistration_delay = delay.unwrap_or(group.deregistration_delay);
    Ok(attributes(group))
}

fn attributes(group: &TargetGroup) -> Xml {
    let delay = group.deregistration_delay.as_secs().to_string();
    let pairs = [(DELAY, delay.as_str()), ("stickiness.enabled", "false")];
    Xml::new()
        .list("Attributes", pairs.into_iter().map(|(key, value)| Xml::new().text("Key", key).text("Value", value)))
}

fn invalid(message: String) -> AwsError {
    AwsError::client("ValidationError", message)
}
