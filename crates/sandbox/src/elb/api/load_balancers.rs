//! `CreateLoadBalancer`, `DescribeLoadBalancers`.

use super::{describe, fresh_id, required, valid_name};
use crate::{
    AwsError, Cloud, Form,
    elb::{LoadBalancer, proxy},
    wire::Xml,
};
use jiff::Timestamp;
use std::sync::Arc;

/// Opens the load balancer's port; without a listener it answers 503. The same name again gives the same load balancer.
pub(super) async fn create(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let name = required(form, "Name")?;
    valid_name(name)?;
    if let Some(kind) = form.get("Type").filter(|kind| *kind != "application") {
        return Err(AwsError::not_here(&format!("CreateLoadBalancer with Type={kind}")));
    }
    let known = cloud.elb.rooms().balancers.iter().find(|balancer| balancer.name == name).cloned();
    let balancer = match known {
        Some(known) => known,
        None => {
            let port = proxy::open(cloud, 0).await.map_err(AwsError::internal)?;
            let arn = cloud.place.arn("elasticloadbalancing", &format!("loadbalancer/app/{name}/{}", fresh_id()));
            let fresh = LoadBalancer { arn, name: name.to_owned(), port, created_at: Timestamp::now() };
            cloud.elb.rooms().balancers.push(fresh.clone());
            fresh
        }
    };
    Ok(Xml::new().list("LoadBalancers", [describe::load_balancer(&balancer)]))
}

/// Its listeners go with it; its ports stay open and answer 503. One that does not exist is gone already.
pub(super) fn delete(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let arn = required(form, "LoadBalancerArn")?;
    let mut rooms = cloud.elb.rooms();
    rooms.listeners.retain(|listener| listener.balancer_arn != arn);
    rooms.balancers.retain(|balancer| balancer.arn != arn);
    Ok(Xml::new())
}

pub(super) fn describe(cloud: &Arc<Cloud>, form: &Form) -> Result<Xml, AwsError> {
    let (arns, names) = (form.list("LoadBalancerArns"), form.list("Names"));
    let rooms = cloud.elb.rooms();
    for arn in &arns {
        rooms.balancer(arn)?;
    }
    if let Some(missing) = names.iter().find(|name| !rooms.balancers.iter().any(|balancer| balancer.name == **name)) {
        return Err(AwsError::client("LoadBalancerNotFound", format!("Load balancers '[{missing}]' not found")));
    }
    let asked = |balancer: &&LoadBalancer| {
        (arns.is_empty() && names.is_empty())
            || arns.contains(&balancer.arn.as_str())
            || names.contains(&balancer.name.as_str())
    };
    Ok(Xml::new().list("LoadBalancers", rooms.balancers.iter().filter(asked).map(describe::load_balancer)))
}
