//! `sbom`: what is in a source tree or an image, as a bill of materials that is the same bytes for the same input.
//!
//! [`observe`](mod@observe) finds files and has the readers in [`ecosystem`] understand them; [`assemble`](mod@assemble)
//! joins their inventories into one [`graph`]; [`decide`](mod@decide) says what it is worth; [`cyclonedx`] writes it.
//! Nothing of a scanned project is ever executed.

pub mod addresses;
pub mod apply;
pub mod assemble;
pub mod bill;
pub mod cyclonedx;
pub mod decide;
pub mod diff;
pub mod drift;
pub mod ecosystem;
pub mod graph;
pub mod inputs;
pub mod lexical;
pub mod licence;
pub mod licence_policy;
pub mod merge;
pub mod observe;
pub mod osv;
pub mod profile;
pub mod purl;
pub mod report;
pub mod snapshot;
pub mod source;
pub mod spdx;
pub mod version_order;
pub mod vex;

use cyclonedx::Syntax;
use decide::Verdict;
use github::{About, Action, Exit, Failure, Output, Post, Report, Runner};
use inputs::{Inputs, Settings};

/// The action.
pub struct Sbom;

impl Action for Sbom {
    const NAME: &'static str = "sbom";
    type Inputs = Inputs;

    fn about() -> About {
        About {
            description: "Lists what a source tree or an image is made of, as a reproducible CycloneDX bill of materials, signed and attached to the image.",
            icon: "package",
            color: "blue",
            outputs: &[
                Output { name: "sbom-path", description: "The file that was written; empty when there was none." },
                Output {
                    name: "digest",
                    description: "The digest of the image that was described; empty for a source tree.",
                },
                Output { name: "components", description: "How many components were found." },
                Output {
                    name: "referrer",
                    description: "The digest of the signed statement on the image; empty when none was left.",
                },
            ],
            post: Post::None,
            examples: "sbom --path . --output-file sbom.cdx.json\nsbom --image ghcr.io/org/app@sha256:… --signing-key key.pem",
        }
    }

    async fn run(runner: &Runner, inputs: Inputs) -> Result<Report, Failure> {
        let settings = Settings::new(runner, &inputs)?;
        let facts = observe::observe(runner, &settings, &inputs).await?;
        let timestamp = settings.epoch.or(facts.created);
        let mut graph = assemble::assemble(facts.root, facts.inventories, settings.development);
        if settings.version.is_some() {
            graph.root.version.clone_from(&settings.version);
        }
        for remark in &graph.remarks {
            runner.detail(format!("{}: {}", remark.path, remark.text));
        }
        let verdict = decide::decide(&graph, settings.empty, settings.strict);
        let told = report::Told { subject: &facts.subject, graph: &graph, verdict, digest: facts.digest, timestamp };
        if verdict != Verdict::Empty && !decide::found(&graph) {
            return Ok(report::report(&told, None));
        }
        let write = |syntax| {
            cyclonedx::write(&graph, settings.spec_version, syntax, timestamp).map_err(|error| {
                Failure::new(Exit::Unknown, "write the bill of materials").because(error).state("nothing was written")
            })
        };
        let json = write(Syntax::Json)?;
        let predicate = serde_json::from_slice(&json)
            .map_err(|error| Failure::new(Exit::Unknown, "make a statement of the bill of materials").because(error))?;
        let document = if settings.syntax == Syntax::Json { json } else { write(settings.syntax)? };
        let image = facts.image.as_ref().filter(|_| verdict.exit() == Exit::Done);
        let plan = apply::Plan { document, predicate, image };
        let receipt = apply::apply(runner, &settings, plan).await?;
        Ok(report::report(&told, Some(&receipt)))
    }
}
