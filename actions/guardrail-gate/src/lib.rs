//! Watches a release's metrics over a window and decides: pass, fail, or cannot tell.
//!
//! The rules that decide are in [`decide`]; sources of numbers in [`signals`]; the guardrail file in [`config`].

pub mod binomial;
pub mod config;
pub mod decide;
pub mod inputs;
pub mod observe;
pub mod preflight;
pub mod progress;
pub mod report;
pub mod signals;
pub mod watch;

use crate::{
    config::{Plan, SourceSettings},
    inputs::{File, Inputs, Mode},
    observe::Sources,
    report::Conclusion,
    signals::{CloudWatch, Prometheus},
    watch::Outcome,
};
use attest::predicate::GUARDRAIL_VERDICT;
use aws::Aws;
use evidence::Evidence;
use github::{About, Action, Annotation, Exit, Failure, Output, Post, Report, Runner};
use serde_json::Value;
use subject::ImageRef;

/// The action.
pub struct GuardrailGate;

const OUTPUTS: &[Output] = &[
    Output { name: "rollback", description: "`true` when the release has to go back, else `false`." },
    Output { name: "reason", description: "Why, in one line: the guardrails that decided, with their numbers." },
    Output {
        name: "attestation",
        description: "Digest of the signed statement left on the image; empty when none was.",
    },
];

impl Action for GuardrailGate {
    const NAME: &'static str = "guardrail-gate";
    type Inputs = Inputs;

    fn about() -> About {
        About {
            description: "Watches CloudWatch and Prometheus metrics after a deployment and decides whether the release stays: pass, fail, or cannot tell.",
            icon: "activity",
            color: "green",
            outputs: OUTPUTS,
            post: Post::None,
            examples: "guardrail-gate --mode validate --guardrails guardrails.yml\nguardrail-gate --parameters load_balancer=app/web/50dc6c495c0c9188 --parameters target_group=targetgroup/api/73e2d6bc24d8a067",
        }
    }

    async fn run(runner: &Runner, inputs: Inputs) -> Result<Report, Failure> {
        // Whoever reads the output alone must not take an empty one for a yes.
        gate(runner, &inputs).await.map_err(|failure| failure.output("rollback", false))
    }
}

async fn gate(runner: &Runner, inputs: &Inputs) -> Result<Report, Failure> {
    let file = inputs.read_file(runner)?;
    inputs.check(&file.plan, runner.now())?;
    if inputs.mode == Mode::Validate {
        let headline = format!("{} is well formed: {} guardrails", file.path.display(), file.plan.guardrails.len());
        return Ok(Report::new(Exit::Done, "valid", headline).output("rollback", false));
    }
    let aws = connect(runner, inputs, &file.plan).await?;
    let keeper = Keeper::prepare(runner, inputs, aws.as_ref()).await?;
    let sources = sources(&file.plan, inputs, aws)?;
    let outcome = look(runner, inputs, &file, &sources).await;
    let conclusion = report::conclude(&file.plan.guardrails, &outcome, inputs.on_inconclusive);
    let document = report::document(&file, &outcome, &conclusion, runner.now());
    let report = report::report(&file, &outcome, &conclusion, inputs.mode).document(&document);
    match keeper.filter(|_| inputs.mode == Mode::Gate && !outcome.interrupted) {
        Some(keeper) => keeper.keep(report::predicate(&document), report, &conclusion).await,
        None => Ok(report),
    }
}

/// Watches what is to come, or asks once about what has been.
async fn look(runner: &Runner, inputs: &Inputs, file: &File, sources: &Sources) -> Outcome {
    let window = &file.plan.window;
    let start = match inputs.mode {
        Mode::Preflight => preflight::start(window, runner.now()),
        Mode::Gate | Mode::Validate => inputs.window_start.unwrap_or_else(|| runner.now()),
    };
    let span = watch::span(window, start);
    runner.info(format!(
        "watching {} guardrails from {} to {}, decided at the latest {}",
        file.plan.guardrails.len(),
        span.start,
        span.end(),
        watch::settles(&span, window, span.intervals.saturating_sub(1)),
    ));
    let outcome = watch::watch(runner, &file.plan, sources, span).await;
    if inputs.mode == Mode::Preflight { preflight::reread(&file.plan, outcome) } else { outcome }
}

/// AWS, where the file has a CloudWatch source.
async fn connect(runner: &Runner, inputs: &Inputs, plan: &Plan) -> Result<Option<Aws>, Failure> {
    match plan.sources.values().any(|source| matches!(source, SourceSettings::CloudWatch { .. })) {
        true => Aws::connect(runner, &inputs.aws).await.map(Some),
        false => Ok(None),
    }
}

fn sources(plan: &Plan, inputs: &Inputs, aws: Option<Aws>) -> Result<Sources, Failure> {
    let mut sources = Sources::new();
    for (name, settings) in &plan.sources {
        match (settings, &aws) {
            (SourceSettings::CloudWatch { .. }, Some(aws)) => {
                sources.insert(name.clone(), Box::new(CloudWatch::new(aws.clone())));
            }
            (SourceSettings::CloudWatch { .. }, None) => {}
            (SourceSettings::Prometheus { .. }, _) => {
                let source = Prometheus::new(settings, inputs.prometheus_token.clone()).map_err(|error| {
                    Failure::new(Exit::BadInput, "set up the source")
                        .subject(name)
                        .because(error)
                        .state("nothing was watched")
                })?;
                sources.insert(name.clone(), Box::new(source));
            }
        }
    }
    Ok(sources)
}

/// Leaves the verdict on the image. Made before the watch, so that a wrong key or image is known before traffic is.
struct Keeper<'r> {
    evidence: Evidence<'r>,
    image: ImageRef,
}

impl<'r> Keeper<'r> {
    async fn prepare(runner: &'r Runner, inputs: &Inputs, aws: Option<&Aws>) -> Result<Option<Self>, Failure> {
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
    async fn keep(self, predicate: Value, report: Report, conclusion: &Conclusion) -> Result<Report, Failure> {
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
