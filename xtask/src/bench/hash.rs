//! How fast `provenance-stamp` hashes, beside OpenSSL: one large file, and many on all cores.

use super::{
    measure::{self, Figures},
    registry::{noise, ours},
};
use crate::shell::{command, target};
use anyhow::{Result, bail};
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

/// What to measure on.
#[derive(clap::Args)]
pub(crate) struct Hash {
    /// How much is hashed, in MiB: as one file, and as many
    #[arg(long, default_value_t = 2048)]
    size: usize,
    /// How many files it is in the second measurement
    #[arg(long, default_value_t = 64)]
    files: usize,
    /// How often each program runs
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Our program; by default the release tree's
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// Hashes and prints the medians.
pub(super) fn run(options: &Hash) -> Result<()> {
    let ours = ours(options.binary.as_deref())?;
    let folder = target().join("bench/hash");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let (one, many) = (folder.join("one"), folder.join("many"));
    write(&one, &["large".to_owned()], options.size)?;
    let names: Vec<String> = (0..options.files.max(1)).map(|number| format!("{number:04}")).collect();
    write(&many, &names, options.size / names.len())?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    println!("{} MiB, in memory by then; medians of {}; {cores} cores", options.size, options.runs.max(1));
    for (what, place, pattern, files) in
        [("one file", &one, "large", vec!["large".to_owned()]), ("many files", &many, "'*'", names)]
    {
        let contract = folder.join(format!("{}.yml", what.replace(' ', "-")));
        fs::write(&contract, format!("version: 1\nfields: {{all: {{sha256: {pattern}}}}}\n"))?;
        let (mut stamp, mut openssl) = (stamp(&ours, &contract, place), openssl(place, &files));
        let (mut us, mut them) = (Vec::new(), Vec::new());
        for _ in 0..options.runs.max(1) {
            us.push(finished(&mut stamp)?);
            them.push(finished(&mut openssl)?);
        }
        let (us, them) = (measure::median(&us), measure::median(&them));
        row(&format!("{what}: provenance-stamp"), options.size, us);
        row(&format!("{what}: openssl dgst -sha256"), options.size, them);
        println!("    {:.2} x openssl's speed", them.wall.as_secs_f64() / us.wall.as_secs_f64());
    }
    fs::remove_dir_all(folder)?;
    Ok(())
}

fn write(folder: &Path, names: &[String], mebibytes: usize) -> Result<()> {
    fs::create_dir_all(folder)?;
    for name in names {
        let mut file = fs::File::create(folder.join(name))?;
        let piece = noise(name, 1 << 20);
        for _ in 0..mebibytes {
            file.write_all(&piece)?;
        }
    }
    Ok(())
}

fn stamp(ours: &Path, contract: &Path, root: &Path) -> Command {
    let mut command = command(ours, &["provenance-stamp"]);
    command.arg("--contract").arg(contract).arg("--root").arg(root);
    command.arg("--manifest-path").arg(contract.with_extension("json")).env_remove("GITHUB_OUTPUT");
    command
}

fn openssl(folder: &Path, files: &[String]) -> Command {
    let mut command = command("openssl", &["dgst", "-sha256"]);
    command.current_dir(folder).args(files);
    command
}

fn finished(command: &mut Command) -> Result<Figures> {
    let (status, figures) = measure::run(command)?;
    if !status.success() {
        bail!("{} ended with {status}", command.get_program().display());
    }
    Ok(figures)
}

fn row(what: &str, mebibytes: usize, figures: Figures) {
    let (wall, cpu) = (figures.wall.as_secs_f64(), figures.cpu.as_secs_f64());
    let (speed, memory) = (mebibytes as f64 / wall, figures.memory as f64 / 1e6);
    println!("  {what:<34}{:>8.0} ms {:>8.0} ms cpu {speed:>8.0} MiB/s {memory:>7.1} MB", wall * 1e3, cpu * 1e3);
}
