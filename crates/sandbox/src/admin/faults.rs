//! Faults on request.

use crate::{AwsError, Cloud, ecs};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// The faults that still have to happen.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<BTreeMap<String, u32>>);

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
    /// A service gets an event with exactly this text, as if AWS had written it.
    Event { cluster: String, service: String, message: String },
}

/// Causes a fault.
pub(super) fn cause(cloud: &Cloud, fault: Fault) -> Result<(), AwsError> {
    match fault {
        Fault::Throttle { operation, calls } => {
            let mut waiting = cloud.faults.0.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.insert(operation, calls);
            Ok(())
        }
        Fault::Event { cluster, service, message } => ecs::add_event(cloud, &cluster, &service, message),
    }
}

impl Faults {
    /// The error this call of `operation` has to answer with, if one was asked for.
    pub(crate) fn strike(&self, operation: &str) -> Result<(), AwsError> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(calls) = waiting.get_mut(operation).filter(|calls| **calls > 0) else { return Ok(()) };
        *calls -= 1;
        Err(AwsError::client("ThrottlingException", "Rate exceeded"))
    }
}
