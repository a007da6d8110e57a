//! Sigstore's own mock of its services, a registry with an image, and who judges what is left there.

use crate::support::{AnyRegistry, Kind, anonymous, layout_in, sample, tool};
use attest::{Identity, policy::Piece, predicate};
use evidence::{Evidence, EvidenceInputs, Left};
use github::{Captured, Runner};
use oci::layout::push_layout;
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};
use subject::{Digest, ImageRef};

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/verifiers").join(name)
}

fn node(name: &str) -> Command {
    let mut command = Command::new("node");
    command.envs(tool("node/node_modules").map(|modules| ("NODE_PATH", modules))).arg(script(name));
    command
}

/// The services, and files that tell where they are and whom to believe.
pub(crate) struct World {
    process: Child,
    url: String,
    folder: tempfile::TempDir,
    _server: AnyRegistry,
    pub(crate) image: ImageRef,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl World {
    pub(crate) async fn start(kind: Kind) -> Option<Self> {
        tool("node/node_modules/@sigstore/mock")?;
        let server = AnyRegistry::start(kind)?;
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
        Some(Self { process, url, folder, _server: server, image })
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn runner(&self) -> (Runner, Captured) {
        let url = format!("{}/identity-token", self.url);
        Runner::for_test([("ACTIONS_ID_TOKEN_REQUEST_URL", url.as_str()), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner")])
    }

    pub(crate) fn inputs(&self, key: &str) -> EvidenceInputs {
        EvidenceInputs {
            signing_key: Some(key.to_owned().into()),
            signing_config: Some(self.file("signing_config.json")),
            trusted_root: Some(self.file("trusted_root.json")),
            ..EvidenceInputs::default()
        }
    }

    /// These services answer 503 from now on, and no others.
    pub(crate) async fn break_down(&self, services: &[&str]) {
        transport::install_crypto();
        let request = reqwest::Client::new().put(format!("{}/out-of-order", self.url)).json(&json!(services));
        assert!(request.send().await.unwrap().status().is_success());
    }

    pub(crate) async fn leave(&self, key: &str) -> (Result<Left, github::Failure>, String) {
        let (runner, captured) = self.runner();
        let evidence = Evidence::open(&runner, &self.inputs(key), &self.image.repository, None).unwrap();
        let left =
            evidence.leave(&self.image, predicate::TEST_RESULT, json!({"result": "PASSED", "configuration": []}));
        let left = left.await;
        (left, captured.log())
    }

    /// What somebody finds who believes this holder of certificates and these keys.
    pub(crate) async fn gather(&self, identities: Vec<Identity>, keys: &[attest::PublicKey]) -> Vec<Piece> {
        let (runner, _) = Runner::for_test([]);
        let inputs = EvidenceInputs { trusted_root: Some(self.file("trusted_root.json")), ..EvidenceInputs::default() };
        let evidence = Evidence::open(&runner, &inputs, &self.image.repository, None).unwrap();
        evidence.believing(identities).gather(&self.image, keys).await.unwrap()
    }

    /// The bundle that a referrer carries, in a file.
    pub(crate) async fn bundle(&self, referrer: Digest) -> PathBuf {
        let registry = anonymous();
        let manifest = registry.manifest(&self.image.repository.image(referrer)).await.unwrap();
        let blob = manifest.blobs().into_iter().find(|blob| blob.size > 2).unwrap();
        let bytes = registry.blob_bytes(&self.image.repository, blob, 1 << 20).await.unwrap();
        let path = self.file("bundle.sigstore.json");
        fs::write(&path, bytes).unwrap();
        path
    }
}

pub(crate) fn workflow() -> Identity {
    Identity {
        subject: "https://github.com/org/app/.github/workflows/release.yml@refs/heads/main".into(),
        issuer: "https://token.actions.githubusercontent.com".into(),
    }
}

/// sigstore-js's judgement, with a log entry and a time stamp required.
pub(crate) fn sigstore_js(world: &World, bundle: &Path, subject: &str) -> Output {
    let mut command = node("keyless_verify.mjs");
    command.arg(bundle).arg(world.file("trusted_root.json")).args([subject, &workflow().issuer, "tlog"]);
    command.output().unwrap()
}

/// cosign's judgement; it wants the artifact by its digest.
pub(crate) fn cosign(world: &World, bundle: &Path, subject: &str) -> Option<Output> {
    let mut command = Command::new(tool("bin/cosign")?);
    command.env("HOME", world.folder.path()).args(["verify-blob-attestation", "--use-signed-timestamps"]);
    command.arg("--trusted-root").arg(world.file("trusted_root.json")).arg("--bundle").arg(bundle);
    command.args(["--certificate-identity", subject, "--certificate-oidc-issuer", &workflow().issuer]);
    command.args(["--type", predicate::TEST_RESULT, "--digest", &world.image.digest.hex(), "--digestAlg", "sha256"]);
    Some(command.output().unwrap())
}
