//! What the end-to-end suites stand on: the runner's own grammar and step sequence, without a runner, and a small
//! world to release into.
//!
//! `act` runs the same tree in its own suite, but it is laxer than GitHub (it reads fewer command forms, has no signal
//! sequence), so what matters is proven here with the rules read from the runner's source.

pub mod files;
pub mod grammar;
pub mod job;
pub mod outside;
pub mod step;
pub mod world;

pub use step::{Outcome, Running, Step};
