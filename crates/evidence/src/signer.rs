//! Who signs: a key in memory, one that a service keeps and never gives away, or whoever the job's identity token names.

use attest::{Bundle, PublicKey, SealError, SigningKey, Unsigned};
use aws::{Aws, AwsError, Service};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use github::{Exit, Failure};
use serde_json::{Value, json};
use subject::Digest;
use tokio::sync::OnceCell;

/// Something that signs with ECDSA P-256 over SHA-256.
#[async_trait::async_trait]
pub(crate) trait Signer: Send + Sync {
    /// The public half of its key; `None` for one that has another key each time, and is known by a certificate.
    ///
    /// # Errors
    /// A [`Failure`] when whoever keeps the key cannot be asked, or it is of another kind.
    async fn public(&self) -> Result<Option<PublicKey>, Failure>;

    /// The statement, signed.
    ///
    /// # Errors
    /// A [`Failure`] when whoever keeps the key cannot or will not sign, or what it gave back is no such signature.
    async fn seal(&self, unsigned: Unsigned) -> Result<Bundle, Failure>;

    /// Whether the same message always gets the same signature, so that a statement left twice is one referrer.
    fn repeats(&self) -> bool;
}

#[async_trait::async_trait]
impl Signer for SigningKey {
    async fn public(&self) -> Result<Option<PublicKey>, Failure> {
        Ok(Some(SigningKey::public(self)))
    }

    async fn seal(&self, unsigned: Unsigned) -> Result<Bundle, Failure> {
        let der = SigningKey::sign(self, &unsigned.message()).map_err(unsigned_because)?;
        unsigned.sealed(&SigningKey::public(self), der).map_err(unsealed)
    }

    fn repeats(&self) -> bool {
        true
    }
}

/// Whoever the job's identity token names: a certificate for a key that nobody keeps.
#[cfg(feature = "keyless")]
pub(crate) struct Keyless {
    pub(crate) tokens: github::TokenSource,
    pub(crate) services: std::sync::Arc<crate::services::Services>,
}

#[cfg(feature = "keyless")]
#[async_trait::async_trait]
impl Signer for Keyless {
    async fn public(&self) -> Result<Option<PublicKey>, Failure> {
        Ok(None)
    }

    async fn seal(&self, unsigned: Unsigned) -> Result<Bundle, Failure> {
        let (key, token) = (SigningKey::generate(), self.tokens.token().await?);
        let certificate = self.services.certificate(&token, &key).await.map_err(|cause| {
            unsigned_because(format!("no certificate: {cause}"))
                .help("a certificate authority that is out of order cannot be done without: run the step again, or sign with a key")
        })?;
        let der = key.sign(&unsigned.message()).map_err(unsigned_because)?;
        unsigned.certified(&key.public(), &certificate, der).map_err(unsealed)
    }

    fn repeats(&self) -> bool {
        false
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
        let failed = |cause: String| unsigned_because(cause).subject(&self.id);
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
    async fn public(&self) -> Result<Option<PublicKey>, Failure> {
        self.public.get_or_try_init(|| self.fetch()).await.cloned().map(Some)
    }

    /// The service gets the digest and not the message, which it takes up to 4096 bytes only.
    async fn seal(&self, unsigned: Unsigned) -> Result<Bundle, Failure> {
        let public = self.public.get_or_try_init(|| self.fetch()).await?;
        let message = unsigned.message();
        let request = json!({
            "KeyId": self.id,
            "Message": STANDARD.encode(Digest::of(&message).bytes()),
            "MessageType": "DIGEST",
            "SigningAlgorithm": ALGORITHM,
        });
        let failed = |error: &dyn std::fmt::Display| unsigned_because(error).subject(&self.id);
        let answer = self.aws.json(Service::Kms, "Sign", &request).await.map_err(|error: AwsError| failed(&error))?;
        let der = bytes(&answer, "Signature").ok_or_else(|| failed(&"the answer holds no signature"))?;
        unsigned.sealed(public, der).map_err(unsealed)
    }

    fn repeats(&self) -> bool {
        false
    }
}

fn bytes(answer: &Value, member: &str) -> Option<Vec<u8>> {
    STANDARD.decode(answer.get(member)?.as_str()?).ok()
}

fn unsigned_because(cause: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Unknown, "sign the statement").because(cause).state("nothing was attached")
}

/// What the signer gave back is verified before anybody else has to.
fn unsealed(error: SealError) -> Failure {
    unsigned_because(error)
}
