//! `engine: code-deploy`.

use crate::{
    traffic::Crowd,
    world::{CRASHING, World},
};
use serde_json::Value;
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
