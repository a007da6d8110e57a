//! Promotions that must not happen: nothing is copied, tagged or attached, at either end.

use crate::place::{CLOSED, Place};
use attest::{Bundle, SigningKey, Statement, predicate};
use e2e::world::World;
use oci::{
    Artifact, Platform,
    image::{Builder, Contents},
    layout::{Layout, push_layout},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path};
use subject::{Digest, ImageRef, Repository};

/// A registry with staging and production, and a key that is believed.
pub(crate) struct Promotions {
    pub(crate) world: World,
    pub(crate) registry: oci::Registry,
    pub(crate) key: SigningKey,
}

impl Promotions {
    /// `referrers` is `api` or `fallback-tag`.
    pub(crate) async fn start(referrers: &str) -> Self {
        let world = World::start(Path::new("")).await.unwrap();
        let settings = json!({ "access": "anonymous", "referrers": referrers });
        world.post("/_sandbox/registry", &settings).await.unwrap();
        let registry = world.registry().await.unwrap();
        Self { world, registry, key: SigningKey::generate() }
    }

    /// A policy that asks for a passed test.
    pub(crate) fn policy(&self) -> String {
        format!(
            "version: 1\nname: to-production\nsigners: {{release: {{key: \"{}\"}}}}\nrequire:\n  canary:\n    \
             predicate: test-result\n    signed-by: [release]\n    must: [{{field: /result, equals: PASSED}}]\n",
            self.key.public().key_id()
        )
    }

    pub(crate) fn repository(&self, path: &str) -> Repository {
        Repository::new(&self.world.sandbox.registry_host(), path).unwrap()
    }

    pub(crate) async fn image(&self, mark: &str) -> ImageRef {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::create(folder.path()).unwrap();
        let contents = Contents::new().file("app/name", 0o644, mark.as_bytes().to_vec());
        Builder::new(Platform::linux("amd64")).layer("copy", contents).build(&layout, None).unwrap();
        push_layout(&self.registry, &layout, &self.repository("staging/app"), None).await.unwrap()
    }

    pub(crate) async fn attach(&self, image: &ImageRef, bytes: Vec<u8>) {
        let (artifact_type, media_type) = (attest::BUNDLE_MEDIA_TYPE.to_owned(), attest::BUNDLE_MEDIA_TYPE.to_owned());
        let artifact = Artifact { artifact_type, media_type, bytes: bytes.into(), annotations: BTreeMap::new() };
        self.registry.attach(image, &artifact).await.unwrap();
    }

    /// An image with the outcome of its test, signed by `key`.
    pub(crate) async fn tested(&self, mark: &str, outcome: &str, key: &SigningKey) -> ImageRef {
        let image = self.image(mark).await;
        self.attach(&image, result(&image, image.digest, (outcome, key))).await;
        image
    }

    /// What is known of an image at both ends, and what is tagged in production.
    async fn state(&self, image: &ImageRef) -> Value {
        let production = self.repository("production/app");
        let there = production.image(image.digest);
        let referrers = self.registry.referrers(image, None).await.unwrap();
        let tag = subject::TagRef { repository: production, tag: "v1.4.0".to_owned() };
        json!({
            "there": self.registry.exists(&there).await.unwrap(),
            "tagged": self.registry.resolve(&tag).await.ok().map(|image| image.digest),
            "evidence": referrers.found.len() + referrers.refused.len(),
        })
    }
}

fn result(image: &ImageRef, digest: Digest, (outcome, key): (&str, &SigningKey)) -> Vec<u8> {
    let cases = json!([{ "name": "cases", "digest": { "sha256": "0".repeat(64) } }]);
    let predicate = json!({ "result": outcome, "configuration": cases });
    let subject = vec![(image.repository.to_string(), digest)];
    Bundle::seal(&Statement::new(subject, predicate::TEST_RESULT, predicate), key).unwrap().to_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_whose_evidence_is_not_enough_goes_nowhere_and_the_reason_has_its_word() {
    let Some(place) = Place::new() else { return };
    let at = Promotions::start("api").await;
    let place = place.env(at.world.env()).with("promotion.yml", at.policy());
    let (key, public) = (at.key.to_pem().unwrap(), at.key.public().to_pem().unwrap());
    let with_bundle = async |mark: &str, spoil: &dyn Fn(&ImageRef) -> Vec<u8>| {
        let image = at.image(mark).await;
        at.attach(&image, spoil(&image)).await;
        image
    };
    let good = |image: &ImageRef| result(image, image.digest, ("PASSED", &at.key));
    let tampered = |image: &ImageRef| {
        let text = String::from_utf8(good(image)).unwrap();
        let at = text.find("\"payload\":\"").unwrap() + 60;
        let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
        [&text[..at], other, &text[at + 1..]].concat().into_bytes()
    };
    let cases = [
        (at.image("bare").await, "no-evidence"),
        (at.tested("failed", "FAILED", &at.key).await, "value-refused"),
        (at.tested("strange", "PASSED", &SigningKey::generate()).await, "wrong-key"),
        (
            with_bundle("replayed", &|image| result(image, Digest::of(b"other"), ("PASSED", &at.key))).await,
            "wrong-subject",
        ),
        (with_bundle("tampered", &tampered).await, "bad-signature"),
        (with_bundle("cut", &|image| good(image)[..200].to_vec()).await, "no-evidence"),
        (with_bundle("deep", &|_| "[".repeat(100_000).into_bytes()).await, "no-evidence"),
    ];
    let to = at.repository("production/app").to_string();
    for (image, reason) in cases {
        let before = at.state(&image).await;
        let reference = image.to_string();
        let given = [
            ("image", reference.as_str()),
            ("to", &to),
            ("tags", "v1.4.0"),
            ("policy", "promotion.yml"),
            ("public-key", &public),
            ("signing-key", secrecy::ExposeSecret::expose_secret(&key)),
            ("registry-auth", "anonymous"),
        ];
        let outcome = place.answers("image-promote", &given, (1, "refused"), &["is not promoted to", &to]);
        let told = outcome.log.clone() + &outcome.summary;
        assert!(told.contains(reason), "{reason}: {told}");
        assert_eq!(at.state(&image).await, before, "{reason}: {}", outcome.log);
        assert_eq!((outcome.outputs["image"].as_str(), before["tagged"].as_str()), ("", None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_cannot_be_reached_is_not_promoted() {
    let Some(place) = Place::new() else { return };
    let at = Promotions::start("api").await;
    let place = place.env(at.world.env()).with("promotion.yml", at.policy());
    let public = at.key.public().to_pem().unwrap();
    let image = at.tested("good", "PASSED", &at.key).await;
    let before = at.state(&image).await;
    let (here, production) = (image.to_string(), at.repository("production/app").to_string());
    let absent = image.repository.image(Digest::of(b"never pushed")).to_string();
    let no_tag = format!("{}:no-such-tag", image.repository);
    let (nobody, nowhere) = (format!("{CLOSED}/staging/app@{}", image.digest), format!("{CLOSED}/production/app"));
    let cases: [(&str, &str, &[&str]); 4] = [
        (&absent, &production, &["failed to read the image and its evidence", &absent]),
        (&no_tag, &production, &["failed to ", "no-such-tag"]),
        (&nobody, &production, &["failed to read the image and its evidence", CLOSED, "Connection refused"]),
        (&here, &nowhere, &["failed to look what the destination has", CLOSED, "Connection refused"]),
    ];
    for (image, to, words) in cases {
        let given =
            [("image", image), ("to", to), ("tags", "v1.4.0"), ("policy", "promotion.yml"), ("public-key", &public)];
        place.fails("image-promote", &[&given[..], &[("registry-auth", "anonymous")]].concat(), 3, words);
    }
    assert_eq!(at.state(&image).await, before);
}
