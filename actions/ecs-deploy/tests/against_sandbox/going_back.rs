use crate::world::{GOOD, SLOW, World};
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
    let container = json!({"name": "api", "image": slow.to_string(), "essential": true});
    world.ecs("RegisterTaskDefinition", json!({"family": "f", "containerDefinitions": [container]})).await;
    world.ecs("UpdateService", json!({"cluster": "c", "service": "s", "taskDefinition": "f"})).await;
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
