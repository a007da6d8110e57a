//! A key that a service keeps: real signatures of another program's making, requests judged by AWS's own model
//! (`tests/conformance/kms.py`), evidence on a real registry.
#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

#[path = "../../oci/tests/support/mod.rs"]
mod support;

use attest::{PublicKey, predicate};
use aws::AwsInputs;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use evidence::{Evidence, EvidenceInputs};
use github::{Failure, Runner};
use oci::layout::push_layout;
use secrecy::ExposeSecret;
use serde_json::json;
use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};
use subject::ImageRef;
use support::{DockerRegistry, anonymous, layout_in, sample};

struct KeyService {
    process: Child,
    url: String,
    public: PublicKey,
}

impl KeyService {
    /// Loud where its Python is not installed; where everything must run, an error.
    #[expect(clippy::print_stderr, reason = "a skipped suite must be seen")]
    fn start() -> Option<Self> {
        let python = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools/python/conformance/bin/python");
        if !python.exists() {
            let ci = std::env::vars().any(|(key, value)| key == "CI" && value == "true");
            assert!(!ci, "botocore is not installed, and CI runs every suite");
            eprintln!("SKIPPED: botocore is not installed; `cargo xtask test` installs it");
            return None;
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/kms.py");
        let mut process = Command::new(python).arg(script).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = lines.next().unwrap().unwrap();
        let public = PublicKey::from_der(&STANDARD.decode(lines.next().unwrap().unwrap()).unwrap()).unwrap();
        Some(Self { process, url, public })
    }

    /// Leaves a statement with the key of this name, and reads what is there with the service's public key.
    async fn leave(&self, image: &ImageRef, inputs: &EvidenceInputs) -> Result<usize, Failure> {
        let (runner, _) = Runner::for_test([
            ("AWS_ENDPOINT_URL_KMS", self.url.as_str()),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ]);
        let evidence = Evidence::connect(&runner, inputs, &image.repository, &AwsInputs::default()).await?;
        assert!(evidence.signs());
        let key = inputs.signing_key.as_ref().map(ExposeSecret::expose_secret);
        let claim = json!({"result": "PASSED", "configuration": [], "by": key, "padding": "x".repeat(9000)});
        evidence.leave(image, predicate::TEST_RESULT, claim).await?;
        let found = evidence.read(image, std::slice::from_ref(&self.public)).await?;
        Ok(found.iter().filter(|found| found.statement.is_ok()).count())
    }
}

impl Drop for KeyService {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn named(key: &str) -> EvidenceInputs {
    EvidenceInputs { signing_key: Some(format!("awskms:///{key}").into()), ..EvidenceInputs::default() }
}

#[tokio::test]
async fn a_key_in_kms_signs_what_everybody_can_verify() {
    let (Some(service), Some(server)) = (KeyService::start(), DockerRegistry::start("")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let layout = layout_in(folder.path(), &sample("one"));
    let image = push_layout(&anonymous(), &layout, &server.repository("org/app"), Some("one")).await.unwrap();
    assert_eq!(service.leave(&image, &named("alias/release")).await.unwrap(), 1);
    let arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    assert_eq!(service.leave(&image, &named("alias/release")).await.unwrap(), 1, "the same statement is left once");
    assert_eq!(service.leave(&image, &named(arn)).await.unwrap(), 2);
    assert_eq!(service.leave(&image, &named("alias/flaky")).await.unwrap(), 3, "a lost answer is asked for again");

    for (key, wanted) in [
        ("alias/koblitz", "not an ECDSA P-256 key"),
        ("alias/rsa", "spec RSA_2048, not ECC_NIST_P256"),
        ("alias/missing", "NotFoundException"),
        ("alias/forbidden", "the IAM action kms:GetPublicKey is not allowed"),
        ("alias/twice", "is not a signature of key"),
    ] {
        let failure = service.leave(&image, &named(key)).await.unwrap_err();
        let text = failure.to_string();
        assert!(text.contains(wanted) && text.contains("nothing was attached"), "{key}: {text}");
    }
    for (inputs, wanted) in [
        (named(""), "is not `awskms:///`"),
        (named("alias/a b"), "is not `awskms:///`"),
        (EvidenceInputs { signing_key: Some("awskms://host/alias/x".into()), ..named("x") }, "is not `awskms:///`"),
        (named(&arn.replace("eu-west-1", "us-east-1")), "region us-east-1, but this step works in eu-west-1"),
        (EvidenceInputs { signing_key_password: Some("x".into()), ..named("alias/release") }, "a key in KMS has none"),
    ] {
        let failure = service.leave(&image, &inputs).await.unwrap_err();
        assert_eq!(failure.input_errors().len(), 1);
        assert!(failure.to_string().contains(wanted), "{failure}");
    }
    let without = Runner::for_test([]).0;
    let failure = Evidence::open(&without, &named("alias/release"), &image.repository, None).err().unwrap();
    assert!(failure.to_string().contains("no connection to AWS"), "{failure}");
}
