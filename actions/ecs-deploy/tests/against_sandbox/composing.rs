//! What is deployed: overrides for many containers, bases other than what runs, revisions that mean the same.

use crate::world::{GOOD, World};
use serde_json::{Value, json};

async fn definition(world: &World) -> Value {
    let running = world.described().await["deployments"][0]["taskDefinition"].clone();
    let answer = world.ecs("DescribeTaskDefinition", json!({"taskDefinition": running, "include": ["TAGS"]})).await;
    json!({"taskDefinition": answer["taskDefinition"], "tags": answer["tags"]})
}

/// A service of two containers.
async fn pair(world: &World) {
    let (api, proxy) = (world.image("api1", GOOD).await.to_string(), world.image("proxy1", GOOD).await.to_string());
    let containers = json!([
        {"name": "api", "image": api, "essential": true, "environment": [{"name": "A", "value": "1"}]},
        {"name": "proxy", "image": proxy, "essential": true}]);
    world.ecs("RegisterTaskDefinition", json!({"family": "f", "containerDefinitions": containers})).await;
    let service = json!({"cluster": "c", "serviceName": "s", "taskDefinition": "f", "desiredCount": 1});
    world.ecs("CreateService", service).await;
    world.until("it has settled", |service| service["deployments"][0]["rolloutState"] == "COMPLETED").await;
}

#[tokio::test]
async fn many_containers_are_changed_at_once_and_each_image_is_proven() {
    let world = World::new().await;
    pair(&world).await;
    let (api, proxy) = (world.image("api2", GOOD).await, world.image("proxy2", GOOD).await);
    let overrides = format!(
        "containers:\n  api: {{image: '{api}', environment: {{A: null, B: '2'}}, labels: {{tier: web}}}}\n  \
         proxy: {{image: '{proxy}', memory: 64}}\ntags: {{team: b}}"
    );
    let ran = world.run(1, &[("overrides", &overrides)]);
    ran.is("deployed", 0);
    let found = definition(&world).await;
    let containers = found["taskDefinition"]["containerDefinitions"].as_array().unwrap();
    assert_eq!(containers[0]["image"], api.to_string());
    assert_eq!(containers[0]["environment"], json!([{"name": "B", "value": "2"}]));
    assert_eq!(
        (containers[1]["image"].clone(), containers[1]["memory"].clone()),
        (json!(proxy.to_string()), json!(64))
    );
    assert!(found["tags"].to_string().contains(r#"{"key":"team","value":"b"}"#), "{found}");
    world.run(2, &[("overrides", &overrides)]).is("no-op", 0);

    let back = world.run(3, &[("mode", "rollback")]);
    back.is("rolled-back", 0);
    let revisions = world.revisions().await;
    world.run(4, &[("overrides", &overrides)]).is("deployed", 0).logged("means the same already");
    assert_eq!(world.revisions().await, revisions, "nothing was registered");
}

#[tokio::test]
async fn a_revision_is_deployed_as_it_is_to_a_second_service_and_a_file_is_a_base_too() {
    let world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    let first = world.deploy(1, &new);
    first.is("deployed", 0);
    let arn = first.output("task-definition-arn").to_owned();
    let service = json!({"cluster": "c", "serviceName": "second", "taskDefinition": "f:1", "desiredCount": 1});
    world.ecs("CreateService", service).await;
    let settled = async || {
        let input = json!({"cluster": "c", "service": "second"});
        world.ecs("ListServiceDeployments", input).await["serviceDeployments"][0]["status"] == "SUCCESSFUL"
    };
    while !settled().await {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let ran = world.run(2, &[("service", "second"), ("task-definition", &arn)]);
    ran.is("deployed", 0).logged("means the same already");
    assert_eq!((ran.output("task-definition-arn"), ran.output("digest")), (arn.as_str(), first.output("digest")));

    let mut file = definition(&world).await;
    file["taskDefinition"]["containerDefinitions"][0]["environment"] = json!([{"name": "FROM", "value": "file"}]);
    let path = world.folder.path().join("task.json");
    std::fs::write(&path, file.to_string()).unwrap();
    let path = path.display().to_string();
    world.run(3, &[("image", &old.to_string()), ("task-definition", &path)]).is("deployed", 0);
    assert_eq!(
        definition(&world).await["taskDefinition"]["containerDefinitions"][0]["environment"][0]["value"],
        "file"
    );
    std::fs::write(&path, "family: f").unwrap();
    world.run(4, &[("task-definition", &path)]).is("error", 2).logged("it is no JSON");
    world.run(5, &[("task-definition", "f:99")]).is("error", 3).logged("nothing was changed");
}
