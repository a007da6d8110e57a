//! `mode: rollback`, from top to bottom.

use crate::{
    choose::{History, Return, choose},
    decide::{self, Facts, Presence, Refusal},
    definition::Definition,
    finish::finish,
    follow::{End, Rights},
    identity::running,
    inputs::Back,
    model::{Revision, Service},
    outcome::Outcome,
    prove::Promise,
    rollout::Rollout,
    verdict::Verdict,
    watch::Followed,
};
use github::Failure;
use serde_json::{Map, json};
use std::collections::BTreeSet;
use subject::{ImageRef, Reference};

/// Older revisions of the family that are tried when history has nothing.
const OLDER: u32 = 10;

/// Deployments of history whose revisions are read.
const DEEP: usize = 100;

/// Takes the service back.
///
/// # Errors
/// A [`Failure`] when the world could not be read or written.
pub(crate) async fn rollback(rollout: &mut Rollout<'_>, back: &Back) -> Result<Outcome, Failure> {
    let failed = |rollout: &Rollout<'_>, error: aws::AwsError| {
        error.failure("read the service's history").subject(rollout.settings.subject()).state("nothing was changed")
    };
    let service = rollout.ecs.service().await.map_err(|error| failed(rollout, error))?;
    let facts = Facts {
        service,
        definition: Definition::default(),
        in_flight: Vec::new(),
        presence: Presence::Present,
        run_url: None,
    };
    let service = match decide::able(&facts) {
        Ok(service) => service,
        Err(refusal) => return Ok(refused(rollout, refusal)),
    };
    let history = read(rollout, service).await.map_err(|error| failed(rollout, error))?;
    let outcome = match choose(&history, back) {
        Return::Refuse(refusal) => refused(rollout, refusal),
        Return::Already => Outcome {
            cause: Some("the service runs that already".to_owned()),
            ..Outcome::new(Verdict::NoOp, rollout.settings, rollout.runner.now())
        },
        Return::TakeBack(deployment) if rollout.settings.dry_run => {
            planned(rollout, &format!("take back {}", deployment.service_deployment_arn))
        }
        Return::TakeBack(deployment) => {
            let mut journal = rollout.adopted(&deployment, "", Rights::Ours);
            take_back(rollout, &mut journal).await?
        }
        Return::To { task_definition, revision } => {
            let revision = history.revisions.iter().find(|one| Some(&one.service_revision_arn) == revision.as_ref());
            to(rollout, service, &task_definition, revision).await?
        }
        Return::Older => match older(rollout, running(service)).await {
            Some(task_definition) => {
                rollout.runner.warning(format!(
                    "the service's history names no successful release; going back to {task_definition} by its number, \
                     which may never have been good"
                ));
                to(rollout, service, &task_definition, None).await?
            }
            None => refused(
                rollout,
                Refusal {
                    why: "there is nothing to go back to: no other successful deployment and no older active revision"
                        .into(),
                    help: "name a task definition by `to-revision`, or deploy an image with `mode: deploy`".into(),
                },
            ),
        },
    };
    Ok(outcome.of_service(service))
}

fn refused(rollout: &Rollout<'_>, refusal: Refusal) -> Outcome {
    let outcome = Outcome::new(Verdict::Refused, rollout.settings, rollout.runner.now());
    Outcome { cause: Some(refusal.why), help: Some(refusal.help), ..outcome }
}

fn planned(rollout: &Rollout<'_>, what: &str) -> Outcome {
    rollout.runner.info(format!("would {what}"));
    let outcome = Outcome::new(Verdict::Planned, rollout.settings, rollout.runner.now());
    Outcome { cause: Some(format!("would {what}")), ..outcome }
}

async fn read(rollout: &Rollout<'_>, service: &Service) -> Result<History, aws::AwsError> {
    let deployments = rollout.ecs.deployments(json!({})).await?;
    let targets: BTreeSet<&str> = deployments.iter().filter_map(|one| one.target()).take(DEEP).collect();
    let targets: Vec<&str> = targets.into_iter().collect();
    let revisions = rollout.ecs.revisions(&targets).await?;
    Ok(History { current: running(service).to_owned(), deployments, revisions })
}

/// The nearest older revision of the family that can still be deployed.
async fn older(rollout: &Rollout<'_>, current: &str) -> Option<String> {
    let (family, number) = current.rsplit_once(':')?;
    let number: u32 = number.parse().ok()?;
    for older in (1..number).rev().take(OLDER as usize) {
        if let Ok(definition) = rollout.ecs.definition(&format!("{family}:{older}")).await
            && definition.is_active()
        {
            return Some(definition.arn().to_owned());
        }
    }
    None
}

/// Deploys an older task definition and proves that its images run.
async fn to(
    rollout: &mut Rollout<'_>,
    service: &Service,
    task_definition: &str,
    revision: Option<&Revision>,
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
    let (promises, image) = promised(&definition, revision, rollout.settings.container.as_deref());
    let mut journal = rollout.begin(service, definition.arn(), &Map::new()).await?;
    rollout.leave_alone(&mut journal);
    let mut outcome = finish(rollout, journal, &promises).await?;
    if promises.is_empty() {
        outcome.warnings.push("no digest is recorded for that revision, so what runs could not be proven".to_owned());
    }
    outcome.digest = image.as_ref().map(|image| image.digest.to_string());
    outcome.image = image.map(|image| image.to_string());
    Ok(outcome)
}

/// What an old revision ran, by its own record, else by the digests its task definition names. The image is that of the
/// container asked for, else of the first.
fn promised(
    definition: &Definition,
    revision: Option<&Revision>,
    container: Option<&str>,
) -> (Vec<Promise>, Option<ImageRef>) {
    let mut promises = Vec::new();
    let mut image = None;
    for name in definition.names().filter(|name| container.is_none_or(|wanted| wanted == *name)) {
        let reference = definition.image(name).and_then(|text| text.parse::<Reference>().ok());
        let images = revision.map(|revision| revision.container_images.as_slice()).unwrap_or_default();
        let recorded = images.iter().find(|one| one.container_name == name).and_then(|one| one.image_digest.as_deref());
        let written = match &reference {
            Some(Reference::Image(image)) => Some(image.digest),
            _ => None,
        };
        let Some(digest) = recorded.and_then(|text| text.parse().ok()).or(written) else { continue };
        image = image.or_else(|| reference.map(|reference| reference.repository().image(digest)));
        promises.push(Promise { container: name.to_owned(), digest, platforms: written.into_iter().collect() });
    }
    (promises, image)
}

/// Has ECS take back what is in flight, and follows that to its end.
async fn take_back(rollout: &mut Rollout<'_>, journal: &mut crate::journal::Journal) -> Result<Outcome, Failure> {
    let arn = journal.arn.clone();
    if let Some(arn) = &arn {
        rollout.note(format!("taking back {}", arn.as_str()));
        rollout.ecs.take_back(arn).await.map_err(|error| {
            let failure = error.failure("take back the deployment").subject(arn.as_str());
            failure.state("the deployment goes on")
        })?;
    }
    let (followed, _) = rollout.follow(journal).await?;
    rollout.ended(journal);
    let (verdict, cause) = match followed {
        Followed::Ended(End::RolledBack { cause, .. }) => (Verdict::RolledBack, cause),
        Followed::Ended(End::RollbackFailed { cause }) => (Verdict::RollbackFailed, cause),
        Followed::Ended(End::Stopped { cause }) => (Verdict::Stopped, cause),
        Followed::Ended(End::Superseded { by }) => (Verdict::Superseded, format!("{by} replaced it")),
        Followed::Ended(End::Unseen) => (Verdict::TimedOut, "its end was not seen".to_owned()),
        Followed::Ended(End::Successful) => {
            (Verdict::Refused, "it had succeeded before it could be taken back; run `mode: rollback` again".to_owned())
        }
        Followed::Interrupted(_) => (Verdict::Cancelled, "ECS goes on taking the deployment back".to_owned()),
    };
    let mut outcome = Outcome::new(verdict, rollout.settings, rollout.runner.now());
    outcome = outcome.of_deployment(journal).of_record(&rollout.record);
    outcome.cause = Some(cause);
    if let (Verdict::RolledBack, Ok(Some(service))) = (verdict, rollout.ecs.service().await) {
        outcome.rolled_back_to = Some(running(&service).to_owned());
        outcome.task_definition = Some(running(&service).to_owned());
    }
    Ok(outcome)
}
