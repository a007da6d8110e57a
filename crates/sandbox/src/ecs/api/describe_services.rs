//! `DescribeServices`, `ListServices`.

use super::{bounded, pages};
use crate::{
    AwsError, Cloud,
    ecs::{arn, describe, service::ServiceStatus},
    wire::Input,
};
use serde_json::{Value, json};

/// A service that does not exist is a failure in a successful answer.
pub(super) fn describe(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let cluster = input.text("cluster");
    let asked = bounded(input, "services", 10)?;
    let with_tags = input.texts("include").contains(&"TAGS");
    let state = cloud.ecs.view("DescribeServices");
    let cluster_name = state.cluster(cluster)?.name.clone();
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    for name in asked {
        match state.service(cluster, name) {
            Ok(service) => services.push(describe::service(cloud, &state, service, with_tags)),
            Err(_) => {
                let arn = arn::of_service(&cloud.place, "service", &cluster_name, arn::last(name), "");
                failures.push(json!({"arn": arn, "reason": "MISSING"}));
            }
        }
    }
    Ok(json!({"services": services, "failures": failures}))
}

pub(super) fn list(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let state = cloud.ecs.view("ListServices");
    let services = state.cluster(input.text("cluster"))?.services.values();
    let there = services.filter(|service| service.status != ServiceStatus::Inactive);
    pages::page(input, "serviceArns", there.map(|service| service.arn.clone().into()).collect())
}
