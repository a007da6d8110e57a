//! One program, run to its end: how long, how much processor, how much memory.

use anyhow::{Context, Result};
use std::{
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};
use wait4::Wait4 as _;

/// What one run took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Figures {
    /// From start to end.
    pub(super) wall: Duration,
    /// Processor time of the program and of those it started.
    pub(super) cpu: Duration,
    /// The largest resident set of any of them, in bytes. Not below this program's own, which the kernel hands down.
    pub(super) memory: u64,
}

/// Runs a program without its output.
pub(super) fn run(command: &mut Command) -> Result<(ExitStatus, Figures)> {
    let start = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let child = child.with_context(|| format!("failed to start {}", command.get_program().display()))?;
    let used = child.wait4()?;
    let figures =
        Figures { wall: start.elapsed(), cpu: used.rusage.utime + used.rusage.stime, memory: used.rusage.maxrss };
    Ok((used.status, figures))
}

/// The middle one of each figure.
pub(super) fn median(runs: &[Figures]) -> Figures {
    fn middle<T: Ord + Copy>(mut values: Vec<T>) -> T {
        values.sort_unstable();
        values[values.len() / 2]
    }
    Figures {
        wall: middle(runs.iter().map(|run| run.wall).collect()),
        cpu: middle(runs.iter().map(|run| run.cpu).collect()),
        memory: middle(runs.iter().map(|run| run.memory).collect()),
    }
}
