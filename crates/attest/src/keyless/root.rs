//! A trusted root: whose certificates, logs and time stamps are believed, and when.
//!
//! Specification: sigstore/protobuf-specs `sigstore_trustroot.proto` as proto3 JSON, `trustedroot+json;version=0.1`; the file
//! that Sigstore publishes, that `gh attestation trusted-root` prints, and that a private instance writes for itself.

use super::{
    key::{Hash, Key},
    x509::Certificate,
};
use crate::json::parse_strict;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use pki_types::{CertificateDer, UnixTime};
use serde_json::Value;
use subject::Digest;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// Sigstore's own root has some 10 KB.
const LARGEST: usize = 1 << 20;

/// Why a text is no trusted root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    /// Not unambiguous JSON, or too large.
    #[error("not JSON of at most 1 MiB: {0}")]
    Json(String),
    /// JSON of another kind.
    #[error("its media type is not `application/vnd.dev.sigstore.trustedroot…`")]
    MediaType,
    /// A member is missing, or not what the specification says.
    #[error("`{0}` is not what a trusted root has there")]
    Member(&'static str),
    /// Without an authority nobody's certificate could be believed.
    #[error("it names no certificate authority")]
    Empty,
}

/// What is believed besides keys.
#[derive(Debug, Clone)]
pub struct TrustedRoot {
    pub(super) authorities: Vec<Authority>,
    pub(super) stampers: Vec<Authority>,
    pub(super) certificate_logs: Vec<Log>,
    pub(super) logs: Vec<Log>,
}

/// The time in which something is believed. What has no beginning is never believed (`sigstore_common.proto`, `TimeRange`).
#[derive(Debug, Clone, Copy)]
struct Period {
    start: Timestamp,
    end: Option<Timestamp>,
}

impl Period {
    fn read(value: Option<&Value>) -> Option<Self> {
        let start = value?.get("start")?.as_str()?.parse().ok()?;
        let end = match value?.get("end") {
            None | Some(Value::Null) => None,
            Some(end) => Some(end.as_str()?.parse().ok()?),
        };
        Some(Self { start, end })
    }

    fn holds(&self, at: Timestamp) -> bool {
        self.start <= at && self.end.is_none_or(|end| at <= end)
    }
}

/// A log and its key.
#[derive(Debug, Clone)]
pub(super) struct Log {
    id: Vec<u8>,
    /// Logs of the past had keys that are not read. They stand in the list, so that it does not look as if there were none.
    key: Option<Key>,
    period: Period,
}

impl Log {
    /// Whether this log signed `message`.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.as_ref().is_some_and(|key| key.verifies(Hash::Sha256, message, signature))
    }
}

/// The log of this name, where it was believed at that time.
pub(super) fn find<'l>(logs: &'l [Log], id: &[u8], at: Timestamp) -> Option<&'l Log> {
    logs.iter().find(|log| log.id == id && log.period.holds(at))
}

/// The log of this name, at whatever time.
pub(super) fn named<'l>(logs: &'l [Log], id: &[u8]) -> Option<&'l Log> {
    logs.iter().find(|log| log.id == id)
}

/// A chain of certificates: the ones nearest to those it issues come first, its root last.
#[derive(Debug, Clone)]
pub(super) struct Authority {
    pub(super) chain: Vec<CertificateDer<'static>>,
    period: Period,
}

/// What a certificate is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    CodeSigning,
    TimeStamping,
}

impl Authority {
    /// The key of whoever issued `certificate`, if this authority did, for this purpose, and it was valid at that time.
    pub(super) fn vouches(&self, certificate: &[u8], purpose: Purpose, at: Timestamp) -> bool {
        /// 1.3.6.1.5.5.7.3.3 and .8, RFC 5280 §4.2.1.12.
        const CODE_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x03];
        const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];
        let usage = KeyUsage::required(match purpose {
            Purpose::CodeSigning => CODE_SIGNING,
            Purpose::TimeStamping => TIME_STAMPING,
        });
        let verified = || {
            let certificate = CertificateDer::from(certificate);
            let (root, between) = self.chain.split_last()?;
            let anchor = [anchor_from_trusted_cert(root).ok()?];
            let seconds = u64::try_from(at.as_second()).ok()?;
            let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
            let algorithms = super::key::ALGORITHMS.map(|(_, algorithm)| algorithm);
            let leaf = EndEntityCert::try_from(&certificate).ok()?;
            leaf.verify_for_usage(&algorithms, &anchor, between, at, usage, None, None).ok().map(drop)
        };
        self.period.holds(at) && verified().is_some()
    }

    /// The key that signs what it issues.
    pub(super) fn issuing_key(&self) -> Option<&[u8]> {
        Some(Certificate::read(self.chain.first()?)?.key)
    }
}

impl TrustedRoot {
    /// Reads a trusted root.
    ///
    /// # Errors
    /// [`RootError`] when it is another thing, or something in it is not understood.
    pub fn read(bytes: &[u8]) -> Result<Self, RootError> {
        if bytes.len() > LARGEST {
            return Err(RootError::Json(format!("it has {} bytes", bytes.len())));
        }
        let root = parse_strict(bytes).map_err(|error| RootError::Json(error.to_string()))?;
        let media_type = root["mediaType"].as_str().unwrap_or_default();
        if !media_type.starts_with("application/vnd.dev.sigstore.trustedroot") {
            return Err(RootError::MediaType);
        }
        let read = Self {
            authorities: list(&root, "certificateAuthorities", Authority::read)?,
            stampers: list(&root, "timestampAuthorities", Authority::read)?,
            certificate_logs: list(&root, "ctlogs", Log::read)?,
            logs: list(&root, "tlogs", Log::read)?,
        };
        if read.authorities.is_empty() && read.stampers.is_empty() { Err(RootError::Empty) } else { Ok(read) }
    }
}

fn list<T>(root: &Value, name: &'static str, read: impl Fn(&Value) -> Option<T>) -> Result<Vec<T>, RootError> {
    match root.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(entries)) => entries.iter().map(|entry| read(entry).ok_or(RootError::Member(name))).collect(),
        Some(_) => Err(RootError::Member(name)),
    }
}

impl Authority {
    fn read(value: &Value) -> Option<Self> {
        let certificates = value["certChain"]["certificates"].as_array()?;
        let chain: Vec<_> = certificates
            .iter()
            .map(|it| Some(CertificateDer::from(decoded(&it["rawBytes"])?)))
            .collect::<Option<_>>()?;
        // What cannot be read now could not be believed later.
        chain.iter().try_for_each(|certificate| Certificate::read(certificate).map(drop))?;
        let period = Period::read(value.get("validFor"))?;
        (!chain.is_empty()).then_some(Self { chain, period })
    }
}

impl Log {
    fn read(value: &Value) -> Option<Self> {
        let spki = decoded(&value["publicKey"]["rawBytes"])?;
        let id = match value.pointer("/logId/keyId") {
            Some(id) => decoded(id)?,
            None => Digest::of(&spki).bytes().to_vec(),
        };
        Some(Self { id, key: Key::from_der(&spki), period: Period::read(value["publicKey"].get("validFor"))? })
    }
}

/// The bytes of a member in base64.
pub(super) fn decoded(value: &Value) -> Option<Vec<u8>> {
    STANDARD.decode(value.as_str()?).ok()
}
