use crate::world::{GOOD, SLOW, Step, World};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use subject::ImageRef;

/// A world whose service runs a good image, a deployment of a slow one under way in a step.
async fn under_way() -> (World, ImageRef, ImageRef, Step) {
    let world = World::new().await;
    let (old, slow) = (world.image("old", GOOD).await, world.image("slow", SLOW).await);
    world.service(&old).await;
    let step = world.start(1, "main", &[("image", &slow.to_string())], &BTreeMap::new());
    step.says("our deployment is").await;
    (world, old, slow, step)
}

fn is_going_back(deployment: &Value) -> bool {
    deployment["status"].as_str().is_some_and(|status| status.starts_with("ROLLBACK"))
}

#[tokio::test]
async fn a_cancelled_deployment_is_being_taken_back_within_a_second() {
    let (world, old, _, step) = under_way().await;
    let began = Instant::now();
    step.signal("INT");
    while !is_going_back(&world.deployments().await[0]) {
        assert!(began.elapsed() < Duration::from_secs(1), "{}", step.log());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let ran = step.end();
    assert!(began.elapsed() < Duration::from_secs(8), "the runner's patience is 7.5 s");
    ran.is("cancelled", 130).logged("taking back arn:");
    let arn = ran.output("service-deployment-arn");
    assert!(!arn.is_empty() && world.deployments().await[0]["serviceDeploymentArn"] == arn);
    world.post(1, &[("image", &old.to_string())], &ran);
    assert!(world.running().await.contains(&old.digest.to_string()));
    assert_eq!(world.deployments().await[0]["status"], "ROLLBACK_SUCCESSFUL");
}

#[tokio::test]
async fn after_a_kill_the_post_step_takes_the_deployment_back() {
    let (world, old, slow, step) = under_way().await;
    step.signal("KILL");
    let killed = step.end();
    assert_eq!(killed.code, None);
    assert_eq!(killed.output("verdict"), "", "outputs exist even so");
    let post = world.post(1, &[("image", &slow.to_string())], &killed);
    assert_eq!(post.code, Some(0), "{}", post.log);
    post.logged("main did not see the end").logged("the deployment was taken back");
    assert_eq!(world.deployments().await[0]["status"], "ROLLBACK_SUCCESSFUL");
    let running = world.running().await;
    assert!(running.contains(&old.digest.to_string()) && !running.contains(&slow.digest.to_string()), "{running:?}");
}

#[tokio::test]
async fn the_post_step_leaves_a_finished_deployment_alone() {
    let world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    let ran = world.deploy(1, &new);
    ran.is("deployed", 0);
    let post = world.post(1, &[("image", &new.to_string())], &ran);
    assert_eq!((post.code, post.log.as_str()), (Some(0), ""));
    assert_eq!(world.deployments().await[0]["status"], "SUCCESSFUL");
}

#[tokio::test]
async fn after_a_kill_another_run_of_the_same_image_follows_what_is_in_flight_and_never_stops_it() {
    let world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    let step = world.start(1, "main", &[("image", &new.to_string())], &BTreeMap::new());
    step.says("our deployment is").await;
    step.signal("KILL");
    step.end();
    let deployments = world.deployments().await.len();
    let ran = world.deploy(2, &new);
    ran.is("deployed", 0).logged("adopting arn:");
    assert_eq!(world.deployments().await.len(), deployments, "no second deployment");
}

#[tokio::test]
async fn after_a_kill_before_the_updates_answer_the_post_step_finds_the_deployment_by_what_was_written_ahead() {
    let (world, old, slow, step) = under_way().await;
    step.signal("KILL");
    let mut killed = step.end();
    let mut journal: Value = serde_json::from_str(&killed.state["deployment"]).unwrap();
    for (member, value) in [("phase", Value::from("beginning")), ("id", Value::Null), ("arn", Value::Null)] {
        journal[member] = value;
    }
    killed.state.insert("deployment".into(), journal.to_string());
    world.post(1, &[("image", &slow.to_string())], &killed).logged("the deployment was taken back");
    assert!(world.running().await.contains(&old.digest.to_string()));

    journal["task_definition"] = "arn:aws:ecs:eu-west-1:123456789012:task-definition/f:99".into();
    killed.state.insert("deployment".into(), journal.to_string());
    let deployments = world.deployments().await;
    world.post(2, &[("image", &slow.to_string())], &killed).logged("never begun");
    assert_eq!(world.deployments().await, deployments);
}

#[tokio::test]
async fn the_runners_whole_sequence_of_signals_leaves_the_service_on_the_old_image() {
    let (world, old, slow, step) = under_way().await;
    step.signal("INT");
    tokio::time::sleep(Duration::from_millis(300)).await;
    step.signal("TERM");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let _ = step.try_signal("KILL");
    let ran = step.end();
    let post = world.post(1, &[("image", &slow.to_string())], &ran);
    assert_eq!(post.code, Some(0), "{}\n{}", ran.log, post.log);
    let running = world.running().await;
    assert!(running.contains(&old.digest.to_string()) && !running.contains(&slow.digest.to_string()), "{running:?}");
}
