//! Tasks that are started by themselves: exit codes, several containers, overrides, tokens.

use crate::world::World;
use serde_json::{Value, json};

const NETWORK: &str = r#"{"awsvpcConfiguration": {"subnets": ["subnet-1"]}}"#;

/// A task definition with a migration and a sidecar that runs until it is told to end.
async fn definition(world: &World) -> String {
    let log = |prefix: &str| json!({"logDriver": "awslogs", "options": {"awslogs-group": "/jobs", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": prefix}});
    let migration = world.image("migration").await;
    let sidecar = world.image("sidecar").await;
    let containers = json!([
        {"name": "migrate", "image": migration, "essential": true, "logConfiguration": log("m"),
         "environment": [{"name": "STEPS", "value": "1"}, {"name": "KEPT", "value": "yes"}]},
        {"name": "proxy", "image": sidecar, "essential": false, "stopTimeout": 2},
    ]);
    let input = json!({"family": "migrate", "networkMode": "awsvpc", "containerDefinitions": containers,
        "tags": [{"key": "team", "value": "a"}]});
    let answer = world.ecs("RegisterTaskDefinition", input).await.unwrap();
    world.ecs("CreateCluster", json!({"clusterName": "jobs"})).await.unwrap();
    answer["taskDefinition"]["taskDefinitionArn"].as_str().unwrap().to_owned()
}

async fn run(world: &World, definition: &str, extra: Value) -> Result<Value, Value> {
    let network: Value = serde_json::from_str(NETWORK).unwrap();
    let mut input = json!({"cluster": "jobs", "taskDefinition": definition, "networkConfiguration": network});
    input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    world.ecs("RunTask", input).await
}

async fn stopped(world: &World, task: &Value) -> Value {
    let input = json!({"cluster": "jobs", "tasks": [task["taskArn"]], "include": ["TAGS"]});
    world
        .until("the task has stopped", async || {
            let task = world.ecs("DescribeTasks", input.clone()).await.unwrap()["tasks"][0].clone();
            if task["lastStatus"] == "STOPPED" { Ok(task) } else { Err(task) }
        })
        .await
}

fn exit_code(task: &Value, name: &str) -> Value {
    let containers = task["containers"].as_array().unwrap();
    containers.iter().find(|container| container["name"] == name).unwrap()["exitCode"].clone()
}

#[tokio::test]
async fn a_task_ends_with_its_essential_container_and_tells_every_exit_code() {
    let world = World::new().await;
    let definition = definition(&world).await;
    let overrides = json!({"containerOverrides": [{"name": "migrate", "environment": [
        {"name": "EXIT", "value": "4"}, {"name": "STEPS", "value": "7"}]}]});
    let answer = run(
        &world,
        &definition,
        json!({"overrides": overrides, "startedBy": "deploy-1", "propagateTags": "TASK_DEFINITION"}),
    );
    let answer = answer.await.unwrap();
    let task = stopped(&world, &answer["tasks"][0]).await;
    assert_eq!((&task["stopCode"], exit_code(&task, "migrate")), (&json!("EssentialContainerExited"), json!(4)));
    assert_eq!(exit_code(&task, "proxy"), 143, "the sidecar was told to end");
    assert_eq!((&task["group"], &task["startedBy"]), (&json!("family:migrate"), &json!("deploy-1")));
    assert_eq!(task["tags"], json!([{"key": "team", "value": "a"}]));
    assert_eq!(task["overrides"]["containerOverrides"][0]["name"], "migrate");

    let id = task["taskArn"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let input = json!({"logGroupName": "/jobs", "logStreamName": format!("m/migrate/{id}")});
    let lines = world.logs("GetLogEvents", input).await.unwrap();
    let mut texts: Vec<&str> =
        lines["events"].as_array().unwrap().iter().map(|line| line["message"].as_str().unwrap()).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["a warning", "migrating 7"]);
    let listed =
        world.ecs("ListTasks", json!({"cluster": "jobs", "startedBy": "deploy-1", "desiredStatus": "STOPPED"}));
    assert_eq!(listed.await.unwrap()["taskArns"], json!([task["taskArn"]]));
}

#[tokio::test]
async fn a_task_that_cannot_start_has_no_exit_code_and_says_why() {
    let world = World::new().await;
    let definition = definition(&world).await;
    world
        .fault(json!({"failing_starts": {"reason": "ResourceInitializationError: unable to pull secrets", "tasks": 1}}))
        .await;
    let answer = run(&world, &definition, json!({})).await.unwrap();
    let task = stopped(&world, &answer["tasks"][0]).await;
    assert_eq!((&task["stopCode"], exit_code(&task, "migrate")), (&json!("TaskFailedToStart"), Value::Null));
    assert!(task["stoppedReason"].as_str().unwrap().contains("unable to pull secrets"));
}

#[tokio::test]
async fn a_running_task_can_be_stopped_and_a_token_starts_it_once() {
    let world = World::new().await;
    let definition = definition(&world).await;
    let forever = json!({"clientToken": "t1", "overrides": {"containerOverrides": [
        {"name": "migrate", "environment": [{"name": "FLAVOUR", "value": "sidecar"}]}]}});
    let first = run(&world, &definition, forever.clone()).await.unwrap()["tasks"][0].clone();
    let again = run(&world, &definition, forever).await.unwrap()["tasks"][0].clone();
    assert_eq!(first["taskArn"], again["taskArn"]);
    let stop = json!({"cluster": "jobs", "task": first["taskArn"], "reason": "cancelled"});
    world.ecs("StopTask", stop).await.unwrap();
    let task = stopped(&world, &first).await;
    assert_eq!((&task["stopCode"], &task["stoppedReason"]), (&json!("UserInitiated"), &json!("cancelled")));
}

#[tokio::test]
async fn what_cannot_run_is_refused_or_listed_among_the_failures() {
    let world = World::new().await;
    let definition = definition(&world).await;
    let table = [
        (json!({"networkConfiguration": null}), "Network Configuration must be provided"),
        (json!({"launchType": "FARGATE", "capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}), "Remove one"),
        (json!({"overrides": {"containerOverrides": [{"name": "ghost"}]}}), "container named ghost"),
        (json!({"propagateTags": "NONE"}), "propagateTags"),
        (json!({"count": 11}), "count"),
        (json!({"startedBy": "x".repeat(129)}), "startedBy"),
    ];
    for (extra, expected) in table {
        let error = run(&world, &definition, extra.clone()).await.expect_err(expected);
        assert_eq!(error["__type"], "InvalidParameterException", "{extra}");
        assert!(error["message"].as_str().unwrap().contains(expected), "{extra}: {error}");
    }
    world.fault(json!({"no_placement": {"reason": "RESOURCE:MEMORY", "calls": 1}})).await;
    let answer = run(&world, &definition, json!({})).await.unwrap();
    assert_eq!((&answer["tasks"], &answer["failures"][0]["reason"]), (&json!([]), &json!("RESOURCE:MEMORY")));
    assert_eq!(run(&world, &definition, json!({"count": 2})).await.unwrap()["tasks"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn containers_wait_for_those_they_depend_on() {
    let world = World::new().await;
    world.ecs("CreateCluster", json!({"clusterName": "jobs"})).await.unwrap();
    let (migration, sidecar) = (world.image("migration").await, world.image("sidecar").await);
    let log = json!({"logDriver": "awslogs", "options": {"awslogs-group": "/jobs", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "m"}});
    let run_with = async |exit: &str| {
        let containers = json!([
            {"name": "main", "image": migration, "essential": true, "logConfiguration": log,
             "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}, {"containerName": "proxy", "condition": "HEALTHY"}]},
            {"name": "proxy", "image": sidecar, "essential": false, "stopTimeout": 2,
             "healthCheck": {"command": ["CMD-SHELL", "true"], "interval": 1}},
            {"name": "init", "image": migration, "essential": false, "environment": [{"name": "EXIT", "value": exit}]},
        ]);
        let input = json!({"family": "chain", "networkMode": "awsvpc", "containerDefinitions": containers});
        let made = world.ecs("RegisterTaskDefinition", input).await.unwrap();
        let arn = made["taskDefinition"]["taskDefinitionArn"].as_str().unwrap().to_owned();
        let answer = run(&world, &arn, json!({})).await.unwrap();
        stopped(&world, &answer["tasks"][0]).await
    };
    let good = run_with("0").await;
    assert_eq!((exit_code(&good, "init"), exit_code(&good, "main")), (json!(0), json!(0)));
    assert_eq!(good["stopCode"], "EssentialContainerExited");
    let bad = run_with("5").await;
    assert_eq!((exit_code(&bad, "init"), exit_code(&bad, "main")), (json!(5), Value::Null), "main never ran");
    assert_eq!(bad["stopCode"], "TaskFailedToStart");
    assert!(bad["stoppedReason"].as_str().unwrap().contains("init exited with 5"), "{bad}");

    let circle = json!({"family": "circle", "containerDefinitions": [
        {"name": "a", "image": "x", "dependsOn": [{"containerName": "b", "condition": "START"}]},
        {"name": "b", "image": "x", "dependsOn": [{"containerName": "a", "condition": "START"}]},
    ]});
    assert_eq!(world.ecs("RegisterTaskDefinition", circle).await.unwrap_err()["__type"], "ClientException");
}
