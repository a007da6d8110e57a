//! The runner kit: everything the suite knows about GitHub Actions, and nothing else does.
//!
//! An action declares its inputs once with clap and implements [`Action`]; its `main.rs` calls [`main`]. The kit then
//! reads the inputs from the runner (`INPUT_*`) or from the command line, reports all wrong ones at once, runs the
//! action, and turns its [`Report`] or [`Failure`] into log lines, annotations, outputs, a step summary, a JSON report
//! and an exit code. It is the only place that reads the environment, the clock and signals, and the only one that exits.
//!
//! Two promises hold for every action: each declared output is written whatever happens, and no text that came from
//! outside can act as a workflow command (see [`neutral`]).

mod action;
mod artifacts;
mod cancel;
mod commands;
mod context;
mod declaration;
mod entry;
mod exit;
mod failure;
mod file_commands;
mod generate;
mod inputs;
mod log;
mod oidc;
mod report;
mod runner;
mod summary;
mod testing;
mod values;

pub use action::{About, Action, Output, Post};
pub use artifacts::{Subject, SubjectKind};
pub use cancel::{Cancel, Cancelled};
pub use commands::{Annotation, neutral};
pub use context::Context;
pub use declaration::{Declaration, Input};
pub use entry::{Entry, dispatch, main};
pub use exit::Exit;
pub use failure::{Failure, InputError};
pub use generate::{action_yml, refresh_readme};
pub use log::Group;
pub use oidc::TokenSource;
pub use report::Report;
pub use runner::Runner;
pub use summary::{Alert, Summary};
pub use testing::Captured;
pub use values::{secret, yes_no};
