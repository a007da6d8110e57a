//! A deployment during which AWS and the container say hostile things: service events, stop reasons, log lines.

use crate::{
    harmless::{HOSTILE, Place, all},
    settled::settled,
};
use e2e::{
    outside,
    world::{Environment, World},
};
use oci::{
    Platform,
    image::{Builder, Contents},
    layout::{Layout, push_layout},
};
use serde_json::json;
use subject::{ImageRef, Repository};

/// An image that prints everything hostile on both streams and ends.
async fn shouting(world: &World, entrypoint: &str) -> ImageRef {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    let script = "#!/bin/sh\ncat \"$0.txt\"\ncat \"$0.txt\" >&2\nexit 3\n";
    let contents = Contents::new().file("app/shout", 0o755, script).file("app/shout.txt", 0o644, all());
    let builder = Builder::new(Platform::linux("amd64")).layer("copy", contents).entrypoint([entrypoint]);
    builder.build(&layout, None).unwrap();
    let repository = Repository::new(&world.sandbox.registry_host(), "shouting").unwrap();
    push_layout(&world.registry().await.unwrap(), &layout, &repository, None).await.unwrap()
}

async fn event(world: &World, environment: &Environment, message: &str) {
    let event = json!({ "cluster": environment.cluster, "service": environment.service, "message": message });
    world.post("/_sandbox/faults", &json!({ "event": event })).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_says_during_a_deployment_is_only_text() {
    let (Some(place), Some(service)) = (Place::new(), outside::sample_service()) else { return };
    let world = World::start(&service).await.unwrap();
    let before = world.release("good", &place.tree).await.unwrap();
    let production = world.environment("production", &before.image, 1).await.unwrap();
    settled(&world, &production).await;
    let place = place.env(world.env());
    let next = world.release("good", &place.tree).await.unwrap().image.to_string();
    let with = [
        ("cluster", "production"),
        ("service", "recommendation"),
        ("image", next.as_str()),
        ("poll-seconds", "0.2"),
        ("signing-key", world.signing_key.as_str()),
    ];
    let mut running = place.step("ecs-deploy", &with).start().unwrap();
    running.until("registering a revision").unwrap();
    for text in HOSTILE {
        event(&world, &production, text).await;
    }
    event(&world, &production, &all()).await;
    let outcome = running.wait().unwrap();
    assert_eq!((outcome.exit, outcome.verdict()), (Some(0), "deployed"), "{}", outcome.log);
    assert!(outcome.log.contains("set-output name=verdict"), "the words are still there: {}", outcome.log);
    assert!(outcome.summary.contains("set-output name=verdict"), "{}", outcome.summary);
    place.is_harmless("ecs-deploy", &with, &outcome);
    let post = place.step("ecs-deploy", &with).post(&outcome).unwrap();
    assert_eq!(post.exit, Some(0), "{}", post.log);
    assert!(post.commands.iter().all(|command| command.name == "add-mask"), "{:?}", post.commands);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_container_says_and_how_it_stops_is_only_text() {
    let (Some(place), Some(service)) = (Place::new(), outside::sample_service()) else { return };
    let world = World::start(&service).await.unwrap();
    let before = world.release("good", &place.tree).await.unwrap();
    let production = world.environment("production", &before.image, 1).await.unwrap();
    settled(&world, &production).await;
    let place = place.env(world.env());
    let hostile = HOSTILE.join("/");
    for entrypoint in ["/app/shout", hostile.as_str()] {
        let image = shouting(&world, entrypoint).await.to_string();
        let with = [
            ("cluster", "production"),
            ("service", "recommendation"),
            ("image", image.as_str()),
            ("poll-seconds", "0.2"),
        ];
        let outcome = place.ends("ecs-deploy", &with, (1, "rolled-back"));
        let told = outcome.log.clone() + &outcome.summary;
        assert!(told.contains("set-output name=verdict"), "the reader sees what was said: {told}");
    }
    assert_eq!(world.version(&production).await.unwrap()["git_sha"], before.commit.as_str());
}
