//! Listener rules and weights over the wire.

use crate::world::World;

fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let rest = xml.split_once(&open).map(|(_, rest)| rest).unwrap_or_default();
    rest.split_once(&close).map(|(text, _)| text).unwrap_or_default()
}

#[tokio::test]
async fn rules_go_by_priority_and_answer_or_forward() {
    let world = World::new().await;
    let built = world.good_service(1).await;
    let (url, listener) = (built["url"].as_str().unwrap(), built["listener_arn"].as_str().unwrap());
    let get = async |path: &str| world.http.get(format!("{url}{path}")).send().await.unwrap().status().as_u16();
    assert_eq!(get("/closed/shop").await, 200);
    let closed = [
        ("Action", "CreateRule"),
        ("ListenerArn", listener),
        ("Priority", "20"),
        ("Conditions.member.1.Field", "path-pattern"),
        ("Conditions.member.1.Values.member.1", "/closed/*"),
        ("Actions.member.1.Type", "fixed-response"),
        ("Actions.member.1.FixedResponseConfig.StatusCode", "418"),
    ];
    let made = world.elb(&closed).await.unwrap();
    let rule = element(&made, "RuleArn");
    assert_eq!((get("/closed/shop").await, get("/open").await), (418, 200));

    let again = world.elb(&closed).await.unwrap_err();
    assert_eq!(element(&again, "Code"), "PriorityInUse");
    let weights = [
        ("Action", "ModifyRule"),
        ("RuleArn", rule),
        ("Actions.member.1.Type", "forward"),
        (
            "Actions.member.1.ForwardConfig.TargetGroups.member.1.TargetGroupArn",
            built["target_group_arn"].as_str().unwrap(),
        ),
        ("Actions.member.1.ForwardConfig.TargetGroups.member.1.Weight", "1000"),
    ];
    assert_eq!(element(&world.elb(&weights).await.unwrap_err(), "Code"), "ValidationError");

    let all = world.elb(&[("Action", "DescribeRules"), ("ListenerArn", listener)]).await.unwrap();
    assert_eq!(all.matches("<RuleArn>").count(), 2);
    let default =
        element(all.rsplit_once("<RuleArn>").map(|(_, _)| &all[all.rfind("<RuleArn>").unwrap()..]).unwrap(), "RuleArn");
    for action in ["ModifyRule", "DeleteRule"] {
        let refused = world.elb(&[("Action", action), ("RuleArn", default)]).await.unwrap_err();
        assert_eq!(element(&refused, "Code"), "OperationNotPermitted", "{action}");
    }
    world.elb(&[("Action", "DeleteRule"), ("RuleArn", rule)]).await.unwrap();
    assert_eq!(get("/closed/shop").await, 200);
    let gone = world.elb(&[("Action", "DescribeRules"), ("RuleArns.member.1", rule)]).await.unwrap_err();
    assert_eq!(element(&gone, "Code"), "RuleNotFound");
}

#[tokio::test]
async fn a_default_action_is_modified_with_its_listener() {
    let world = World::new().await;
    let built = world.good_service(1).await;
    let fields = [
        ("Action", "ModifyListener"),
        ("ListenerArn", built["listener_arn"].as_str().unwrap()),
        ("DefaultActions.member.1.Type", "forward"),
        (
            "DefaultActions.member.1.ForwardConfig.TargetGroups.member.1.TargetGroupArn",
            built["target_group_arn"].as_str().unwrap(),
        ),
        ("DefaultActions.member.1.ForwardConfig.TargetGroups.member.1.Weight", "0"),
    ];
    world.elb(&fields).await.unwrap();
    let status = world.http.get(built["url"].as_str().unwrap()).send().await.unwrap().status();
    assert_eq!(status, 503, "nobody has any weight");
}
