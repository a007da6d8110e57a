//! What a run leaves: the verdict on the image, and the picture of its course beside the report.

use crate::{inputs::Inputs, report::Conclusion};
use attest::predicate::GUARDRAIL_VERDICT;
use aws::Aws;
use evidence::Evidence;
use github::{Annotation, Exit, Failure, Report, Runner};
use serde_json::Value;
use std::path::PathBuf;
use subject::ImageRef;

/// Leaves the verdict on the image. Made before the watch, so that a wrong key or image is known before traffic is.
pub(crate) struct Keeper<'r> {
    evidence: Evidence<'r>,
    image: ImageRef,
}

impl<'r> Keeper<'r> {
    pub(crate) async fn prepare(
        runner: &'r Runner,
        inputs: &Inputs,
        aws: Option<&Aws>,
    ) -> Result<Option<Self>, Failure> {
        let Some(reference) = &inputs.image else { return Ok(None) };
        let repository = reference.repository();
        let evidence = match aws {
            Some(aws) => Evidence::open(runner, &inputs.evidence, repository, Some(aws))?,
            None => Evidence::connect(runner, &inputs.evidence, repository, &inputs.aws).await?,
        };
        let image = evidence.pin(reference).await?;
        Ok(Some(Self { evidence, image }))
    }

    /// A pass nobody can find later is no pass; a failure stays one whether its statement could be left or not.
    pub(crate) async fn keep(
        self,
        predicate: Value,
        report: Report,
        conclusion: &Conclusion,
    ) -> Result<Report, Failure> {
        match self.evidence.leave(&self.image, GUARDRAIL_VERDICT, predicate).await {
            Ok(left) => Ok(match left.referrer() {
                Some(referrer) => report.output("attestation", referrer),
                None => report,
            }),
            Err(failure) if conclusion.exit == Exit::Done => Err(failure),
            Err(failure) => Ok(report.annotate(Annotation::warning(failure.headline()))),
        }
    }
}

/// Writes the picture where the runner has a place for it. A picture that cannot be written changes no verdict.
pub(crate) fn draw(runner: &Runner, svg: &str) -> Option<PathBuf> {
    runner.env("RUNNER_TEMP")?;
    let path = runner.temp_dir().join("guardrails.svg");
    match std::fs::write(&path, svg) {
        Ok(()) => Some(path),
        Err(error) => {
            runner.warning(format!("{}: the plot could not be written: {error}", path.display()));
            None
        }
    }
}
