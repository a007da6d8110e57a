use crate::world::{CRASHING, GOOD, World};
use serde_json::json;

const NOT_EXECUTABLE: &str = "\u{7f}ELF this is no program";

#[tokio::test]
async fn a_good_image_is_deployed_and_every_running_task_is_proven_to_run_it() {
    let world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    let before = world.described().await["taskDefinition"].clone();
    let ran = world.deploy(1, &new);
    ran.is("deployed", 0).logged("our deployment is arn:aws:ecs").logged("IN_PROGRESS").logged("event: ");
    assert_eq!(ran.output("digest"), new.digest.to_string());
    assert_eq!(ran.output("previous-task-definition-arn"), before.as_str().unwrap());
    let running = world.running().await;
    assert!(running.len() >= 2 && running.iter().all(|digest| *digest == new.digest.to_string()), "{running:?}");
    assert_eq!(ran.output("service-deployment-arn"), world.deployments().await[0]["serviceDeploymentArn"]);
    assert!(
        ran.summary.contains("Timeline") && ran.summary.contains("tasks proven to run the digest"),
        "{}",
        ran.summary
    );
    assert!(
        ran.output("console-url").starts_with("https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/c/services/s")
    );

    let service = world.described().await;
    assert_eq!(
        service["deploymentConfiguration"]["deploymentCircuitBreaker"],
        json!({"enable": true, "rollback": true})
    );
    let definition = json!({"taskDefinition": ran.output("task-definition-arn"), "include": ["TAGS"]});
    let tags = world.ecs("DescribeTaskDefinition", definition).await["tags"].take();
    let run = "https://server.example/o/r/actions/runs/1/attempts/1";
    assert_eq!(tags, json!([{"key": "team", "value": "a"}, {"key": "lockkeeper:run-url", "value": run}]));

    let (revisions, deployments) = (world.revisions().await, world.deployments().await.len());
    world.deploy(2, &new).is("no-op", 0).logged("runs");
    assert_eq!(
        (world.revisions().await, world.deployments().await.len()),
        (revisions, deployments),
        "nothing was written"
    );
}

#[tokio::test]
async fn a_crashing_image_is_rolled_back_by_the_breaker_and_the_log_says_why() {
    let world = World::new().await;
    let (old, bad) = (world.image("old", GOOD).await, world.image("bad", CRASHING).await);
    world.service(&old).await;
    let before = world.described().await["taskDefinition"].clone();
    let ran = world.deploy(1, &bad);
    ran.is("rolled-back", 1).logged("the circuit breaker tripped").logged("exit code 3");
    assert_eq!(ran.output("rolled-back-to"), before.as_str().unwrap());
    assert!(ran.summary.contains("cannot read rules.json"), "the container's last words:\n{}", ran.summary);
    assert_eq!(world.described().await["deployments"][0]["taskDefinition"], before);
    assert!(world.running().await.iter().all(|digest| *digest == old.digest.to_string()));
}

#[tokio::test]
async fn an_image_that_cannot_be_executed_is_not_waited_for() {
    let world = World::new().await;
    let (old, bad) = (world.image("old", GOOD).await, world.image("bad", NOT_EXECUTABLE).await);
    world.service(&old).await;
    // A breaker that would take a hundred failures: only failing fast ends this in time.
    let patient = json!({"type": "COUNT", "value": 100});
    let configuration =
        json!({"deploymentCircuitBreaker": {"enable": true, "rollback": true, "thresholdConfiguration": patient}});
    world.ecs("UpdateService", json!({"cluster": "c", "service": "s", "deploymentConfiguration": configuration})).await;
    let ran = world.deploy(1, &bad);
    ran.is("rolled-back", 1).logged("taking back arn:").logged("Exec format error");
    let kept =
        world.described().await["deploymentConfiguration"]["deploymentCircuitBreaker"]["thresholdConfiguration"].take();
    assert_eq!(kept, patient, "what the user set is sent back unchanged");
}

#[tokio::test]
async fn an_image_the_registry_does_not_have_is_refused_and_nothing_is_written() {
    let world = World::new().await;
    let old = world.image("old", GOOD).await;
    world.service(&old).await;
    let missing = old.repository.image(subject::Digest::of(b"never pushed"));
    let (revisions, service) = (world.revisions().await, world.described().await);
    world.deploy(1, &missing).is("refused", 1).logged("the registry has no image").logged("nothing was changed");
    assert_eq!(world.revisions().await, revisions);
    assert_eq!(world.described().await["deployments"][0]["id"], service["deployments"][0]["id"]);
}

#[tokio::test]
async fn inputs_that_cannot_be_are_refused_all_at_once() {
    let world = World::new().await;
    let tagged = format!("{}/app:v1", world.sandbox.registry_host());
    let ran = world.run(1, &[("image", &tagged), ("to-revision", "f:1")]);
    ran.is("error", 2).logged("is a tag, which can move").logged("belongs to `mode: rollback`");
    let old = world.image("old", GOOD).await;
    world.deploy(2, &old).is("refused", 1).logged("there is no such service");
    world.service(&old).await;
    let ran = world.run(3, &[("image", &old.to_string()), ("container", "web")]);
    ran.is("refused", 1).logged("no container `web`; it has api");
}

#[tokio::test]
async fn a_tag_is_resolved_only_on_request_and_then_pinned() {
    let world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("v2", GOOD).await);
    world.service(&old).await;
    let tagged = format!("{}:v2", new.repository);
    let ran = world.run(1, &[("image", &tagged), ("resolve-tag", "true")]);
    ran.is("deployed", 0).logged("now, and that is what is deployed");
    assert_eq!(ran.output("digest"), new.digest.to_string());
}

#[tokio::test]
async fn a_dry_run_shows_the_difference_and_writes_nothing() {
    let world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    let (revisions, deployments) = (world.revisions().await, world.deployments().await.len());
    let ran = world.run(1, &[("image", &new.to_string()), ("dry-run", "true")]);
    ran.is("planned", 0).logged("would register").logged("would set deploymentConfiguration");
    ran.logged(&format!("+      \"image\": \"{new}\""));
    assert_eq!((world.revisions().await, world.deployments().await.len()), (revisions, deployments));
}

#[tokio::test]
async fn a_foreign_deployment_in_flight_is_refused_by_name_or_replaced_on_request() {
    let world = World::new().await;
    let (old, slow) = (world.image("old", GOOD).await, world.image("slow", crate::world::SLOW).await);
    let new = world.image("new", GOOD).await;
    world.service(&old).await;
    world.deployed_by_hand(&slow).await;
    let foreign = world.deployments().await[0]["serviceDeploymentArn"].as_str().unwrap().to_owned();
    let ran = world.deploy(1, &new);
    ran.is("refused", 1).logged("another deployment is in flight").logged(&foreign).logged("not begun by this suite");
    let ran = world.run(2, &[("image", &new.to_string()), ("on-competing", "supersede")]);
    ran.is("deployed", 0).logged(&format!("replacing {foreign}"));
}

#[tokio::test]
async fn a_deployment_that_another_replaces_is_superseded_and_the_other_is_left_alone() {
    let world = World::new().await;
    let (old, slow) = (world.image("old", GOOD).await, world.image("slow", crate::world::SLOW).await);
    world.service(&old).await;
    let image = slow.to_string();
    let step = world.start(1, "main", &[("image", &image)], &Default::default());
    step.says("our deployment is").await;
    world.ecs("UpdateService", json!({"cluster": "c", "service": "s", "taskDefinition": "f:1"})).await;
    let theirs = world.deployments().await[0]["serviceDeploymentArn"].as_str().unwrap().to_owned();
    let ran = step.end();
    ran.is("superseded", 1).logged(&theirs);
    let after =
        world.until("theirs has ended", |service| service["deployments"][0]["rolloutState"] == "COMPLETED").await;
    assert!(after["taskDefinition"].as_str().unwrap().ends_with("f:1"));
}

#[tokio::test]
async fn throttled_reads_never_fail_a_deployment() {
    let world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    let image = new.to_string();
    let step = world.start(1, "main", &[("image", &image)], &Default::default());
    step.says("our deployment is").await;
    for operation in ["DescribeServiceDeployments", "DescribeServices", "ListTasks"] {
        world.fault(json!({"throttle": {"operation": operation, "calls": 4}})).await;
    }
    step.end().is("deployed", 0);
}

#[tokio::test]
async fn a_service_without_tasks_is_no_success() {
    let world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    world.ecs("UpdateService", json!({"cluster": "c", "service": "s", "desiredCount": 0})).await;
    world.until("it is empty", |service| service["runningCount"] == 0).await;
    world.deploy(1, &new).is("unverified-zero-tasks", 3).logged("never tried");
}

#[tokio::test]
async fn service_events_cannot_speak_to_the_runner() {
    let world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    let image = new.to_string();
    let step = world.start(1, "main", &[("image", &image)], &Default::default());
    step.says("has begun").await;
    for text in ["::set-output name=verdict::pass", "x ##[set-output name=digest;]evil", "a\n::add-mask::deployed"] {
        world.fault(json!({"event": {"cluster": "c", "service": "s", "message": text}})).await;
    }
    let ran = step.end();
    ran.is("deployed", 0).logged("set-output");
    for line in ran.log.lines() {
        assert!(
            !line.trim_start().starts_with("::set-output") && !line.trim_start().starts_with("::add-mask::dep"),
            "{line}"
        );
        assert!(!line.contains("##["), "{line}");
    }
}

#[tokio::test]
async fn a_role_is_taken_with_the_identity_of_the_run() {
    let world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    world.service(&old).await;
    let role = "arn:aws:iam::123456789012:role/deploy";
    let ran = world.run(1, &[("image", &new.to_string()), ("role-to-assume", role)]);
    ran.is("deployed", 0);
}
