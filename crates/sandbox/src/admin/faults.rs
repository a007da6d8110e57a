//! Faults on request.

use crate::{
    AwsError, Cloud, ecs, late,
    quotas::{self, Quotas},
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The faults that still have to happen.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    calls: BTreeMap<String, (Strike, u32)>,
    placements: (String, u32),
    starts: Option<(StartFault, u32)>,
    quotas: Option<Quotas>,
}

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Strike {
    /// It is refused.
    Refuse(AwsError),
    /// The connection is cut before anything happens.
    Cut,
    /// It happens, and then the connection is cut.
    LoseAnswer,
}

/// What happens to a task that starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StartFault {
    /// It takes this much longer.
    Slow(Duration),
    /// It fails with this reason.
    Fail(String),
}

/// A fault to cause.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Fault {
    /// The next calls of an operation are throttled.
    Throttle {
        /// The operation's name, such as `DescribeServices`.
        operation: String,
        /// How many calls.
        calls: u32,
    },
    /// The next calls of an operation fail: by default with the service's own fault and status 500.
    Error {
        operation: String,
        calls: u32,
        #[serde(default = "server_exception")]
        code: String,
        #[serde(default = "five_hundred")]
        status: u16,
        #[serde(default = "reason")]
        message: String,
    },
    /// The connections of the next calls of an operation are cut before anything happens.
    Cut { operation: String, calls: u32 },
    /// The next calls of an operation happen, but their connections are cut before the answer.
    LoseAnswer { operation: String, calls: u32 },
    /// An operation that reads answers as it would have so many ticks ago; 0 ends that.
    StaleReads { operation: String, ticks: usize },
    /// From now on, calls of ECS are throttled where AWS's documented quotas are exceeded.
    Quotas,
    /// `RunTask` finds no place for its tasks, for so many calls.
    NoPlacement { reason: String, calls: u32 },
    /// The next tasks take this much longer to start.
    SlowStarts { milliseconds: u64, tasks: u32 },
    /// The next tasks cannot start.
    FailingStarts { reason: String, tasks: u32 },
    /// All temporary credentials are expired.
    ExpireCredentials,
    /// A task whose log group does not exist cannot start any more, as on AWS.
    LogGroupsMustExist,
    /// A service gets an event with exactly this text, as if AWS had written it.
    Event { cluster: String, service: String, message: String },
}

fn server_exception() -> String {
    "ServerException".to_owned()
}

fn five_hundred() -> u16 {
    500
}

fn reason() -> String {
    "Service Unavailable. Please try again later.".to_owned()
}

/// Causes a fault.
pub(super) fn cause(cloud: &Cloud, fault: Fault) -> Result<(), AwsError> {
    let mut waiting = cloud.faults.lock();
    match fault {
        Fault::Throttle { operation, calls } => {
            waiting.strike(operation, Strike::Refuse(quotas::throttled()), calls);
        }
        Fault::Error { operation, calls, code, status, message } => {
            waiting.strike(operation, Strike::Refuse(AwsError { code, message, status }), calls);
        }
        Fault::Cut { operation, calls } => waiting.strike(operation, Strike::Cut, calls),
        Fault::LoseAnswer { operation, calls } => waiting.strike(operation, Strike::LoseAnswer, calls),
        Fault::StaleReads { operation, ticks } => return late::lag(cloud, &operation, ticks),
        Fault::Quotas => waiting.quotas = Some(Quotas::default()),
        Fault::NoPlacement { reason, calls } => waiting.placements = (reason, calls),
        Fault::SlowStarts { milliseconds, tasks } => {
            waiting.starts = Some((StartFault::Slow(Duration::from_millis(milliseconds)), tasks));
        }
        Fault::FailingStarts { reason, tasks } => waiting.starts = Some((StartFault::Fail(reason), tasks)),
        Fault::ExpireCredentials => cloud.identity.expire(jiff::Timestamp::now()),
        Fault::LogGroupsMustExist => cloud.logs.be_strict(),
        Fault::Event { cluster, service, message } => {
            drop(waiting);
            return ecs::add_event(cloud, &cluster, &service, message);
        }
    }
    Ok(())
}

impl Faults {
    /// What happens to this call of `operation`, if anything was asked for.
    pub(crate) fn strike(&self, operation: &str) -> Option<Strike> {
        let mut waiting = self.lock();
        if let Some((strike, calls)) = waiting.calls.get_mut(operation).filter(|(_, calls)| *calls > 0) {
            *calls -= 1;
            return Some(strike.clone());
        }
        let within = waiting.quotas.as_mut().is_none_or(|quotas| quotas.take(operation, Instant::now()));
        (!within).then(|| Strike::Refuse(quotas::throttled()))
    }

    /// How often each operation is still to be struck: what was misspelt never is.
    pub(super) fn waiting(&self) -> BTreeMap<String, u32> {
        let waiting = self.lock();
        let open = waiting.calls.iter().filter(|(_, (_, calls))| *calls > 0);
        open.map(|(operation, (_, calls))| (operation.clone(), *calls)).collect()
    }

    /// Why this call of `RunTask` finds no place, if it does not.
    pub(crate) fn placement_failure(&self) -> Option<String> {
        let mut waiting = self.lock();
        let (reason, calls) = &mut waiting.placements;
        *calls = calls.checked_sub(1)?;
        Some(reason.clone())
    }

    /// What happens to a task that starts now.
    pub(crate) fn start(&self) -> Option<StartFault> {
        let mut waiting = self.lock();
        let (fault, tasks) = waiting.starts.as_mut()?;
        *tasks = tasks.checked_sub(1)?;
        Some(fault.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn strike(&mut self, operation: String, strike: Strike, calls: u32) {
        self.calls.insert(operation, (strike, calls));
    }
}
