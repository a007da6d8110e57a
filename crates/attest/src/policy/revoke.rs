//! Revocations: who took back the image, or statements about it.

use super::{Policy, candidate::Candidate, verdict::Account};
use crate::{
    Reason, Rejection,
    predicate::{Predicate as _, revocation::Revocation},
};
use std::collections::HashMap;
use subject::Digest;

/// What was taken back.
#[derive(Debug, Default)]
pub(super) struct Revoked {
    /// The image, and by which candidates.
    pub(super) image: Option<Rejection>,
    /// Statements, by the digests of their payloads, with the reason.
    pub(super) statements: HashMap<Digest, String>,
    /// The candidates that took something back.
    pub(super) by: Vec<usize>,
}

/// Collects what those who may revoke have taken back. A revocation holds at once and for ever: neither its own date nor
/// the time in which its signer is trusted is asked, and one that cannot be understood takes back everything.
pub(super) fn revoked(policy: &Policy, candidates: &[Candidate<'_>], accounts: &mut [Account]) -> Revoked {
    let may = |key_id: &&str| policy.revokers.iter().any(|place| policy.signers[*place].key_id == **key_id);
    let mut revoked = Revoked::default();
    for (index, candidate) in candidates.iter().enumerate() {
        if !Revocation::is_named(candidate.statement.predicate_type()) {
            continue;
        }
        if !candidate.key_ids.iter().any(may) {
            let detail = format!("signed by {}, who may not revoke", candidate.key_ids.join(" and "));
            accounts[candidate.piece].reject(None, Rejection::new(Reason::UntrustedIdentity, detail));
            continue;
        }
        revoked.by.push(index);
        match candidate.statement.read::<Revocation>() {
            Ok(Revocation { statements: Some(statements), reason, .. }) => {
                let digests = statements.iter().map(|statement| statement.digest.sha256);
                revoked.statements.extend(digests.map(|digest| (digest, reason.clone())));
            }
            Ok(Revocation { reason, revoked_on, .. }) => {
                let detail = format!("revoked on {revoked_on}: {}", crate::reason::shorten(&reason));
                revoked.image.get_or_insert(Rejection::new(Reason::Revoked, detail));
            }
            Err(unreadable) => {
                let detail = format!("revoked by a statement that cannot be understood: {unreadable}");
                revoked.image.get_or_insert(Rejection::new(Reason::Revoked, detail));
            }
        }
    }
    revoked
}
