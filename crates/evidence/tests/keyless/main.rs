//! Signing with a certificate and being witnessed, at Sigstore's own mock of its services
//! (`tests/verifiers/keyless_services.mjs`), with evidence on real registries; judged by sigstore-js and cosign.
#![cfg(feature = "keyless")]
#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

#[path = "../../../oci/tests/support/mod.rs"]
mod support;
mod world;

use attest::{Identity, Reason, SigningKey};
use evidence::{Evidence, EvidenceInputs, Left};
use github::Runner;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::fs;
use support::{KINDS, Kind, anonymous};
use world::{World, cosign, sigstore_js, workflow};

#[tokio::test]
async fn a_job_signs_in_its_own_name_and_others_believe_it_on_either_kind_of_registry() {
    for kind in KINDS {
        let Some(world) = World::start(kind).await else { continue };
        signs_in_its_own_name(&world).await;
    }
}

async fn signs_in_its_own_name(world: &World) {
    let (left, log) = world.leave("keyless").await;
    let Left::Signed { referrer, key_id } = left.unwrap() else { panic!("nothing was left: {log}") };
    assert_eq!(key_id, workflow().name());
    let pieces = world.gather(vec![workflow()], &[]).await;
    let verified = pieces[0].statement.as_ref().unwrap();
    assert!(verified.witnessed().is_some() && verified.about(&world.image.digest).is_ok());
    for (identities, wanted) in [
        (vec![], Reason::WrongIdentity),
        (vec![Identity { subject: "https://github.com/org/other".into(), ..workflow() }], Reason::WrongIdentity),
    ] {
        let pieces = world.gather(identities, &[SigningKey::generate().public()]).await;
        assert_eq!(pieces[0].statement.as_ref().unwrap_err().reason(), wanted);
    }
    // The same statement again finds the one that is there.
    assert_eq!(world.leave("keyless").await.0.unwrap().referrer(), Some(&referrer));

    let bundle = world.bundle(referrer).await;
    let judges = |subject: &str| {
        let cosign = cosign(world, &bundle, subject).map(|output| ("cosign", output));
        [Some(("sigstore-js", sigstore_js(world, &bundle, subject))), cosign].into_iter().flatten().collect::<Vec<_>>()
    };
    for (name, output) in judges(&workflow().subject) {
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
    for (name, output) in judges("https://github.com/org/other") {
        assert!(!output.status.success(), "{name} takes another identity");
    }
    let text = fs::read_to_string(&bundle).unwrap();
    let mut changed: Value = serde_json::from_str(&text).unwrap();
    changed["dsseEnvelope"]["payload"] = json!("e30=");
    fs::write(&bundle, changed.to_string()).unwrap();
    for (name, output) in judges(&workflow().subject) {
        assert!(!output.status.success(), "{name} takes a changed payload");
    }
}

#[tokio::test]
async fn a_witness_that_is_out_of_order_blocks_nobody_and_is_asked_again_by_the_next_run() {
    let Some(world) = World::start(Kind::FallbackTag).await else { return };
    let key = SigningKey::generate();
    let pem = key.to_pem().unwrap();
    let pem = pem.expose_secret();
    let witnessed = async || {
        let pieces = world.gather(vec![], &[key.public()]).await;
        pieces.iter().map(|piece| piece.statement.as_ref().unwrap().witnessed().is_some()).collect::<Vec<_>>()
    };
    world.break_down(&["rekor", "tsa"]).await;
    let (first, log) = world.leave(pem).await;
    assert!(log.contains("not witnessed by everybody asked: log: it answered 503"), "{log}");
    assert!(log.contains("not witnessed by everybody asked: time stamp: it answered 503"), "{log}");
    assert_eq!(witnessed().await, [false]);
    // Still out of order: nothing is left twice.
    assert_eq!(world.leave(pem).await.0.unwrap(), first.unwrap());
    assert_eq!(witnessed().await, [false]);
    // One of the two is enough.
    world.break_down(&["tsa"]).await;
    let second = world.leave(pem).await.0.unwrap();
    assert_eq!(witnessed().await.iter().filter(|it| **it).count(), 1);
    world.break_down(&[]).await;
    assert_eq!(world.leave(pem).await.0.unwrap(), second, "a witnessed statement is there already");
    assert_eq!(witnessed().await.len(), 2);
}

#[tokio::test]
async fn a_certificate_without_a_witness_is_left_and_not_believed_until_a_run_has_one() {
    let Some(world) = World::start(Kind::FallbackTag).await else { return };
    world.break_down(&["rekor", "tsa"]).await;
    let (left, log) = world.leave("keyless").await;
    assert!(left.is_ok(), "{left:?} {log}");
    let reasons = async || {
        let pieces = world.gather(vec![workflow()], &[]).await;
        pieces.iter().map(|piece| piece.statement.as_ref().err().map(|it| it.reason())).collect::<Vec<_>>()
    };
    assert_eq!(reasons().await, [Some(Reason::Unwitnessed)]);
    for only in ["rekor", "tsa"] {
        world.break_down(&[only]).await;
        world.leave("keyless").await.0.unwrap();
        assert!(reasons().await.contains(&None), "one witness is enough without {only}");
    }
    world.break_down(&["fulcio"]).await;
    let (left, _) = world.leave("keyless").await;
    let failure = left.unwrap_err().to_string();
    assert!(
        failure.contains("no certificate: it answered 503") && failure.contains("nothing was attached"),
        "{failure}"
    );
}

#[tokio::test]
async fn what_others_would_not_believe_is_not_attached() {
    let Some(world) = World::start(Kind::FallbackTag).await else { return };
    let mut root: Value = serde_json::from_slice(&fs::read(world.file("trusted_root.json")).unwrap()).unwrap();
    root["tlogs"][0]["publicKey"] = root["ctlogs"][0]["publicKey"].clone();
    fs::write(world.file("trusted_root.json"), root.to_string()).unwrap();
    let pem = SigningKey::generate().to_pem().unwrap();
    for key in ["keyless", pem.expose_secret()] {
        let failure = world.leave(key).await.0.unwrap_err().to_string();
        assert!(
            failure.contains("verify the statement just signed") && failure.contains("nothing was attached"),
            "{failure}"
        );
    }
    assert!(anonymous().referrers(&world.image, None).await.unwrap().found.is_empty());
}

#[tokio::test]
async fn what_is_missing_to_sign_without_a_key_is_said_at_once() {
    let Some(world) = World::start(Kind::FallbackTag).await else { return };
    let stranger = Runner::for_test([]).0;
    let (runner, _) = world.runner();
    let good = || world.inputs("keyless");
    fs::write(world.file("other.json"), r#"{"mediaType": "x"}"#).unwrap();
    let other = Some(world.file("other.json"));
    let nowhere = json!({
        "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        "rekorTlogUrls": [{"url": "http://rekor.example", "majorApiVersion": 1}],
    });
    fs::write(world.file("cleartext.json"), nowhere.to_string()).unwrap();
    for (runner, inputs, wanted) in [
        (
            &runner,
            EvidenceInputs { signing_config: None, trusted_root: None, ..good() },
            "needs `signing-config` and `trusted-root`",
        ),
        (&runner, EvidenceInputs { trusted_root: None, ..good() }, "is needed with `signing-config`"),
        (&runner, EvidenceInputs { signing_key_password: Some("x".into()), ..good() }, "without a key there is none"),
        (
            &runner,
            EvidenceInputs { signing_config: other.clone(), ..good() },
            "is not a signing configuration of version 0.2",
        ),
        (&runner, EvidenceInputs { trusted_root: other.clone(), ..good() }, "its media type is not"),
        (&runner, EvidenceInputs { trusted_root: Some("nowhere.json".into()), ..good() }, "cannot be read"),
        (&runner, EvidenceInputs { signing_config: Some(world.file("cleartext.json")), ..good() }, "no https address"),
        (&stranger, good(), "identity token"),
    ] {
        let failure = Evidence::open(runner, &inputs, &world.image.repository, None).err().unwrap();
        assert!(failure.to_string().contains(wanted), "{wanted}: {failure}");
    }
}
