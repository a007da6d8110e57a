//! A good release through the launcher, action by action, and what others make of the evidence it leaves.

#![expect(clippy::unwrap_used, reason = "a step of a test that fails is a test that fails")]

use attest::{Bundle, PublicKey};
use e2e::{
    Outcome, Step, outside,
    world::{Environment, Release, World},
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

struct Chain {
    world: World,
    tree: PathBuf,
    release: Release,
    production: Environment,
}

impl Chain {
    async fn begin() -> Option<Self> {
        let (tree, service) = (outside::tree()?, outside::sample_service()?);
        let world = World::start(&service).await.unwrap();
        let before = world.release("good", &tree).await.unwrap();
        let production = world.environment("production", &before.image, 1).await.unwrap();
        let release = world.release("good", &tree).await.unwrap();
        Some(Self { world, tree, release, production })
    }

    /// Runs an action on the release, main and post, and expects a yes.
    fn yes(&self, action: &str, inputs: &[(&str, &str)]) -> Outcome {
        let mut step = Step::of(&self.tree, action, &self.world.repository)
            .env(self.world.run_env(&self.release.commit))
            .with("image", &self.release.image)
            .with("signing-key", &self.world.signing_key);
        for (name, value) in inputs {
            step = step.with(name, value);
        }
        let outcome = step.run().unwrap();
        assert_eq!(outcome.exit, Some(0), "{action}: {}", outcome.log);
        assert!(outcome.summary.starts_with("### ✅"), "{action}: {}", outcome.summary);
        assert!(serde_json::from_str::<serde_json::Value>(&outcome.report).is_ok(), "{action}: {}", outcome.report);
        for text in [&outcome.log, &outcome.summary, &outcome.report] {
            let secrets = self.world.signing_key.lines().filter(|line| !line.starts_with("-----"));
            let mut leaks = secrets
                .filter(|line| text.lines().any(|said| !said.starts_with("::add-mask::") && said.contains(line)));
            assert_eq!(leaks.next(), None, "{action} shows the key");
        }
        outcome
    }

    async fn bundles(&self) -> BTreeMap<String, Vec<u8>> {
        let registry = self.world.registry().await.unwrap();
        let keys = [PublicKey::from_pem(&self.world.public_key).unwrap()];
        let mut bundles = BTreeMap::new();
        for referrer in registry.referrers(&self.release.image, None).await.unwrap().found {
            let bytes =
                registry.blob_bytes(&self.release.image.repository, &referrer.layers()[0], 1 << 24).await.unwrap();
            let verified = attest::verify(&Bundle::parse(&bytes).unwrap(), &keys).unwrap();
            let statement = verified.about(&self.release.image.digest).unwrap();
            bundles.insert(statement.predicate_type().to_owned(), bytes.to_vec());
        }
        bundles
    }
}

fn accepted(command: &mut Command) {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {text}");
}

/// The statement inside a bundle, as a file.
fn statement(bundle: &[u8], folder: &Path, name: &str) -> PathBuf {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let bundle: serde_json::Value = serde_json::from_slice(bundle).unwrap();
    let payload = STANDARD.decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap();
    let path = folder.join(format!("{name}.statement.json"));
    std::fs::write(&path, payload).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn every_gate_leaves_its_statement_and_other_peoples_verifiers_accept_it() {
    let Some(chain) = Chain::begin().await else { return };
    chain.yes("sbom", &[]);
    chain.yes("provenance-stamp", &[]);
    let (cluster, service) = (chain.production.cluster.clone(), chain.production.service.clone());
    let deployed = chain.yes("ecs-deploy", &[("cluster", &cluster), ("service", &service), ("poll-seconds", "1")]);
    assert_eq!(deployed.outputs["digest"], chain.release.image.digest.to_string());
    let url = chain.production.url.clone();
    let canary = [
        ("base-url", url.as_str()),
        ("config", "canary/canary.yml"),
        ("parameters", "line=1.4"),
        ("expect-version", &chain.release.commit),
    ];
    chain.yes("canary-dataset-check", &canary);
    let http = transport::client(transport::Limits::default()).unwrap();
    let start = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap().to_string();
    for number in 0..400 {
        let asked = http.get(format!("{url}/v1/recommendations/b-{:03}", number % 40 + 1)).send().await.unwrap();
        assert!(asked.status().is_success());
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let (balancer, group) = &chain.production.dimensions;
    let parameters = format!("load_balancer={balancer}\ntarget_group={group}\ninterval=1s\nwatch=3s\nsettle=1s");
    chain.yes(
        "guardrail-gate",
        &[("guardrails", "guardrails.yml"), ("parameters", &parameters), ("window-start", &start)],
    );

    let bundles = chain.bundles().await;
    let kinds = [
        "cyclonedx.org/bom",
        "slsa.dev/provenance",
        "release-manifest",
        "deployment",
        "test-result",
        "guardrail-verdict",
    ];
    for kind in kinds {
        assert!(bundles.keys().any(|found| found.contains(kind)), "{kind}: {:?}", bundles.keys());
    }
    others_accept(&chain.world.public_key, &bundles);
}

fn others_accept(public_key: &str, bundles: &BTreeMap<String, Vec<u8>>) {
    let (Some(python), Some(node)) = (outside::python("verifiers"), outside::tool_folder("node")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let verifiers = outside::root().join("tests/verifiers");
    let key = folder.path().join("key.pem");
    std::fs::write(&key, public_key).unwrap();
    let mut ours = Vec::new();
    for (number, (kind, bundle)) in bundles.iter().enumerate() {
        let path = folder.path().join(format!("{number}.json"));
        std::fs::write(&path, bundle).unwrap();
        accepted(Command::new(&python).arg(verifiers.join("dsse_verify.py")).args([&path, &key]));
        let mut sigstore = Command::new("node");
        sigstore.env("NODE_PATH", node.join("node_modules"));
        accepted(sigstore.arg(verifiers.join("bundle_verify.mjs")).args([&path, &key]));
        if kind.starts_with("https://lockkeeper.dev/") {
            ours.push(statement(bundle, folder.path(), &number.to_string()));
        }
    }
    assert_eq!(ours.len(), 3, "release-manifest, deployment, guardrail-verdict");
    accepted(Command::new(python).arg(verifiers.join("statement_verify.py")).args(ours));
}
