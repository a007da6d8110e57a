//! Signatures with certificates, and witnesses of signatures (cargo feature `keyless`).
//!
//! Somebody who has an identity token gets a certificate for a key that lives for minutes (Fulcio); logs and time stamps tell
//! when a signature was there (Rekor v1 and v2, RFC 3161). Nothing is asked here: a [`TrustedRoot`] is a file, a bundle
//! brings everything else, and what it brings has to be good. Without a trusted time nobody knows whether a certificate
//! was valid, so that is a no; a key needs none, and a policy may ask for one.

mod der;
mod key;
mod log;
mod root;
mod stamp;
mod transparency;
mod x509;

pub use root::{RootError, TrustedRoot};

use crate::{
    Bundle, Identity, PublicKey, Reason, Rejection,
    dsse::{PAYLOAD_TYPE, pre_authentication_encoding},
    reason::shorten,
};
use jiff::Timestamp;
use log::Signed;
use root::{Purpose, decoded};
use serde_json::Value;
use x509::Certificate;

/// A bundle's certificate holder and the time of the signature, all of it verified; what the statement says is not read yet.
pub(crate) struct Certified {
    pub(crate) identity: Identity,
    pub(crate) witnessed: Timestamp,
}

/// The request for a time stamp over a bundle's signature, as a time stamping authority takes it (RFC 3161).
#[must_use]
pub fn stamp_request(bundle: &Bundle) -> Vec<u8> {
    stamp::request(bundle.signature())
}

impl Bundle {
    /// Whom the certificate in it names, where there is one: not verified, so for words and questions only.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        identity(&Certificate::read(&certificate(self)?)?)
    }
}

fn identity(certificate: &Certificate<'_>) -> Option<Identity> {
    let (subject, issuer) = (certificate.subject()?.to_owned(), certificate.token_issuer()?.to_owned());
    Some(Identity { subject, issuer })
}

/// Verifies the certificate, its holder's signature, and the time of it.
///
/// # Errors
/// A [`Rejection`] with the reason; no part of it is skipped because it is missing.
pub(crate) fn certified(bundle: &Bundle, root: &TrustedRoot, trusted: &[Identity]) -> Result<Certified, Rejection> {
    let der =
        certificate(bundle).ok_or_else(|| untrusted("it stands where it is not verified: outside of a bundle"))?;
    let read = Certificate::read(&der).ok_or_else(|| untrusted("it cannot be read"))?;
    let key = PublicKey::from_der(read.key).map_err(|_| untrusted("its key is not one of P-256"))?;
    let envelope = &bundle.envelope;
    let message = pre_authentication_encoding(PAYLOAD_TYPE, &envelope.payload);
    if envelope.payload_type != PAYLOAD_TYPE || !key.verifies(&message, bundle.signature()) {
        let detail = "signature does not belong to these bytes, or not to the key of the certificate beside it";
        return Err(Rejection::new(Reason::BadSignature, detail));
    }
    let times = witnesses(bundle, root, Signed::Certificate(&der))?;
    let Some(witnessed) = times.iter().min().copied() else {
        let detail = "no trusted log or time stamp says when it was signed, so whether the certificate was valid";
        return Err(Rejection::new(Reason::Unwitnessed, detail));
    };
    let issued = |authority: &&root::Authority| {
        let vouches = |at: &Timestamp| authority.vouches(&der, Purpose::CodeSigning, *at);
        let logs = &root.certificate_logs;
        let logged = || authority.issuing_key().is_some_and(|key| transparency::is_logged(&read, key, logs));
        // Every time there is has to fit: one of them may be the true one.
        times.iter().all(vouches) && (logs.is_empty() || logged())
    };
    if !root.authorities.iter().any(|authority| issued(&authority)) {
        return Err(untrusted(&format!(
            "no trusted authority issued it for {witnessed}, or no trusted log has seen it"
        )));
    }
    let identity = identity(&read).ok_or_else(|| untrusted("it does not name one holder and who vouched for them"))?;
    if trusted.contains(&identity) {
        return Ok(Certified { identity, witnessed });
    }
    let expected: Vec<String> = trusted.iter().take(4).map(Identity::name).collect();
    let expected = if expected.is_empty() { "nobody by certificate".to_owned() } else { expected.join(" or ") };
    let (subject, issuer) = (shorten(&identity.subject), shorten(&identity.issuer));
    let detail = format!("signed by {subject} (by {issuer}), expected {expected}");
    Err(Rejection::new(Reason::WrongIdentity, detail))
}

/// The earliest time a witness in the bundle vouches for, `None` where there is none.
///
/// # Errors
/// [`Reason::BadWitness`] when there is one that is not good.
pub(crate) fn witnessed(bundle: &Bundle, root: &TrustedRoot, key: &PublicKey) -> Result<Option<Timestamp>, Rejection> {
    let spki = key.to_der().map_err(|error| Rejection::new(Reason::BadWitness, error.to_string()))?;
    Ok(witnesses(bundle, root, Signed::Key(&spki))?.into_iter().min())
}

fn witnesses(bundle: &Bundle, root: &TrustedRoot, signed: Signed<'_>) -> Result<Vec<Timestamp>, Rejection> {
    let bad = |what: &str| Rejection::new(Reason::BadWitness, what.to_owned());
    let message = pre_authentication_encoding(&bundle.envelope.payload_type, &bundle.envelope.payload);
    let mut times = Vec::new();
    for stamp in members(&bundle.material, "/timestampVerificationData/rfc3161Timestamps") {
        let stamp = decoded(&stamp["signedTimestamp"]).ok_or_else(|| bad("a time stamp cannot be read"))?;
        let at = stamp::verify(&stamp, bundle.signature(), &root.stampers);
        times.push(at.ok_or_else(|| bad("a time stamp is not over this signature, or of no trusted authority"))?);
    }
    for entry in members(&bundle.material, "/tlogEntries") {
        let promised = log::verify(entry, &bundle.envelope, &message, signed, &root.logs);
        times.extend(promised.map_err(|what| bad(&format!("a log entry {what}")))?);
    }
    Ok(times)
}

/// More witnesses are not looked at: each costs verifications.
const MOST: usize = 8;

fn members<'v>(material: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> {
    material.pointer(pointer).and_then(Value::as_array).into_iter().flatten().take(MOST)
}

/// The certificate of whoever signed: alone since v0.3, at the head of a chain before.
fn certificate(bundle: &Bundle) -> Option<Vec<u8>> {
    let alone = bundle.material.pointer("/certificate/rawBytes");
    decoded(alone.or_else(|| bundle.material.pointer("/x509CertificateChain/certificates/0/rawBytes"))?)
}

fn untrusted(why: &str) -> Rejection {
    Rejection::new(Reason::UntrustedCertificate, format!("certificate is not believed: {why}"))
}
