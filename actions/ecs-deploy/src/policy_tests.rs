use super::*;
use crate::inputs::{Gate, Goal, Progress};
use std::{collections::BTreeSet, time::Duration};

const CLUSTER: &str = "arn:aws-cn:ecs:cn-north-1:123456789012:cluster/prod";

fn settings(change: impl FnOnce(&mut Progress)) -> Settings {
    let mut settings = Settings { cluster: CLUSTER.into(), ..Settings::of_test(Goal::IamPolicy(None)) };
    change(&mut settings.progress);
    settings
}

fn actions(policy: &Value) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().unwrap().iter();
    let actions = statements.flat_map(|statement| statement["Action"].as_array().unwrap());
    actions.map(|action| action.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_policy_allows_what_the_settings_need_and_nothing_of_another_engine() {
    let plain = policy(&settings(|_| {}), None, None);
    let gate = Gate { program: "x".into(), arguments: vec![], limit: Duration::from_secs(1) };
    let gated = policy(&settings(|progress| progress.gate = Some(gate.clone())), None, None);
    let shifted = |rule: &str| {
        let rule = rule.to_owned();
        policy(&settings(|progress| progress.engine = Engine::LoadBalancer { alternate: "t".into(), rule }), None, None)
    };
    let more = |policy: &Value| actions(policy).difference(&actions(&plain)).cloned().collect::<Vec<_>>();
    assert_eq!(more(&gated), ["ecs:ContinueServiceDeployment"]);
    let marks = ["ecs:ListTagsForResource", "ecs:UntagResource"];
    let elb = |verb: &str, what: &str| format!("elasticloadbalancing:{verb}{what}");
    let of_rule = more(&shifted("arn:aws:elasticloadbalancing:r:1:listener-rule/x"));
    assert_eq!(of_rule, [marks[0].into(), marks[1].into(), elb("Modify", "Rule")]);
    let of_listener = more(&shifted("arn:aws:elasticloadbalancing:r:1:listener/x"));
    assert_eq!(
        of_listener,
        [marks[0].into(), marks[1].into(), elb("Describe", "Listeners"), elb("Modify", "Listener")]
    );
    let engine = Engine::CodeDeploy { application: None, group: Some("g".into()), config: None };
    let by_codedeploy = policy(&settings(|progress| progress.engine = engine), None, None);
    let text = by_codedeploy.to_string();
    assert!(text.contains("deploymentgroup:AppECS-prod-s/g") && !text.contains("ecs:UpdateService"), "{text}");
    assert!(more(&by_codedeploy).iter().all(|action| action.starts_with("codedeploy:")), "{text}");
    assert!(!actions(&plain).iter().any(|action| action.contains('*')), "nothing is allowed by a wildcard");
}

#[test]
fn resources_are_those_of_the_service_in_its_partition() {
    let text = policy(&settings(|_| {}), Some("eu-west-1"), None).to_string();
    assert!(text.contains("arn:aws-cn:ecs:cn-north-1:123456789012:service/prod/s"), "{text}");
    assert!(text.contains("arn:aws-cn:ecs:cn-north-1:123456789012:service-deployment/prod/s/*"), "{text}");
    let named = Settings { cluster: "prod".into(), ..settings(|_| {}) };
    let text = policy(&named, Some("eu-west-1"), None).to_string();
    assert!(text.contains("arn:aws:ecs:eu-west-1:<account>:service/prod/s"), "{text}");
}
