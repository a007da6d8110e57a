//! What is written down before a rule's weights are touched: for the post step, and on the service itself for whoever comes
//! after a runner that is gone.

use super::{rule::Weights, sides::Sides};
use crate::saved;
use github::{Failure, Runner};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The name of the saved state.
const STATE: &str = "shift";

/// The tag on the service that had the traffic before.
pub(crate) const TAG: &str = "lockkeeper:shift";

/// A shift as the post step needs to know it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Whether weights may still be on their way.
    pub(crate) open: bool,
    /// The service that had the traffic.
    pub(crate) stable: String,
    /// The service that was to get it.
    pub(crate) candidate: String,
    /// The weights of before.
    pub(crate) weights: Weights,
}

impl Record {
    /// A shift that is about to begin.
    #[must_use]
    pub(crate) fn of(sides: &Sides) -> Self {
        let (stable, candidate) = (sides.stable.name.clone(), sides.candidate.name.clone());
        Self { open: true, stable, candidate, weights: sides.weights }
    }

    /// Writes it down; the last one written counts.
    pub(crate) fn save(&self, runner: &Runner) {
        saved::save(runner, STATE, self);
    }

    /// What main wrote down last, if it came so far.
    ///
    /// # Errors
    /// When something is written there and cannot be read.
    pub(crate) fn load(runner: &Runner) -> Result<Option<Self>, Failure> {
        let help = "look at the rule; `mode: recover` gives everything back to the service that had it before";
        saved::load(runner, STATE, ("the rule's weights may be on their way", help))
    }

    /// The tag that says so on the service.
    #[must_use]
    pub(crate) fn tag(&self, run_url: Option<&str>) -> Value {
        let run = run_url.unwrap_or("local");
        let value = format!("{}:{} {} {run}", self.weights.stable, self.weights.candidate, self.candidate);
        json!({"key": TAG, "value": value.chars().take(256).collect::<String>()})
    }

    /// What a tag on `service` says: the record, and the run that wrote it.
    #[must_use]
    pub(crate) fn read(service: &str, value: &str) -> Option<(Self, String)> {
        let mut words = value.splitn(3, ' ');
        let (stable, candidate) = words.next()?.split_once(':')?;
        let weights = Weights { stable: stable.parse().ok()?, candidate: candidate.parse().ok()? };
        let other = words.next().filter(|name| !name.is_empty())?;
        // A record of weights that give nobody anything is none that anybody wrote.
        weights.share()?;
        let record = Self { open: true, stable: service.into(), candidate: other.into(), weights };
        Some((record, words.next().unwrap_or("an unknown run").to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_on_the_service_is_read_back() {
        let weights = Weights { stable: 100, candidate: 0 };
        let record = Record { open: true, stable: "blue".into(), candidate: "green".into(), weights };
        let tag = record.tag(Some("https://server/o/r/actions/runs/1"));
        let (read, run) = Record::read("blue", tag["value"].as_str().unwrap()).unwrap();
        assert_eq!((read, run.as_str()), (record, "https://server/o/r/actions/runs/1"));
        for wrong in ["", "x", "1:0", "1:0 ", "a:b green", "0:0 green run", "1 green"] {
            assert_eq!(Record::read("blue", wrong), None, "{wrong}");
        }
    }
}
