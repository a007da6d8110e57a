//! Certificates as Fulcio issues them: who is named in one, by whom, and what the certificate logs signed.
//!
//! Whether a certificate may be believed is webpki's answer (`authority`); here is only read what stands in it.

use super::der::{self, BIT_STRING, BOOLEAN, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, UTF8_STRING, context};

/// 2.5.29.17, subjectAltName.
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// 1.3.6.1.4.1.57264.1.8, the issuer of the identity token (sigstore/fulcio `docs/oid-info.md`).
const TOKEN_ISSUER: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xbf, 0x30, 0x01, 0x08];
/// 1.3.6.1.4.1.11129.2.4.2, the list of signed certificate time stamps (RFC 6962 §3.3).
pub(super) const TIMESTAMPS: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x02];

/// A certificate, taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Certificate<'d> {
    /// The members of what is signed, before the extensions.
    head: &'d [u8],
    /// The extensions, one after the other.
    extensions: &'d [u8],
    /// The SubjectPublicKeyInfo.
    pub(super) key: &'d [u8],
}

impl<'d> Certificate<'d> {
    /// Reads an X.509 v3 certificate (RFC 5280 §4.1).
    pub(super) fn read(bytes: &'d [u8]) -> Option<Self> {
        let mut outer = Reader::new(der::only(bytes, SEQUENCE)?.value);
        let signed = outer.take(SEQUENCE)?.value;
        let (_algorithm, _signature) = (outer.take(SEQUENCE)?, outer.take(BIT_STRING)?);
        let mut inner = Reader::new(signed);
        let _version = inner.take(context(0))?;
        let _serial = inner.take(INTEGER)?;
        for _algorithm_issuer_validity_subject in 0..4 {
            inner.take(SEQUENCE)?;
        }
        let key = inner.take(SEQUENCE)?.whole;
        let extensions = inner.take(context(3))?;
        if !inner.is_empty() || !outer.is_empty() {
            return None;
        }
        let head = signed.get(..signed.len() - extensions.whole.len())?;
        Some(Self { head, extensions: der::only(extensions.value, SEQUENCE)?.value, key })
    }

    /// The content of an extension that stands there once.
    pub(super) fn extension(&self, id: &[u8]) -> Option<&'d [u8]> {
        let mut found = None;
        for extension in Reader::new(self.extensions).all(SEQUENCE)? {
            let mut inside = Reader::new(extension.value);
            let named = inside.take(OID)?.value;
            let _critical = inside.optional(BOOLEAN);
            let value = inside.take(OCTET_STRING)?.value;
            if named == id && found.replace(value).is_some() {
                return None;
            }
        }
        found
    }

    /// Whom it names: its one URI or e-mail address.
    pub(super) fn subject(&self) -> Option<&'d str> {
        const EMAIL: u8 = 0x81;
        const URI: u8 = 0x86;
        let mut names = Reader::new(der::only(self.extension(ALTERNATIVE_NAME)?, SEQUENCE)?.value);
        let name = names.any().filter(|name| matches!(name.tag, EMAIL | URI) && names.is_empty())?;
        std::str::from_utf8(name.value).ok()
    }

    /// Who vouched for that name.
    pub(super) fn token_issuer(&self) -> Option<&'d str> {
        std::str::from_utf8(der::only(self.extension(TOKEN_ISSUER)?, UTF8_STRING)?.value).ok()
    }

    /// What was signed before the logs had seen it: all of it but their list (RFC 6962 §3.2).
    pub(super) fn before_logging(&self) -> Option<Vec<u8>> {
        let mut extensions = Vec::new();
        for extension in Reader::new(self.extensions).all(SEQUENCE)? {
            if Reader::new(extension.value).take(OID)?.value != TIMESTAMPS {
                extensions.extend_from_slice(extension.whole);
            }
        }
        let extensions = der::encode(context(3), &der::encode(SEQUENCE, &extensions));
        Some(der::encode(SEQUENCE, &[self.head, &extensions].concat()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    fn leaf() -> Vec<u8> {
        let bundle: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/keyless/stamp.sigstore.json")).unwrap();
        STANDARD
            .decode(bundle.pointer("/verificationMaterial/certificate/rawBytes").unwrap().as_str().unwrap())
            .unwrap()
    }

    #[test]
    fn a_certificate_is_read_to_its_end_and_has_nothing_behind_it() {
        let leaf = leaf();
        let read = Certificate::read(&leaf).unwrap();
        assert_eq!(read.subject(), Some("https://github.com/org/app/.github/workflows/release.yml@refs/heads/main"));
        assert_eq!(read.token_issuer(), Some("https://token.actions.githubusercontent.com"));
        let mut outer = Reader::new(der::only(&leaf, SEQUENCE).unwrap().value);
        let (signed, algorithm, signature) = (outer.any().unwrap(), outer.any().unwrap(), outer.any().unwrap());
        let whole = |signed: &[u8], more: &[u8]| {
            der::encode(SEQUENCE, &[signed, algorithm.whole, signature.whole, more].concat())
        };
        assert_eq!(whole(signed.whole, b""), leaf);
        assert!(Certificate::read(&whole(signed.whole, &[0x05, 0x00])).is_none());
        let longer = der::encode(SEQUENCE, &[signed.value, &[0x05, 0x00]].concat());
        assert!(Certificate::read(&whole(&longer, b"")).is_none());
        // Without its last extension, the logs' list, and put together again, it is as it was before.
        let before = read.before_logging().unwrap();
        assert!(
            before.len() < signed.whole.len() && Certificate::read(&whole(&before, b"")).unwrap().subject().is_some()
        );
        assert!(Certificate::read(&whole(&before, b"")).unwrap().extension(TIMESTAMPS).is_none());
    }

    #[test]
    fn a_subject_is_one_address_and_nothing_else() {
        const DNS: u8 = 0x82;
        let (uri, mail) = (der::encode(0x86, b"https://ci/flow"), der::encode(0x81, b"a@b.c"));
        for (names, wanted) in [
            (uri.clone(), Some("https://ci/flow")),
            (mail.clone(), Some("a@b.c")),
            (der::encode(DNS, b"ci"), None),
            ([uri.clone(), mail].concat(), None),
            ([uri, der::encode(DNS, b"ci")].concat(), None),
            (vec![], None),
        ] {
            let value = der::encode(OCTET_STRING, &der::encode(SEQUENCE, &names));
            let one = der::encode(SEQUENCE, &[der::encode(OID, ALTERNATIVE_NAME), value].concat());
            let leaf = leaf();
            let read = Certificate::read(&leaf).unwrap();
            assert_eq!(Certificate { extensions: &one, ..read }.subject(), wanted, "{names:x?}");
        }
    }

    #[test]
    fn an_extension_that_stands_there_twice_says_nothing() {
        let leaf = leaf();
        let read = Certificate::read(&leaf).unwrap();
        let twice = [read.extensions, read.extensions].concat();
        assert_eq!(Certificate { extensions: &twice, ..read }.subject(), None);
    }
}
