//! Watches a release's metrics over a window and decides: pass, fail, or cannot tell.
//!
//! The rules that decide are in [`decide`], what they rest on in [`stats`]; sources of numbers in [`signals`]; the
//! guardrail file in [`config`].

mod apply;
pub mod backtest;
pub mod config;
pub mod decide;
pub mod import;
pub mod inputs;
pub mod observe;
pub mod plot;
pub mod preflight;
pub mod presets;
pub mod progress;
pub mod replay;
pub mod report;
pub mod watch;

use crate::{
    apply::Keeper,
    config::{Plan, SourceSettings},
    inputs::{File, Inputs, Mode},
    observe::{Past, Sources},
    watch::Outcome,
};
use aws::Aws;
use github::{About, Action, Exit, Failure, Output, Post, Report, Runner};
use signals::{CloudWatch, Datadog, Http, NewRelic, Prometheus, Source, SourceError};

/// The action.
pub struct GuardrailGate;

const OUTPUTS: &[Output] = &[
    Output { name: "rollback", description: "`true` when the release has to go back, else `false`." },
    Output { name: "reason", description: "Why, in one line: the guardrails that decided, with their numbers." },
    Output { name: "window-start", description: "When the watch begins: the `window-start` of a later `gate`." },
    Output { name: "decided-by", description: "When the last interval of the watch counts as final." },
    Output { name: "plot-path", description: "Path of an SVG with the course of every guardrail and its limit." },
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
            description: "Watches a release's metrics and decides whether it stays, with a stated chance of being wrong: pass, fail, or cannot tell.",
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
    match inputs.mode {
        Mode::Replay => return again(runner, inputs),
        Mode::Import => return import_rules(runner, inputs),
        _ => {}
    }
    let file = inputs.read_file(runner)?;
    inputs.check(&file.plan, runner.now())?;
    match inputs.mode {
        Mode::Validate => {
            let headline = format!("{} is well formed: {} guardrails", file.path.display(), file.plan.guardrails.len());
            return Ok(Report::new(Exit::Done, "valid", headline).output("rollback", false));
        }
        Mode::Detach => return Ok(detach(runner, inputs, &file)),
        _ => {}
    }
    let aws = connect(runner, inputs, &file.plan).await?;
    if inputs.mode == Mode::Backtest {
        let sources = sources(runner, inputs, &file.plan, aws)?;
        return Ok(backtest::run(runner, &file.plan, &sources, inputs.backtest_hours).await);
    }
    let keeper = Keeper::prepare(runner, inputs, aws.as_ref()).await?;
    let sources = sources(runner, inputs, &file.plan, aws)?;
    let outcome = look(runner, inputs, &file, &sources).await;
    let conclusion = report::conclude(&file.plan.guardrails, &outcome, inputs.on_inconclusive);
    let document = report::document(&file, &outcome, &conclusion, inputs.on_inconclusive, runner.now());
    let report = report::report(&file, &outcome, &conclusion, inputs.mode).document(&document);
    let report = match apply::draw(runner, &plot::svg(&file.plan.guardrails, &outcome)) {
        Some(path) => report.output("plot-path", path.display()),
        None => report,
    };
    match keeper.filter(|_| inputs.mode == Mode::Gate && !outcome.interrupted) {
        Some(keeper) => keeper.keep(report::predicate(&document), report, &conclusion).await,
        None => Ok(report),
    }
}

/// The intervals a gate of this run watches, and when they begin.
fn planned(runner: &Runner, inputs: &Inputs, file: &File) -> (signals::Span, jiff::Timestamp) {
    let window = &file.plan.window;
    let start = match inputs.mode {
        Mode::Preflight => preflight::start(window, runner.now()),
        _ => inputs.window_start.unwrap_or_else(|| runner.now()),
    };
    (watch::span(window, start), start)
}

/// Says when a gate can decide, and leaves the waiting to whoever starts it.
fn detach(runner: &Runner, inputs: &Inputs, file: &File) -> Report {
    let (span, start) = planned(runner, inputs, file);
    let by = watch::settles(&span, &file.plan.window, span.intervals.saturating_sub(1));
    let headline = format!(
        "the watch runs from {} to {}; a gate with `window-start: {start}` decides from {by} on",
        span.start,
        span.end()
    );
    let report = Report::new(Exit::Done, "detached", headline).output("rollback", false);
    report.output("window-start", start).output("decided-by", by)
}

/// Watches what is to come, or asks once about what has been.
async fn look(runner: &Runner, inputs: &Inputs, file: &File, sources: &Sources) -> Outcome {
    let window = &file.plan.window;
    let (span, start) = planned(runner, inputs, file);
    runner.info(format!(
        "watching {} guardrails from {} to {}, decided at the latest {}",
        file.plan.guardrails.len(),
        span.start,
        span.end(),
        watch::settles(&span, window, span.intervals.saturating_sub(1)),
    ));
    let pasts = tokio::select! {
        biased;
        () = runner.cancel().requested() => vec![Past::default(); file.plan.guardrails.len()],
        pasts = observe::past(&file.plan, sources, &span, start) => pasts,
    };
    let outcome = watch::watch(runner, &file.plan, sources, (span, pasts)).await;
    if inputs.mode == Mode::Preflight { preflight::reread(&file.plan, outcome) } else { outcome }
}

/// Computes the verdict of a report again, and compares.
fn again(runner: &Runner, inputs: &Inputs) -> Result<Report, Failure> {
    let path = inputs.report.as_ref().ok_or_else(|| {
        Failure::inputs(vec![github::InputError::unseen("report", "`mode: replay` needs the report to compute again")])
    })?;
    let wrong = |cause: String| {
        let failure = Failure::new(Exit::BadInput, "compute a verdict again").subject(path.display());
        failure.because(cause).help("name a report of `mode: gate` in the input `report`")
    };
    let bytes = inputs::read_bounded(&runner.path(path), replay::LARGEST).map_err(&wrong)?;
    let given = replay::document(&bytes).map_err(&wrong)?;
    let computed = replay::replay(&given).map_err(&wrong)?;
    let verdict = computed["verdict"].as_str().unwrap_or_default().to_owned();
    let report = match replay::difference(&given, &computed) {
        None => Report::new(Exit::Done, "reproduced", format!("the same verdict again, byte for byte: {verdict}")),
        Some(place) => {
            let headline = format!("the numbers come to another document: {verdict}, first different at `{place}`");
            Report::new(Exit::Refused, "differs", headline)
        }
    };
    Ok(report.output("rollback", false).output("reason", computed["reason"].as_str().unwrap_or_default()))
}

/// Writes a guardrail file of somebody else's rules, and says what could not be kept.
fn import_rules(runner: &Runner, inputs: &Inputs) -> Result<Report, Failure> {
    let imported = inputs.read_text(runner).and_then(|text| import::import(&text)).map_err(|cause| {
        let failure = Failure::new(Exit::BadInput, "import the rules").subject(inputs.guardrails.display());
        failure.because(cause).help("name the other tool's file in the input `guardrails`")
    })?;
    imported.remarks.iter().for_each(|remark| runner.warning(remark));
    runner.info(&imported.text);
    let headline = format!("{} as a guardrail file, in the log and the summary", imported.from);
    let summary = github::Summary::new().paragraph(&headline).code("yaml", &imported.text);
    let summary = imported.remarks.iter().fold(summary, |summary, remark| summary.paragraph(remark));
    Ok(Report::new(Exit::Done, "imported", headline).output("rollback", false).summary(summary))
}

/// AWS, where the file has a CloudWatch source.
async fn connect(runner: &Runner, inputs: &Inputs, plan: &Plan) -> Result<Option<Aws>, Failure> {
    match plan.sources.values().any(|source| matches!(source, SourceSettings::CloudWatch { .. })) {
        true => Aws::connect(runner, &inputs.aws).await.map(Some),
        false => Ok(None),
    }
}

fn sources(runner: &Runner, inputs: &Inputs, plan: &Plan, aws: Option<Aws>) -> Result<Sources, Failure> {
    let mut sources = Sources::new();
    for (name, settings) in &plan.sources {
        let source: Result<Box<dyn Source>, SourceError> = match (settings, &aws) {
            (SourceSettings::CloudWatch { .. }, Some(aws)) => Ok(Box::new(CloudWatch::new(aws.clone()))),
            (SourceSettings::CloudWatch { .. }, None) => continue,
            (SourceSettings::Prometheus { url, scrape_interval }, _) => {
                boxed(Prometheus::new(url, *scrape_interval, inputs.prometheus_authentication()))
            }
            (SourceSettings::Datadog { url }, _) => match (&inputs.datadog_api_key, &inputs.datadog_application_key) {
                (Some(key), Some(application)) => boxed(Datadog::new(url, key.clone(), application.clone())),
                _ => continue,
            },
            (SourceSettings::NewRelic { url, account }, _) => match &inputs.newrelic_key {
                Some(key) => boxed(NewRelic::new(url, *account, key.clone())),
                None => continue,
            },
            (SourceSettings::Http { url }, _) => {
                let theirs = plan.guardrails.iter().filter(|guardrail| guardrail.source == *name);
                let mut probes: Vec<_> = theirs.filter_map(|guardrail| guardrail.measure.probe().cloned()).collect();
                probes.dedup();
                boxed(Http::new(url, inputs.http_authentication(), &probes, runner.now()))
            }
            (SourceSettings::File { path }, _) => Ok(Box::new(signals::File::new(runner.path(path)))),
        };
        let source = source.map_err(|error| {
            let failure = Failure::new(Exit::BadInput, "set up the source").subject(name).because(error);
            failure.state("nothing was watched")
        })?;
        sources.insert(name.clone(), source);
    }
    Ok(sources)
}

fn boxed<S: Source + 'static>(source: Result<S, SourceError>) -> Result<Box<dyn Source>, SourceError> {
    source.map(|source| Box::new(source) as Box<dyn Source>)
}
