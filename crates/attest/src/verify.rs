//! Believing a bundle: the one way from signed bytes to a statement that may be read.

use crate::{
    Bundle, PublicKey, Statement,
    dsse::{PAYLOAD_TYPE, pre_authentication_encoding},
    statement::StatementError,
};
use subject::Digest;

/// A statement whose signature one of the given keys made. It is read by [`Verified::about`] only.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    statement: Statement,
    key_id: String,
}

/// Why a bundle is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No key was given to verify with.
    #[error("no public key was given to verify with")]
    NoKeys,
    /// The payload is not an in-toto statement.
    #[error("payload type is `{found}`, not `application/vnd.in-toto+json`")]
    PayloadType {
        /// What the envelope says it holds.
        found: String,
    },
    /// None of the keys made the signature, and the signature names none of them either.
    #[error("signed by {}, expected {}", hint(found), expected.join(" or "))]
    WrongKey {
        /// The key the signature names, an unauthenticated hint.
        found: Option<String>,
        /// The keys it could have been.
        expected: Vec<String>,
    },
    /// The signature names one of the keys, but that key did not sign these bytes: they were changed after signing.
    #[error("signature does not belong to these bytes, although it names key {key_id}")]
    BadSignature {
        /// The key it names.
        key_id: String,
    },
    /// Signed with a short-lived certificate, which keys cannot verify.
    #[error("signed with a certificate and not with a key; certificates are not verified here")]
    Certificate,
    /// Well signed, but not a statement that means the same to every reader.
    #[error(transparent)]
    Malformed(#[from] StatementError),
    /// About something else.
    #[error("statement is about {}, not about {asked}", list(found))]
    SubjectMismatch {
        /// The digest that was asked about.
        asked: Digest,
        /// The digests the statement is about.
        found: Vec<Digest>,
    },
}

impl Rejection {
    /// A stable word for reports and policies.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoKeys => "NO_KEYS",
            Self::PayloadType { .. } => "PAYLOAD_TYPE",
            Self::WrongKey { .. } => "SIGNER_UNKNOWN",
            Self::BadSignature { .. } => "BAD_SIGNATURE",
            Self::Certificate => "CERTIFICATE",
            Self::Malformed(_) => "MALFORMED",
            Self::SubjectMismatch { .. } => "SUBJECT_MISMATCH",
        }
    }
}

/// Verifies that one of `keys` signed the bundle's statement.
///
/// The key named in the bundle is only a hint and cannot make a signature good or bad: every key is tried.
///
/// # Errors
/// [`Rejection`] with the reason. The payload is parsed only after its signature held.
pub fn verify(bundle: &Bundle, keys: &[PublicKey]) -> Result<Verified, Rejection> {
    if keys.is_empty() {
        return Err(Rejection::NoKeys);
    }
    let envelope = &bundle.envelope;
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(Rejection::PayloadType { found: envelope.payload_type.chars().take(120).collect() });
    }
    let message = pre_authentication_encoding(&envelope.payload_type, &envelope.payload);
    let signed_by = |key: &&PublicKey| envelope.signatures.iter().any(|s| key.verifies(&message, &s.der));
    let Some(key) = keys.iter().find(signed_by) else {
        return Err(why_unsigned(bundle, keys));
    };
    Ok(Verified { statement: Statement::parse(&envelope.payload)?, key_id: key.key_id().to_owned() })
}

fn why_unsigned(bundle: &Bundle, keys: &[PublicKey]) -> Rejection {
    if bundle.certified {
        return Rejection::Certificate;
    }
    let hints: Vec<_> = bundle.envelope.signatures.iter().filter_map(|s| s.key_hint.as_deref()).collect();
    match keys.iter().find(|key| hints.contains(&key.key_id())) {
        Some(key) => Rejection::BadSignature { key_id: key.key_id().to_owned() },
        None => Rejection::WrongKey {
            found: hints.first().map(|hint| hint.chars().take(120).collect()),
            expected: keys.iter().map(|key| key.key_id().to_owned()).collect(),
        },
    }
}

impl Verified {
    /// The statement, for whoever can name the digest it is about.
    ///
    /// # Errors
    /// [`Rejection::SubjectMismatch`] when it is about something else: good evidence, for another image.
    pub fn about(&self, digest: &Digest) -> Result<&Statement, Rejection> {
        if self.statement.is_about(digest) {
            return Ok(&self.statement);
        }
        let found = self.statement.subjects().iter().map(|subject| subject.digest).collect();
        Err(Rejection::SubjectMismatch { asked: *digest, found })
    }

    /// The key that signed, as [`PublicKey::key_id`] names it.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }
}

fn hint(found: &Option<String>) -> String {
    found.as_ref().map_or_else(|| "an unnamed key".to_owned(), |id| format!("key {id}"))
}

fn list(digests: &[Digest]) -> String {
    let shown: Vec<_> = digests.iter().take(3).map(Digest::to_string).collect();
    let more = digests.len().saturating_sub(3);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Signer, SigningKey, predicate};
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn key() -> SigningKey {
        SigningKey::from_pem(&include_str!("../tests/keys/pkcs8.pem").into(), None).unwrap()
    }

    fn sealed() -> Bundle {
        let subjects = vec![("ghcr.io/org/app".to_owned(), Digest::of(b"image"))];
        Bundle::seal(&Statement::new(subjects, predicate::VSA, json!({"verificationResult": "PASSED"})), &key())
            .unwrap()
    }

    /// The bundle with one member of its envelope replaced.
    fn changed(pointer: &str, value: Value) -> Bundle {
        let mut json: Value = serde_json::from_slice(&sealed().to_bytes()).unwrap();
        *json.pointer_mut(pointer).unwrap() = value;
        Bundle::parse(json.to_string().as_bytes()).unwrap()
    }

    fn signed_payload(payload: &[u8]) -> Bundle {
        let sig = key().sign(&pre_authentication_encoding(PAYLOAD_TYPE, payload)).unwrap();
        let envelope = json!({"payload": STANDARD.encode(payload), "payloadType": PAYLOAD_TYPE, "signatures": [{"sig": STANDARD.encode(sig)}]});
        Bundle::parse(envelope.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_statement_is_read_by_who_has_the_key_and_names_the_digest() {
        let verified = verify(&sealed(), &[SigningKey::generate().public(), key().public()]).unwrap();
        assert_eq!(verified.key_id(), key().key_id());
        assert_eq!(verified.about(&Digest::of(b"image")).unwrap().predicate()["verificationResult"], "PASSED");
        let rejection = verified.about(&Digest::of(b"other")).unwrap_err();
        assert_eq!(rejection.code(), "SUBJECT_MISMATCH");
        assert!(rejection.to_string().contains(&Digest::of(b"image").to_string()), "{rejection}");
    }

    #[test]
    fn each_reason_for_disbelief_has_its_own_code() {
        let other = SigningKey::generate();
        let sig = "/dsseEnvelope/signatures/0/sig";
        let keyid = "/dsseEnvelope/signatures/0/keyid";
        let by_other = STANDARD.encode(other.sign(b"anything").unwrap());
        let tampered = STANDARD.encode(b"{}");
        for (bundle, keys, code) in [
            (sealed(), vec![], "NO_KEYS"),
            (sealed(), vec![other.public()], "SIGNER_UNKNOWN"),
            (changed(sig, json!(by_other)), vec![key().public()], "BAD_SIGNATURE"),
            (changed("/dsseEnvelope/payload", json!(tampered)), vec![key().public()], "BAD_SIGNATURE"),
            (changed("/dsseEnvelope/payloadType", json!("text/plain")), vec![key().public()], "PAYLOAD_TYPE"),
            (changed(keyid, json!(other.key_id())), vec![other.public()], "BAD_SIGNATURE"),
            (
                changed("/verificationMaterial", json!({"certificate": {"rawBytes": "AA=="}})),
                vec![other.public()],
                "CERTIFICATE",
            ),
            (signed_payload(b"{}"), vec![key().public()], "MALFORMED"),
            (signed_payload(b"{\"_type\":1,\"_type\":2}"), vec![key().public()], "MALFORMED"),
        ] {
            assert_eq!(verify(&bundle, &keys).unwrap_err().code(), code);
        }
    }

    #[test]
    fn the_key_named_in_the_bundle_is_a_hint_and_decides_nothing() {
        for hint in [json!("SHA256:wrong"), json!(""), Value::Null] {
            let bundle = changed("/dsseEnvelope/signatures/0/keyid", hint);
            assert_eq!(verify(&bundle, &[key().public()]).unwrap().key_id(), key().key_id());
        }
    }

    #[test]
    fn a_statement_about_several_images_is_about_each_of_them() {
        let subjects = [b"index".as_slice(), b"amd64", b"arm64"].map(|bytes| (String::new(), Digest::of(bytes)));
        let bundle = Bundle::seal(&Statement::new(subjects.to_vec(), predicate::VSA, json!({})), &key()).unwrap();
        let verified = verify(&bundle, &[key().public()]).unwrap();
        assert!(subjects.iter().all(|(_, digest)| verified.about(digest).is_ok()));
        assert!(verified.about(&Digest::of(b"riscv64")).is_err());
    }

    #[test]
    fn a_bare_envelope_is_believed_when_any_of_its_few_signatures_is_ours() {
        let mut envelope: Value = serde_json::from_slice(&sealed().to_bytes()).unwrap();
        let mut envelope = envelope["dsseEnvelope"].take();
        let ours = envelope["signatures"][0].clone();
        let foreign = json!({"keyid": "other", "sig": STANDARD.encode(SigningKey::generate().sign(b"x").unwrap())});
        for (signatures, believed) in [
            (vec![foreign.clone(), ours.clone()], true),
            (vec![foreign.clone(), foreign.clone()], false),
            ([vec![foreign.clone(); 15], vec![ours.clone()]].concat(), true),
        ] {
            envelope["signatures"] = json!(signatures);
            let bundle = Bundle::parse(envelope.to_string().as_bytes()).unwrap();
            assert_eq!(verify(&bundle, &[key().public()]).is_ok(), believed);
        }
        envelope["signatures"] = json!([vec![foreign; 16], vec![ours]].concat());
        assert!(Bundle::parse(envelope.to_string().as_bytes()).unwrap_err().to_string().contains("17 signatures"));
    }

    #[test]
    fn a_wrong_key_is_shown_beside_the_expected_one() {
        let other = SigningKey::generate().public();
        let text = verify(&sealed(), std::slice::from_ref(&other)).unwrap_err().to_string();
        assert_eq!(text, format!("signed by key {}, expected {}", key().key_id(), other.key_id()));
    }

    proptest! {
        #[test]
        fn a_flipped_bit_never_changes_what_is_believed(at in 0usize..4000, bit in 0u8..8) {
            let good = verify(&sealed(), &[key().public()]).unwrap();
            let mut bytes = sealed().to_bytes();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            if let Ok(Ok(verified)) = Bundle::parse(&bytes).map(|bundle| verify(&bundle, &[key().public()])) {
                prop_assert_eq!(verified, good);
            }
        }
    }
}
