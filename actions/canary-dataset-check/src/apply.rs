//! Leaves what was found: the JUnit file, and the signed statement on the image.

use crate::{
    inputs::Settings,
    junit,
    observe::Observed,
    report::Told,
    statement::{self, Tested},
};
use attest::predicate::TEST_RESULT;
use evidence::Evidence;
use github::{Exit, Failure, Runner};
use jiff::Timestamp;
use subject::{Digest, ImageRef};

/// What was left where.
#[derive(Debug, Clone, Default)]
pub struct Receipt {
    /// The JUnit file, as the user named it.
    pub junit_path: Option<String>,
    /// The digest of the statement on the image.
    pub referrer: Option<Digest>,
}

/// When the first question was asked, and when the last answer had come.
pub(crate) type Times = (Timestamp, Timestamp);

/// Writes the JUnit file, where one is asked for. The folder is made; the file's content is replaced at once.
pub(crate) fn write_junit(settings: &Settings, observed: &Observed, times: Times) -> Result<Option<String>, Failure> {
    let Some(path) = &settings.junit_path else { return Ok(None) };
    let written = junit::write(observed, &settings.dataset_path, times.0).and_then(|bytes| {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let partial = path.with_extension("partial");
        std::fs::write(&partial, bytes)?;
        std::fs::rename(&partial, path)
    });
    let shown = path.display().to_string();
    match written {
        Ok(()) => Ok(Some(shown)),
        Err(error) => {
            let failure = Failure::new(Exit::Unknown, "write the JUnit report").subject(shown).because(error);
            Err(failure.state("the service was asked; no statement was left").help("see the input junit-path"))
        }
    }
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
