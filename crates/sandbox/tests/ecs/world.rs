//! A sandbox, images that behave in known ways, and the calls a client makes.

use oci::{
    Platform,
    image::{Builder, Contents},
    layout::{Layout, push_layout},
};
use sandbox::{Options, Pace, Sandbox};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use subject::Repository;

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    /// Kept for as long as the world; none when the sandbox is a process of its own.
    _sandbox: Option<Sandbox>,
    endpoint: String,
    pub(crate) http: reqwest::Client,
    registry: oci::Registry,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::paced(Pace::default()).await
    }

    /// A world that lives at another pace.
    pub(crate) async fn paced(pace: Pace) -> Self {
        let sandbox = Sandbox::start(Options { pace, ..Options::default() }).await.unwrap();
        let world = Self::at(sandbox.endpoint()).await;
        Self { _sandbox: Some(sandbox), ..world }
    }

    /// A client of the sandbox that answers there.
    pub(crate) async fn at(endpoint: String) -> Self {
        let http = transport::client(transport::Limits::default()).unwrap();
        let nothing = json!({});
        let ask = call(&http, &endpoint, "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken", &nothing);
        let token = ask.await.unwrap()["authorizationData"][0]["authorizationToken"].as_str().unwrap().to_owned();
        let login =
            String::from_utf8(base64::Engine::decode(&base64::engine::general_purpose::STANDARD, token).unwrap())
                .unwrap();
        let (username, password) = login.split_once(':').unwrap();
        let login = oci::Login { username: username.to_owned(), password: SecretString::from(password.to_owned()) };
        let registry = oci::Registry::new(Arc::new(oci::Static::new(host(&endpoint), login))).unwrap();
        Self { _sandbox: None, endpoint, http, registry }
    }

    /// Where the sandbox answers.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The registry's host.
    pub(crate) fn host(&self) -> &str {
        host(&self.endpoint)
    }

    /// Pushes an image of that flavour and names it by digest.
    pub(crate) async fn image(&self, flavour: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::create(folder.path()).unwrap();
        let contents = Contents::new().file("app/server.py", 0o644, include_bytes!("server.py").as_slice());
        Builder::new(Platform::linux("amd64"))
            .layer("test server", contents)
            .entrypoint(["/usr/bin/python3"])
            .cmd(["server.py"])
            .env("FLAVOUR", flavour)
            .working_dir("/app")
            .build(&layout, None)
            .unwrap();
        self.ecr("CreateRepository", json!({"repositoryName": "shop"})).await.ok();
        let repository = Repository::new(self.host(), "shop").unwrap();
        push_layout(&self.registry, &layout, &repository, Some(flavour)).await.unwrap().to_string()
    }

    /// A service behind a load balancer, in production; what `POST /_sandbox/services` answers.
    pub(crate) async fn service(&self, image: &str, desired: u32) -> Value {
        let wanted = json!({
            "cluster": "production", "service": "web", "image": image, "container_port": 8080,
            "health_check_path": "/healthz", "desired_count": desired, "env": {"COLOUR": "blue"},
        });
        let answer = self.http.post(format!("{}/_sandbox/services", self.endpoint)).json(&wanted).send().await;
        let answer = answer.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    /// A service of the good image with two target groups and that `deploymentConfiguration`, deployed.
    pub(crate) async fn shifting_service(&self, desired: u32, configuration: Value) -> Value {
        let wanted = json!({
            "cluster": "production", "service": "web", "image": self.image("good").await, "container_port": 8080,
            "health_check_path": "/healthz", "desired_count": desired, "second_target_group": true,
        });
        let answer = self.admin("services", &wanted).await;
        self.deployed("SUCCESSFUL").await;
        // The hooks are for what comes; the first deployment has nothing to go back to.
        self.update(json!({"deploymentConfiguration": configuration})).await;
        answer
    }

    /// `POST /_sandbox/<what>`.
    pub(crate) async fn admin(&self, what: &str, body: &Value) -> Value {
        let answer = self.http.post(format!("{}/_sandbox/{what}", self.endpoint)).json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{what}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    /// `PUT /_sandbox/<what>`.
    pub(crate) async fn put(&self, what: &str, body: &Value) {
        let answer = self.http.put(format!("{}/_sandbox/{what}", self.endpoint)).json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{what}: {}", answer.text().await.unwrap());
    }

    /// One ELBv2 call, with its answer as XML.
    pub(crate) async fn elb(&self, fields: &[(&str, &str)]) -> Result<String, String> {
        let form = fields.iter().copied().chain([("Version", "2015-12-01")]);
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.http.post(&self.endpoint).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(body).send().await.unwrap();
        let ok = answer.status().is_success();
        let text = answer.text().await.unwrap();
        if ok { Ok(text) } else { Err(text) }
    }

    /// Which flavours answer at `url`, over so many requests, none of which may fail.
    pub(crate) async fn flavours(&self, url: &str, requests: usize) -> BTreeMap<String, usize> {
        let mut seen = BTreeMap::new();
        for _ in 0..requests {
            let answer = self.http.get(format!("{url}/orders")).send().await.unwrap();
            assert_eq!(answer.status(), 200, "a request failed; so far {seen:?}");
            let text = answer.text().await.unwrap();
            *seen.entry(text.split(' ').next().unwrap().to_owned()).or_default() += 1;
        }
        seen
    }

    /// A running service of the good image.
    pub(crate) async fn good_service(&self, desired: u32) -> Value {
        let image = self.image("good").await;
        let built = self.service(&image, desired).await;
        self.deployed("SUCCESSFUL").await;
        built
    }

    pub(crate) async fn ecs(&self, operation: &str, input: Value) -> Result<Value, Value> {
        let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
        call(&self.http, &self.endpoint, &target, &input).await
    }

    pub(crate) async fn ecr(&self, operation: &str, input: Value) -> Result<Value, Value> {
        let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
        call(&self.http, &self.endpoint, &target, &input).await
    }

    pub(crate) async fn cloudwatch(&self, operation: &str, input: Value) -> Result<Value, Value> {
        let target = format!("GraniteServiceVersion20100801.{operation}");
        call(&self.http, &self.endpoint, &target, &input).await
    }

    pub(crate) async fn logs(&self, operation: &str, input: Value) -> Result<Value, Value> {
        call(&self.http, &self.endpoint, &format!("Logs_20140328.{operation}"), &input).await
    }

    pub(crate) async fn code_deploy(&self, operation: &str, input: Value) -> Result<Value, Value> {
        call(&self.http, &self.endpoint, &format!("CodeDeploy_20141006.{operation}"), &input).await
    }

    /// Makes something go wrong.
    pub(crate) async fn fault(&self, fault: Value) {
        let answer = self.http.post(format!("{}/_sandbox/faults", self.endpoint)).json(&fault).send().await;
        assert!(answer.unwrap().status().is_success());
    }

    /// The service as `DescribeServices` shows it.
    pub(crate) async fn web(&self) -> Value {
        let answer = self.ecs("DescribeServices", json!({"cluster": "production", "services": ["web"]})).await.unwrap();
        answer["services"][0].clone()
    }

    /// A new revision of the task definition with this image.
    pub(crate) async fn revision(&self, image: &str) -> String {
        let current = self.web().await["taskDefinition"].clone();
        let answer = self.ecs("DescribeTaskDefinition", json!({"taskDefinition": current})).await.unwrap();
        let mut definition = answer["taskDefinition"].clone();
        definition["containerDefinitions"][0]["image"] = image.into();
        let added = [
            "taskDefinitionArn",
            "revision",
            "status",
            "requiresAttributes",
            "compatibilities",
            "registeredAt",
            "registeredBy",
        ];
        definition.as_object_mut().unwrap().retain(|name, _| !added.contains(&name.as_str()));
        let answer = self.ecs("RegisterTaskDefinition", definition).await.unwrap();
        answer["taskDefinition"]["taskDefinitionArn"].as_str().unwrap().to_owned()
    }

    /// Deploys this image; the ARN of the service deployment.
    pub(crate) async fn deploy(&self, image: &str) -> String {
        let definition = self.revision(image).await;
        self.update(json!({"taskDefinition": definition})).await;
        self.newest_deployment().await["serviceDeploymentArn"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn update(&self, mut input: Value) -> Value {
        input["cluster"] = "production".into();
        input["service"] = "web".into();
        self.ecs("UpdateService", input).await.unwrap()["service"].clone()
    }

    pub(crate) async fn newest_deployment(&self) -> Value {
        let input = json!({"cluster": "production", "service": "web"});
        self.ecs("ListServiceDeployments", input).await.unwrap()["serviceDeployments"][0].clone()
    }

    pub(crate) async fn deployment(&self, arn: &str) -> Value {
        let answer = self.ecs("DescribeServiceDeployments", json!({"serviceDeploymentArns": [arn]})).await.unwrap();
        answer["serviceDeployments"][0].clone()
    }

    /// Waits until the newest deployment has that status, and gives it.
    pub(crate) async fn deployed(&self, status: &str) -> Value {
        self.until(&format!("the newest deployment is {status}"), async || {
            let newest = self.newest_deployment().await;
            if newest["status"] == status { Ok(newest) } else { Err(newest) }
        })
        .await
    }

    /// Waits until `look` is satisfied; it gives what it wants or what it saw.
    pub(crate) async fn until<T>(&self, what: &str, look: impl AsyncFn() -> Result<T, Value>) -> T {
        let started = Instant::now();
        loop {
            match look().await {
                Ok(found) => return found,
                Err(seen) if started.elapsed() > PATIENCE => panic!("never: {what}; last seen {seen:#}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(30)).await,
            }
        }
    }

    /// Event texts, newest first.
    pub(crate) async fn events(&self) -> Vec<String> {
        let web = self.web().await;
        web["events"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
    }

    /// What the sandbox itself knows.
    pub(crate) async fn truth(&self) -> Value {
        let url = format!("{}/_sandbox/services/production/web", self.endpoint);
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }
}

fn host(endpoint: &str) -> &str {
    endpoint.trim_start_matches("http://")
}

/// One AWS JSON call: the answer, or the error.
async fn call(http: &reqwest::Client, endpoint: &str, target: &str, input: &Value) -> Result<Value, Value> {
    let request =
        http.post(endpoint).header("x-amz-target", target).header("content-type", "application/x-amz-json-1.1");
    let answer = request.body(input.to_string()).send().await.unwrap();
    let ok = answer.status().is_success();
    let body: Value = answer.json().await.unwrap();
    if ok { Ok(body) } else { Err(body) }
}
