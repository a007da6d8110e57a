//! An image in a registry, over real HTTP: read, described, and the signed statement left on it.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

mod support;

use attest::{SigningKey, predicate};
use evidence::{Evidence, EvidenceInputs};
use github::Runner;
use oci::{
    Platform,
    image::{Builder, Contents},
    layout::{Layout, push_layout},
};
use sandbox::{Options, Sandbox};
use secrecy::ExposeSecret as _;
use subject::{ImageRef, Repository};
use support::{Workspace, validate};

const STATUS: &str = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9\n\n";

struct Scene {
    sandbox: Sandbox,
    image: ImageRef,
    env: Vec<(String, String)>,
    key: SigningKey,
}

impl Scene {
    async fn new(contents: Contents) -> Self {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let repository = Repository::new(&sandbox.registry_host(), "shop/app").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::create(folder.path()).unwrap();
        Builder::new(Platform::linux("amd64")).layer("base", contents).build(&layout, None).unwrap();
        let env = sandbox.env();
        let (runner, _) = Runner::for_test(env.iter().map(|(k, v)| (k.as_str(), v.as_str())));
        let evidence = Evidence::connect(&runner, &EvidenceInputs::default(), &repository, &aws::AwsInputs::default())
            .await
            .unwrap();
        let image = push_layout(evidence.registry(), &layout, &repository, Some("v1")).await.unwrap();
        Self { sandbox, image, env, key: SigningKey::generate() }
    }

    /// The verified statements on the image: predicate type and predicate.
    async fn statements(&self) -> Vec<(String, serde_json::Value)> {
        let (runner, _) = Runner::for_test(self.env.iter().map(|(k, v)| (k.as_str(), v.as_str())));
        let inputs = EvidenceInputs::default();
        let evidence =
            Evidence::connect(&runner, &inputs, &self.image.repository, &aws::AwsInputs::default()).await.unwrap();
        let found = evidence.read(&self.image, &[self.key.public().clone()]).await.unwrap();
        let statements = found.into_iter().map(|found| found.statement.unwrap().statement);
        statements.map(|s| (s.predicate_type().to_owned(), s.predicate().clone())).collect()
    }

    /// The action runs in a process of its own, away from this test's runtime.
    async fn run(&self, workspace: Workspace, inputs: &[(&str, &str)]) -> (Workspace, support::Ended) {
        let inputs: Vec<(String, String)> = inputs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let env = self.env.clone();
        tokio::task::spawn_blocking(move || {
            let inputs: Vec<(&str, &str)> = inputs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            let ended = workspace.run_in(&inputs, &env);
            (workspace, ended)
        })
        .await
        .unwrap()
    }
}

fn debian() -> Contents {
    Contents::new().file("var/lib/dpkg/status", 0o644, STATUS)
}

#[tokio::test]
async fn the_bill_of_materials_is_left_signed_on_the_digest_and_twice_is_once() {
    let scene = Scene::new(debian()).await;
    let image = scene.image.to_string();
    let pem = scene.key.to_pem().unwrap();
    let inputs = [("image", image.as_str()), ("signing-key", pem.expose_secret())];
    let (workspace, ended) = scene.run(Workspace::new(), &inputs).await;
    let ended = ended.expect(0, &["attached and read back"]);
    assert_eq!(ended.output("digest"), scene.image.digest.to_string());
    let statements = scene.statements().await;
    assert_eq!(statements.len(), 1);
    assert_eq!(statements[0].0, predicate::CYCLONEDX);
    assert_eq!(statements[0].1, workspace.bom(), "the predicate is the file");
    let purl = workspace.bom()["metadata"]["component"]["purl"].as_str().unwrap().to_owned();
    assert!(purl.starts_with(&format!("pkg:oci/app@{}?arch=amd64&repository_url=", scene.image.digest)), "{purl}");
    validate(&[workspace.path("sbom.cdx.json")]);

    let (_, again) = scene.run(Workspace::new(), &inputs).await;
    // ECDSA signatures differ from run to run unless they are deterministic: the statement must be the same either way.
    let again = again.expect(0, &[]);
    let statements = scene.statements().await;
    assert!(statements.iter().all(|(_, predicate)| *predicate == workspace.bom()));
    assert_eq!(again.output("referrer"), ended.output("referrer"));
    scene.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_tag_is_resolved_once_and_pinned() {
    let scene = Scene::new(debian()).await;
    let tag = format!("{}:v1", scene.image.repository);
    let (workspace, ended) = scene.run(Workspace::new(), &[("image", tag.as_str())]).await;
    let ended = ended.expect(0, &["the tag is not looked at again", "no signing-key"]);
    assert_eq!(ended.output("digest"), scene.image.digest.to_string());
    assert_eq!(ended.output("referrer"), "");
    assert_eq!(workspace.bom()["metadata"]["component"]["version"], scene.image.digest.to_string());
    assert!(scene.statements().await.is_empty());
}

#[tokio::test]
async fn nothing_is_left_on_an_image_in_which_nothing_was_found() {
    let scene = Scene::new(Contents::new().file("app", 0o755, "binary")).await;
    let (image, pem) = (scene.image.to_string(), scene.key.to_pem().unwrap());
    let inputs = [("image", image.as_str()), ("signing-key", pem.expose_secret())];
    let (workspace, ended) = scene.run(Workspace::new(), &inputs).await;
    ended.expect(3, &["no package found"]);
    assert!(workspace.files().is_empty() && scene.statements().await.is_empty());
}

#[tokio::test]
async fn an_image_that_does_not_exist_could_not_be_found_out() {
    let scene = Scene::new(debian()).await;
    let gone = format!("{}@sha256:{}", scene.image.repository, "0".repeat(64));
    let (workspace, ended) = scene.run(Workspace::new(), &[("image", gone.as_str())]).await;
    ended.expect(3, &["failed to find the image", "does not have it"]);
    assert!(workspace.files().is_empty());
    let (_, ended) = scene.run(Workspace::new(), &[("image", &gone), ("attach", "true")]).await;
    ended.expect(2, &["signing-key: is missing"]);
}
