//! `mode: resume` and `mode: recover`: on with, or back from, what an earlier run left in flight.

use crate::{
    codedeploy,
    decide::{self, Refusal, Roller},
    definition::Definition,
    deploy::refused,
    finish::finish,
    follow::Rights,
    history::promised,
    inputs::Engine,
    model::ServiceDeployment,
    outcome::Outcome,
    rollout::Rollout,
    shift,
    verdict::Verdict,
};
use aws::AwsError;
use github::Failure;
use subject::ImageRef;

/// A deployment in flight that a run of this suite began.
struct Ours {
    deployment: ServiceDeployment,
    definition: Definition,
    run: String,
}

/// Whether there is something of ours to go on with.
enum InFlight {
    Nothing,
    /// It cannot be in this service at all.
    Refused(Refusal),
    Foreign(String),
    Ours(Box<Ours>),
}

/// Goes on with it: follows it to its end, and answers its gates.
///
/// # Errors
/// A [`Failure`] when the world could not be read or written.
pub(crate) async fn resume(rollout: &mut Rollout<'_>) -> Result<Outcome, Failure> {
    match &rollout.settings.progress.engine {
        Engine::Ecs => {}
        Engine::CodeDeploy { .. } => return codedeploy::resume(rollout).await,
        Engine::LoadBalancer { .. } => {
            let why = "a shift between two services is not gone on with by another run".to_owned();
            let help = "`mode: recover` gives the traffic back; then deploy again".to_owned();
            return Ok(refused(rollout, Refusal { why, help }));
        }
    }
    let ours = match find(rollout).await? {
        InFlight::Ours(ours) => ours,
        InFlight::Nothing => return Ok(nothing(rollout)),
        InFlight::Refused(refusal) => return Ok(refused(rollout, refusal)),
        InFlight::Foreign(arn) => return Ok(foreign(rollout, &arn)),
    };
    let arn = ours.deployment.service_deployment_arn.clone();
    rollout.note(format!("going on with {arn}, begun by {}", ours.run));
    if rollout.settings.dry_run {
        return Ok(planned(rollout, format!("would go on with {arn}")));
    }
    let (promises, image) = promised(&ours.definition, None, rollout.settings.container.as_deref());
    let journal = rollout.adopted(&ours.deployment, ours.definition.arn(), Rights::Ours);
    Ok(about(finish(rollout, journal, &promises).await?, image))
}

/// Takes it back.
///
/// # Errors
/// A [`Failure`] when the world could not be read or written.
pub(crate) async fn recover(rollout: &mut Rollout<'_>) -> Result<Outcome, Failure> {
    match &rollout.settings.progress.engine {
        Engine::Ecs => {}
        Engine::CodeDeploy { .. } => return codedeploy::recover(rollout).await,
        Engine::LoadBalancer { alternate, rule } => return shift::recover(rollout, alternate, rule).await,
    }
    let ours = match find(rollout).await? {
        InFlight::Ours(ours) => ours,
        InFlight::Nothing => return Ok(nothing(rollout)),
        InFlight::Refused(refusal) => return Ok(refused(rollout, refusal)),
        InFlight::Foreign(arn) => return Ok(foreign(rollout, &arn)),
    };
    let arn = ours.deployment.service_deployment_arn.clone();
    rollout.note(format!("taking back {arn}, begun by {}", ours.run));
    if rollout.settings.dry_run {
        return Ok(planned(rollout, format!("would take back {arn}")));
    }
    let journal = rollout.adopted(&ours.deployment, ours.definition.arn(), Rights::Ours);
    if let Some(own) = &journal.arn {
        rollout.ecs.take_back(own).await.map_err(|error| {
            error.failure("take back the deployment").subject(own.as_str()).state("the deployment goes on")
        })?;
    }
    let (promises, image) = promised(&ours.definition, None, rollout.settings.container.as_deref());
    Ok(about(finish(rollout, journal, &promises).await?, image))
}

async fn find(rollout: &Rollout<'_>) -> Result<InFlight, Failure> {
    let failed = |error: AwsError| {
        error.failure("look for what is in flight").subject(rollout.settings.subject()).state("nothing was changed")
    };
    let service = rollout.ecs.service().await.map_err(failed)?;
    if let Err(refusal) = decide::able(service.as_ref(), Roller::Ecs) {
        return Ok(InFlight::Refused(refusal));
    }
    let flying = rollout.ecs.in_flight().await.map_err(failed)?;
    let Some(deployment) = flying.into_iter().max_by_key(|one| one.created_at) else { return Ok(InFlight::Nothing) };
    let arn = deployment.service_deployment_arn.clone();
    let Some(target) = deployment.target() else { return Ok(InFlight::Foreign(arn)) };
    let revisions = rollout.ecs.revisions(&[target]).await.map_err(failed)?;
    let Some(revision) = revisions.first() else { return Ok(InFlight::Foreign(arn)) };
    let definition = rollout.ecs.definition(&revision.task_definition).await.map_err(failed)?;
    Ok(match definition.run_url().map(str::to_owned) {
        Some(run) => InFlight::Ours(Box::new(Ours { deployment, definition, run })),
        None => InFlight::Foreign(arn),
    })
}

pub(crate) fn nothing(rollout: &Rollout<'_>) -> Outcome {
    let outcome = Outcome::new(Verdict::NoOp, rollout.settings, rollout.runner.now());
    Outcome { cause: Some("nothing is in flight".to_owned()), ..outcome }
}

pub(crate) fn foreign(rollout: &Rollout<'_>, arn: &str) -> Outcome {
    let why = format!("{arn} is in flight, and no run of this suite is known to have begun it");
    let help = "leave it to whoever began it; `mode: rollback` takes back whatever is in flight".to_owned();
    refused(rollout, Refusal { why, help })
}

pub(crate) fn planned(rollout: &Rollout<'_>, what: String) -> Outcome {
    let outcome = Outcome::new(Verdict::Planned, rollout.settings, rollout.runner.now());
    Outcome { cause: Some(what), ..outcome }
}

pub(crate) fn about(outcome: Outcome, image: Option<ImageRef>) -> Outcome {
    let digest = image.as_ref().map(|image| image.digest.to_string());
    Outcome { image: image.map(|image| image.to_string()), digest, ..outcome }
}
