//! What a role may do: every call of a role that was given a policy is checked against it, as IAM would.
//!
//! `PUT /_sandbox/policies` with `{"<role name>": <policy document>}`. A role without one may do everything. Only the
//! role's own policy counts: there are no boundaries, resource policies or sessions policies, and no checks of the OCI
//! distribution API, whose requests carry no signature.

mod policy;
mod requirements;

use crate::{AwsError, Cloud, Place, identity::Caller, wire::Protocol};
use policy::{Decision, Policy};
pub(crate) use requirements::Call;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// The policies of roles, by name.
#[derive(Debug, Default)]
pub(crate) struct Permissions(Mutex<BTreeMap<String, Policy>>);

impl Permissions {
    /// Gives these roles these policies, and takes every other policy away.
    ///
    /// # Errors
    /// What is wrong with a document, with the role's name.
    pub(crate) fn set(&self, documents: &BTreeMap<String, Value>) -> Result<(), String> {
        let read = |(role, document): (&String, &Value)| {
            let policy = Policy::read(document).map_err(|error| format!("the policy of {role}: {error}"))?;
            Ok((role.clone(), policy))
        };
        let policies = documents.iter().map(read).collect::<Result<_, String>>()?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = policies;
        Ok(())
    }

    /// Refuses a call that its caller's policy does not allow.
    pub(crate) fn check(cloud: &Cloud, caller: &Caller, call: &Call<'_>) -> Result<(), AwsError> {
        let role = caller.arn.split_once(":assumed-role/").and_then(|(_, rest)| rest.split('/').next());
        let policies = cloud.permissions.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(policy) = role.and_then(|role| policies.get(role)) else { return Ok(()) };
        for needed in requirements::of(cloud, call) {
            let why = match policy.decide(&needed) {
                Decision::Allowed => continue,
                Decision::NotAllowed => format!("because no identity-based policy allows the {} action", needed.action),
                Decision::Denied => "with an explicit deny in an identity-based policy".to_owned(),
            };
            let message = format!(
                "User: {} is not authorized to perform: {} on resource: {} {why}",
                caller.arn, needed.action, needed.resource
            );
            return Err(refusal(call.protocol, message));
        }
        Ok(())
    }
}

fn refusal(protocol: Protocol, message: String) -> AwsError {
    match protocol {
        Protocol::Query => AwsError { status: 403, ..AwsError::client("AccessDenied", message) },
        Protocol::Json(_) => AwsError::client("AccessDeniedException", message),
    }
}

/// Something that has to be allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Needed {
    /// Such as `ecs:UpdateService`.
    action: String,
    /// An ARN, or `*` where the action knows no resources.
    resource: String,
    /// What conditions may ask about.
    context: Vec<(&'static str, String)>,
}

impl Needed {
    fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        let context = vec![("aws:RequestedRegion", Place::REGION.to_owned())];
        Self { action: action.into(), resource: resource.into(), context }
    }

    fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.context.push((key, value.into()));
        self
    }
}
