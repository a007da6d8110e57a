//! How fast this cloud lives: AWS's own pace is minutes, a laptop's is seconds.

use std::time::Duration;

/// The pauses of the sandbox. The default lets a good rolling deployment of two tasks end within a few seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// How often services are looked at.
    pub tick: Duration,
    /// How long a task is `PROVISIONING`: on AWS, attaching its network interface.
    pub provisioning: Duration,
    /// How long a task with its image at hand takes to start.
    pub starting: Duration,
    /// How long a task without any health check has to run before it counts as healthy; AWS waits 40 s.
    pub settle: Duration,
    /// The pause before a failed task is replaced, times the failures in a row.
    pub restart: Duration,
    /// How long a minute of baking lasts: of `bakeTimeInMinutes`, and between the steps of a canary or linear deployment.
    pub minute: Duration,
    /// How long a minute lasts while somebody else is waited for: until a pause hook times out or a lifecycle stage took
    /// too long.
    pub patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            tick: Duration::from_millis(100),
            provisioning: Duration::from_millis(50),
            starting: Duration::from_millis(50),
            settle: Duration::from_secs(1),
            restart: Duration::from_millis(100),
            minute: Duration::ZERO,
            patience: Duration::from_secs(60),
        }
    }
}
