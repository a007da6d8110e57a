//! The story of a judgement: sort the evidence, look for revocations, weigh it for every requirement, count the approvers,
//! see what belongs together, and tell what became of everything.

use super::{
    Policy, Question,
    approvals::{self, Approved},
    candidate::{self, Candidate},
    join::{self, Chosen},
    model::{Requirement, Selection, Which},
    revoke::{self, Revoked},
    verdict::{Account, Answer, Asked, Verdict},
    weigh::{Weight, weigh},
};
use crate::{Reason, Rejection};
use jiff::Timestamp;

/// A statement that is meant, and what it is worth.
#[derive(Debug, Clone)]
pub(super) struct Weighed {
    /// The candidate's place.
    pub(super) candidate: usize,
    pub(super) made: Option<Timestamp>,
    /// Why it is not good.
    pub(super) fault: Option<Rejection>,
}

/// Everything one judgement works on.
pub(super) struct Bench<'p, 'q> {
    pub(super) policy: &'p Policy,
    pub(super) question: &'p Question<'q>,
    pub(super) candidates: Vec<Candidate<'q>>,
    pub(super) accounts: Vec<Account>,
    pub(super) revoked: Revoked,
}

impl Policy {
    /// Answers a question. Time and the caller's facts are values, so the same question has the same answer for ever.
    #[must_use]
    pub fn evaluate(&self, question: &Question<'_>) -> Verdict {
        let (candidates, mut accounts) = candidate::sort(question);
        let revoked = revoke::revoked(self, &candidates, &mut accounts);
        let mut bench = Bench { policy: self, question, candidates, accounts, revoked };
        let found: Vec<_> = self.requirements.iter().map(|requirement| bench.requirement(requirement)).collect();
        let mut chosen = Chosen {
            requirements: found.iter().map(|found| found.clone().unwrap_or_default()).collect(),
            approvals: Vec::new(),
        };
        let approved = self.approvals.as_ref().map(|approvals| approvals::count(&mut bench, approvals, &chosen));
        if let Some(Ok(approved)) = &approved {
            chosen.approvals.clone_from(approved);
        }
        match join::narrow(&bench, &found, &chosen) {
            Ok(narrowed) => {
                bench.leave_out(&chosen, &narrowed);
                bench.verdict(&found, approved, &narrowed, None)
            }
            Err(unjoined) => bench.verdict(&found, approved, &chosen, Some(unjoined)),
        }
    }
}

impl Bench<'_, '_> {
    /// The statements that meet a requirement, as places of candidates.
    fn requirement(&mut self, requirement: &Requirement) -> Result<Vec<usize>, Rejection> {
        let weighed = self.weigh_all(&requirement.selection, &requirement.name);
        let chosen = self.choose(requirement, &weighed)?;
        let (good, min) = (chosen.len(), requirement.min);
        match requirement.max {
            Some(max) if good > max => {
                Err(Rejection::new(Reason::TooMany, format!("{good} statements are good, and at most {max} may be")))
            }
            _ if good >= min => Ok(chosen),
            _ if weighed.is_empty() && good == 0 => {
                let kinds = requirement.selection.kinds.join(" or ");
                Err(Rejection::new(Reason::NoEvidence, format!("no statement {kinds} that is meant by it and trusted")))
            }
            _ => Err(Rejection::new(Reason::TooFew, format!("{good} statements are good, and {min} are required"))),
        }
    }

    /// Weighs every candidate; those that are not heard are accounted for here.
    pub(super) fn weigh_all(&mut self, selection: &Selection, name: &str) -> Vec<Weighed> {
        let mut weighed = Vec::new();
        for (index, candidate) in self.candidates.iter().enumerate() {
            let (weight, made) = weigh(self.policy, selection, candidate, self.question);
            let fault = match weight {
                Weight::NotMeant => continue,
                Weight::NotHeard(rejection) => {
                    self.accounts[candidate.piece].reject(Some(name), rejection);
                    continue;
                }
                Weight::Bad(rejection) => Some(rejection),
                Weight::Good => None,
            };
            let taken_back = self.revoked.statements.get(&candidate.payload).map(|why| {
                let detail = format!("it was taken back: {}", crate::reason::shorten(why));
                Rejection::new(Reason::StatementRevoked, detail)
            });
            weighed.push(Weighed { candidate: index, made, fault: taken_back.or(fault) });
        }
        weighed
    }

    /// Of the statements that are meant, those that decide, if they are good.
    fn choose(&mut self, requirement: &Requirement, weighed: &[Weighed]) -> Result<Vec<usize>, Rejection> {
        for bad in weighed {
            if let Some(fault) = &bad.fault {
                self.reject(bad.candidate, &requirement.name, fault.clone());
            }
        }
        let good = || weighed.iter().filter(|it| it.fault.is_none()).map(|it| it.candidate).collect();
        match requirement.which {
            Which::Any => Ok(good()),
            Which::All => match weighed.iter().filter_map(|it| it.fault.as_ref()).find(|fault| !outlived(fault)) {
                Some(fault) => Err(Rejection::new(Reason::NotAll, format!("one of them is not good: {fault}"))),
                None => Ok(good()),
            },
            Which::Latest => self.latest(requirement, weighed),
        }
    }

    /// The newest statement; several when they are of one moment, and then all have to be good.
    fn latest(&mut self, requirement: &Requirement, weighed: &[Weighed]) -> Result<Vec<usize>, Rejection> {
        let refused = |detail: String| Rejection::new(Reason::LatestRefused, detail);
        if let Some(undated) = weighed.iter().find(|it| it.made.is_none()) {
            let why =
                undated.fault.as_ref().map_or_else(|| "it does not say when it was made".into(), ToString::to_string);
            return Err(refused(format!("which one is the newest cannot be told: {why}")));
        }
        let newest = weighed.iter().filter_map(|it| it.made).max();
        let (latest, older): (Vec<_>, Vec<_>) = weighed.iter().partition(|it| it.made == newest);
        for old in older {
            let detail = "a newer statement speaks instead".to_owned();
            self.reject(old.candidate, &requirement.name, Rejection::new(Reason::Superseded, detail));
        }
        match latest.iter().find_map(|it| it.fault.as_ref()) {
            Some(fault) => Err(refused(format!("the newest is not good: {fault}"))),
            None => Ok(latest.iter().map(|it| it.candidate).collect()),
        }
    }

    /// Accounts for the statements that are good and do not belong together with the others.
    fn leave_out(&mut self, chosen: &Chosen, narrowed: &Chosen) {
        let policy = self.policy;
        let names = policy.requirements.iter().map(|requirement| requirement.name.as_str());
        let sets = names.zip(chosen.requirements.iter().zip(&narrowed.requirements));
        for (name, (before, after)) in sets.chain([(approvals::NAME, (&chosen.approvals, &narrowed.approvals))]) {
            for left in before.iter().filter(|it| !after.contains(it)) {
                let detail = "it does not belong together with the others";
                self.reject(*left, name, Rejection::new(Reason::JoinMismatch, detail));
            }
        }
    }

    pub(super) fn reject(&mut self, candidate: usize, by: &str, rejection: Rejection) {
        let piece = self.candidates[candidate].piece;
        self.accounts[piece].reject(Some(by), rejection);
    }

    /// Puts the answers together, and tells every piece what it was used for.
    fn verdict(
        mut self,
        found: &[Result<Vec<usize>, Rejection>],
        approved: Option<Approved>,
        chosen: &Chosen,
        unjoined: Option<(usize, Rejection)>,
    ) -> Verdict {
        let mut answers = vec![self.answer(Asked::NotRevoked, "revocations", self.revoked.image.clone(), &[])];
        if self.revoked.image.is_some() {
            answers[0].pieces = self.revoked.by.iter().map(|by| self.candidates[*by].piece).collect();
        }
        for ((requirement, found), chosen) in self.policy.requirements.iter().zip(found).zip(&chosen.requirements) {
            answers.push(self.answer(Asked::Requirement, &requirement.name, found.as_ref().err().cloned(), chosen));
        }
        if let Some(approved) = approved {
            answers.push(self.answer(Asked::Approvals, "approvals", approved.err(), &chosen.approvals));
        }
        answers.extend(join::answers(self.policy, unjoined));
        for answer in &answers {
            for piece in &answer.pieces {
                self.accounts[*piece].used_by.push(answer.name.clone());
            }
        }
        for candidate in &self.candidates {
            if let Some(believed) = &mut self.accounts[candidate.piece].believed {
                believed.predicate_type = Some(candidate.statement.predicate_type().to_owned());
            }
        }
        Verdict {
            policy: (self.policy.name.clone(), self.policy.digest),
            subject: self.question.subject,
            evaluated_on: self.question.now,
            answers,
            accounts: self.accounts,
        }
    }

    fn answer(&self, asked: Asked, name: &str, refusal: Option<Rejection>, candidates: &[usize]) -> Answer {
        let pieces = candidates.iter().map(|candidate| self.candidates[*candidate].piece).collect();
        Answer { asked, name: name.to_owned(), refusal, pieces }
    }
}

/// Whether a statement was good in its time: then it does not speak against the ones that are good now.
fn outlived(fault: &Rejection) -> bool {
    matches!(fault.reason(), Reason::Stale | Reason::Expired)
}
