//! A repository with a committed release, a registry with and without a referrers API, a key, and the action run as a step.

use attest::{BUNDLE_MEDIA_TYPE, Bundle, SigningKey, Statement};
use clap::Parser;
use github::{Action as _, Exit, Failure, Report, Runner};
use oci::{
    Anonymous, Descriptor, Platform, Registry,
    copy::Movable,
    image::{Builder, Contents},
    layout::{Layout, push_layout},
    media,
};
use provenance_stamp::{Inputs, ProvenanceStamp};
use sandbox::{Options, Sandbox};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command, sync::Arc};
use subject::{ImageRef, Repository, TagRef};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    inputs: Inputs,
}

/// A repository with a committed release, a registry, and a key.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    folder: TempDir,
    pub(crate) commit: String,
    pub(crate) key: SigningKey,
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("data")).unwrap();
        fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contract/provenance.yml"), root.join("provenance.yml"))
            .unwrap();
        let now = jiff::Timestamp::now();
        let hour_ago = now - jiff::SignedDuration::from_hours(1);
        let write = |path: &str, value: Value| fs::write(root.join(path), value.to_string()).unwrap();
        write("rules.json", json!({"logic_version": "1.4.0"}));
        write("data/boundaries.json", json!({"b-001": {"area": 51.5}}));
        write("data/herd-config.json", json!({"config_version": "2.1.0"}));
        write("data/weather.json", json!({"fetched_at": hour_ago.to_string()}));
        write("data/rap.json", json!({"as_of_date": now.to_string()[..10]}));
        git(root, &["init", "-q"]);
        git(root, &["add", "."]);
        git(root, &["commit", "-qm", "release"]);
        let key = SigningKey::generate();
        fs::write(root.join("key.pem"), key.to_pem().unwrap().expose_secret()).unwrap();
        fs::write(root.join("key.pub.pem"), key.public().to_pem().unwrap()).unwrap();
        let commit = git(root, &["rev-parse", "HEAD"]);
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let world = Self { sandbox, folder, commit, key };
        world.admin("registry", json!({"access": "anonymous"})).await;
        world.admin("oidc", json!({"sha": world.commit, "repository": "acme/grazing", "run_id": "4711"})).await;
        world
    }

    pub(crate) async fn admin(&self, what: &str, body: Value) {
        let client = transport::client(transport::Limits::default()).unwrap();
        let url = format!("{}/_sandbox/{what}", self.sandbox.endpoint());
        client.post(url).json(&body).send().await.unwrap().error_for_status().unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the action as a step of a job that may have an identity token.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Result<Report, Failure> {
        let job: Vec<(String, String)> =
            self.sandbox.env().into_iter().filter(|(name, _)| name.starts_with("ACTIONS_ID_TOKEN")).collect();
        self.run_with(arguments, &job).await
    }

    pub(crate) async fn run_with(&self, arguments: &[&str], job: &[(String, String)]) -> Result<Report, Failure> {
        let workspace = self.path().display().to_string();
        let context = [
            ("GITHUB_WORKSPACE", workspace.as_str()),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "acme/grazing"),
            ("GITHUB_SHA", &self.commit),
            ("GITHUB_RUN_ID", "4711"),
            ("GITHUB_RUN_ATTEMPT", "1"),
        ];
        let job = job.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let (runner, _) = Runner::for_test(context.into_iter().chain(job));
        let common = ["provenance-stamp", "--registry-auth=anonymous"];
        let inputs = Cli::parse_from(common.iter().chain(arguments)).inputs;
        ProvenanceStamp::run(&runner, inputs).await
    }

    pub(crate) async fn push(&self) -> ImageRef {
        self.push_with(&[("amd64", "")]).await
    }

    /// Pushes an image for each platform with these labels, one `name=value` per line; of several, their index.
    pub(crate) async fn push_with(&self, platforms: &[(&str, &str)]) -> ImageRef {
        let layout = Layout::create(tempfile::tempdir().unwrap().keep()).unwrap();
        let manifest = fs::read(self.path().join("run-manifest.json")).unwrap_or_default();
        let contents = Contents::new().file("app/run-manifest.json", 0o644, manifest);
        let mut manifests = Vec::new();
        for (architecture, labels) in platforms {
            let builder = Builder::new(Platform::linux(*architecture)).layer("copy", contents.clone());
            let pairs = labels.lines().map(|line| line.split_once('=').unwrap());
            let builder = pairs.fold(builder, |builder, (name, value)| builder.label(name, value));
            let platform = Some(Platform::linux(*architecture));
            manifests.push(Descriptor { platform, ..builder.build(&layout, Some(*architecture)).unwrap() });
        }
        let tag = if let [(only, _)] = platforms { (*only).to_owned() } else { index_of(&layout, manifests) };
        let repository = Repository::new(&self.sandbox.registry_host(), "grazing").unwrap();
        let registry = Registry::new(Arc::new(Anonymous)).unwrap();
        let image = push_layout(&registry, &layout, &repository, Some(&tag)).await.unwrap();
        let named = TagRef { repository, tag: "v1".to_owned() };
        registry.tag(&registry.manifest(&image).await.unwrap(), &named, Movable::Yes).await.unwrap();
        image
    }

    /// The manifest written, an image with it pushed, and that image stamped.
    pub(crate) async fn stamped(&self) -> (ImageRef, Report) {
        self.run(&[]).await.unwrap();
        let image = self.push().await;
        let report = self.run(&[&format!("--image={image}"), "--signing-key=key.pem"]).await.unwrap();
        assert_eq!((report.exit(), report.verdict()), (Exit::Done, "stamped"), "{}", report.headline());
        (image, report)
    }

    /// The believed statements on the image, as a stranger with the key finds them.
    pub(crate) async fn statements(&self, image: &ImageRef) -> Vec<Statement> {
        let registry = Registry::new(Arc::new(Anonymous)).unwrap();
        let referrers = registry.referrers(image, Some(BUNDLE_MEDIA_TYPE)).await.unwrap();
        let mut statements = Vec::new();
        for referrer in &referrers.found {
            let oci::Kind::Image(artifact) = &referrer.manifest.kind else { panic!("not an artifact") };
            let bytes = registry.blob_bytes(&image.repository, &artifact.layers[0], 1 << 20).await.unwrap();
            let verified = attest::verify(&Bundle::parse(&bytes).unwrap(), &[self.key.public()]).unwrap();
            statements.push(verified.about(&image.digest).unwrap().clone());
        }
        statements
    }

    pub(crate) async fn verify(&self, image: &ImageRef, more: &[&str]) -> Report {
        let image = format!("--image={image}");
        let arguments = [&["--mode=verify", &image, "--public-key=key.pub.pem"], more].concat();
        self.run(&arguments).await.unwrap()
    }
}

fn index_of(layout: &Layout, manifests: Vec<Descriptor>) -> String {
    let index = json!({"schemaVersion": 2, "mediaType": media::IMAGE_INDEX, "manifests": manifests});
    let index = layout.write_blob(media::IMAGE_INDEX, index.to_string().as_bytes()).unwrap();
    layout.add(index, Some("all")).unwrap();
    "all".to_owned()
}

pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false", "-C"])
        .arg(folder)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A service that gives one answer to everyone.
pub(crate) async fn serve(status: u16, body: String) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/version", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 2048];
            let _ = stream.read(&mut request).await;
            let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    url
}
