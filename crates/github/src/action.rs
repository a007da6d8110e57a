//! What an action is to the kit.

use crate::{Failure, Report, Runner};
use std::future::Future;

/// One action: its declaration and its two phases.
pub trait Action: 'static {
    /// The action's folder, which is also its command: `ecs-deploy`.
    const NAME: &'static str;

    /// The inputs as typed by the user. Doc comments are the descriptions in `action.yml`, the README and `--help`;
    /// an input whose `value_name` is `SECRET` is masked everywhere.
    type Inputs: clap::Args;

    /// What the action says of itself.
    fn about() -> About;

    /// Does the work. A "no" is a [`Report`] with [`crate::Exit::Refused`]; a [`Failure`] means it could not work.
    fn run(runner: &Runner, inputs: Self::Inputs) -> impl Future<Output = Result<Report, Failure>>;

    /// Runs at the end of the job, also after a cancelled or killed main phase, with that phase's saved state.
    fn post(_runner: &Runner, _inputs: Self::Inputs) -> impl Future<Output = Result<(), Failure>> {
        async { Ok(()) }
    }
}

/// What an action says of itself; with the inputs it makes `action.yml`, the README tables and `--help`.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// One sentence: what it does.
    pub description: &'static str,
    /// A Feather icon name, for the Marketplace (`branding.icon`).
    pub icon: &'static str,
    /// `white`, `black`, `yellow`, `blue`, `green`, `orange`, `red`, `purple` or `gray-dark` (`branding.color`).
    pub color: &'static str,
    /// The outputs besides `verdict` and `report-path`, which every action has.
    pub outputs: &'static [Output],
    /// Whether a post step finishes what main left.
    pub post: Post,
    /// Command-line examples shown under `--help`.
    pub examples: &'static str,
}

/// One output of an action.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Its kebab-case noun.
    pub name: &'static str,
    /// What it holds, and what it is when there is nothing to say.
    pub description: &'static str,
}

/// Whether an action has a post step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Post {
    /// Nothing is left after main.
    None,
    /// The post step runs whatever became of main (`post-if: always()`).
    Always,
}
