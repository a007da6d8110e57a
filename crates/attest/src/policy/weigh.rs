//! Weighing one statement for one requirement.

use super::{
    Policy, Question,
    candidate::Candidate,
    model::{Selection, Signer},
};
use crate::{Reason, Rejection, predicate};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// What a statement is worth to a requirement.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Weight {
    /// Of another kind, or not one that is meant.
    NotMeant,
    /// Of the kind, but nobody who may say so signed it, or it was taken back: it decides nothing.
    NotHeard(Rejection),
    /// Meant, and not good.
    Bad(Rejection),
    /// Meant, and good.
    Good,
}

/// Weighs `candidate`; `made` comes with it, where it is known.
pub(super) fn weigh(
    policy: &Policy,
    selection: &Selection,
    candidate: &Candidate<'_>,
    question: &Question<'_>,
) -> (Weight, Option<Timestamp>) {
    let found = candidate.statement.predicate_type();
    if !selection.kinds.iter().any(|kind| predicate::is_kind(kind, found)) {
        return (Weight::NotMeant, None);
    }
    if let Err(rejection) = heard(policy, selection, candidate, question.now) {
        return (Weight::NotHeard(rejection), None);
    }
    let dates = match &candidate.dates {
        Ok(dates) => *dates,
        Err(rejection) => return (Weight::Bad(rejection.clone()), None),
    };
    let claim = candidate.statement.predicate();
    if selection.when.iter().any(|term| term.holds(claim, question.context).is_err()) {
        return (Weight::NotMeant, None);
    }
    let made = match &selection.time {
        Some(path) => path.texts(claim).first().and_then(|text| predicate::parse_moment(text)),
        None => dates.made,
    };
    let good = is_witnessed(policy, selection, candidate, question.now)
        .and_then(|()| in_time(selection, made, question.now, policy.skew))
        .and_then(|()| still_holds(dates.expires, question.now))
        .and_then(|()| selection.must.iter().try_for_each(|term| term.holds(claim, question.context)));
    (good.map_or_else(Weight::Bad, |()| Weight::Good), made)
}

/// Whether enough of those who may say so have signed, at a time when they may.
fn heard(policy: &Policy, selection: &Selection, candidate: &Candidate<'_>, now: Timestamp) -> Result<(), Rejection> {
    let trusted = || selection.signed_by.iter().filter_map(|place| policy.signers.get(*place));
    let signed: Vec<&Signer> = trusted().filter(|it| candidate.key_ids.contains(&it.key_id.as_str())).collect();
    if signed.is_empty() {
        let names: Vec<String> = trusted().map(|it| format!("{} ({})", it.name, it.key_id)).collect();
        let detail = format!("signed by {}, trusted for it is {}", candidate.key_ids.join(" and "), names.join(" or "));
        return Err(Rejection::new(Reason::UntrustedIdentity, detail));
    }
    let count = signers(policy, selection, &candidate.key_ids, now).len();
    if count >= selection.signatures {
        return Ok(());
    }
    signed.iter().try_for_each(|it| in_force(it, now))?;
    let detail = format!("signed by {count} of the {} signers it needs", selection.signatures);
    Err(Rejection::new(Reason::UntrustedIdentity, detail))
}

/// Whether trusted services have seen as many of these signatures as are needed, where the policy asks for it.
fn is_witnessed(
    policy: &Policy,
    selection: &Selection,
    candidate: &Candidate<'_>,
    now: Timestamp,
) -> Result<(), Rejection> {
    let seen = signers(policy, selection, &candidate.witnessed, now).len();
    if !selection.witnessed || seen >= selection.signatures {
        return Ok(());
    }
    let detail =
        format!("{seen} of the {} signatures it needs have been seen by a trusted service", selection.signatures);
    Err(Rejection::new(Reason::Unwitnessed, detail))
}

/// Those of `key_ids` that may say it and are trusted now, each once.
fn signers<'p>(policy: &'p Policy, selection: &Selection, key_ids: &[&str], now: Timestamp) -> BTreeSet<&'p str> {
    let trusted = selection.signed_by.iter().filter_map(|place| policy.signers.get(*place));
    let counts = |it: &&Signer| key_ids.contains(&it.key_id.as_str()) && in_force(it, now).is_ok();
    trusted.filter(counts).map(|it| it.key_id.as_str()).collect()
}

/// Whether the policy trusts this signer now.
fn in_force(signer: &Signer, now: Timestamp) -> Result<(), Rejection> {
    match (signer.not_before, signer.not_after) {
        (Some(start), _) if now < start => {
            let detail = format!("signer {} is trusted from {start} on; it is {now}", signer.name);
            Err(Rejection::new(Reason::SignerNotYetValid, detail))
        }
        (_, Some(end)) if now >= end => {
            let detail = format!("signer {} was trusted until {end}; it is {now}", signer.name);
            Err(Rejection::new(Reason::SignerExpired, detail))
        }
        _ => Ok(()),
    }
}

/// Whether the statement is as old as it may and must be.
fn in_time(
    selection: &Selection,
    made: Option<Timestamp>,
    now: Timestamp,
    skew: SignedDuration,
) -> Result<(), Rejection> {
    let Some(made) = made else {
        let asked = selection.max_age.is_some() || selection.min_age.is_some() || selection.time.is_some();
        let undated = || Rejection::new(Reason::Undated, "it does not say when it was made");
        return if asked { Err(undated()) } else { Ok(()) };
    };
    let age = now.duration_since(made);
    if age < -skew {
        let detail = format!("it is of {made}, and it is only {now}");
        return Err(Rejection::new(Reason::NotYetValid, detail));
    }
    match (selection.max_age, selection.min_age) {
        (Some(most), _) if age > most => {
            let detail = format!("it is of {made}, {age:#} ago; at most {most:#} are allowed");
            Err(Rejection::new(Reason::Stale, detail))
        }
        (_, Some(least)) if age < least => {
            let detail = format!("it is of {made}, {age:#} ago; at least {least:#} are asked for");
            Err(Rejection::new(Reason::TooFresh, detail))
        }
        _ => Ok(()),
    }
}

fn still_holds(expires: Option<Timestamp>, now: Timestamp) -> Result<(), Rejection> {
    match expires {
        Some(end) if now >= end => {
            Err(Rejection::new(Reason::Expired, format!("it held until {end}, and it is {now}")))
        }
        _ => Ok(()),
    }
}
