//! Who signs: a key in memory, or one that a service keeps and never gives away.

use attest::{PublicKey, SigningKey};
use aws::{Aws, AwsError, Service};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use github::{Exit, Failure};
use serde_json::{Value, json};
use subject::Digest;
use tokio::sync::OnceCell;

/// Something that signs with ECDSA P-256 over SHA-256.
#[async_trait::async_trait]
pub(crate) trait Signer: Send + Sync {
    /// The public half of its key.
    ///
    /// # Errors
    /// A [`Failure`] when whoever keeps the key cannot be asked, or it is of another kind.
    async fn public(&self) -> Result<PublicKey, Failure>;

    /// An ASN.1 DER signature over the SHA-256 of `message`.
    ///
    /// # Errors
    /// A [`Failure`] when whoever keeps the key cannot or will not sign.
    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure>;

    /// Whether the same message always gets the same signature, so that a statement left twice is one referrer.
    fn repeats(&self) -> bool;
}

#[async_trait::async_trait]
impl Signer for SigningKey {
    async fn public(&self) -> Result<PublicKey, Failure> {
        Ok(SigningKey::public(self))
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        SigningKey::sign(self, message).map_err(|error| unsigned().because(error))
    }

    fn repeats(&self) -> bool {
        true
    }
}

/// A key in AWS Key Management Service, of key spec `ECC_NIST_P256` and usage `SIGN_VERIFY`.
pub(crate) struct KmsKey {
    aws: Aws,
    /// The key's id, ARN, alias or alias ARN.
    id: String,
    public: OnceCell<PublicKey>,
}

impl KmsKey {
    /// The key of this name; nothing is asked yet.
    pub(crate) fn new(aws: &Aws, id: String) -> Self {
        Self { aws: aws.clone(), id, public: OnceCell::new() }
    }

    async fn fetch(&self) -> Result<PublicKey, Failure> {
        let failed = |cause: String| unsigned().subject(&self.id).because(cause);
        let answer = self.aws.json(Service::Kms, "GetPublicKey", &json!({"KeyId": self.id})).await;
        let answer = answer.map_err(|error| failed(error.to_string()))?;
        let algorithms = answer.get("SigningAlgorithms").and_then(Value::as_array);
        if !algorithms.is_some_and(|all| all.iter().any(|it| it == ALGORITHM)) {
            let spec = answer.get("KeySpec").and_then(Value::as_str).unwrap_or("unknown").chars().take(40);
            let cause = format!("the key is of spec {}, not ECC_NIST_P256 for signing", spec.collect::<String>());
            return Err(failed(cause)
                .help("make a key with `aws kms create-key --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY`"));
        }
        let der = bytes(&answer, "PublicKey").ok_or_else(|| failed("the answer holds no public key".to_owned()))?;
        PublicKey::from_der(&der).map_err(|error| failed(error.to_string()))
    }
}

/// The one algorithm every verifier of Sigstore bundles knows.
const ALGORITHM: &str = "ECDSA_SHA_256";

#[async_trait::async_trait]
impl Signer for KmsKey {
    async fn public(&self) -> Result<PublicKey, Failure> {
        self.public.get_or_try_init(|| self.fetch()).await.cloned()
    }

    /// The service gets the digest and not the message, which it takes up to 4096 bytes only.
    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let request = json!({
            "KeyId": self.id,
            "Message": STANDARD.encode(Digest::of(message).bytes()),
            "MessageType": "DIGEST",
            "SigningAlgorithm": ALGORITHM,
        });
        let failed = |error: &dyn std::fmt::Display| unsigned().subject(&self.id).because(error);
        let answer = self.aws.json(Service::Kms, "Sign", &request).await.map_err(|error: AwsError| failed(&error))?;
        bytes(&answer, "Signature").ok_or_else(|| failed(&"the answer holds no signature"))
    }

    fn repeats(&self) -> bool {
        false
    }
}

fn bytes(answer: &Value, member: &str) -> Option<Vec<u8>> {
    STANDARD.decode(answer.get(member)?.as_str()?).ok()
}

fn unsigned() -> Failure {
    Failure::new(Exit::Unknown, "sign the statement").state("nothing was attached")
}
