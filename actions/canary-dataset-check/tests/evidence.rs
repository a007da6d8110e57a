//! The result as a signed statement on the image, in a real registry.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod world;

use attest::SigningKey;
use oci::{
    Anonymous, Platform, Registry,
    image::{Builder, Contents},
    layout::{Layout, push_layout},
};
use sandbox::{Options, Sandbox};
use secrecy::ExposeSecret as _;
use serde_json::json;
use std::sync::Arc;
use subject::ImageRef;
use world::{Ran, Server, World, case, ok};

/// A registry with an image in it, a service, and a key.
struct Release {
    sandbox: Sandbox,
    image: ImageRef,
    world: World,
    key: SigningKey,
}

impl Release {
    async fn new() -> Self {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let client = transport::client(transport::Limits::default()).unwrap();
        let admin = format!("{}/_sandbox/registry", sandbox.endpoint());
        client.post(admin).json(&json!({"access": "anonymous"})).send().await.unwrap().error_for_status().unwrap();

        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::create(folder.path().join("layout")).unwrap();
        let contents = Contents::new().file("app/hello", 0o644, b"hello".to_vec());
        Builder::new(Platform::linux("amd64")).layer("copy", contents).build(&layout, None).unwrap();
        let repository = subject::Repository::new(&sandbox.registry_host(), "grazing").unwrap();
        let image = push_layout(&registry(), &layout, &repository, Some("v1")).await.unwrap();

        let key = SigningKey::generate();
        let world = World::new("version: 1\ncases: {from: cases.jsonl}\n", &(case("a", "/a", 1) + &case("b", "/b", 2)));
        world.write("key.pem", key.to_pem().unwrap().expose_secret());
        Self { sandbox, image, world, key }
    }

    async fn check(&self, server: &Server, image: &str) -> Ran {
        let args = ["--registry-auth=anonymous", "--signing-key=key.pem", "--image", image];
        let mut command = self.world.command(&server.url(), &args);
        // The sandbox lives in this process's runtime, so it must not be blocked meanwhile.
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        self.world.ran(output)
    }

    /// Every believed predicate on the image.
    async fn predicates(&self) -> Vec<serde_json::Value> {
        let registry = registry();
        let referrers = registry.referrers(&self.image, Some(attest::BUNDLE_MEDIA_TYPE)).await.unwrap();
        let mut predicates = Vec::new();
        for referrer in referrers.found {
            let manifest = registry.manifest(&self.image.repository.image(referrer.digest())).await.unwrap();
            let manifest: serde_json::Value = serde_json::from_slice(&manifest.bytes).unwrap();
            let digest: subject::Digest = manifest["layers"][0]["digest"].as_str().unwrap().parse().unwrap();
            let url = format!("{}/v2/grazing/blobs/{digest}", self.sandbox.endpoint());
            let client = transport::client(transport::Limits::default()).unwrap();
            let bytes = client.get(url).send().await.unwrap().bytes().await.unwrap();
            let bundle = attest::Bundle::parse(&bytes).unwrap();
            let verified = attest::verify(&bundle, &[self.key.public().clone()]).unwrap();
            let statement = verified.about(&self.image.digest).unwrap();
            let statement: serde_json::Value = serde_json::from_slice(&statement.to_bytes()).unwrap();
            assert_eq!(statement["predicateType"], attest::predicate::TEST_RESULT);
            predicates.push(statement["predicate"].clone());
        }
        predicates
    }
}

fn registry() -> Registry {
    Registry::new(Arc::new(Anonymous)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn pass_and_fail_are_left_on_the_digest_with_what_was_tested() {
    let release = Release::new().await;
    let image = release.image.to_string();
    let right = Server::start(|seen| ok(if seen.target == "/a" { "{\"a\": 1}" } else { "{\"a\": 2}" }));
    let ran = release.check(&right, &image).await;
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert_eq!(ran.report["statement"].as_str().unwrap().len(), 71);
    assert!(ran.outputs.contains(&release.image.digest.to_string()), "{}", ran.outputs);
    let predicates = release.predicates().await;
    let [passed] = predicates.as_slice() else { panic!("{predicates:?}") };
    assert_eq!((&passed["result"], &passed["passedTests"]), (&json!("PASSED"), &json!(["a", "b"])));
    let cases = std::fs::read(release.world.path("cases.jsonl")).unwrap();
    assert_eq!(passed["configuration"][1]["digest"]["sha256"], subject::Digest::of(&cases).hex());

    let wrong = Server::start(|_| ok("{\"a\": 1}"));
    let ran = release.check(&wrong, &image).await;
    assert_eq!(ran.code, 1, "{}", ran.log);
    let predicates = release.predicates().await;
    assert_eq!(predicates.len(), 2);
    assert!(predicates.iter().any(|p| p["result"] == "FAILED" && p["failedTests"] == json!(["b"])), "{predicates:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_not_there_is_told_before_anything_is_asked() {
    let release = Release::new().await;
    let server = Server::start(|_| ok("{\"a\": 1}"));
    let missing = release.image.repository.image(subject::Digest::of(b"other")).to_string();
    let ran = release.check(&server, &missing).await;
    assert!(ran.code == 1 || ran.code == 2 || ran.code == 3, "{} {}", ran.code, ran.log);
    assert_eq!(server.asked(), 0, "{}", ran.log);
}

#[tokio::test(flavor = "multi_thread")]
async fn not_knowing_leaves_nothing() {
    let release = Release::new().await;
    let server = Server::start(|_| Vec::new());
    let ran = release.check(&server, &release.image.to_string()).await;
    assert_eq!(ran.code, 3, "{}", ran.log);
    assert!(ran.log.contains("nothing was found out"), "{}", ran.log);
    assert_eq!(release.predicates().await.len(), 0);
}
