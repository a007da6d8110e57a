//! The policy that `mode: iam-policy` writes: enough with all its statements, and with none left out.

use crate::world::{Ran, World};
use serde_json::{Value, json};
use subject::ImageRef;

const ROLE: &str = "arn:aws:iam::123456789012:role/deploy";

/// Scenarios of an engine, with the inputs that the policy was written for.
struct Scenarios<'a> {
    world: &'a World,
    inputs: Vec<(&'a str, &'a str)>,
    images: Vec<ImageRef>,
}

impl Scenarios<'_> {
    /// The policy, its placeholders filled in.
    fn written(&self) -> Vec<Value> {
        let mut inputs = vec![("mode", "iam-policy"), ("cluster", "arn:aws:ecs:eu-west-1:123456789012:cluster/c")];
        inputs.extend(&self.inputs);
        let ran = self.world.run(1, &inputs);
        ran.is("written", 0);
        let from = ran.log.find('{').unwrap();
        let until = ran.log.rfind('}').unwrap();
        let policy: Value = serde_json::from_str(&ran.log[from..=until]).unwrap();
        policy["Statement"].as_array().unwrap().clone()
    }

    async fn give(&self, statements: &[Value]) {
        let policies = json!({"deploy": {"Version": "2012-10-17", "Statement": statements}});
        let client = transport::client(transport::Limits::default()).unwrap();
        let url = format!("{}/_sandbox/policies", self.world.sandbox.endpoint());
        let answer = client.put(url).json(&policies).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Runs everything with that policy; gives the logs.
    async fn play(&self, statements: &[Value], round: u32) -> String {
        self.give(statements).await;
        let mut log = String::new();
        for (number, image) in self.images.iter().enumerate() {
            let image = image.to_string();
            let mut inputs = vec![("image", image.as_str()), ("role-to-assume", ROLE), ("wait-minutes", "0.2")];
            inputs.extend(&self.inputs);
            let run = round * 10 + u32::try_from(number).unwrap();
            let ran: Ran = self.world.run(run, &inputs);
            self.world.post(run, &inputs, &ran);
            log.push_str(&ran.log);
        }
        let image = self.images[0].to_string();
        let mut look = vec![("mode", "preflight"), ("image", image.as_str()), ("role-to-assume", ROLE)];
        look.extend(&self.inputs);
        log.push_str(&self.world.run(round * 10 + 9, &look).log);
        log
    }

    /// Enough with all, and with none left out.
    async fn show(&self) {
        const DENIED: &str = "is not allowed";
        let statements = self.written();
        let log = self.play(&statements, 100).await;
        assert!(!log.contains(DENIED), "it is not enough:\n{log}");
        for (left_out, statement) in statements.iter().enumerate() {
            // The registry's own interface is not what the simulator guards, and nothing hands over a role here.
            if ["LookForTheImage", "PassTheTasksRoles"].iter().any(|sid| statement["Sid"] == *sid) {
                continue;
            }
            let mut fewer = statements.clone();
            fewer.remove(left_out);
            let log = self.play(&fewer, 200 + u32::try_from(left_out).unwrap()).await;
            assert!(log.contains(DENIED), "{} is not needed:\n{log}", statement["Sid"]);
            // From where everything is as it was.
            self.play(&statements, 300 + u32::try_from(left_out).unwrap()).await;
        }
    }
}

async fn world() -> World {
    let mut world = World::new().await;
    world.env = vec![("RUNNER_DEBUG", "1")];
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_deployment_needs_each_statement_of_its_policy() {
    let world = world().await;
    let (old, new) = (world.server("old").await, world.server("new").await);
    let broken = world.image("broken", "\u{7f}ELF this is no program").await;
    world.behind_balancer(&old, false).await;
    Scenarios { world: &world, inputs: vec![], images: vec![broken, new, old] }.show().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shift_between_services_needs_each_statement_of_its_policy() {
    let world = world().await;
    let (old, new) = (world.server("old").await, world.server("new").await);
    let built = world.behind_balancer(&old, false).await;
    let listener = built["listener_arn"].as_str().unwrap();
    world.other_side(listener, built["target_group_arn"].as_str().unwrap()).await;
    let inputs = vec![
        ("engine", "load-balancer"),
        ("alternate-service", "t"),
        ("listener-rule", listener),
        ("bake-minutes", "0"),
        ("step-minutes", "0"),
    ];
    Scenarios { world: &world, inputs, images: vec![new, old] }.show().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gated_rollout_is_stuck_without_the_right_to_continue() {
    let world = world().await;
    let (old, new) = (world.server("old").await, world.server("new").await);
    world.behind_balancer(&old, true).await;
    let inputs = vec![("strategy", "canary"), ("gate", "true"), ("step-minutes", "0"), ("bake-minutes", "0")];
    let scenarios = Scenarios { world: &world, inputs, images: vec![new] };
    let mut statements = scenarios.written();
    let place = statements.iter().position(|statement| statement["Sid"] == "Deployments").unwrap();
    let all = scenarios.play(&statements, 1).await;
    assert!(
        all.contains("has the traffic") || all.contains("runs 127.0.0.1") && !all.contains("is not allowed"),
        "{all}"
    );
    statements[place]["Action"].as_array_mut().unwrap().retain(|action| action != "ecs:ContinueServiceDeployment");
    let old = Scenarios { images: vec![old], ..scenarios };
    assert!(old.play(&statements, 2).await.contains("ContinueServiceDeployment is not allowed"));
}
