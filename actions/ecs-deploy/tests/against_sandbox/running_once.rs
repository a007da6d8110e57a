//! `mode: run-task`: a migration, from start to verdict.

use crate::world::{GOOD, World};
use serde_json::json;
use std::collections::BTreeMap;

const MIGRATION: &str =
    "#!/bin/sh\necho \"migrating $1\"\nsleep 0.3\ncase $1 in broken) echo 'no such table'; exit 4;; esac\necho done\n";

async fn world() -> (World, String) {
    let world = World::new().await;
    let old = world.image("old", GOOD).await;
    world.service(&old).await;
    let image = world.image("migration", MIGRATION).await.to_string();
    (world, image)
}

#[tokio::test]
async fn a_migration_runs_once_with_its_words_and_its_log_and_the_service_is_not_touched() {
    let (world, image) = world().await;
    let before = world.described().await["deployments"].clone();
    let ran = world.run(1, &[("mode", "run-task"), ("image", &image), ("command", "up")]);
    ran.is("completed", 0).logged("log: migrating up").logged("log: done").logged("task STOPPED");
    assert_eq!(world.described().await["deployments"], before);
    let revisions = world.revisions().await;
    world.run(2, &[("mode", "run-task"), ("image", &image), ("command", "up")]).is("completed", 0);
    assert_eq!(world.revisions().await, revisions, "an equal revision is run again");
}

#[tokio::test]
async fn a_migration_that_fails_says_why_and_what_never_ran_is_no_success() {
    let (world, image) = world().await;
    let inputs = [("mode", "run-task"), ("image", image.as_str()), ("command", "broken")];
    let ran = world.run(1, &inputs);
    ran.is("failed", 1).logged("container `api` ended with exit code 4").logged("log: no such table");
    world.fault(json!({"no_placement": {"reason": "RESOURCE:MEMORY", "calls": 1}})).await;
    world.run(2, &inputs).is("failed", 1).logged("no task was started: RESOURCE:MEMORY");
    let missing = image.replace(&image[image.len() - 8..], "00000000");
    world.run(3, &[("mode", "run-task"), ("image", &missing)]).is("failed", 1).logged("never ran to an end");
}

#[tokio::test]
async fn a_cancelled_task_is_stopped_and_after_a_kill_the_post_step_stops_it() {
    let (world, _) = world().await;
    let image = world.image("long", GOOD).await.to_string();
    let inputs = [("mode", "run-task"), ("image", image.as_str())];
    for (run, signal) in [(1, "INT"), (2, "KILL")] {
        let step = world.start(run, "main", &inputs, &BTreeMap::new());
        step.says("task RUNNING").await;
        step.signal(signal);
        let ran = step.end();
        if signal == "INT" {
            ran.is("cancelled", 130).logged("stopping arn:");
        }
        let post = world.post(run, &inputs, &ran);
        assert_eq!(post.code, Some(0), "{}", post.log);
        assert_eq!(post.log.contains("it was told to stop"), signal == "KILL", "{}", post.log);
        let running = json!({"cluster": "c", "startedBy": format!("lockkeeper/{run}"), "desiredStatus": "RUNNING"});
        assert_eq!(world.ecs("ListTasks", running).await["taskArns"], json!([]));
    }
}

#[tokio::test]
async fn a_lost_answer_starts_no_second_task() {
    let (world, image) = world().await;
    world.fault(json!({"lose_answer": {"operation": "RunTask", "calls": 1}})).await;
    world.run(1, &[("mode", "run-task"), ("image", &image)]).is("completed", 0);
    let stopped = json!({"cluster": "c", "startedBy": "lockkeeper/1", "desiredStatus": "STOPPED"});
    assert_eq!(world.ecs("ListTasks", stopped).await["taskArns"].as_array().unwrap().len(), 1);
}
