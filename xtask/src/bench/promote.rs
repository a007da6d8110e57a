//! `image-promote` within a registry, beside skopeo and oras: time, bytes on the wire, requests.

use super::{
    measure, peers,
    proxy::{Proxy, Traffic},
    registry::{self, Kind, Place, program},
};
use anyhow::{Result, bail};
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// What to measure on.
#[derive(clap::Args)]
pub(crate) struct Promote {
    /// How often each program promotes the image, each time into a repository that is new
    #[arg(long, default_value_t = 7)]
    runs: usize,
    /// The size of each of the three layers of each of the two platforms, in KiB
    #[arg(long, default_value_t = 4096)]
    layer: usize,
    /// Our program; by default the release tree's
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Install the peers, pinned, into target/tools
    #[arg(long)]
    install_peers: bool,
}

/// One way to promote: its name, and the command that promotes the image to a repository.
type Way<'a> = (&'static str, Box<dyn Fn(&str, usize) -> Command + 'a>);

/// Promotes with everybody in turn and prints a table.
pub(super) fn run(options: &Promote) -> Result<()> {
    if options.install_peers {
        peers::install_oras()?;
    }
    Kind::BOTH.into_iter().try_for_each(|kind| on(options, kind))
}

fn on(options: &Promote, kind: Kind) -> Result<()> {
    let place = Place::start(registry::ours(options.binary.as_deref())?, kind)?;
    let proxy = Proxy::before(&place.host)?;
    let layer = options.layer << 10;
    // A recorded promotion leaves two more statements on its source, so every round has a source of its own.
    let rounds = options.runs.max(1);
    let images = (0..rounds).map(|round| source(&place, &proxy.host, (round, layer))).collect::<Result<Vec<_>>>()?;
    proxy.take();
    println!(
        "\n{}: an index of two platforms, {} KiB in six layers, two signed statements; within it, through a proxy that counts",
        kind.name(),
        6 * options.layer
    );
    let oras = program("oras");
    let mut ways = ways(&place, &images);
    if oras.exists() {
        ways.push(("oras cp -r", Box::new(|to, round| oras_copy(&oras, &images[round], to))));
    } else {
        println!("\n!!! SKIPPED: oras is not installed; `cargo xtask bench promote --install-peers` does it\n");
    }
    // Last, so that nobody else carries its record along.
    let recorded = |to: &str, round: usize| promote(&place, (&images[round], to), round, &["--signing-key=key.pem"]);
    ways.push(("image-promote, recorded as well", Box::new(recorded)));
    let mut all: Vec<Vec<(Duration, Traffic)>> = ways.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for (number, ((name, way), figures)) in ways.iter().zip(&mut all).enumerate() {
            let to = format!("{}/production-{number}-{round}/app", proxy.host);
            let (status, taken) = measure::run(&mut way(&to, round))?;
            if !status.success() {
                bail!("{name} ended with {status}");
            }
            figures.push((taken.wall, proxy.take()));
        }
    }
    let rows: Vec<_> = ways.iter().map(|(name, _)| *name).zip(all.into_iter().map(median)).collect();
    table(&rows);
    Ok(())
}

/// An image of its own with two signed statements, as the proxy names it.
fn source(place: &Place, proxy: &str, (round, layer): (usize, usize)) -> Result<String> {
    let pushed = place.push(&format!("staging-{round}/app"), &[layer, layer, layer])?;
    let stamped = place.stamp(&pushed, round).output()?;
    if !stamped.status.success() {
        bail!("the image could not be stamped: {}", String::from_utf8_lossy(&stamped.stdout));
    }
    Ok(pushed.replacen(&place.host, proxy, 1))
}

fn ways<'a>(place: &'a Place, images: &'a [String]) -> Vec<Way<'a>> {
    let skopeo = move |to: &str, round: usize| {
        let words = ["--insecure-policy", "copy", "--quiet", "--all", "--preserve-digests"];
        let mut command = crate::shell::command(program("skopeo"), &words);
        command.args(["--src-tls-verify=false", "--dest-tls-verify=false"]);
        command.arg(format!("docker://{}", images[round])).arg(format!("docker://{to}:v1.0.0"));
        command
    };
    let judged = move |to: &str, round: usize| promote(place, (&images[round], to), round, &[]);
    vec![("image-promote, judged and proven", Box::new(judged)), ("skopeo copy --all (no evidence)", Box::new(skopeo))]
}

fn promote(place: &Place, (from, to): (&str, &str), round: usize, more: &[&str]) -> Command {
    let (from, to) = (format!("--image={from}"), format!("--to={to}"));
    let words = ["image-promote", "--policy=policy.yml", "--registry-auth=anonymous", "--tags=v1.0.0", &from, &to];
    place.step(&[&words[..], more].concat(), round)
}

fn oras_copy(oras: &Path, image: &str, to: &str) -> Command {
    let mut command = crate::shell::command(oras, &["cp", "--recursive", "--from-plain-http", "--to-plain-http"]);
    command.arg("--no-tty").arg(image).arg(format!("{to}:v1.0.0"));
    command
}

fn median(mut figures: Vec<(Duration, Traffic)>) -> (Duration, Traffic) {
    let middle = figures.len() / 2;
    figures.sort_by_key(|(wall, _)| *wall);
    let wall = figures[middle].0;
    figures.sort_by_key(|(_, traffic)| traffic.bytes);
    (wall, figures[middle].1)
}

fn table(rows: &[(&'static str, (Duration, Traffic))]) {
    let Some((_, (wall, traffic))) = rows.first() else { return };
    for (name, (took, went)) in rows {
        println!(
            "  {name:<34}{:>8.1} ms {:>12} bytes {:>5} requests  {:>6.2} x time {:>7.2} x bytes",
            took.as_secs_f64() * 1e3,
            went.bytes,
            went.requests,
            took.as_secs_f64() / wall.as_secs_f64(),
            went.bytes as f64 / traffic.bytes as f64,
        );
    }
}
