//! Leaves what was found: the JUnit file, and the signed statement on the image.

use crate::{
    junit, page,
    report::Told,
    statement::{self, Tested},
};
use attest::predicate::TEST_RESULT;
use evidence::Evidence;
use github::{Exit, Failure, Runner};
use jiff::Timestamp;
use std::{io, path::Path};
use subject::{Digest, ImageRef};

/// What was left where.
#[derive(Debug, Clone, Default)]
pub struct Receipt {
    /// The JUnit file, as the user named it.
    pub junit_path: Option<String>,
    /// The page, as the user named it.
    pub html_path: Option<String>,
    /// The digest of the statement on the image.
    pub referrer: Option<Digest>,
}

/// When the first question was asked, and when the last answer had come.
pub(crate) type Times = (Timestamp, Timestamp);

/// Writes the JUnit file and the page, where they are asked for.
pub(crate) fn write_files(told: &Told<'_>) -> Result<Receipt, Failure> {
    let Told { settings, observed, times, .. } = *told;
    let mut receipt = Receipt::default();
    if let Some(path) = &settings.junit_path {
        let bytes = junit::write(observed, &settings.dataset_path, times.0);
        receipt.junit_path = Some(write("write the JUnit report", path, bytes, "junit-path")?);
    }
    if let Some(path) = &settings.html_path {
        receipt.html_path = Some(write("write the page", path, Ok(page::page(told).into_bytes()), "html-path")?);
    }
    Ok(receipt)
}

/// Writes one file. The folder is made; the file's content is replaced at once.
fn write(doing: &str, path: &Path, bytes: io::Result<Vec<u8>>, input: &str) -> Result<String, Failure> {
    let written = bytes.and_then(|bytes| {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let partial = path.with_extension("partial");
        std::fs::write(&partial, bytes)?;
        std::fs::rename(&partial, path)
    });
    let shown = path.display().to_string();
    written.map(|()| shown.clone()).map_err(|error| {
        let failure = Failure::new(Exit::Unknown, doing).subject(shown).because(error);
        failure.state("the service was asked; no statement was left").help(format!("see the input {input}"))
    })
}

/// Attaches the result to the image, if there is a result: not knowing is none.
pub(crate) async fn leave_statement(
    runner: &Runner,
    (evidence, image): (&Evidence<'_>, &ImageRef),
    told: &Told<'_>,
) -> Result<Option<Digest>, Failure> {
    let context = runner.context();
    let run_url = match (&context.server_url, &context.repository, &context.run_id) {
        (Some(server), Some(repository), Some(run)) => Some(format!("{server}/{repository}/actions/runs/{run}")),
        _ => None,
    };
    let Told { settings, observed, verdict, times, .. } = *told;
    let tested = Tested {
        base_url: told.target,
        config: (&settings.config.path, settings.config.digest),
        dataset: (&settings.dataset_path, settings.dataset.digest),
        run_url: run_url.as_deref(),
        times,
    };
    match statement::predicate(verdict, observed, &tested) {
        Some(predicate) => Ok(evidence.leave(image, TEST_RESULT, predicate).await?.referrer().copied()),
        None => {
            runner.notice(format!("nothing was found out, so no statement was left on {image}"));
            Ok(None)
        }
    }
}
