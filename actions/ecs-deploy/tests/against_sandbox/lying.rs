use crate::{
    liar,
    world::{GOOD, World},
};
use std::sync::atomic::{AtomicU32, Ordering};
use subject::Digest;

/// ECS calls the deployment successful, but the tasks report another digest: the false green nobody else looks for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_other_bytes_run_than_were_promised_the_old_revision_is_brought_back() {
    let mut world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    let before = world.described().await["taskDefinition"].clone();
    let (promised, other) = (new.digest.to_string(), Digest::of(b"other bytes").to_string());
    let seen = other.clone();
    liar::between(&mut world, move |operation, (status, body)| match operation {
        "DescribeTasks" => {
            (status, body.replace(&format!("\"imageDigest\":\"{promised}\""), &format!("\"imageDigest\":\"{other}\"")))
        }
        _ => (status, body),
    })
    .await;
    let ran = world.deploy(1, &new);
    ran.is("rolled-back", 1).logged(&format!("runs {seen}")).logged("bringing back");
    assert_eq!(ran.output("rolled-back-to"), before.as_str().unwrap());
    assert!(world.running().await.iter().all(|digest| *digest == old.digest.to_string()));
}

/// Lists that do not know our deployment yet, and servers in trouble, are waited out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stale_lists_and_broken_reads_do_not_change_the_verdict() {
    let mut world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    let calls = AtomicU32::new(0);
    liar::between(&mut world, move |operation, (status, body)| {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        match operation {
            "ListServiceDeployments" if call < 14 => (200, r#"{"serviceDeployments":[]}"#.to_owned()),
            "DescribeServiceDeployments" if call.is_multiple_of(3) => {
                (200, r#"{"serviceDeployments":[],"failures":[]}"#.to_owned())
            }
            "DescribeServiceDeployments" | "DescribeServices" if call.is_multiple_of(7) => (500, String::new()),
            _ => (status, body),
        }
    })
    .await;
    world.deploy(1, &new).is("deployed", 0);
}

/// A right that is missing is named, and nothing is changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_right_is_named_and_the_service_is_left_alone() {
    let mut world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    let denied = r#"{"__type":"AccessDeniedException","message":"User: u is not authorized to perform: iam:PassRole on resource: r"}"#;
    liar::between(&mut world, move |operation, truth| match operation {
        "RegisterTaskDefinition" => (400, denied.to_owned()),
        _ => truth,
    })
    .await;
    let deployments = world.deployments().await;
    let ran = world.deploy(1, &new);
    ran.is("error", 3).logged("allow the IAM action iam:PassRole").logged("the service was not changed");
    assert_eq!(world.deployments().await, deployments);
}
