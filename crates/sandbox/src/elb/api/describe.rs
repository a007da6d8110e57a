//! How resources look in answers.

use crate::{
    elb::{Listener, LoadBalancer, TargetGroup},
    wire::Xml,
};

pub(super) fn load_balancer(balancer: &LoadBalancer) -> Xml {
    Xml::new()
        .text("LoadBalancerArn", &balancer.arn)
        .text("DNSName", format!("127.0.0.1:{}", balancer.port))
        .text("CanonicalHostedZoneId", "Z32O12XQLNTSW2")
        .text("CreatedTime", balancer.created_at)
        .text("LoadBalancerName", &balancer.name)
        .text("Scheme", "internet-facing")
        .text("VpcId", "vpc-sandbox")
        .node("State", Xml::new().text("Code", "active"))
        .text("Type", "application")
        .list("AvailabilityZones", [])
        .list("SecurityGroups", [])
        .text("IpAddressType", "ipv4")
}

pub(super) fn target_group(group: &TargetGroup, balancers: &[&LoadBalancer]) -> Xml {
    let check = &group.check;
    let port = check.port.map_or("traffic-port".to_owned(), |port| port.to_string());
    Xml::new()
        .text("TargetGroupArn", &group.arn)
        .text("TargetGroupName", &group.name)
        .text("Protocol", "HTTP")
        .text("Port", group.port)
        .text("VpcId", "vpc-sandbox")
        .text("HealthCheckProtocol", "HTTP")
        .text("HealthCheckPort", port)
        .text("HealthCheckEnabled", true)
        .text("HealthCheckIntervalSeconds", check.interval.as_secs())
        .text("HealthCheckTimeoutSeconds", check.timeout.as_secs())
        .text("HealthyThresholdCount", check.thresholds.healthy)
        .text("UnhealthyThresholdCount", check.thresholds.unhealthy)
        .text("HealthCheckPath", &check.path)
        .node("Matcher", Xml::new().text("HttpCode", &check.matcher))
        .texts("LoadBalancerArns", balancers.iter().map(|balancer| &balancer.arn))
        .text("TargetType", "ip")
        .text("ProtocolVersion", "HTTP1")
        .text("IpAddressType", "ipv4")
}

pub(super) fn listener(listener: &Listener) -> Xml {
    Xml::new()
        .text("ListenerArn", &listener.arn)
        .text("LoadBalancerArn", &listener.balancer_arn)
        .text("Port", listener.port)
        .text("Protocol", "HTTP")
        .list("DefaultActions", [forward(listener)])
}

/// The default rule, the only one a listener has here.
pub(super) fn rule(listener: &Listener) -> Xml {
    Xml::new()
        .text("RuleArn", &listener.rule_arn)
        .text("Priority", "default")
        .list("Conditions", [])
        .list("Actions", [forward(listener)])
        .text("IsDefault", true)
}

fn forward(listener: &Listener) -> Xml {
    let group = |(arn, weight): &(String, u32)| Xml::new().text("TargetGroupArn", arn).text("Weight", weight);
    let mut action = Xml::new().text("Type", "forward");
    if let [(arn, _)] = listener.forward.as_slice() {
        action = action.text("TargetGroupArn", arn);
    }
    let stickiness = Xml::new().text("Enabled", false);
    let config = Xml::new()
        .list("TargetGroups", listener.forward.iter().map(group))
        .node("TargetGroupStickinessConfig", stickiness);
    action.text("Order", 1).node("ForwardConfig", config)
}
