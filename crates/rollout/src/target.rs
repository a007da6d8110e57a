//! What a rollout works on, and what it works in.

use crate::{Event, Journal, Judgement, Weight, Why};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::future::Future;

/// How one side does.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "health", content = "reason")]
pub enum Health {
    /// It can take the traffic it is planned to get next.
    Healthy,
    /// It cannot. Untrusted text.
    Unhealthy(String),
    /// Nobody knows (yet). Not a yes.
    #[default]
    Unknown,
}

/// How the target itself says that it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "fate", content = "reason")]
pub enum Fate {
    /// The candidate is the release now.
    Promoted,
    /// What ran before has all the traffic again. Untrusted text.
    WentBack(String),
    /// The way back failed. Untrusted text.
    Stuck(String),
    /// It was stopped where it was. Untrusted text.
    Stopped(String),
    /// Another has taken its place, or changed what only we should: this one. Untrusted text.
    Overtaken(String),
}

/// One look at the world.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Observation {
    /// The candidate's share of the traffic, where it can be seen.
    pub weight: Option<Weight>,
    /// How the candidate does.
    pub candidate: Health,
    /// How what ran before does.
    pub stable: Health,
    /// A cause that waiting does not cure. Untrusted text.
    pub hopeless: Option<String>,
    /// How it ended, if it has.
    pub fate: Option<Fate>,
}

/// What came of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It was taken; what comes of it will be seen.
    Taken,
    /// It did not get through, and may be given again.
    NotNow,
}

/// A question to a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// The step that a yes leads to, from 0; the number of steps: the promotion.
    pub gate: usize,
    /// How many gates there are.
    pub gates: usize,
    /// The share the candidate has now.
    pub weight: Weight,
    /// The share it will have after a yes.
    pub next: Weight,
}

/// What can shift traffic. Every order sets a state and may be given twice.
pub trait Target {
    /// Why it cannot be worked with any more.
    type Error;

    /// Looks. What cannot be read for a reason that may pass is `Unknown` in the observation.
    ///
    /// # Errors
    /// What will not pass.
    fn observe(&mut self) -> impl Future<Output = Result<Observation, Self::Error>>;

    /// Gives the candidate this share.
    ///
    /// # Errors
    /// What will not pass.
    fn shift(&mut self, weight: Weight) -> impl Future<Output = Result<Answer, Self::Error>>;

    /// Makes the candidate the release.
    ///
    /// # Errors
    /// What will not pass.
    fn promote(&mut self) -> impl Future<Output = Result<Answer, Self::Error>>;

    /// Gives all the traffic back to what ran before.
    ///
    /// # Errors
    /// What will not pass.
    fn go_back(&mut self, why: &Why) -> impl Future<Output = Result<Answer, Self::Error>>;
}

/// What surrounds a rollout.
pub trait Host {
    /// Now.
    fn now(&self) -> Timestamp;

    /// A pause between two looks, `steady` when nothing is expected to happen soon; ends early when the run is cancelled.
    fn pause(&self, steady: bool) -> impl Future<Output = ()>;

    /// Whether the run is to end.
    fn is_cancelled(&self) -> bool;

    /// Asks the gate.
    fn ask(&self, question: Question) -> impl Future<Output = Judgement>;

    /// Keeps the journal, before the order that follows from it is given.
    fn keep(&self, journal: &Journal);

    /// Tells people what changed.
    fn tell(&self, event: &Event, rollout: &crate::Rollout);
}
