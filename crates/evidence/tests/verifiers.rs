//! What we leave on real registries of both kinds, before verifiers that others wrote: securesystemslib, sigstore-js and cosign,
//! which finds the statement on the image by itself. What was tampered with they all reject.
#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

#[path = "../../oci/tests/support/mod.rs"]
mod support;

use attest::{Bundle, SigningKey, Statement, predicate};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use evidence::{Evidence, EvidenceInputs, Left};
use github::Runner;
use oci::{Artifact, layout::push_layout};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use subject::{Digest, ImageRef, Repository};
use support::{AnyRegistry, KINDS, anonymous, layout_in, sample, tool};

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/verifiers").join(name)
}

/// What stands in the registry, in files, and the key that is believed.
struct Case<'a> {
    folder: &'a Path,
    image: &'a ImageRef,
}

/// A verifier: the file of a bundle to what it says.
type Verifier = fn(&Case<'_>, &Path) -> Option<Output>;

const VERIFIERS: [(&str, Verifier); 3] =
    [("securesystemslib", securesystemslib), ("sigstore-js", sigstore_js), ("cosign", cosign)];

impl Case<'_> {
    fn key(&self) -> PathBuf {
        self.folder.join("key.pub.pem")
    }

    /// cosign, told to believe this key and to ask nobody else.
    fn cosign(&self, words: &[&str]) -> Option<Command> {
        let mut command = Command::new(tool("bin/cosign")?);
        command.env("HOME", self.folder).args(words).arg("--key").arg(self.key());
        command.args(["--insecure-ignore-tlog", "--type", predicate::TEST_RESULT]);
        Some(command)
    }
}

fn securesystemslib(case: &Case<'_>, bundle: &Path) -> Option<Output> {
    let python = tool("python/verifiers/bin/python")?;
    Some(Command::new(python).arg(script("dsse_verify.py")).args([bundle, &case.key()]).output().unwrap())
}

fn sigstore_js(case: &Case<'_>, bundle: &Path) -> Option<Output> {
    let mut command = Command::new("node");
    command.env("NODE_PATH", tool("node/node_modules")?).arg(script("bundle_verify.mjs"));
    Some(command.args([bundle, &case.key()]).output().unwrap())
}

fn cosign(case: &Case<'_>, bundle: &Path) -> Option<Output> {
    let mut command = case.cosign(&["verify-blob-attestation", "--digestAlg", "sha256"])?;
    command.args(["--digest", &case.image.digest.hex()]).arg("--bundle").arg(bundle);
    Some(command.output().unwrap())
}

/// cosign looks for statements on the image by itself.
fn cosign_finds(case: &Case<'_>, image: &ImageRef) -> Option<Output> {
    let mut command = case.cosign(&["verify-attestation", "--allow-http-registry"])?;
    Some(command.arg(image.to_string()).output().unwrap())
}

async fn pushed(repository: &Repository, mark: &str) -> ImageRef {
    let folder = tempfile::tempdir().unwrap();
    let layout = layout_in(folder.path(), &sample(mark));
    push_layout(&anonymous(), &layout, repository, Some("v1")).await.unwrap()
}

/// Leaves a statement as every action does, and gives its referrer.
async fn left(image: &ImageRef, key: &SigningKey) -> Digest {
    let pem = key.to_pem().unwrap().expose_secret().to_owned();
    let inputs = EvidenceInputs { signing_key: Some(pem.into()), ..EvidenceInputs::default() };
    let (runner, _) = Runner::for_test([]);
    let evidence = Evidence::open(&runner, &inputs, &image.repository, None).unwrap();
    let said = json!({"result": "PASSED", "configuration": []});
    match evidence.leave(image, predicate::TEST_RESULT, said).await.unwrap() {
        Left::Signed { referrer, .. } => referrer,
        Left::NotAsked => panic!("nothing was left"),
    }
}

/// The bundle a referrer carries, as the registry gives it out.
async fn carried(repository: &Repository, referrer: Digest) -> Vec<u8> {
    let registry = anonymous();
    let manifest = registry.manifest(&repository.image(referrer)).await.unwrap();
    let blob = manifest.blobs().into_iter().find(|blob| blob.size > 2).unwrap();
    registry.blob_bytes(repository, blob, 1 << 20).await.unwrap().to_vec()
}

/// One thing changed at a time, each with its name.
fn tampered(good: &[u8]) -> Vec<(&'static str, Value)> {
    let good: Value = serde_json::from_slice(good).unwrap();
    let changed = |pointer: &str, value: Value| {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed
    };
    let bytes = |pointer: &str| STANDARD.decode(good.pointer(pointer).unwrap().as_str().unwrap()).unwrap();
    let (payload, signature) = ("/dsseEnvelope/payload", "/dsseEnvelope/signatures/0/sig");
    let words = String::from_utf8(bytes(payload)).unwrap().replace("PASSED", "FAILED");
    let mut flipped = bytes(signature);
    *flipped.last_mut().unwrap() ^= 1;
    let stranger = Bundle::seal(&Statement::parse(&bytes(payload)).unwrap(), &SigningKey::generate()).unwrap();
    let stranger: Value = serde_json::from_slice(&stranger.to_bytes()).unwrap();
    vec![
        ("other words", changed(payload, json!(STANDARD.encode(words)))),
        ("a flipped bit of the signature", changed(signature, json!(STANDARD.encode(flipped)))),
        ("another kind of payload", changed("/dsseEnvelope/payloadType", json!("application/json"))),
        ("the same words, signed by somebody else", stranger),
    ]
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What every verifier must say to the statement that is left on this image, and to what is made of it.
async fn judged(case: &Case<'_>, good: &[u8]) {
    let file = case.folder.join("bundle.sigstore.json");
    for (name, verifier) in VERIFIERS {
        std::fs::write(&file, good).unwrap();
        let Some(output) = verifier(case, &file) else { continue };
        assert!(output.status.success(), "{name}: {}", said(&output));
        for (what, bundle) in tampered(good) {
            std::fs::write(&file, bundle.to_string()).unwrap();
            assert!(!verifier(case, &file).unwrap().status.success(), "{name} takes {what}");
        }
    }
    let Some(output) = cosign_finds(case, case.image) else { return };
    assert!(output.status.success(), "cosign at {}: {}", case.image, said(&output));
}

/// An image on which nothing stands but these bytes, which cosign must not take for evidence.
async fn refused_where_it_stands(case: &Case<'_>, (mark, bytes): (&str, Vec<u8>)) {
    let image = pushed(&case.image.repository, mark).await;
    let media_type = attest::BUNDLE_MEDIA_TYPE.to_owned();
    let annotations = BTreeMap::from([("dev.sigstore.bundle.predicateType".to_owned(), predicate::TEST_RESULT.into())]);
    let artifact = Artifact { artifact_type: media_type.clone(), media_type, bytes: bytes.into(), annotations };
    anonymous().attach(&image, &artifact).await.unwrap();
    let Some(output) = cosign_finds(case, &image) else { return };
    assert!(!output.status.success(), "cosign takes {mark} for evidence on {image}");
}

#[tokio::test]
async fn what_is_left_and_what_is_promoted_is_believed_by_others_and_nothing_else_is() {
    for kind in KINDS {
        let Some(server) = AnyRegistry::start(kind) else { continue };
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::generate();
        let image = pushed(&server.repository("org/staging"), "one").await;
        let referrer = left(&image, &key).await;
        let promoted = promoted(&image, &server.repository("org/production")).await;
        std::fs::write(folder.path().join("key.pub.pem"), key.public().to_pem().unwrap()).unwrap();
        let mut standing = Vec::new();
        for image in [&image, &promoted] {
            let case = Case { folder: folder.path(), image };
            let good = carried(&image.repository, referrer).await;
            judged(&case, &good).await;
            standing = good;
        }
        let case = Case { folder: folder.path(), image: &promoted };
        refused_where_it_stands(&case, ("another image's statement", standing.clone())).await;
        for (what, bundle) in tampered(&standing) {
            refused_where_it_stands(&case, (what, bundle.to_string().into_bytes())).await;
        }
    }
}

/// Copies the image with all its evidence.
async fn promoted(image: &ImageRef, to: &Repository) -> ImageRef {
    let registry = anonymous();
    let closure = registry.closure(image).await.unwrap();
    support::copy(&registry, &closure, &registry, to).await.unwrap();
    assert!(registry.missing(&closure, to).await.unwrap().is_empty());
    to.image(image.digest)
}
