//! The verdict as a signed statement on the image.

use crate::{
    gate::Gate,
    scripted::{Scripted, wait},
};
use aws::{Aws, AwsInputs, Service};
use evidence::{Evidence, EvidenceInputs};
use sandbox::{Options, Sandbox};
use secrecy::ExposeSecret;
use serde_json::json;
use subject::{ImageRef, Repository};

const FILE: &str = r#"
version: 1
window: { watch: 2s, interval: 1s, settle: 0s }
sources:
  prom: { type: prometheus, url: "${url}", scrape_interval: 1s }
guardrails:
  - name: up
    gauge: { source: prom, query: up }
    min: 1
    min_samples: 1
"#;

/// An image with one small layer, pushed to the sandbox's ECR.
async fn push(evidence: &Evidence<'_>, repository: &Repository) -> ImageRef {
    let folder = tempfile::tempdir().unwrap();
    let layout = oci::layout::Layout::create(folder.path()).unwrap();
    let contents = oci::image::Contents::new().file("app", 0o755, "#!/bin/true\n");
    oci::image::Builder::new(oci::Platform::linux("amd64")).layer("test", contents).build(&layout, None).unwrap();
    oci::layout::push_layout(evidence.registry(), &layout, repository, None).await.unwrap()
}

fn gate(env: &[(String, String)], metrics: &Scripted, image: &str) -> Gate {
    let gate = Gate::new(FILE).arg("parameters", &format!("url={}", metrics.url())).arg("image", image);
    let gate = gate.arg("window-start", "2026-01-01T00:00:00Z");
    env.iter().fold(gate, |gate, (name, value)| gate.env(name, value))
}

#[test]
fn pass_and_fail_are_left_on_the_digest_and_verify() {
    let sandbox = wait(Sandbox::start(Options::default())).unwrap();
    let env = sandbox.env();
    let (runner, _) = github::Runner::for_test(env.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let repository = Repository::new(&sandbox.registry_host(), "team/app").unwrap();
    let (inputs, aws) = (EvidenceInputs::default(), AwsInputs::default());
    let created = async {
        let aws = Aws::connect(&runner, &aws).await.unwrap();
        aws.json(Service::Ecr, "CreateRepository", &json!({"repositoryName": "team/app"})).await.unwrap();
        let evidence = Evidence::connect(&runner, &inputs, &repository, &AwsInputs::default()).await.unwrap();
        let image = push(&evidence, &repository).await;
        (evidence, image)
    };
    let (evidence, image) = wait(created);

    let key = attest::SigningKey::generate();
    let pem = key.to_pem().unwrap();
    for (value, code, verdict, rollback) in [("1", 0, "pass", "false"), ("0", 1, "fail", "true")] {
        let metrics = Scripted::prometheus(value, "[]");
        let gate = gate(&env, &metrics, &image.to_string()).arg("signing-key", pem.expose_secret());
        let ended = gate.run();
        ended.expect(code, verdict, rollback);
        assert!(ended.outputs["attestation"].starts_with("sha256:"), "{}", ended.log);
        assert!(!ended.log.contains("PRIVATE KEY"));
    }

    let found = wait(evidence.read(&image, &[key.public()])).unwrap();
    let verdict = |found: &evidence::Found| {
        let statement = &found.statement.as_ref().unwrap().statement;
        assert_eq!(statement.predicate_type(), attest::predicate::GUARDRAIL_VERDICT);
        assert_eq!(statement.predicate()["guardrails"][0]["intervals"].as_array().unwrap().len(), 2);
        statement.predicate()["verdict"].as_str().unwrap().to_owned()
    };
    let mut verdicts: Vec<String> = found.iter().map(verdict).collect();
    verdicts.sort();
    assert_eq!(verdicts, ["fail", "pass"]);
}

#[test]
fn an_image_that_is_not_there_is_told_before_the_watch() {
    let sandbox = wait(Sandbox::start(Options::default())).unwrap();
    let metrics = Scripted::prometheus("1", "[]");
    let image = format!("{}/team/app@sha256:{}", sandbox.registry_host(), "0".repeat(64));
    let ended = gate(&sandbox.env(), &metrics, &image).run();
    assert_eq!((ended.code, ended.outputs["rollback"].as_str()), (Some(3), "false"), "{}", ended.log);
    assert!(metrics.requests().is_empty());
}
