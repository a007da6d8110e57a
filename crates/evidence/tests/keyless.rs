//! Signing with a certificate and being witnessed, at Sigstore's own mock of its services
//! (`tests/verifiers/keyless_services.mjs`), with evidence on a real registry; judged by sigstore-js and cosign.
#![cfg(feature = "keyless")]
#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

#[path = "../../oci/tests/support/mod.rs"]
mod support;

use attest::{Identity, Reason, SigningKey, policy::Piece, predicate};
use evidence::{Evidence, EvidenceInputs, Left};
use github::{Captured, Runner};
use oci::layout::push_layout;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};
use subject::{Digest, ImageRef};
use support::{DockerRegistry, anonymous, layout_in, sample};

fn tools() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools")
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/verifiers").join(name)
}

/// Loud where a tool is not installed; where everything must run, an error.
#[expect(clippy::print_stderr, reason = "a skipped suite must be seen")]
fn installed(what: &str, path: &Path) -> bool {
    if !path.exists() {
        let ci = std::env::vars().any(|(key, value)| key == "CI" && value == "true");
        assert!(!ci, "{what} is not installed, and CI runs every suite");
        eprintln!("SKIPPED: {what} is not installed; `cargo xtask test` installs it");
    }
    path.exists()
}

fn node(name: &str) -> Command {
    let mut command = Command::new("node");
    command.env("NODE_PATH", tools().join("node/node_modules")).arg(script(name));
    command
}

/// The services, and files that tell where they are and whom to believe.
struct World {
    process: Child,
    url: String,
    folder: tempfile::TempDir,
    server: DockerRegistry,
    image: ImageRef,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl World {
    async fn start() -> Option<Self> {
        if !installed("@sigstore/mock", &tools().join("node/node_modules/@sigstore/mock")) {
            return None;
        }
        let server = DockerRegistry::start("")?;
        let mut process = node("keyless_services.mjs").stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let told: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let (url, folder) = (told["url"].as_str().unwrap().to_owned(), tempfile::tempdir().unwrap());
        let service = |url: String| json!([{"url": url, "majorApiVersion": 1, "operator": "mock"}]);
        let configuration = json!({
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": service(url.clone()),
            "rekorTlogUrls": service(url.clone()),
            "tsaUrls": service(format!("{url}/api/v1/timestamp")),
        });
        fs::write(folder.path().join("signing_config.json"), configuration.to_string()).unwrap();
        fs::write(folder.path().join("trusted_root.json"), told["trustedRoot"].to_string()).unwrap();
        let layout_folder = tempfile::tempdir().unwrap();
        let layout = layout_in(layout_folder.path(), &sample("one"));
        let image = push_layout(&anonymous(), &layout, &server.repository("org/app"), Some("one")).await.unwrap();
        Some(Self { process, url, folder, server, image })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn runner(&self) -> (Runner, Captured) {
        let url = format!("{}/identity-token", self.url);
        Runner::for_test([("ACTIONS_ID_TOKEN_REQUEST_URL", url.as_str()), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner")])
    }

    fn inputs(&self, key: &str) -> EvidenceInputs {
        EvidenceInputs {
            signing_key: Some(key.to_owned().into()),
            signing_config: Some(self.file("signing_config.json")),
            trusted_root: Some(self.file("trusted_root.json")),
            ..EvidenceInputs::default()
        }
    }

    /// These services answer 503 from now on, and no others.
    async fn break_down(&self, services: &[&str]) {
        transport::install_crypto();
        let request = reqwest::Client::new().put(format!("{}/out-of-order", self.url)).json(&json!(services));
        assert!(request.send().await.unwrap().status().is_success());
    }

    async fn leave(&self, key: &str) -> (Result<Left, github::Failure>, String) {
        let (runner, captured) = self.runner();
        let evidence = Evidence::open(&runner, &self.inputs(key), &self.image.repository, None).unwrap();
        let left =
            evidence.leave(&self.image, predicate::TEST_RESULT, json!({"result": "PASSED", "configuration": []}));
        let left = left.await;
        (left, captured.log())
    }

    /// What somebody finds who believes this holder of certificates and these keys.
    async fn gather(&self, identities: Vec<Identity>, keys: &[attest::PublicKey]) -> Vec<Piece> {
        let (runner, _) = Runner::for_test([]);
        let inputs = EvidenceInputs { trusted_root: Some(self.file("trusted_root.json")), ..EvidenceInputs::default() };
        let evidence = Evidence::open(&runner, &inputs, &self.image.repository, None).unwrap();
        evidence.believing(identities).gather(&self.image, keys).await.unwrap()
    }

    /// The bundle that a referrer carries, in a file.
    async fn bundle(&self, referrer: Digest) -> PathBuf {
        let registry = anonymous();
        let manifest = registry.manifest(&self.image.repository.image(referrer)).await.unwrap();
        let blob = manifest.blobs().into_iter().find(|blob| blob.size > 2).unwrap();
        let bytes = registry.blob_bytes(&self.image.repository, blob, 1 << 20).await.unwrap();
        let path = self.file("bundle.sigstore.json");
        fs::write(&path, bytes).unwrap();
        path
    }
}

fn workflow() -> Identity {
    Identity {
        subject: "https://github.com/org/app/.github/workflows/release.yml@refs/heads/main".into(),
        issuer: "https://token.actions.githubusercontent.com".into(),
    }
}

/// sigstore-js's judgement, with a log entry and a time stamp required.
fn sigstore_js(world: &World, bundle: &Path, subject: &str) -> Output {
    let mut command = node("keyless_verify.mjs");
    command.arg(bundle).arg(world.file("trusted_root.json")).args([subject, &workflow().issuer, "tlog"]);
    command.output().unwrap()
}

/// cosign's judgement; it wants the artifact by its digest.
fn cosign(world: &World, bundle: &Path, subject: &str) -> Option<Output> {
    let program = tools().join("bin/cosign");
    if !installed("cosign", &program) {
        return None;
    }
    let mut command = Command::new(program);
    command.env("HOME", world.folder.path()).args(["verify-blob-attestation", "--use-signed-timestamps"]);
    command.arg("--trusted-root").arg(world.file("trusted_root.json")).arg("--bundle").arg(bundle);
    command.args(["--certificate-identity", subject, "--certificate-oidc-issuer", &workflow().issuer]);
    command.args(["--type", predicate::TEST_RESULT, "--digest", &world.image.digest.hex(), "--digestAlg", "sha256"]);
    Some(command.output().unwrap())
}

#[tokio::test]
async fn a_job_signs_in_its_own_name_and_others_believe_it() {
    let Some(world) = World::start().await else { return };
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
        let cosign = cosign(&world, &bundle, subject).map(|output| ("cosign", output));
        [Some(("sigstore-js", sigstore_js(&world, &bundle, subject))), cosign].into_iter().flatten().collect::<Vec<_>>()
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
    let Some(world) = World::start().await else { return };
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
    let Some(world) = World::start().await else { return };
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
    let Some(world) = World::start().await else { return };
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
    let Some(world) = World::start().await else { return };
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
    let _ = &world.server;
}
