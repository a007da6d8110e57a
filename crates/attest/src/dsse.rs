//! DSSE, the Dead Simple Signing Envelope: what exactly is signed, and how an envelope is read.
//!
//! Specification: secure-systems-lab/dsse `protocol.md` and `envelope.md`, version 1.0.2. Signatures are ASN.1 DER, as
//! Sigstore, securesystemslib and AWS KMS have them.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;

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

/// An envelope as JSON spells it. Unknown members are ignored; a known one that occurs twice is refused by serde.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnvelopeJson {
    payload: String,
    payload_type: String,
    signatures: Vec<SignatureJson>,
}

#[derive(Deserialize)]
struct SignatureJson {
    #[serde(default)]
    keyid: Option<String>,
    sig: String,
}

impl EnvelopeJson {
    /// Decodes payload and signatures, once and for all. The error says which part is wrong.
    pub(crate) fn decode(self) -> Result<Envelope, String> {
        if self.signatures.is_empty() || self.signatures.len() > MAX_SIGNATURES {
            return Err(format!(
                "{} signatures in the envelope; 1 to {MAX_SIGNATURES} can be read",
                self.signatures.len()
            ));
        }
        let payload = decode_base64(&self.payload).map_err(|error| format!("payload: {error}"))?;
        let signatures = self
            .signatures
            .into_iter()
            .map(|signature| {
                let der = decode_base64(&signature.sig).map_err(|error| format!("signature: {error}"))?;
                Ok(Signature { key_hint: signature.keyid.filter(|id| !id.is_empty()), der })
            })
            .collect::<Result<_, String>>()?;
        Ok(Envelope { payload, payload_type: self.payload_type, signatures })
    }
}

/// The envelope specification has readers accept the standard and the URL-safe alphabet.
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
