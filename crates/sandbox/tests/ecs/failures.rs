//! Deployments that do not go well.

use crate::world::World;
use serde_json::{Value, json};

#[tokio::test]
async fn a_crash_loop_trips_the_breaker_and_the_last_completed_revision_comes_back() {
    let world = World::new().await;
    let built = world.good_service(2).await;
    let good = world.web().await["deployments"][0]["id"].as_str().unwrap().to_owned();

    let bad = world.image("crashing").await;
    let arn = world.deploy(&bad).await;
    let failing = world.web().await["deployments"][0]["id"].as_str().unwrap().to_owned();
    world.deployed("ROLLBACK_SUCCESSFUL").await;

    let deployment = world.deployment(&arn).await;
    assert_eq!(
        deployment["deploymentCircuitBreaker"],
        json!({"status": "TRIGGERED", "failureCount": 3, "threshold": 3})
    );
    assert!(
        deployment["rollback"]["serviceRevisionArn"].as_str().unwrap().ends_with(good.trim_start_matches("ecs-svc"))
    );
    let web = world.web().await;
    assert_eq!(web["deployments"][0]["id"], good.as_str());
    assert_eq!(web["deployments"][0]["rolloutState"], "COMPLETED");

    let stopped = json!({"cluster": "production", "serviceName": "web", "desiredStatus": "STOPPED"});
    let stopped = world.ecs("ListTasks", stopped).await.unwrap()["taskArns"].clone();
    let stopped = world.ecs("DescribeTasks", json!({"cluster": "production", "tasks": stopped})).await.unwrap();
    let of_failing = |task: &&Value| task["startedBy"] == failing.as_str();
    let mut tasks = stopped["tasks"].as_array().unwrap().iter().filter(of_failing);
    let crashed = tasks.find(|task| task["stopCode"] == "EssentialContainerExited").unwrap();
    assert_eq!(crashed["stoppedReason"], "Essential container in task exited");
    assert_eq!(crashed["containers"][0]["exitCode"], 3);

    let events = world.events().await.join("\n");
    for text in [
        format!("(service web) (deployment {failing}) deployment failed: tasks failed to start."),
        format!("(service web) rolling back to deployment {good}."),
    ] {
        assert!(events.contains(&text), "{text}\nis not in\n{events}");
    }
    let answer = world.http.get(format!("{}/orders", built["url"].as_str().unwrap())).send().await.unwrap();
    assert!(answer.text().await.unwrap().starts_with("good "));
}

#[tokio::test]
async fn an_unhealthy_release_is_stopped_by_its_health_checks_and_rolled_back() {
    let world = World::new().await;
    let built = world.good_service(2).await;
    let group = built["target_group_arn"].as_str().unwrap();
    let bad = world.image("unhealthy").await;
    let arn = world.deploy(&bad).await;
    let failing = world.web().await["deployments"][0]["id"].clone();

    // The breaker's count is live while the deployment goes on.
    world
        .until("a failure is counted", async || {
            let seen = world.deployment(&arn).await;
            let breaker = &seen["deploymentCircuitBreaker"];
            let counted = breaker["status"] == "MONITORING" && breaker["failureCount"].as_u64().unwrap() > 0;
            if counted { Ok(()) } else { Err(seen) }
        })
        .await;
    world.deployed("ROLLBACK_SUCCESSFUL").await;

    let stopped = json!({"cluster": "production", "startedBy": failing, "desiredStatus": "STOPPED"});
    let stopped = world.ecs("ListTasks", stopped).await.unwrap()["taskArns"].clone();
    let stopped = world.ecs("DescribeTasks", json!({"cluster": "production", "tasks": stopped})).await.unwrap();
    let reason = format!("Task failed ELB health checks in (target-group {group})");
    let mut tasks = stopped["tasks"].as_array().unwrap().iter();
    assert!(tasks.any(|task| task["stoppedReason"] == reason.as_str()), "{stopped:#}");
    let events = world.events().await.join("\n");
    let text = format!(
        "(service web) (port 8080) is unhealthy in (target-group {group}) due to (reason Health checks failed with these codes: [500])"
    );
    assert!(events.contains(&text), "{text}\nis not in\n{events}");
}

#[tokio::test]
async fn an_image_that_does_not_exist_fails_every_task_and_without_rollback_the_deployment_stops() {
    let world = World::new().await;
    world.good_service(1).await;
    let definition = world.revision(&format!("{}/shop:missing", world.host())).await;
    let breaker = json!({"deploymentCircuitBreaker": {
        "enable": true, "rollback": false, "thresholdConfiguration": {"type": "COUNT", "value": 2},
    }});
    world.update(json!({"taskDefinition": definition, "deploymentConfiguration": breaker})).await;
    let ended = world.deployed("STOPPED").await;
    assert!(ended["statusReason"].as_str().unwrap().contains("circuit breaker"));

    let web = world.web().await;
    let deployments = web["deployments"].as_array().unwrap();
    assert_eq!((&deployments[0]["status"], &deployments[0]["rolloutState"]), (&json!("PRIMARY"), &json!("FAILED")));
    assert_eq!(deployments[0]["rolloutStateReason"], "ECS deployment circuit breaker: tasks failed to start.");
    assert_eq!((&deployments[1]["status"], &deployments[1]["runningCount"]), (&json!("ACTIVE"), &json!(1)));
    let stopped = json!({"cluster": "production", "startedBy": deployments[0]["id"], "desiredStatus": "STOPPED"});
    let stopped = world.ecs("ListTasks", stopped).await.unwrap()["taskArns"].clone();
    let stopped = world.ecs("DescribeTasks", json!({"cluster": "production", "tasks": stopped})).await.unwrap();
    let task = &stopped["tasks"][0];
    assert_eq!(task["stopCode"], "TaskFailedToStart");
    assert!(task["stoppedReason"].as_str().unwrap().starts_with("CannotPullContainerError: "), "{task:#}");
    assert!(task["containers"][0].get("exitCode").is_none(), "it never ran");
}

#[tokio::test]
async fn a_first_deployment_that_fails_has_nothing_to_go_back_to_and_stalls() {
    let world = World::new().await;
    let image = world.image("crashing").await;
    world.service(&image, 1).await;
    let stalled = world
        .until("the breaker trips", async || {
            let arn = world.newest_deployment().await["serviceDeploymentArn"].clone();
            let seen = world.deployment(arn.as_str().unwrap()).await;
            if seen["deploymentCircuitBreaker"]["status"] == "TRIGGERED" { Ok(seen) } else { Err(seen) }
        })
        .await;
    assert_eq!(stalled["status"], "IN_PROGRESS");
    assert_eq!(world.web().await["deployments"][0]["rolloutState"], "FAILED");

    let arn = stalled["serviceDeploymentArn"].clone();
    world.ecs("StopServiceDeployment", json!({"serviceDeploymentArn": arn})).await.unwrap();
    world.deployed("STOPPED").await;
}
