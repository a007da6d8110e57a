//! What is said on the wire: errors as AWS gives them, documents that survive, faults on request.

use crate::world::World;
use serde_json::json;

#[tokio::test]
async fn mistakes_are_answered_with_the_codes_of_aws() {
    let world = World::new().await;
    world.good_service(1).await;
    let table = [
        ("DescribeServices", json!({"cluster": "nowhere", "services": ["web"]}), "ClusterNotFoundException"),
        ("DescribeServices", json!({"cluster": "production", "services": []}), "InvalidParameterException"),
        ("UpdateService", json!({"cluster": "production", "service": "ghost"}), "ServiceNotFoundException"),
        (
            "UpdateService",
            json!({"cluster": "production", "service": "web", "taskDefinition": "web:99"}),
            "ClientException",
        ),
        ("UpdateService", json!({"cluster": "production"}), "InvalidParameterException"),
        ("DescribeTaskDefinition", json!({"taskDefinition": "ghost"}), "ClientException"),
        ("RegisterTaskDefinition", json!({"family": "x", "containerDefinitions": []}), "ClientException"),
        ("RegisterTaskDefinition", json!({"family": "x", "containerDefinitions": [{"name": "a"}]}), "ClientException"),
        (
            "ListTasks",
            json!({"cluster": "production", "startedBy": "x", "serviceName": "web"}),
            "InvalidParameterException",
        ),
        ("ListTasks", json!({"cluster": "production", "serviceName": "ghost"}), "ServiceNotFoundException"),
        (
            "StopServiceDeployment",
            json!({"serviceDeploymentArn": "arn:x/production/web/y"}),
            "ServiceDeploymentNotFoundException",
        ),
        (
            "StopServiceDeployment",
            json!({"serviceDeploymentArn": "x", "stopType": "ABORT"}),
            "InvalidParameterException",
        ),
        ("RunTask", json!({}), "InvalidParameterException"),
        ("CreateCapacityProvider", json!({}), "NotImplemented"),
        (
            "CreateService",
            json!({"cluster": "production", "serviceName": "w", "taskDefinition": "web", "desiredCount": 1,
                   "deploymentConfiguration": {"earlySuccessCriteria": {"enable": true}}}),
            "NotImplemented",
        ),
        (
            "CreateService",
            json!({"cluster": "production", "serviceName": "w", "taskDefinition": "web", "desiredCount": 1,
                   "loadBalancers": [{"targetGroupArn": "arn:ghost", "containerName": "web", "containerPort": 8080}]}),
            "InvalidParameterException",
        ),
    ];
    for (operation, input, code) in table {
        let error = world.ecs(operation, input.clone()).await.expect_err(operation);
        assert_eq!(error["__type"], code, "{operation} {input}: {error}");
    }
    let missing = json!({"cluster": "production", "services": ["web", "ghost"]});
    let answer = world.ecs("DescribeServices", missing).await.unwrap();
    assert_eq!(answer["services"].as_array().unwrap().len(), 1);
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
}

#[tokio::test]
async fn a_task_definition_keeps_members_nobody_knows_and_its_tags_beside_it() {
    let world = World::new().await;
    let definition = json!({
        "family": "future", "newestThing": {"depth": [1, {"a": null}]}, "tags": [{"key": "team", "value": "a"}],
        "containerDefinitions": [{"name": "a", "image": "x.example/a:1", "gpuSharing": "time", "essential": true}],
    });
    let registered = world.ecs("RegisterTaskDefinition", definition).await.unwrap();
    assert_eq!(registered["taskDefinition"]["revision"], 1);
    let input = json!({"taskDefinition": "future:1", "include": ["TAGS"]});
    let described = world.ecs("DescribeTaskDefinition", input).await.unwrap();
    assert_eq!(described["taskDefinition"]["newestThing"], json!({"depth": [1, {"a": null}]}));
    assert_eq!(described["taskDefinition"]["containerDefinitions"][0]["gpuSharing"], "time");
    assert_eq!(described["tags"], json!([{"key": "team", "value": "a"}]));
    assert!(described["taskDefinition"].get("tags").is_none());

    world.ecs("DeregisterTaskDefinition", json!({"taskDefinition": "future:1"})).await.unwrap();
    let described = world.ecs("DescribeTaskDefinition", json!({"taskDefinition": "future:1"})).await.unwrap();
    assert_eq!(described["taskDefinition"]["status"], "INACTIVE");
    let gone = world.ecs("DescribeTaskDefinition", json!({"taskDefinition": "future"})).await.unwrap_err();
    assert_eq!(gone["__type"], "ClientException");
}

#[tokio::test]
async fn faults_happen_as_often_as_asked_and_hostile_events_are_shown_as_they_are() {
    let world = World::new().await;
    world.good_service(1).await;
    world.fault(json!({"throttle": {"operation": "DescribeServices", "calls": 2}})).await;
    let ask = json!({"cluster": "production", "services": ["web"]});
    for _ in 0..2 {
        let error = world.ecs("DescribeServices", ask.clone()).await.unwrap_err();
        assert_eq!(error["__type"], "ThrottlingException");
    }
    world.ecs("DescribeServices", ask).await.unwrap();

    let text = "::set-output name=verdict::pass\n##[add-mask]x";
    world.fault(json!({"event": {"cluster": "production", "service": "web", "message": text}})).await;
    assert_eq!(world.events().await[0], text);
}

#[tokio::test]
async fn a_revision_tells_the_digest_its_tasks_run() {
    let world = World::new().await;
    world.good_service(1).await;
    // Deployed by a tag, pinned by its deployment.
    let digest = world.image("better").await.rsplit_once('@').unwrap().1.to_owned();
    let arn = world.deploy(&format!("{}/shop:better", world.host())).await;
    let brief = world.deployed("SUCCESSFUL").await;
    let revision = brief["targetServiceRevisionArn"].clone();
    let answer = world.ecs("DescribeServiceRevisions", json!({"serviceRevisionArns": [revision]})).await.unwrap();
    let image = &answer["serviceRevisions"][0]["containerImages"][0];
    assert_eq!((&image["containerName"], &image["imageDigest"]), (&json!("web"), &json!(digest)));
    let id = world.web().await["deployments"][0]["id"].as_str().unwrap().trim_start_matches("ecs-svc").to_owned();
    assert!(revision.as_str().unwrap().ends_with(&id), "{revision} is not of {id}");
    assert_eq!(world.deployment(&arn).await["targetServiceRevision"]["runningTaskCount"], 1);
}
