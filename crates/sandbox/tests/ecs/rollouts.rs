//! Deployments that go well, and what a client sees of them.

use crate::world::World;
use serde_json::json;

#[tokio::test]
async fn a_good_deployment_replaces_every_task_without_dropping_a_request() {
    let world = World::new().await;
    let built = world.good_service(2).await;
    let url = built["url"].as_str().unwrap().to_owned();
    let before = world.web().await["deployments"][0]["id"].clone();

    let image = world.image("better").await;
    let arn = world.deploy(&image).await;
    let traffic = async {
        let mut seen = Vec::new();
        loop {
            let answer = world.http.get(format!("{url}/orders")).send().await.unwrap();
            assert_eq!(answer.status(), 200, "a request failed during the deployment");
            let text = answer.text().await.unwrap();
            seen.push(text.split(' ').next().unwrap().to_owned());
            if world.deployment(&arn).await["status"] == "SUCCESSFUL" {
                break seen;
            }
        }
    };
    let seen = traffic.await;

    assert_eq!(seen.first().map(String::as_str), Some("good"));
    assert_eq!(seen.last().map(String::as_str), Some("better"));

    let web = world.web().await;
    let deployments = web["deployments"].as_array().unwrap();
    assert_eq!(deployments.len(), 1);
    assert_ne!(deployments[0]["id"], before);
    assert_eq!(deployments[0]["rolloutState"], "COMPLETED");
    assert_eq!((&web["runningCount"], &web["pendingCount"]), (&json!(2), &json!(0)));

    let digest = image.rsplit_once('@').unwrap().1;
    let tasks =
        world.ecs("ListTasks", json!({"cluster": "production", "startedBy": deployments[0]["id"]})).await.unwrap();
    assert_eq!(tasks["taskArns"].as_array().unwrap().len(), 2);
    let tasks = world.ecs("DescribeTasks", json!({"cluster": "production", "tasks": tasks["taskArns"]})).await.unwrap();
    for task in tasks["tasks"].as_array().unwrap() {
        assert_eq!(task["containers"][0]["imageDigest"], digest);
        assert_eq!(task["lastStatus"], "RUNNING");
    }
}
