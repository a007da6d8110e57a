//! `mode: deploy`, from top to bottom.

use crate::{
    decide::{self, Facts, InFlight, Plan, Presence, Release, Wish},
    definition::Definition,
    finish::{finish, keep},
    follow::Rights,
    identity::running,
    outcome::Outcome,
    prove::Promise,
    rollout::Rollout,
    verdict::Verdict,
};
use evidence::Evidence;
use github::{Exit, Failure};
use oci::Kind;
use std::collections::BTreeSet;
use subject::{Digest, ImageRef};

/// Puts an image into the service.
///
/// # Errors
/// A [`Failure`] when the world could not be read or written.
pub(crate) async fn deploy(
    rollout: &mut Rollout<'_>,
    image: &ImageRef,
    evidence: &Evidence<'_>,
) -> Result<Outcome, Failure> {
    let (facts, platforms) = observe(rollout, image, evidence).await?;
    let settings = rollout.settings;
    let wish = Wish {
        image: image.clone(),
        container: settings.container.clone(),
        on_competing: settings.on_competing,
        breaker: settings.breaker,
    };
    if let Presence::Unknown(why) = &facts.presence {
        rollout.runner.warning(format!("could not ask the registry whether it has {image}: {why}; ECS will find out"));
    }
    let plan = decide::decide(&facts, &wish);
    let promise = |container: &str| Promise { container: container.to_owned(), digest: image.digest, platforms };
    let service = facts.service.as_ref();
    let mut outcome = match plan {
        Plan::Refuse(refusal) => Outcome {
            cause: Some(refusal.why),
            help: Some(refusal.help),
            ..Outcome::new(Verdict::Refused, settings, rollout.runner.now())
        },
        Plan::Keep { container } => keep(rollout, service, std::slice::from_ref(&promise(&container))).await?,
        Plan::Release(release) if settings.dry_run => planned(rollout, &release),
        Plan::Adopt { container, deployment, task_definition, may_stop } => {
            let rights = if may_stop { Rights::Ours } else { Rights::Watch };
            let arn = &deployment.service_deployment_arn;
            rollout.note(format!("adopting {arn}, begun by a run of ours for the same image"));
            if settings.dry_run {
                Outcome::new(Verdict::Planned, settings, rollout.runner.now())
            } else {
                let journal = rollout.adopted(&deployment, &task_definition, rights);
                finish(rollout, journal, std::slice::from_ref(&promise(&container))).await?
            }
        }
        Plan::Release(release) => carry_out(rollout, &facts, &release, &promise(&release.container)).await?,
    };
    if let Some(service) = service {
        outcome = outcome.of_service(service);
    }
    Ok(Outcome { image: Some(image.to_string()), digest: Some(image.digest.to_string()), ..outcome })
}

/// Whether the registry has the image, and which manifests it lists where it is an index.
///
/// A registry that does not let this run look may let ECS's own role look, so that alone is not an end; one that does not
/// answer is.
async fn look_for(image: &ImageRef, evidence: &Evidence<'_>) -> Result<(Presence, BTreeSet<Digest>), Failure> {
    Ok(match evidence.registry().manifest(image).await {
        Ok(manifest) => match manifest.kind {
            Kind::Index(index) => (Presence::Present, index.manifests.iter().map(|entry| entry.digest).collect()),
            Kind::Image(_) => (Presence::Present, BTreeSet::new()),
        },
        Err(error) if error.is_not_found() => (Presence::Missing, BTreeSet::new()),
        Err(error) if error.is_unauthorized() => (Presence::Unknown(error.to_string()), BTreeSet::new()),
        Err(error) => {
            let failure = evidence::registry_failure("find the image", &error).because(error.cause());
            return Err(failure.subject(image).state("nothing was changed"));
        }
    })
}

/// Reads everything the decision is made from, and which manifests the image lists where it is an index.
async fn observe(
    rollout: &Rollout<'_>,
    image: &ImageRef,
    evidence: &Evidence<'_>,
) -> Result<(Facts, BTreeSet<Digest>), Failure> {
    let ecs = &rollout.ecs;
    let failed = |error: aws::AwsError| {
        error.failure("read the service").subject(rollout.settings.subject()).state("nothing was changed")
    };
    let service = ecs.service().await.map_err(failed)?;
    let (mut definition, mut in_flight) = (Definition::default(), Vec::new());
    if let Some(service) = service.as_ref().filter(|service| service.status == "ACTIVE") {
        definition = ecs.definition(running(service)).await.map_err(failed)?;
        for deployment in ecs.in_flight().await.map_err(failed)? {
            in_flight.push(InFlight { definition: origin(rollout, deployment.target()).await, deployment });
        }
    }
    let (presence, platforms) = look_for(image, evidence).await?;
    Ok((Facts { service, definition, in_flight, presence, run_url: rollout.runner.context().run_url() }, platforms))
}

/// The task definition a revision deploys; unreadable is unknown, and unknown is foreign.
async fn origin(rollout: &Rollout<'_>, revision: Option<&str>) -> Option<Definition> {
    let revisions = rollout.ecs.revisions(&[revision?]).await.ok()?;
    rollout.ecs.definition(&revisions.first()?.task_definition).await.ok()
}

fn planned(rollout: &Rollout<'_>, release: &Release) -> Outcome {
    let runner = rollout.runner;
    runner.info(match &release.registration {
        Some(_) => format!("would register a revision with another image for container `{}`", release.container),
        None => "would deploy the service's task definition again".to_owned(),
    });
    for name in release.update.keys() {
        runner.info(format!("would set {name} to {}", release.update[name]));
    }
    for arn in &release.supersedes {
        runner.info(format!("would replace {arn}"));
    }
    if let Some(diff) = &release.diff {
        diff.lines().for_each(|line| runner.info(line));
    }
    let outcome = Outcome::new(Verdict::Planned, rollout.settings, runner.now());
    Outcome { diff: release.diff.clone(), ..outcome }
}

/// Registers, updates, follows, proves.
async fn carry_out(
    rollout: &mut Rollout<'_>,
    facts: &Facts,
    release: &Release,
    promise: &Promise,
) -> Result<Outcome, Failure> {
    let cancelled = |rollout: &Rollout<'_>| {
        let outcome = Outcome::new(Verdict::Cancelled, rollout.settings, rollout.runner.now());
        Outcome { cause: Some("the service was not changed".to_owned()), ..outcome }
    };
    // From here on a signal is ours to heed; until here the kit ends the process, and nothing was changed.
    if rollout.runner.cancel().is_requested() {
        return Ok(cancelled(rollout));
    }
    let Some(service) = &facts.service else { return Ok(cancelled(rollout)) };
    for arn in &release.supersedes {
        rollout.note(format!("replacing {arn}, as on-competing: supersede asks"));
    }
    let task_definition = match &release.registration {
        Some(registration) => {
            rollout.note(format!("registering a revision of {} with {}", facts.definition.arn(), promise.digest));
            rollout.ecs.register(registration).await.map_err(|error| {
                let failure = error.failure("register the task definition").subject(rollout.settings.subject());
                failure.state("the service was not changed")
            })?
        }
        None => running(service).to_owned(),
    };
    if rollout.runner.cancel().is_requested() {
        return Ok(cancelled(rollout));
    }
    let journal = rollout.begin(service, &task_definition, &release.update, Rights::Ours).await?;
    let outcome = finish(rollout, journal, std::slice::from_ref(promise)).await?;
    Ok(Outcome { diff: release.diff.clone(), ..outcome })
}

/// The image as it is to be deployed: pinned already, or resolved once because that was asked for.
///
/// # Errors
/// A [`Failure`] when the tag cannot be resolved.
pub(crate) async fn pin(reference: &subject::Reference, evidence: &Evidence<'_>) -> Result<ImageRef, Failure> {
    match reference {
        subject::Reference::Image(image) => Ok(image.clone()),
        subject::Reference::Tag(tag) => evidence.registry().resolve(tag).await.map_err(|error| {
            let exit = if error.is_not_found() { Exit::Refused } else { Exit::Unknown };
            let failure = Failure::new(exit, "resolve the tag").subject(tag).because(error.cause());
            failure.state("nothing was changed").help("check the tag, and that this job may read the repository")
        }),
    }
}
