//! `cargo xtask bench`: figures, each beside somebody else's in the same run. It judges nothing.

mod attest;
mod canary;
mod corpus;
mod guardrail;
mod hash;
mod image;
mod inputs;
mod layout;
mod measure;
mod peers;
mod promote;
mod proxy;
mod purls;
mod registry;
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
    /// Time, bytes and requests of `image-promote` within a registry, beside skopeo and oras
    Promote(promote::Promote),
    /// Time of signing, attaching and verifying on a registry of this machine
    Attest(attest::Attest),
    /// Speed of hashing one large file and many, beside OpenSSL
    Hash(hash::Hash),
    /// Answers judged a second, lateness under load, cost of a comparison: `canary-dataset-check` beside wrk
    Canary(canary::Canary),
    /// A gate of ten guardrails over fifteen minutes, and its evaluation alone
    Guardrail(guardrail::Guardrail),
    /// Which components `sbom`, Syft and cdxgen list of projects and images
    SbomCorpus(corpus::Corpus),
}

/// Measures, and prints the figures.
pub(crate) fn run(bench: &Bench) -> Result<()> {
    match &bench.what {
        None | Some(What::Start) => start::run(),
        Some(What::Sbom(sbom)) => sbom::run(sbom),
        Some(What::Promote(promote)) => promote::run(promote),
        Some(What::Attest(attest)) => attest::run(attest),
        Some(What::Hash(hash)) => hash::run(hash),
        Some(What::Canary(canary)) => canary::run(canary),
        Some(What::Guardrail(guardrail)) => guardrail::run(guardrail),
        Some(What::SbomCorpus(corpus)) => corpus::run(corpus),
    }
}
