use super::*;
use aws::Element;
use serde_json::{Value, json};

fn service(group: &str, more: Value) -> Service {
    let mut service = json!({"status": "ACTIVE", "desiredCount": 2, "loadBalancers": [{"targetGroupArn": group}]});
    service.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(service).unwrap()
}

fn rule(groups: &[(&str, u32)]) -> Actions {
    let leaf = |name: &str, text: &str| Element { name: name.into(), text: text.into(), children: vec![] };
    let node = |name: &str, children: Vec<Element>| Element { name: name.into(), text: String::new(), children };
    let group = |(arn, weight): &(&str, u32)| {
        node("member", vec![leaf("TargetGroupArn", arn), leaf("Weight", &weight.to_string())])
    };
    let groups = node("TargetGroups", groups.iter().map(group).collect());
    let action = node("member", vec![leaf("Type", "forward"), node("ForwardConfig", vec![groups])]);
    let rule = node("member", vec![node("Actions", vec![action])]);
    Actions::read(&node("Result", vec![node("Rules", vec![rule])])).unwrap()
}

#[test]
fn the_side_without_traffic_takes_the_release() {
    let (a, b) = (service("blue", json!({})), service("green", json!({})));
    for (weights, stable, candidate) in [
        (vec![("blue", 100), ("green", 0)], "a", "b"),
        (vec![("blue", 0), ("green", 1)], "b", "a"),
        (vec![("blue", 1)], "a", "b"),
        (vec![("green", 5)], "b", "a"),
    ] {
        let sides = Sides::tell(("a", Some(&a)), ("b", Some(&b)), &rule(&weights)).unwrap();
        assert_eq!((sides.stable.name.as_str(), sides.candidate.name.as_str()), (stable, candidate), "{weights:?}");
        assert!(sides.weights.stable > 0 && sides.weights.candidate == 0, "{weights:?}");
    }
}

#[test]
fn what_must_not_be_touched_is_refused_by_name() {
    let good = || service("blue", json!({}));
    let own = json!({"loadBalancers": [{"targetGroupArn": "green", "advancedConfiguration": {"alternateTargetGroupArn": "x"}}]});
    let level = vec![("blue", 100), ("green", 0)];
    for (other, weights, wanted) in [
        (None, level.clone(), "`b`: there is no such service"),
        (Some(service("green", json!({"status": "DRAINING"}))), level.clone(), "`b`: the service is DRAINING"),
        (
            Some(service("green", json!({"schedulingStrategy": "DAEMON"}))),
            level.clone(),
            "`b`: the service schedules one",
        ),
        (
            Some(service("green", json!({"deploymentController": {"type": "EXTERNAL"}}))),
            level.clone(),
            "`b`: the service's deployment controller is EXTERNAL",
        ),
        (Some(service("green", json!({"loadBalancers": []}))), level.clone(), "`b` must stand behind exactly one"),
        (Some(service("green", json!({"loadBalancers": [{}]}))), level.clone(), "`b` stands behind a Classic"),
        (Some(service("green", own)), level.clone(), "`b` has its traffic shifted by ECS itself"),
        (Some(service("blue", json!({}))), level.clone(), "`a` and `b` stand behind the same target group"),
        (Some(service("green", json!({}))), vec![("blue", 1), ("red", 0)], "the rule also forwards to red"),
        (Some(service("green", json!({}))), vec![("blue", 90), ("green", 10)], "both services have traffic"),
        (Some(service("green", json!({}))), vec![("blue", 0), ("green", 0)], "every weight of the rule is 0"),
    ] {
        let refusal = Sides::tell(("a", Some(&good())), ("b", other.as_ref()), &rule(&weights)).unwrap_err();
        assert!(refusal.why.starts_with(wanted), "{} instead of {wanted}", refusal.why);
    }
}
