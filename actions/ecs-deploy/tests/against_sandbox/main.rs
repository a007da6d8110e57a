//! The real binary against the laptop cloud, over HTTP, as the runner starts it: inputs in the environment, outputs and
//! state in files, signals to the process.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cancelling;
mod chaos;
mod codedeploying;
mod composing;
mod deploying;
mod evidence;
mod going_back;
mod liar;
mod looking;
mod lying;
mod pausing;
mod permissions;
mod racing;
mod running_once;
mod shifting;
mod traffic;
mod two_deployers;
mod world;
