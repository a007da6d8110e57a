//! What is written down, so that the next process knows where this one was.

use crate::{Event, Plan, Rollout};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An event and when it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// A plan and every event that changed something, in order. Replaying it gives the same state again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// The plan.
    pub plan: Plan,
    /// When the rollout began.
    pub began: Timestamp,
    /// What changed its state since.
    pub entries: Vec<Entry>,
}

impl Journal {
    /// The rollout as it was when the last entry was written.
    #[must_use]
    pub fn replay(&self) -> Rollout {
        let mut rollout = Rollout::new(self.plan.clone(), self.began);
        for entry in &self.entries {
            rollout.apply(entry.event.clone(), entry.at);
        }
        rollout
    }
}
