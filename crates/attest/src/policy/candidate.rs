//! The evidence about the digest asked for, each claim once.

use super::{Question, verdict::Account};
use crate::{Reason, Rejection, Statement, predicate};
use std::collections::HashMap;
use subject::Digest;

/// A believed claim about the subject, with everybody who signed a copy of it.
#[derive(Debug, Clone)]
pub(super) struct Candidate<'q> {
    /// Its place among the pieces of evidence.
    pub(super) piece: usize,
    pub(super) statement: &'q Statement,
    pub(super) payload: Digest,
    pub(super) key_ids: Vec<&'q str>,
    /// Those whose signature a trusted service has seen.
    pub(super) witnessed: Vec<&'q str>,
    /// The dates a claim of a known type has, or why it is not of the type it names.
    pub(super) dates: Result<predicate::Dates, Rejection>,
}

/// Sorts the evidence: claims about the subject become candidates, and every piece gets its account.
pub(super) fn sort<'q>(question: &Question<'q>) -> (Vec<Candidate<'q>>, Vec<Account>) {
    let (mut candidates, mut accounts) = (Vec::<Candidate<'q>>::new(), Vec::new());
    let mut seen = HashMap::new();
    for (piece, evidence) in question.evidence.iter().enumerate() {
        let mut account = Account::of(evidence);
        match evidence.statement.as_ref().map_err(Clone::clone).and_then(|verified| {
            let statement = verified.about(&question.subject)?;
            Ok((verified, statement))
        }) {
            Err(rejection) => account.reject(None, rejection),
            Ok((verified, statement)) => {
                let key_ids = verified.key_ids().iter().map(String::as_str);
                let witnessed = key_ids.clone().filter(|_| verified.witnessed().is_some());
                if let Some(first) = seen.get(&verified.payload_digest()) {
                    let first: &mut Candidate<'q> = &mut candidates[*first];
                    first.witnessed.extend(witnessed);
                    first.key_ids.extend(key_ids);
                    first.key_ids.sort_unstable();
                    first.key_ids.dedup();
                    let detail = format!("the same claim as {}", question.evidence[first.piece].source);
                    account.reject(None, Rejection::new(Reason::Duplicate, detail));
                } else {
                    seen.insert(verified.payload_digest(), candidates.len());
                    candidates.push(Candidate {
                        piece,
                        statement,
                        payload: verified.payload_digest(),
                        witnessed: witnessed.collect(),
                        key_ids: key_ids.collect(),
                        dates: predicate::dates(statement).map(Option::unwrap_or_default),
                    });
                }
            }
        }
        accounts.push(account);
    }
    (candidates, accounts)
}
