//! `cargo xtask fuzz`: runs the targets of `fuzz/` for a while, on the stable compiler.
//!
//! The workspace forbids unsafe code, so no sanitiser is needed: what is looked for is a panic, an endless loop and a heap
//! without bounds.

use crate::{
    platform,
    shell::{cargo, command, root, run, target},
};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::Instant,
};

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
    let (folder, triple, place) = (root().join("fuzz"), platform::native()?, target().join("fuzz"));
    let mut build = cargo(&["build", "--release", "--bins", "--target", &triple]);
    run(build.current_dir(&folder).env("RUSTFLAGS", FLAGS).env("CARGO_TARGET_DIR", &place))?;
    let built = place.join(&triple).join("release");
    let corpus = place.join("corpus");
    run(command(built.join("seeds"), &[]).arg(root()).arg(&corpus))?;
    let (mut failed, mut rows) = (Vec::new(), Vec::new());
    for target in if fuzz.targets.is_empty() { all()? } else { fuzz.targets.clone() } {
        let (own, artifacts) = (corpus.join(&target), place.join("artifacts").join(&target));
        fs::create_dir_all(&own)?;
        fs::create_dir_all(&artifacts)?;
        let mut command = command(built.join(&target), &["-timeout=10", "-print_final_stats=1", "-max_len=200000"]);
        command.arg(format!("-max_total_time={}", fuzz.seconds)).arg(format!("-rss_limit_mb={}", fuzz.memory));
        command.arg(format!("-artifact_prefix={}/", artifacts.display())).arg(own);
        let row = watch(&mut command)?;
        println!("{}", row.line(&target));
        rows.push(row.line(&target));
        if !row.whole {
            println!("\n!!! {target}: what broke it is in {}\n", artifacts.display());
            failed.push(target);
        }
    }
    println!("\nfor docs/fuzzing.md:\n\n{HEAD}\n{}", rows.join("\n"));
    if failed.is_empty() { Ok(()) } else { bail!("{} failed", failed.join(", ")) }
}

const HEAD: &str = "| target | seconds | executions | edges | corpus | findings |\n|---|---:|---:|---:|---:|---|";

/// What one run came to.
#[derive(Debug, Default)]
struct Row {
    seconds: u64,
    executions: u64,
    edges: String,
    corpus: String,
    whole: bool,
}

impl Row {
    fn line(&self, target: &str) -> String {
        let Self { seconds, executions, edges, corpus, .. } = self;
        let findings = if self.whole { "none" } else { "**yes**" };
        format!("| {target} | {seconds} | {executions} | {edges} | {corpus} | {findings} |")
    }

    /// libFuzzer's words: `#123 DONE cov: 5 ft: 6 corp: 7/8b …` and `stat::number_of_executed_units: 123`.
    fn read(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        while let Some(word) = words.next() {
            let mut next = || words.next().unwrap_or_default().to_owned();
            match word {
                "cov:" => self.edges = next(),
                "corp:" => self.corpus = next().split('/').next().unwrap_or_default().to_owned(),
                "stat::number_of_executed_units:" => self.executions = next().parse().unwrap_or_default(),
                _ => {}
            }
        }
    }
}

/// Runs a target to its end; what it prints is passed on and read.
fn watch(command: &mut Command) -> Result<Row> {
    let start = Instant::now();
    let mut child = command.stderr(Stdio::piped()).spawn().context("failed to start the target")?;
    let mut row = Row::default();
    for line in BufReader::new(child.stderr.take().context("a target without output")?).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        println!("{line}");
        row.read(&line);
    }
    row.whole = child.wait()?.success();
    row.seconds = start.elapsed().as_secs();
    Ok(row)
}

fn all() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("fuzz/fuzz_targets"))? {
        names.extend(entry?.path().file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::Row;

    #[test]
    fn a_run_is_read_from_what_libfuzzer_prints() {
        let mut row = Row { seconds: 60, whole: true, ..Row::default() };
        for line in [
            "#4096\tpulse  cov: 90 ft: 120 corp: 3/400b lim: 4096 exec/s: 2048 rss: 60Mb",
            "#123456\tDONE   cov: 812 ft: 2345 corp: 678/90Kb lim: 12 exec/s: 2000 rss: 80Mb",
            "stat::number_of_executed_units: 123456",
        ] {
            row.read(line);
        }
        assert_eq!(row.line("java"), "| java | 60 | 123456 | 812 | 678 | none |");
    }
}
