//! Images whose labels, paths, packages and statements say hostile things.

use crate::harmless::{HOSTILE, Place, all};
use attest::{Bundle, SigningKey, Statement};
use e2e::world::World;
use oci::{
    Artifact, Platform,
    image::{Builder, Contents},
    layout::{Layout, push_layout},
};
use serde_json::json;
use std::{collections::BTreeMap, path::Path};
use subject::{ImageRef, Repository};

async fn push(world: &World, contents: Contents) -> ImageRef {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    let builder = Builder::new(Platform::linux("amd64")).layer(all(), contents).entrypoint([all()]).user(all());
    let builder = HOSTILE.iter().fold(builder, |builder, text| builder.label(*text, *text).env("A", text));
    builder.working_dir(HOSTILE[0]).build(&layout, None).unwrap();
    let repository = Repository::new(&world.sandbox.registry_host(), "hostile").unwrap();
    push_layout(&world.registry().await.unwrap(), &layout, &repository, None).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_and_packages_of_an_image_are_only_text() {
    let Some(place) = Place::new() else { return };
    let world = World::start(Path::new("")).await.unwrap();
    let place = place.env(world.env());
    let package =
        |text: &str| format!("Metadata-Version: 2.1\nName: evil\nVersion: {text}\nLicense: {text}\nSummary: {text}\n");
    for text in HOSTILE {
        let folder = text.replace(['/', '\0'], "_");
        let status = format!("Package: {text}\nStatus: install ok installed\nVersion: {text}\nDescription: {text}\n\n");
        let contents = Contents::new()
            .file("var/lib/dpkg/status", 0o644, status)
            .file("etc/os-release", 0o644, format!("ID={text}\nVERSION_ID=\"{text}\"\n"))
            .file(&format!("usr/lib/{folder}/site-packages/e-1.dist-info/METADATA"), 0o644, package(text))
            .file("app/go.sum", 0o644, text);
        let image = push(&world, contents).await.to_string();
        let given = [("image", image.as_str()), ("signing-key", world.signing_key.as_str())];
        let outcome = place.step("sbom", &given).run().unwrap();
        place.is_harmless("sbom", &given, &outcome);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_of_strangers_are_only_text() {
    let Some(place) = Place::new() else { return };
    let world = World::start(Path::new("")).await.unwrap();
    let image = push(&world, Contents::new().file("app/x", 0o644, "x")).await;
    let registry = world.registry().await.unwrap();
    let key = SigningKey::from_pem(&world.signing_key.clone().into(), None).unwrap();
    for text in HOSTILE {
        let predicate = json!({ "fields": { "team": text, text: text }, "builder": { "id": text } });
        let statement = Statement::new(vec![(text.to_owned(), image.digest)], text, predicate.clone());
        let manifest =
            Statement::new(vec![(text.to_owned(), image.digest)], attest::predicate::RELEASE_MANIFEST, predicate);
        for (statement, key) in [(&statement, &key), (&statement, &SigningKey::generate()), (&manifest, &key)] {
            let artifact = Artifact {
                artifact_type: attest::BUNDLE_MEDIA_TYPE.to_owned(),
                media_type: attest::BUNDLE_MEDIA_TYPE.to_owned(),
                bytes: Bundle::seal(statement, key).unwrap().to_bytes().into(),
                annotations: BTreeMap::from([("dev.sigstore.bundle.predicateType".to_owned(), text.to_owned())]),
            };
            registry.attach(&image, &artifact).await.unwrap();
        }
    }
    let place = place.env(world.env()).with("provenance.yml", "version: 1\nfields: {team: {literal: grazing}}\n");
    let image = image.to_string();
    let given = [("mode", "verify"), ("image", image.as_str()), ("public-key", world.public_key.as_str())];
    let outcome = place.step("provenance-stamp", &given).run().unwrap();
    assert!(matches!(outcome.exit, Some(1 | 3)), "{}", outcome.log);
    place.is_harmless("provenance-stamp", &given, &outcome);
    // The same statements before a policy that wants none of them, and one that takes any: its words are a stranger's as well.
    let policy = |require: &str| {
        let text = all();
        let name = serde_json::Value::from(text.as_str());
        format!(
            "version: 1\nname: {name}\nsigners: {{r: {{key: \"{}\"}}}}\nrequire:\n  r: {require}\n",
            key.public().key_id()
        )
    };
    let to = image.replace("hostile@", "promoted@");
    let to = to.split('@').next().unwrap_or_default().to_owned();
    let place = place
        .with("none.yml", policy("{predicate: test-result, signed-by: r, must: [{field: /result, equals: PASSED}]}"))
        .with("any.yml", policy("{predicate: release-manifest, signed-by: r, which: any}"));
    for (policy, exits) in [("none.yml", [1, 1]), ("any.yml", [0, 1])] {
        let given = [
            ("image", image.as_str()),
            ("to", to.as_str()),
            ("policy", policy),
            ("public-key", world.public_key.as_str()),
            ("signing-key", world.signing_key.as_str()),
            ("environment", HOSTILE[0]),
            ("context", HOSTILE[11]),
        ];
        let outcome = place.step("image-promote", &given).run().unwrap();
        assert!(outcome.exit.is_some_and(|exit| exits.contains(&exit)), "{policy}: {}", outcome.log);
        place.is_harmless("image-promote", &given, &outcome);
    }
}

#[test]
fn what_a_program_prints_and_what_the_runner_lists_is_only_text() {
    let Some(place) = Place::new() else { return };
    let fields = "version: 1\nfields:\n  said: {command: [cat, said.txt]}\n";
    let labels = "labels: {org.example.said: said}\n";
    let key = SigningKey::generate();
    let key = secrecy::ExposeSecret::expose_secret(&key.to_pem().unwrap()).to_owned();
    let place = place.with("provenance.yml", fields).with("labelled.yml", fields.to_owned() + labels);
    let everything = all();
    for text in HOSTILE.into_iter().chain([everything.as_str()]) {
        let list = json!({ "version": 1, "subjects": [{ "name": text, "digest": text, "kind": "oci" }] });
        place.write("said.txt", text);
        place.write("list.json", list.to_string());
        let written = place.step("provenance-stamp", &[]).run().unwrap();
        assert_eq!(written.verdict(), "written", "{}", written.log);
        place.is_harmless("provenance-stamp", &[], &written);
        let labelled = [("contract", "labelled.yml")];
        place.is_harmless("provenance-stamp", &labelled, &place.step("provenance-stamp", &labelled).run().unwrap());
        let listed = place.path().join("list.json").display().to_string();
        let with = [("signing-key", key.as_str())];
        let step = place.step("provenance-stamp", &with).env([("GITHUB_ARTIFACTS_LIST".to_owned(), listed)]);
        let refused = step.run().unwrap();
        assert_eq!(refused.exit, Some(2), "{}", refused.log);
        place.is_harmless("provenance-stamp", &with, &refused);
    }
}
