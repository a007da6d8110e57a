//! What can happen to a rollout.

use crate::{Observation, Weight};
use serde::{Deserialize, Serialize};

/// A gate's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "judgement", content = "reason")]
pub enum Judgement {
    /// Go on.
    Yes,
    /// Go back, for this reason. Untrusted text.
    No(String),
    /// It cannot be told, for this reason. Never a yes. Untrusted text.
    Inconclusive(String),
}

/// Why a rollout goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "why", content = "reason")]
pub enum Why {
    /// The run was cancelled, or its process is gone.
    Cancelled,
    /// A person asked for it.
    Asked,
    /// The candidate is not healthy. Untrusted text.
    Unhealthy(String),
    /// A gate said no. Untrusted text.
    Refused(String),
    /// A gate could not tell. Untrusted text.
    Inconclusive(String),
    /// What should have happened did not, in the time it had.
    Stalled(String),
    /// A cause that waiting does not cure. Untrusted text.
    Hopeless(String),
    /// The target went back by itself. Untrusted text.
    Itself(String),
}

impl Why {
    /// The reason as a clause.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Cancelled => "the run was cancelled".to_owned(),
            Self::Asked => "it was asked for".to_owned(),
            Self::Unhealthy(reason) => format!("the new release is not healthy: {reason}"),
            Self::Refused(reason) => format!("the gate said no: {reason}"),
            Self::Inconclusive(reason) => format!("the gate could not tell: {reason}"),
            Self::Stalled(reason) | Self::Hopeless(reason) | Self::Itself(reason) => reason.clone(),
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event", content = "what")]
pub enum Event {
    /// The world was looked at.
    Seen(Observation),
    /// The gate before that step (the number of steps: before the promotion) answered.
    Judged(usize, Judgement),
    /// The target took the last order.
    Taken,
    /// Going back is asked for.
    Abort(Why),
    /// It is gone on with from outside its journal: the candidate has that planned share already. Only at the beginning.
    Adopted(Weight),
}
