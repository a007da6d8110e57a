//! Native strategies: traffic that really moves from one target group to the other, by the steps that were asked for.

use crate::world::World;
use sandbox::Pace;
use serde_json::{Value, json};
use std::time::Duration;

/// A pace at which a minute of baking can be seen.
fn visible() -> Pace {
    Pace { minute: Duration::from_millis(400), ..Pace::default() }
}

fn pause(stages: &[&str]) -> Value {
    json!([{"targetType": "PAUSE", "lifecycleStages": stages}])
}

/// The hook a deployment waits at.
pub(crate) async fn waiting_hook(world: &World, arn: &str) -> (String, Value) {
    world
        .until("a hook is waiting", async || {
            let deployment = world.deployment(arn).await;
            let hooks = deployment["lifecycleHookDetails"].as_array().cloned().unwrap_or_default();
            match hooks.iter().find(|hook| hook["status"] == "AWAITING_ACTION") {
                Some(hook) => Ok((hook["hookId"].as_str().unwrap().to_owned(), deployment)),
                None => Err(deployment),
            }
        })
        .await
}

pub(crate) async fn answer(world: &World, arn: &str, hook: &str, action: &str) {
    let input = json!({"serviceDeploymentArn": arn, "hookId": hook, "action": action});
    world.ecs("ContinueServiceDeployment", input).await.unwrap();
}

/// Where the revision of a deployment is registered.
async fn target_group(world: &World, deployment: &Value) -> Value {
    let arn = deployment["targetServiceRevision"]["arn"].clone();
    let answer = world.ecs("DescribeServiceRevisions", json!({"serviceRevisionArns": [arn]})).await.unwrap();
    answer["serviceRevisions"][0]["resolvedConfiguration"]["loadBalancers"][0]["targetGroupArn"].clone()
}

#[tokio::test]
async fn blue_green_tests_first_then_shifts_everything_and_the_target_groups_change_places() {
    let world = World::paced(visible()).await;
    let configuration = json!({
        "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1,
        "lifecycleHooks": pause(&["POST_TEST_TRAFFIC_SHIFT"]),
    });
    let built = world.shifting_service(2, configuration).await;
    let (url, test_url) = (built["url"].as_str().unwrap(), built["test_url"].as_str().unwrap());
    let image = world.image("better").await;
    let arn = world.deploy(&image).await;

    let (hook, paused) = waiting_hook(&world, &arn).await;
    assert_eq!(paused["lifecycleStage"], "POST_TEST_TRAFFIC_SHIFT");
    assert_eq!(paused["targetServiceRevision"]["requestedTestTrafficWeight"], 100.0);
    assert_eq!(paused["targetServiceRevision"]["requestedProductionTrafficWeight"], 0.0);
    assert_eq!(paused["sourceServiceRevisions"][0]["requestedProductionTrafficWeight"], 100.0);
    assert_eq!(paused["targetServiceRevision"]["runningTaskCount"], 2);
    assert_eq!(world.flavours(url, 20).await.into_keys().collect::<Vec<_>>(), ["good"]);
    assert_eq!(world.flavours(test_url, 20).await.into_keys().collect::<Vec<_>>(), ["better"]);

    answer(&world, &arn, &hook, "CONTINUE").await;
    world
        .until("it bakes with all the traffic on green", async || {
            let deployment = world.deployment(&arn).await;
            if deployment["lifecycleStage"] == "BAKE_TIME" { Ok(()) } else { Err(deployment) }
        })
        .await;
    let done = world
        .until("it is successful", async || {
            world.flavours(url, 5).await;
            let deployment = world.deployment(&arn).await;
            if deployment["status"] == "SUCCESSFUL" { Ok(deployment) } else { Err(deployment) }
        })
        .await;
    assert_eq!(world.flavours(url, 20).await.into_keys().collect::<Vec<_>>(), ["better"]);
    assert_eq!(done["targetServiceRevision"]["requestedProductionTrafficWeight"], 100.0);
    assert_eq!(target_group(&world, &done).await, built["alternate_target_group_arn"]);
    assert_eq!(
        world.truth().await["tasks"].as_array().unwrap().iter().filter(|task| task["status"] == "RUNNING").count(),
        2
    );

    world.update(json!({"deploymentConfiguration": {"lifecycleHooks": []}})).await;
    let good = world.image("good").await;
    let arn = world.deploy(&good).await;
    world.deployed("SUCCESSFUL").await;
    assert_eq!(target_group(&world, &world.deployment(&arn).await).await, built["target_group_arn"]);
    assert_eq!(world.flavours(url, 20).await.into_keys().collect::<Vec<_>>(), ["good"]);
}

#[tokio::test]
async fn a_canary_pauses_before_every_step_with_a_new_hook_and_gets_its_share() {
    let world = World::paced(visible()).await;
    let configuration = json!({
        "strategy": "CANARY", "bakeTimeInMinutes": 0,
        "canaryConfiguration": {"canaryPercent": 20.0, "canaryBakeTimeInMinutes": 1},
        "lifecycleHooks": pause(&["PRE_PRODUCTION_TRAFFIC_SHIFT"]),
    });
    let built = world.shifting_service(1, configuration).await;
    let url = built["url"].as_str().unwrap();
    let image = world.image("better").await;
    let arn = world.deploy(&image).await;
    let (first, paused) = waiting_hook(&world, &arn).await;
    assert_eq!(paused["lifecycleStage"], "PRE_PRODUCTION_TRAFFIC_SHIFT");
    assert_eq!(world.flavours(url, 20).await.get("better"), None);
    answer(&world, &arn, &first, "CONTINUE").await;

    let (second, paused) = waiting_hook(&world, &arn).await;
    assert_ne!(first, second);
    assert_eq!(paused["targetServiceRevision"]["requestedProductionTrafficWeight"], 20.0);
    let seen = world.flavours(url, 200).await;
    let better = seen.get("better").copied().unwrap_or_default();
    assert!((30..=50).contains(&better), "{seen:?}");
    let rule = built["production_rule_arn"].as_str().unwrap();
    let rules = world.elb(&[("Action", "DescribeRules"), ("RuleArns.member.1", rule)]).await.unwrap();
    assert!(rules.contains("<Weight>20</Weight>") && rules.contains("<Weight>80</Weight>"), "{rules}");

    let again = json!({"serviceDeploymentArn": arn, "hookId": first, "action": "ROLLBACK"});
    let error = world.ecs("ContinueServiceDeployment", again).await.unwrap_err();
    assert_eq!(error["__type"], "InvalidParameterException");
    answer(&world, &arn, &second, "CONTINUE").await;
    let done = world.deployed("SUCCESSFUL").await;
    assert_eq!(done["serviceDeploymentArn"], arn.as_str());
    assert_eq!(world.flavours(url, 20).await.into_keys().collect::<Vec<_>>(), ["better"]);
}

#[tokio::test]
async fn a_linear_deployment_takes_equal_steps() {
    let world = World::paced(visible()).await;
    let configuration = json!({
        "strategy": "LINEAR", "bakeTimeInMinutes": 0,
        "linearConfiguration": {"stepPercent": 40.0, "stepBakeTimeInMinutes": 1},
    });
    world.shifting_service(1, configuration).await;
    let image = world.image("better").await;
    let arn = world.deploy(&image).await;
    let weights = std::sync::Mutex::new(Vec::new());
    world
        .until("it is successful", async || {
            let deployment = world.deployment(&arn).await;
            let weight = deployment["targetServiceRevision"]["requestedProductionTrafficWeight"].as_f64().unwrap();
            let mut weights = weights.lock().unwrap();
            if weights.last() != Some(&weight) {
                weights.push(weight);
            }
            if deployment["status"] == "SUCCESSFUL" { Ok(()) } else { Err(deployment) }
        })
        .await;
    assert_eq!(weights.into_inner().unwrap(), [0.0, 40.0, 80.0, 100.0]);
}

#[tokio::test]
async fn a_first_deployment_by_a_strategy_gets_all_the_traffic_at_its_end() {
    let world = World::new().await;
    let wanted = json!({
        "cluster": "production", "service": "web", "image": world.image("good").await, "container_port": 8080,
        "health_check_path": "/healthz", "deployment_configuration": {"strategy": "CANARY"},
    });
    let built = world.admin("services", &wanted).await;
    world.deployed("SUCCESSFUL").await;
    let seen = world.flavours(built["url"].as_str().unwrap(), 10).await;
    assert_eq!(seen.into_keys().collect::<Vec<_>>(), ["good"]);
}

#[tokio::test]
async fn wrong_strategies_are_refused_as_aws_refuses_them() {
    let world = World::new().await;
    world.shifting_service(1, json!({"strategy": "ROLLING"})).await;
    let table = [
        (json!({"strategy": "SIDEWAYS"}), "must be one of"),
        (json!({"strategy": "BLUE_GREEN"}), "bakeTimeInMinutes"),
        (json!({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 0.05}}), "canaryPercent"),
        (
            json!({"strategy": "CANARY", "canaryConfiguration": {"canaryBakeTimeInMinutes": 1441}}),
            "canaryBakeTimeInMinutes",
        ),
        (json!({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 2.9}}), "stepPercent"),
        (json!({"strategy": "LINEAR", "canaryConfiguration": {}}), "only valid"),
        (json!({"strategy": "CANARY", "lifecycleHooks": pause(&["PRODUCTION_TRAFFIC_SHIFT"])}), "PAUSE hooks"),
        (json!({"strategy": "CANARY", "lifecycleHooks": pause(&["BAKE_TIME"])}), "BAKE_TIME"),
        (json!({"strategy": "CANARY", "lifecycleHooks": pause(&[])}), "lifecycleStages"),
    ];
    for (configuration, expected) in table {
        let input = json!({"cluster": "production", "service": "web", "deploymentConfiguration": configuration});
        let error = world.ecs("UpdateService", input).await.expect_err(expected);
        assert_eq!(error["__type"], "InvalidParameterException", "{configuration}: {error}");
        assert!(error["message"].as_str().unwrap().contains(expected), "{configuration}: {error}");
    }
}

#[tokio::test]
async fn a_service_without_a_second_target_group_cannot_shift() {
    let world = World::new().await;
    world.good_service(1).await;
    let input = json!({"cluster": "production", "service": "web", "deploymentConfiguration": {"strategy": "CANARY"}});
    let error = world.ecs("UpdateService", input).await.unwrap_err();
    assert!(error["message"].as_str().unwrap().contains("advancedConfiguration"), "{error}");
}

#[tokio::test]
async fn functions_of_hooks_say_what_was_written_down_for_them() {
    let world = World::new().await;
    let function = |name: &str| format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}");
    let hook = |name: &str, stage: &str| json!({"hookTargetArn": function(name), "roleArn": "arn:aws:iam::123456789012:role/hooks", "lifecycleStages": [stage]});
    let hooks = json!([hook("slow", "POST_SCALE_UP"), hook("moody", "PRODUCTION_TRAFFIC_SHIFT")]);
    let configuration = json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0, "lifecycleHooks": hooks});
    let built = world.shifting_service(1, configuration).await;
    let words = |moody: &str| json!({function("slow"): ["IN_PROGRESS", "IN_PROGRESS", "SUCCEEDED"], function("moody"): [moody]});
    world.put("functions", &words("SUCCEEDED")).await;
    let image = world.image("better").await;
    let arn = world.deploy(&image).await;
    world.deployed("SUCCESSFUL").await;
    let details = world.deployment(&arn).await["lifecycleHookDetails"].clone();
    assert_eq!(details[0]["targetArn"], function("slow"));
    assert_eq!((&details[0]["targetType"], &details[1]["status"]), (&json!("AWS_LAMBDA"), &json!("SUCCEEDED")));

    world.put("functions", &words("FAILED")).await;
    let image = world.image("best").await;
    world.deploy(&image).await;
    world.deployed("ROLLBACK_SUCCESSFUL").await;
    let seen = world.flavours(built["url"].as_str().unwrap(), 10).await;
    assert_eq!(seen.into_keys().collect::<Vec<_>>(), ["better"], "it went back though traffic had gone over");
}
