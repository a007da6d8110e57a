//! Sigstore bundle v0.3 in its key profile, written so that sigstore-go, sigstore-js and securesystemslib accept it.
//!
//! Specification: sigstore/protobuf-specs `sigstore_bundle.proto`, as proto3 JSON. Read are also the media types of
//! v0.1 and v0.2, and bare DSSE envelopes.

use crate::{
    Signer, Statement,
    dsse::{Envelope, EnvelopeJson, PAYLOAD_TYPE, Signature, pre_authentication_encoding},
    keys::SignError,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

/// The media type of a bundle, and the artifact type of the referrer that carries it.
pub const BUNDLE_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Larger bundles are not read, in bytes: room for an SBOM statement of 36 MiB, well above what registries take as evidence.
pub const MAX_BUNDLE_BYTES: usize = 48 << 20;

const READABLE_MEDIA_TYPES: [&str; 4] = [
    BUNDLE_MEDIA_TYPE,
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
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Larger than [`MAX_BUNDLE_BYTES`].
    #[error("{0} bytes are more than the {MAX_BUNDLE_BYTES} that are read")]
    TooLarge(usize),
    /// Neither a bundle nor an envelope.
    #[error("not a Sigstore bundle or DSSE envelope: {0}")]
    Malformed(String),
    /// A bundle of a version that is not known.
    #[error("media type `{0}` is not one of a bundle v0.1 to v0.3")]
    MediaType(String),
    /// A statement about nothing, or about more than other tools read.
    #[error("a statement needs 1 to {max} subjects, not {0}", max = crate::MAX_SUBJECTS)]
    Subjects(usize),
    /// The signer did not sign.
    #[error("the signer did not sign: {0}")]
    Sign(#[from] SignError),
}

impl Bundle {
    /// Signs a statement.
    ///
    /// The same statement and a [`crate::SigningKey`] always give the same bytes.
    ///
    /// # Errors
    /// [`BundleError::Subjects`] for a statement about nothing or too much, [`BundleError::TooLarge`] for a bundle no one
    /// would read, [`BundleError::Sign`] when the signer fails.
    pub fn seal(statement: &Statement, signer: &dyn Signer) -> Result<Self, BundleError> {
        let subjects = statement.subjects().len();
        if subjects == 0 || subjects > crate::MAX_SUBJECTS {
            return Err(BundleError::Subjects(subjects));
        }
        let payload = statement.to_bytes();
        let der = signer.sign(&pre_authentication_encoding(PAYLOAD_TYPE, &payload))?;
        let bytes = json!({
            "mediaType": BUNDLE_MEDIA_TYPE,
            // sigstore-python's model needs `tlogEntries` to be there, though there are none without a log.
            "verificationMaterial": {"publicKey": {"hint": signer.key_id()}, "tlogEntries": []},
            "dsseEnvelope": {
                "payload": STANDARD.encode(&payload),
                "payloadType": PAYLOAD_TYPE,
                // Exactly one signature in a bundle, under the very name of the hint (sigstore_bundle.proto).
                "signatures": [{"keyid": signer.key_id(), "sig": STANDARD.encode(&der)}],
            },
        })
        .to_string()
        .into_bytes();
        if bytes.len() > MAX_BUNDLE_BYTES {
            return Err(BundleError::TooLarge(bytes.len()));
        }
        let signatures = vec![Signature { key_hint: Some(signer.key_id().to_owned()), der }];
        let envelope = Envelope { payload, payload_type: PAYLOAD_TYPE.to_owned(), signatures };
        Ok(Self { bytes, envelope, certified: false })
    }

    /// Reads a bundle, or a bare DSSE envelope.
    ///
    /// # Errors
    /// [`BundleError`] when it is too large, of an unknown version, or not well formed.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > MAX_BUNDLE_BYTES {
            return Err(BundleError::TooLarge(bytes.len()));
        }
        let malformed = |reason: String| BundleError::Malformed(reason);
        let shape: Shape = serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
        if shape.media_type.is_none() && shape.payload.is_some() {
            let bare: EnvelopeJson = serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
            let envelope = bare.decode().map_err(malformed)?;
            return Ok(Self { bytes: bytes.to_vec(), envelope, certified: false });
        }
        let media_type = shape.media_type.ok_or_else(|| malformed("no `mediaType` and no `payload`".into()))?;
        if !READABLE_MEDIA_TYPES.contains(&media_type.as_str()) {
            return Err(BundleError::MediaType(media_type.chars().take(120).collect()));
        }
        let envelope = shape
            .dsse_envelope
            .ok_or_else(|| malformed("no `dsseEnvelope`: it signs bytes, not a statement".into()))?;
        let envelope = envelope.decode().map_err(malformed)?;
        if envelope.signatures.len() != 1 {
            return Err(malformed(format!("{} signatures where a bundle has one", envelope.signatures.len())));
        }
        let material = shape.verification_material.ok_or_else(|| malformed("no `verificationMaterial`".into()))?;
        let certified = material.certificate.is_some() || material.x509_certificate_chain.is_some();
        Ok(Self { bytes: bytes.to_vec(), envelope, certified })
    }

    /// The very bytes that were sealed or read.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// What kind of claim the payload says it is: for labels and filters only, nobody has verified it yet.
    ///
    /// `None` when the payload is not a statement.
    #[must_use]
    pub fn predicate_type(&self) -> Option<String> {
        Statement::parse(&self.envelope.payload).ok().map(|statement| statement.predicate_type().to_owned())
    }
}

/// The parts of a bundle that decide. Members that are not known are ignored, as proto3 JSON readers do.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    media_type: Option<String>,
    verification_material: Option<Material>,
    dsse_envelope: Option<EnvelopeJson>,
    /// Only in a bare envelope.
    payload: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    certificate: Option<IgnoredAny>,
    x509_certificate_chain: Option<IgnoredAny>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SigningKey, predicate};
    use proptest::prelude::*;
    use subject::Digest;

    fn sealed() -> Bundle {
        let key = SigningKey::from_pem(&include_str!("../tests/keys/pkcs8.pem").into(), None).unwrap();
        let subjects = vec![("ghcr.io/org/app".to_owned(), Digest::of(b"image"))];
        Bundle::seal(&Statement::new(subjects, predicate::TEST_RESULT, json!({"result": "PASSED"})), &key).unwrap()
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
        let bare = serde_json::from_str::<serde_json::Value>(&good).unwrap()["dsseEnvelope"].to_string();
        assert!(Bundle::parse(bare.as_bytes()).is_ok());
        assert!(Bundle::parse(good.replace("bundle.v0.3+json", "bundle+json;version=0.2").as_bytes()).is_ok());
        for (text, wanted) in [
            (String::new(), "EOF"),
            ("{}".into(), "no `mediaType` and no `payload`"),
            ("[]".into(), "not a Sigstore bundle"),
            (good[..good.len() - 1].into(), "EOF"),
            (format!("{good}x"), "trailing"),
            (good.replace("bundle.v0.3", "bundle.v9"), "media type"),
            (good.replace("dsseEnvelope", "messageSignature"), "it signs bytes"),
            (good.replace("verificationMaterial", "material"), "no `verificationMaterial`"),
            (good.replace("\"signatures\":[", "\"signatures\":[],\"x\":["), "0 signatures"),
            (good.replace("\"signatures\":[", "\"signatures\":[{\"sig\":\"AA==\"},"), "2 signatures"),
            (good.replace("\"payload\":\"", "\"payload\":\"*"), "payload: Invalid"),
            (good.replace("\"payloadType\"", "\"payload\":\"\",\"payloadType\""), "duplicate field"),
        ] {
            let error = Bundle::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(wanted), "{text:.60}: {error}");
        }
        assert!(matches!(Bundle::parse(&vec![b' '; MAX_BUNDLE_BYTES + 1]), Err(BundleError::TooLarge(_))));
    }

    #[test]
    fn a_statement_about_nothing_is_not_sealed() {
        let nothing = Statement::new(vec![], predicate::TEST_RESULT, json!({}));
        assert!(matches!(Bundle::seal(&nothing, &SigningKey::generate()), Err(BundleError::Subjects(0))));
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
