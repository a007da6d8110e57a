//! Guardrail verdict v0.1, ours: what the metrics of a running image said over a window, against which limits.
//!
//! Schema: `docs/predicates/guardrail-verdict-v0.1.json`.

use super::{Predicate, shape};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use subject::Digest;

/// What the metrics of the subject said over a window. Its numbers stay as they were written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GuardrailVerdict {
    /// 1.
    pub version: u64,
    /// What it came to.
    pub verdict: Word,
    /// Whether the release has to go back.
    pub rollback: bool,
    /// Why.
    pub reason: String,
    /// The guardrail file.
    pub file: File,
    /// The time that was watched.
    pub window: Window,
    /// Each guardrail with its numbers.
    #[serde(deserialize_with = "shape::not_empty")]
    pub guardrails: Vec<Guardrail>,
    /// When it was decided.
    #[serde(deserialize_with = "shape::moment")]
    pub decided_at: Timestamp,
}

/// What it came to. Only [`Word::Pass`] is a yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// Every required guardrail was within its limit on enough evidence.
    Pass,
    /// One was not.
    Fail,
    /// There was not enough evidence.
    Inconclusive,
    /// The numbers could not be had.
    Error,
    /// The run was cancelled.
    Cancelled,
}

/// The guardrail file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Where it was.
    pub path: String,
    /// What it was.
    pub digest: Digest,
}

/// The time that was watched; durations in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its beginning.
    #[serde(deserialize_with = "shape::moment")]
    pub start: Timestamp,
    /// Its end.
    #[serde(deserialize_with = "shape::moment")]
    pub end: Timestamp,
    /// Intervals whose numbers were final.
    pub settled: u64,
    /// Length of an interval.
    #[serde(deserialize_with = "shape::positive")]
    pub interval: u64,
    /// How many intervals there are.
    #[serde(deserialize_with = "shape::positive")]
    pub intervals: u64,
}

/// One guardrail with its numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Guardrail {
    /// Its name.
    pub name: String,
    /// Whether it decides.
    pub duty: Duty,
    /// The name of the source that was asked.
    pub source: String,
    /// What was asked.
    pub measure: Map<String, Value>,
    /// What the numbers must be.
    pub rule: Map<String, Value>,
    /// What it came to.
    pub verdict: GuardrailWord,
    /// Why.
    pub reason: String,
    /// The numbers the verdict rests on.
    pub figures: Value,
    /// What was made of each interval.
    pub intervals: Vec<Value>,
    /// What the source answered.
    pub answers: Vec<Value>,
}

/// Whether a guardrail decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Duty {
    /// It does.
    Required,
    /// It does not.
    Observe,
}

/// What one guardrail came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardrailWord {
    /// The word.
    pub word: SingleWord,
}

/// The word of one guardrail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SingleWord {
    /// Not decided yet.
    Watching,
    /// Within the limit.
    Pass,
    /// Beyond it.
    Fail,
    /// Not enough evidence.
    Inconclusive,
    /// No numbers.
    Error,
}

impl Predicate for GuardrailVerdict {
    const TYPE: &'static str = super::GUARDRAIL_VERDICT;

    fn check(&self) -> Result<(), String> {
        if self.version == 1 { Ok(()) } else { Err(format!("`version` is {}, not 1", self.version)) }
    }

    fn made_on(&self) -> Option<Timestamp> {
        Some(self.decided_at)
    }
}
