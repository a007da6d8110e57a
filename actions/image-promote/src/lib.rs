//! Promotes an image: the same digest, with all its evidence, from one repository to another, if a policy over that evidence
//! allows it.
//!
//! [`observe`](mod@observe) reads what belongs to the image and has the policy judge its evidence; [`decide`](mod@decide) says
//! yes or no; [`apply`](mod@apply) copies by digest, reads the destination back, gives the tags last and leaves a signed record at
//! both ends. Nothing is built, nothing is written anew: what arrives is what was tested. Going back is the same with an
//! earlier digest.

pub mod apply;
pub mod decide;
pub mod inputs;
pub mod observe;
pub mod report;
pub mod statement;
pub mod tags;

use decide::{Case, Decision};
use github::{About, Action, Failure, Output, Post, Report, Runner};
use inputs::{Inputs, Run, Settings};

/// The action.
pub struct ImagePromote;

impl Action for ImagePromote {
    const NAME: &'static str = "image-promote";
    type Inputs = Inputs;

    fn about() -> About {
        About {
            description: "Copies an image by digest, with all its signed evidence, to another repository, registry or account, if a policy over that evidence allows it.",
            icon: "arrow-up-circle",
            color: "blue",
            outputs: OUTPUTS,
            post: Post::None,
            examples: EXAMPLES,
        }
    }

    async fn run(runner: &Runner, inputs: Inputs) -> Result<Report, Failure> {
        let settings = Settings::new(runner, &inputs)?;
        let facts = observe::observe(runner, &settings, &inputs).await?;
        let tags = settings.tags.iter().zip(&facts.standing.tags);
        let tags: Vec<_> = tags.map(|((tag, movable), named)| (tag.tag.clone(), *movable, *named)).collect();
        let promotions: Vec<_> = facts.standing.promotions.iter().map(|(_, promotion)| promotion.clone()).collect();
        let case = Case {
            digest: facts.image().digest,
            refusals: &decide::refusals(&facts.verdict),
            missing: facts.standing.missing.len(),
            tags: &tags,
            promotions: &promotions,
        };
        match (decide::decide(&case), settings.run) {
            (Decision::Refuse { reasons }, _) => Ok(report::refused(&settings, &facts, &reasons)),
            (Decision::Promote { mode, work }, Run::Dry) => Ok(report::planned(&settings, &facts, mode, work)),
            (Decision::Promote { mode, work }, Run::Real) => {
                let receipt = apply::apply(runner, &settings, &facts, mode).await?;
                Ok(report::promoted(&settings, &facts, (mode, work), &receipt))
            }
        }
    }
}

const OUTPUTS: &[Output] = &[
    Output {
        name: "image",
        description: "The image at its destination, `repository@sha256:…`; empty when it was not promoted.",
    },
    Output { name: "digest", description: "Its digest: the same at both ends." },
    Output { name: "copied", description: "How many manifests were copied, evidence included." },
    Output { name: "bytes", description: "How many bytes travelled; what is mounted inside a registry does not." },
    Output {
        name: "promotion-referrer",
        description: "Digest of the referrer with the promotion statement; empty when none was left.",
    },
    Output {
        name: "summary-referrer",
        description: "Digest of the referrer with the verification summary; empty when none was left.",
    },
];

const EXAMPLES: &str = "\
  image-promote --image=registry.example.org/staging/app@sha256:… --to=registry.example.org/production/app \\
    --tags=v1.4.0 --policy=promotion.yml --public-key=release-key.pub.pem --signing-key=key.pem
  image-promote --image=… --to=… --policy=promotion.yml --dry-run";
