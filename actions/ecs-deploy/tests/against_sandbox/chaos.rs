//! Chaos: signals and faults in every phase of every engine. Afterwards the service serves one known digest, nothing is in
//! flight, and no request has failed — by the run itself, or by the post step.

use crate::{
    traffic::Crowd,
    world::{Ran, World},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use subject::ImageRef;

/// How traffic comes to a release.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Engine {
    Rolling,
    Native,
    LoadBalancer,
    CodeDeploy,
}

/// An engine with a service that has traffic.
struct Field {
    engine: Engine,
    world: World,
    url: String,
    listener: String,
    gate: String,
    old: ImageRef,
    /// Application and group of CodeDeploy, where it deploys.
    group: (String, String),
}

impl Field {
    async fn of(engine: Engine) -> Self {
        let world = World::new().await;
        let old = world.server("old").await;
        let built = match engine {
            Engine::CodeDeploy => world.with_code_deploy(&old).await,
            _ => world.behind_balancer(&old, engine == Engine::Native).await,
        };
        let text = |name: &str| built[name].as_str().unwrap_or_default().to_owned();
        if engine == Engine::LoadBalancer {
            world.other_side(&text("listener_arn"), &text("target_group_arn")).await;
        }
        let gate = world.gate("gate", "sleep 0.3");
        let group = (text("application_name"), text("deployment_group_name"));
        Self { engine, url: text("url"), listener: text("listener_arn"), gate, old, group, world }
    }

    fn inputs<'a>(&'a self, image: &'a str) -> Vec<(&'a str, &'a str)> {
        let shared = [("image", image), ("step-minutes", "0"), ("bake-minutes", "0")];
        let gated = [("strategy", "canary"), ("gate", self.gate.as_str())];
        let sides =
            [("engine", "load-balancer"), ("alternate-service", "t"), ("listener-rule", self.listener.as_str())];
        match self.engine {
            Engine::Rolling => shared.to_vec(),
            Engine::Native => [&shared[..], &gated].concat(),
            Engine::LoadBalancer => [&shared[..], &gated, &sides].concat(),
            Engine::CodeDeploy => vec![
                ("image", image),
                ("engine", "code-deploy"),
                ("codedeploy-application", self.group.0.as_str()),
                ("codedeploy-group", self.group.1.as_str()),
                ("strategy", "canary"),
                ("traffic-percent", "10"),
            ],
        }
    }

    /// What says that a phase has been reached.
    fn phases(&self) -> &'static [&'static str] {
        match self.engine {
            Engine::Rolling => &["updating c/s", "has begun", "1 of 1 tasks running"],
            Engine::Native => {
                &["updating c/s", "has begun", "asking gate 1", "the gate says yes", "asking gate 2", "asking gate 3"]
            }
            Engine::LoadBalancer => &["has begun", "asking gate 1", "moving 10 %", "asking gate 2", "asking gate 3"],
            // Asked for and perhaps not answered; begun; beside the old; with all of the traffic.
            Engine::CodeDeploy => {
                &["asking CodeDeploy", "has begun", "deployment InProgress", "all of the traffic has moved"]
            }
        }
    }

    /// Nothing is in flight, and exactly one digest of these answers.
    async fn serves_one_of(&self, known: &[&str], ran: &Ran) {
        let client = transport::client(transport::Limits::default()).unwrap();
        if self.engine == Engine::CodeDeploy {
            let open = ["Created", "Queued", "InProgress", "Baking", "Ready"];
            let input = json!({"applicationName": self.group.0, "deploymentGroupName": self.group.1, "includeOnlyStatuses": open});
            let listed = self.world.aws.json(aws::Service::CodeDeploy, "ListDeployments", &input).await.unwrap();
            assert_eq!(listed["deployments"], json!([]), "{}", ran.log);
        }
        for service in ["s", "t"] {
            let input = json!({"cluster": "c", "service": service, "status": ["PENDING", "IN_PROGRESS", "ROLLBACK_IN_PROGRESS"]});
            let rolls_out = service == "s" && self.engine != Engine::CodeDeploy;
            if rolls_out || self.engine == Engine::LoadBalancer {
                let flying = self.world.ecs("ListServiceDeployments", input).await;
                assert_eq!(flying["serviceDeployments"], json!([]), "{}", ran.log);
            }
        }
        let mut seen = BTreeMap::new();
        for _ in 0..20 {
            let answer = client.get(format!("{}/orders", self.url)).send().await.unwrap();
            *seen.entry(answer.text().await.unwrap()).or_insert(0) += 1;
        }
        let names: Vec<&String> = seen.keys().collect();
        assert!(names.len() == 1 && known.contains(&names[0].as_str()), "{seen:?} of {known:?}\n{}", ran.log);
    }

    /// Every signal in every phase.
    async fn survives_signals(&self) {
        let new = self.world.server("new").await.to_string();
        let inputs = self.inputs(&new);
        let crowd = Crowd::asking(&self.url);
        let mut run = 0;
        for phase in self.phases() {
            for signal in ["INT", "TERM", "KILL"] {
                run += 1;
                let step = self.world.start(run, "main", &inputs, &BTreeMap::new());
                step.says(phase).await;
                // It may have come to its end at this very moment.
                step.try_signal(signal);
                let ran = step.end();
                let post = self.world.post(run, &inputs, &ran);
                assert_eq!(post.code, Some(0), "{phase} {signal}\n{}\n{}", ran.log, post.log);
                self.serves_one_of(&["old", "new"], &post).await;
                self.back_to_old(run).await;
            }
        }
        crowd.satisfied().await;
    }

    /// The next round begins where this one did.
    async fn back_to_old(&self, run: u32) {
        let old = self.old.to_string();
        let mut inputs = self.inputs(&old);
        inputs.retain(|(name, _)| *name != "gate");
        let ran = self.world.run(1000 + run, &inputs);
        assert_eq!(ran.code, Some(0), "{}", ran.log);
        self.serves_one_of(&["old"], &ran).await;
    }

    /// Every fault, over everything that is called once the deployment has begun.
    async fn survives_faults(&self) {
        const CALLS: [&str; 13] = [
            "ContinueServiceDeployment",
            "DescribeListeners",
            "DescribeServiceDeployments",
            "DescribeServiceRevisions",
            "DescribeServices",
            "DescribeTargetHealth",
            "DescribeTasks",
            "GetDeployment",
            "ListDeployments",
            "ListServiceDeployments",
            "ListTasks",
            "ModifyListener",
            "UntagResource",
        ];
        const LATE: [&str; 7] = [
            "DescribeListeners",
            "DescribeServiceDeployments",
            "DescribeServiceRevisions",
            "DescribeServices",
            "DescribeTargetHealth",
            "GetDeployment",
            "ListServiceDeployments",
        ];
        let crowd = Crowd::asking(&self.url);
        let call = |operation: &str| json!({"operation": operation, "calls": 2});
        let kinds = ["throttle", "error", "cut", "lose_answer", "stale_reads", "expire_credentials"];
        for (run, kind) in (1..).zip(kinds) {
            let image = self.world.server(&format!("new{run}")).await.to_string();
            let mut inputs = self.inputs(&image);
            if kind == "expire_credentials" {
                inputs.push(("role-to-assume", "arn:aws:iam::123456789012:role/deploy"));
            }
            let step = self.world.start(run, "main", &inputs, &BTreeMap::new());
            step.says("has begun").await;
            if kind == "expire_credentials" {
                self.world.fault(json!(kind)).await;
            }
            for operation in CALLS {
                let fault = match kind {
                    "stale_reads" if LATE.contains(&operation) => json!({"operation": operation, "ticks": 5}),
                    "stale_reads" | "expire_credentials" => continue,
                    _ => call(operation),
                };
                let fault: Value = json!({ kind: fault });
                self.world.fault(fault).await;
            }
            let ran = step.end();
            assert_eq!((ran.output("verdict"), ran.code), ("deployed", Some(0)), "{kind}\n{}", ran.log);
            for operation in LATE {
                self.world.fault(json!({"stale_reads": {"operation": operation, "ticks": 0}})).await;
            }
            self.serves_one_of(&[&format!("new{run}")], &ran).await;
        }
        crowd.satisfied().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_deployment_survives_signals_in_every_phase() {
    Field::of(Engine::Rolling).await.survives_signals().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_native_rollout_survives_signals_in_every_phase() {
    Field::of(Engine::Native).await.survives_signals().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shift_between_services_survives_signals_in_every_phase() {
    Field::of(Engine::LoadBalancer).await.survives_signals().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_deployment_survives_every_fault_of_the_network() {
    Field::of(Engine::Rolling).await.survives_faults().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_native_rollout_survives_every_fault_of_the_network() {
    Field::of(Engine::Native).await.survives_faults().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shift_between_services_survives_every_fault_of_the_network() {
    Field::of(Engine::LoadBalancer).await.survives_faults().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_by_codedeploy_survives_signals_in_every_phase() {
    Field::of(Engine::CodeDeploy).await.survives_signals().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_by_codedeploy_survives_every_fault_of_the_network() {
    Field::of(Engine::CodeDeploy).await.survives_faults().await;
}
