//! What is written down before CodeDeploy is asked to begin, and by which a later step recognises what came of it. Pure but
//! for the writing.

use super::info::Info;
use crate::saved;
use github::{Failure, Runner};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use subject::Digest;

/// The name of the saved state.
const STATE: &str = "codedeploy";

/// The first word of the description of every deployment of this suite.
const SUITE: &str = "lockkeeper";

/// Characters of a description that CodeDeploy keeps.
const LONGEST: usize = 512;

/// The words that one deployment is described by, and no other: they are its `description`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Mark(String);

/// The id of a deployment that is ours. The only value that is ever stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct OwnId(String);

/// How far main has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Phase {
    /// `CreateDeployment` is about to be sent, or its answer has not been seen.
    Beginning,
    /// Our deployment exists.
    Following(OwnId),
    /// Nothing of ours is in flight.
    Ended,
}

/// A deployment as the post step needs to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// How far.
    pub(super) phase: Phase,
    /// What ours is recognised by.
    pub(super) mark: Mark,
    /// What is being deployed.
    pub(super) task_definition: String,
    /// When it was begun, in seconds since 1970.
    pub(super) began: i64,
}

impl Mark {
    /// The mark of a deployment begun now: the same run may begin several, and two runs may begin the same.
    pub(super) fn of(run_url: Option<&str>, task_definition: &str, now: Timestamp) -> Self {
        let run = run_url.unwrap_or("local");
        let token = Digest::of(format!("{run} {task_definition} {now}").as_bytes());
        // The token stands before what may be cut.
        let text = format!("{SUITE} {} {run}", &token.hex()[..32]);
        Self(text.chars().take(LONGEST).collect())
    }

    /// The words.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The run that began the deployment so described; `None` where it was none of this suite's.
pub(super) fn run_of(description: &str) -> Option<&str> {
    let (token, run) = description.strip_prefix(SUITE)?.strip_prefix(' ')?.split_once(' ')?;
    let is_token = token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_token.then_some(run)
}

impl OwnId {
    /// The deployment an answer to `CreateDeployment` names.
    pub(super) fn begun(answer: &Value) -> Option<Self> {
        let id = answer["deploymentId"].as_str().filter(|id| !id.is_empty())?;
        Some(Self(id.to_owned()))
    }

    /// Ours among those of the group: the one that goes forward and is described by our words.
    pub(super) fn recognised(listed: &[Info], mark: &Mark) -> Option<Self> {
        let ours = |info: &&Info| info.description == mark.0 && !info.is_way_back() && !info.deployment_id.is_empty();
        listed.iter().find(ours).map(|info| Self(info.deployment_id.clone()))
    }

    /// One that an earlier run of this suite has said to be its own, by its description.
    pub(super) fn claimed(info: &Info) -> Option<(Self, &str)> {
        let run = run_of(&info.description).filter(|_| !info.is_way_back() && !info.deployment_id.is_empty())?;
        Some((Self(info.deployment_id.clone()), run))
    }

    /// `d-…`.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Record {
    /// Writes it down, at once; the last one written counts.
    pub(super) fn save(&mut self, runner: &Runner, phase: Phase) {
        self.phase = phase;
        saved::save(runner, STATE, self);
    }

    /// What main wrote down last, if it came so far and something may be in flight.
    ///
    /// # Errors
    /// When something is written there and cannot be read: then a deployment may be in flight that nobody looks after.
    pub(super) fn load(runner: &Runner) -> Result<Option<Self>, Failure> {
        let help = "look at the deployment group; `mode: recover` takes back what a run of this suite has begun";
        let record = saved::load::<Self>(runner, STATE, ("a deployment may still be in flight", help))?;
        Ok(record.filter(|record| record.phase != Phase::Ended))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const RUN: &str = "https://server.example/o/r/actions/runs/1";

    fn described(id: &str, description: &str) -> Info {
        Info { deployment_id: id.into(), description: description.into(), ..Info::default() }
    }

    fn mark(run: Option<&str>, task_definition: &str, second: i64) -> Mark {
        Mark::of(run, task_definition, Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn no_two_deployments_have_the_same_mark_and_each_names_its_run() {
        let marks = [
            mark(Some(RUN), "f:1", 1),
            mark(Some(RUN), "f:1", 2),
            mark(Some(RUN), "f:2", 1),
            mark(Some("https://server.example/o/r/actions/runs/2"), "f:1", 1),
            mark(None, "f:1", 1),
        ];
        for (n, one) in marks.iter().enumerate() {
            assert!(!marks[..n].contains(one), "{one:?}");
        }
        assert_eq!(run_of(marks[0].as_str()), Some(RUN));
        assert_eq!(run_of(marks[4].as_str()), Some("local"));
        let long = mark(Some(&"é".repeat(900)), "f:1", 1);
        assert_eq!(long.as_str().chars().count(), LONGEST);
        assert!(run_of(long.as_str()).is_some());
        for foreign in ["", RUN, "lockkeeper", "lockkeeper 12 run", "lockkeepers 0123456789abcdef0123456789abcdef run"]
        {
            assert_eq!(run_of(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn ours_is_the_one_with_our_words_and_never_a_way_back_or_anybody_elses() {
        let (ours, other) = (mark(Some(RUN), "f:1", 1), mark(Some(RUN), "f:1", 2));
        let mut back = described("d-BACK", ours.as_str());
        back.rollback_info.rollback_triggering_deployment_id = Some("d-OURS".into());
        let by_codedeploy = Info { creator: "codeDeployRollback".into(), ..described("d-BACK2", ours.as_str()) };
        let all = [
            described("d-HAND", ""),
            described("d-TWIN", other.as_str()),
            back,
            by_codedeploy,
            described("d-OURS", ours.as_str()),
        ];
        assert_eq!(OwnId::recognised(&all, &ours), Some(OwnId("d-OURS".into())));
        assert_eq!(OwnId::recognised(&all[..4], &ours), None);
        assert_eq!(OwnId::claimed(&all[4]), Some((OwnId("d-OURS".into()), RUN)));
        for not_claimed in [&all[0], &all[2], &all[3]] {
            assert_eq!(OwnId::claimed(not_claimed), None);
        }
        assert_eq!(OwnId::begun(&json!({"deploymentId": "d-1"})), Some(OwnId("d-1".into())));
        assert_eq!((OwnId::begun(&json!({})), OwnId::begun(&json!({"deploymentId": ""}))), (None, None));
    }

    #[test]
    fn the_record_says_how_far_main_has_come() {
        let record =
            |phase| Record { phase, mark: mark(None, "f:1", 1), task_definition: "f:1".into(), began: 1_700_000_000 };
        for phase in [Phase::Beginning, Phase::Following(OwnId("d-1".into())), Phase::Ended] {
            let text = serde_json::to_string(&record(phase.clone())).unwrap();
            assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record(phase), "{text}");
        }
    }
}
