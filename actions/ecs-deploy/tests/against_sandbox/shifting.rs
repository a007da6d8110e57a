//! `engine: load-balancer`: traffic moved by this action between two services, with requests in flight all the time.

use crate::{
    traffic::Crowd,
    world::{Step, World},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use subject::ImageRef;

/// Two services behind one listener, `s` with the traffic.
struct Sides {
    world: World,
    listener: String,
    url: String,
    groups: (String, String),
}

impl Sides {
    async fn new() -> Self {
        let world = World::new().await;
        let old = world.server("old").await;
        let built = world.behind_balancer(&old, false).await;
        let text = |name: &str| built[name].as_str().unwrap().to_owned();
        let other = world.other_side(&text("listener_arn"), &text("target_group_arn")).await;
        Self { listener: text("listener_arn"), url: text("url"), groups: (text("target_group_arn"), other), world }
    }

    fn inputs<'a>(&'a self, image: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut inputs = vec![
            ("image", image),
            ("engine", "load-balancer"),
            ("alternate-service", "t"),
            ("listener-rule", &self.listener),
            ("step-minutes", "0.02"),
            ("bake-minutes", "0.02"),
        ];
        inputs.retain(|(name, value)| !value.is_empty() && !more.iter().any(|(other, _)| other == name));
        inputs.extend_from_slice(more);
        inputs
    }

    fn start(&self, run: u32, image: &ImageRef, more: &[(&str, &str)]) -> Step {
        self.world.start(run, "main", &self.inputs(&image.to_string(), more), &BTreeMap::new())
    }

    async fn weights(&self) -> (String, String) {
        let weights = self.world.weights(&self.listener).await;
        let of = |group: &String| weights.get(group).cloned().unwrap_or_default();
        (of(&self.groups.0), of(&self.groups.1))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_traffic_goes_step_by_step_to_the_side_without_it_and_the_next_release_goes_the_other_way() {
    let sides = Sides::new().await;
    let world = &sides.world;
    let gate = world.gate("gate", "echo \"$LOCKKEEPER_GATE $LOCKKEEPER_TRAFFIC to $LOCKKEEPER_NEXT_TRAFFIC\"");
    let new = world.server("new").await;
    let crowd = Crowd::asking(&sides.url);
    let more = [("strategy", "linear"), ("traffic-percent", "40"), ("gate", gate.as_str())];
    let ran = sides.start(1, &new, &more).end();
    ran.is("deployed", 0).logged("`s` has the traffic; the release goes into `t`");
    for asked in ["1/4 0 to 40", "2/4 40 to 80", "3/4 80 to 100", "4/4 100 to 100"] {
        ran.logged(&format!("gate: {asked}"));
    }
    assert_eq!((ran.output("live-service"), ran.output("digest")), ("t", new.digest.to_string().as_str()));
    assert_eq!(sides.weights().await, ("0".into(), "100".into()));
    let seen = crowd.satisfied().await;
    assert!(seen["old"] > 0 && seen["new"] > 0, "{seen:?}");
    assert!(world.tags("s").await.is_empty(), "what was written down is taken away again");

    let newer = world.server("newer").await;
    let crowd = Crowd::asking(&sides.url);
    let ran = sides.start(2, &newer, &[("strategy", "canary"), ("traffic-percent", "12.5")]).end();
    ran.is("deployed", 0).logged("`t` has the traffic; the release goes into `s`");
    assert_eq!((ran.output("live-service"), sides.weights().await), ("s", ("100".into(), "0".into())));
    let seen = crowd.satisfied().await;
    assert!(!seen.contains_key("old"), "{seen:?}");
    assert_eq!(
        world.post(2, &sides.inputs(&newer.to_string(), &[]), &ran).log,
        "",
        "nothing is left for the post step"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_that_says_no_or_cannot_tell_sends_everything_back_and_no_request_fails() {
    let sides = Sides::new().await;
    let world = &sides.world;
    let new = world.server("new").await;
    let crowd = Crowd::asking(&sides.url);
    for (run, answer, said) in [(1, 1, "the gate said no"), (2, 3, "the gate could not tell")] {
        let gate =
            world.gate("gate", &format!("case $LOCKKEEPER_GATE in 2/*) echo p95 is 900 ms; exit {answer};; esac"));
        let ran = sides.start(run, &new, &[("strategy", "canary"), ("gate", gate.as_str())]).end();
        ran.is("rolled-back", 1).logged(said).logged("p95 is 900 ms").logged("10 % of the traffic");
        assert_eq!((sides.weights().await, ran.output("live-service")), (("1".into(), "0".into()), "s"));
        assert!(world.tags("s").await.is_empty());
    }
    let seen = crowd.satisfied().await;
    assert!(seen["old"] > seen["new"], "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_that_is_never_healthy_gets_no_traffic() {
    let sides = Sides::new().await;
    let bad = sides.world.server("unhealthy").await;
    let crowd = Crowd::asking(&sides.url);
    let ran = sides.start(1, &bad, &[("wait-minutes", "0.15")]).end();
    assert_ne!(ran.code, Some(0), "{}", ran.log);
    ran.logged("no traffic was moved; `s` has all of it");
    assert_eq!(crowd.satisfied().await.into_keys().collect::<Vec<_>>(), ["old"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_shift_goes_back_within_the_runners_patience() {
    let sides = Sides::new().await;
    let new = sides.world.server("new").await;
    let crowd = Crowd::asking(&sides.url);
    let step = sides.start(1, &new, &[("strategy", "canary"), ("step-minutes", "5")]);
    step.says("the new release has 10 % of the traffic").await;
    step.signal("INT");
    let ran = step.end();
    ran.is("cancelled", 130);
    assert_eq!(sides.weights().await, ("1".into(), "0".into()), "as it was before");
    assert!(sides.world.tags("s").await.is_empty());
    crowd.satisfied().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_the_post_step_gives_the_traffic_back_and_so_does_recover_when_the_runner_is_gone() {
    let sides = Sides::new().await;
    let world = &sides.world;
    let new = world.server("new").await;
    let crowd = Crowd::asking(&sides.url);
    let more = [("strategy", "canary"), ("step-minutes", "5")];
    for by_post in [true, false] {
        let run = if by_post { 1 } else { 2 };
        let step = sides.start(run, &new, &more);
        step.says("the new release has 10 % of the traffic").await;
        step.signal("KILL");
        let killed = step.end();
        assert_eq!(sides.weights().await, ("90".into(), "10".into()), "it is on its way");
        if by_post {
            let post = world.post(run, &sides.inputs(&new.to_string(), &more), &killed);
            assert_eq!(post.code, Some(0), "{}", post.log);
            post.logged("`s` has all of the traffic again");
        } else {
            let refused = sides.start(3, &new, &more).end();
            refused.is("refused", 1).logged("both services have traffic").logged("mode: recover");
            let look = world.run(30, &sides.inputs(&new.to_string(), &[("mode", "preflight")]));
            look.is("refused", 1).logged("[NO] the service can be deployed: both services have traffic");
            let resumed = world.run(31, &sides.inputs("", &[("mode", "resume")]));
            resumed.is("refused", 1).logged("mode: recover");
            let inputs = sides.inputs("", &[("mode", "recover"), ("strategy", "")]);
            let ran = world.run(4, &inputs);
            ran.is("rolled-back", 0).logged("actions/runs/2").logged("`s` has all of the traffic again");
            assert_eq!(ran.output("live-service"), "s");
            world.run(5, &inputs).is("no-op", 0).logged("no shift is on record");
        }
        assert_eq!(sides.weights().await, ("1".into(), "0".into()), "as it was before");
        assert!(world.tags("s").await.is_empty());
    }
    crowd.satisfied().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_somebody_else_edits_is_left_as_they_made_it() {
    let sides = Sides::new().await;
    let new = sides.world.server("new").await;
    let step = sides.start(1, &new, &[("strategy", "canary"), ("step-minutes", "5")]);
    step.says("the new release has 10 % of the traffic").await;
    let theirs = [(sides.groups.0.as_str(), "60"), (sides.groups.1.as_str(), "40")];
    sides.world.weigh(&sides.listener, theirs).await;
    let ran = step.end();
    ran.is("superseded", 1).logged("the new release has 40 %25 of the traffic, and not 10 %25");
    assert_eq!(sides.weights().await, ("60".into(), "40".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn throttled_reads_and_writes_of_the_rule_are_waited_out() {
    let sides = Sides::new().await;
    let new = sides.world.server("new").await;
    let step = sides.start(1, &new, &[("strategy", "canary")]);
    step.says("has begun").await;
    for operation in ["DescribeListeners", "ModifyListener", "DescribeTargetHealth"] {
        sides.world.fault(json!({"throttle": {"operation": operation, "calls": 6}})).await;
    }
    step.end().is("deployed", 0);
    assert_eq!(sides.weights().await, ("0".into(), "100".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_touches_neither_rule_nor_service() {
    let sides = Sides::new().await;
    let new = sides.world.server("new").await;
    let before: Value = sides.world.described().await["deployments"].clone();
    let weights = sides.weights().await;
    sides.start(1, &new, &[("dry-run", "true")]).end().is("planned", 0).logged("would set desiredCount to 1");
    assert_eq!((sides.weights().await, sides.world.described().await["deployments"].clone()), (weights, before));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_gives_the_traffic_back_to_the_service_that_still_runs_the_release_before() {
    let sides = Sides::new().await;
    let new = sides.world.server("new").await;
    let crowd = Crowd::asking(&sides.url);
    sides.start(1, &new, &[]).end().is("deployed", 0);
    let back = |run: u32| sides.world.run(run, &sides.inputs("", &[("mode", "rollback")]));
    let ran = back(2);
    ran.is("rolled-back", 0);
    assert_eq!((ran.output("live-service"), sides.weights().await), ("s", ("100".into(), "0".into())));
    assert_ne!(ran.output("digest"), new.digest.to_string());
    crowd.satisfied().await;
    sides.world.ecs("UpdateService", json!({"cluster": "c", "service": "t", "desiredCount": 0})).await;
    let empty = async || {
        sides.world.ecs("ListTasks", json!({"cluster": "c", "serviceName": "t"})).await["taskArns"] == json!([])
    };
    while !empty().await {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    back(3).is("refused", 1).logged("`t` is no release to go back to");
    assert_eq!(sides.weights().await, ("100".into(), "0".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_moves_nothing_even_where_the_release_stands_there_already() {
    let sides = Sides::new().await;
    let new = sides.world.server("new").await;
    let gate = sides.world.gate("gate", "exit 1");
    sides.start(1, &new, &[("gate", gate.as_str())]).end().is("rolled-back", 1);
    let weights = sides.weights().await;
    let dry = sides.start(2, &new, &[("dry-run", "true")]).end();
    dry.is("planned", 0).logged("would move the traffic to `t`");
    assert_eq!(sides.weights().await, weights);
    assert!(sides.world.tags("s").await.is_empty(), "nothing is written down");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shift_that_was_left_with_all_of_the_traffic_moved_is_seen_by_the_next_run_and_given_back() {
    let sides = Sides::new().await;
    let new = sides.world.server("new").await;
    let step = sides.start(1, &new, &[("strategy", "blue-green"), ("bake-minutes", "5")]);
    step.says("the new release has 100 % of the traffic").await;
    step.signal("KILL");
    step.end();
    assert_eq!(sides.weights().await, ("0".into(), "100".into()));
    let newer = sides.world.server("newer").await;
    let refused = sides.start(2, &newer, &[]).end();
    refused.is("refused", 1).logged("a shift away from `s` was not brought to its end").logged("mode: recover");
    let recovered = sides.world.run(3, &sides.inputs("", &[("mode", "recover")]));
    recovered.is("rolled-back", 0).logged("`s` has all of the traffic again");
    assert_eq!((recovered.output("live-service"), sides.world.tags("s").await.len()), ("s", 0));
}
