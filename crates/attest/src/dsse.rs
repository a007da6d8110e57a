//! DSSE, the Dead Simple Signing Envelope: what exactly is signed, and how an envelope is read.
//!
//! Specification: secure-systems-lab/dsse `protocol.md` and `envelope.md`, version 1.0.2. Signatures are ASN.1 DER, as
//! Sigstore, securesystemslib and AWS KMS have them.

use crate::{Reason, Rejection};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::Value;

/// The only payload type Sigstore clients accept for in-toto statements (sigstore client-spec §4.5).
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// More signatures than this in one envelope are refused: each costs a verification with every key.
const MAX_SIGNATURES: usize = 16;

/// What a signer signs: type and body with their lengths, so that neither can be read as the other.
///
/// `"DSSEv1" SP LEN(type) SP type SP LEN(body) SP body`, lengths in bytes, decimal.
#[must_use]
pub fn pre_authentication_encoding(payload_type: &str, body: &[u8]) -> Vec<u8> {
    let mut encoded = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), body.len()).into_bytes();
    encoded.extend_from_slice(body);
    encoded
}

/// An envelope as it came: its payload is not believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// The very bytes that were signed.
    pub(crate) payload: Vec<u8>,
    pub(crate) payload_type: String,
    pub(crate) signatures: Vec<Signature>,
}

/// One signature and the unauthenticated hint which key made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) key_hint: Option<String>,
    pub(crate) der: Vec<u8>,
}

impl Envelope {
    /// Reads an envelope and decodes payload and signatures, once and for all. Members that are not known are ignored, as
    /// the specification demands.
    ///
    /// # Errors
    /// A [`Rejection`] that names the member that is wrong.
    pub(crate) fn read(value: &Value) -> Result<Self, Rejection> {
        let payload = base64_member(value, "payload")?;
        let payload_type = text_member(value, "payloadType")?.to_owned();
        let signatures = value.get("signatures").and_then(Value::as_array);
        let signatures = signatures.ok_or_else(|| malformed("has no list `signatures`"))?;
        if signatures.is_empty() {
            return Err(Rejection::new(Reason::NoSignature, "envelope has no signature"));
        }
        if signatures.len() > MAX_SIGNATURES {
            let detail = format!("envelope has {} signatures; 1 to {MAX_SIGNATURES} are tried", signatures.len());
            return Err(Rejection::new(Reason::TooManySignatures, detail));
        }
        let signatures = signatures.iter().map(Signature::read).collect::<Result<_, _>>()?;
        Ok(Self { payload, payload_type, signatures })
    }
}

impl Signature {
    fn read(value: &Value) -> Result<Self, Rejection> {
        let key_hint = match value.get("keyid") {
            None | Some(Value::Null) => None,
            Some(Value::String(hint)) => Some(hint.clone()).filter(|hint| !hint.is_empty()),
            Some(_) => return Err(malformed("has a `keyid` that is not a text")),
        };
        Ok(Self { key_hint, der: base64_member(value, "sig")? })
    }
}

fn malformed(what: impl std::fmt::Display) -> Rejection {
    Rejection::new(Reason::MalformedEnvelope, format!("envelope {what}"))
}

fn text_member<'a>(value: &'a Value, name: &str) -> Result<&'a str, Rejection> {
    value.get(name).and_then(Value::as_str).ok_or_else(|| malformed(format_args!("has no text `{name}`")))
}

fn base64_member(value: &Value, name: &str) -> Result<Vec<u8>, Rejection> {
    let text = text_member(value, name)?;
    decode_base64(text)
        .map_err(|error| Rejection::new(Reason::MalformedBase64, format!("envelope's `{name}`: {error}")))
}

/// The envelope specification has readers accept the standard and the URL-safe alphabet; mixing them, white space, and
/// bits behind the last byte are refused.
fn decode_base64(text: &str) -> Result<Vec<u8>, base64::DecodeError> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
    if text.contains(['-', '_']) { URL_SAFE.decode(text) } else { STANDARD.decode(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::{Signature as RawSignature, SigningKey, signature::Signer};

    /// DSSE protocol.md, "Test Vectors": the P-256 key, body and raw signature published there.
    #[test]
    fn the_published_vector_is_reproduced_byte_for_byte() {
        let encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");

        // d = 97358161215184420915383655311931858321456579547487070936769975997791359926199
        let scalar = hex_of_decimal("97358161215184420915383655311931858321456579547487070936769975997791359926199");
        let signature: RawSignature = SigningKey::from_slice(&scalar).unwrap().sign(&encoded);
        let published = "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==";
        assert_eq!(signature.to_bytes().as_slice(), decode_base64(published).unwrap());
        let der = "MEQCIANyarEBrVbCdjtsaqyOSHJ14qeRk6CdxfhZ2fjvPEo7AiBR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==";
        assert_eq!(signature.to_der().as_bytes(), decode_base64(der).unwrap());
    }

    #[test]
    fn lengths_count_bytes_and_no_body_can_pose_as_another() {
        assert_eq!(pre_authentication_encoding("é", b"\xff\x00"), b"DSSEv1 2 \xc3\xa9 2 \xff\x00");
        assert_eq!(pre_authentication_encoding("", b""), b"DSSEv1 0  0 ");
    }

    #[test]
    fn both_alphabets_are_read_and_nothing_else() {
        for text in ["+/8=", "-_8=", "+/8", "-_8"] {
            assert_eq!(decode_base64(text).unwrap(), [0xfb, 0xff], "{text}");
        }
        for text in ["+_8=", "+/8=\n", "+/9=", "=", "é"] {
            assert!(decode_base64(text).is_err(), "{text}");
        }
    }

    fn hex_of_decimal(decimal: &str) -> [u8; 32] {
        decimal.bytes().fold([0; 32], |number, digit| {
            let mut carry = u16::from(digit - b'0');
            let mut next = number;
            for byte in next.iter_mut().rev() {
                carry += u16::from(*byte) * 10;
                *byte = carry as u8;
                carry >>= 8;
            }
            next
        })
    }
}
