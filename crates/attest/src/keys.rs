//! ECDSA P-256 keys as PEM, and the name a key goes by.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use p256::{
    SecretKey,
    ecdsa::{self, signature::Signer as _, signature::Verifier as _},
    elliptic_curve::Generate as _,
    pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding},
};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Digest as _;
use std::fmt;

/// Why a signer did not sign, in its holder's words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SignError(pub Box<dyn std::error::Error + Send + Sync>);

/// Why a text is not a key we can use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No `-----BEGIN …-----` block of a key.
    #[error("no PEM block of a key in it")]
    NotPem,
    /// The key is encrypted and no password was given.
    #[error("the key is encrypted and no password was given")]
    PasswordMissing,
    /// The key is encrypted under another password, or damaged.
    #[error("the key could not be decrypted; wrong password, or a damaged key")]
    PasswordWrong,
    /// A private key where a public one is due.
    #[error("this is a private key where a public one is due")]
    Private,
    /// A public key where a private one is due.
    #[error("this is a public key where a private one is due")]
    Public,
    /// A PEM block of a kind that is not read.
    #[error(
        "PEM block `{0}` is not read; PKCS#8 (`PRIVATE KEY`, `ENCRYPTED PRIVATE KEY`), SEC1 (`EC PRIVATE KEY`) and `PUBLIC KEY` are"
    )]
    Label(String),
    /// Another algorithm or curve, or damaged.
    #[error("not an ECDSA P-256 key: {0}")]
    NotP256(String),
}

/// A private key in memory, wiped when dropped. Never shown.
#[derive(Clone)]
pub struct SigningKey {
    secret: SecretKey,
    key_id: String,
}

/// The public half of a key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: ecdsa::VerifyingKey,
    key_id: String,
}

impl SigningKey {
    /// Reads a private key from PEM: PKCS#8, encrypted PKCS#8 (PBES2 with PBKDF2 or scrypt and AES, what OpenSSL writes), or SEC1.
    ///
    /// # Errors
    /// [`KeyError`] tells a missing from a wrong password, and another algorithm from a damaged text.
    pub fn from_pem(pem: &SecretString, password: Option<&SecretString>) -> Result<Self, KeyError> {
        let (label, block) = key_block(pem.expose_secret())?;
        let not_p256 = |error: &dyn fmt::Display| KeyError::NotP256(error.to_string());
        let secret = match label {
            "PRIVATE KEY" => SecretKey::from_pkcs8_pem(block).map_err(|e| not_p256(&e))?,
            "EC PRIVATE KEY" => SecretKey::from_sec1_pem(block).map_err(|e| not_p256(&e))?,
            "ENCRYPTED PRIVATE KEY" => {
                let password = password.ok_or(KeyError::PasswordMissing)?;
                SecretKey::from_pkcs8_encrypted_pem(block, password.expose_secret()).map_err(|error| match error {
                    pkcs8::Error::EncryptedPrivateKey(_) | pkcs8::Error::Asn1(_) => KeyError::PasswordWrong,
                    other => not_p256(&other),
                })?
            }
            "PUBLIC KEY" => return Err(KeyError::Public),
            other => return Err(KeyError::Label(other.chars().take(80).collect())),
        };
        Ok(Self::of(secret))
    }

    /// A new key from the operating system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self::of(SecretKey::generate())
    }

    /// The key as unencrypted PKCS#8 PEM.
    ///
    /// # Errors
    /// [`KeyError::NotP256`] when the encoder fails, which no known key makes it do.
    pub fn to_pem(&self) -> Result<SecretString, KeyError> {
        let pem = self.secret.to_pkcs8_pem(LineEnding::LF).map_err(|error| KeyError::NotP256(error.to_string()))?;
        Ok(SecretString::from(pem.as_str()))
    }

    /// The half to give away.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey { key: ecdsa::VerifyingKey::from(self.secret.public_key()), key_id: self.key_id.clone() }
    }

    /// The name of the key, as [`PublicKey::key_id`] has it.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// An ASN.1 DER ECDSA P-256 signature over the SHA-256 of `message`, deterministic by RFC 6979: the same message
    /// always gives the same signature.
    ///
    /// # Errors
    /// [`SignError`] when the library refuses, which no known message makes it do.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature: ecdsa::DerSignature =
            ecdsa::SigningKey::from(&self.secret).try_sign(message).map_err(|error| SignError(error.into()))?;
        Ok(signature.as_bytes().to_vec())
    }

    fn of(secret: SecretKey) -> Self {
        let key_id = ssh_fingerprint(&ecdsa::VerifyingKey::from(secret.public_key()));
        Self { secret, key_id }
    }
}

impl PublicKey {
    /// Reads a public key from PEM (`-----BEGIN PUBLIC KEY-----`, X.509 SubjectPublicKeyInfo).
    ///
    /// # Errors
    /// [`KeyError`] when it is another thing, another algorithm, or damaged.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        match key_block(pem)? {
            ("PUBLIC KEY", block) => {
                let key = ecdsa::VerifyingKey::from_public_key_pem(block)
                    .map_err(|error| KeyError::NotP256(error.to_string()))?;
                Ok(Self { key_id: ssh_fingerprint(&key), key })
            }
            (label, _) if label.ends_with("PRIVATE KEY") => Err(KeyError::Private),
            (label, _) => Err(KeyError::Label(label.chars().take(80).collect())),
        }
    }

    /// Reads a public key from DER (X.509 SubjectPublicKeyInfo), as key services give it.
    ///
    /// # Errors
    /// [`KeyError::NotP256`] when it is another algorithm, or damaged.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let key =
            ecdsa::VerifyingKey::from_public_key_der(der).map_err(|error| KeyError::NotP256(error.to_string()))?;
        Ok(Self { key_id: ssh_fingerprint(&key), key })
    }

    /// Reads every public key of a PEM text, at least one.
    ///
    /// # Errors
    /// [`KeyError`] when one of the blocks is another thing, or there is none.
    pub fn all_from_pem(pem: &str) -> Result<Vec<Self>, KeyError> {
        let blocks = pem.match_indices("-----BEGIN ").map(|(start, _)| Self::from_pem(&pem[start..]));
        let keys = blocks.collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(KeyError::NotPem) } else { Ok(keys) }
    }

    /// The key as PEM.
    ///
    /// # Errors
    /// [`KeyError::NotP256`] when the encoder fails, which no known key makes it do.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        self.key.to_public_key_pem(LineEnding::LF).map_err(|error| KeyError::NotP256(error.to_string()))
    }

    /// The key as DER (X.509 SubjectPublicKeyInfo).
    ///
    /// # Errors
    /// [`KeyError::NotP256`] when the encoder fails, which no known key makes it do.
    #[cfg(feature = "keyless")]
    pub(crate) fn to_der(&self) -> Result<Vec<u8>, KeyError> {
        let document = self.key.to_public_key_der().map_err(|error| KeyError::NotP256(error.to_string()))?;
        Ok(document.as_bytes().to_vec())
    }

    /// The key's name: `SHA256:` and the fingerprint `ssh-keygen -l` shows for it.
    ///
    /// Of the forms in use, it is the only one that every verifier with keys accepts: go-securesystemslib (below cosign,
    /// gh and buildx) skips signatures under any other name, and securesystemslib for Python wants one to be there.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Whether `der` is this key's signature over `message`.
    #[must_use]
    pub fn verifies(&self, message: &[u8], der: &[u8]) -> bool {
        ecdsa::DerSignature::from_bytes(der).is_ok_and(|signature| self.key.verify(message, &signature).is_ok())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.key_id)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.key_id)
    }
}

/// The first PEM block that can be a key, with its label: `openssl ecparam -genkey` puts the curve in front of the key.
fn key_block(pem: &str) -> Result<(&str, &str), KeyError> {
    let mut rest = pem;
    while let Some(start) = rest.find("-----BEGIN ") {
        rest = &rest[start..];
        let (label, _) = rest["-----BEGIN ".len()..].split_once("-----").ok_or(KeyError::NotPem)?;
        let footer = format!("-----END {label}-----");
        let end = rest.find(&footer).ok_or(KeyError::NotPem)? + footer.len();
        if label != "EC PARAMETERS" {
            return Ok((label, &rest[..end]));
        }
        rest = &rest[end..];
    }
    Err(KeyError::NotPem)
}

/// RFC 4253 §6.6 and RFC 5656 §3.1: the wire form of the key, hashed; shown as OpenSSH does since 6.8.
fn ssh_fingerprint(key: &ecdsa::VerifyingKey) -> String {
    let point = key.to_sec1_point(false);
    let mut wire = Vec::with_capacity(104);
    for part in [b"ecdsa-sha2-nistp256".as_slice(), b"nistp256", point.as_bytes()] {
        wire.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        wire.extend_from_slice(part);
    }
    format!("SHA256:{}", STANDARD_NO_PAD.encode(sha2::Sha256::digest(&wire)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SEC1: &str = include_str!("../tests/keys/sec1.pem");
    const PKCS8: &str = include_str!("../tests/keys/pkcs8.pem");
    const PBKDF2: &str = include_str!("../tests/keys/pkcs8-pbkdf2.pem");
    const SCRYPT: &str = include_str!("../tests/keys/pkcs8-scrypt.pem");
    const PUBLIC: &str = include_str!("../tests/keys/public.pem");
    const ED25519: &str = include_str!("../tests/keys/ed25519.pem");
    /// What `ssh-keygen -l` (OpenSSH 9.2) says of public.pem.
    const FINGERPRINT: &str = "SHA256:iT0L4qKKh9T0sRGd8EDXkC5mAa0K0okXwMpPqMrAX/k";

    fn read(pem: &str, password: Option<&str>) -> Result<SigningKey, KeyError> {
        SigningKey::from_pem(&pem.into(), password.map(SecretString::from).as_ref())
    }

    #[test]
    fn every_form_openssl_writes_is_the_same_key_under_its_ssh_fingerprint() {
        for (pem, password) in [
            (SEC1, None),
            (PKCS8, None),
            (PKCS8, Some("unused")),
            (PBKDF2, Some("correct-horse")),
            (SCRYPT, Some("correct-horse")),
        ] {
            let key = read(pem, password).unwrap();
            assert_eq!(key.key_id(), FINGERPRINT);
            assert_eq!(key.public(), PublicKey::from_pem(PUBLIC).unwrap());
            assert_eq!(key.public().to_pem().unwrap(), PUBLIC);
            assert_eq!(key.to_pem().unwrap().expose_secret(), PKCS8);
        }
    }

    #[test]
    fn each_wrong_key_is_told_from_the_others() {
        for (pem, password, wanted) in [
            ("", None, "no PEM block"),
            ("-----BEGIN PRIVATE KEY-----\nMIGH", None, "no PEM block"),
            ("-----BEGIN ", None, "no PEM block"),
            (PUBLIC, None, "public key where a private one"),
            (PBKDF2, None, "no password"),
            (PBKDF2, Some("wrong"), "wrong password"),
            (SCRYPT, Some(""), "wrong password"),
            (ED25519, None, "not an ECDSA P-256 key"),
            (&SEC1.replace("MHcC", "MHcD"), None, "not an ECDSA P-256 key"),
            (&SEC1.replace("EC PRIVATE", "RSA PRIVATE"), None, "`RSA PRIVATE KEY` is not read"),
        ] {
            let error = read(pem, password).unwrap_err().to_string();
            assert!(error.contains(wanted), "{pem:.40}: {error}");
        }
        assert_eq!(PublicKey::from_pem(PKCS8).unwrap_err(), KeyError::Private);
        assert!(matches!(PublicKey::from_pem(&PUBLIC.replace("MFkw", "MFkx")), Err(KeyError::NotP256(_))));
        let certificate = PUBLIC.replace("PUBLIC KEY", "CERTIFICATE");
        assert_eq!(PublicKey::from_pem(&certificate).unwrap_err(), KeyError::Label("CERTIFICATE".into()));
    }

    #[test]
    fn a_text_of_several_keys_is_all_of_them_or_none() {
        let other = SigningKey::generate().public();
        let both = format!("# old\n{PUBLIC}# new\n{}", other.to_pem().unwrap());
        assert_eq!(PublicKey::all_from_pem(&both).unwrap(), [PublicKey::from_pem(PUBLIC).unwrap(), other]);
        assert_eq!(PublicKey::all_from_pem(&format!("{PUBLIC}{PKCS8}")).unwrap_err(), KeyError::Private);
        assert_eq!(PublicKey::all_from_pem("# none").unwrap_err(), KeyError::NotPem);
    }

    #[test]
    fn a_signature_holds_for_its_message_and_key_only() {
        let (key, other) = (read(PKCS8, None).unwrap(), SigningKey::generate());
        let signature = key.sign(b"message").unwrap();
        assert_eq!(signature, key.sign(b"message").unwrap());
        assert!(key.public().verifies(b"message", &signature));
        assert!(!key.public().verifies(b"massage", &signature));
        assert!(!other.public().verifies(b"message", &signature));
        assert!(!key.public().verifies(b"message", &signature[1..]));
        assert!(!key.public().verifies(b"message", b""));
    }

    proptest! {
        #[test]
        fn hostile_keys_never_panic(head in "(-----BEGIN (EC PARAMETERS|PUBLIC KEY|PRIVATE KEY|é)-----)?", text in "\\PC{0,80}", tail in "(-----END (EC PARAMETERS|PUBLIC KEY|PRIVATE KEY|é)-----)?") {
            let pem = format!("{head}{text}{tail}{head}");
            prop_assert!(read(&pem, Some("x")).is_err());
            prop_assert!(PublicKey::all_from_pem(&pem).is_err());
        }
    }

    #[test]
    fn a_private_key_is_never_shown() {
        assert_eq!(format!("{:?}", read(PKCS8, None).unwrap()), format!("SigningKey({FINGERPRINT})"));
    }
}
