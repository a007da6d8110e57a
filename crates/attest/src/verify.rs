//! Believing a bundle: the one way from signed bytes to a statement that may be read.

use crate::{
    Bundle, PublicKey, Reason, Rejection, Statement,
    dsse::{PAYLOAD_TYPE, pre_authentication_encoding},
    reason::shorten,
};
use subject::Digest;

/// A statement whose signature one of the given keys made. It is read by [`Verified::about`] only.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    statement: Statement,
    key_ids: Vec<String>,
    envelope: Digest,
    payload: Digest,
    witnessed: Option<jiff::Timestamp>,
}

/// Whom to believe.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trust<'t> {
    /// Holders of keys.
    pub keys: &'t [PublicKey],
    /// Holders of certificates, and whose word counts for those and for the times of signatures.
    #[cfg(feature = "keyless")]
    pub certificates: Option<(&'t crate::TrustedRoot, &'t [crate::Identity])>,
}

/// Verifies that somebody who is believed signed the bundle's statement: by one of the keys, or by a certificate.
///
/// # Errors
/// [`Rejection`] with the reason. The payload is parsed only after its signature held.
pub fn verify_by(bundle: &Bundle, trust: &Trust<'_>) -> Result<Verified, Rejection> {
    #[cfg(feature = "keyless")]
    if let Some((root, identities)) = trust.certificates {
        if bundle.certified {
            let certified = crate::keyless::certified(bundle, root, identities)?;
            return Verified::of(bundle, vec![certified.identity.name()], Some(certified.witnessed));
        }
        let mut verified = verify(bundle, trust.keys)?;
        let signer = trust.keys.iter().find(|key| verified.key_ids.iter().any(|id| id == key.key_id()));
        if let Some(key) = signer {
            verified.witnessed = crate::keyless::witnessed(bundle, root, key)?;
        }
        return Ok(verified);
    }
    verify(bundle, trust.keys)
}

/// Verifies that at least one of `keys` signed the bundle's statement.
///
/// The key named in the bundle is only a hint and cannot make a signature good or bad: every key is tried.
///
/// # Errors
/// [`Rejection`] with the reason. The payload is parsed only after its signature held.
pub fn verify(bundle: &Bundle, keys: &[PublicKey]) -> Result<Verified, Rejection> {
    if keys.is_empty() {
        return Err(Rejection::new(Reason::NoKeys, "no public key was given to verify with"));
    }
    let envelope = &bundle.envelope;
    if envelope.payload_type != PAYLOAD_TYPE {
        let detail = format!("payload type is `{}`, not `{PAYLOAD_TYPE}`", shorten(&envelope.payload_type));
        return Err(Rejection::new(Reason::WrongPayloadType, detail));
    }
    let message = pre_authentication_encoding(&envelope.payload_type, &envelope.payload);
    let signed_by = |key: &&PublicKey| envelope.signatures.iter().any(|s| key.verifies(&message, &s.der));
    let mut key_ids: Vec<String> = keys.iter().filter(signed_by).map(|key| key.key_id().to_owned()).collect();
    key_ids.sort_unstable();
    key_ids.dedup();
    if key_ids.is_empty() {
        return Err(why_unsigned(bundle, keys));
    }
    Verified::of(bundle, key_ids, None)
}

fn why_unsigned(bundle: &Bundle, keys: &[PublicKey]) -> Rejection {
    if bundle.certified {
        let detail = "signed with a certificate and not with a key, and there is no trusted root to verify it with";
        return Rejection::new(Reason::CertificateNotVerified, detail);
    }
    let hints: Vec<_> = bundle.envelope.signatures.iter().filter_map(|s| s.key_hint.as_deref()).collect();
    if let Some(key) = keys.iter().find(|key| hints.contains(&key.key_id())) {
        let detail = format!("signature does not belong to these bytes, although it names key {}", key.key_id());
        return Rejection::new(Reason::BadSignature, detail);
    }
    let found = hints.first().map_or_else(|| "an unnamed key".to_owned(), |hint| format!("key {}", shorten(hint)));
    let expected: Vec<_> = keys.iter().take(8).map(PublicKey::key_id).collect();
    Rejection::new(Reason::WrongKey, format!("signed by {found}, expected {}", expected.join(" or ")))
}

impl Verified {
    /// What a bundle says, whose signature held.
    fn of(bundle: &Bundle, key_ids: Vec<String>, witnessed: Option<jiff::Timestamp>) -> Result<Self, Rejection> {
        let payload = &bundle.envelope.payload;
        let statement = Statement::parse(payload)?;
        Ok(Self { statement, key_ids, envelope: bundle.digest(), payload: Digest::of(payload), witnessed })
    }

    /// The time at which the signature was there, by the word of a service that is trusted.
    #[must_use]
    pub fn witnessed(&self) -> Option<jiff::Timestamp> {
        self.witnessed
    }

    /// The statement, for whoever can name the digest it is about.
    ///
    /// # Errors
    /// [`Reason::WrongSubject`] when it is about something else: good evidence, for another image.
    pub fn about(&self, digest: &Digest) -> Result<&Statement, Rejection> {
        if self.statement.is_about(digest) {
            return Ok(&self.statement);
        }
        let found: Vec<_> = self.statement.subjects().iter().map(|subject| subject.digest).collect();
        let detail = format!("statement is about {}, not about {digest}", list(&found));
        Err(Rejection::new(Reason::WrongSubject, detail))
    }

    /// The first of the signers: a key, as [`PublicKey::key_id`] names it, or the holder of a certificate.
    #[must_use]
    pub fn key_id(&self) -> &str {
        self.key_ids.first().map_or("", String::as_str)
    }

    /// Every signer that is believed, once, sorted by name.
    #[must_use]
    pub fn key_ids(&self) -> &[String] {
        &self.key_ids
    }

    /// The digest of the bundle's bytes: of the blob in a registry.
    #[must_use]
    pub fn envelope_digest(&self) -> Digest {
        self.envelope
    }

    /// The digest of the signed bytes: the same for every copy of the claim, whoever signed it and however it travels.
    #[must_use]
    pub fn payload_digest(&self) -> Digest {
        self.payload
    }
}

fn list(digests: &[Digest]) -> String {
    let shown: Vec<_> = digests.iter().take(3).map(Digest::to_string).collect();
    let more = digests.len().saturating_sub(3);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SigningKey, predicate};
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
        assert_eq!(rejection.code(), "wrong-subject");
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
            (sealed(), vec![], "no-keys"),
            (sealed(), vec![other.public()], "wrong-key"),
            (changed(sig, json!(by_other)), vec![key().public()], "bad-signature"),
            (changed("/dsseEnvelope/payload", json!(tampered)), vec![key().public()], "bad-signature"),
            (changed("/dsseEnvelope/payloadType", json!("text/plain")), vec![key().public()], "wrong-payload-type"),
            (changed(keyid, json!(other.key_id())), vec![other.public()], "bad-signature"),
            (
                changed("/verificationMaterial", json!({"certificate": {"rawBytes": "AA=="}})),
                vec![other.public()],
                "certificate-not-verified",
            ),
            (signed_payload(b"{}"), vec![key().public()], "unknown-statement-type"),
            (signed_payload(b"{\"_type\":1,\"_type\":2}"), vec![key().public()], "duplicate-key"),
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
    fn of_many_subjects_three_are_shown() {
        for (count, wanted) in [(3, None), (5, Some("and 2 more,"))] {
            let subjects = (0..count).map(|number: u8| (String::new(), Digest::of(&[number]))).collect();
            let bundle = Bundle::seal(&Statement::new(subjects, predicate::VSA, json!({})), &key()).unwrap();
            let rejection =
                verify(&bundle, &[key().public()]).unwrap().about(&Digest::of(b"x")).unwrap_err().to_string();
            assert!(rejection.contains(&Digest::of(&[2]).to_string()), "{rejection}");
            assert_eq!(rejection.contains("more"), wanted.is_some(), "{rejection}");
            assert!(wanted.is_none_or(|wanted| rejection.contains(wanted)), "{rejection}");
        }
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
                // Only in members that nobody signed: what is believed is the same, the copy is another one.
                prop_assert_eq!(verified.envelope_digest(), Digest::of(&bytes));
                prop_assert_eq!(verified, Verified { envelope: Digest::of(&bytes), ..good });
            }
        }
    }
}
