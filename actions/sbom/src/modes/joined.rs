//! `mode: merge`: several files into one.

use super::{
    checks::{self, Subject},
    inputs::bounded,
};
use crate::{
    apply::replace,
    bill::{Bill, LARGEST},
    inputs::{Inputs, Settings},
    merge::{MOST, MergeError, Named, Source, merge},
    profile::Signed,
};
use github::{Exit, Failure, Report, Runner, Summary};
use serde_json::json;
use std::path::Path;

/// Reads, merges, writes, checks.
///
/// # Errors
/// A [`Failure`] when a file cannot be read, is no CycloneDX document, or the result cannot be written.
pub async fn run(runner: &Runner, settings: &Settings, inputs: &Inputs) -> Result<Report, Failure> {
    let boms = &settings.modes.boms;
    if boms.len() > MOST {
        let cause = format!("{} files are more than {MOST}", boms.len());
        return Err(Failure::new(Exit::BadInput, "merge").because(cause).state("nothing was written"));
    }
    let sources = boms.iter().map(|path| source(path)).collect::<Result<Vec<_>, _>>()?;
    let named = Named {
        name: settings.name.clone().unwrap_or_else(|| "merged".to_owned()),
        version: settings.version.clone(),
        timestamp: settings.epoch.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
    };
    let merged = merge(sources, &named).map_err(|error: MergeError| {
        Failure::new(Exit::BadInput, "merge").because(error).state("nothing was written")
    })?;
    let file = settings.outputs.files.first().map(|(_, path)| path.clone()).unwrap_or_default();
    let path = file.display().to_string();
    let mut bytes = merged.document.to_string().into_bytes();
    bytes.push(b'\n');
    let failed = |cause: String| {
        Failure::new(Exit::Unknown, "write the merged bill of materials to").subject(&path).because(cause)
    };
    let bill = Bill::read(&bytes).map_err(|error| failed(error.to_string()))?;
    replace(&file, &bytes).map_err(|error| failed(error.to_string()).help("check `output-file` and the disk"))?;
    runner.info(format!("wrote {path} ({} bytes)", bytes.len()));
    let subject = Subject { name: &path, bill: &bill, signed: Signed::NotKnown, image: None };
    let checked = checks::run(runner, &settings.modes, inputs, &subject).await?;
    let components = bill.listed().count();
    let headline = format!(
        "{components} components of {} documents in {path}, {} of them in more than one",
        boms.len(),
        merged.joined
    );
    let mut summary = Summary::new().paragraph(&headline);
    for remark in &merged.remarks {
        runner.detail(remark);
        summary = summary.paragraph(remark);
    }
    let document = json!({"subject": path, "verdict": "merged", "components": components, "joined": merged.joined, "remarks": merged.remarks});
    let report = Report::new(Exit::Done, "merged", headline)
        .output("sbom-path", &path)
        .output("components", components)
        .summary(summary)
        .document(&document);
    Ok(checked.onto(report))
}

fn source(path: &Path) -> Result<Source, Failure> {
    let failed = |cause: String| {
        let failure =
            Failure::new(Exit::BadInput, "read the bill of materials in").subject(path.display()).because(cause);
        failure.state("nothing was written").help("`boms` names CycloneDX files in JSON")
    };
    let bytes = bounded(path, LARGEST).map_err(failed)?;
    let document = serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?;
    Ok(Source { name: path.display().to_string(), document })
}
