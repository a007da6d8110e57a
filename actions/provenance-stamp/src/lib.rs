//! Stamps a release with its provenance, and verifies such stamps.
//!
//! `stamp`: read the contract and the world → judge → write the manifest → sign and attach two statements to the image.
//! `verify`: read the image's evidence, a manifest or a live response → judge against the contract. Judging is pure
//! ([`decide`], [`judge`]); the rest only carries.

mod claims;
pub mod contract;
pub mod decide;
pub mod drift;
pub mod facts;
pub mod finding;
pub mod format;
mod git;
mod inputs;
pub mod judge;
pub mod manifest;
mod observe;
mod report;
mod response;
pub mod slsa;
mod stamp;
pub mod value;
mod verify;

pub use inputs::{Inputs, Mode};

use github::{About, Action, Failure, Output, Post, Report, Runner};
use inputs::{Settings, Task};

/// The action.
pub struct ProvenanceStamp;

impl Action for ProvenanceStamp {
    const NAME: &'static str = "provenance-stamp";
    type Inputs = Inputs;

    fn about() -> About {
        About {
            description: "Stamps a release with its provenance contract and signed SLSA provenance, or verifies that an image, a manifest or a live response keeps the contract.",
            icon: "award",
            color: "blue",
            outputs: OUTPUTS,
            post: Post::None,
            examples: EXAMPLES,
        }
    }

    async fn run(runner: &Runner, inputs: Inputs) -> Result<Report, Failure> {
        let settings = Settings::read(runner, inputs)?;
        match &settings.task {
            Task::Stamp(task) => stamp::run(runner, &settings, task).await,
            Task::Verify(task) => verify::run(runner, &settings, task).await,
        }
    }
}

const OUTPUTS: &[Output] = &[
    Output { name: "digest", description: "Digest of the image that was stamped or verified; empty without an image." },
    Output { name: "manifest-path", description: "Path of the manifest that was written; empty when none was." },
    Output { name: "run-id", description: "The manifest's `run_id`, else the workflow run's id." },
    Output {
        name: "manifest-referrer",
        description: "Digest of the referrer with the release-manifest statement; empty when none was left.",
    },
    Output {
        name: "provenance-referrer",
        description: "Digest of the referrer with the SLSA provenance statement; empty when none was left.",
    },
    Output { name: "findings", description: "How many ways the contract is broken or could not be checked." },
];

const EXAMPLES: &str = "\
  provenance-stamp --contract=provenance.yml
  provenance-stamp --image=ghcr.io/org/app@sha256:… --signing-key=key.pem
  provenance-stamp --mode=verify --image=ghcr.io/org/app@sha256:… --public-key=key.pub.pem --url=https://app.example.org/version";
