//! Services of other kinds, so that a client can refuse them: external controllers, daemons, nobody at all.

use crate::world::World;
use serde_json::{Value, json};

async fn create(world: &World, name: &str, extra: Value) -> Result<Value, Value> {
    let mut input = json!({"cluster": "production", "serviceName": name});
    input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    world.ecs("CreateService", input).await
}

#[tokio::test]
async fn an_external_service_has_no_deployments_and_takes_no_task_definition() {
    let world = World::new().await;
    world.good_service(1).await;
    let controller = json!({"deploymentController": {"type": "EXTERNAL"}, "desiredCount": 2});
    let service = create(&world, "theirs", controller).await.unwrap()["service"].clone();
    assert_eq!((&service["deployments"], &service["taskSets"]), (&json!([]), &json!([])));
    assert!(service.get("taskDefinition").is_none(), "{service}");
    let update = |extra: Value| {
        let mut input = json!({"cluster": "production", "service": "theirs"});
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        input
    };
    let error = world.ecs("UpdateService", update(json!({"taskDefinition": "web"}))).await.unwrap_err();
    assert!(error["message"].as_str().unwrap().contains("EXTERNAL deployment controller"), "{error}");
    let scaled = world.ecs("UpdateService", update(json!({"desiredCount": 3}))).await.unwrap();
    assert_eq!(scaled["service"]["desiredCount"], 3);
    let list = json!({"cluster": "production", "service": "theirs"});
    let error = world.ecs("ListServiceDeployments", list).await.unwrap_err();
    assert_eq!(error["__type"], "UnsupportedFeatureException");
}

#[tokio::test]
async fn a_daemon_has_one_task_and_no_desired_count() {
    let world = World::new().await;
    world.good_service(1).await;
    let kind = |extra: Value| {
        let mut input = json!({"taskDefinition": "web", "schedulingStrategy": "DAEMON"});
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        input
    };
    let error = create(&world, "agent", kind(json!({"desiredCount": 1}))).await.unwrap_err();
    assert!(error["message"].as_str().unwrap().contains("does not support a desired count"), "{error}");
    let strategy = json!({"deploymentConfiguration": {"strategy": "CANARY"}});
    assert_eq!(create(&world, "agent", kind(strategy)).await.unwrap_err()["__type"], "InvalidParameterException");
    let service = create(&world, "agent", kind(json!({}))).await.unwrap()["service"].clone();
    assert_eq!((&service["schedulingStrategy"], &service["desiredCount"]), (&json!("DAEMON"), &json!(1)));
    assert_eq!(service["deploymentConfiguration"]["minimumHealthyPercent"], 0);
    let input = json!({"cluster": "production", "services": ["agent"]});
    world
        .until("the daemon runs", async || {
            let seen = world.ecs("DescribeServices", input.clone()).await.unwrap()["services"][0].clone();
            if seen["runningCount"] == 1 { Ok(()) } else { Err(seen) }
        })
        .await;
    let error = world.ecs("UpdateService", json!({"cluster": "production", "service": "agent", "desiredCount": 2}));
    assert_eq!(error.await.unwrap_err()["__type"], "InvalidParameterException");
}
