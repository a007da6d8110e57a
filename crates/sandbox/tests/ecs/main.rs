//! ECS from outside: real images, real processes, real HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

mod alarms;
mod binary;
mod code_deploy;
mod failures;
mod faults;
mod kinds;
mod logs;
mod permissions;
mod rollouts;
mod rules;
mod run_task;
mod shifting;
mod shifting_back;
mod stops;
mod traffic;
mod wire;
mod world;
