//! The laptop cloud: one process on the loopback interface that speaks the wire protocols the suite uses — an OCI
//! registry with ECR in front, ECS, ELBv2, CloudWatch, STS and GitHub's OIDC — with the dynamics of the real ones.
//!
//! Tasks are local processes started from pushed images, health checks are real requests, load balancers carry real HTTP
//! and metrics are computed from that traffic; so deployments progress, fail, trip the circuit breaker and roll back.
//!
//! Everything answers on one port. AWS calls are told apart by `X-Amz-Target` or `Action=`, the rest by path: `/v2/` is
//! the registry, `/_sandbox/` the administration. An operation that does not exist here answers 501 with its name.

mod admin;
mod cloud;
mod ecr;
mod ecs;
mod elb;
pub mod identity;
mod metrics;
mod pace;
pub mod registry;
mod sandbox;
mod server;
mod tasks;
mod wire;

pub use cloud::{Cloud, Place};
pub use pace::Pace;
pub use sandbox::{Options, Sandbox};
pub use wire::{AwsError, Form};
