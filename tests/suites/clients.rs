//! The laptop cloud before independent clients: AWS's own SDK with its service models, and skopeo.

#![expect(clippy::unwrap_used, reason = "a step of a test that fails is a test that fails")]

use e2e::outside;
use sandbox::{Options, Sandbox};
use std::process::Command;

async fn satisfied(script: &str) {
    let Some(python) = outside::python("conformance") else { return };
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let script = outside::root().join("tests/conformance").join(script);
    let output = Command::new(python).arg(script).arg(sandbox.endpoint()).envs(sandbox.env()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn botocores_models_find_nothing_wrong_with_any_answer() {
    satisfied("strict.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn skopeo_pushes_promotes_and_reads_back_by_digest() {
    if outside::program("skopeo").is_some() {
        satisfied("images.py").await;
    }
}
