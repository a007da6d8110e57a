//! What a policy answers, and why.

use super::Piece;
use crate::{
    Reason, Rejection,
    predicate::{
        ResourceDescriptor,
        vsa::{VerificationResult, Verifier, Vsa},
    },
};
use jiff::Timestamp;
use serde_json::{Value, json};
use subject::Digest;

/// The answer to one question, with everything it rests on. Only [`super::Policy::evaluate`] makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub(super) policy: (String, Digest),
    pub(super) subject: Digest,
    pub(super) evaluated_on: Timestamp,
    pub(super) answers: Vec<Answer>,
    pub(super) accounts: Vec<Account>,
}

/// What one part of the policy asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// That nobody has revoked the image.
    NotRevoked,
    /// Statements of a kind.
    Requirement,
    /// People who said yes.
    Approvals,
    /// Statements that belong together.
    Join,
}

/// What one part of the policy came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What it asks for.
    pub asked: Asked,
    /// Its name in the policy.
    pub name: String,
    /// Why it is not met; `None` when it is.
    pub refusal: Option<Rejection>,
    /// The pieces of evidence it rests on, as places in the question's list.
    pub pieces: Vec<usize>,
}

/// What became of one piece of evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Where it was found.
    pub source: String,
    /// What was believed of it; `None` when nothing was.
    pub believed: Option<Believed>,
    /// Why it counts for nothing: at all, or for the part of the policy named.
    pub rejections: Vec<(Option<String>, Rejection)>,
    /// The parts of the policy that rest on it.
    pub used_by: Vec<String>,
}

/// What was believed of a piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Believed {
    /// What kind of claim it is, where it is about the subject.
    pub predicate_type: Option<String>,
    /// The keys that signed it.
    pub key_ids: Vec<String>,
    /// The digest of its envelope.
    pub envelope: Digest,
    /// The digest of the signed bytes.
    pub payload: Digest,
}

/// What a piece of evidence came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The policy rests on it.
    Used,
    /// It is good, and nothing in the policy asks for it.
    NotAskedFor,
    /// It counts for nothing.
    Rejected,
}

impl Account {
    pub(super) fn of(piece: &Piece) -> Self {
        let believed = piece.statement.as_ref().ok().map(|verified| Believed {
            predicate_type: None,
            key_ids: verified.key_ids().to_vec(),
            envelope: verified.envelope_digest(),
            payload: verified.payload_digest(),
        });
        Self { source: piece.source.clone(), believed, rejections: Vec::new(), used_by: Vec::new() }
    }

    pub(super) fn reject(&mut self, by: Option<&str>, rejection: Rejection) {
        self.rejections.push((by.map(str::to_owned), rejection));
    }

    /// What it came to.
    #[must_use]
    pub fn fate(&self) -> Fate {
        match (self.used_by.is_empty(), self.rejections.is_empty()) {
            (false, _) => Fate::Used,
            (true, true) => Fate::NotAskedFor,
            (true, false) => Fate::Rejected,
        }
    }

    fn to_json(&self) -> Value {
        let fate = match self.fate() {
            Fate::Used => "used",
            Fate::NotAskedFor => "not-asked-for",
            Fate::Rejected => "rejected",
        };
        let rejections: Vec<Value> = self
            .rejections
            .iter()
            .map(|(by, rejection)| match by {
                Some(by) => json!({"for": by, "code": rejection.code(), "why": rejection.to_string()}),
                None => json!({"code": rejection.code(), "why": rejection.to_string()}),
            })
            .collect();
        let mut json = json!({"source": self.source, "fate": fate, "usedBy": self.used_by, "rejections": rejections});
        if let Some(believed) = &self.believed {
            json["envelope"] = json!(believed.envelope);
            json["payload"] = json!(believed.payload);
            json["signedBy"] = json!(believed.key_ids);
            if let Some(kind) = &believed.predicate_type {
                json["predicateType"] = json!(kind);
            }
        }
        json
    }
}

impl Answer {
    fn to_json(&self, accounts: &[Account]) -> Value {
        let asked = match self.asked {
            Asked::NotRevoked => "not-revoked",
            Asked::Requirement => "requirement",
            Asked::Approvals => "approvals",
            Asked::Join => "join",
        };
        let sources: Vec<&str> =
            self.pieces.iter().filter_map(|piece| Some(accounts.get(*piece)?.source.as_str())).collect();
        let mut json = json!({"asked": asked, "name": self.name, "met": self.refusal.is_none(), "statements": sources});
        if let Some(refusal) = &self.refusal {
            json["code"] = json!(refusal.code());
            json["why"] = json!(refusal.to_string());
        }
        json
    }
}

impl Verdict {
    /// Whether the policy says yes: every part of it is met.
    #[must_use]
    pub fn allowed(&self) -> bool {
        !self.answers.is_empty() && self.answers.iter().all(|answer| answer.refusal.is_none())
    }

    /// The digest that was asked about.
    #[must_use]
    pub fn subject(&self) -> Digest {
        self.subject
    }

    /// What each part of the policy came to, in the policy's order.
    #[must_use]
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// What became of each piece of evidence, in the order they were given in.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The parts that are not met, with their reasons.
    pub fn refusals(&self) -> impl Iterator<Item = (&str, &Rejection)> {
        self.answers.iter().filter_map(|answer| Some((answer.name.as_str(), answer.refusal.as_ref()?)))
    }

    /// The reasons of the parts that are not met, in the policy's order.
    #[must_use]
    pub fn reasons(&self) -> Vec<Reason> {
        self.refusals().map(|(_, rejection)| rejection.reason()).collect()
    }

    /// The pieces the verdict rests on, as places in the question's list.
    #[must_use]
    pub fn used(&self) -> Vec<usize> {
        let used = self.accounts.iter().enumerate().filter(|(_, account)| account.fate() == Fate::Used);
        used.map(|(piece, _)| piece).collect()
    }

    /// The verdict for people: one line for each part that is not met, then one for each piece that counts for nothing. A no
    /// has at least one.
    #[must_use]
    pub fn why(&self) -> Vec<String> {
        if self.answers.is_empty() {
            return vec!["the policy asks for nothing".to_owned()];
        }
        let parts = self.refusals().map(|(name, refusal)| format!("{name}: {refusal} ({})", refusal.code()));
        let pieces = self.accounts.iter().flat_map(|account| {
            account.rejections.iter().map(|(by, rejection)| match by {
                Some(by) => format!("{} for {by}: {rejection} ({})", account.source, rejection.code()),
                None => format!("{}: {rejection} ({})", account.source, rejection.code()),
            })
        });
        parts.chain(pieces).collect()
    }

    /// The verdict for programs; its schema is `docs/verdict-v1.json`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let (name, digest) = &self.policy;
        json!({
            "version": 1,
            "policy": {"name": name, "digest": digest},
            "subject": self.subject,
            "evaluatedOn": self.evaluated_on,
            "allowed": self.allowed(),
            "answers": self.answers.iter().map(|answer| answer.to_json(&self.accounts)).collect::<Vec<_>>(),
            "statements": self.accounts.iter().map(Account::to_json).collect::<Vec<_>>(),
        })
    }

    /// The verdict as a verification summary, a no as well as a yes. It lists every statement it rests on.
    ///
    /// `level` is what a yes shows, a word of the verifier's own; `policy_uri` says where the policy is.
    #[must_use]
    pub fn summary(&self, verifier: Verifier, resource_uri: &str, policy_uri: &str, level: &str) -> Vsa {
        let used = self.accounts.iter().filter(|account| account.fate() == Fate::Used);
        let inputs = used.filter_map(|account| Some(ResourceDescriptor::of(account.believed.as_ref()?.envelope)));
        let (verification_result, word) =
            if self.allowed() { (VerificationResult::Passed, level) } else { (VerificationResult::Failed, "FAILED") };
        Vsa {
            verifier,
            time_verified: self.evaluated_on,
            resource_uri: resource_uri.to_owned(),
            policy: ResourceDescriptor::at(policy_uri, self.policy.1),
            input_attestations: inputs.collect(),
            verification_result,
            verified_levels: vec![word.to_owned()],
            slsa_version: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_asks_for_nothing_allows_nothing_and_says_so() {
        let digest = Digest::of(b"");
        let verdict = Verdict {
            policy: ("empty".to_owned(), digest),
            subject: digest,
            evaluated_on: Timestamp::UNIX_EPOCH,
            answers: Vec::new(),
            accounts: Vec::new(),
        };
        assert!(!verdict.allowed());
        assert_eq!(verdict.why(), ["the policy asks for nothing"]);
    }
}
