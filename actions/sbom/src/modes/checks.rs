//! The checks that follow a bill of materials, whatever mode it came from.

use super::{
    Checked, attached,
    checked::Weight,
    inputs::{Against, ModeSettings, OsvSettings, Refuse, bill_file},
};
use crate::{
    apply::replace,
    assemble::{Development, assemble},
    bill::Bill,
    diff::{self, Diff, Direction},
    drift::{self, Drift},
    ecosystem,
    graph::Graph,
    inputs::Inputs,
    licence_policy::judge,
    osv,
    profile::{self, Signed},
    source::tree::Tree,
    vex,
};
use evidence::Evidence;
use github::{Annotation, Exit, Failure, Runner, Summary};
use std::path::Path;
use subject::{ImageRef, Repository};

/// What is checked.
pub struct Subject<'a> {
    /// What it is called.
    pub name: &'a str,
    /// The document, read.
    pub bill: &'a Bill,
    /// Whether somebody vouches for it.
    pub signed: Signed,
    /// The image it is about, and its registry.
    pub image: Option<(&'a ImageRef, &'a Evidence<'a>)>,
}

/// Whether any check would say anything about what was described: most runs only describe, and read nothing back.
#[must_use]
pub fn are_wanted(settings: &ModeSettings, graph: &Graph) -> bool {
    let asked = settings.compare.is_some() || settings.policy.is_some() || settings.profile.is_some();
    let files = settings.lockfile.is_some() || !settings.vex.is_empty();
    asked || files || settings.osv.is_some() || drift::is_possible(&graph.sources)
}

/// Runs every check that was asked for.
///
/// # Errors
/// A [`Failure`] when a file that was named cannot be read or written, or nothing can be compared with.
pub async fn run(
    runner: &Runner,
    settings: &ModeSettings,
    inputs: &Inputs,
    subject: &Subject<'_>,
) -> Result<Checked, Failure> {
    let mut checked = Checked::default();
    if let Some(against) = &settings.compare {
        let older = older(runner, settings, inputs, (against, subject)).await?;
        compare(runner, settings, &mut checked, (&older, subject.bill))?;
    }
    licences(runner, settings, &mut checked, subject.bill);
    if let Some(wanted) = settings.profile {
        let score = profile::score(wanted.profile, subject.bill, subject.signed);
        checked.output("profile-score", score.percent);
        checked.part("profile", &score);
        checked.show(|summary| profile::table(summary, &score));
        if let Some(least) = wanted.least.filter(|least| score.percent < usize::from(*least)) {
            checked.refusals.push(format!("{} scores {} where {least} is the least", score.profile, score.percent));
            checked.help.push("the step summary names the components that lack each element".to_owned());
        }
    }
    drifted(runner, settings, &mut checked, subject.bill)?;
    said(settings, &mut checked, subject.bill);
    if let Some(osv) = &settings.osv {
        vulnerabilities(runner, osv, &mut checked, subject).await?;
    }
    Ok(checked)
}

/// The document that is compared with.
async fn older(
    runner: &Runner,
    settings: &ModeSettings,
    inputs: &Inputs,
    (against, subject): (&Against, &Subject<'_>),
) -> Result<Bill, Failure> {
    let image = match (against, subject.image) {
        (Against::File(path), _) => {
            return bill_file(path).map_err(|problem| {
                let failure = Failure::new(Exit::BadInput, "read the bill of materials in").subject(path.display());
                failure.because(problem).help("`compare-to` is CycloneDX 1.4 to 1.7 or SPDX 2.3, JSON")
            });
        }
        (Against::Image(image), _) => image.clone(),
        (Against::Digest(digest), Some((image, _))) => image.repository.image(*digest),
        (Against::Digest(digest), None) => {
            return Err(Failure::new(Exit::BadInput, "find the image")
                .subject(digest)
                .because("no repository is known"));
        }
    };
    let same: Option<&Repository> = subject.image.map(|(image, _)| &image.repository);
    match subject.image {
        Some((_, evidence)) if same == Some(&image.repository) => {
            let image = super::platforms::choose(evidence.registry(), image, &inputs.platform.one()).await?;
            attached::one(runner, evidence, &image, &settings.keys).await.map(|attached| attached.bill)
        }
        _ => {
            let evidence = Evidence::connect(runner, &inputs.evidence, &image.repository, &inputs.aws).await?;
            let image = super::platforms::choose(evidence.registry(), image, &inputs.platform.one()).await?;
            attached::one(runner, &evidence, &image, &settings.keys).await.map(|attached| attached.bill)
        }
    }
}

fn compare(
    runner: &Runner,
    settings: &ModeSettings,
    checked: &mut Checked,
    (older, newer): (&Bill, &Bill),
) -> Result<(), Failure> {
    let against = settings.compare.as_ref().map(ToString::to_string).unwrap_or_default();
    let difference = diff::diff(older, newer);
    super::difference::tell(checked, &difference, settings, &against);
    write(&settings.diff_file, &difference)?;
    runner.info(format!("wrote {}", settings.diff_file.display()));
    checked.output("diff-path", settings.diff_file.display());
    Ok(())
}

fn licences(runner: &Runner, settings: &ModeSettings, checked: &mut Checked, bill: &Bill) {
    let Some(policy) = &settings.policy else { return };
    let today = runner.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let judgement = judge(policy, bill, today);
    checked.output("licence-violations", judgement.violations.len());
    let row = |violation: &crate::licence_policy::Violation| {
        vec![
            violation.component.clone(),
            violation.licence.clone(),
            violation.reason.to_string(),
            violation.why.join(" → "),
        ]
    };
    let columns = ["component", "licence", "why not", "why it is here"];
    checked.show(|summary| {
        let summary = summary.heading("Licence policy").paragraph(&format!("{} components judged", judgement.judged));
        let summary = match judgement.violations.is_empty() {
            true => summary.paragraph("Every licence is acceptable."),
            false => summary.table(&columns, judgement.violations.iter().map(row)),
        };
        let summary = match judgement.warnings.is_empty() {
            true => summary,
            false => summary
                .details("Told and not refused", Summary::new().table(&columns, judgement.warnings.iter().map(row))),
        };
        judgement.unused.iter().fold(summary, |summary, unused| {
            summary.paragraph(&format!("No component needs the exception for {unused}"))
        })
    });
    for violation in &judgement.violations {
        let why = if violation.why.is_empty() { String::new() } else { format!(" ({})", violation.why.join(" → ")) };
        checked.refusals.push(format!("{}: {}{why}", violation.component, violation.reason));
    }
    for unused in &judgement.unused {
        runner.detail(format!("no component needs the exception for {unused}"));
    }
    if !judgement.violations.is_empty() {
        checked.help.push(
            "replace the component, or write an exception with a reason and a day into the licence policy".to_owned(),
        );
    }
    checked.part("licence_policy", &judgement);
}

fn drifted(runner: &Runner, settings: &ModeSettings, checked: &mut Checked, bill: &Bill) -> Result<(), Failure> {
    let (drift, against): (Option<Drift>, String) = match &settings.lockfile {
        Some(path) => (Some(locked(path, bill)?), path.display().to_string()),
        None => (drift::within(bill), "the lockfiles inside it".to_owned()),
    };
    let Some(drift) = drift else { return Ok(()) };
    let count =
        drift.not_locked.len() + drift.drifted.len() + drift.development_shipped.len() + drift.not_shipped.len();
    checked.output("drift", count);
    checked.show(|summary| drift::table(summary, &drift, &against));
    checked.part("drift", &drift);
    let shipped = drift.not_locked.len() + drift.drifted.len();
    if shipped > 0 {
        let text = format!(
            "{} packages are shipped and not locked, {} in another version than locked",
            drift.not_locked.len(),
            drift.drifted.len()
        );
        if settings.refuse.contains(&Refuse::Drift) {
            checked.finding(Weight::Refuses, text);
        } else {
            runner.info(text);
        }
    }
    Ok(())
}

/// What is locked by the files at a path, against the document.
fn locked(path: &Path, bill: &Bill) -> Result<Drift, Failure> {
    let failed =
        |cause: String| Failure::new(Exit::BadInput, "read the lockfile").subject(path.display()).because(cause);
    if !path.exists() {
        return Err(failed("it does not exist".to_owned()));
    }
    let tree = Tree::at(path);
    let sighting = tree.look(&[]).map_err(|error| failed(error.to_string()))?;
    let inventories = ecosystem::inventories(sighting, ecosystem::Place::Tree, &|path| tree.read(path));
    let graph = assemble(None, inventories, Development::Mark);
    let json =
        crate::cyclonedx::write(&graph, crate::cyclonedx::SpecVersion::V1_6, crate::cyclonedx::Syntax::Json, None);
    let json = json.map_err(|error| failed(error.to_string()))?;
    let stated = Bill::read(&json).map_err(|error| failed(error.to_string()))?;
    if stated.listed().next().is_none() {
        return Err(failed("it states no package".to_owned()));
    }
    let foreign = |bill: &Bill| {
        let mut bill = bill.clone();
        bill.parts.retain(|_, part| part.is_foreign());
        diff::packages(&bill)
    };
    Ok(drift::between(&foreign(&stated), &foreign(bill)))
}

/// VEX statements that are about nothing in the document.
fn said(settings: &ModeSettings, checked: &mut Checked, bill: &Bill) {
    let mut rows = Vec::new();
    for (path, document) in &settings.vex {
        let about = vex::about(document, bill);
        let known = about.components.iter().filter(|components| !components.is_empty()).count();
        rows.push(vec![format!("`{}`", path.display()), document.statements.len().to_string(), known.to_string()]);
        for (vulnerability, what) in &about.unknown {
            let text = format!("{}: {vulnerability} is about {what}, which is not listed", path.display());
            let refuses = settings.refuse.contains(&Refuse::UnknownVex);
            checked.finding(if refuses { Weight::Refuses } else { Weight::Told }, text);
        }
    }
    if !rows.is_empty() {
        let columns = ["file", "statements", "about listed components"];
        checked.show(|summary| summary.heading("VEX statements").table(&columns, rows));
    }
}

/// No answer is told, and leaves no file that could be taken for one.
async fn vulnerabilities(
    runner: &Runner,
    settings: &OsvSettings,
    checked: &mut Checked,
    subject: &Subject<'_>,
) -> Result<(), Failure> {
    let (packages, left_out) = osv::packages(subject.bill);
    runner.info(format!("asking {} about {} packages", settings.url, packages.len()));
    let list: Vec<osv::Package> = packages.keys().cloned().collect();
    let answer = match osv::Osv::at(settings.url.clone(), settings.cache.clone()) {
        Ok(osv) => osv.ask(&list).await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(answer) => {
            let findings = osv::findings(subject.name, &packages, &answer);
            write(&settings.file, &findings)?;
            runner.info(format!("wrote {}", settings.file.display()));
            checked.output("vulnerabilities", findings.groups().count());
            checked.output("vulnerabilities-path", settings.file.display());
            checked.show(|summary| osv::table(summary, &findings, left_out));
        }
        Err(error) => {
            // A file of an earlier run would be read as the answer of this one.
            let _ = std::fs::remove_file(&settings.file);
            let text = format!("no answer about known vulnerabilities: {error}");
            checked.show(|summary| {
                summary
                    .heading("Known vulnerabilities")
                    .paragraph("The service gave no answer: nothing is known about vulnerabilities.")
            });
            checked.annotations.push(Annotation::warning(text));
        }
    }
    Ok(())
}

fn write(path: &Path, value: &impl serde::Serialize) -> Result<(), Failure> {
    let failed = |cause: String| Failure::new(Exit::Unknown, "write").subject(path.display()).because(cause);
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|error| failed(error.to_string()))?;
    bytes.push(b'\n');
    replace(path, &bytes).map_err(|error| failed(error.to_string()))
}

/// The changes that are alarming.
pub(super) fn alarming(difference: &Diff) -> [(Refuse, usize, &'static str); 3] {
    [
        (
            Refuse::Downgrades,
            difference.going(Direction::Downgraded).count(),
            "components went back to an older version",
        ),
        (
            Refuse::ReplacedContent,
            difference.going(Direction::Replaced).count(),
            "components have the same version and other bytes",
        ),
        (Refuse::NewLicences, difference.new_licences.len(), "licences are new"),
    ]
}
