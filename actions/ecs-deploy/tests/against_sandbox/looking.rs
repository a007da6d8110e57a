//! Modes that only look: `preflight`, `diff`, `iam-policy`.

use crate::world::{CRASHING, GOOD, SLOW, World};
use serde_json::json;
use subject::Digest;

#[tokio::test]
async fn a_preflight_says_go_row_by_row_and_no_when_something_is_in_the_way() {
    let world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    let preflight = |run: u32, image: &str| world.run(run, &[("mode", "preflight"), ("image", image)]);
    let before = (world.described().await["deployments"].clone(), world.revisions().await);
    let ran = preflight(1, &new.to_string());
    ran.is("ready", 0).logged("[ok] there is a release to go back to").logged("[ok] the registry has the images");
    assert!(ran.summary.contains("no alarm is on already"), "{}", ran.summary);
    assert_eq!(
        (world.described().await["deployments"].clone(), world.revisions().await),
        before,
        "nothing was changed"
    );

    let missing = old.repository.image(Digest::of(b"never pushed")).to_string();
    preflight(2, &missing).is("refused", 1).logged("[NO] the registry has the images");
    let slow = world.image("slow", SLOW).await;
    world.deployed_by_hand(&slow).await;
    preflight(3, &new.to_string()).is("refused", 1).logged("[NO] no other deployment is in flight");
}

#[tokio::test]
async fn a_service_that_never_came_up_has_no_release_to_go_back_to() {
    let world = World::new().await;
    let bad = world.image("bad", CRASHING).await;
    let container = json!({"name": "api", "image": bad.to_string(), "essential": true});
    world.ecs("RegisterTaskDefinition", json!({"family": "f", "containerDefinitions": [container]})).await;
    let service = json!({"cluster": "c", "serviceName": "s", "taskDefinition": "f", "desiredCount": 1});
    world.ecs("CreateService", service).await;
    let new = world.image("new", GOOD).await.to_string();
    let ran = world.run(1, &[("mode", "preflight"), ("image", &new)]);
    ran.is("refused", 1).logged("[NO] there is a release to go back to").logged("would stall");
}

#[tokio::test]
async fn an_alarm_that_is_on_already_and_a_right_that_is_missing_are_not_go() {
    let world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await.to_string());
    world.service(&old).await;
    let alarms = json!({"enable": true, "rollback": true, "alarmNames": ["p99"]});
    let update = json!({"cluster": "c", "service": "s", "deploymentConfiguration": {"alarms": alarms}});
    world.ecs("UpdateService", update).await;
    let ran = world.run(1, &[("mode", "preflight"), ("image", &new)]);
    ran.is("unclear", 3).logged("[??] no alarm is on already: p99 is not there");
    let denied =
        json!({"operation": "ListServiceDeployments", "calls": 99, "code": "AccessDeniedException", "status": 400});
    world.fault(json!({ "error": denied })).await;
    assert_ne!(world.run(2, &[("mode", "preflight"), ("image", &new)]).code, Some(0));
}

#[tokio::test]
async fn a_diff_shows_what_would_change_and_a_policy_is_written_without_asking_anybody() {
    let world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await.to_string());
    world.service(&old).await;
    let overrides = "containers: {api: {environment: {LEVEL: debug}, cpu: 64}}";
    let ran = world.run(1, &[("mode", "diff"), ("image", &new), ("overrides", overrides)]);
    ran.is("planned", 0).logged("LEVEL").logged(&new).logged("+      \"cpu\": 64");
    world.fault(json!({"error": {"operation": "DescribeServices", "calls": 9}})).await;
    let policy = [("mode", "iam-policy"), ("strategy", "canary"), ("gate", "true")];
    let ran = world.run(2, &policy);
    ran.is("written", 0).logged("ecs:ContinueServiceDeployment").logged("service/c/s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_deployment_would_refuse_is_no_go_and_what_is_not_there_is_no_answer() {
    let world = World::new().await;
    let (old, new) = (world.server("old").await, world.server("new").await.to_string());
    world.service(&old).await;
    let ran = world.run(1, &[("mode", "preflight"), ("image", &new), ("container", "nobody")]);
    ran.is("refused", 1).logged("[NO] the service can be deployed");
    for mode in ["resume", "recover"] {
        world.run(2, &[("mode", mode), ("service", "nobody")]).is("refused", 1);
    }
}
