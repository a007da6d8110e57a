//! `sbom` on generated lockfiles, given projects and given images, beside its peers, all in one run.

use super::{
    image, inputs,
    measure::{self, Figures},
    peers::{self, Input, Peer},
};
use crate::shell::{command, run as shell, target};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, de::IgnoredAny};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What to measure on.
#[derive(clap::Args)]
pub(crate) struct Sbom {
    /// Folders of projects with lockfiles, and folders of OCI image layouts
    subjects: Vec<PathBuf>,
    /// How many packages each generated lockfile has; 0 generates none
    #[arg(long, default_value_t = 1000)]
    packages: usize,
    /// How often each program is run on each input
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Our program; by default the release tree's
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Also an image of five layers and some 860 MB, built in target/bench with debootstrap, pip, npm and cargo
    #[arg(long)]
    image: bool,
    /// Install the peers, pinned, into target/tools
    #[arg(long)]
    install_peers: bool,
}

/// As much of a document as is looked at.
#[derive(Deserialize)]
struct Listing {
    #[serde(default)]
    components: Vec<IgnoredAny>,
}

/// One program on one input.
struct Row {
    name: &'static str,
    figures: Figures,
    components: usize,
}

/// Runs everybody on everything and prints a table.
pub(super) fn run(options: &Sbom) -> Result<()> {
    if options.install_peers {
        peers::install()?;
    }
    let ours = options.binary.clone().unwrap_or_else(|| target().join("dist/bin/linux-x64/lockkeeper"));
    if !ours.exists() {
        bail!("{} is not there; `cargo xtask dist` builds the release tree", ours.display());
    }
    let (peers, folder) = (peers::installed(), target().join("bench"));
    let mut subjects = inputs::write(&folder, options.packages)?;
    if options.packages == 0 {
        subjects.clear();
    }
    subjects.extend(options.subjects.iter().map(|path| (path.display().to_string(), path.clone())));
    if options.image {
        subjects.push(("an image of five layers".to_owned(), image::layout()?));
    }
    for (name, path) in subjects {
        let input = input(&path, &folder)?;
        let rows = measure(&ours, &peers, &input, (options.runs.max(1), &folder.join("sbom.json")))?;
        table(&name, &rows);
    }
    Ok(())
}

/// A folder is a project, unless it is an image layout.
pub(super) fn input(path: &Path, folder: &Path) -> Result<Input> {
    let path = path.canonicalize().with_context(|| path.display().to_string())?;
    if !path.join("oci-layout").exists() {
        return Ok(Input::Project(path));
    }
    let archive = folder.join("image.tar");
    shell(command("tar", &["--create", "--file"]).arg(&archive).arg("--directory").arg(&path).arg("."))?;
    Ok(Input::Image { layout: path, archive })
}

/// The programs take turns, so that a busy minute of the machine is everybody's.
fn measure(ours: &Path, peers: &[Peer], input: &Input, (runs, output): (usize, &Path)) -> Result<Vec<Row>> {
    let mut programs: Vec<(&'static str, Command)> = vec![("lockkeeper", describe(ours, input, output))];
    programs.extend(peers.iter().map(|peer| (peer.name, peer.describe(input, output))));
    let mut all: Vec<(Vec<Figures>, usize)> = programs.iter().map(|_| (Vec::new(), 0)).collect();
    for _ in 0..runs {
        for ((name, command), (figures, components)) in programs.iter_mut().zip(&mut all) {
            if output.exists() {
                fs::remove_file(output)?;
            }
            let (status, taken) = measure::run(command)?;
            let document = fs::read(output).with_context(|| format!("{name} ended with {status} and wrote nothing"))?;
            // Read without keeping it: what this program holds counts for those it starts.
            *components = serde_json::from_slice::<Listing>(&document)?.components.len();
            figures.push(taken);
        }
    }
    let row = |((name, _), (figures, components)): ((&'static str, Command), (Vec<Figures>, usize))| Row {
        name,
        figures: measure::median(&figures),
        components,
    };
    Ok(programs.into_iter().zip(all).map(row).collect())
}

/// How our program is told to describe something, into a file of CycloneDX.
pub(super) fn describe(ours: &Path, input: &Input, output: &Path) -> Command {
    let (Input::Project(path) | Input::Image { layout: path, .. }) = input;
    let mut command = command(ours, &[]);
    if ours.ends_with("lockkeeper") {
        command.arg("sbom");
    }
    command.arg("--path").arg(path).arg("--output-file").arg(output);
    command.env_remove("GITHUB_OUTPUT").env_remove("GITHUB_STEP_SUMMARY");
    command
}

fn table(subject: &str, rows: &[Row]) {
    println!("\n{subject}");
    let Some(ours) = rows.first() else { return };
    let millis = |row: &Row| row.figures.wall.as_secs_f64() * 1e3;
    let megabytes = |row: &Row| row.figures.memory as f64 / 1e6;
    for row in rows {
        let (wall, cpu, memory) = (millis(row), row.figures.cpu.as_secs_f64() * 1e3, megabytes(row));
        print!(
            "  {:<14}{wall:>10.1} ms {cpu:>10.1} ms cpu {memory:>8.1} MB {:>7} components",
            row.name, row.components
        );
        println!("  {:>7.1} x time {:>6.1} x memory", wall / millis(ours), memory / megabytes(ours));
    }
}
