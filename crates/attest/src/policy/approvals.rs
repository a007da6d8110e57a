//! Counting the people who said yes: each once, none of them the author, and nobody's later no forgotten.

use super::{
    evaluate::{Bench, Weighed},
    join::Chosen,
    model::{Approvals, Place, Set},
};
use crate::{
    Reason, Rejection,
    predicate::approval::{Approval, Decision, Person},
};
use std::collections::{BTreeMap, BTreeSet};

/// The approvals that count, as places of candidates, or why they are not enough.
pub(super) type Approved = Result<Vec<usize>, Rejection>;

/// One person's word.
struct Word {
    candidate: usize,
    approval: Approval,
    fault: Option<Rejection>,
}

/// Counts the approvers.
pub(super) fn count(bench: &mut Bench<'_, '_>, approvals: &Approvals, chosen: &Chosen) -> Approved {
    let weighed = bench.weigh_all(&approvals.selection, NAME);
    let authors = authors(bench, approvals, chosen);
    let known = authors.as_ref().cloned().unwrap_or_default();
    let (mut yes, mut no) = (BTreeMap::<String, Word>::new(), Vec::new());
    for word in words(bench, weighed) {
        let person = &word.approval.approver;
        let eligible = approvals.approvers.as_ref().is_none_or(|ids| ids.contains(&person.id));
        let fault = if !eligible {
            Some(Rejection::new(Reason::ApproverUnknown, format!("{} may not approve", named(person))))
        } else if word.approval.decision == Decision::Denied {
            let detail = format!("{} said no on {}", named(person), word.approval.approved_on);
            no.push((person.id.clone(), word.approval.approved_on, detail.clone()));
            Some(Rejection::new(Reason::ApprovalDenied, detail))
        } else if is_author(person, &known) || word.approval.authors.iter().flatten().any(|it| it.id == person.id) {
            Some(Rejection::new(Reason::SelfApproval, format!("{} is the author", named(person))))
        } else {
            word.fault.clone()
        };
        if let Some(fault) = fault {
            bench.reject(word.candidate, NAME, fault);
            continue;
        }
        // Of several good words of one person the newest stays.
        let twice = match yes.remove(&person.id) {
            Some(other) if other.approval.approved_on >= word.approval.approved_on => (other, Some(word)),
            other => (word, other),
        };
        if let Some(older) = twice.1 {
            let detail = format!("{} has approved already; each counts once", named(&older.approval.approver));
            bench.reject(older.candidate, NAME, Rejection::new(Reason::DuplicateApprover, detail));
        }
        yes.insert(twice.0.approval.approver.id.clone(), twice.0);
    }
    authors?;
    let taken_back = |(id, on, _): &&(String, _, String)| yes.get(id).is_none_or(|yes| yes.approval.approved_on <= *on);
    if let Some((_, _, detail)) = no.iter().find(taken_back) {
        return Err(Rejection::new(Reason::ApprovalDenied, detail.clone()));
    }
    if yes.len() < approvals.min {
        let detail = format!("{} people have approved, and {} are required", yes.len(), approvals.min);
        return Err(Rejection::new(Reason::TooFewApprovals, detail));
    }
    Ok(yes.into_values().map(|word| word.candidate).collect())
}

/// The policy's part, as it is called in a verdict.
pub(super) const NAME: &str = "approvals";

/// How many people the candidates are approvals of.
pub(super) fn people(bench: &Bench<'_, '_>, candidates: &[usize]) -> usize {
    let ids = candidates.iter().filter_map(|place| {
        let approval: Approval = bench.candidates.get(*place)?.statement.read().ok()?;
        Some(approval.approver.id)
    });
    ids.collect::<BTreeSet<_>>().len()
}

/// What was weighed, as approvals; what is none is rejected here.
fn words(bench: &mut Bench<'_, '_>, weighed: Vec<Weighed>) -> Vec<Word> {
    let mut words = Vec::new();
    for Weighed { candidate, fault, .. } in weighed {
        match bench.candidates[candidate].statement.read::<Approval>() {
            Ok(approval) => words.push(Word { candidate, approval, fault }),
            Err(rejection) => bench.reject(candidate, NAME, fault.unwrap_or(rejection)),
        }
    }
    words
}

/// Everybody the evidence names as author. A place that names nobody leaves it open who the author is.
fn authors(bench: &Bench<'_, '_>, approvals: &Approvals, chosen: &Chosen) -> Result<BTreeSet<String>, Rejection> {
    let unknown = |place: String| Err(Rejection::new(Reason::AuthorUnknown, format!("{place} names no author")));
    let mut authors = BTreeSet::new();
    for place in &approvals.authors {
        match place {
            Place::Context(path) => {
                let named = path.texts(bench.question.context);
                if named.is_empty() {
                    return unknown(format!("the caller's {path}"));
                }
                authors.extend(named);
            }
            Place::Statement { of, field, .. } => {
                let Set::Requirement(requirement) = of else { continue };
                let statements = &chosen.requirements[*requirement];
                let named: Vec<_> = statements.iter().map(|it| place.texts(bench, *it)).collect();
                if named.is_empty() || named.iter().any(Vec::is_empty) {
                    return unknown(format!("{field} of {}", bench.policy.requirements[*requirement].name));
                }
                authors.extend(named.into_iter().flatten());
            }
        }
    }
    Ok(authors)
}

/// Evidence may name an author by number or by login; either makes the approver the author. Logins know no case.
fn is_author(person: &Person, authors: &BTreeSet<String>) -> bool {
    let login = person.login.as_deref().unwrap_or(&person.id);
    authors.contains(&person.id) || authors.iter().any(|author| author.eq_ignore_ascii_case(login))
}

fn named(person: &Person) -> String {
    match &person.login {
        Some(login) => format!("{} ({})", crate::reason::shorten(login), crate::reason::shorten(&person.id)),
        None => crate::reason::shorten(&person.id),
    }
}
