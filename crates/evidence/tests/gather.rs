//! Evidence in every form it is met in, on a real registry (Debian's `docker-registry`).
#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

#[path = "../../oci/tests/support/mod.rs"]
mod support;

use attest::{BUNDLE_MEDIA_TYPE, Bundle, ENVELOPE_MEDIA_TYPE, Reason, SigningKey, Statement, policy::Piece, predicate};
use evidence::{Evidence, EvidenceInputs};
use github::Runner;
use oci::{Artifact, Descriptor, Manifest, layout::push_layout};
use serde_json::{Value, json};
use std::{collections::BTreeMap, process::Command};
use subject::ImageRef;
use support::{DockerRegistry, anonymous, layout_in, sample};

async fn pushed(server: &DockerRegistry, mark: &str) -> ImageRef {
    let folder = tempfile::tempdir().unwrap();
    let layout = layout_in(folder.path(), &sample(mark));
    push_layout(&anonymous(), &layout, &server.repository("org/app"), Some(mark)).await.unwrap()
}

fn bundle(image: &ImageRef, key: &SigningKey, result: &str) -> Vec<u8> {
    let claim = json!({"result": result, "configuration": []});
    let statement = Statement::new(vec![("app".into(), image.digest)], predicate::TEST_RESULT, claim);
    Bundle::seal(&statement, key).unwrap().to_bytes()
}

fn envelope(bundle: &[u8]) -> Vec<u8> {
    serde_json::from_slice::<Value>(bundle).unwrap()["dsseEnvelope"].to_string().into_bytes()
}

async fn attach(evidence: &Evidence<'_>, image: &ImageRef, kind: &str, bytes: Vec<u8>) -> String {
    let (artifact_type, media_type) = (kind.to_owned(), kind.to_owned());
    let artifact = Artifact { artifact_type, media_type, bytes: bytes.into(), annotations: BTreeMap::new() };
    evidence.registry().attach(image, &artifact).await.unwrap().to_string()
}

/// As cosign up to v2 keeps attestations: a manifest under a tag, one layer for each.
async fn att_tag(evidence: &Evidence<'_>, image: &ImageRef, envelopes: &[(Vec<u8>, &str)]) -> String {
    let (registry, repository) = (evidence.registry(), &image.repository);
    let config = registry.push_blob(repository, "application/vnd.oci.image.config.v1+json", b"{}".as_slice().into());
    let config = config.await.unwrap();
    let mut layers = Vec::new();
    for (bytes, certificate) in envelopes {
        let blob = registry.push_blob(repository, ENVELOPE_MEDIA_TYPE, bytes.clone().into()).await.unwrap();
        let annotations = BTreeMap::from([
            ("dev.cosignproject.cosign/signature".to_owned(), String::new()),
            ("dev.sigstore.cosign/certificate".to_owned(), (*certificate).to_owned()),
            ("predicateType".to_owned(), predicate::VSA.to_owned()),
        ]);
        layers.push(Descriptor { annotations, ..blob });
    }
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": layers});
    let manifest = Manifest::parse(manifest.to_string().into_bytes().into(), Some(media_type)).unwrap();
    let tag = format!("sha256-{}.att", image.digest.hex());
    registry.push_manifest(repository, &manifest, Some(&tag)).await.unwrap().digest.to_string()
}

fn told(pieces: &[Piece]) -> BTreeMap<&str, String> {
    let word = |piece: &Piece| match &piece.statement {
        Ok(verified) => verified.key_id().to_owned(),
        Err(rejection) => rejection.code().to_owned(),
    };
    pieces.iter().map(|piece| (piece.source.as_str(), word(piece))).collect()
}

#[tokio::test]
async fn statements_are_found_in_every_form_and_nothing_that_claims_to_be_one_is_passed_over() {
    let Some(server) = DockerRegistry::start("") else { return };
    let (image, other) = (pushed(&server, "one").await, pushed(&server, "two").await);
    let (runner, _) = Runner::for_test([]);
    let (key, stranger) = (SigningKey::generate(), SigningKey::generate());
    let evidence = Evidence::open(&runner, &EvidenceInputs::default(), &image.repository, None).unwrap();
    assert!(evidence.gather(&image, &[key.public()]).await.unwrap().is_empty());

    let ours = key.key_id().to_owned();
    let older = "application/vnd.dev.sigstore.bundle+json;version=0.2";
    let of_older = String::from_utf8(bundle(&image, &key, "WARNED")).unwrap().replace(BUNDLE_MEDIA_TYPE, older);
    let mut wanted = BTreeMap::from([
        (attach(&evidence, &image, BUNDLE_MEDIA_TYPE, bundle(&image, &key, "PASSED")).await, ours.clone()),
        (
            attach(&evidence, &image, "application/vnd.dev.sigstore.bundle.v0.2+json", of_older.into()).await,
            ours.clone(),
        ),
        (attach(&evidence, &image, ENVELOPE_MEDIA_TYPE, envelope(&bundle(&image, &key, "FAILED"))).await, ours.clone()),
        (attach(&evidence, &image, BUNDLE_MEDIA_TYPE, bundle(&image, &stranger, "PASSED")).await, "wrong-key".into()),
        (attach(&evidence, &image, BUNDLE_MEDIA_TYPE, b"{}".to_vec()).await, "malformed-envelope".into()),
    ]);
    attach(&evidence, &image, "application/vnd.cyclonedx+json", b"{\"bomFormat\":\"CycloneDX\"}".to_vec()).await;
    let layers = [
        (envelope(&bundle(&image, &key, "PASSED")), ""),
        (envelope(&bundle(&image, &stranger, "PASSED")), "-----BEGIN CERTIFICATE-----"),
    ];
    let att = att_tag(&evidence, &image, &layers).await;
    for ((bytes, _), word) in layers.iter().zip([ours.as_str(), "certificate-not-verified"]) {
        wanted.insert(format!("{att}, layer {}", subject::Digest::of(bytes)), word.to_owned());
    }
    let pieces = evidence.gather(&image, &[key.public()]).await.unwrap();
    let wanted: BTreeMap<&str, String> = wanted.iter().map(|(source, word)| (source.as_str(), word.clone())).collect();
    assert_eq!(told(&pieces), wanted);

    // Believed is not yet about this image: that is the policy's question.
    let foreign = attach(&evidence, &image, BUNDLE_MEDIA_TYPE, bundle(&other, &key, "PASSED")).await;
    let pieces = evidence.gather(&image, &[key.public()]).await.unwrap();
    let foreign = pieces.iter().find(|piece| piece.source == foreign).unwrap();
    let rejection = foreign.statement.as_ref().unwrap().about(&image.digest).unwrap_err();
    assert_eq!(rejection.reason(), Reason::WrongSubject);
}

#[tokio::test]
async fn what_cosign_leaves_is_read_in_its_old_form_and_its_new_one() {
    let (Some(cosign), Some(server)) = (support::tool("bin/cosign"), DockerRegistry::start("")) else { return };
    let image = pushed(&server, "one").await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("claim.json"), r#"{"result":"PASSED","configuration":[]}"#).unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::new(&cosign);
        command.current_dir(folder.path()).env("HOME", folder.path()).env("COSIGN_PASSWORD", "");
        let output = command.args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["generate-key-pair"]);
    let reference = image.to_string();
    let attest = ["attest", "--key", "cosign.key", "--yes", "--allow-http-registry", "--predicate", "claim.json"];
    let offline = ["--use-signing-config=false", "--tlog-upload=false", "--type", predicate::TEST_RESULT, &reference];
    for form in ["--new-bundle-format=false", "--new-bundle-format=true"] {
        run(&[&attest[..], &[form], &offline[..]].concat());
    }
    let public = std::fs::read_to_string(folder.path().join("cosign.pub")).unwrap();
    let public = attest::PublicKey::from_pem(&public).unwrap();
    let (runner, _) = Runner::for_test([]);
    let evidence = Evidence::open(&runner, &EvidenceInputs::default(), &image.repository, None).unwrap();
    let pieces = evidence.gather(&image, std::slice::from_ref(&public)).await.unwrap();
    assert_eq!(pieces.len(), 2, "{pieces:?}");
    for piece in &pieces {
        let verified = piece.statement.as_ref().unwrap();
        let claim: predicate::test_result::TestResult = verified.about(&image.digest).unwrap().read().unwrap();
        assert_eq!((verified.key_id(), claim.result), (public.key_id(), predicate::test_result::Outcome::Passed));
    }
    let stranger = evidence.gather(&image, &[SigningKey::generate().public()]).await.unwrap();
    assert!(stranger.iter().all(|piece| piece.statement.is_err()), "{stranger:?}");
}
