//! Asks the same thing until it is right often enough, or the time is over.

use super::{Reply, Service};
use crate::{
    assertion::{Assertion, Everywhere},
    cases::Request,
    config::{Patience, Probe, RunningVersion},
    judge::{Outcome, judge},
};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What a probe came to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ProbeResult {
    /// What it is called.
    pub name: String,
    /// What was asked.
    pub question: String,
    /// What came of it.
    #[serde(flatten)]
    pub state: ProbeState,
    /// How often it was asked.
    pub attempts: u32,
    /// How long it took altogether.
    #[serde(skip)]
    pub took: Duration,
}

/// What came of a probe.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "state", content = "reason", rename_all = "lowercase")]
pub enum ProbeState {
    /// Right, often enough in a row.
    Good,
    /// The service answered, and not rightly often enough within the time: the last reason.
    Bad(String),
    /// Nobody ever answered: the last reason.
    Silent(String),
}

impl ProbeResult {
    /// One line for the log.
    #[must_use]
    pub fn line(&self) -> String {
        let seconds = self.took.as_secs_f64();
        let times = if self.attempts == 1 { "once".to_owned() } else { format!("{} times", self.attempts) };
        match &self.state {
            ProbeState::Good => format!("{}: right (asked {} {times}, {seconds:.1} s)", self.name, self.question),
            ProbeState::Bad(reason) | ProbeState::Silent(reason) => {
                format!("{}: {reason} (asked {} {times}, {seconds:.1} s)", self.name, self.question)
            }
        }
    }
}

/// One probe of `canary.yml`.
pub(super) async fn wait_for(service: &Service, probe: &Probe, everywhere: &Everywhere) -> ProbeResult {
    repeat(
        (service, everywhere),
        &probe.name,
        Wanted { path: &probe.path, status: probe.status, assertions: &probe.assertions },
        probe.patience,
    )
    .await
}

/// The running version.
pub(super) async fn version(service: &Service, version: &RunningVersion, everywhere: &Everywhere) -> ProbeResult {
    let wanted = Wanted { path: &version.path, status: 200, assertions: std::slice::from_ref(&version.assertion) };
    repeat((service, everywhere), "running version", wanted, version.patience).await
}

/// The answer that is right.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    path: &'a str,
    status: u16,
    assertions: &'a [Assertion],
}

async fn repeat(
    (service, everywhere): (&Service, &Everywhere),
    name: &str,
    wanted: Wanted<'_>,
    patience: Patience,
) -> ProbeResult {
    let request = Request::get(wanted.path);
    let started = Instant::now();
    let (mut attempts, mut in_a_row, mut answered) = (0, 0, false);
    let state = loop {
        let reply = service.ask(&request).await;
        attempts += 1;
        answered |= !matches!(reply, Reply::Unreachable(_));
        let reason = match judge(wanted.status, wanted.assertions, everywhere, &reply) {
            Outcome::Passed => {
                in_a_row += 1;
                format!("right only {in_a_row} times in a row, not {}", patience.successes)
            }
            Outcome::Failed(mismatches) => {
                in_a_row = 0;
                let told = mismatches.iter().map(|m| format!("{}: expected {}, seen {}", m.path, m.expected, m.seen));
                told.collect::<Vec<_>>().join("; ")
            }
            Outcome::Unanswered(reason) => {
                in_a_row = 0;
                format!("no answer: {reason}")
            }
        };
        if in_a_row >= patience.successes {
            break ProbeState::Good;
        }
        if started.elapsed() + patience.every.duration() > patience.within.duration() {
            break if answered { ProbeState::Bad(reason) } else { ProbeState::Silent(reason) };
        }
        sleep(patience.every.duration()).await;
    };
    let question = format!("GET {}", wanted.path);
    ProbeResult { name: name.to_owned(), question, state, attempts, took: started.elapsed() }
}
