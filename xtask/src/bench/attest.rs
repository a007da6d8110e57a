//! Signing, attaching and verifying on a registry of this machine, as whole steps: from the start of the program to its end.

use super::{
    measure,
    registry::{self, Kind, Place},
};
use anyhow::{Result, bail};
use std::{path::PathBuf, process::Command, time::Duration};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Attest {
    /// How many images are stamped and verified
    #[arg(long, default_value_t = 15)]
    runs: usize,
    /// Our program; by default the release tree's
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// Stamps and verifies, and prints the medians.
pub(super) fn run(options: &Attest) -> Result<()> {
    Kind::BOTH.into_iter().try_for_each(|kind| on(options, kind))
}

fn on(options: &Attest, kind: Kind) -> Result<()> {
    let place = Place::start(registry::ours(options.binary.as_deref())?, kind)?;
    let (mut stamps, mut verifications) = (Vec::new(), Vec::new());
    for round in 0..options.runs.max(1) {
        let image = place.push(&format!("app-{round}"), &[512])?;
        stamps.push(timed(&mut place.stamp(&image, 1))?);
        let image = format!("--image={image}");
        let words =
            ["provenance-stamp", "--mode=verify", "--public-key=key.pub.pem", "--registry-auth=anonymous", &image];
        verifications.push(timed(&mut place.step(&words, 1))?);
    }
    let (stamp, verification) = (middle(stamps), middle(verifications));
    println!("\n{}: whole steps on this machine, medians of {}:", kind.name(), options.runs.max(1));
    println!("  sign, attach and read back two statements {stamp:>8.1} ms");
    println!("  read and verify them                      {verification:>8.1} ms");
    println!("  together                                  {:>8.1} ms", stamp + verification);
    Ok(())
}

fn timed(command: &mut Command) -> Result<Duration> {
    let (status, taken) = measure::run(command)?;
    if !status.success() {
        bail!("{} ended with {status}", command.get_program().display());
    }
    Ok(taken.wall)
}

fn middle(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}
