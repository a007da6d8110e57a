//! The developer's commands: `cargo xtask <command>`.

#![expect(clippy::print_stdout, reason = "a developer's tool talks to its terminal")]

mod bench;
mod demo;
mod dist;
mod fuzz;
mod generate;
mod platform;
mod shell;
mod shipped;
mod sums;
mod test;
mod tools;
mod tree;

use clap::Parser;
use std::process::ExitCode;

/// Builds, tests and shows Lockkeeper.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Walk five releases through the chain on this machine, and leave a page to look at
    Demo(demo::Demo),
    /// Everything CI runs: format, lints, tests, the release tree and whole chains through it
    Test(test::Test),
    /// Assemble in target/dist the tree that a release tag has
    Dist(dist::Dist),
    /// Rewrite action.yml and the README tables from the declarations
    Gen,
    /// Install the outside tools that the tests use, pinned, into target/tools
    Tools,
    /// Measure the release tree's binary beside others: start-up, bills of materials, promotions, hashing
    Bench(bench::Bench),
    /// Run the fuzz targets, each for a while
    Fuzz(fuzz::Fuzz),
}

fn main() -> ExitCode {
    let result = match Task::parse() {
        Task::Demo(demo) => demo::run(&demo),
        Task::Test(test) => test::run(&test),
        Task::Dist(dist) => dist::run(&dist).map(|_| ()),
        Task::Gen => generate::run(),
        Task::Tools => tools::install(),
        Task::Bench(bench) => bench::run(&bench),
        Task::Fuzz(fuzz) => fuzz::run_targets(&fuzz),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
