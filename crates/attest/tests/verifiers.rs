//! Our bundles before verifiers that others wrote: securesystemslib, sigstore-js, OpenSSL, cosign. Each must accept what we sign
//! and reject it once a single thing is changed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use attest::{Bundle, PAYLOAD_TYPE, PublicKey, SigningKey, Statement, pre_authentication_encoding, predicate, verify};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use subject::Digest;

/// A verifier: bundle file and key file to acceptance, and what it says.
type Verifier = fn(&Path, &Path) -> Option<Output>;

const VERIFIERS: [(&str, Verifier); 4] =
    [("securesystemslib", python), ("sigstore-js", node), ("OpenSSL", openssl), ("cosign", cosign)];

/// The folder the test command installs outside tools in.
fn tools() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools")
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/verifiers").join(name)
}

fn python(bundle: &Path, key: &Path) -> Option<Output> {
    let python = tools().join("python/verifiers/bin/python");
    python.exists().then(|| Command::new(python).arg(script("dsse_verify.py")).args([bundle, key]).output().unwrap())
}

fn node(bundle: &Path, key: &Path) -> Option<Output> {
    let modules = tools().join("node/node_modules");
    let mut command = Command::new("node");
    command.env("NODE_PATH", &modules).arg(script("bundle_verify.mjs")).args([bundle, key]);
    modules.exists().then(|| command.output().unwrap())
}

/// OpenSSL knows neither bundles nor DSSE: it gets the signature and what DSSE says was signed.
fn openssl(bundle: &Path, key: &Path) -> Option<Output> {
    let bundle: Value = serde_json::from_slice(&fs::read(bundle).unwrap()).unwrap();
    let envelope = &bundle["dsseEnvelope"];
    let part = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap_or_default();
    let folder = tempfile::tempdir().unwrap();
    let (message, signature) = (folder.path().join("message"), folder.path().join("signature"));
    let kind = envelope["payloadType"].as_str().unwrap();
    fs::write(&message, pre_authentication_encoding(kind, &part(&envelope["payload"]))).unwrap();
    fs::write(&signature, part(&envelope["signatures"][0]["sig"])).unwrap();
    let mut command = Command::new("openssl");
    command.args(["dgst", "-sha256", "-verify"]).arg(key).arg("-signature").args([signature, message]);
    command.output().ok()
}

/// cosign, and below it sigstore-go, which others build on. It wants the artifact itself.
fn cosign(bundle: &Path, key: &Path) -> Option<Output> {
    let program = tools().join("bin/cosign");
    let artifact = tempfile::NamedTempFile::new().unwrap();
    fs::write(&artifact, b"image").unwrap();
    let mut command = Command::new(&program);
    command.args(["verify-blob-attestation", "--insecure-ignore-tlog", "--type", predicate::TEST_RESULT]);
    command.arg("--bundle").arg(bundle).arg("--key").arg(key).arg(artifact.path());
    // It looks for a trust root below the home folder, and needs none for a key of our own.
    let home = tempfile::tempdir().unwrap();
    command.env("HOME", home.path());
    program.exists().then(|| command.output().unwrap())
}

/// Loud where a verifier is not installed; where everything must run, an error.
#[expect(clippy::print_stderr, reason = "a skipped verifier must be seen")]
fn skipped(name: &str) {
    let ci = std::env::vars().any(|(key, value)| key == "CI" && value == "true");
    assert!(!ci, "{name} is not installed, and CI runs every verifier");
    eprintln!("SKIPPED: {name} is not installed; `cargo xtask test` installs it");
}

fn statement() -> Statement {
    let subjects = [b"image".as_slice(), b"other"].map(|bytes| ("ghcr.io/org/app — é".to_owned(), Digest::of(bytes)));
    Statement::new(subjects.to_vec(), predicate::TEST_RESULT, json!({"result": "PASSED", "text": "\u{1}\"\\/€"}))
}

/// The bundle and key in files.
fn files(bundle: &[u8], key: &PublicKey) -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (bundle_path, key_path) = (folder.path().join("bundle.sigstore.json"), folder.path().join("key.pub.pem"));
    fs::write(&bundle_path, bundle).unwrap();
    fs::write(&key_path, key.to_pem().unwrap()).unwrap();
    (folder, bundle_path, key_path)
}

#[test]
fn others_accept_what_we_sign_and_read_the_same_in_it() {
    for _ in 0..3 {
        let key = SigningKey::generate();
        let bundle = Bundle::seal(&statement(), &key).unwrap();
        let (_folder, bundle_path, key_path) = files(&bundle.to_bytes(), &key.public());
        for (name, verifier) in VERIFIERS {
            let Some(output) = verifier(&bundle_path, &key_path) else {
                skipped(name);
                continue;
            };
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            if name == "securesystemslib" || name == "sigstore-js" {
                let read: Value = serde_json::from_slice(&output.stdout).unwrap();
                let subjects: Vec<_> = statement().subjects().iter().map(|subject| subject.digest.hex()).collect();
                assert_eq!(read["subjects"], json!(subjects), "{name}");
                assert_eq!(read["predicateType"], predicate::TEST_RESULT, "{name}");
                let named = if name == "sigstore-js" { &read["hint"] } else { &read["keyids"][0] };
                assert_eq!(named, key.public().key_id(), "{name}");
            }
        }
    }
}

#[test]
fn others_and_we_reject_a_bundle_in_which_one_thing_was_changed() {
    let (key, stranger) = (SigningKey::generate(), SigningKey::generate());
    let good: Value = serde_json::from_slice(&Bundle::seal(&statement(), &key).unwrap().to_bytes()).unwrap();
    let payload = |bytes: Vec<u8>| json!(STANDARD.encode(bytes));
    let other_result = String::from_utf8(statement().to_bytes()).unwrap().replace("PASSED", "FAILED");
    let foreign: Value = serde_json::from_slice(&Bundle::seal(&statement(), &stranger).unwrap().to_bytes()).unwrap();
    let changes = [
        ("/dsseEnvelope/payload", payload(other_result.into_bytes())),
        ("/dsseEnvelope/payload", payload([statement().to_bytes(), b" ".to_vec()].concat())),
        ("/dsseEnvelope/payloadType", json!(format!("{PAYLOAD_TYPE} "))),
        ("/dsseEnvelope/signatures/0/sig", foreign["dsseEnvelope"]["signatures"][0]["sig"].clone()),
        ("/dsseEnvelope/signatures/0/sig", json!("")),
    ];
    for (pointer, value) in changes {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        let bytes = changed.to_string().into_bytes();
        let ours = Bundle::parse(&bytes).map(|bundle| verify(&bundle, &[key.public()]));
        assert!(!matches!(ours, Ok(Ok(_))), "we accept a changed {pointer}");
        let (_folder, bundle_path, key_path) = files(&bytes, &key.public());
        for (name, verifier) in VERIFIERS {
            match verifier(&bundle_path, &key_path) {
                Some(output) => assert!(!output.status.success(), "{name} accepts a changed {pointer}"),
                None => skipped(name),
            }
        }
    }
}

#[test]
fn others_and_we_reject_another_key() {
    let (key, stranger) = (SigningKey::generate(), SigningKey::generate());
    let bundle = Bundle::seal(&statement(), &key).unwrap();
    assert!(verify(&bundle, &[stranger.public()]).is_err());
    let (_folder, bundle_path, key_path) = files(&bundle.to_bytes(), &stranger.public());
    for (name, verifier) in VERIFIERS {
        match verifier(&bundle_path, &key_path) {
            Some(output) => assert!(!output.status.success(), "{name} accepts another key"),
            None => skipped(name),
        }
    }
}
