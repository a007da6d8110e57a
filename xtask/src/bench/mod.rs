//! `cargo xtask bench`: figures, each beside somebody else's in the same run. It judges nothing.

mod inputs;
mod measure;
mod peers;
mod sbom;
mod start;

use anyhow::Result;

/// What is measured.
#[derive(clap::Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(clap::Subcommand)]
enum What {
    /// Size and start-up of the release tree's binary, beside Node's own start (what is measured when nothing is said)
    Start,
    /// Time and memory of `sbom` on lockfiles and images, beside Syft and cdxgen
    Sbom(sbom::Sbom),
}

/// Measures, and prints the figures.
pub(crate) fn run(bench: &Bench) -> Result<()> {
    match &bench.what {
        None | Some(What::Start) => start::run(),
        Some(What::Sbom(sbom)) => sbom::run(sbom),
    }
}
