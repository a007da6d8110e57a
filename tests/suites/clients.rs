//! The laptop cloud before independent clients: AWS's own SDK with its service models, AWS's command line, skopeo, and
//! beside another emulator.

#![expect(clippy::unwrap_used, reason = "a step of a test that fails is a test that fails")]

use e2e::outside;
use sandbox::{Options, Sandbox};
use std::process::Command;

/// Runs a script of a folder in `tests` with the Python that was made for it.
async fn satisfied(folder: &str, script: &str) {
    let Some(python) = outside::python(folder) else { return };
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let script = outside::root().join("tests").join(folder).join(script);
    let output = Command::new(python).arg(script).arg(sandbox.endpoint()).envs(sandbox.env()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn botocores_models_find_nothing_wrong_with_any_answer() {
    satisfied("conformance", "strict.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn skopeo_pushes_promotes_and_reads_back_by_digest() {
    if outside::program("skopeo").is_some() {
        satisfied("conformance", "images.py").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_command_line_deploys_in_every_way_and_nothing_is_refused() {
    satisfied("emulators", "command_line.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_moto_answers_too_the_answers_are_the_same_or_the_difference_is_explained() {
    satisfied("emulators", "beside_moto.py").await;
}
