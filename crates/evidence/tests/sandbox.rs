//! Evidence on the sandbox's registry: ECR's login, the referrers API, immutable tags.
#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

#[path = "../../oci/tests/support/mod.rs"]
mod support;

use attest::{SigningKey, predicate};
use aws::{Aws, AwsInputs, Service};
use evidence::{Evidence, EvidenceInputs, RegistryAuth};
use github::Runner;
use oci::{Platform, image::Image, layout::push_layout};
use sandbox::{Options, Sandbox};
use secrecy::ExposeSecret as _;
use subject::{Reference, Repository};
use support::{anonymous, layout_in, sample};

fn runner_in(sandbox: &Sandbox) -> Runner {
    let env = sandbox.env();
    Runner::for_test(env.iter().map(|(name, value)| (name.as_str(), value.as_str()))).0
}

#[tokio::test]
async fn a_statement_is_left_with_an_ecr_login_and_found_by_the_referrers_api() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let runner = runner_in(&sandbox);
    let aws = Aws::connect(&runner, &AwsInputs::default()).await.unwrap();
    // Tags that can never be written twice: evidence must not need any.
    let create = serde_json::json!({"repositoryName": "org/app", "imageTagMutability": "IMMUTABLE"});
    aws.json(Service::Ecr, "CreateRepository", &create).await.unwrap();

    let repository = Repository::new(&sandbox.registry_host(), "org/app").unwrap();
    let key = SigningKey::generate();
    let pem = key.to_pem().unwrap().expose_secret().to_owned();
    let inputs = EvidenceInputs { signing_key: Some(pem.into()), ..EvidenceInputs::default() };
    let evidence = Evidence::connect(&runner, &inputs, &repository, &AwsInputs::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let layout = layout_in(folder.path(), &sample("one"));
    let image = push_layout(evidence.registry(), &layout, &repository, Some("v1")).await.unwrap();
    assert_eq!(evidence.pin(&format!("{repository}:v1").parse::<Reference>().unwrap()).await.unwrap(), image);

    let verdict = |word: &str| serde_json::json!({"result": word, "configuration": []});
    let left = evidence.leave(&image, predicate::TEST_RESULT, verdict("PASSED")).await.unwrap();
    assert_eq!(evidence.leave(&image, predicate::TEST_RESULT, verdict("PASSED")).await.unwrap(), left);
    evidence.leave(&image, predicate::DEPLOYMENT, verdict("PASSED")).await.unwrap();
    let found = evidence.read(&image, &[key.public()]).await.unwrap();
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|found| found.statement.is_ok()), "{found:?}");

    // The API serves them, so no tag was written for them.
    let fallback = format!("{repository}:sha256-{}", image.digest.hex());
    let failure = evidence.pin(&fallback.parse::<Reference>().unwrap()).await.unwrap_err();
    assert!(failure.to_string().contains("404"), "{failure}");

    let fetched = Image::fetch(evidence.registry(), &image, &Platform::linux("amd64")).await.unwrap();
    assert_eq!(fetched.layers.len(), 2);

    // The same tag for the same image is no harm; for another image it is refused, in the registry's own words.
    assert_eq!(push_layout(evidence.registry(), &layout, &repository, Some("v1")).await.unwrap(), image);
    let other = tempfile::tempdir().unwrap();
    let other = layout_in(other.path(), &sample("two"));
    let error = push_layout(evidence.registry(), &other, &repository, Some("v1")).await.unwrap_err();
    assert!(!error.is_temporary() && error.to_string().contains("TAG_INVALID"), "{error}");
}

#[tokio::test]
async fn the_sandboxs_registry_is_closed_to_strangers() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let runner = runner_in(&sandbox);
    let repository = Repository::new(&sandbox.registry_host(), "org/app").unwrap();
    let image = repository.image(subject::Digest::of(b"any"));
    assert!(anonymous().exists(&image).await.unwrap_err().is_unauthorized());
    let inputs = EvidenceInputs { registry_auth: RegistryAuth::Anonymous, ..EvidenceInputs::default() };
    let evidence = Evidence::connect(&runner, &inputs, &repository, &AwsInputs::default()).await.unwrap();
    let failure = evidence.pin(&Reference::Image(image)).await.unwrap_err();
    assert!(failure.to_string().contains("help: check `registry-auth`"), "{failure}");
}
