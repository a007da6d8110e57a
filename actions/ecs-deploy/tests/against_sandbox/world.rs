//! A cluster in the laptop cloud with one service, images to put into it, and the runner's side of the protocol.

use aws::{Aws, AwsInputs, EcrCredentials, Service as Api};
use evidence::{Evidence, EvidenceInputs};
use github::Runner;
use oci::{
    Platform, Registry,
    image::{Builder, Contents},
    layout::{Layout, push_layout},
};
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use subject::ImageRef;

/// A task that runs until it is told to end.
pub(crate) const GOOD: &str = "#!/bin/sh\nexec sleep 600\n";
/// A task that says something and fails.
pub(crate) const CRASHING: &str = "#!/bin/sh\necho 'cannot read rules.json' >&2\nexit 3\n";
/// A task that never becomes healthy, because it ends just before it would.
pub(crate) const SLOW: &str = "#!/bin/sh\nsleep 0.7\nexit 1\n";

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) aws: Aws,
    pub(crate) registry: Registry,
    pub(crate) folder: tempfile::TempDir,
    /// Where the steps find ECS, if not in the sandbox itself.
    pub(crate) liar: Option<String>,
    /// Further variables of the steps.
    pub(crate) env: Vec<(&'static str, &'static str)>,
}

/// What a finished step left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) log: String,
    pub(crate) outputs: BTreeMap<String, String>,
    pub(crate) state: BTreeMap<String, String>,
    pub(crate) summary: String,
}

/// A step that runs.
pub(crate) struct Step {
    child: Child,
    folder: PathBuf,
}

impl World {
    pub(crate) async fn new() -> Self {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let env = sandbox.env();
        let (runner, _) = Runner::for_test(env.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let aws = Aws::connect(&runner, &AwsInputs::default()).await.unwrap();
        let registry = Registry::new(Arc::new(EcrCredentials::new(&aws))).unwrap();
        let world = Self { sandbox, aws, registry, folder: tempfile::tempdir().unwrap(), liar: None, env: Vec::new() };
        world.aws.json(Api::Ecr, "CreateRepository", &json!({"repositoryName": "app"})).await.unwrap();
        world.ecs("CreateCluster", json!({"clusterName": "c"})).await;
        world
    }

    /// Somebody else's deployment, begun without us.
    pub(crate) async fn deployed_by_hand(&self, image: &ImageRef) {
        let container = json!({"name": "api", "image": image.to_string(), "essential": true});
        self.ecs("RegisterTaskDefinition", json!({"family": "f", "containerDefinitions": [container]})).await;
        self.ecs("UpdateService", json!({"cluster": "c", "service": "s", "taskDefinition": "f"})).await;
    }

    pub(crate) async fn ecs(&self, operation: &str, input: Value) -> Value {
        self.aws.json(Api::Ecs, operation, &input).await.unwrap()
    }

    /// Builds and pushes an image whose entry point is that script; the name makes it another image.
    pub(crate) async fn image(&self, name: &str, script: &str) -> ImageRef {
        let layout = Layout::create(self.folder.path().join(format!("layout-{name}"))).unwrap();
        let contents =
            Contents::new().file("app/run", 0o755, script.to_owned()).file("app/name", 0o644, name.to_owned());
        let builder = Builder::new(Platform::linux("amd64")).layer("test", contents).entrypoint(["/app/run"]);
        builder.build(&layout, None).unwrap();
        let repository = format!("{}/app", self.sandbox.registry_host()).parse().unwrap();
        push_layout(&self.registry, &layout, &repository, Some(name)).await.unwrap()
    }

    /// A service `s` of two tasks with this image, settled; the service has no circuit breaker of its own.
    pub(crate) async fn service(&self, image: &ImageRef) {
        let options = json!({"awslogs-group": "/ecs/s", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "p"});
        let container = json!({"name": "api", "image": image.to_string(), "essential": true,
            "logConfiguration": {"logDriver": "awslogs", "options": options}});
        let definition = json!({"family": "f", "networkMode": "awsvpc", "containerDefinitions": [container],
            "tags": [{"key": "team", "value": "a"}]});
        self.ecs("RegisterTaskDefinition", definition).await;
        self.aws.json(Api::Logs, "CreateLogGroup", &json!({"logGroupName": "/ecs/s"})).await.unwrap();
        let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
        self.ecs(
            "CreateService",
            json!({"cluster": "c", "serviceName": "s", "taskDefinition": "f", "desiredCount": 2,
                "networkConfiguration": network}),
        )
        .await;
        self.until("the service has settled", |service| service["deployments"][0]["rolloutState"] == "COMPLETED").await;
    }

    pub(crate) async fn described(&self) -> Value {
        let mut answer = self.ecs("DescribeServices", json!({"cluster": "c", "services": ["s"]})).await;
        answer["services"][0].take()
    }

    /// Waits until the service is as wanted.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let service = self.described().await;
            if wanted(&service) {
                return service;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "not in 30 s: {what}\n{service:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Service deployments, newest first.
    pub(crate) async fn deployments(&self) -> Vec<Value> {
        let mut answer = self.ecs("ListServiceDeployments", json!({"cluster": "c", "service": "s"})).await;
        answer["serviceDeployments"].take().as_array().cloned().unwrap()
    }

    /// How many revisions of the family there are.
    pub(crate) async fn revisions(&self) -> usize {
        let answer = self.ecs("ListTaskDefinitions", json!({"familyPrefix": "f"})).await;
        answer["taskDefinitionArns"].as_array().unwrap().len()
    }

    /// The images of the running tasks, by what the tasks say.
    pub(crate) async fn running(&self) -> Vec<String> {
        let arns = self.ecs("ListTasks", json!({"cluster": "c", "serviceName": "s"})).await["taskArns"].take();
        let tasks = self.ecs("DescribeTasks", json!({"cluster": "c", "tasks": arns})).await;
        let tasks = tasks["tasks"].as_array().unwrap().iter().filter(|task| task["lastStatus"] == "RUNNING");
        tasks.map(|task| task["containers"][0]["imageDigest"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The believed statements on an image.
    pub(crate) async fn statements(&self, image: &ImageRef, keys: &[attest::PublicKey]) -> Vec<Value> {
        let env = self.sandbox.env();
        let (runner, _) = Runner::for_test(env.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let inputs = EvidenceInputs::default();
        let evidence = Evidence::open(&runner, &inputs, &image.repository, Some(&self.aws)).unwrap();
        let found = evidence.read(image, keys).await.unwrap();
        let believed = found.into_iter().map(|found| found.statement.unwrap().statement);
        believed.map(|statement| serde_json::from_slice(&statement.to_bytes()).unwrap()).collect()
    }

    /// Makes something go wrong.
    pub(crate) async fn fault(&self, fault: Value) {
        let client = transport::client(transport::Limits::default()).unwrap();
        let url = format!("{}/_sandbox/faults", self.sandbox.endpoint());
        let answer = client.post(url).json(&fault).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Starts a step with these inputs besides cluster and service, in a run of that id.
    pub(crate) fn start(
        &self,
        run: u32,
        phase: &str,
        inputs: &[(&str, &str)],
        state: &BTreeMap<String, String>,
    ) -> Step {
        let folder = self.folder.path().join(format!("step-{run}-{phase}"));
        std::fs::create_dir_all(&folder).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_ecs-deploy"));
        command.arg(phase).env_clear().envs(self.sandbox.env()).current_dir(&folder);
        for file in ["OUTPUT", "STATE", "STEP_SUMMARY"] {
            command.env(format!("GITHUB_{file}"), folder.join(file));
            std::fs::write(folder.join(file), "").unwrap();
        }
        let context = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_SERVER_URL", "https://server.example"),
            ("GITHUB_REPOSITORY", "o/r"),
            ("GITHUB_RUN_ID", &run.to_string()),
            ("INPUT_CLUSTER", "c"),
            ("INPUT_SERVICE", "s"),
            ("INPUT_POLL-SECONDS", "0.1"),
            ("INPUT_WAIT-MINUTES", "1"),
        ];
        command.envs(context).envs(self.env.iter().copied());
        command.envs(inputs.iter().map(|(name, value)| (format!("INPUT_{}", name.to_uppercase()), value)));
        command.envs(state.iter().map(|(name, value)| (format!("STATE_{name}"), value)));
        if inputs.iter().any(|(name, _)| *name == "role-to-assume") {
            command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
        }
        if let Some(liar) = &self.liar {
            command.env("AWS_ENDPOINT_URL_ECS", liar);
        }
        let log = std::fs::File::create(folder.join("log")).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        Step { child: command.spawn().unwrap(), folder }
    }

    /// Runs a main step to its end.
    pub(crate) fn run(&self, run: u32, inputs: &[(&str, &str)]) -> Ran {
        self.start(run, "main", inputs, &BTreeMap::new()).end()
    }

    pub(crate) fn deploy(&self, run: u32, image: &ImageRef) -> Ran {
        self.run(run, &[("image", &image.to_string())])
    }

    /// Runs the post step after `main`.
    pub(crate) fn post(&self, run: u32, inputs: &[(&str, &str)], main: &Ran) -> Ran {
        self.start(run, "post", inputs, &main.state).end()
    }
}

impl Step {
    pub(crate) fn signal(&self, name: &str) {
        assert!(self.try_signal(name), "the step has ended:\n{}", self.log());
    }

    /// Sends a signal; false when the step is gone.
    pub(crate) fn try_signal(&self, name: &str) -> bool {
        Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap().success()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Waits for words in the log.
    pub(crate) async fn says(&self, words: &str) {
        let began = Instant::now();
        while !self.log().contains(words) {
            assert!(began.elapsed() < Duration::from_secs(20), "`{words}` was not said:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn end(mut self) -> Ran {
        let status = self.child.wait().unwrap();
        let file = |name: &str| std::fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        Ran {
            code: status.code(),
            log: file("log"),
            outputs: pairs(&self.folder.join("OUTPUT")),
            state: pairs(&self.folder.join("STATE")),
            summary: file("STEP_SUMMARY"),
        }
    }
}

impl Ran {
    pub(crate) fn output(&self, name: &str) -> &str {
        self.outputs.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Asserts verdict and exit code, showing the log where they differ.
    pub(crate) fn is(&self, verdict: &str, code: i32) -> &Self {
        assert_eq!((self.output("verdict"), self.code), (verdict, Some(code)), "{}", self.log);
        self
    }

    pub(crate) fn logged(&self, words: &str) -> &Self {
        assert!(self.log.contains(words), "`{words}` is missing in\n{}", self.log);
        self
    }
}

/// The runner's heredoc files: `name<<delimiter`, lines, `delimiter`. What is written later wins.
fn pairs(file: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let (mut pairs, mut lines) = (BTreeMap::new(), text.lines());
    while let Some(line) = lines.next() {
        let (name, delimiter) = line.split_once("<<").unwrap();
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        pairs.insert(name.to_owned(), value.join("\n"));
    }
    pairs
}
