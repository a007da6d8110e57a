//! CodeDeploy for ECS: blue/green deployments of services whose deployment controller is `CODE_DEPLOY`.
//!
//! What a deployment does is the ECS engine's work; this room keeps applications, groups and configurations, and tells of
//! deployments in CodeDeploy's words. Lifecycle hooks are Lambda functions there, so there are none here.

mod api;
mod appspec;
mod configs;
mod group;
mod records;
mod status;

pub(crate) use api::call;
pub(crate) use records::{CodeDeploy, config_of, group_of};
