//! `canary-dataset-check`: asks a running service questions with known answers, and judges the answers.
//!
//! A service can be healthy and wrong; this is the check that notices. [`config`] and [`cases`] say what is asked,
//! [`observe`](mod@observe) asks, [`judge`] judges one answer by its [`assertion`]s, [`decide`](mod@decide) judges the
//! release, and the rest tells. Zero cases, a broken line or a missing answer is never a pass.

pub mod apply;
pub mod assertion;
pub mod cases;
pub mod compare;
pub mod config;
pub mod contract;
pub mod decide;
pub mod histogram;
pub mod inputs;
pub mod judge;
pub mod junit;
pub mod length;
pub mod load;
mod merge;
pub mod observe;
mod page;
pub mod random;
mod record;
mod report;
pub mod staleness;
pub mod statement;
pub mod tolerance;
pub mod wire;

use apply::Receipt;
use decide::Word;
use evidence::Evidence;
use github::{About, Action, Exit, Failure, Output, Post, Report, Runner};
use inputs::{Inputs, Mode, Settings};
use merge::Same;
use observe::Observed;
use report::Told;
use subject::{ImageRef, Reference};

/// The action.
pub struct CanaryDatasetCheck;

impl Action for CanaryDatasetCheck {
    const NAME: &'static str = "canary-dataset-check";
    type Inputs = Inputs;

    fn about() -> About {
        About {
            description: "Asks a running service a dataset of questions with known answers: probes, running version, golden values within tolerances, metadata contract.",
            icon: "check-square",
            color: "yellow",
            outputs: OUTPUTS,
            post: Post::None,
            examples: EXAMPLES,
        }
    }

    async fn run(runner: &Runner, inputs: Inputs) -> Result<Report, Failure> {
        let settings = Settings::read(runner, &inputs)?;
        warn_of_the_unused(runner, &settings);
        match inputs.mode {
            Mode::Check => check(runner, &inputs, settings).await,
            Mode::Validate => Ok(report::valid(&settings)),
            Mode::Record => record::record(runner, &settings),
            Mode::Merge => {
                let reports = inputs::reports(runner, &inputs)?;
                let (config, dataset) = (settings.config.digest, settings.dataset.digest);
                let same = Same { config, dataset, cases: settings.cases() };
                let (observed, target) = merge::merge(&reports, &same).map_err(no_whole)?;
                let seen = Seen { target, observed, times: (runner.now(), runner.now()), finished: true };
                conclude(runner, &inputs, (&settings, seen), find(runner, &inputs).await?).await
            }
        }
    }
}

/// What a run saw, and of whom.
struct Seen {
    target: String,
    observed: Observed,
    times: apply::Times,
    finished: bool,
}

/// Asks the service, and concludes.
async fn check(runner: &Runner, inputs: &Inputs, settings: Settings) -> Result<Report, Failure> {
    let evidence = find(runner, inputs).await?;
    let target = settings.target();
    let shard = if inputs.shard.is_some() { format!(" (shard {})", settings.shard) } else { String::new() };
    runner.info(format!("asking {target}: {} cases of {}{shard}", settings.cases(), settings.dataset_path));
    let started = runner.now();
    let mut observed = Observed::default();
    let finished = observe::alone(runner, &settings, &mut observed)?;
    let seen = Seen { target, observed, times: (started, runner.now()), finished };
    conclude(runner, inputs, (&settings, seen), evidence).await
}

/// Decides, leaves what was found, and tells.
async fn conclude(
    runner: &Runner,
    inputs: &Inputs,
    (settings, seen): (&Settings, Seen),
    evidence: Option<(Evidence<'_>, ImageRef)>,
) -> Result<Report, Failure> {
    let Seen { target, observed, times, finished } = seen;
    let verdict = decide::decide(&observed, &settings.canary);
    let told =
        Told { settings, target: &target, image: inputs.image.as_ref(), observed: &observed, verdict: &verdict, times };
    let mut receipt = match apply::write_files(&told) {
        Ok(receipt) => receipt,
        Err(failure) => {
            unless_refused(runner, verdict.word, failure)?;
            Receipt::default()
        }
    };
    if !finished {
        return Ok(report::cancelled(&told, &receipt));
    }
    // The result of a part is none of the image; the merged one is.
    if let Some((evidence, image)) = evidence.as_ref().filter(|_| settings.shard.of == 1) {
        match apply::leave_statement(runner, (evidence, image), &told).await {
            Ok(referrer) => receipt.referrer = referrer,
            Err(failure) => unless_refused(runner, verdict.word, failure)?,
        }
    }
    Ok(report::report(&told, &receipt))
}

fn no_whole(problems: Vec<String>) -> Failure {
    let failure = Failure::new(Exit::Unknown, "put the shards together").because(problems.join("; "));
    failure.state("nothing is known of the whole").help("give the report-path of every shard of one run")
}

/// What was written down and has no effect was meant to have one.
fn warn_of_the_unused(runner: &Runner, settings: &Settings) {
    let file = &settings.config.path;
    for path in &settings.dataset.unused_tolerances {
        runner.warning(format!("no case has a value for {path}: its tolerance in {file} does nothing"));
    }
    for name in &settings.canary.unused_parameters {
        runner.warning(format!("{file} never uses the parameter `{name}`"));
    }
}

/// The image and the way to its evidence; an image that is not there is told before anything is asked.
async fn find<'r>(runner: &'r Runner, inputs: &Inputs) -> Result<Option<(Evidence<'r>, ImageRef)>, Failure> {
    let Some(image) = &inputs.image else {
        runner.notice("no image is given: the result is not left on one");
        return Ok(None);
    };
    let evidence = Evidence::connect(runner, &inputs.evidence, &image.repository, &inputs.aws).await?;
    let image = evidence.pin(&Reference::Image(image.clone())).await?;
    Ok(Some((evidence, image)))
}

/// A proven no stays a no when it cannot be written down; a yes that cannot be written down is none.
fn unless_refused(runner: &Runner, word: Word, failure: Failure) -> Result<(), Failure> {
    if word != Word::Fail {
        return Err(failure);
    }
    runner.warning(failure.headline());
    Ok(())
}

const OUTPUTS: &[Output] = &[
    Output { name: "cases", description: "How many cases the dataset has." },
    Output { name: "passed", description: "How many cases were right." },
    Output { name: "failed", description: "How many cases were wrong." },
    Output {
        name: "flaky",
        description: "How many cases were right at one time and wrong at another (`cases.repeats`).",
    },
    Output { name: "unanswered", description: "How many cases got no answer at all." },
    Output { name: "digest", description: "The digest of `image`; empty without one." },
    Output { name: "junit-path", description: "The JUnit report that was written; empty when none was asked for." },
    Output { name: "html-path", description: "The page that was written; empty when none was asked for." },
    Output {
        name: "referrer",
        description: "The digest of the signed statement on the image; empty when none was left.",
    },
];

const EXAMPLES: &str = "\
  canary-dataset-check --base-url=http://localhost:8080 --config=canary.yml
  canary-dataset-check --base-url=https://staging.example.org --expect-version=\"$(git rev-parse HEAD)\" --junit-path=canary.xml
  canary-dataset-check --base-url=https://staging.example.org --image=ghcr.io/org/app@sha256:… --signing-key=key.pem";
