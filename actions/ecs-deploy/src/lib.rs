//! `ecs-deploy`: puts an image, by digest, into an ECS service, follows *its own* deployment to the end, and says so only
//! when the running tasks run that digest.
//!
//! The story is in `deploy`, `shift`, `rollback`, `resume` and `once`: look, decide, act, follow, prove, report. What is decided is
//! decided in pure modules — `decide`, `configuration`, `choose`, `identity`, `follow`, `prove`, `verdict`, `diagnose`, `preflight::decide`,
//! and the crate `rollout` for traffic — which know no network and no clock; `observe` and `history` read, `apply` writes, `watch` and
//! `host` go around in time. `paused` and `shift::balancer` are what a rollout works on. `journal` is written before anything is
//! begun, so that `post` can finish it.

mod apply;
mod base;
mod choose;
mod codedeploy;
mod configuration;
mod decide;
mod definition;
mod deploy;
mod diagnose;
mod dossier;
mod finish;
mod follow;
mod gate;
mod history;
mod host;
mod identity;
mod inputs;
mod journal;
mod model;
mod observe;
mod once;
mod outcome;
mod overrides;
mod paused;
mod policy;
mod post;
mod preflight;
mod prove;
mod report;
mod resume;
mod rollback;
mod rollout;
mod saved;
mod shift;
mod statement;
#[cfg(test)]
mod timeline_tests;
#[cfg(test)]
mod two_runs_tests;
mod verdict;
mod watch;

pub use inputs::Inputs;

use self::rollout::Rollout;
use aws::Aws;
use evidence::Evidence;
use github::{About, Action, Failure, Output, Post, Report, Runner};
use inputs::{Engine, Forth, Goal, Settings};
use observe::Ecs;
use outcome::Outcome;
use subject::{ImageRef, Reference, Repository};

/// The action.
pub struct EcsDeploy;

impl Action for EcsDeploy {
    const NAME: &'static str = "ecs-deploy";
    type Inputs = Inputs;

    fn about() -> About {
        About {
            description: "Put an image, by digest, into an Amazon ECS service; follow the deployment, prove what runs, roll back on failure.",
            icon: "upload-cloud",
            color: "orange",
            outputs: OUTPUTS,
            post: Post::Always,
            examples: "ecs-deploy --cluster prod --service api --image registry.example/api@sha256:…\n\
                       ecs-deploy --mode rollback --cluster prod --service api",
        }
    }

    async fn run(runner: &Runner, inputs: Inputs) -> Result<Report, Failure> {
        let settings = Settings::from(&inputs)?;
        let started = runner.now();
        let aws = Aws::connect(runner, &inputs.aws).await?;
        let ecs = Ecs { aws: aws.clone(), cluster: settings.cluster.clone(), service: settings.service.clone() };
        let mut rollout = Rollout::new(runner, ecs, &settings);
        let open = |repository: &Repository| Evidence::open(runner, &inputs.evidence, repository, Some(&aws));
        let mut outcome = match &settings.goal {
            Goal::Deploy(forth) => {
                let image = pin(runner, forth, &open).await?;
                match settings.progress.engine {
                    Engine::Ecs | Engine::CodeDeploy { .. } => {
                        deploy::deploy(&mut rollout, forth, image.as_ref(), &open).await?
                    }
                    Engine::LoadBalancer { .. } => shift::deploy(&mut rollout, forth, image.as_ref(), &open).await?,
                }
            }
            Goal::Rollback(back) => rollback::rollback(&mut rollout, back, &open).await?,
            Goal::Once(once) => {
                let image = pin(runner, &once.forth, &open).await?;
                once::run(&mut rollout, once, image.as_ref()).await?
            }
            Goal::Preflight(forth) => {
                let image = pin(runner, forth, &open).await?;
                preflight::run(&mut rollout, forth, image.as_ref(), &open).await?
            }
            Goal::IamPolicy(image) => policy::write(runner, &settings, image.as_ref()),
            Goal::Resume => resume::resume(&mut rollout).await?,
            Goal::Recover => resume::recover(&mut rollout).await?,
        };
        outcome.started_at = started;
        outcome.finished_at = runner.now();
        leave(&mut outcome, runner.context().run_url().as_deref(), open).await;
        Ok(report::report(&outcome))
    }

    async fn post(runner: &Runner, inputs: Inputs) -> Result<(), Failure> {
        post::post(runner, &inputs).await
    }
}

/// The image asked for, pinned; nothing is begun before the registry and the key are known to be of use.
async fn pin(runner: &Runner, forth: &Forth, open: deploy::Open<'_, '_>) -> Result<Option<ImageRef>, Failure> {
    let Some(reference) = &forth.image else { return Ok(None) };
    let image = deploy::pin(reference, &open(reference.repository())?).await?;
    if matches!(reference, Reference::Tag(_)) {
        runner.notice(format!("{reference} is {} now, and that is what is deployed", image.digest));
    }
    Ok(Some(image))
}

/// Leaves the statements: on the image the run is about, and on the one it took away. The service is what it is by now: a
/// statement that cannot be left is a warning, and whoever asks for the evidence will miss it.
async fn leave<'r>(
    outcome: &mut Outcome,
    run_url: Option<&str>,
    open: impl Fn(&Repository) -> Result<Evidence<'r>, Failure>,
) {
    let removed = outcome.removed.as_ref().map(|removed| removed.image.clone());
    let removed = removed.zip(statement::of_removed(outcome, run_url));
    let about = outcome.image.clone().zip(statement::predicate(outcome, run_url));
    for (text, predicate) in removed.into_iter().chain(about) {
        let Ok(Reference::Image(image)) = text.parse() else { continue };
        let left = match open(&image.repository) {
            Ok(evidence) => evidence.leave(&image, attest::predicate::DEPLOYMENT, predicate).await,
            Err(failure) => Err(failure),
        };
        match left {
            Ok(left) => outcome.statement = left.referrer().map(ToString::to_string),
            Err(failure) => outcome.warnings.push(failure.headline()),
        }
    }
}

const OUTPUTS: &[Output] = &[
    Output { name: "digest", description: "The digest the run was about; empty when it is not known." },
    Output {
        name: "task-definition-arn",
        description: "The task definition of the deployment; of the service where none was begun.",
    },
    Output {
        name: "previous-task-definition-arn",
        description: "What the service ran before; empty where nothing changed.",
    },
    Output { name: "service-deployment-arn", description: "Our own service deployment; empty where none was begun." },
    Output {
        name: "rolled-back-to",
        description: "The task definition the service is back on; empty where nothing was rolled back.",
    },
    Output { name: "superseded-by", description: "The deployment that replaced ours; empty where none did." },
    Output {
        name: "live-service",
        description: "With `engine: load-balancer`: the service that has the traffic now; empty otherwise.",
    },
    Output { name: "console-url", description: "The service's page in the AWS console." },
];
