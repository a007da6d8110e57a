//! Amazon ECS: clusters, task definitions, services; rolling deployments with circuit breaker and rollback; blue/green,
//! canary and linear ones with hooks, which move traffic.
//!
//! `api` answers the operations, `engine` takes the decisions, `tick` carries them out a few times a second. State is
//! kept in memory. Task definitions and service members are opaque JSON: a member nobody here knows survives.

mod api;
pub(crate) mod arn;
mod carry_out;
mod configuration;
mod deployment;
mod describe;
mod engine;
mod manner;
mod observe;
mod service;
mod shifting;
mod state;
mod strategy;
mod task_definition;
pub(crate) mod task_sets;
mod tick;
mod weights;
mod words;

pub(crate) use api::call;
pub(crate) use describe::truth;
pub(crate) use engine::{Cause, Lifecycle, OnFailure, Plan, Share, Stage};
pub(crate) use state::{Ecs, READ_LATE, add_event};
pub(crate) use tick::tick;
