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
pub mod modes;
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

use bill::Bill;
use decide::Verdict;
use evidence::Evidence;
use github::{About, Action, Exit, Failure, Output, Post, Report, Runner};
use graph::Graph;
use inputs::{Attach, Inputs, Settings};
use layers::History;
use modes::{
    Mode,
    checks::{self, Subject},
};
use outputs::{Document, Format};
use profile::Signed;
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
                    name: "vex-referrers",
                    description: "The digests of the signed VEX statements on the image, separated by spaces.",
                },
                Output { name: "added", description: "How many components are new against `compare-to`." },
                Output { name: "removed", description: "How many components of `compare-to` are gone." },
                Output { name: "changed", description: "How many components differ from those of `compare-to`." },
                Output {
                    name: "diff-path",
                    description: "The file with the difference; empty when nothing was compared.",
                },
                Output {
                    name: "licence-violations",
                    description: "How many components the licence policy refuses; empty without a policy.",
                },
                Output { name: "profile-score", description: "The score in percent; empty without a profile." },
                Output {
                    name: "drift",
                    description: "How many packages differ between lockfile and installation; empty when there are not both.",
                },
                Output {
                    name: "vulnerabilities",
                    description: "How many known vulnerabilities the components have; empty when nobody was asked, or nobody answered.",
                },
                Output { name: "vulnerabilities-path", description: "The file with them; empty when there is none." },
                Output {
                    name: "snapshot-id",
                    description: "GitHub's number of the dependency snapshot; empty when none was sent.",
                },
            ],
            post: Post::None,
            examples: "sbom --path . --output-file sbom.cdx.json\nsbom --image ghcr.io/org/app@sha256:… --signing-key key.pem\nsbom --mode verify --image ghcr.io/org/app@sha256:… --public-key key.pub.pem --rebuild\nsbom --mode diff --boms new.cdx.json --compare-to old.spdx.json\nsbom --mode merge --boms web.cdx.json --boms api.cdx.json --output-file all.cdx.json",
        }
    }

    async fn run(runner: &Runner, inputs: Inputs) -> Result<Report, Failure> {
        let settings = Settings::new(runner, &inputs)?;
        match settings.modes.mode {
            Mode::Generate if settings.every_platform => modes::platforms::run(runner, &settings, &inputs).await,
            Mode::Generate => generate(runner, &settings, &inputs).await,
            Mode::Verify => modes::verify::run(runner, &settings, &inputs).await,
            Mode::Diff => modes::compare::run(runner, &settings, &inputs).await,
            Mode::Merge => modes::joined::run(runner, &settings, &inputs).await,
        }
    }
}

/// Describes one source: looks, writes, attaches, checks.
pub(crate) async fn generate(runner: &Runner, settings: &Settings, inputs: &Inputs) -> Result<Report, Failure> {
    let facts = observe::observe(runner, settings, inputs).await?;
    let timestamp = settings.epoch.or(facts.created);
    let graph = graph(settings, facts.root, facts.inventories, &facts.history);
    for remark in &graph.remarks {
        runner.detail(format!("{}: {}", remark.path, remark.text));
    }
    let verdict = decide::decide(&graph, settings.empty, settings.strict);
    let told = report::Told { subject: &facts.subject, graph: &graph, verdict, digest: facts.digest, timestamp };
    if verdict != Verdict::Empty && !decide::found(&graph) {
        return Ok(report::report(&told, None));
    }
    let image = facts.image.as_ref().filter(|_| verdict.exit() == Exit::Done);
    if let (true, Some((image, _))) = (settings.modes.dry_run, image) {
        let kind = attest::predicate::CYCLONEDX;
        runner.notice(format!("dry run: nothing is attached; {kind} would be left on {image}"));
    }
    let image = image.filter(|_| settings.attach != Attach::No);
    let (plan, json) = plan(settings, &graph, timestamp, image)?;
    let bill = json.map(|json| Bill::read(&json)).transpose();
    let bill = bill.map_err(|error| Failure::new(Exit::Unknown, "read back what is to be written").because(error))?;
    let receipt = apply::apply(runner, plan).await?;
    let Some(bill) = bill else { return Ok(report::report(&told, Some(&receipt))) };
    let signed = if receipt.referrer.is_some() { Signed::ByStatement } else { Signed::NotKnown };
    let image = facts.image.as_ref().map(|(image, evidence)| (image, evidence));
    let subject = Subject { name: &facts.subject, bill: &bill, signed, image };
    let checked = checks::run(runner, &settings.modes, inputs, &subject).await;
    let checked = checked.map_err(|failure| match receipt.files.first() {
        Some((_, path, _)) => failure.output("sbom-path", path.display()),
        None => failure,
    })?;
    Ok(checked.onto(report::report(&told, Some(&receipt))))
}

/// The document that [`generate`] would attach now; nothing is written.
pub(crate) async fn described(
    runner: &Runner,
    settings: &Settings,
    inputs: &Inputs,
) -> Result<serde_json::Value, Failure> {
    let facts = observe::observe(runner, settings, inputs).await?;
    let timestamp = settings.epoch.or(facts.created);
    let graph = graph(settings, facts.root, facts.inventories, &facts.history);
    predicate(&written(settings, &graph, (Format::CyclonedxJson, timestamp))?)
}

fn graph(
    settings: &Settings,
    root: Option<graph::Root>,
    inventories: Vec<graph::Inventory>,
    history: &History,
) -> Graph {
    let mut graph = assemble::assemble(root, inventories, settings.development);
    history.write(&mut graph);
    if settings.version.is_some() {
        graph.root.version.clone_from(&settings.version);
    }
    graph.attribution.clone_from(&settings.outputs.attribution);
    graph
}

/// The graph in one format, with the VEX statements that CycloneDX carries.
fn written(
    settings: &Settings,
    graph: &Graph,
    (format, at): (Format, Option<jiff::Timestamp>),
) -> Result<Vec<u8>, Failure> {
    let failed = |error: String| {
        let failure = Failure::new(Exit::Unknown, format!("write the {}", format.name())).because(error);
        failure.state("nothing was written")
    };
    let bytes = settings.outputs.write(graph, format, at).map_err(failed)?;
    if !settings.modes.embed || format != Format::CyclonedxJson {
        return Ok(bytes);
    }
    let bill = Bill::read(&bytes).map_err(|error| failed(error.to_string()))?;
    let document = serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?;
    let about: Vec<_> = settings.modes.vex.iter().map(|(_, vex)| (vex, vex::about(vex, &bill))).collect();
    let mut bytes = vex::embed(document, &about).to_string().into_bytes();
    bytes.push(b'\n');
    Ok(bytes)
}

/// Everything in its final form, before anything is written; besides, the CycloneDX document where checks read it.
fn plan<'a, 'r>(
    settings: &'a Settings,
    graph: &Graph,
    at: Option<jiff::Timestamp>,
    image: Option<&'a (ImageRef, Evidence<'r>)>,
) -> Result<(apply::Plan<'a, 'r>, Option<Vec<u8>>), Failure> {
    let outputs = &settings.outputs;
    let document = |(format, path): &(Format, PathBuf)| {
        let bytes = written(settings, graph, (*format, at))?;
        Ok(Document { format: *format, path: path.clone(), bytes })
    };
    let documents = outputs.files.iter().map(document).collect::<Result<Vec<_>, Failure>>()?;
    let made = |format| match documents.iter().find(|document| document.format == format) {
        Some(document) => Ok(document.bytes.clone()),
        None => written(settings, graph, (format, at)),
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
    let vex = settings.modes.vex.iter().map(|(_, vex)| (vex.predicate_type(), vex.document.clone())).collect();
    let wanted = checks::are_wanted(&settings.modes, graph);
    let json = wanted.then(|| made(Format::CyclonedxJson)).transpose()?;
    Ok((apply::Plan { documents, statement, vex, snapshot }, json))
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
