//! A signed statement as it travels: written as a Sigstore bundle v0.3 in its key profile, so that sigstore-go,
//! sigstore-js and securesystemslib accept it; read in every form that is met on registries.
//!
//! Specification: sigstore/protobuf-specs `sigstore_bundle.proto`, as proto3 JSON, for v0.1 to v0.3; bare DSSE envelopes;
//! and the layers of cosign's `.att` tags (sigstore/cosign `specs/ATTESTATION_SPEC.md`).

use crate::{
    PublicKey, Reason, Rejection, SigningKey, Statement,
    dsse::{Envelope, PAYLOAD_TYPE, Signature, pre_authentication_encoding},
    json::parse_strict,
    keys::SignError,
    reason::shorten,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use subject::Digest;

/// The media type of a bundle, and the artifact type of the referrer that carries it.
pub const BUNDLE_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The media type of a bare envelope, and of the layers of a cosign `.att` tag.
pub const ENVELOPE_MEDIA_TYPE: &str = "application/vnd.dsse.envelope.v1+json";

/// Larger bundles are not read, in bytes: room for an SBOM statement of 36 MiB, well above what registries take as evidence.
pub const MAX_BUNDLE_BYTES: usize = 48 << 20;

/// Before v0.3 the version was a parameter of the media type; clients write and read both spellings.
const READABLE_MEDIA_TYPES: [&str; 6] = [
    BUNDLE_MEDIA_TYPE,
    "application/vnd.dev.sigstore.bundle.v0.2+json",
    "application/vnd.dev.sigstore.bundle.v0.1+json",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
];

/// A signed statement as it travels. What it claims cannot be read before [`crate::verify`] has believed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    bytes: Vec<u8>,
    pub(crate) envelope: Envelope,
    pub(crate) certified: bool,
    /// What the bundle brings to verify it with; null for a bare envelope.
    pub(crate) material: Value,
}

/// A statement on its way to a signer that answers later, such as a service that keeps the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    payload: Vec<u8>,
}

/// Why a statement was not sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The bundle would be larger than [`MAX_BUNDLE_BYTES`], so nobody would read it.
    #[error("the bundle would have {0} bytes, more than the {MAX_BUNDLE_BYTES} that are read")]
    TooLarge(usize),
    /// A statement about nothing, or about more than other tools read.
    #[error("a statement needs 1 to {max} subjects, not {0}", max = crate::MAX_SUBJECTS)]
    Subjects(usize),
    /// The signer did not sign.
    #[error("the signer did not sign: {0}")]
    Sign(#[from] SignError),
    /// Witnesses are added to what was sealed here, and to nothing else.
    #[error("witnesses are added to bundles with one signature over a statement only")]
    Foreign,
    /// What the signer gave back is not its signature over this statement.
    #[error("what the signer gave back is not a signature of key {0} over this statement")]
    NotItsSignature(String),
}

impl Unsigned {
    /// The statement as it will be signed.
    ///
    /// # Errors
    /// [`SealError::Subjects`] for a statement about nothing or too much.
    pub fn new(statement: &Statement) -> Result<Self, SealError> {
        match statement.subjects().len() {
            1..=crate::MAX_SUBJECTS => Ok(Self { payload: statement.to_bytes() }),
            subjects => Err(SealError::Subjects(subjects)),
        }
    }

    /// The bytes to sign, with ECDSA P-256 over their SHA-256.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        pre_authentication_encoding(PAYLOAD_TYPE, &self.payload)
    }

    /// The bundle, with the ASN.1 DER signature that `key` made over [`Unsigned::message`].
    ///
    /// # Errors
    /// [`SealError::NotItsSignature`] when it did not, [`SealError::TooLarge`] for a bundle no one would read.
    pub fn sealed(self, key: &PublicKey, der: Vec<u8>) -> Result<Bundle, SealError> {
        if !key.verifies(&self.message(), &der) {
            return Err(SealError::NotItsSignature(key.key_id().to_owned()));
        }
        // Exactly one signature in a bundle, under the very name of the hint (sigstore_bundle.proto).
        let signature = Signature { key_hint: Some(key.key_id().to_owned()), der };
        // sigstore-python's model needs `tlogEntries` to be there, though there are none without a log.
        Bundle::written(self.payload, signature, json!({"publicKey": {"hint": key.key_id()}, "tlogEntries": []}))
    }

    /// The bundle of whoever got this certificate (DER) for their key, with the signature they made.
    ///
    /// # Errors
    /// As [`Unsigned::sealed`]; of what the certificate says nothing is believed here.
    #[cfg(feature = "keyless")]
    pub fn certified(self, key: &PublicKey, certificate: &[u8], der: Vec<u8>) -> Result<Bundle, SealError> {
        if !key.verifies(&self.message(), &der) {
            return Err(SealError::NotItsSignature(key.key_id().to_owned()));
        }
        let material = json!({"certificate": {"rawBytes": STANDARD.encode(certificate)}, "tlogEntries": []});
        Bundle::written(self.payload, Signature { key_hint: None, der }, material)
    }
}

impl Bundle {
    /// The bundle in its one spelling.
    fn written(payload: Vec<u8>, signature: Signature, material: Value) -> Result<Self, SealError> {
        let mut signed = json!({"sig": STANDARD.encode(&signature.der)});
        if let Some(hint) = &signature.key_hint {
            signed = json!({"keyid": hint, "sig": STANDARD.encode(&signature.der)});
        }
        let bytes = json!({
            "mediaType": BUNDLE_MEDIA_TYPE,
            "verificationMaterial": material,
            "dsseEnvelope": {
                "payload": STANDARD.encode(&payload),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [signed],
            },
        })
        .to_string()
        .into_bytes();
        if !is_read(&bytes) {
            return Err(SealError::TooLarge(bytes.len()));
        }
        let certified = material.get("certificate").is_some();
        let envelope = Envelope { payload, payload_type: PAYLOAD_TYPE.to_owned(), signatures: vec![signature] };
        Ok(Self { bytes, envelope, certified, material })
    }

    /// The same claim with witnesses: entries of a log and answers of a time stamping authority, besides those it has.
    /// Nothing of them is verified here.
    ///
    /// # Errors
    /// [`SealError::TooLarge`] for a bundle no one would read; [`SealError::Foreign`] for one that is not of our making.
    #[cfg(feature = "keyless")]
    pub fn with_witnesses(&self, entries: &[Value], stamps: &[Vec<u8>]) -> Result<Self, SealError> {
        let (mut material, [signature]) = (self.material.clone(), self.envelope.signatures.as_slice()) else {
            return Err(SealError::Foreign);
        };
        let known =
            |pointer: &str| self.material.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
        let stamps = stamps.iter().map(|stamp| json!({"signedTimestamp": STANDARD.encode(stamp)}));
        let stamps: Vec<Value> =
            known("/timestampVerificationData/rfc3161Timestamps").into_iter().chain(stamps).collect();
        let members = material.as_object_mut().filter(|_| self.envelope.payload_type == PAYLOAD_TYPE);
        let members = members.ok_or(SealError::Foreign)?;
        members.insert("tlogEntries".into(), known("/tlogEntries").iter().chain(entries).cloned().collect());
        if !stamps.is_empty() {
            members.insert("timestampVerificationData".into(), json!({"rfc3161Timestamps": stamps}));
        }
        Self::written(self.envelope.payload.clone(), signature.clone(), material)
    }

    /// The signature of a bundle; of a bare envelope the first.
    #[cfg(feature = "keyless")]
    pub(crate) fn signature(&self) -> &[u8] {
        self.envelope.signatures.first().map_or(&[], |signature| &signature.der)
    }

    /// Signs a statement. The same statement and key always give the same bytes.
    ///
    /// # Errors
    /// As [`Unsigned::new`] and [`Unsigned::sealed`].
    pub fn seal(statement: &Statement, key: &SigningKey) -> Result<Self, SealError> {
        let unsigned = Unsigned::new(statement)?;
        let der = key.sign(&unsigned.message())?;
        unsigned.sealed(&key.public(), der)
    }

    /// Reads a bundle of v0.1 to v0.3, or a bare DSSE envelope.
    ///
    /// # Errors
    /// A [`Rejection`] when it is too large, ambiguous, of an unknown version, or not well formed.
    pub fn parse(bytes: &[u8]) -> Result<Self, Rejection> {
        let value = bounded(bytes)?;
        if value.get("mediaType").is_none() && value.get("payload").is_some() {
            let envelope = Envelope::read(&value)?;
            return Ok(Self { bytes: bytes.to_vec(), envelope, certified: false, material: Value::Null });
        }
        let malformed = |detail: &str| Rejection::new(Reason::MalformedEnvelope, detail);
        match value.get("mediaType") {
            Some(Value::String(known)) if READABLE_MEDIA_TYPES.contains(&known.as_str()) => {}
            Some(Value::String(other)) => {
                let detail = format!("media type `{}` is not one of a bundle v0.1 to v0.3", shorten(other));
                return Err(Rejection::new(Reason::UnknownMediaType, detail));
            }
            _ => return Err(malformed("neither a bundle with `mediaType` nor an envelope with `payload`")),
        }
        let Some(envelope) = value.get("dsseEnvelope") else {
            let detail = "bundle has no `dsseEnvelope`: it signs bytes, not a statement";
            return Err(Rejection::new(Reason::NoStatement, detail));
        };
        let envelope = Envelope::read(envelope)?;
        if envelope.signatures.len() != 1 {
            let detail = format!("{} signatures where a bundle has one", envelope.signatures.len());
            return Err(Rejection::new(Reason::TooManySignatures, detail));
        }
        let material = value.get("verificationMaterial").and_then(Value::as_object);
        let material = material.ok_or_else(|| malformed("bundle has no `verificationMaterial`"))?;
        let certified = ["certificate", "x509CertificateChain"].iter().any(|kind| material.contains_key(*kind));
        Ok(Self { bytes: bytes.to_vec(), envelope, certified, material: Value::Object(material.clone()) })
    }

    /// Reads one layer of a cosign `.att` tag: an envelope, and annotations that hold the certificate where there is one.
    ///
    /// What the annotations promise, such as `predicateType`, is not looked at: nobody has signed it.
    ///
    /// # Errors
    /// As [`Bundle::parse`].
    pub fn from_attachment(bytes: &[u8], annotations: &BTreeMap<String, String>) -> Result<Self, Rejection> {
        let envelope = Envelope::read(&bounded(bytes)?)?;
        let certified = annotations.get("dev.sigstore.cosign/certificate").is_some_and(|pem| !pem.is_empty());
        Ok(Self { bytes: bytes.to_vec(), envelope, certified, material: Value::Null })
    }

    /// The very bytes that were sealed or read.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// The digest of these bytes: of the blob in a registry.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// What kind of claim the payload says it is: for labels and filters only, nobody has verified it yet.
    ///
    /// `None` when the payload is not a statement.
    #[must_use]
    pub fn predicate_type(&self) -> Option<String> {
        Statement::parse(&self.envelope.payload).ok().map(|statement| statement.predicate_type().to_owned())
    }
}

/// What is written larger than this nobody would read.
fn is_read(bytes: &[u8]) -> bool {
    bytes.len() <= MAX_BUNDLE_BYTES
}

fn bounded(bytes: &[u8]) -> Result<Value, Rejection> {
    if !is_read(bytes) {
        let detail = format!("{} bytes are more than the {MAX_BUNDLE_BYTES} that are read", bytes.len());
        return Err(Rejection::new(Reason::TooLarge, detail));
    }
    Ok(parse_strict(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predicate;
    use proptest::prelude::*;

    fn statement() -> Statement {
        let subjects = vec![("ghcr.io/org/app".to_owned(), Digest::of(b"image"))];
        Statement::new(subjects, predicate::TEST_RESULT, json!({"result": "PASSED"}))
    }

    fn sealed() -> Bundle {
        let key = SigningKey::from_pem(&include_str!("../tests/keys/pkcs8.pem").into(), None).unwrap();
        Bundle::seal(&statement(), &key).unwrap()
    }

    #[test]
    fn a_bundle_has_the_key_profile_of_v03_byte_for_byte_each_time() {
        let bundle = sealed();
        assert_eq!(bundle, sealed());
        let text = String::from_utf8(bundle.to_bytes()).unwrap();
        let id = "SHA256:iT0L4qKKh9T0sRGd8EDXkC5mAa0K0okXwMpPqMrAX/k";
        let start = format!(
            r#"{{"mediaType":"{BUNDLE_MEDIA_TYPE}","verificationMaterial":{{"publicKey":{{"hint":"{id}"}},"tlogEntries":[]}},"dsseEnvelope":{{"payload":"eyJfdHlwZSI6"#
        );
        assert!(text.starts_with(&start), "{text}");
        let middle =
            format!(r#"","payloadType":"application/vnd.in-toto+json","signatures":[{{"keyid":"{id}","sig":"ME"#);
        assert!(text.contains(&middle), "{text}");
        assert_eq!(bundle.predicate_type().as_deref(), Some(predicate::TEST_RESULT));
        assert_eq!(Bundle::parse(text.as_bytes()).unwrap(), bundle);
    }

    #[test]
    fn each_broken_bundle_is_named() {
        let good = String::from_utf8(sealed().to_bytes()).unwrap();
        let envelope = serde_json::from_str::<Value>(&good).unwrap()["dsseEnvelope"].to_string();
        assert!(Bundle::parse(envelope.as_bytes()).is_ok());
        for (text, reason, wanted) in [
            (String::new(), Reason::MalformedJson, "EOF"),
            ("{}".into(), Reason::MalformedEnvelope, "neither a bundle"),
            ("[]".into(), Reason::MalformedEnvelope, "neither a bundle"),
            (good[..good.len() - 1].into(), Reason::MalformedJson, "EOF"),
            (format!("{good}x"), Reason::MalformedJson, "trailing"),
            (good.replace("bundle.v0.3", "bundle.v9"), Reason::UnknownMediaType, "media type"),
            (good.replace("dsseEnvelope", "messageSignature"), Reason::NoStatement, "it signs bytes"),
            (good.replace("verificationMaterial", "material"), Reason::MalformedEnvelope, "no `verificationMaterial`"),
            (good.replace("\"signatures\":[", "\"signatures\":[],\"x\":["), Reason::NoSignature, "no signature"),
            (good.replace("\"signatures\":[", "\"signatures\":{},\"x\":["), Reason::MalformedEnvelope, "no list"),
            (
                good.replace("\"signatures\":[", "\"signatures\":[{\"sig\":\"AA==\"},"),
                Reason::TooManySignatures,
                "2 signatures",
            ),
            (good.replace("\"payload\":\"", "\"payload\":\"*"), Reason::MalformedBase64, "`payload`: Invalid"),
            (good.replace("\"sig\":\"", "\"sig\":\"*"), Reason::MalformedBase64, "`sig`: Invalid"),
            (good.replace("\"sig\"", "\"signature\""), Reason::MalformedEnvelope, "no text `sig`"),
            (good.replace("\"keyid\":", "\"keyid\":1,\"x\":"), Reason::MalformedEnvelope, "`keyid`"),
            (good.replace("\"payloadType\"", "\"payload\":\"\",\"payloadType\""), Reason::DuplicateKey, "twice"),
            (good.replace("\"tlogEntries\"", "\"publicKey\""), Reason::DuplicateKey, "twice"),
        ] {
            let rejection = Bundle::parse(text.as_bytes()).unwrap_err();
            assert_eq!(rejection.reason(), reason, "{text:.60}: {rejection}");
            assert!(rejection.to_string().contains(wanted), "{text:.60}: {rejection}");
        }
        let blank = |length| Bundle::parse(&vec![b' '; length]).unwrap_err().reason();
        assert_eq!(blank(MAX_BUNDLE_BYTES + 1), Reason::TooLarge);
        assert_eq!(blank(MAX_BUNDLE_BYTES), Reason::MalformedJson, "the last length that is read");
    }

    #[test]
    fn every_spelling_of_the_older_versions_is_read() {
        let good = String::from_utf8(sealed().to_bytes()).unwrap();
        for version in ["0.1", "0.2", "0.3"] {
            for media_type in [format!("bundle.v{version}+json"), format!("bundle+json;version={version}")] {
                let older = good.replace("bundle.v0.3+json", &media_type);
                assert_eq!(Bundle::parse(older.as_bytes()).unwrap().envelope, sealed().envelope, "{media_type}");
            }
        }
    }

    #[test]
    fn a_layer_of_an_att_tag_is_an_envelope_whatever_its_annotations_promise() {
        let good: Value = serde_json::from_slice(&sealed().to_bytes()).unwrap();
        let layer = good["dsseEnvelope"].to_string();
        let with = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        for (annotations, certified) in [
            (BTreeMap::new(), false),
            (with("predicateType", "https://example.com/another"), false),
            (with("dev.sigstore.cosign/certificate", "-----BEGIN CERTIFICATE-----"), true),
        ] {
            let read = Bundle::from_attachment(layer.as_bytes(), &annotations).unwrap();
            assert_eq!((&read.envelope, read.certified), (&sealed().envelope, certified));
        }
        let bundle = Bundle::from_attachment(&sealed().to_bytes(), &BTreeMap::new()).unwrap_err();
        assert_eq!(bundle.reason(), Reason::MalformedEnvelope, "a bundle is no layer of an .att tag");
    }

    #[test]
    fn a_signature_that_the_key_did_not_make_is_not_sealed_in() {
        let (key, other) = (SigningKey::generate(), SigningKey::generate());
        let unsigned = Unsigned::new(&statement()).unwrap();
        let der = key.sign(&unsigned.message()).unwrap();
        assert!(unsigned.clone().sealed(&key.public(), der.clone()).is_ok());
        assert!(matches!(unsigned.clone().sealed(&other.public(), der), Err(SealError::NotItsSignature(_))));
        let digest_twice = key.sign(Digest::of(&unsigned.message()).hex().as_bytes()).unwrap();
        assert!(matches!(unsigned.sealed(&key.public(), digest_twice), Err(SealError::NotItsSignature(_))));
    }

    #[cfg(feature = "keyless")]
    #[test]
    fn a_certificates_holder_is_one_who_signed() {
        let (key, other) = (SigningKey::generate(), SigningKey::generate());
        let unsigned = Unsigned::new(&statement()).unwrap();
        let der = key.sign(&unsigned.message()).unwrap();
        let bundle = unsigned.clone().certified(&key.public(), b"certificate", der.clone()).unwrap();
        assert!(bundle.certified && bundle.envelope.signatures[0].key_hint.is_none());
        assert_eq!(Bundle::parse(&bundle.to_bytes()).unwrap(), bundle);
        let foreign = unsigned.certified(&other.public(), b"certificate", der);
        assert!(matches!(foreign, Err(SealError::NotItsSignature(_))));
    }

    #[test]
    fn a_statement_about_nothing_is_not_sealed() {
        let nothing = Statement::new(vec![], predicate::TEST_RESULT, json!({}));
        assert!(matches!(Bundle::seal(&nothing, &SigningKey::generate()), Err(SealError::Subjects(0))));
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..900, text in "\\PC{0,12}") {
            let _ = Bundle::parse(&bytes);
            let mut spliced = sealed().to_bytes();
            let cut = cut.min(spliced.len());
            spliced.splice(cut..cut, text.bytes());
            let _ = Bundle::parse(&spliced);
        }
    }
}
