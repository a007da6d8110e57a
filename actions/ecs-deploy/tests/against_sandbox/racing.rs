//! Lost answers, kills between two calls, reads that fail at the worst moment.

use crate::{
    liar,
    world::{GOOD, SLOW, World},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::Duration,
};

const DENIED: &str = r#"{"__type":"AccessDeniedException","message":"User: u is not authorized to perform: ecs:x"}"#;

/// ECS did what was asked and its answer never came: what was begun is found and followed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_to_the_update_is_made_good_by_looking() {
    let mut world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    liar::between(&mut world, |operation, truth| match operation {
        "UpdateService" => (500, String::new()),
        _ => truth,
    })
    .await;
    let deployments = world.deployments().await.len();
    world.deploy(1, &new).is("deployed", 0).logged("the answer to the update was lost");
    assert_eq!(world.deployments().await.len(), deployments + 1);
}

/// Taking back the way back would bring the bad release again: not even a kill right after the update may lead to that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_that_is_killed_at_its_update_is_never_itself_taken_back() {
    let mut world = World::new().await;
    let (old, bad) = (world.image("old", GOOD).await, world.image("bad", GOOD).await);
    world.service(&old).await;
    world.deploy(1, &bad).is("deployed", 0);
    liar::between(&mut world, |operation, truth| {
        if operation == "UpdateService" {
            std::thread::sleep(Duration::from_millis(700));
        }
        truth
    })
    .await;
    let step = world.start(1, "main", &[("mode", "rollback")], &BTreeMap::new());
    step.says("updating c/s to").await;
    let until = |service: &Value| service["taskDefinition"].as_str().is_some_and(|name| name.ends_with("/f:1"));
    world.until("the way back has begun", until).await;
    step.signal("KILL");
    let killed = step.end();
    let journal: Value = serde_json::from_str(&killed.state["deployment"]).unwrap();
    assert_eq!((&journal["phase"], &journal["id"]), (&json!("beginning"), &Value::Null), "{journal}");
    let post = world.post(1, &[("mode", "rollback")], &killed);
    assert_eq!(post.code, Some(0), "{}", post.log);
    assert!(!post.log.contains("taking back"), "{}", post.log);
    assert!(world.running().await.iter().all(|digest| *digest == old.digest.to_string()), "{}", post.log);
}

/// Our own deployment has ended; what else cannot be read does not change how.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_deployment_is_believed_even_when_nothing_beside_it_can_be_read() {
    let mut world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    let known = AtomicBool::new(false);
    liar::between(&mut world, move |operation, truth| match operation {
        "DescribeServiceDeployments" => {
            known.store(true, Ordering::SeqCst);
            truth
        }
        "ListServiceDeployments" if known.load(Ordering::SeqCst) => (400, DENIED.to_owned()),
        _ => truth,
    })
    .await;
    world.deploy(1, &new).is("deployed", 0);
}

/// At the deadline ECS is too busy to hear that the deployment is to be taken back: it is asked again.
#[tokio::test]
async fn a_stop_that_is_throttled_away_is_asked_for_again() {
    let world = World::new().await;
    let (old, slow) = (world.image("old", GOOD).await, world.image("slow", SLOW).await);
    world.service(&old).await;
    world.fault(json!({"throttle": {"operation": "StopServiceDeployment", "calls": 8}})).await;
    let image = slow.to_string();
    let ran = world.run(1, &[("image", &image), ("circuit-breaker", "keep"), ("wait-minutes", "0.1")]);
    ran.is("rolled-back", 1).logged("failed to take back").logged("it did not become healthy in time");
}

/// Another deployment takes the place of ours between its success and our look at its tasks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_replaced_right_after_its_success_is_superseded_and_not_called_untried() {
    let mut world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    let (looks, ended) = (AtomicU32::new(0), AtomicBool::new(false));
    liar::between(&mut world, move |operation, (status, body)| match operation {
        "DescribeServiceDeployments" => {
            ended.fetch_or(body.contains("\"SUCCESSFUL\""), Ordering::SeqCst);
            (status, body)
        }
        // From our success on a stranger is PRIMARY, and its tasks are not ours; lists do not show it yet.
        "DescribeServices" if ended.load(Ordering::SeqCst) && looks.fetch_add(1, Ordering::SeqCst) > 0 => {
            (status, body.replace("\"ecs-svc/", "\"ecs-svc/9"))
        }
        "ListTasks" if ended.load(Ordering::SeqCst) => (200, r#"{"taskArns":[]}"#.to_owned()),
        _ => (status, body),
    })
    .await;
    world.deploy(1, &new).is("superseded", 1).logged("ecs-svc/9");
}

#[tokio::test]
async fn a_post_step_that_cannot_read_what_main_wrote_down_says_so() {
    let world = World::new().await;
    let old = world.image("old", GOOD).await;
    world.service(&old).await;
    let image = old.to_string();
    let state = BTreeMap::from([("deployment".to_owned(), "{\"phase\":".to_owned())]);
    let post = world.start(1, "post", &[("image", &image)], &state).end();
    assert_eq!(post.code, Some(3), "{}", post.log);
    post.logged("a deployment may still be in flight");
}

/// Other bytes than promised run, and a stranger has replaced our deployment already: what is theirs is not ours to undo.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_promise_is_not_made_good_over_another_ones_deployment() {
    let mut world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    let (promised, other) = (new.digest.to_string(), old.digest.to_string());
    let ended = AtomicBool::new(false);
    liar::between(&mut world, move |operation, (status, body)| match operation {
        "DescribeTasks" => {
            ended.fetch_or(body.contains(&promised) && body.contains("RUNNING"), Ordering::SeqCst);
            (status, body.replace(&promised, &other))
        }
        "DescribeServices" if ended.load(Ordering::SeqCst) => (status, body.replace("\"ecs-svc/", "\"ecs-svc/9")),
        _ => (status, body),
    })
    .await;
    let deployments = world.deployments().await.len();
    world.deploy(1, &new).is("superseded", 1).logged("ecs-svc/9");
    assert_eq!(world.deployments().await.len(), deployments + 1, "nothing was brought back");
}

/// The service shows no deployment of its own: then no task is one of ours, however many the cluster runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_deployment_to_ask_about_nothing_is_proven() {
    let mut world = World::new().await;
    let old = world.image("old", GOOD).await;
    world.service(&old).await;
    // A filter by nothing may as well be no filter.
    let all = world.ecs("ListTasks", json!({"cluster": "c", "serviceName": "s"})).await.to_string();
    liar::between(&mut world, move |operation, (status, body)| match operation {
        "ListTasks" => (200, all.clone()),
        "DescribeServices" => (status, body.replace("\"PRIMARY\"", "\"INACTIVE\"")),
        _ => (status, body),
    })
    .await;
    world.deploy(1, &old).is("unverified-zero-tasks", 3);
}
