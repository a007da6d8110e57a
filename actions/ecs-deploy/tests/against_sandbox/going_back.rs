use crate::world::{CRASHING, GOOD, SLOW, World};
use serde_json::json;

#[tokio::test]
async fn back_is_the_last_success_and_its_digest_is_proven() {
    let world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    let before = world.described().await["taskDefinition"].clone();
    world.deploy(1, &new).is("deployed", 0);
    let planned = world.run(2, &[("mode", "rollback"), ("dry-run", "true")]);
    planned.is("planned", 0).logged(&format!("would deploy {}", before.as_str().unwrap()));
    let ran = world.run(3, &[("mode", "rollback")]);
    ran.is("rolled-back", 0);
    assert_eq!(ran.output("rolled-back-to"), before.as_str().unwrap());
    assert_eq!(ran.output("digest"), old.digest.to_string());
    assert!(world.running().await.iter().all(|digest| *digest == old.digest.to_string()));

    let forward = world.run(4, &[("mode", "rollback"), ("to-image", &new.to_string())]);
    forward.is("rolled-back", 0);
    assert_eq!(forward.output("digest"), new.digest.to_string());
    world.run(5, &[("mode", "rollback"), ("to-image", &new.to_string())]).is("no-op", 0);
    world.run(6, &[("mode", "rollback"), ("to-revision", "f:1")]).is("rolled-back", 0);
    world
        .run(7, &[("mode", "rollback"), ("to-revision", "f:99")])
        .is("refused", 1)
        .logged("does not exist or is inactive");
    let never = old.repository.image(subject::Digest::of(b"never"));
    world
        .run(8, &[("mode", "rollback"), ("to-image", &never.to_string())])
        .is("refused", 1)
        .logged("no successful deployment");
}

#[tokio::test]
async fn what_is_in_flight_is_taken_back_by_ecs() {
    let world = World::new().await;
    let (old, slow) = (world.image("old", GOOD).await, world.image("slow", SLOW).await);
    world.service(&old).await;
    let before = world.described().await["taskDefinition"].clone();
    world.deployed_by_hand(&slow).await;
    let ran = world.run(1, &[("mode", "rollback")]);
    ran.is("rolled-back", 0).logged("taking back arn:");
    assert_eq!(ran.output("rolled-back-to"), before.as_str().unwrap());
    assert_eq!(world.described().await["deployments"][0]["taskDefinition"], before);
}

#[tokio::test]
async fn with_nothing_to_go_back_to_it_is_refused() {
    let world = World::new().await;
    let old = world.image("old", GOOD).await;
    world.service(&old).await;
    world.run(1, &[("mode", "rollback")]).is("refused", 1).logged("there is nothing to go back to");
}

#[tokio::test]
async fn going_back_once_more_never_brings_back_what_was_gone_back_from() {
    let world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    world.deploy(1, &new).is("deployed", 0);
    world.run(2, &[("mode", "rollback")]).is("rolled-back", 0);
    world.run(3, &[("mode", "rollback")]).is("refused", 1).logged("there is nothing to go back to");
    assert!(world.running().await.iter().all(|digest| *digest == old.digest.to_string()));
}

#[tokio::test]
async fn a_run_takes_back_its_own_release_and_not_the_one_that_has_replaced_it() {
    let world = World::new().await;
    let (old, bad) = (world.image("old", GOOD).await, world.image("bad", GOOD).await);
    let (fixed, slow) = (world.image("fixed", GOOD).await, world.image("slow", SLOW).await);
    world.service(&old).await;
    world.deploy(1, &bad).is("deployed", 0);
    world.deploy(2, &fixed).is("deployed", 0);
    let ran = world.run(1, &[("mode", "rollback")]);
    ran.is("no-op", 0).logged("this run's release has been replaced by");
    assert_eq!(ran.output("digest"), fixed.digest.to_string());
    assert!(world.running().await.iter().all(|digest| *digest == fixed.digest.to_string()));

    let container = json!({"name": "api", "image": slow.to_string(), "essential": true});
    world.ecs("RegisterTaskDefinition", json!({"family": "f", "containerDefinitions": [container]})).await;
    let patient = json!({"deploymentCircuitBreaker": {"enable": false, "rollback": false}});
    let update = json!({"cluster": "c", "service": "s", "taskDefinition": "f", "deploymentConfiguration": patient});
    world.ecs("UpdateService", update).await;
    world.run(2, &[("mode", "rollback")]).is("refused", 1).logged("is in flight, and it is not this run's");
    let status = world.deployments().await[0]["status"].take();
    assert!(status == "PENDING" || status == "IN_PROGRESS", "it was left alone: {status}");
}

#[tokio::test]
async fn after_ecs_took_a_release_back_itself_there_is_nothing_more_to_take_back() {
    let world = World::new().await;
    let (oldest, old) = (world.image("oldest", GOOD).await, world.image("old", GOOD).await);
    let bad = world.image("bad", CRASHING).await;
    world.service(&oldest).await;
    world.deploy(1, &old).is("deployed", 0);
    world.deploy(2, &bad).is("rolled-back", 1);
    world.run(2, &[("mode", "rollback")]).is("no-op", 0);
    assert!(world.running().await.iter().all(|digest| *digest == old.digest.to_string()));
}

#[tokio::test]
async fn being_there_already_is_proven_by_the_tasks_and_not_by_the_name() {
    let world = World::new().await;
    let old = world.image("old", GOOD).await;
    world.service(&old).await;
    let back = [("mode", "rollback"), ("to-revision", "f:1")];
    let ran = world.run(1, &back);
    ran.is("no-op", 0);
    assert_eq!(ran.output("digest"), old.digest.to_string());
    world.ecs("UpdateService", json!({"cluster": "c", "service": "s", "desiredCount": 0})).await;
    world.until("it is empty", |service| service["runningCount"] == 0).await;
    world.run(2, &back).is("unverified-zero-tasks", 3);
}

#[tokio::test]
async fn a_way_back_that_another_run_has_begun_is_followed_and_not_taken_back() {
    let world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    world.deploy(1, &new).is("deployed", 0);
    world.ecs("UpdateService", json!({"cluster": "c", "service": "s", "taskDefinition": "f:1"})).await;
    let ran = world.run(2, &[("mode", "rollback")]);
    ran.is("rolled-back", 0).logged("is the way back already");
    assert_eq!(ran.output("digest"), old.digest.to_string());
    assert!(world.running().await.iter().all(|digest| *digest == old.digest.to_string()));
}

#[tokio::test]
async fn a_moment_or_a_deployment_says_how_far_back() {
    let world = World::new().await;
    let (first, second, third) =
        (world.image("first", GOOD).await, world.image("second", GOOD).await, world.image("third", GOOD).await);
    world.service(&first).await;
    let of_second = world.deploy(1, &second);
    of_second.is("deployed", 0);
    let then = jiff::Timestamp::now().to_string();
    world.deploy(2, &third).is("deployed", 0);
    let ran = world.run(3, &[("mode", "rollback"), ("to-time", &then)]);
    ran.is("rolled-back", 0);
    assert_eq!(ran.output("digest"), second.digest.to_string());
    world
        .run(4, &[("mode", "rollback"), ("to-time", "2020-01-01T00:00:00Z")])
        .is("refused", 1)
        .logged("had succeeded by");
    world.deploy(5, &third).is("deployed", 0);
    let arn = of_second.output("service-deployment-arn");
    let ran = world.run(6, &[("mode", "rollback"), ("to-deployment", arn)]);
    ran.is("rolled-back", 0);
    assert_eq!(ran.output("digest"), second.digest.to_string());
}
