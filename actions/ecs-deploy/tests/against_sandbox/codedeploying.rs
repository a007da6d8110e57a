//! `engine: code-deploy`.

use crate::{
    traffic::Crowd,
    world::{CRASHING, World},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

struct Shop {
    world: World,
    built: Value,
}

impl Shop {
    async fn new() -> Self {
        let world = World::new().await;
        let old = world.server("old").await;
        let built = world.with_code_deploy(&old).await;
        Self { world, built }
    }

    fn inputs<'a>(&'a self, image: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let name = |name: &str| self.built[name].as_str().unwrap();
        let mut inputs = vec![
            ("image", image),
            ("engine", "code-deploy"),
            ("codedeploy-application", name("application_name")),
            ("codedeploy-group", name("deployment_group_name")),
        ];
        inputs.extend_from_slice(more);
        inputs
    }

    fn url(&self) -> &str {
        self.built["url"].as_str().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codedeploy_moves_the_traffic_and_what_runs_is_proven() {
    let shop = Shop::new().await;
    let world = &shop.world;
    let new = world.server("new").await;
    let crowd = Crowd::asking(shop.url());
    let ran = world.run(1, &shop.inputs(&new.to_string(), &[("strategy", "canary"), ("traffic-percent", "10")]));
    ran.is("deployed", 0).logged("all of the traffic has moved").logged("deployment Succeeded");
    assert_eq!(ran.output("digest"), new.digest.to_string());
    let seen = crowd.satisfied().await;
    assert!(seen.contains_key("new"), "{seen:?}");
    world.run(2, &shop.inputs(&new.to_string(), &[])).is("no-op", 0);
    world.run(3, &[("image", &new.to_string())]).is("refused", 1).logged("controller is CODE_DEPLOY");
    assert_eq!(world.post(1, &shop.inputs(&new.to_string(), &[]), &ran).log, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_that_does_not_come_up_is_taken_back_by_a_deployment_of_codedeploys_own() {
    let shop = Shop::new().await;
    let world = &shop.world;
    let bad = world.image("bad", CRASHING).await.to_string();
    let crowd = Crowd::asking(shop.url());
    let ran = world.run(1, &shop.inputs(&bad, &[("wait-minutes", "0.2")]));
    ran.is("rolled-back", 1).logged("takes it back");
    assert_eq!(crowd.satisfied().await.into_keys().collect::<Vec<_>>(), ["old"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_or_a_kill_takes_the_deployment_back() {
    let shop = Shop::new().await;
    let world = &shop.world;
    // It never becomes healthy, so that there is time.
    let bad = world.server("unhealthy").await.to_string();
    let inputs = shop.inputs(&bad, &[]);
    let crowd = Crowd::asking(shop.url());
    for (run, signal) in [(1, "INT"), (2, "KILL")] {
        let step = world.start(run, "main", &inputs, &BTreeMap::new());
        step.says("deployment InProgress").await;
        step.signal(signal);
        let ran = step.end();
        if signal == "INT" {
            assert_eq!(ran.code, Some(130), "{}", ran.log);
        }
        let post = world.post(run, &inputs, &ran);
        assert_eq!(post.code, Some(0), "{}\n{}", ran.log, post.log);
        let refused = world.run(run + 10, &shop.inputs(&bad, &[("strategy", "canary"), ("gate", "true")]));
        refused.is("error", 2).logged("CodeDeploy has no place for it");
    }
    assert_eq!(crowd.satisfied().await.into_keys().collect::<Vec<_>>(), ["old"]);
}

impl Shop {
    /// The ids of the group's deployments that have not ended.
    async fn in_flight(&self) -> Value {
        let place = self.built["application_name"].as_str().zip(self.built["deployment_group_name"].as_str()).unwrap();
        let open = ["Created", "Queued", "InProgress", "Baking", "Ready"];
        let input = json!({"applicationName": place.0, "deploymentGroupName": place.1, "includeOnlyStatuses": open});
        self.world.aws.json(aws::Service::CodeDeploy, "ListDeployments", &input).await.unwrap()["deployments"].take()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_whose_answer_is_lost_is_found_by_its_mark_and_followed() {
    let shop = Shop::new().await;
    let world = &shop.world;
    let new = world.server("new").await;
    world.fault(json!({"lose_answer": {"operation": "CreateDeployment", "calls": 1}})).await;
    let ran = world.run(1, &shop.inputs(&new.to_string(), &[]));
    ran.is("deployed", 0).logged("the answer was lost; looking for what it began");
    // Nothing was begun, and that is what is found.
    let newer = world.server("newer").await.to_string();
    world.fault(json!({"cut": {"operation": "CreateDeployment", "calls": 1}})).await;
    let inputs = shop.inputs(&newer, &[]);
    let ran = world.run(2, &inputs);
    assert_eq!(ran.code, Some(3), "{}", ran.log);
    let post = world.post(2, &inputs, &ran);
    assert_eq!(post.code, Some(0), "{}", post.log);
    post.logged("the deployment was never begun");
    world.run(3, &inputs).is("deployed", 0);
}

/// Killed between the request and its answer: the post step finds what was begun, and takes it back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_whose_answer_nobody_saw_is_found_by_the_post_step() {
    let shop = Shop::new().await;
    let world = &shop.world;
    let bad = world.server("unhealthy").await.to_string();
    let inputs = shop.inputs(&bad, &[]);
    let crowd = Crowd::asking(shop.url());
    world.fault(json!({"lose_answer": {"operation": "CreateDeployment", "calls": 1}})).await;
    // It cannot find it while it lives, so that it is killed in between.
    world.fault(json!({"throttle": {"operation": "ListDeployments", "calls": 1000}})).await;
    let step = world.start(1, "main", &inputs, &BTreeMap::new());
    step.says("the answer was lost").await;
    step.signal("KILL");
    let ran = step.end();
    world.fault(json!({"throttle": {"operation": "ListDeployments", "calls": 0}})).await;
    assert!(!shop.in_flight().await.as_array().unwrap().is_empty(), "nothing was begun\n{}", ran.log);
    let post = world.post(1, &inputs, &ran);
    assert_eq!(post.code, Some(0), "{}\n{}", ran.log, post.log);
    post.logged("looking for it").logged("was taken back");
    assert_eq!(shop.in_flight().await, json!([]));
    assert_eq!(crowd.satisfied().await.into_keys().collect::<Vec<_>>(), ["old"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_run_goes_on_with_what_this_suite_began_or_takes_it_back_and_leaves_what_others_began() {
    let shop = Shop::new().await;
    let world = &shop.world;
    let new = world.server("new").await;
    let mut inputs = shop.inputs("", &[]);
    inputs.retain(|(name, _)| *name != "image");
    let in_mode = |mode| [&inputs[..], &[("mode", mode)]].concat();
    for mode in ["resume", "recover"] {
        world.run(1, &in_mode(mode)).is("no-op", 0).logged("nothing is in flight");
    }
    let image = new.to_string();
    let begin = async |run: u32, image: &str| {
        let step = world.start(run, "main", &shop.inputs(image, &[("strategy", "canary")]), &BTreeMap::new());
        step.says("deployment InProgress").await;
        step.signal("KILL");
        step.end();
    };
    begin(2, &image).await;
    world.run(3, &in_mode("resume")).is("deployed", 0).logged("was begun by https://server.example/o/r/actions/runs/2");
    let bad = world.server("unhealthy").await.to_string();
    begin(4, &bad).await;
    world.run(5, &in_mode("rollback")).is("refused", 1).logged("`mode: recover` takes back what is in flight");
    world.run(6, &in_mode("recover")).is("rolled-back", 0).logged("taking back d-");
    assert_eq!(shop.in_flight().await, json!([]));
    // By hand: the same thing, in other words.
    let place = |name: &str| shop.built[name].clone();
    let set = world.described().await["taskSets"][0].take();
    let served = &set["loadBalancers"][0];
    let properties = json!({"TaskDefinition": set["taskDefinition"],
        "LoadBalancerInfo": {"ContainerName": served["containerName"], "ContainerPort": served["containerPort"]}});
    let spec = json!({"version": 1,
        "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}]});
    let revision = json!({"revisionType": "AppSpecContent", "appSpecContent": {"content": spec.to_string()}});
    let input = json!({"applicationName": place("application_name"), "deploymentGroupName": place("deployment_group_name"),
        "revision": revision, "description": "https://server.example/o/r/actions/runs/2"});
    world.aws.json(aws::Service::CodeDeploy, "CreateDeployment", &input).await.unwrap();
    for mode in ["resume", "recover"] {
        world.run(7, &in_mode(mode)).is("refused", 1).logged("no run of this suite is known to have begun it");
    }
}

/// What needs no rollout does not ask who rolls out, and what cannot be done says what can.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mode_says_what_it_can_do_where_codedeploy_deploys() {
    let shop = Shop::new().await;
    let world = &shop.world;
    let new = world.server("new").await.to_string();
    world.aws.json(aws::Service::Logs, "CreateLogGroup", &json!({"logGroupName": "/ecs/c/s"})).await.unwrap();
    world.run(1, &shop.inputs(&new, &[("mode", "preflight")])).is("ready", 0);
    world.run(2, &[("mode", "preflight"), ("image", &new)]).is("refused", 1).logged("set `engine: code-deploy`");
    let done = world.image("done", "#!/bin/sh\necho done\n").await.to_string();
    world.run(3, &[("mode", "run-task"), ("image", &done)]).is("completed", 0);
    world.run(4, &shop.inputs(&done, &[("mode", "run-task")])).is("completed", 0);
    world.run(5, &shop.inputs(&new, &[("mode", "diff")])).is("planned", 0);
}

/// The policy that is written for it is enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_written_policy_is_enough_for_codedeploy() {
    let shop = Shop::new().await;
    let world = &shop.world;
    let new = world.server("new").await.to_string();
    let cluster = ("cluster", "arn:aws:ecs:eu-west-1:123456789012:cluster/c");
    let written = world.run(1, &shop.inputs(&new, &[("mode", "iam-policy"), cluster]));
    written.is("written", 0);
    let (from, until) = (written.log.find('{').unwrap(), written.log.rfind('}').unwrap());
    let policy: Value = serde_json::from_str(&written.log[from..=until]).unwrap();
    let client = transport::client(transport::Limits::default()).unwrap();
    let url = format!("{}/_sandbox/policies", world.sandbox.endpoint());
    let answer = client.put(url).json(&serde_json::json!({ "deploy": policy })).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    let role = ("role-to-assume", "arn:aws:iam::123456789012:role/deploy");
    world.run(2, &shop.inputs(&new, &[role])).is("deployed", 0);
}
