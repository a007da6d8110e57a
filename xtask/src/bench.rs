//! `cargo xtask bench`: size of the release tree, and start-up of its binary beside Node's own, in one run.

use crate::{
    shell::{command, target},
    sums,
};
use anyhow::{Context, Result};
use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const RUNS: usize = 40;

/// Prints the figures; it judges nothing.
pub(crate) fn run() -> Result<()> {
    let tree = target().join("dist");
    let binary = tree.join("bin/linux-x64/lockkeeper");
    let bytes: u64 =
        sums::files(&tree)?.values().filter_map(|path| fs::metadata(path).ok()).map(|file| file.len()).sum();
    println!("release tree {:.2} MB, binary {:.2} MB", bytes as f64 / 1e6, fs::metadata(&binary)?.len() as f64 / 1e6);
    let help = median(&mut command(&binary, &["ecs-deploy", "--help"]))?;
    let node = median(&mut command("node", &["-e", "0"]))?;
    let launcher = tree.join("ecs-deploy/main.cjs");
    // Wrong inputs: the whole way through Node, checksum and binary, without a call to anything.
    let launched = median(command("node", &[]).arg(launcher).env("GITHUB_ACTIONS", "true"))?;
    for (what, time) in [("ecs-deploy --help", help), ("node, empty", node), ("launcher and binary", launched)] {
        println!("{what:<22}{:>8.2} ms  (median of {RUNS})  {:>6.2} x node", millis(time), millis(time) / millis(node));
    }
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn median(command: &mut Command) -> Result<Duration> {
    let mut times = Vec::with_capacity(RUNS);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    for _ in 0..RUNS {
        let start = Instant::now();
        command.status().context("failed to start the program to be timed")?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(times[RUNS / 2])
}
