//! `cargo xtask fuzz`: runs the targets of `fuzz/` for a while, on the stable compiler.
//!
//! The workspace forbids unsafe code, so no sanitiser is needed: what is looked for is a panic, an endless loop and a heap
//! without bounds.

use crate::{
    platform,
    shell::{cargo, command, root, run},
};
use anyhow::{Result, bail};
use std::fs;

/// What makes LLVM count the edges a run takes, as libFuzzer wants it.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Fuzz {
    /// The targets, files of fuzz/fuzz_targets; all when none is named
    targets: Vec<String>,
    /// How long each runs, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How much memory one run may take, in MiB
    #[arg(long, default_value_t = 1024)]
    memory: u64,
}

/// Builds the targets, makes their first corpus from the tests' fixtures, and runs one after the other.
pub(crate) fn run_targets(fuzz: &Fuzz) -> Result<()> {
    // A target that is named keeps the flags from build scripts.
    let (folder, triple) = (root().join("fuzz"), platform::native()?);
    run(cargo(&["build", "--release", "--bins", "--target", &triple]).current_dir(&folder).env("RUSTFLAGS", FLAGS))?;
    let built = folder.join("target").join(&triple).join("release");
    let corpus = folder.join("corpus");
    run(command(built.join("seeds"), &[]).arg(root()).arg(&corpus))?;
    let mut failed = Vec::new();
    for target in if fuzz.targets.is_empty() { all()? } else { fuzz.targets.clone() } {
        let (own, artifacts) = (corpus.join(&target), folder.join("artifacts").join(&target));
        fs::create_dir_all(&own)?;
        fs::create_dir_all(&artifacts)?;
        let mut command = command(built.join(&target), &["-timeout=10", "-print_final_stats=1", "-max_len=200000"]);
        command.arg(format!("-max_total_time={}", fuzz.seconds)).arg(format!("-rss_limit_mb={}", fuzz.memory));
        command.arg(format!("-artifact_prefix={}/", artifacts.display())).arg(own);
        if let Err(error) = run(&mut command) {
            println!("\n!!! {target}: {error:#}\n!!! what broke it is in {}\n", artifacts.display());
            failed.push(target);
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("{} failed", failed.join(", ")) }
}

fn all() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("fuzz/fuzz_targets"))? {
        names.extend(entry?.path().file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}
