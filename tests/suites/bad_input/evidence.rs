//! Evidence that is missing, forged, or about something else: never believed, and verifying leaves nothing.

use crate::place::Place;
use attest::{Bundle, SigningKey, Statement};
use e2e::world::World;
use oci::{
    Artifact, Platform,
    image::{Builder, Contents},
    layout::{Layout, push_layout},
};
use serde_json::json;
use std::{collections::BTreeMap, path::Path};
use subject::{Digest, ImageRef, Repository};

const CONTRACT: &str = "version: 1\nfields: {team: {literal: grazing}}\n";

/// What is attached to an image, from the image, the key that is believed and one that is not.
type Forge = fn(&ImageRef, &SigningKey, &SigningKey) -> Vec<u8>;

async fn image(world: &World, name: &str) -> ImageRef {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    let contents = Contents::new().file("app/name", 0o644, name.as_bytes().to_vec());
    Builder::new(Platform::linux("amd64")).layer("copy", contents).build(&layout, None).unwrap();
    let repository = Repository::new(&world.sandbox.registry_host(), name).unwrap();
    push_layout(&world.registry().await.unwrap(), &layout, &repository, None).await.unwrap()
}

async fn attach(world: &World, image: &ImageRef, media_type: &str, bytes: Vec<u8>) {
    let artifact = Artifact {
        artifact_type: media_type.to_owned(),
        media_type: media_type.to_owned(),
        bytes: bytes.into(),
        annotations: BTreeMap::new(),
    };
    world.registry().await.unwrap().attach(image, &artifact).await.unwrap();
}

fn bundle(about: &ImageRef, digest: Digest, key: &SigningKey) -> Vec<u8> {
    let predicate = json!({ "fields": { "team": "grazing" } });
    let subject = vec![(about.repository.to_string(), digest)];
    let statement = Statement::new(subject, attest::predicate::RELEASE_MANIFEST, predicate);
    Bundle::seal(&statement, key).unwrap().to_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_evidence_and_false_evidence_are_never_a_yes() {
    let Some(place) = Place::new() else { return };
    let world = World::start(Path::new("")).await.unwrap();
    let place = place.env(world.env()).with("provenance.yml", CONTRACT);
    let ours = SigningKey::generate();
    let (public, strange) = (ours.public().to_pem().unwrap(), SigningKey::generate());
    let image_of = async |name: &str, bytes: Option<Forge>| {
        let image = image(&world, name).await;
        if let Some(bytes) = bytes {
            attach(&world, &image, attest::BUNDLE_MEDIA_TYPE, bytes(&image, &ours, &strange)).await;
        }
        image
    };
    let images = [
        image_of("bare", None).await,
        image_of("strange-key", Some(|image, _, strange| bundle(image, image.digest, strange))).await,
        image_of("other-subject", Some(|image, ours, _| bundle(image, Digest::of(b"other"), ours))).await,
        image_of("no-bundle", Some(|_, _, _| b"not a bundle".to_vec())).await,
        image_of("cut-bundle", Some(|image, ours, _| bundle(image, image.digest, ours)[..200].to_vec())).await,
    ];
    for image in images {
        let before = world.registry().await.unwrap().referrers(&image, None).await.unwrap().found.len();
        let reference = image.to_string();
        let given = [("mode", "verify"), ("image", reference.as_str()), ("public-key", public.as_str())];
        let outcome = verify(&place, &given);
        assert_eq!(outcome.outputs["digest"], image.digest.to_string(), "{}", outcome.log);
        let after = world.registry().await.unwrap().referrers(&image, None).await.unwrap().found.len();
        assert_eq!(before, after, "verifying leaves nothing");
    }
}

/// Without evidence it cannot be told (3); with evidence that contradicts it is refused (1). Never 0.
fn verify(place: &Place, given: &[(&str, &str)]) -> e2e::Outcome {
    let before = place.files();
    let step = e2e::Step::of(&place.tree, "provenance-stamp", place.path()).env(place.variables());
    let step = given.iter().fold(step, |step, (name, value)| step.with(name, value));
    let outcome = step.run().unwrap();
    assert!(matches!(outcome.exit, Some(1 | 3)), "{}", outcome.log);
    assert!(outcome.said("error").next().is_some(), "{}", outcome.log);
    assert_eq!(place.files(), before);
    outcome
}
