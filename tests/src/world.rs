//! A small world to release into: the laptop cloud with staging and production, a signing key, and the sample
//! service's repository, in which every release is a commit.

use crate::job;
use anyhow::{Context, Result, bail};
use attest::{PublicKey, SigningKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use oci::{
    Login, Platform, Registry, Static,
    image::{Builder, Contents},
    layout::{Layout, push_layout},
};
use sandbox::{Options, Sandbox};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};
use subject::{ImageRef, Repository};

/// The cloud, the key and the repository.
pub struct World {
    /// The laptop cloud.
    pub sandbox: Sandbox,
    /// The private key that signs the evidence, as PEM.
    pub signing_key: String,
    /// Its public half, as PEM.
    pub public_key: String,
    /// The id of the workflow run that the releases belong to.
    pub run_id: String,
    /// The service's repository: what a workflow has checked out.
    pub repository: PathBuf,
    /// The sample service's binary.
    service: PathBuf,
    http: reqwest::Client,
    folder: tempfile::TempDir,
}

/// Where a service runs.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its ECS cluster.
    pub cluster: String,
    /// Its ECS service.
    pub service: String,
    /// The address its load balancer answers at.
    pub url: String,
    /// The `LoadBalancer` and `TargetGroup` dimensions of its metrics.
    pub dimensions: (String, String),
}

/// One release: a commit, and the image built from it.
#[derive(Debug, Clone)]
pub struct Release {
    /// The flavour of the sample service.
    pub flavour: String,
    /// The commit.
    pub commit: String,
    /// The image, by digest.
    pub image: ImageRef,
}

/// The service's name everywhere.
pub const SERVICE: &str = "recommendation";

/// The folder of the sample service in this repository.
#[must_use]
pub fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/recommendation")
}

/// Which golden cases a flavour has to fulfil: the logic of 1.4 for `good`, of 1.5 for what came after it.
#[must_use]
pub fn logic_line(flavour: &str) -> &'static str {
    if flavour == "good" { "1.4" } else { "1.5" }
}

impl World {
    /// Starts the cloud and makes the repository; `service` is the sample service's binary.
    ///
    /// # Errors
    /// When the cloud cannot start, or git is missing.
    pub async fn start(service: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("lockkeeper-world-").tempdir()?;
        let sandbox = Sandbox::start(Options::default()).await.context("start the sandbox")?;
        let key = SigningKey::generate();
        let repository = folder.path().join("grazing");
        fs::create_dir_all(&repository)?;
        let signing_key = key.to_pem()?.expose_secret().to_owned();
        let http = transport::client(transport::Limits::default())?;
        let public_key = key.public().to_pem()?;
        let service = service.to_path_buf();
        let run_id = "4711".to_owned();
        let world = Self { sandbox, signing_key, public_key, run_id, repository, service, http, folder };
        world.git(&["init", "--quiet", "--initial-branch", "main"])?;
        world.git(&["remote", "add", "origin", "https://github.com/acme/grazing.git"])?;
        Ok(world)
    }

    /// What a job needs in its environment to reach the cloud.
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        self.sandbox.env()
    }

    /// Commits a flavour of the service with its canary dataset, and builds and pushes its image without Docker.
    ///
    /// # Errors
    /// When a step of it fails.
    pub async fn release(&self, flavour: &str, tree: &Path) -> Result<Release> {
        self.check_in(flavour)?;
        let commit = self.git(&["rev-parse", "HEAD"])?;
        self.identify(&commit).await?;
        self.write_manifest(tree, &commit)?;
        self.push(flavour, &commit).await
    }

    /// As [`World::release`], but with a run manifest that names no commit: the service lives and is never ready, so its
    /// deployment stays in flight until somebody ends it.
    ///
    /// # Errors
    /// When a step of it fails.
    pub async fn unready_release(&self) -> Result<Release> {
        self.check_in("good")?;
        let commit = self.git(&["rev-parse", "HEAD"])?;
        self.identify(&commit).await?;
        fs::write(self.repository.join("run-manifest.json"), "{}")?;
        self.push("unready", &commit).await
    }

    /// What the identity tokens of this commit's run say.
    async fn identify(&self, commit: &str) -> Result<()> {
        let claims = json!({ "repository": "acme/grazing", "repository_id": "1", "repository_owner_id": "2",
                             "sha": commit, "run_id": self.run_id, "actor": "ada", "runner_environment": "self-hosted" });
        self.post("/_sandbox/oidc", &claims).await.map(|_| ())
    }

    /// Puts the flavour's rules, the data and the checks into the repository, as one commit.
    fn check_in(&self, flavour: &str) -> Result<()> {
        let from = example();
        let rules = from.join("flavours").join(flavour).join("rules.json");
        fs::copy(&rules, self.repository.join("rules.json")).with_context(|| format!("no {}", rules.display()))?;
        for file in ["Cargo.lock", "provenance.yml", "guardrails.yml"] {
            fs::copy(from.join(file), self.repository.join(file)).with_context(|| format!("no example {file}"))?;
        }
        for folder in ["data", "canary"] {
            fs::create_dir_all(self.repository.join(folder))?;
            for entry in fs::read_dir(from.join(folder))? {
                let path = entry?.path();
                fs::copy(&path, self.repository.join(folder).join(path.file_name().context("a nameless file")?))?;
            }
        }
        self.fetch_weather()?;
        fs::write(self.repository.join(".gitignore"), "run-manifest.json\n*.cdx.json\n")?;
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", &format!("release: {flavour}")])?;
        Ok(())
    }

    /// What the service's data job does every day: the weather was fetched an hour ago.
    fn fetch_weather(&self) -> Result<()> {
        let path = self.repository.join("data/weather.json");
        let mut weather: Value = serde_json::from_slice(&fs::read(&path)?)?;
        let fetched = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1);
        weather["fetched_at"] = fetched.round(jiff::Unit::Second)?.to_string().into();
        Ok(fs::write(path, format!("{weather:#}\n"))?)
    }

    /// `provenance-stamp` writes the manifest that goes into the image.
    fn write_manifest(&self, tree: &Path, commit: &str) -> Result<()> {
        let output = Command::new(binary(tree)?)
            .args(["provenance-stamp", "--manifest-path", "run-manifest.json"])
            .current_dir(&self.repository)
            .envs(self.run_env(commit))
            .output()?;
        if !output.status.success() {
            bail!("no run manifest: {}", String::from_utf8_lossy(&output.stdout));
        }
        Ok(())
    }

    /// The environment GitHub gives a run of this commit.
    #[must_use]
    pub fn run_env(&self, commit: &str) -> Vec<(String, String)> {
        let mut env = job::context(&self.run_id);
        let workspace = self.repository.display().to_string();
        env.extend([("GITHUB_SHA", commit), ("GITHUB_WORKSPACE", workspace.as_str())].map(job::owned));
        env.into_iter().chain(self.env()).collect()
    }

    /// Builds the image of what is checked out and pushes it under the commit's tag.
    async fn push(&self, flavour: &str, commit: &str) -> Result<Release> {
        let layout = Layout::create(self.folder.path().join(format!("layout-{commit}")))?;
        self.build(&layout, commit)?;
        let repository = Repository::new(&self.sandbox.registry_host(), SERVICE)?;
        let tag = format!("sha-{}", &commit[..12]);
        let image = push_layout(&self.registry().await?, &layout, &repository, Some(&tag)).await?;
        Ok(Release { flavour: flavour.to_owned(), commit: commit.to_owned(), image })
    }

    fn build(&self, layout: &Layout, commit: &str) -> Result<()> {
        let read = |name: &str| fs::read(self.repository.join(name)).with_context(|| format!("no {name}"));
        let binary = Contents::new().file("app/recommendation", 0o755, fs::read(&self.service)?);
        let files = Contents::new()
            .file("app/rules.json", 0o644, read("rules.json")?)
            .file("app/Cargo.lock", 0o644, read("Cargo.lock")?)
            .file("app/run-manifest.json", 0o644, read("run-manifest.json")?)
            .folder("app/data", &self.repository.join("data"))?;
        Builder::new(Platform::linux("amd64"))
            .layer("copy the service", binary)
            .layer("copy its rules and data", files)
            .entrypoint(["/app/recommendation"])
            .working_dir("/app")
            .port(8080)
            .label("org.opencontainers.image.revision", commit)
            .build(layout, None)?;
        Ok(())
    }

    /// Writes the policy over a release's evidence that decides whether it goes to production, as `promotion.yml`: signed by
    /// this world's key, tested, and seen running in staging.
    ///
    /// # Errors
    /// When the key or the file is not what it should be.
    pub fn write_policy(&self) -> Result<()> {
        let key = PublicKey::from_pem(&self.public_key)?;
        let policy = format!(
            "version: 1\nname: to-production\nsigners: {{release: {{key: \"{}\"}}}}\nrequire:\n  \
             provenance: {{predicate: slsa-provenance, signed-by: release}}\n  \
             bill-of-materials: {{predicate: cyclonedx, signed-by: release}}\n  \
             canary:\n    predicate: test-result\n    signed-by: release\n    which: latest\n    max-age: 24h\n    \
             must: [{{field: /result, equals: PASSED}}]\n  \
             staged: {{signed-by: release, ran-in: {{kind: aws-ecs, name: {SERVICE}, cluster: staging}}}}\n",
            key.key_id()
        );
        fs::write(self.repository.join("promotion.yml"), policy)?;
        Ok(fs::write(self.repository.join("release-key.pub.pem"), &self.public_key)?)
    }

    /// The repository that production runs from.
    ///
    /// # Errors
    /// When the registry's address is none.
    pub fn production_repository(&self) -> Result<Repository> {
        Ok(Repository::new(&self.sandbox.registry_host(), &format!("production/{SERVICE}"))?)
    }

    /// The registry, logged in as ECR's token allows.
    ///
    /// # Errors
    /// When the cloud gives no token.
    pub async fn registry(&self) -> Result<Registry> {
        let token = self.aws("AmazonEC2ContainerRegistry_V20150921", "GetAuthorizationToken", &json!({})).await?;
        let token = token["authorizationData"][0]["authorizationToken"].as_str().context("no token")?.to_owned();
        let login = String::from_utf8(STANDARD.decode(token)?)?;
        let (user, password) = login.split_once(':').context("the token is no login")?;
        let login = Login::new(user, SecretString::from(password));
        Ok(Registry::new(Arc::new(Static::new(self.sandbox.registry_host(), login)))?)
    }

    /// Makes an environment that runs `image`, and waits until it serves.
    ///
    /// # Errors
    /// When the service does not come up within half a minute.
    pub async fn environment(&self, cluster: &str, image: &ImageRef, desired_count: u32) -> Result<Environment> {
        let request = json!({
            "cluster": cluster, "service": SERVICE, "image": image.to_string(), "container_port": 8080,
            "health_check_path": "/readyz", "desired_count": desired_count, "env": {},
        });
        let answer: Value = self.post("/_sandbox/services", &request).await?;
        let text = |value: &Value| value.as_str().map(str::to_owned).context("the sandbox left out an answer");
        let dimensions = &answer["cloudwatch_dimensions"];
        let environment = Environment {
            cluster: cluster.to_owned(),
            service: SERVICE.to_owned(),
            url: text(&answer["url"])?,
            dimensions: (text(&dimensions["LoadBalancer"])?, text(&dimensions["TargetGroup"])?),
        };
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
        while self.version(&environment).await.is_err() {
            if tokio::time::Instant::now() > deadline {
                bail!("{cluster} does not serve");
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        Ok(environment)
    }

    /// What the service itself says it runs.
    ///
    /// # Errors
    /// When it does not answer 200 with JSON.
    pub async fn version(&self, environment: &Environment) -> Result<Value> {
        let answer = self.http.get(format!("{}/version", environment.url)).send().await?.error_for_status()?;
        Ok(answer.json().await?)
    }

    /// The image digests of the running tasks, as ECS says.
    ///
    /// # Errors
    /// When the API answers with an error.
    pub async fn running_digests(&self, environment: &Environment) -> Result<Vec<String>> {
        let target = "AmazonEC2ContainerServiceV20141113";
        let filter =
            json!({ "cluster": environment.cluster, "serviceName": environment.service, "desiredStatus": "RUNNING" });
        let tasks = self.aws(target, "ListTasks", &filter).await?;
        let describe = json!({ "cluster": environment.cluster, "tasks": tasks["taskArns"] });
        let tasks = self.aws(target, "DescribeTasks", &describe).await?;
        let containers = tasks["tasks"].as_array().into_iter().flatten().flat_map(|task| task["containers"].as_array());
        Ok(containers.flatten().filter_map(|c| c["imageDigest"].as_str()).map(str::to_owned).collect())
    }

    /// The service's deployments, newest first.
    ///
    /// # Errors
    /// When the API answers with an error.
    pub async fn deployments(&self, environment: &Environment) -> Result<Vec<Value>> {
        let service = json!({ "cluster": environment.cluster, "service": environment.service });
        let answer = self.aws("AmazonEC2ContainerServiceV20141113", "ListServiceDeployments", &service).await?;
        Ok(answer["serviceDeployments"].as_array().cloned().unwrap_or_default())
    }

    /// One AWS call in JSON. The sandbox reads who calls but does not check the signature.
    ///
    /// # Errors
    /// When the answer is not a success.
    pub async fn aws(&self, target: &str, operation: &str, body: &Value) -> Result<Value> {
        let request = self.http.post(self.sandbox.endpoint()).header("x-amz-target", format!("{target}.{operation}"));
        let answer = request.header("content-type", "application/x-amz-json-1.1").body(body.to_string()).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            bail!("{operation} answered {status}: {text}");
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// Posts to the sandbox's administration.
    ///
    /// # Errors
    /// When the answer is not a success.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let answer = self.http.post(format!("{}{path}", self.sandbox.endpoint())).json(body).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            bail!("{path} answered {status}: {text}");
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    fn git(&self, words: &[&str]) -> Result<String> {
        let output = Command::new("git")
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"])
            .args(words)
            .current_dir(&self.repository)
            .output()
            .context("failed to start git")?;
        if !output.status.success() {
            bail!("git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// The multi-call binary of a release tree, for this machine.
///
/// # Errors
/// When the tree has none.
pub fn binary(tree: &Path) -> Result<PathBuf> {
    let found = fs::read_dir(tree.join("bin")).context("no release tree; `cargo xtask dist` makes one")?;
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    let platforms = found.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_dir());
    let mut ours = platforms.filter(|path| path.to_string_lossy().ends_with(arch));
    Ok(ours.next().context("no binary for this machine in the release tree")?.join("lockkeeper"))
}
