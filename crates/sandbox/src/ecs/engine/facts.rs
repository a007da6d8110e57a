//! What the engine is told about the world.

use super::hooks::HookStatus;
use jiff::Timestamp;

/// A service revision: the number in `ecs-svc/<number>` and at the end of its ARN.
pub(crate) type RevisionId = u64;

/// A service as it stands at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) now: Timestamp,
    /// How many tasks there should be.
    pub(crate) desired: u32,
    pub(crate) limits: Limits,
    /// Every task that has not stopped.
    pub(crate) tasks: Vec<TaskFact>,
    /// What happened to tasks since the last step.
    pub(crate) happened: Vec<Happened>,
    /// Whether listener rules forward to every target group that traffic is to be shifted between.
    pub(crate) routable: bool,
    /// Which of the deployment's alarms are in `ALARM`.
    pub(crate) ringing: Vec<String>,
    /// What functions said to hooks, by the hooks' ids.
    pub(crate) said: Vec<(String, HookStatus)>,
}

/// `minimumHealthyPercent` and `maximumPercent` of the deployment configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) minimum_healthy_percent: u32,
    pub(crate) maximum_percent: u32,
}

/// A task that has not stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaskFact {
    pub(crate) id: String,
    pub(crate) revision: RevisionId,
    pub(crate) phase: Phase,
}

/// Where a task is, as far as scheduling goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Not yet counted as healthy.
    Starting,
    /// Running, and every health check it has passes.
    Healthy,
    /// Running, and a health check has failed it.
    Unhealthy,
    /// Told to stop.
    Stopping,
}

/// Something that happened to a task of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happened {
    /// It could not start, exited by itself, or failed its health checks.
    Failed(RevisionId),
    /// It became healthy.
    TurnedHealthy(RevisionId),
}

impl Limits {
    /// The fewest healthy tasks allowed during a deployment: rounded up.
    pub(crate) fn lower(self, desired: u32) -> u32 {
        (desired * self.minimum_healthy_percent).div_ceil(100)
    }

    /// The most tasks allowed during a deployment: rounded down.
    pub(crate) fn upper(self, desired: u32) -> u32 {
        desired * self.maximum_percent / 100
    }
}

impl Phase {
    /// Counts as a task: it was not told to stop.
    pub(crate) fn is_alive(self) -> bool {
        self != Self::Stopping
    }
}
