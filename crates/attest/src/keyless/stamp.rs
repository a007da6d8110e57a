//! Time stamps (RFC 3161): that an authority saw these bytes at a time.

use super::{
    der::{self, GENERALIZED_TIME, INTEGER, NULL, OCTET_STRING, OID, Reader, SEQUENCE, SET, context},
    key::{Hash, Key},
    root::{Authority, Purpose},
    x509::Certificate,
};
use jiff::Timestamp;
use subject::Digest;

/// 1.2.840.113549.1.7.2, id-signedData (RFC 5652 §5.1).
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// 1.2.840.113549.1.9.16.1.4, id-ct-TSTInfo.
const STAMP: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
/// 1.2.840.113549.1.9.3, id-contentType.
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
/// 1.2.840.113549.1.9.4, id-messageDigest.
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
/// 2.16.840.1.101.3.4.2.1 to .3.
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
const SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];

/// The request for a stamp over `bytes` (RFC 3161 §2.4.1): their SHA-256, and the wish for the authority's certificate.
pub(super) fn request(bytes: &[u8]) -> Vec<u8> {
    // With the NULL that OpenSSL writes there; not every authority takes a request without it.
    let algorithm = der::encode(SEQUENCE, &[der::encode(OID, SHA256), der::encode(NULL, &[])].concat());
    let imprint = [algorithm, der::encode(OCTET_STRING, &Digest::of(bytes).bytes())].concat();
    let members = [der::encode(INTEGER, &[1]), der::encode(SEQUENCE, &imprint), der::encode(der::BOOLEAN, &[0xff])];
    der::encode(SEQUENCE, &members.concat())
}

/// Verifies an answer (RFC 3161 §2.4.2) that stamps `bytes`.
pub(super) fn verify(answer: &[u8], bytes: &[u8], stampers: &[Authority]) -> Option<Timestamp> {
    let token = Token::read(answer)?;
    let info = Info::read(token.content)?;
    if info.imprint != Digest::of(bytes).bytes() {
        return None;
    }
    let attributes = token.signer.attributes()?;
    let certificates = stampers.iter().flat_map(|it| it.chain.first().map(|leaf| (it, leaf.as_ref())));
    let carried = token.certificates.iter().flat_map(|leaf| stampers.iter().map(move |it| (it, *leaf)));
    let signed = |(authority, certificate): (&Authority, &[u8])| {
        let key = Certificate::read(certificate).and_then(|read| Key::from_der(read.key));
        key.is_some_and(|key| key.verifies(token.signer.hash, &attributes, token.signer.signature))
            && authority.vouches(certificate, Purpose::TimeStamping, info.at)
    };
    // A root lists its authority's chain with the stamping certificate in front, or leaves that one to the stamp.
    (token.signer.is_over(token.content) && certificates.chain(carried).any(signed)).then_some(info.at)
}

/// The signed part of an answer.
struct Token<'d> {
    content: &'d [u8],
    certificates: Vec<&'d [u8]>,
    signer: Signer<'d>,
}

impl<'d> Token<'d> {
    fn read(answer: &'d [u8]) -> Option<Self> {
        let mut answer = Reader::new(der::only(answer, SEQUENCE)?.value);
        let status = answer.inside(SEQUENCE)?.take(INTEGER)?.value;
        let mut outer = answer.inside(SEQUENCE)?;
        // 0 is granted, 1 granted with changes.
        if !matches!(status, [0 | 1]) || !answer.is_empty() || outer.take(OID)?.value != SIGNED_DATA {
            return None;
        }
        let mut data = outer.inside(context(0))?.inside(SEQUENCE)?;
        let (_version, _digests) = (data.take(INTEGER)?, data.take(SET)?);
        let mut wrapped = data.inside(SEQUENCE)?;
        if wrapped.take(OID)?.value != STAMP {
            return None;
        }
        let content = wrapped.inside(context(0))?.take(OCTET_STRING)?.value;
        let certificates = match data.optional(context(0)) {
            Some(set) => Reader::new(set.value).all(SEQUENCE)?.into_iter().map(|it| it.whole).take(8).collect(),
            None => Vec::new(),
        };
        let _revocations = data.optional(context(1));
        let signers = data.inside(SET)?.all(SEQUENCE)?;
        let [signer] = signers.as_slice() else { return None };
        Some(Self { content, certificates, signer: Signer::read(Reader::new(signer.value))? })
    }
}

/// Who signed, and over what (RFC 5652 §5.3).
struct Signer<'d> {
    hash: Hash,
    attributes: &'d [u8],
    signature: &'d [u8],
}

impl<'d> Signer<'d> {
    fn read(mut info: Reader<'d>) -> Option<Self> {
        let (_version, _whose) = (info.take(INTEGER)?, info.any()?);
        let hash = hash(info.inside(SEQUENCE)?.take(OID)?.value)?;
        let attributes = info.take(context(0))?.value;
        let _algorithm = info.take(SEQUENCE)?;
        Some(Self { hash, attributes, signature: info.take(OCTET_STRING)?.value })
    }

    /// What the signature is over: the attributes as a SET (RFC 5652 §5.4).
    fn attributes(&self) -> Option<Vec<u8>> {
        Some(der::encode(SET, self.attributes))
    }

    /// Whether the attributes speak of this content, and of it as a stamp.
    fn is_over(&self, content: &[u8]) -> bool {
        let kind = self.attribute(CONTENT_TYPE).and_then(|value| der::only(value, OID));
        let digest = self.attribute(MESSAGE_DIGEST).and_then(|value| der::only(value, OCTET_STRING));
        kind.is_some_and(|it| it.value == STAMP) && digest.is_some_and(|it| it.value == hashed(self.hash, content))
    }

    /// The one value of an attribute that stands there once.
    fn attribute(&self, id: &[u8]) -> Option<&'d [u8]> {
        let mut found = None;
        for attribute in Reader::new(self.attributes).all(SEQUENCE)? {
            let mut inside = Reader::new(attribute.value);
            let (named, values) = (inside.take(OID)?.value, inside.take(SET)?.value);
            if named == id && found.replace(values).is_some() {
                return None;
            }
        }
        found
    }
}

/// What was stamped, and when (RFC 3161 §2.4.2, TSTInfo).
struct Info<'d> {
    imprint: &'d [u8],
    at: Timestamp,
}

impl<'d> Info<'d> {
    fn read(content: &'d [u8]) -> Option<Self> {
        let mut info = Reader::new(der::only(content, SEQUENCE)?.value);
        let (_version, _policy) = (info.take(INTEGER)?, info.take(OID)?);
        let mut imprint = info.inside(SEQUENCE)?;
        if imprint.inside(SEQUENCE)?.take(OID)?.value != SHA256 {
            return None;
        }
        let imprint = imprint.take(OCTET_STRING)?.value;
        let _serial = info.take(INTEGER)?;
        Some(Self { imprint, at: moment(info.take(GENERALIZED_TIME)?.value)? })
    }
}

/// `YYYYMMDDHHMMSS[.f]Z`.
fn moment(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    let (date, time) = text.split_at_checked(8)?;
    let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..8)?);
    let (hour, minute, second) = (time.get(..2)?, time.get(2..4)?, time.get(4..)?);
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}").parse().ok().filter(|_| second.ends_with('Z'))
}

fn hash(id: &[u8]) -> Option<Hash> {
    match id {
        SHA256 => Some(Hash::Sha256),
        SHA384 => Some(Hash::Sha384),
        SHA512 => Some(Hash::Sha512),
        _ => None,
    }
}

fn hashed(hash: Hash, bytes: &[u8]) -> Vec<u8> {
    use sha2::Digest as _;
    match hash {
        Hash::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
        Hash::Sha384 => sha2::Sha384::digest(bytes).to_vec(),
        Hash::Sha512 => sha2::Sha512::digest(bytes).to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digests of `abc` (FIPS 180-4, examples).
    #[test]
    fn a_hash_is_known_by_its_identifier() {
        for (id, digest) in
            [(SHA256, [0xba, 0x78, 0x16, 0xbf]), (SHA384, [0xcb, 0, 0x75, 0x3f]), (SHA512, [0xdd, 0xaf, 0x35, 0xa1])]
        {
            assert_eq!(hashed(hash(id).unwrap(), b"abc")[..4], digest);
        }
        assert!(hash(b"\x2b\x0e\x03\x02\x1a").is_none(), "SHA-1");
    }

    #[test]
    fn a_moment_is_read_as_der_writes_it() {
        for (text, wanted) in [
            ("20260921120000Z", Some("2026-09-21T12:00:00Z")),
            ("20260921120000.25Z", Some("2026-09-21T12:00:00.25Z")),
            ("20260921120000", None),
            ("20260921120000+0100", None),
            ("2026092112Z", None),
            ("20261321120000Z", None),
            ("", None),
        ] {
            assert_eq!(moment(text.as_bytes()), wanted.map(|it| it.parse().unwrap()), "{text}");
        }
    }
}
