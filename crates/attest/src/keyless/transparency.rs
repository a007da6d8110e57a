//! Certificate transparency: that a log has seen a certificate (RFC 6962).

use super::{
    der::{self, OCTET_STRING},
    root::{Log, find},
    x509::{Certificate, TIMESTAMPS},
};
use jiff::Timestamp;
use subject::Digest;

/// Whether at least one of these logs has signed that it saw this certificate, which a holder of `issuer_key` issued.
pub(super) fn is_logged(certificate: &Certificate<'_>, issuer_key: &[u8], logs: &[Log]) -> bool {
    let seen = || {
        let list = der::only(certificate.extension(TIMESTAMPS)?, OCTET_STRING)?.value;
        let (before, issuer) = (certificate.before_logging()?, Digest::of(issuer_key));
        let mut list = Bytes(list);
        let mut list = Bytes(list.sized(2)?);
        while !list.0.is_empty() {
            let entry = Bytes(list.sized(2)?);
            if is_signed(entry, &before, &issuer, logs).is_some() {
                return Some(());
            }
        }
        None
    };
    seen().is_some()
}

/// One signed certificate time stamp, version 1 (RFC 6962 §3.2).
fn is_signed(mut entry: Bytes<'_>, before: &[u8], issuer: &Digest, logs: &[Log]) -> Option<()> {
    const SHA256_ECDSA: [u8; 2] = [4, 3];
    let version = entry.take(1)?;
    let id = entry.take(32)?;
    let time = entry.take(8)?;
    let extensions = entry.sized(2)?;
    let algorithm = entry.take(2)?;
    let signature = entry.sized(2)?;
    if version != [0] || algorithm != SHA256_ECDSA || !entry.0.is_empty() {
        return None;
    }
    let at = Timestamp::from_millisecond(i64::try_from(u64::from_be_bytes(time.try_into().ok()?)).ok()?).ok()?;
    let log = find(logs, id, at)?;
    let length = u32::try_from(before.len()).ok()?.to_be_bytes();
    let extensions_length = u16::try_from(extensions.len()).ok()?.to_be_bytes();
    // Version 1, a certificate time stamp; then the entry: a certificate before its issuing.
    let head = [&[0, 0][..], time, &[0, 1], &issuer.bytes()[..], &length[1..], before];
    let message = [&head.concat()[..], &extensions_length, extensions].concat();
    log.signed(&message, signature).then_some(())
}

/// TLS's presentation language (RFC 8446 §3): lengths before contents.
struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// Something with its length before it, in so many bytes.
    fn sized(&mut self, width: usize) -> Option<&'b [u8]> {
        let length = self.take(width)?.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SigningKey, keyless::TrustedRoot};
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde_json::{Value, json};

    #[test]
    fn a_length_of_two_bytes_is_read_from_its_greater_one() {
        let text = [&[1, 4][..], &[7; 261]].concat();
        let mut bytes = Bytes(&text);
        assert_eq!((bytes.sized(2).map(<[u8]>::len), bytes.0), (Some(260), &[7][..]));
        assert_eq!(Bytes(&text[..200]).sized(2), None);
    }

    #[test]
    fn a_stamp_is_of_a_log_that_is_believed_and_over_this_very_certificate() {
        let key = SigningKey::generate();
        let spki = key.public().to_der().unwrap();
        let mut root: Value = serde_json::from_str(include_str!("../../tests/keyless/trusted_root.json")).unwrap();
        let period = json!({"start": "2026-01-01T00:00:00Z", "end": "2026-12-31T00:00:00Z"});
        root["ctlogs"] = json!([{"publicKey": {"rawBytes": STANDARD.encode(&spki), "validFor": period}}]);
        let logs = TrustedRoot::read(root.to_string().as_bytes()).unwrap().certificate_logs;
        let (before, issuer) = (b"certificate".as_slice(), Digest::of(b"issuer"));
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond().to_be_bytes();
        let stamp = |version: u8, time: [u8; 8], algorithm: [u8; 2], more: &[u8]| {
            let signed = [&[0, 0][..], &time, &[0, 1], &issuer.bytes(), &[0, 0, 11], before, &[0, 1, 9]];
            let signature = key.sign(&signed.concat()).unwrap();
            let length = u16::try_from(signature.len()).unwrap().to_be_bytes();
            let id = Digest::of(&spki).bytes();
            [&[version][..], &id, &time, &[0, 1, 9], &algorithm, &length, &signature, more].concat()
        };
        let holds =
            |entry: &[u8], before: &[u8], issuer: &Digest| is_signed(Bytes(entry), before, issuer, &logs).is_some();
        let now = at("2026-09-21T12:00:00Z");
        let good = stamp(0, now, [4, 3], b"");
        assert!(holds(&good, before, &issuer));
        assert!(!holds(&good, b"Certificate", &issuer));
        assert!(!holds(&good, before, &Digest::of(b"another")));
        assert!(!holds(&stamp(1, now, [4, 3], b""), before, &issuer), "another version");
        assert!(!holds(&stamp(0, now, [5, 3], b""), before, &issuer), "another hash");
        assert!(!holds(&stamp(0, now, [4, 3], &[0]), before, &issuer), "something behind it");
        assert!(
            !holds(&stamp(0, at("2025-12-31T00:00:00Z"), [4, 3], b""), before, &issuer),
            "before the log was believed"
        );
        assert!(!holds(&stamp(0, at("2027-01-01T00:00:00Z"), [4, 3], b""), before, &issuer), "after it");
        assert!(!holds(&good[..good.len() - 1], before, &issuer), "half of one");
    }
}
