//! Deployments that are stopped, superseded, scaled away or deleted.

use crate::world::World;
use serde_json::{Value, json};

#[tokio::test]
async fn stopping_a_deployment_takes_the_service_back() {
    let world = World::new().await;
    let built = world.good_service(2).await;
    let good = world.web().await["deployments"][0]["id"].clone();
    // Its tasks never become healthy soon: there is time to stop it.
    let image = world.image("unhealthy").await;
    let arn = world.deploy(&image).await;

    let stop = json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"});
    assert_eq!(world.ecs("StopServiceDeployment", stop.clone()).await.unwrap()["serviceDeploymentArn"], arn.as_str());
    // Asking again while it goes back is no error.
    world.ecs("StopServiceDeployment", stop.clone()).await.unwrap();
    world.deployed("ROLLBACK_SUCCESSFUL").await;

    let conflict = world.ecs("StopServiceDeployment", stop).await.unwrap_err();
    assert_eq!(conflict["__type"], "ConflictException");
    let web = world.web().await;
    assert_eq!(web["deployments"][0]["id"], good);
    assert_eq!(web["deployments"].as_array().unwrap().len(), 1);
    let deployment = world.deployment(&arn).await;
    assert!(deployment["rollback"]["reason"].as_str().unwrap().contains("request"), "{deployment:#}");
    assert_eq!(deployment["deploymentCircuitBreaker"]["status"], "MONITORING_COMPLETE");
    let url = built["url"].as_str().unwrap();
    assert!(world.http.get(url).send().await.unwrap().text().await.unwrap().starts_with("good "));
}

#[tokio::test]
async fn a_newer_deployment_ends_the_one_under_way() {
    let world = World::new().await;
    world.good_service(1).await;
    let (slow, better) = (world.image("unhealthy").await, world.image("better").await);
    let first = world.deploy(&slow).await;
    let second = world.deploy(&better).await;
    assert_ne!(first, second);
    let superseded = world.deployment(&first).await;
    assert_eq!(superseded["status"], "STOPPED");
    assert!(superseded["statusReason"].as_str().unwrap().contains("newer"));
    world.deployed("SUCCESSFUL").await;

    let tasks = world.truth().await["tasks"].clone();
    let running: Vec<&Value> = tasks.as_array().unwrap().iter().filter(|task| task["status"] == "RUNNING").collect();
    assert_eq!(running.len(), 1);
    assert_eq!(running[0]["containers"][0]["image"], better.as_str());
}

#[tokio::test]
async fn scaling_starts_no_deployment_and_to_zero_stops_every_process() {
    let world = World::new().await;
    world.good_service(1).await;
    let before = world.web().await["deployments"][0]["id"].clone();
    world.update(json!({"desiredCount": 3})).await;
    world
        .until("three tasks run", async || {
            let web = world.web().await;
            if web["runningCount"] == 3 { Ok(()) } else { Err(web) }
        })
        .await;
    world.update(json!({"desiredCount": 0})).await;
    world
        .until("no process is left", async || {
            let truth = world.truth().await;
            let containers =
                truth["tasks"].as_array().unwrap().iter().flat_map(|task| task["containers"].as_array().unwrap());
            if containers.into_iter().all(|container| container["pid"].is_null()) { Ok(()) } else { Err(truth) }
        })
        .await;
    assert_eq!(world.web().await["deployments"][0]["id"], before);

    // Nothing runs, so a deployment is done at once, without ever having started its image.
    let image = world.image("crashing").await;
    world.deploy(&image).await;
    world.deployed("SUCCESSFUL").await;
}

#[tokio::test]
async fn the_same_task_definition_deploys_again_only_when_forced() {
    let world = World::new().await;
    world.good_service(1).await;
    let web = world.web().await;
    let (definition, id) = (web["taskDefinition"].clone(), web["deployments"][0]["id"].clone());
    let unchanged = world.update(json!({"taskDefinition": definition})).await;
    assert_eq!(unchanged["deployments"][0]["id"], id);
    let forced = world.update(json!({"taskDefinition": definition, "forceNewDeployment": true})).await;
    assert_ne!(forced["deployments"][0]["id"], id);
    assert_eq!(forced["deployments"][0]["rolloutState"], "IN_PROGRESS");
    world.deployed("SUCCESSFUL").await;
}

#[tokio::test]
async fn a_deleted_service_drains_and_stays_visible_as_inactive() {
    let world = World::new().await;
    world.good_service(1).await;
    let input = json!({"cluster": "production", "service": "web"});
    let refused = world.ecs("DeleteService", input).await.unwrap_err();
    assert_eq!(refused["__type"], "InvalidParameterException");
    let input = json!({"cluster": "production", "service": "web", "force": true});
    assert_eq!(world.ecs("DeleteService", input).await.unwrap()["service"]["status"], "DRAINING");
    world
        .until("it is inactive", async || {
            let web = world.web().await;
            if web["status"] == "INACTIVE" { Ok(()) } else { Err(web) }
        })
        .await;
    let refused = world.ecs("UpdateService", json!({"cluster": "production", "service": "web"})).await.unwrap_err();
    assert_eq!(refused["__type"], "ServiceNotActiveException");
}

#[tokio::test]
async fn nothing_runs_any_more_when_the_sandbox_is_gone() {
    let world = World::new().await;
    world.good_service(2).await;
    let truth = world.truth().await;
    let pids: Vec<u64> =
        truth["tasks"].as_array().unwrap().iter().filter_map(|task| task["containers"][0]["pid"].as_u64()).collect();
    assert_eq!(pids.len(), 2);
    let alive = |pid: &u64| std::path::Path::new(&format!("/proc/{pid}/cmdline")).exists();
    assert!(pids.iter().all(alive));
    drop(world);
    assert!(!pids.iter().any(alive), "a task outlived its sandbox");
}
