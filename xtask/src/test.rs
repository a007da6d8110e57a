//! `cargo xtask test`: what CI runs, in the order in which it finds the most soonest.

use crate::{
    dist::{self, Dist},
    platform,
    shell::{self, cargo},
    tools,
};
use anyhow::{Context, Result, anyhow, bail};
use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    time::Instant,
};

/// How much to test.
#[derive(clap::Args)]
pub(crate) struct Test {
    /// Leave out the release tree and the chains that run through it
    #[arg(long)]
    quick: bool,
}

/// What the test binaries counted.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

/// Runs everything and prints the counts.
pub(crate) fn run(test: &Test) -> Result<()> {
    let start = Instant::now();
    heading("format");
    shell::run(&mut cargo(&["fmt", "--all", "--check"]))?;
    heading("outside tools, beside the lints and the release tree");
    std::thread::scope(|scope| {
        // Mostly the network's time and other compilers'; joined before the first test that needs one.
        let tools = scope.spawn(tools::install);
        lints()?;
        if !test.quick {
            heading("release tree");
            dist::run(&Dist::default())?;
        }
        tools.join().map_err(|_| anyhow!("installing the outside tools panicked"))?
    })?;
    heading("the sample service");
    sample_service()?;
    shell::run(&mut in_example(&["test"])?)?;
    heading("tests");
    let counts = tests()?;
    if !test.quick {
        heading("the demo");
        crate::demo::run(&crate::demo::Demo::default())?;
    }
    println!("\neverything took {:.0} s", start.elapsed().as_secs_f64());
    println!("{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.ignored);
    if counts.failed > 0 { bail!("{} tests failed", counts.failed) } else { Ok(()) }
}

fn lints() -> Result<()> {
    heading("lints");
    let words = ["clippy", "--quiet", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    shell::run(&mut cargo(&words))
}

fn heading(text: &str) {
    println!("\n== {text} ==");
}

/// The service the chains release, built static as its image needs it; its own workspace, so its lockfile is its own.
pub(crate) fn sample_service() -> Result<PathBuf> {
    shell::run(&mut in_example(&["build"])?)?;
    Ok(shell::root()
        .join("examples/recommendation/target")
        .join(platform::host()?.triple)
        .join("release/recommendation"))
}

/// cargo in the sample service's workspace, for the target its image has.
fn in_example(words: &[&str]) -> Result<Command> {
    let mut cargo = cargo(words);
    cargo.args(["--locked", "--release", "--quiet", "--target", platform::host()?.triple]);
    cargo.current_dir(shell::root().join("examples/recommendation")).env_remove("CARGO_TARGET_DIR");
    Ok(cargo)
}

/// Tests at the same time. Most of them wait for a small cloud to come round; each has one of its own.
const AT_ONCE: &str = "4";

/// `cargo test`, with its output passed on and its counts added up.
fn tests() -> Result<Counts> {
    let mut command = cargo(&["test", "--locked", "--workspace", "--no-fail-fast"]);
    command.env("RUST_TEST_THREADS", shell::variable("RUST_TEST_THREADS").unwrap_or_else(|| AT_ONCE.to_owned()));
    let mut child = command.envs(tools::environment()).stdout(Stdio::piped()).spawn()?;
    let output = BufReader::new(child.stdout.take().context("cargo test has no output")?);
    let mut counts = Counts::default();
    for line in output.lines() {
        let line = line?;
        println!("{line}");
        counts.add(&line);
    }
    let status = child.wait()?;
    if !status.success() && counts.failed == 0 {
        bail!("`cargo test` ended with {status}");
    }
    Ok(counts)
}

impl Counts {
    /// Adds the numbers of a line such as `test result: ok. 5 passed; 0 failed; 1 ignored; …`.
    fn add(&mut self, line: &str) {
        if !line.starts_with("test result:") {
            return;
        }
        let words: Vec<&str> = line.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let Ok(count) = pair[0].parse::<u64>() else { continue };
            match pair[1] {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.ignored += count,
                _ => {}
            }
        }
    }
}
