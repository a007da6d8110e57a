//! How resources look in answers.

use crate::{
    elb::{
        Listener, LoadBalancer, TargetGroup,
        rules::{Action, Condition, Rule},
    },
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
        .list("DefaultActions", listener.rules.last().map(|rule| action(&rule.action)))
}

pub(super) fn rule(rule: &Rule) -> Xml {
    let priority = rule.priority.map_or("default".to_owned(), |priority| priority.to_string());
    Xml::new()
        .text("RuleArn", &rule.arn)
        .text("Priority", priority)
        .list("Conditions", rule.conditions.iter().map(condition))
        .list("Actions", [action(&rule.action)])
        .text("IsDefault", rule.priority.is_none())
}

fn action(action: &Action) -> Xml {
    match action {
        Action::Forward(groups) => forward(groups),
        Action::Fixed(fixed) => {
            let config = Xml::new()
                .text("StatusCode", fixed.status)
                .text("ContentType", &fixed.content_type)
                .text("MessageBody", &fixed.body);
            Xml::new().text("Type", "fixed-response").text("Order", 1).node("FixedResponseConfig", config)
        }
    }
}

/// The scalar `TargetGroupArn` is there only for a single group.
fn forward(groups: &[(String, u32)]) -> Xml {
    let group = |(arn, weight): &(String, u32)| Xml::new().text("TargetGroupArn", arn).text("Weight", weight);
    let mut action = Xml::new().text("Type", "forward");
    if let [(arn, _)] = groups {
        action = action.text("TargetGroupArn", arn);
    }
    let stickiness = Xml::new().text("Enabled", false);
    let config =
        Xml::new().list("TargetGroups", groups.iter().map(group)).node("TargetGroupStickinessConfig", stickiness);
    action.text("Order", 1).node("ForwardConfig", config)
}

/// AWS gives plain values twice: in the condition's own configuration and in `Values`.
fn condition(condition: &Condition) -> Xml {
    let twice = |field: &str, config: &str, values: &[String]| {
        Xml::new().text("Field", field).texts("Values", values).node(config, Xml::new().texts("Values", values))
    };
    match condition {
        Condition::Path(values) => twice("path-pattern", "PathPatternConfig", values),
        Condition::Host(values) => twice("host-header", "HostHeaderConfig", values),
        Condition::Method(values) => {
            let config = Xml::new().texts("Values", values);
            Xml::new().text("Field", "http-request-method").node("HttpRequestMethodConfig", config)
        }
        Condition::Header { name, values } => {
            let config = Xml::new().text("HttpHeaderName", name).texts("Values", values);
            Xml::new().text("Field", "http-header").node("HttpHeaderConfig", config)
        }
        Condition::Query(pairs) => {
            let pair = |(key, value): &(Option<String>, String)| {
                let key = key.iter().fold(Xml::new(), |xml, key| xml.text("Key", key));
                key.text("Value", value)
            };
            let config = Xml::new().list("Values", pairs.iter().map(pair));
            Xml::new().text("Field", "query-string").node("QueryStringConfig", config)
        }
    }
}
