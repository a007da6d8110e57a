//! `mode: rollback`, from top to bottom.

use crate::{
    choose::{History, Return, choose},
    configuration,
    decide::{self, Refusal, Roller},
    definition::Definition,
    deploy::{Open, refused},
    finish::{finish, keep},
    follow::{End, Rights},
    history::{self, promised},
    identity::{running, starter},
    inputs::{Back, Engine},
    journal::Journal,
    model::{Service, ServiceDeployment},
    outcome::{Outcome, Removed},
    prove::Proof,
    rollout::Rollout,
    shift,
    verdict::Verdict,
    watch::Followed,
};
use github::Failure;
use serde_json::Map;
use subject::ImageRef;

/// Takes the service back.
///
/// # Errors
/// A [`Failure`] when the world could not be read or written.
pub(crate) async fn rollback(rollout: &mut Rollout<'_>, back: &Back, open: Open<'_, '_>) -> Result<Outcome, Failure> {
    if let (Engine::LoadBalancer { alternate, rule }, Back::Last) = (&rollout.settings.progress.engine, back) {
        return shift::rollback(rollout, alternate, rule).await;
    }
    if let Engine::CodeDeploy { .. } = &rollout.settings.progress.engine {
        return Ok(refused(rollout, without_history()));
    }
    let failed = |rollout: &Rollout<'_>, error: aws::AwsError| {
        error.failure("read the service's history").subject(rollout.settings.subject()).state("nothing was changed")
    };
    let service = rollout.ecs.service().await.map_err(|error| failed(rollout, error))?;
    let service = match decide::able(service.as_ref(), Roller::Ecs) {
        Ok(service) => service,
        Err(refusal) => return Ok(refused(rollout, refusal)),
    };
    let history = history::read(rollout, service, back).await.map_err(|error| failed(rollout, error))?;
    let history = match back {
        Back::Verified => history::verified(rollout, history, open).await?,
        _ => history,
    };
    let outcome = match choose(&history, back) {
        Return::Older if *back == Back::Verified => {
            let why = "no earlier release is stated, by this step's own key, to have been deployed".to_owned();
            let help =
                "leave `verified-only` out to believe ECS, or name a task definition by `to-revision`".to_owned();
            refused(rollout, Refusal { why, help })
        }
        Return::Refuse(refusal) => refused(rollout, refusal),
        Return::Already { why } => already(rollout, service, &history, why).await?,
        Return::TakeBack(deployment) if rollout.settings.dry_run => {
            planned(rollout, &format!("take back {}", deployment.service_deployment_arn))
        }
        Return::TakeBack(deployment) => take_back(rollout, &history, &deployment).await?,
        Return::Join(deployment) if rollout.settings.dry_run => {
            planned(rollout, &format!("follow {}, which is the way back", deployment.service_deployment_arn))
        }
        Return::Join(deployment) => join(rollout, &history, &deployment).await?,
        Return::To { task_definition } => to(rollout, service, &history, &task_definition).await?,
        Return::Older => match history::older(rollout, &history).await {
            Some(task_definition) => {
                rollout.runner.warning(format!(
                    "the service's history names no successful release; going back to {task_definition} by its number, \
                     which may never have been good"
                ));
                to(rollout, service, &history, &task_definition).await?
            }
            None => refused(
                rollout,
                Refusal {
                    why:
                        "there is nothing to go back to: no earlier successful deployment and no older active revision"
                            .into(),
                    help: "name a task definition by `to-revision`, or deploy an image with `mode: deploy`".into(),
                },
            ),
        },
    };
    Ok(outcome.of_service(service))
}

/// CodeDeploy's history names no releases: the specification of a deployment is whatever its author wrote.
fn without_history() -> Refusal {
    let why = "CodeDeploy keeps no history that names releases, so none is looked for".to_owned();
    let help = "`mode: recover` takes back what is in flight; to go back to an older release, `mode: deploy` it: its digest \
                as `image`, or its `task-definition`";
    Refusal { why, help: help.to_owned() }
}

fn planned(rollout: &Rollout<'_>, what: &str) -> Outcome {
    rollout.runner.info(format!("would {what}"));
    let outcome = Outcome::new(Verdict::Planned, rollout.settings, rollout.runner.now());
    Outcome { cause: Some(format!("would {what}")), ..outcome }
}

/// There is nothing to take back: true only if the running tasks say so.
async fn already(rollout: &Rollout<'_>, service: &Service, history: &History, why: String) -> Result<Outcome, Failure> {
    let doing = |error: aws::AwsError| error.failure("read the task definition").state("nothing was changed");
    let definition = rollout.ecs.definition(&history.current).await.map_err(doing)?;
    let container = rollout.settings.container.as_deref();
    let (promises, image) = promised(&definition, history.revision(&history.current), container);
    let outcome = keep(rollout, Some(service), &promises).await?;
    Ok(Outcome { cause: outcome.cause.or(Some(why)), ..outcome }.about(image))
}

/// Deploys an older task definition and proves that its images run.
async fn to(
    rollout: &mut Rollout<'_>,
    service: &Service,
    history: &History,
    task_definition: &str,
) -> Result<Outcome, Failure> {
    let read = rollout.ecs.definition(task_definition).await;
    let Some(definition) = read.ok().filter(Definition::is_active) else {
        let why = format!("{task_definition} does not exist or is inactive, and cannot be deployed");
        let help = "name another one by `to-revision`; revisions that may be gone back to must not be deregistered";
        return Ok(refused(rollout, Refusal { why, help: help.to_owned() }));
    };
    if rollout.settings.dry_run {
        return Ok(planned(rollout, &format!("deploy {}", definition.arn())));
    }
    if rollout.runner.cancel().is_requested() {
        let outcome = Outcome::new(Verdict::Cancelled, rollout.settings, rollout.runner.now());
        return Ok(Outcome { cause: Some("nothing was changed".to_owned()), ..outcome });
    }
    let (promises, image) =
        promised(&definition, history.revision(definition.arn()), rollout.settings.container.as_deref());
    let removed = history::image(rollout, history, running(service)).await;
    // Stopping the way back would bring back what is to go.
    let mut changes = Map::new();
    changes.extend(configuration::way_back(service).map(|it| ("deploymentConfiguration".to_owned(), it)));
    let journal = rollout.begin(service, definition.arn(), &changes, Rights::Watch).await?;
    let mut outcome = finish(rollout, journal, &promises).await?;
    if promises.is_empty() {
        outcome.warnings.push("no digest is recorded for that revision, so what runs could not be proven".to_owned());
    }
    Ok(outcome.about(image).instead_of(removed, running(service)))
}

/// Follows a way back that another run has begun, and proves what it brings.
async fn join(
    rollout: &mut Rollout<'_>,
    history: &History,
    deployment: &ServiceDeployment,
) -> Result<Outcome, Failure> {
    rollout.note(format!("{} is the way back already; following it", deployment.service_deployment_arn));
    let goal = history.goes_to(deployment).unwrap_or_default();
    let doing = |error: aws::AwsError| error.failure("read the task definition").state("the way back goes on");
    let definition = rollout.ecs.definition(goal).await.map_err(doing)?;
    let (promises, image) = promised(&definition, history.revision(goal), rollout.settings.container.as_deref());
    let journal = rollout.adopted(deployment, goal, Rights::Watch);
    Ok(finish(rollout, journal, &promises).await?.about(image))
}

/// Has ECS take back what is in flight, follows that to its end, and proves what is back.
async fn take_back(
    rollout: &mut Rollout<'_>,
    history: &History,
    deployment: &ServiceDeployment,
) -> Result<Outcome, Failure> {
    let leaving = history.goes_to(deployment).unwrap_or_default();
    let removed = history::image(rollout, history, leaving).await;
    let mut journal = rollout.adopted(deployment, leaving, Rights::Ours);
    if let Some(arn) = journal.arn.clone() {
        rollout.note(format!("taking back {}", arn.as_str()));
        rollout.ecs.take_back(&arn).await.map_err(|error| {
            let failure = error.failure("take back the deployment").subject(arn.as_str());
            failure.state("the deployment goes on")
        })?;
    }
    let (followed, _) = rollout.follow(&mut journal).await?;
    rollout.ended(&mut journal);
    let (verdict, cause) = match followed {
        Followed::Ended(End::RolledBack { cause, .. }) => (Verdict::RolledBack, cause),
        Followed::Ended(End::RollbackFailed { cause }) => (Verdict::RollbackFailed, cause),
        Followed::Ended(End::Stopped { cause }) => (Verdict::Stopped, cause),
        Followed::Ended(End::Stalled { cause }) => (Verdict::Stalled, cause),
        Followed::Ended(End::Superseded { by }) => (Verdict::Superseded, format!("{by} replaced it")),
        Followed::Ended(End::Unseen) => (Verdict::TimedOut, "its end was not seen".to_owned()),
        Followed::Ended(End::Successful) => {
            (Verdict::Refused, "it had succeeded before it could be taken back; run `mode: rollback` again".to_owned())
        }
        Followed::FarEnough => (Verdict::TimedOut, "its end was not seen".to_owned()),
        Followed::Interrupted(_) => (Verdict::Cancelled, "ECS goes on taking the deployment back".to_owned()),
    };
    let mut outcome = Outcome::new(verdict, rollout.settings, rollout.runner.now());
    outcome = outcome.of_deployment(&journal).of_record(&rollout.record);
    outcome.cause = Some(cause);
    if verdict == Verdict::RolledBack {
        outcome = back(rollout, history, (outcome, &journal)).await?.instead_of(removed, leaving);
    }
    Ok(outcome)
}

/// What is back after ECS took a deployment back, read back from the tasks.
async fn back(
    rollout: &Rollout<'_>,
    history: &History,
    (mut outcome, left): (Outcome, &Journal),
) -> Result<Outcome, Failure> {
    let doing = |error: aws::AwsError| error.failure("read back what runs").subject(rollout.settings.subject());
    let Some(service) = rollout.ecs.service().await.map_err(doing)? else { return Ok(outcome) };
    let now = running(&service).to_owned();
    let definition = rollout.ecs.definition(&now).await.map_err(doing)?;
    let (promises, image) = promised(&definition, history.revision(&now), rollout.settings.container.as_deref());
    let cause = |outcome: &Outcome, what: &str| Some(format!("{}; {what}", outcome.cause.as_deref().unwrap_or("")));
    match rollout.prove(starter(&service), None, &promises).await? {
        Proof::Kept { tasks } => outcome.tasks = tasks,
        Proof::Silent if promises.is_empty() => {
            outcome.warnings.push("no digest is recorded for that revision, so what runs could not be proven".into());
        }
        Proof::Silent => {
            outcome.cause = cause(&outcome, "ECS does not say which digest the tasks run");
            outcome.verdict = Verdict::UnverifiedDigest;
        }
        Proof::NoTasks => {
            outcome.cause = cause(&outcome, "no task runs");
            outcome.verdict = Verdict::UnverifiedZeroTasks;
        }
        Proof::Broken { seen } => {
            outcome.cause = cause(&outcome, &seen);
            outcome.verdict = Verdict::RollbackFailed;
        }
    }
    outcome.previous_task_definition = Some(left.task_definition.clone()).filter(|name| !name.is_empty());
    outcome.rolled_back_to = (outcome.verdict == Verdict::RolledBack).then(|| now.clone());
    outcome.task_definition = Some(now);
    Ok(outcome.about(image))
}

impl Outcome {
    /// Adds the image the run is about.
    fn about(mut self, image: Option<ImageRef>) -> Self {
        self.digest = image.as_ref().map(|image| image.digest.to_string());
        self.image = image.map(|image| image.to_string());
        self
    }

    /// Adds the image that was taken away, where the service is back on another one.
    fn instead_of(mut self, removed: Option<ImageRef>, task_definition: &str) -> Self {
        let other = removed.filter(|_| self.verdict == Verdict::RolledBack);
        self.removed = other
            .map(|image| image.to_string())
            .filter(|image| Some(image) != self.image.as_ref())
            .map(|image| Removed { image, task_definition: task_definition.to_owned() });
        self
    }
}
