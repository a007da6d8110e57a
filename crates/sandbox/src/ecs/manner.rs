//! How a deployment goes: by the service's own configuration, or as CodeDeploy orders it.

use super::{
    configuration,
    engine::{Breaker, Native, Watch},
    strategy,
};
use crate::{AwsError, pace::Pace};
use jiff::SignedDuration;
use serde_json::{Map, Value};

/// What a deployment moves from the old revision to the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moves {
    /// Tasks, a few at a time, in the target group where they are.
    Tasks,
    /// Traffic, between two revisions that both run in full.
    Traffic,
}

/// How a deployment goes.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    /// The deployment configuration it is shown with.
    pub(super) configuration: Value,
    pub(super) native: Option<Native>,
    pub(super) breaker: Option<Breaker>,
    pub(super) watch: Option<Watch>,
    pub(super) bake: SignedDuration,
    /// What traffic is shifted with, where the service does not say so itself.
    pub(super) advanced: Option<Value>,
}

impl Manner {
    /// By the service's own configuration. As documented, the circuit breaker is for rolling deployments. `seed` is what
    /// the ids of hooks begin with.
    pub(super) fn of_service(configuration: Value, pace: &Pace, seed: &str) -> Result<Self, AwsError> {
        let native = strategy::native(&configuration, pace, seed)?;
        Ok(Self {
            breaker: if native.is_some() { None } else { configuration::breaker(&configuration)? },
            native,
            watch: configuration::watch(&configuration)?,
            bake: strategy::minutes(configuration::bake_minutes(&configuration)?, strategy::signed(pace.minute)),
            advanced: None,
            configuration,
        })
    }

    /// What it moves.
    pub(super) fn moves(&self) -> Moves {
        if self.native.is_some() { Moves::Traffic } else { Moves::Tasks }
    }

    /// The service's members, with what traffic is shifted with in each load balancer.
    pub(super) fn members(&self, members: &Map<String, Value>) -> Map<String, Value> {
        let mut members = members.clone();
        if let (Some(advanced), Some(balancers)) =
            (&self.advanced, members.get_mut("loadBalancers").and_then(Value::as_array_mut))
        {
            balancers.iter_mut().for_each(|balancer| balancer["advancedConfiguration"] = advanced.clone());
        }
        members
    }
}
