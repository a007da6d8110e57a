//! Evidence on a real registry (Debian's `docker-registry`): left, found again, told from what is none.
#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

#[path = "../../oci/tests/support/mod.rs"]
mod support;

use attest::{Bundle, SigningKey, Statement, predicate};
use clap::{Args as _, FromArgMatches as _};
use evidence::{Evidence, EvidenceInputs, Found, Left, RegistryAuth};
use github::{Exit, Runner};
use oci::{Artifact, layout::push_layout};
use secrecy::ExposeSecret as _;
use std::collections::BTreeMap;
use subject::{Digest, ImageRef, Reference};
use support::{DockerRegistry, anonymous, layout_in, sample};

fn key_text(key: &SigningKey) -> String {
    key.to_pem().unwrap().expose_secret().to_owned()
}

fn signing(key: &SigningKey) -> EvidenceInputs {
    EvidenceInputs { signing_key: Some(key_text(key).into()), ..EvidenceInputs::default() }
}

async fn pushed(server: &DockerRegistry, mark: &str) -> ImageRef {
    let folder = tempfile::tempdir().unwrap();
    let layout = layout_in(folder.path(), &sample(mark));
    push_layout(&anonymous(), &layout, &server.repository("org/app"), Some(mark)).await.unwrap()
}

fn verdict(word: &str) -> serde_json::Value {
    serde_json::json!({"result": word, "configuration": []})
}

#[tokio::test]
async fn a_statement_is_left_once_and_found_again_by_its_key() {
    let Some(server) = DockerRegistry::start("") else { return };
    let image = pushed(&server, "one").await;
    let (runner, captured) = Runner::for_test([]);
    let key = SigningKey::generate();
    let evidence = Evidence::open(&runner, &signing(&key), &image.repository, None).unwrap();
    assert!(evidence.signs());
    assert!(evidence.read(&image, &[key.public()]).await.unwrap().is_empty());

    let left = evidence.leave(&image, predicate::TEST_RESULT, verdict("PASSED")).await.unwrap();
    let Left::Signed { referrer, key_id } = &left else { panic!("nothing was left") };
    assert_eq!(key_id, key.public().key_id());
    assert_eq!(
        evidence.leave(&image, predicate::TEST_RESULT, verdict("PASSED")).await.unwrap(),
        left,
        "again is the same"
    );
    evidence.leave(&image, predicate::TEST_RESULT, verdict("FAILED")).await.unwrap();

    let found = evidence.read(&image, &[key.public()]).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].referrer, *referrer);
    let believed = found[0].statement.as_ref().unwrap();
    assert_eq!(believed.statement.predicate(), &verdict("PASSED"));
    assert_eq!(believed.statement.subjects()[0].name, image.repository.to_string());

    let log = captured.log();
    let announced = log.find(&format!("attaching to {image}: {}", predicate::TEST_RESULT)).unwrap();
    let confirmed = log.find(&format!("attached and read back as {referrer}")).unwrap();
    assert!(announced < confirmed, "{log}");

    let manifest = evidence.registry().manifest(&image.repository.image(*referrer)).await.unwrap();
    assert_eq!(manifest.artifact_type(), Some(attest::BUNDLE_MEDIA_TYPE));
    assert_eq!(manifest.annotations()["dev.sigstore.bundle.content"], "dsse-envelope");
    assert_eq!(manifest.annotations()["dev.sigstore.bundle.predicateType"], predicate::TEST_RESULT);
}

#[tokio::test]
async fn evidence_that_does_not_count_comes_with_the_reason() {
    let Some(server) = DockerRegistry::start("") else { return };
    let (image, other) = (pushed(&server, "one").await, pushed(&server, "two").await);
    let (runner, _) = Runner::for_test([]);
    let (key, stranger) = (SigningKey::generate(), SigningKey::generate());
    let evidence = Evidence::open(&runner, &signing(&key), &image.repository, None).unwrap();
    let attach = async |bytes: Vec<u8>| {
        let media_type = attest::BUNDLE_MEDIA_TYPE.to_owned();
        // What the annotations promise is not what is believed.
        let annotations = BTreeMap::from([("dev.sigstore.bundle.predicateType".to_owned(), predicate::VSA.to_owned())]);
        let artifact = Artifact { artifact_type: media_type.clone(), media_type, bytes: bytes.into(), annotations };
        evidence.registry().attach(&image, &artifact).await.unwrap()
    };
    let statement =
        |digest: Digest| Statement::new(vec![("app".into(), digest)], predicate::TEST_RESULT, verdict("PASSED"));
    let sealed = |digest, key: &SigningKey| Bundle::seal(&statement(digest), key).unwrap().to_bytes();

    let good = attach(sealed(image.digest, &key)).await;
    let unknown = attach(sealed(image.digest, &stranger)).await;
    let foreign = attach(sealed(other.digest, &key)).await;
    let garbage = attach(b"{}".to_vec()).await;
    let text = String::from_utf8(sealed(image.digest, &key)).unwrap();
    let changed = Bundle::seal(&statement(other.digest), &key).unwrap();
    let payload = |bytes: &[u8]| {
        serde_json::from_slice::<serde_json::Value>(bytes).unwrap()["dsseEnvelope"]["payload"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let forged = text.replace(&payload(text.as_bytes()), &payload(&changed.to_bytes()));
    let forged = attach(forged.into_bytes()).await;

    let found = evidence.read(&image, &[key.public()]).await.unwrap();
    let code = |found: &Found| found.statement.as_ref().map_or_else(|rejected| rejected.code(), |_| "believed");
    let codes: BTreeMap<Digest, &str> = found.iter().map(|found| (found.referrer, code(found))).collect();
    let wanted = [
        (good, "believed"),
        (unknown, "wrong-key"),
        (foreign, "wrong-subject"),
        (garbage, "malformed-envelope"),
        (forged, "bad-signature"),
    ];
    assert_eq!(codes, BTreeMap::from(wanted));
    let unverified = evidence.read(&image, &[]).await.unwrap();
    assert!(unverified.iter().all(|found| found.statement.is_err()), "without a key nothing is believed");
}

#[tokio::test]
async fn without_a_key_nothing_is_left_and_the_log_says_so() {
    let Some(server) = DockerRegistry::start("") else { return };
    let image = pushed(&server, "one").await;
    let (runner, captured) = Runner::for_test([]);
    let evidence = Evidence::open(&runner, &EvidenceInputs::default(), &image.repository, None).unwrap();
    assert!(!evidence.signs());
    let left = evidence.leave(&image, predicate::TEST_RESULT, verdict("PASSED")).await.unwrap();
    assert_eq!(left, Left::NotAsked);
    assert!(captured.log().contains("no signing-key: nothing was left"), "{}", captured.log());
    assert!(evidence.registry().referrers(&image, None).await.unwrap().found.is_empty());
}

#[tokio::test]
async fn a_reference_is_pinned_to_an_image_that_is_there() {
    let Some(server) = DockerRegistry::start("") else { return };
    let image = pushed(&server, "one").await;
    let (runner, captured) = Runner::for_test([]);
    let evidence = Evidence::open(&runner, &EvidenceInputs::default(), &image.repository, None).unwrap();
    let pin = async |text: String| evidence.pin(&text.parse::<Reference>().unwrap()).await;
    assert_eq!(pin(format!("{}:one", image.repository)).await.unwrap(), image);
    assert!(captured.log().contains(&image.digest.to_string()));
    assert_eq!(pin(image.to_string()).await.unwrap(), image);
    for absent in [format!("{}:nine", image.repository), image.repository.image(Digest::of(b"absent")).to_string()] {
        let failure = pin(absent.clone()).await.unwrap_err();
        assert_eq!(failure.exit(), Exit::Unknown);
        let text = failure.to_string();
        let digest_or_tag = absent.rsplit(['@', '/']).next().unwrap();
        assert!(text.starts_with("failed to find the image") && text.contains(digest_or_tag), "{text}");
        assert!(text.contains("state: nothing was changed") && text.contains("help: check registry"), "{text}");
    }
    drop(server);
    let failure = pin(image.to_string()).await.unwrap_err();
    assert!(failure.to_string().contains("help: the registry may be out of order"), "{failure}");
}

#[tokio::test]
async fn a_statement_about_an_image_that_is_not_there_is_not_left() {
    let Some(server) = DockerRegistry::start("") else { return };
    let image = server.repository("org/app").image(Digest::of(b"absent"));
    let (runner, _) = Runner::for_test([]);
    let evidence = Evidence::open(&runner, &signing(&SigningKey::generate()), &image.repository, None).unwrap();
    let failure = evidence.leave(&image, predicate::TEST_RESULT, verdict("PASSED")).await.unwrap_err();
    assert!(failure.to_string().contains("state: the image itself was not changed"), "{failure}");
}

fn opened(inputs: &EvidenceInputs, env: &[(&str, &str)]) -> Result<bool, String> {
    let (runner, _) = Runner::for_test(env.iter().copied());
    let repository = "ghcr.io/org/app".parse().unwrap();
    Evidence::open(&runner, inputs, &repository, None)
        .map(|evidence| evidence.signs())
        .map_err(|failure| failure.to_string())
}

#[test]
fn a_key_is_pem_text_or_the_path_of_it_and_anything_else_is_explained_without_showing_it() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = [("GITHUB_WORKSPACE", folder.path().to_str().unwrap())];
    let pem = key_text(&SigningKey::generate());
    std::fs::write(folder.path().join("key.pem"), &pem).unwrap();
    std::fs::write(folder.path().join("other.txt"), "hello").unwrap();
    let with = |key: &str| EvidenceInputs { signing_key: Some(key.into()), ..EvidenceInputs::default() };
    assert_eq!(opened(&with(&pem), &workspace), Ok(true));
    assert_eq!(opened(&with("key.pem"), &workspace), Ok(true));
    for (key, wanted) in [
        ("missing-secret.pem", "neither PEM text nor the path of a readable file"),
        ("other.txt", "holds no PEM text"),
        ("-----BEGIN PRIVATE KEY-----\nc2VjcmV0LXNlY3JldA==\n-----END PRIVATE KEY-----\n", "signing-key:"),
    ] {
        let error = opened(&with(key), &workspace).unwrap_err();
        assert!(error.contains(wanted) && error.contains("signing-key"), "{error}");
        assert!(!error.contains("missing-secret") && !error.contains("c2VjcmV0"), "{error}");
    }
    let stray = EvidenceInputs { signing_key_password: Some("x".into()), ..EvidenceInputs::default() };
    assert!(opened(&stray, &workspace).unwrap_err().contains("signing-key-password is given"));
}

#[test]
fn contradictory_logins_are_named_all_at_once() {
    let basic = EvidenceInputs { registry_auth: RegistryAuth::Basic, ..EvidenceInputs::default() };
    let error = opened(&basic, &[]).unwrap_err();
    assert!(
        error.contains("registry-username: is needed") && error.contains("registry-password: is needed"),
        "{error}"
    );
    let stray = EvidenceInputs {
        registry_password: Some("x".into()),
        signing_key: Some("none".into()),
        ..EvidenceInputs::default()
    };
    let error = opened(&stray, &[]).unwrap_err();
    assert!(error.contains("registry-password: is used with") && error.contains("signing-key: is neither"), "{error}");
    let ecr = EvidenceInputs { registry_auth: RegistryAuth::Ecr, ..EvidenceInputs::default() };
    assert!(opened(&ecr, &[]).unwrap_err().contains("needs an AWS identity"));
}

#[test]
fn the_inputs_are_declared_as_an_action_uses_them() {
    let command = EvidenceInputs::augment_args(clap::Command::new("action"));
    let matches =
        command.try_get_matches_from(["action", "--registry-auth", "basic", "--registry-username", "me"]).unwrap();
    let inputs = EvidenceInputs::from_arg_matches(&matches).unwrap();
    assert_eq!((inputs.registry_auth, inputs.registry_username.as_deref()), (RegistryAuth::Basic, Some("me")));
    let command = EvidenceInputs::augment_args(clap::Command::new("action"));
    for (argument, secret) in [
        ("signing_key", true),
        ("signing_key_password", true),
        ("registry_password", true),
        ("registry_username", false),
    ] {
        let argument = command.get_arguments().find(|candidate| candidate.get_id() == argument).unwrap();
        assert_eq!(argument.get_value_names().is_some_and(|names| names == ["SECRET"]), secret, "{argument}");
    }
}
