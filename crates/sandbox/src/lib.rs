//! The laptop cloud: one process on the loopback interface that speaks the wire protocols the suite uses — an OCI
//! registry with ECR in front, ECS, CodeDeploy, ELBv2, CloudWatch and its Logs, STS and GitHub's OIDC — with the dynamics of the real ones.
//!
//! Tasks are local processes started from pushed images, health checks are real requests, load balancers carry real HTTP
//! and metrics are computed from that traffic; so deployments progress, fail, trip the circuit breaker and roll back.
//!
//! Everything answers on one port. AWS calls are told apart by `X-Amz-Target` or `Action=`, the rest by path: `/v2/` is
//! the registry, `/_sandbox/` the administration. An operation that does not exist here answers 501 with its name.
//!
//! # What differs from AWS
//! - Minutes are fractions of a second ([`Pace`]); health check intervals go down to one second, metrics have a
//!   resolution of one second, bake times pass at once unless [`Pace::minute`] says otherwise.
//! - A task is a process on this machine with its image's root as its folder, not a container. Its entry point is looked
//!   up in the image first and then on this machine; an absolute path among its arguments means the image's file when
//!   there is one; `HOST` is its own loopback address, whatever image and task definition say.
//! - A load balancer's `DNSName` has a port in it: `127.0.0.1:34567` is its first listener.
//! - A service with an `EXTERNAL` controller has no task sets and so no tasks; a `DAEMON` runs one task. The hooks of an AppSpec
//!   and `earlySuccessCriteria` answer 501. What the functions of ECS's lifecycle hooks say is written down before. A pause
//!   hook's minutes are real ones ([`Pace::patience`]), and so are those for which CodeDeploy waits for somebody to let
//!   traffic over.
//! - A first deployment by a strategy that shifts traffic gets all of it in one step. On the way back a deployment shows
//!   `PRODUCTION_TRAFFIC_SHIFT` while traffic moves and `CLEAN_UP` after that.
//! - Load balancers are Application Load Balancers with HTTP; a rule has one action, a forward without stickiness or a fixed
//!   response. Alarms have periods from one second on and tell nobody. A log group comes into being with its first line.
//! - CloudWatch speaks JSON and not CBOR. State but for blobs is in memory.
//! - Where the documentation is silent on the wording of a reason, the wording is ours; the codes are AWS's.

mod admin;
mod clock;
mod cloud;
mod codedeploy;
mod ecr;
mod ecs;
mod elb;
mod functions;
mod glob;
pub mod identity;
mod late;
mod logs;
mod metrics;
mod pace;
mod permissions;
mod quotas;
pub mod registry;
mod sandbox;
mod server;
mod tasks;
mod wire;

pub use cloud::{Cloud, Place};
pub use pace::Pace;
pub use sandbox::{Options, Sandbox};
pub use wire::{AwsError, Form};
