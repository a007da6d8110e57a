//! `HealthyHostCount` and `UnHealthyHostCount`, once a second.

use super::State;
use crate::Cloud;
use jiff::Timestamp;

/// Publishes the gauges of every target group that a load balancer uses.
pub(crate) fn publish(cloud: &Cloud, now: Timestamp) {
    let mut readings = Vec::new();
    {
        let rooms = cloud.elb.rooms();
        for group in &rooms.groups {
            for balancer in rooms.balancers_of(&group.arn) {
                let dimensions = vec![
                    ("LoadBalancer".to_owned(), balancer.dimension().to_owned()),
                    ("TargetGroup".to_owned(), group.dimension().to_owned()),
                ];
                readings.push(("HealthyHostCount", dimensions.clone(), group.count(State::Healthy)));
                readings.push(("UnHealthyHostCount", dimensions, group.count(State::Unhealthy)));
            }
        }
    }
    for (metric, dimensions, count) in readings {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        cloud.metrics.record("AWS/ApplicationELB", metric, dimensions, (now, f64::from(count)));
    }
}
