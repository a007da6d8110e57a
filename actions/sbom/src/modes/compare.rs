//! `mode: diff`: a bill of materials against another, nothing scanned.

use super::{
    attached,
    checks::{self, Subject},
    inputs::bill_file,
    platforms,
};
use crate::{
    inputs::{Inputs, Settings, Source},
    profile::Signed,
};
use evidence::Evidence;
use github::{Exit, Failure, Report, Runner, Summary};
use serde_json::json;

/// Reads the one, then runs the checks, of which comparing is one.
///
/// # Errors
/// A [`Failure`] when one of the two cannot be read or is not believed.
pub async fn run(runner: &Runner, settings: &Settings, inputs: &Inputs) -> Result<Report, Failure> {
    let modes = &settings.modes;
    if let Some(path) = modes.boms.first() {
        let name = path.display().to_string();
        let bill = bill_file(path).map_err(|problem| {
            let failure = Failure::new(Exit::BadInput, "read the bill of materials in").subject(&name).because(problem);
            failure.help("`boms` is CycloneDX 1.4 to 1.7 or SPDX 2.3, JSON")
        })?;
        let subject = Subject { name: &name, bill: &bill, signed: Signed::NotKnown, image: None };
        return report(runner, settings, inputs, &subject).await;
    }
    let Source::Image(reference) = &settings.source else {
        return Err(Failure::new(Exit::BadInput, "compare").because("there is neither an image nor a file"));
    };
    let evidence = Evidence::connect(runner, &inputs.evidence, reference.repository(), &inputs.aws).await?;
    let pinned = evidence.pin(reference).await?;
    let image = platforms::choose(evidence.registry(), pinned, &settings.platform).await?;
    let attached = attached::one(runner, &evidence, &image, &modes.keys).await?;
    let name = image.to_string();
    let subject =
        Subject { name: &name, bill: &attached.bill, signed: Signed::ByStatement, image: Some((&image, &evidence)) };
    let report = report(runner, settings, inputs, &subject).await?;
    Ok(report.output("digest", image.digest).output("referrer", attached.referrer))
}

async fn report(
    runner: &Runner,
    settings: &Settings,
    inputs: &Inputs,
    subject: &Subject<'_>,
) -> Result<Report, Failure> {
    let checked = checks::run(runner, &settings.modes, inputs, subject).await?;
    let count = |name: &str| {
        let found = checked.outputs.iter().find(|(output, _)| *output == name);
        found.map_or("0".to_owned(), |(_, value)| value.clone())
    };
    let against = settings.modes.compare.as_ref().map(ToString::to_string).unwrap_or_default();
    let counts = [count("added"), count("removed"), count("changed")];
    let verdict = if counts.iter().all(|count| count == "0") { "same" } else { "different" };
    let [added, removed, changed] = counts;
    let headline = format!("{}: {added} added, {removed} removed, {changed} changed against {against}", subject.name);
    let components = subject.bill.listed().count();
    let document = json!({"subject": subject.name, "verdict": verdict, "components": components, "form": subject.bill.form.to_string()});
    let report = Report::new(Exit::Done, verdict, headline)
        .output("components", components)
        .summary(Summary::new().paragraph(&format!("Subject: `{}` ({})", subject.name, subject.bill.form)))
        .document(&document);
    Ok(checked.onto(report))
}
