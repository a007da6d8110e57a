//! Deployments that shift traffic and have to take it back, whatever the reason: no request may fail on the way.

use crate::{
    shifting::{answer, waiting_hook},
    world::World,
};
use serde_json::{Value, json};

/// A canary that waits before its first step and, with 20 percent on it, before its second.
fn canary() -> Value {
    json!({
        "strategy": "CANARY", "bakeTimeInMinutes": 0,
        "canaryConfiguration": {"canaryPercent": 20.0, "canaryBakeTimeInMinutes": 0},
        "lifecycleHooks": [{"targetType": "PAUSE", "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"],
                            "timeoutConfiguration": {"timeoutInMinutes": 30, "action": "ROLLBACK"}}],
    })
}

/// A service whose deployment waits with 20 percent of the traffic on it: its ARN, the hook, the address.
async fn halfway(world: &World) -> (String, String, String) {
    let built = world.shifting_service(2, canary()).await;
    let image = world.image("better").await;
    let arn = world.deploy(&image).await;
    let (first, _) = waiting_hook(world, &arn).await;
    answer(world, &arn, &first, "CONTINUE").await;
    let (second, deployment) = waiting_hook(world, &arn).await;
    assert_eq!(deployment["targetServiceRevision"]["requestedProductionTrafficWeight"], 20.0);
    (arn, second, built["url"].as_str().unwrap().to_owned())
}

/// Waits for the end with traffic all the time, and gives it.
async fn gone_back(world: &World, arn: &str, url: &str) -> Value {
    let ended = world
        .until("it is rolled back", async || {
            world.flavours(url, 5).await;
            let deployment = world.deployment(arn).await;
            if deployment["status"] == "ROLLBACK_SUCCESSFUL" { Ok(deployment) } else { Err(deployment) }
        })
        .await;
    assert_eq!(world.flavours(url, 30).await.into_keys().collect::<Vec<_>>(), ["good"]);
    assert_eq!(ended["targetServiceRevision"]["requestedProductionTrafficWeight"], 0.0);
    assert_eq!(ended["targetServiceRevision"]["runningTaskCount"], 0);
    assert_eq!(ended["rollback"]["serviceRevisionArn"], ended["sourceServiceRevisions"][0]["arn"]);
    ended
}

#[tokio::test]
async fn a_hook_answered_with_rollback_takes_the_traffic_back() {
    let world = World::new().await;
    let (arn, hook, url) = halfway(&world).await;
    answer(&world, &arn, &hook, "ROLLBACK").await;
    let ended = gone_back(&world, &arn, &url).await;
    assert!(ended["statusReason"].as_str().unwrap().contains("lifecycle hook was answered"), "{ended}");
    assert_eq!(ended["lifecycleHookDetails"][1]["status"], "FAILED");
    assert!(world.events().await.iter().any(|text| text.contains("deployment failed: lifecycle hook failed.")));
}

#[tokio::test]
async fn a_hook_nobody_answers_takes_the_traffic_back_when_its_time_is_over() {
    let world = World::new().await;
    let (arn, _, url) = halfway(&world).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(world.deployment(&arn).await["status"], "IN_PROGRESS", "it waits");
    world.admin("clock", &json!({"skip_seconds": 30 * 60})).await;
    let ended = gone_back(&world, &arn, &url).await;
    assert_eq!(ended["lifecycleHookDetails"][1]["status"], "TIMED_OUT");
    assert_eq!(ended["lifecycleHookDetails"][1]["timeoutAction"], "ROLLBACK");
}

#[tokio::test]
async fn a_deployment_can_be_stopped_while_it_waits() {
    let world = World::new().await;
    let (arn, hook, url) = halfway(&world).await;
    world.ecs("StopServiceDeployment", json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"})).await.unwrap();
    let ended = gone_back(&world, &arn, &url).await;
    assert!(ended["statusReason"].as_str().unwrap().contains("user request"), "{ended}");
    let late = json!({"serviceDeploymentArn": arn, "hookId": hook});
    let error = world.ecs("ContinueServiceDeployment", late).await.unwrap_err();
    assert_eq!(error["__type"], "InvalidParameterException");
}

#[tokio::test]
async fn a_rule_that_somebody_else_takes_a_target_group_out_of_ends_the_deployment() {
    let world = World::new().await;
    let built = world.shifting_service(1, canary()).await;
    let image = world.image("better").await;
    let arn = world.deploy(&image).await;
    waiting_hook(&world, &arn).await;
    for rule in ["production_rule_arn", "test_rule_arn"] {
        let fields = [
            ("Action", "ModifyRule"),
            ("RuleArn", built[rule].as_str().unwrap()),
            ("Actions.member.1.Type", "forward"),
            ("Actions.member.1.TargetGroupArn", built["target_group_arn"].as_str().unwrap()),
        ];
        world.elb(&fields).await.unwrap();
    }
    let ended = gone_back(&world, &arn, built["url"].as_str().unwrap()).await;
    assert!(ended["statusReason"].as_str().unwrap().contains("invalid networking configuration"), "{ended}");
}

#[tokio::test]
async fn a_release_that_never_gets_healthy_gets_no_traffic() {
    let world = World::new().await;
    let built = world.shifting_service(1, json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0})).await;
    let url = built["url"].as_str().unwrap();
    let image = world.image("unhealthy").await;
    let arn = world.deploy(&image).await;
    world
        .until("a task of it has failed", async || {
            world.flavours(url, 3).await;
            let failed = world.web().await["deployments"][0]["failedTasks"].clone();
            if failed.as_u64() > Some(0) { Ok(()) } else { Err(failed) }
        })
        .await;
    let deployment = world.deployment(&arn).await;
    assert_eq!(deployment["lifecycleStage"], "SCALE_UP");
    assert_eq!(deployment["targetServiceRevision"]["requestedTestTrafficWeight"], 0.0);
    // As documented, the circuit breaker is for rolling deployments: only the stage's own limit ends this one.
    assert_eq!(deployment["deploymentCircuitBreaker"]["status"], "DISABLED");
    world.admin("clock", &json!({"skip_seconds": 25 * 3600})).await;
    let ended = gone_back(&world, &arn, url).await;
    assert!(ended["statusReason"].as_str().unwrap().contains("stage timed out"), "{ended}");
}

#[tokio::test]
async fn a_newer_deployment_reconciles_the_service_before_it_begins() {
    let world = World::new().await;
    let (arn, _, url) = halfway(&world).await;
    let image = world.image("best").await;
    let newer = world.deploy(&image).await;
    assert_eq!(world.deployment(&arn).await["status"], "STOPPED");
    assert_eq!(world.deployment(&newer).await["sourceServiceRevisions"].as_array().unwrap().len(), 2);
    let (hook, deployment) = world
        .until("the newer one waits", async || {
            world.flavours(&url, 5).await;
            let deployment = world.deployment(&newer).await;
            match deployment["lifecycleHookDetails"][0]["hookId"].as_str() {
                Some(hook) => Ok((hook.to_owned(), deployment.clone())),
                None => Err(deployment),
            }
        })
        .await;
    assert_eq!(deployment["lifecycleStage"], "PRE_PRODUCTION_TRAFFIC_SHIFT");
    assert_eq!(world.flavours(&url, 30).await.into_keys().collect::<Vec<_>>(), ["good"]);
    answer(&world, &newer, &hook, "CONTINUE").await;
    let (second, _) = waiting_hook(&world, &newer).await;
    answer(&world, &newer, &second, "CONTINUE").await;
    world
        .until("the newer one is successful", async || {
            world.flavours(&url, 5).await;
            let status = world.deployment(&newer).await["status"].clone();
            if status == "SUCCESSFUL" { Ok(()) } else { Err(status) }
        })
        .await;
    assert_eq!(world.flavours(&url, 20).await.into_keys().collect::<Vec<_>>(), ["best"]);
}

#[tokio::test]
async fn a_rolling_deployment_that_takes_over_puts_the_traffic_straight() {
    let world = World::new().await;
    let (_, _, url) = halfway(&world).await;
    let definition = {
        let image = world.image("best").await;
        world.revision(&image).await
    };
    let rolling =
        json!({"taskDefinition": definition, "deploymentConfiguration": {"strategy": "ROLLING", "lifecycleHooks": []}});
    world.update(rolling).await;
    world
        .until("it is successful", async || {
            world.flavours(&url, 5).await;
            let newest = world.newest_deployment().await;
            if newest["status"] == "SUCCESSFUL" { Ok(()) } else { Err(newest) }
        })
        .await;
    assert_eq!(world.flavours(&url, 20).await.into_keys().collect::<Vec<_>>(), ["best"]);
}

#[tokio::test]
async fn a_deployment_that_begins_during_a_rollback_shifts_from_what_the_rollback_went_to() {
    let world = World::new().await;
    let built = world.shifting_service(2, canary()).await;
    let url = built["url"].as_str().unwrap();
    // Answers the next hooks of a deployment, each once.
    let go_on = async |arn: &str, times: usize| {
        let mut answered = String::new();
        for _ in 0..times {
            let hook = world
                .until("another hook waits", async || {
                    let (hook, deployment) = waiting_hook(&world, arn).await;
                    if hook == answered { Err(deployment) } else { Ok(hook) }
                })
                .await;
            answer(&world, arn, &hook, "CONTINUE").await;
            answered = hook;
        }
    };
    let image = world.image("better").await;
    let better = world.deploy(&image).await;
    go_on(&better, 2).await;
    world.deployed("SUCCESSFUL").await;
    let image = world.image("worse").await;
    let worse = world.deploy(&image).await;
    go_on(&worse, 1).await;
    waiting_hook(&world, &worse).await;
    let image = world.image("best").await;
    let definition = world.revision(&image).await;
    world.ecs("StopServiceDeployment", json!({"serviceDeploymentArn": worse})).await.unwrap();
    world
        .until("it goes back", async || {
            let status = world.deployment(&worse).await["status"].clone();
            if status == "ROLLBACK_IN_PROGRESS" || status == "ROLLBACK_SUCCESSFUL" { Ok(()) } else { Err(status) }
        })
        .await;
    world.update(json!({"taskDefinition": definition})).await;
    let best = world.newest_deployment().await["serviceDeploymentArn"].as_str().unwrap().to_owned();
    waiting_hook(&world, &best).await;
    let seen = world.flavours(url, 20).await;
    assert_eq!(seen.into_keys().collect::<Vec<_>>(), ["better"], "neither what was given up nor what is long gone");
    go_on(&best, 2).await;
    world.deployed("SUCCESSFUL").await;
    assert_eq!(world.flavours(url, 20).await.into_keys().collect::<Vec<_>>(), ["best"]);
}
