//! Two repositories of a registry, a release key, a policy, and the action run as a step.

use attest::{BUNDLE_MEDIA_TYPE, Bundle, SigningKey, Statement};
use clap::Parser;
use github::{Action as _, Failure, Report, Runner};
use image_promote::{ImagePromote, inputs::Inputs};
use oci::{
    Anonymous, Artifact, Platform, Registry,
    image::{Builder, Contents},
    layout::{Layout, push_layout},
};
use sandbox::{Options, Sandbox};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, sync::Arc};
use subject::{ImageRef, Repository};
use tempfile::TempDir;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    inputs: Inputs,
}

/// How a registry keeps track of referrers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Referrers {
    Api,
    FallbackTag,
}

pub(crate) struct World {
    sandbox: Sandbox,
    folder: TempDir,
    key: SigningKey,
}

/// The outcome of a canary dataset as a statement.
pub(crate) fn result(word: &str) -> Value {
    json!({"result": word, "configuration": [{"name": "cases", "digest": {"sha256": "0".repeat(64)}}]})
}

impl World {
    pub(crate) async fn new(referrers: Referrers) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::generate();
        fs::write(folder.path().join("key.pem"), key.to_pem().unwrap().expose_secret()).unwrap();
        fs::write(folder.path().join("key.pub.pem"), key.public().to_pem().unwrap()).unwrap();
        let policy = format!(
            "version: 1\nname: to-production\nsigners:\n  release: {{key: \"{}\"}}\nrequire:\n  canary:\n    \
             predicate: test-result\n    signed-by: [release]\n    must: [{{field: /result, equals: PASSED}}]\n",
            key.public().key_id()
        );
        fs::write(folder.path().join("promotion.yml"), policy).unwrap();
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let world = Self { sandbox, folder, key };
        let referrers = if referrers == Referrers::Api { "api" } else { "fallback-tag" };
        let client = transport::client(transport::Limits::default()).unwrap();
        let url = format!("{}/_sandbox/registry", world.sandbox.endpoint());
        let settings = json!({"access": "anonymous", "referrers": referrers});
        client.post(url).json(&settings).send().await.unwrap().error_for_status().unwrap();
        world
    }

    /// The registry's host, for whoever stands in front of it.
    pub(crate) fn host(&self) -> String {
        self.sandbox.registry_host()
    }

    fn repository(&self, path: &str) -> Repository {
        Repository::new(&self.sandbox.registry_host(), path).unwrap()
    }

    pub(crate) fn staging(&self) -> Repository {
        self.repository("staging/app")
    }

    pub(crate) fn production(&self) -> Repository {
        self.repository("production/app")
    }

    fn registry() -> Registry {
        Registry::new(Arc::new(Anonymous)).unwrap()
    }

    /// An image in staging without evidence.
    pub(crate) async fn image(&self, mark: &str) -> ImageRef {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::create(folder.path()).unwrap();
        let contents = Contents::new().file("app", 0o755, mark.to_owned());
        Builder::new(Platform::linux("amd64")).layer("app", contents).build(&layout, Some("v")).unwrap();
        push_layout(&Self::registry(), &layout, &self.staging(), None).await.unwrap()
    }

    /// An image in staging with the signed outcome of its canary dataset.
    pub(crate) async fn release(&self, mark: &str, outcome: &str) -> ImageRef {
        let image = self.image(mark).await;
        self.attest(&image, &self.key, attest::predicate::TEST_RESULT, result(outcome)).await;
        image
    }

    pub(crate) async fn attest(&self, image: &ImageRef, key: &SigningKey, predicate_type: &str, predicate: Value) {
        let statement = Statement::new(vec![(image.repository.to_string(), image.digest)], predicate_type, predicate);
        let bundle = Bundle::seal(&statement, key).unwrap();
        self.attach(image, bundle.to_bytes()).await;
    }

    async fn attach(&self, image: &ImageRef, bundle: Vec<u8>) {
        let (artifact_type, media_type) = (BUNDLE_MEDIA_TYPE.to_owned(), BUNDLE_MEDIA_TYPE.to_owned());
        let artifact = Artifact { artifact_type, media_type, bytes: bundle.into(), annotations: BTreeMap::new() };
        Self::registry().attach(image, &artifact).await.unwrap();
    }

    /// Hangs the evidence of one image on another.
    pub(crate) async fn replay(&self, from: &ImageRef, to: &ImageRef) {
        let registry = Self::registry();
        for referrer in registry.referrers(from, None).await.unwrap().found {
            let bundle = registry.blob_bytes(&from.repository, &referrer.layers()[0], 1 << 20).await.unwrap();
            self.attach(to, bundle.to_vec()).await;
        }
    }

    /// Runs the action as a step, from staging to production.
    pub(crate) async fn promote(&self, image: &ImageRef, more: &[&str]) -> Result<Report, Failure> {
        self.promote_to(image, &self.production(), more).await
    }

    /// Runs the action as a step, from wherever the image is to another repository.
    pub(crate) async fn promote_to(&self, image: &ImageRef, to: &Repository, more: &[&str]) -> Result<Report, Failure> {
        let (image, to) = (format!("--image={image}"), format!("--to={to}"));
        let mut arguments = vec![image.as_str(), to.as_str()];
        if !more.iter().any(|argument| argument.starts_with("--public-key")) {
            arguments.push("--public-key=key.pub.pem");
        }
        arguments.extend(more);
        self.run(&arguments).await
    }

    /// Runs the action as a step.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Result<Report, Failure> {
        let folder = self.folder.path().display().to_string();
        let (runner, _) = Runner::for_test([("GITHUB_WORKSPACE", folder.as_str()), ("GITHUB_RUN_ID", "4711")]);
        let key = format!("--signing-key={folder}/key.pem");
        let common = ["image-promote", "--policy=promotion.yml", "--registry-auth=anonymous", &key];
        let arguments = common.iter().chain(arguments);
        ImagePromote::run(&runner, Cli::try_parse_from(arguments).unwrap().inputs).await
    }

    /// The JSON report of a run.
    pub(crate) async fn document(&self, image: &ImageRef, more: &[&str]) -> Value {
        self.promote(image, more).await.unwrap().json().clone()
    }
}
