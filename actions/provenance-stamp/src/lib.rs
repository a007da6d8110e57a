//! Stamps a release with its provenance, and verifies such stamps.
//!
//! `stamp`: read the contract and the world → judge → write the manifest → sign and attach two statements to the image.
//! `verify`: read the image's evidence and labels, a manifest or a live response → judge against the contract. `replay`: read
//! what an earlier run signed → make the same again → compare. Judging is pure ([`decide`], [`judge`], [`labels`]); the rest
//! only carries.

mod claims;
mod command;
pub mod contract;
pub mod decide;
pub mod drift;
pub mod facts;
pub mod finding;
pub mod format;
mod git;
mod hash;
mod image;
mod inputs;
pub mod judge;
pub mod labels;
pub mod manifest;
mod observe;
mod replay;
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
            description: "Stamps a release with its provenance contract and signed SLSA provenance, verifies that an image, a manifest or a live response keeps the contract, or replays an earlier stamp.",
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
            Task::Replay(task) => replay::run(runner, &settings, task).await,
        }
    }
}

const OUTPUTS: &[Output] = &[
    Output {
        name: "digest",
        description: "Digest of the image that was stamped, verified or replayed; empty without an image.",
    },
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
    Output {
        name: "labels",
        description: "The labels the contract asks for, one `name=value` per line, as `docker/build-push-action` takes them as `labels` and `annotations`; empty without any.",
    },
    Output { name: "findings", description: "How many ways the contract is broken or could not be checked." },
];

const EXAMPLES: &str = "\
  provenance-stamp --contract=provenance.yml
  provenance-stamp --image=ghcr.io/org/app@sha256:… --signing-key=key.pem
  provenance-stamp --mode=verify --image=ghcr.io/org/app@sha256:… --public-key=key.pub.pem --url=https://app.example.org/version
  provenance-stamp --mode=replay --run-id=4711 --image=ghcr.io/org/app@sha256:… --public-key=key.pub.pem";
