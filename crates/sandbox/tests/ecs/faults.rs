//! Faults on request, each as the client meets it.

use crate::world::World;
use serde_json::json;

async fn raw(world: &World, operation: &str) -> Result<u16, reqwest::Error> {
    let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
    let request = world.http.post(world.endpoint()).header("x-amz-target", target);
    let answer =
        request.body(r#"{"clusterName": "lost", "services": ["web"], "cluster": "production"}"#).send().await?;
    let status = answer.status().as_u16();
    answer.bytes().await?;
    Ok(status)
}

#[tokio::test]
async fn calls_fail_or_lose_their_connection_as_often_as_asked() {
    let world = World::new().await;
    world.fault(json!({"error": {"operation": "ListCluster", "calls": 1}})).await;
    world.fault(json!({"error": {"operation": "ListClusters", "calls": 1}})).await;
    let error = world.ecs("ListClusters", json!({})).await.unwrap_err();
    assert_eq!(error["__type"], "ServerException");
    world.ecs("ListClusters", json!({})).await.unwrap();
    let url = format!("{}/_sandbox/faults", world.endpoint());
    let waiting: serde_json::Value = world.http.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(waiting, json!({"ListCluster": 1}), "what was misspelt is still waiting");

    world.fault(json!({"cut": {"operation": "CreateCluster", "calls": 1}})).await;
    assert!(raw(&world, "CreateCluster").await.is_err());
    assert_eq!(world.ecs("ListClusters", json!({})).await.unwrap()["clusterArns"], json!([]), "nothing happened");
    world.fault(json!({"lose_answer": {"operation": "CreateCluster", "calls": 1}})).await;
    assert!(raw(&world, "CreateCluster").await.is_err());
    let clusters = world.ecs("ListClusters", json!({})).await.unwrap();
    assert_eq!(clusters["clusterArns"].as_array().unwrap().len(), 1, "it happened all the same");
}

#[tokio::test]
async fn a_stale_read_does_not_see_what_was_just_written_but_will() {
    let world = World::new().await;
    world.good_service(1).await;
    let before = world.web().await["deployments"][0]["id"].clone();
    for operation in ["DescribeServices", "ListServiceDeployments"] {
        world.fault(json!({"stale_reads": {"operation": operation, "ticks": 5}})).await;
    }
    let known = world.newest_deployment().await;
    let image = world.image("better").await;
    let answer = world.update(json!({"taskDefinition": world.revision(&image).await})).await;
    assert_ne!(answer["deployments"][0]["id"], before, "the write itself answers as it is");
    assert_eq!(world.web().await["deployments"][0]["id"], before);
    assert_eq!(world.newest_deployment().await["serviceDeploymentArn"], known["serviceDeploymentArn"]);
    world
        .until("the read catches up", async || {
            let seen = world.web().await["deployments"][0]["id"].clone();
            if seen == answer["deployments"][0]["id"] { Ok(()) } else { Err(seen) }
        })
        .await;
}

#[tokio::test]
async fn documented_quotas_throttle_who_asks_too_often() {
    let world = World::new().await;
    world.good_service(1).await;
    world.fault(json!("quotas")).await;
    let mut refused = 0;
    for _ in 0..40 {
        let answer = world.ecs("DeregisterTaskDefinition", json!({"taskDefinition": "ghost:1"})).await.unwrap_err();
        refused += usize::from(answer["__type"] == "ThrottlingException");
    }
    assert!((10..=20).contains(&refused), "{refused} of 40 with a bucket of 20 and one more a second");
}

#[tokio::test]
async fn slow_starts_are_slow_for_as_many_tasks_as_asked() {
    let world = World::new().await;
    world.fault(json!({"slow_starts": {"milliseconds": 700, "tasks": 1}})).await;
    let image = world.image("good").await;
    world.service(&image, 2).await;
    let counts = std::sync::Mutex::new(Vec::new());
    world
        .until("both tasks run", async || {
            let running = world.web().await["runningCount"].as_u64().unwrap();
            let mut counts = counts.lock().unwrap();
            if counts.last() != Some(&running) {
                counts.push(running);
            }
            if running == 2 { Ok(()) } else { Err(running.into()) }
        })
        .await;
    assert_eq!(counts.into_inner().unwrap(), [0, 1, 2], "one of the two came later");
    world.deployed("SUCCESSFUL").await;
}

#[tokio::test]
async fn weights_can_be_read_late_while_traffic_has_moved_and_what_cannot_is_named() {
    let world = World::new().await;
    let built = world.shifting_service(1, json!({"strategy": "ROLLING"})).await;
    let rule = built["production_rule_arn"].as_str().unwrap();
    world.fault(json!({"stale_reads": {"operation": "DescribeRules", "ticks": 8}})).await;
    let modify = [
        ("Action", "ModifyRule"),
        ("RuleArn", rule),
        ("Actions.member.1.Type", "fixed-response"),
        ("Actions.member.1.FixedResponseConfig.StatusCode", "418"),
    ];
    world.elb(&modify).await.unwrap();
    let url = built["url"].as_str().unwrap();
    assert_eq!(world.http.get(url).send().await.unwrap().status(), 418, "it has happened");
    let read = async || world.elb(&[("Action", "DescribeRules"), ("RuleArns.member.1", rule)]).await.unwrap();
    assert!(!read().await.contains("418"), "but cannot be read yet");
    world
        .until("the read catches up", async || {
            let seen = read().await;
            if seen.contains("418") { Ok(()) } else { Err(seen.into()) }
        })
        .await;

    let fault = json!({"stale_reads": {"operation": "DescribeRule", "ticks": 8}});
    let answer = world.http.post(format!("{}/_sandbox/faults", world.endpoint())).json(&fault).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("DescribeRules"));
}
