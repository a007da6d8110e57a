//! Native blue/green, canary and linear deployments: ECS moves the traffic, and each pause is answered from the workflow.

use crate::{traffic::Crowd, world::World};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use subject::ImageRef;

struct Shifting {
    world: World,
    url: String,
    old: ImageRef,
}

impl Shifting {
    async fn new() -> Self {
        let world = World::new().await;
        let old = world.server("old").await;
        let built = world.behind_balancer(&old, true).await;
        Self { url: built["url"].as_str().unwrap().to_owned(), world, old }
    }

    async fn newest(&self) -> Value {
        let arn = self.world.deployments().await[0]["serviceDeploymentArn"].clone();
        let answer = self.world.ecs("DescribeServiceDeployments", json!({"serviceDeploymentArns": [arn]})).await;
        answer["serviceDeployments"][0].clone()
    }
}

fn inputs<'a>(image: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut inputs = vec![("image", image), ("step-minutes", "1"), ("bake-minutes", "1")];
    inputs.extend_from_slice(more);
    inputs
}

const ASK: &str = "echo \"$LOCKKEEPER_GATE $LOCKKEEPER_TRAFFIC to $LOCKKEEPER_NEXT_TRAFFIC\"";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_strategy_is_asked_about_at_each_share_and_no_request_fails() {
    let shifting = Shifting::new().await;
    let world = &shifting.world;
    let gate = world.gate("gate", ASK);
    let crowd = Crowd::asking(&shifting.url);
    for (run, strategy, asked) in [
        (1, "canary", vec!["1/3 0 to 20", "2/3 20 to 100", "3/3 100 to 100"]),
        (2, "linear", vec!["1/6 0 to 20", "2/6 20 to 40", "5/6 80 to 100", "6/6 100 to 100"]),
        (3, "blue-green", vec!["1/2 0 to 100", "2/2 100 to 100"]),
    ] {
        let image = world.server(&format!("new{run}")).await;
        let more = [("strategy", strategy), ("traffic-percent", "20"), ("gate", gate.as_str())];
        let ran = world.run(run, &inputs(&image.to_string(), &more));
        ran.is("deployed", 0).logged("stage PRE_PRODUCTION_TRAFFIC_SHIFT");
        for line in asked {
            ran.logged(&format!("gate: {line}"));
        }
        assert_eq!(ran.output("digest"), image.digest.to_string());
        assert_eq!(shifting.newest().await["status"], "SUCCESSFUL", "{}", ran.log);
        let hooks = world.described().await["deploymentConfiguration"]["lifecycleHooks"].take();
        assert_eq!(hooks[0]["timeoutConfiguration"]["action"], "ROLLBACK", "a dead runner is a no");
    }
    let seen = crowd.satisfied().await;
    assert!(seen.contains_key("new3"), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_no_or_no_answer_at_any_share_sends_everything_back() {
    let shifting = Shifting::new().await;
    let world = &shifting.world;
    let new = world.server("new").await.to_string();
    let crowd = Crowd::asking(&shifting.url);
    for (run, at, code, said) in
        [(1, "1/", 1, "the gate said no"), (2, "2/", 1, "the gate said no"), (3, "3/", 3, "could not tell")]
    {
        let gate =
            world.gate("gate", &format!("case $LOCKKEEPER_GATE in {at}*) echo p95 is 900 ms; exit {code};; esac"));
        let ran = world.run(run, &inputs(&new, &[("strategy", "canary"), ("gate", gate.as_str())]));
        ran.is("rolled-back", 1).logged(said).logged("p95 is 900 ms").logged("taking back arn:");
        assert_eq!(shifting.newest().await["status"], "ROLLBACK_SUCCESSFUL");
        assert!(world.running().await.contains(&shifting.old.digest.to_string()));
    }
    crowd.satisfied().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_rollout_goes_back_and_after_a_kill_the_post_step_takes_it_back() {
    let shifting = Shifting::new().await;
    let world = &shifting.world;
    let new = world.server("new").await.to_string();
    let gate = world.gate("gate", "case $LOCKKEEPER_GATE in 2/*) sleep 600;; esac");
    let all = inputs(&new, &[("strategy", "canary"), ("gate", gate.as_str())]);
    let crowd = Crowd::asking(&shifting.url);
    for (run, signal) in [(1, "INT"), (2, "KILL")] {
        let step = world.start(run, "main", &all, &BTreeMap::new());
        step.says("asking gate 2 of 3").await;
        step.signal(signal);
        let ran = step.end();
        if signal == "INT" {
            ran.is("cancelled", 130);
        }
        let post = world.post(run, &all, &ran);
        assert_eq!(post.code, Some(0), "{}\n{}", ran.log, post.log);
        assert_eq!(shifting.newest().await["status"], "ROLLBACK_SUCCESSFUL", "{}\n{}", ran.log, post.log);
    }
    crowd.satisfied().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_whose_runner_is_gone_is_gone_on_with_or_taken_back() {
    let shifting = Shifting::new().await;
    let world = &shifting.world;
    let (hang, yes) = (world.gate("hang", "case $LOCKKEEPER_GATE in 2/*) sleep 600;; esac"), world.gate("yes", ASK));
    for (run, mode, verdict, code, status) in
        [(1, "resume", "deployed", 0, "SUCCESSFUL"), (3, "recover", "rolled-back", 0, "ROLLBACK_SUCCESSFUL")]
    {
        let new = world.server(mode).await.to_string();
        let step = world.start(
            run,
            "main",
            &inputs(&new, &[("strategy", "canary"), ("gate", hang.as_str())]),
            &BTreeMap::new(),
        );
        step.says("asking gate 2 of 3").await;
        step.signal("KILL");
        step.end();
        let more = [
            ("mode", mode),
            ("strategy", "canary"),
            ("step-minutes", "1"),
            ("bake-minutes", "1"),
            ("gate", yes.as_str()),
        ];
        let ran = world.run(run + 1, &more);
        ran.is(verdict, code).logged(&format!("actions/runs/{run}/"));
        assert_eq!(shifting.newest().await["status"], status, "{}", ran.log);
    }
    world.run(5, &[("mode", "resume")]).is("no-op", 0).logged("nothing is in flight");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_of_somebody_elses_deployment_is_never_answered() {
    let shifting = Shifting::new().await;
    let world = &shifting.world;
    let gate = world.gate("gate", ASK);
    let hooks = json!([{"targetType": "PAUSE", "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"]}]);
    let configuration = json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0, "lifecycleHooks": hooks});
    let update =
        json!({"cluster": "c", "service": "s", "forceNewDeployment": true, "deploymentConfiguration": configuration});
    world.ecs("UpdateService", update).await;
    let new = world.server("new").await.to_string();
    let more = [("strategy", "canary"), ("gate", gate.as_str())];
    world.run(1, &inputs(&new, &more)).is("refused", 1).logged("another deployment is in flight");
    for mode in ["resume", "recover"] {
        world.run(2, &[("mode", mode)]).is("refused", 1).logged("no run of this suite is known to have begun it");
    }
    let status = shifting.newest().await["status"].clone();
    assert!(status == "PENDING" || status == "IN_PROGRESS", "{status}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_of_a_gated_service_waits_for_no_gate() {
    let shifting = Shifting::new().await;
    let world = &shifting.world;
    let gate = world.gate("gate", ASK);
    let new = world.server("new").await.to_string();
    world.run(1, &inputs(&new, &[("strategy", "canary"), ("gate", gate.as_str())])).is("deployed", 0);
    let ran = world.run(2, &[("mode", "rollback")]);
    ran.is("rolled-back", 0);
    assert_eq!(ran.output("digest"), shifting.old.digest.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_native_deployment_without_a_gate_is_followed_to_its_end() {
    let shifting = Shifting::new().await;
    let new = shifting.world.server("new").await.to_string();
    let ran = shifting.world.run(1, &inputs(&new, &[("strategy", "linear"), ("traffic-percent", "50")]));
    ran.is("deployed", 0).logged("the release has 50 % of the traffic").logged("the release has 100 % of the traffic");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_is_followed_as_far_as_asked_and_gone_on_with_by_a_later_job() {
    let shifting = Shifting::new().await;
    let world = &shifting.world;
    let new = world.server("new").await.to_string();
    let handed = world.run(1, &inputs(&new, &[("strategy", "blue-green"), ("wait-until", "begun")]));
    handed.is("in-progress", 0);
    let post = world.post(1, &inputs(&new, &[]), &handed);
    assert_eq!((post.code, post.log.as_str()), (Some(0), ""), "it is ECS's now");
    world.run(2, &[("mode", "resume")]).is("deployed", 0).logged("actions/runs/1/");
}
