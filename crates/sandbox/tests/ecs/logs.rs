//! What tasks print, over the wire.

use crate::world::World;
use serde_json::{Value, json};

/// A group with a stream of so many lines put by hand.
async fn put(world: &World, lines: i64) {
    world.logs("CreateLogGroup", json!({"logGroupName": "/g"})).await.unwrap();
    world.logs("CreateLogStream", json!({"logGroupName": "/g", "logStreamName": "s"})).await.unwrap();
    let events: Vec<Value> =
        (0..lines).map(|n| json!({"timestamp": 1_700_000_000_000_i64 + n, "message": format!("line {n}")})).collect();
    let input = json!({"logGroupName": "/g", "logStreamName": "s", "logEvents": events});
    world.logs("PutLogEvents", input).await.unwrap();
}

#[tokio::test]
async fn events_are_read_forward_until_the_token_repeats() {
    let world = World::new().await;
    put(&world, 250).await;
    let read = async |extra: Value| {
        let mut input = json!({"logGroupName": "/g", "logStreamName": "s", "startFromHead": true, "limit": 150});
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        world.logs("GetLogEvents", input).await.unwrap()
    };
    let first = read(json!({})).await;
    assert_eq!(first["events"][0]["message"], "line 0");
    let second = read(json!({"nextToken": first["nextForwardToken"]})).await;
    assert_eq!(second["events"].as_array().unwrap().len(), 100);
    let third = read(json!({"nextToken": second["nextForwardToken"]})).await;
    assert_eq!((&third["nextForwardToken"], &third["events"]), (&second["nextForwardToken"], &json!([])));
}

#[tokio::test]
async fn events_are_filtered_by_words_and_time_over_all_streams() {
    let world = World::new().await;
    world.good_service(2).await;
    let group = "/ecs/production/web";
    let streams = world.logs("DescribeLogStreams", json!({"logGroupName": group})).await.unwrap();
    assert_eq!(streams["logStreams"].as_array().unwrap().len(), 2, "{streams}");
    let filter = async |extra: Value| {
        let mut input = json!({"logGroupName": group});
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        world.logs("FilterLogEvents", input).await.unwrap()["events"].as_array().unwrap().len()
    };
    assert_eq!(filter(json!({"filterPattern": "serving"})).await, 2);
    assert_eq!(filter(json!({"filterPattern": "serving -good"})).await, 0);
    assert_eq!(filter(json!({"endTime": 1})).await, 0);
    assert_eq!(filter(json!({"limit": 1})).await, 1);
}

#[tokio::test]
async fn what_does_not_exist_is_said_so() {
    let world = World::new().await;
    put(&world, 1).await;
    let table = [
        ("GetLogEvents", json!({"logGroupName": "/none", "logStreamName": "s"}), "ResourceNotFoundException"),
        ("GetLogEvents", json!({"logGroupName": "/g", "logStreamName": "none"}), "ResourceNotFoundException"),
        ("FilterLogEvents", json!({"logGroupName": "/none"}), "ResourceNotFoundException"),
        ("CreateLogGroup", json!({"logGroupName": "/g"}), "ResourceAlreadyExistsException"),
        ("CreateLogGroup", json!({"logGroupName": "a b"}), "InvalidParameterException"),
        ("FilterLogEvents", json!({"logGroupName": "/g", "filterPattern": "{ $.a = 1 }"}), "NotImplemented"),
    ];
    for (operation, input, code) in table {
        let error = world.logs(operation, input.clone()).await.expect_err(operation);
        assert_eq!(error["__type"], code, "{operation} {input}");
    }
}

#[tokio::test]
async fn a_task_whose_log_group_does_not_exist_cannot_start_where_that_is_asked_for() {
    let world = World::new().await;
    world.fault(json!("log_groups_must_exist")).await;
    let image = world.image("good").await;
    world.service(&image, 1).await;
    let task = world
        .until("a task has failed", async || {
            let truth = world.truth().await;
            let tasks = truth["tasks"].as_array().unwrap().clone();
            tasks.into_iter().find(|task| task["status"] == "STOPPED").ok_or(truth)
        })
        .await;
    assert!(task["stopped_reason"].as_str().unwrap().contains("log group does not exist"), "{task}");
    world.logs("CreateLogGroup", json!({"logGroupName": "/ecs/production/web"})).await.unwrap();
    world.deployed("SUCCESSFUL").await;
}
