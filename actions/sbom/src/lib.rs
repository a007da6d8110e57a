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
pub mod layers;
pub mod lexical;
pub mod licence;
pub mod licence_policy;
pub mod merge;
pub mod observe;
pub mod osv;
pub mod outputs;
pub mod profile;
pub mod purl;
pub mod report;
pub mod snapshot;
pub mod source;
pub mod spdx;
pub mod version_order;
pub mod vex;

use decide::Verdict;
use evidence::Evidence;
use github::{About, Action, Exit, Failure, Output, Post, Report, Runner};
use graph::Graph;
use inputs::{Attach, Inputs, Settings};
use outputs::{Document, Format};
use std::path::PathBuf;
use subject::ImageRef;

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
                Output {
                    name: "sbom-path",
                    description: "The first file that was written; empty when there was none.",
                },
                Output {
                    name: "sbom-paths",
                    description: "All files that were written, one per line, in the order of `format`.",
                },
                Output {
                    name: "digest",
                    description: "The digest of the image that was described; empty for a source tree.",
                },
                Output { name: "components", description: "How many components were found." },
                Output {
                    name: "referrer",
                    description: "The digest of the signed statement on the image; empty when none was left.",
                },
                Output {
                    name: "snapshot-id",
                    description: "GitHub's number of the dependency snapshot; empty when none was sent.",
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
        facts.history.write(&mut graph);
        if settings.version.is_some() {
            graph.root.version.clone_from(&settings.version);
        }
        graph.attribution.clone_from(&settings.outputs.attribution);
        for remark in &graph.remarks {
            runner.detail(format!("{}: {}", remark.path, remark.text));
        }
        let verdict = decide::decide(&graph, settings.empty, settings.strict);
        let told = report::Told { subject: &facts.subject, graph: &graph, verdict, digest: facts.digest, timestamp };
        if verdict != Verdict::Empty && !decide::found(&graph) {
            return Ok(report::report(&told, None));
        }
        let image = facts.image.as_ref().filter(|_| verdict.exit() == Exit::Done && settings.attach != Attach::No);
        let plan = plan(&settings, &graph, timestamp, image)?;
        let receipt = apply::apply(runner, plan).await?;
        Ok(report::report(&told, Some(&receipt)))
    }
}

/// Everything in its final form, before anything is written.
fn plan<'a, 'r>(
    settings: &'a Settings,
    graph: &Graph,
    at: Option<jiff::Timestamp>,
    image: Option<&'a (ImageRef, Evidence<'r>)>,
) -> Result<apply::Plan<'a, 'r>, Failure> {
    let outputs = &settings.outputs;
    let write = |format: Format| {
        outputs.write(graph, format, at).map_err(|error| {
            Failure::new(Exit::Unknown, format!("write the {}", format.name()))
                .because(error)
                .state("nothing was written")
        })
    };
    let document = |(format, path): &(Format, PathBuf)| {
        write(*format).map(|bytes| Document { format: *format, path: path.clone(), bytes })
    };
    let documents = outputs.files.iter().map(document).collect::<Result<Vec<_>, _>>()?;
    let made = |format| match documents.iter().find(|document| document.format == format) {
        Some(document) => Ok(document.bytes.clone()),
        None => write(format),
    };
    let statement = match image {
        Some(image) if image.1.signs() => Some((predicate(&made(Format::CyclonedxJson)?)?, image)),
        // Without a key nothing is left, and the log says so.
        Some(image) => Some((serde_json::Value::Null, image)),
        None => None,
    };
    let snapshot = match &outputs.destination {
        Some(destination) => Some((made(Format::GithubSnapshot)?, destination)),
        None => None,
    };
    Ok(apply::Plan { documents, statement, snapshot })
}

/// The largest predicate that GitHub's own attestations take (`actions/attest`, 16 MiB), in bytes.
const LARGEST_PREDICATE: usize = 16 << 20;

fn predicate(document: &[u8]) -> Result<serde_json::Value, Failure> {
    let failure =
        || Failure::new(Exit::Unknown, "make a statement of the bill of materials").state("nothing was written");
    if document.len() > LARGEST_PREDICATE {
        let why = format!("it has {} bytes, and an attestation may have {LARGEST_PREDICATE}", document.len());
        return Err(failure()
            .because(why)
            .help("leave out what is only for development (`dev: omit`), or write the file alone (`attach: false`)"));
    }
    serde_json::from_slice(document).map_err(|error| failure().because(error))
}
