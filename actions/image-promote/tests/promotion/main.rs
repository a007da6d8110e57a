//! Whole promotions between real registries, with the referrers API and without, with real keys.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod flaky;
mod interrupted;
mod world;

use attest::{SigningKey, predicate};
use github::Exit;
use oci::{Anonymous, Registry};
use serde_json::json;
use std::{collections::BTreeSet, sync::Arc};
use subject::{Digest, ImageRef, Repository};
use world::{Referrers, World};

const BOTH: [Referrers; 2] = [Referrers::Api, Referrers::FallbackTag];

fn anonymous() -> Registry {
    Registry::new(Arc::new(Anonymous)).unwrap()
}

/// Every manifest that belongs to an image, as a stranger finds it.
async fn belongs(image: &ImageRef) -> BTreeSet<Digest> {
    let closure = anonymous().closure(image).await.unwrap();
    assert!(closure.refused.is_empty(), "{:?}", closure.refused);
    closure.parts.iter().map(|part| part.manifest.digest).collect()
}

/// What the statements on an image are about.
async fn kinds(image: &ImageRef) -> BTreeSet<String> {
    let found = anonymous().referrers(image, None).await.unwrap().found;
    let kind = |note: &oci::Referrer| note.manifest.annotations().get("dev.sigstore.bundle.predicateType").cloned();
    found.iter().filter_map(kind).collect()
}

async fn named(repository: &Repository, tag: &str) -> Option<Digest> {
    let tag = subject::TagRef { repository: repository.clone(), tag: tag.to_owned() };
    anonymous().resolve(&tag).await.ok().map(|image| image.digest)
}

#[tokio::test]
async fn what_the_policy_allows_arrives_with_all_its_evidence_and_keeps_its_digest() {
    for referrers in BOTH {
        let world = World::new(referrers).await;
        let image = world.release("one", "PASSED").await;
        let before = belongs(&image).await;
        let report = world.promote(&image, &["--tags=v1.4.0"]).await.unwrap();
        assert_eq!((report.exit(), report.verdict()), (Exit::Done, "promoted"), "{}", report.headline());
        let there = world.production().image(image.digest);
        assert_eq!(report.get("image"), Some(there.to_string().as_str()));
        assert_eq!(named(&world.production(), "v1.4.0").await, Some(image.digest));
        assert!(belongs(&there).await.is_superset(&before));
        // The record and the verdict are at both ends, and they are the same.
        let record = report.get("promotion-referrer").unwrap().parse::<Digest>().unwrap();
        assert!(belongs(&there).await.contains(&record) && belongs(&image).await.contains(&record));
        assert_eq!(belongs(&there).await, belongs(&image).await);
        let again = world.promote(&image, &["--tags=v1.4.0"]).await.unwrap();
        assert_eq!((again.verdict(), again.get("copied")), ("unchanged", Some("0")));
        assert_eq!(belongs(&there).await, belongs(&image).await, "running again leaves nothing new");
    }
}

#[tokio::test]
async fn what_the_policy_does_not_allow_changes_nothing_and_every_reason_is_told() {
    let world = World::new(Referrers::Api).await;
    let untested = world.image("untested").await;
    let failed = world.release("failed", "FAILED").await;
    let forged = world.image("forged").await;
    world.attest(&forged, &SigningKey::generate(), predicate::TEST_RESULT, world::result("PASSED")).await;
    let stolen = world.image("stolen").await;
    world.replay(&world.release("good", "PASSED").await, &stolen).await;
    for (image, reason) in
        [(untested, "no-evidence"), (failed, "value-refused"), (forged, "wrong-key"), (stolen, "wrong-subject")]
    {
        let report = world.promote(&image, &["--tags=v1.4.0"]).await.unwrap();
        assert_eq!((report.exit(), report.verdict()), (Exit::Refused, "refused"));
        let told = format!("{} {}", report.headline(), report.summary_markdown());
        assert!(told.contains(reason), "{reason}: {told}");
        assert_eq!(named(&world.production(), "v1.4.0").await, None);
        assert!(!anonymous().exists(&world.production().image(image.digest)).await.unwrap());
    }
}

#[tokio::test]
async fn a_dry_run_shows_the_plan_and_changes_nothing() {
    let world = World::new(Referrers::Api).await;
    let image = world.release("one", "PASSED").await;
    let before = belongs(&image).await;
    let report = world.promote(&image, &["--tags=v1.4.0", "--dry-run"]).await.unwrap();
    assert_eq!((report.exit(), report.verdict(), report.get("image")), (Exit::Done, "planned", None));
    assert!(report.headline().contains("manifests to copy; tags: v1.4.0"), "{}", report.headline());
    assert_eq!(belongs(&image).await, before);
    assert!(!anonymous().exists(&world.production().image(image.digest)).await.unwrap());
}

#[tokio::test]
async fn a_tag_is_not_taken_from_another_image_unless_it_may_move() {
    let world = World::new(Referrers::Api).await;
    let (one, two) = (world.release("one", "PASSED").await, world.release("two", "PASSED").await);
    let tags = ["--tags=v1.4.0", "--tags=production", "--movable-tags=production"];
    world.promote(&one, &tags).await.unwrap();
    let report = world.promote(&two, &tags).await.unwrap();
    assert_eq!(report.exit(), Exit::Refused);
    assert!(report.headline().contains("v1.4.0"), "{}", report.headline());
    assert_eq!(named(&world.production(), "production").await, Some(one.digest));
    let movable = ["--tags=v1.5.0", "--tags=production", "--movable-tags=production"];
    let report = world.promote(&two, &movable).await.unwrap();
    assert_eq!((report.exit(), named(&world.production(), "production").await), (Exit::Done, Some(two.digest)));
    // Going back is a promotion of what was there before.
    let report = world.promote(&one, &tags).await.unwrap();
    assert_eq!((report.verdict(), named(&world.production(), "production").await), ("promoted", Some(one.digest)));
    assert!(report.headline().contains("is back"), "{}", report.headline());
}

#[tokio::test]
async fn names_that_say_nothing_and_other_mistakes_are_all_named_at_once() {
    let world = World::new(Referrers::Api).await;
    let image = world.release("one", "PASSED").await;
    let wrong = ["--tags=latest", "--tags=v1", "--tags=blue", "--context=x", "--public-key=gone.pem"];
    let failure = world.promote(&image, &wrong).await.unwrap_err();
    assert_eq!(failure.exit(), Exit::BadInput);
    let told = format!("{failure:?}");
    for word in ["latest", "v1", "blue", "name=value", "gone.pem"] {
        assert!(told.contains(word), "{word}: {told}");
    }
}

#[tokio::test]
async fn the_report_carries_the_verdict_of_the_policy_as_json() {
    let world = World::new(Referrers::Api).await;
    let image = world.image("untested").await;
    let document = world.document(&image, &[]).await;
    assert_eq!(document["verdict"], "refused");
    assert_eq!(document["policy"]["verdict"]["allowed"], json!(false));
    assert_eq!(document["digest"], image.digest.to_string());
}

/// A version is a name for what was tested: `vX.Y.Z` is given to the digest that the commit's own tag names.
#[tokio::test]
async fn a_version_is_published_for_the_very_digest_that_the_commit_has() {
    let world = World::new(Referrers::Api).await;
    let image = world.release("one", "PASSED").await;
    world.promote(&image, &["--tags=sha-5f2b7c9"]).await.unwrap();
    let production = world.production();
    let by_commit = format!("--image={production}:sha-5f2b7c9");
    let report = world.run(&[&by_commit, "--tags=v1.4.0", "--public-key=key.pub.pem"]).await.unwrap();
    assert_eq!((report.verdict(), report.get("copied")), ("promoted", Some("0")), "{}", report.headline());
    assert_eq!(report.get("image"), Some(production.image(image.digest).to_string().as_str()));
    for tag in ["sha-5f2b7c9", "v1.4.0"] {
        assert_eq!(named(&production, tag).await, Some(image.digest), "{tag}");
    }
}
