//! The decisions of the service scheduler, pure: facts and the time in, a new state and orders out.
//!
//! [`rollout`] is the state machine of one service deployment; [`native`] is its part for strategies that shift traffic by
//! the steps in [`traffic`] through the stages in [`lifecycle`], pausing at [`hooks`]. [`scheduler`] decides which tasks start and stop within
//! the service's percentages, [`breaker`] when a deployment has failed. Nothing here knows a process, a socket or a clock.

mod breaker;
mod facts;
mod hooks;
mod lifecycle;
mod native;
mod rollout;
mod scheduler;
mod traffic;
mod watch;

#[cfg(test)]
mod native_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod rollout_tests;
#[cfg(test)]
mod scheduler_tests;

pub(crate) use breaker::{Breaker, Threshold};
pub(crate) use facts::{Facts, Happened, Limits, Phase, RevisionId, TaskFact};
pub(crate) use hooks::{Hook, HookAction, HookPlan, HookStatus, Hooks, NotTaken};
pub(crate) use lifecycle::Lifecycle;
pub(crate) use native::{Native, OnFailure};
pub(crate) use rollout::{Cause, Note, Order, Rollout, Stage, Step, StopReason};
pub(crate) use traffic::{Plan, Share};
pub(crate) use watch::{Watch, Watching};
