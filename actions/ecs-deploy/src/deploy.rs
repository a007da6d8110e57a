//! `mode: deploy`, from top to bottom.

use crate::{
    base, codedeploy,
    decide::{self, Facts, InFlight, Plan, Presence, Refusal, Release, Roller, Source, Wish},
    definition::{self, Definition},
    finish::{finish, keep},
    follow::Rights,
    history::promised,
    identity::running,
    inputs::{Engine, Forth},
    outcome::Outcome,
    overrides::Overrides,
    prove::Promise,
    rollout::Rollout,
    verdict::Verdict,
};
use evidence::Evidence;
use github::{Exit, Failure};
use oci::Kind;
use std::collections::BTreeSet;
use subject::{Digest, ImageRef, Reference, Repository};

/// Opens the registry and the evidence of a repository.
pub(crate) type Open<'a, 'r> = &'a dyn Fn(&Repository) -> Result<Evidence<'r>, Failure>;

/// Revisions of the family in which an equal one is looked for.
const RECENT: u32 = 3;

/// What helps where an image is for no container, or for many.
pub(crate) const NAME_A_CONTAINER: &str =
    "set `container` to the container that runs the image; `overrides` name containers as they are";

/// Puts a release into the service.
///
/// # Errors
/// A [`Failure`] when the world could not be read or written.
pub(crate) async fn deploy(
    rollout: &mut Rollout<'_>,
    forth: &Forth,
    image: Option<&ImageRef>,
    open: Open<'_, '_>,
) -> Result<Outcome, Failure> {
    let (mut facts, base) = observe(rollout, forth).await?;
    let container = rollout.settings.container.as_deref();
    let overrides = match forth.overrides.clone().with(image, container, &base) {
        Ok(overrides) => overrides,
        Err(_) if decide::able(facts.service.as_ref(), rollout.settings.roller()).is_err() => forth.overrides.clone(),
        Err(error) => {
            return Ok(refused(rollout, Refusal { why: error.to_string(), help: NAME_A_CONTAINER.to_owned() }));
        }
    };
    let promises = promises(rollout, &overrides, open).await?;
    let (promises, presence) = promises.into_iter().unzip();
    facts.presence = presence;
    let wish = Wish {
        overrides,
        tasks: rollout.tasks,
        on_competing: rollout.settings.on_competing,
        breaker: rollout.settings.breaker,
        progress: rollout.settings.progress.clone(),
    };
    let plan = decide::decide(&facts, &wish);
    let first = facts.presence.first().map(|(image, _)| image.clone());
    rollout.image = image.or(first.as_ref()).map(ToString::to_string).unwrap_or_default();
    let (outcome, seen) = carry_out(rollout, &facts, plan, promises).await?;
    let image = image.cloned().or(first).or(seen);
    let outcome = match &facts.service {
        Some(service) => outcome.of_service(service),
        None => outcome,
    };
    let digest = image.as_ref().map(|image| image.digest.to_string());
    Ok(Outcome { image: image.map(|image| image.to_string()), digest, ..outcome })
}

/// What was decided, done.
async fn carry_out(
    rollout: &mut Rollout<'_>,
    facts: &Facts,
    plan: Plan,
    promises: Vec<Promise>,
) -> Result<(Outcome, Option<ImageRef>), Failure> {
    let settings = rollout.settings;
    Ok(match plan {
        Plan::Refuse(refusal) => (refused(rollout, refusal), None),
        Plan::Keep => {
            let (promises, image) = or_recorded(promises, &facts.definition);
            (keep(rollout, facts.service.as_ref(), &promises).await?, image)
        }
        Plan::Release(release) if settings.dry_run => (planned(rollout, &release), None),
        Plan::Adopt { deployment, task_definition, may_stop } => {
            let rights = if may_stop { Rights::Ours } else { Rights::Watch };
            let arn = &deployment.service_deployment_arn;
            rollout.note(format!("adopting {arn}, begun by a run of ours for the same release"));
            if settings.dry_run {
                return Ok((Outcome::new(Verdict::Planned, settings, rollout.runner.now()), None));
            }
            let (promises, image) = read_promises(rollout, promises, &task_definition).await?;
            let journal = rollout.adopted(&deployment, &task_definition, rights);
            (finish(rollout, journal, &promises).await?, image)
        }
        Plan::Release(release) => begin(rollout, facts, &release, promises).await?,
    })
}

pub(crate) fn refused(rollout: &Rollout<'_>, refusal: Refusal) -> Outcome {
    let outcome = Outcome::new(Verdict::Refused, rollout.settings, rollout.runner.now());
    Outcome { cause: Some(refusal.why), help: Some(refusal.help), ..outcome }
}

/// An image, and whether the registry has it.
pub(crate) type Sought = (ImageRef, Presence);

/// What each container that gets an image is promised to run. A registry that may not be asked is told of.
pub(crate) async fn promises(
    rollout: &Rollout<'_>,
    overrides: &Overrides,
    open: Open<'_, '_>,
) -> Result<Vec<(Promise, Sought)>, Failure> {
    let mut promises = Vec::new();
    for (container, image) in overrides.images() {
        let (presence, platforms) = look_for(&image, &open(&image.repository)?).await?;
        if let Presence::Unknown(why) = &presence {
            let what = format!("could not ask the registry whether it has {image}: {why}; ECS will find out");
            rollout.runner.warning(what);
        }
        promises.push((Promise { container, digest: image.digest, platforms }, (image, presence)));
    }
    Ok(promises)
}

/// Whether the registry has the image, and which manifests it lists where it is an index.
///
/// A registry that does not let this run look may let ECS's own role look, so that alone is not an end; one that does not
/// answer is.
pub(crate) async fn look_for(
    image: &ImageRef,
    evidence: &Evidence<'_>,
) -> Result<(Presence, BTreeSet<Digest>), Failure> {
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

/// Reads everything the decision is made from but the registry, and what is built on.
pub(crate) async fn observe(rollout: &Rollout<'_>, forth: &Forth) -> Result<(Facts, Definition), Failure> {
    let ecs = &rollout.ecs;
    let failed = |error: aws::AwsError| {
        error.failure("read the service").subject(rollout.settings.subject()).state("nothing was changed")
    };
    let service = ecs.service().await.map_err(failed)?;
    let mut facts = Facts { service, run_url: rollout.runner.context().run_url(), ..Facts::default() };
    // What is refused anyway is not asked about any further.
    let roller = rollout.settings.roller();
    let Ok(service) = decide::able(facts.service.as_ref(), roller) else {
        return Ok((facts, Definition::default()));
    };
    facts.definition = ecs.definition(running(service)).await.map_err(failed)?;
    // Only what ECS rolls out itself has service deployments.
    let in_flight = if roller == Roller::Ecs { ecs.in_flight().await.map_err(failed)? } else { Vec::new() };
    for deployment in in_flight {
        let definition = origin(rollout, deployment.target()).await;
        facts.in_flight.push(InFlight { definition, deployment });
    }
    facts.base = match &rollout.base {
        Some(base) => Some(base.clone()),
        None => base::read(rollout, &forth.base).await?,
    };
    let base = facts.base.clone().unwrap_or_else(|| facts.definition.clone());
    // An equal revision is welcome and not needed: who may not list them registers one.
    match ecs.recent(base.family(), RECENT).await {
        Ok(recent) => facts.recent = recent,
        Err(error) => rollout.runner.detail(format!("no equal revision was looked for: {error}")),
    }
    Ok((facts, base))
}

/// The task definition a revision deploys; unreadable is unknown, and unknown is foreign.
async fn origin(rollout: &Rollout<'_>, revision: Option<&str>) -> Option<Definition> {
    let revisions = rollout.ecs.revisions(&[revision?]).await.ok()?;
    rollout.ecs.definition(&revisions.first()?.task_definition).await.ok()
}

/// The promises made, else those that the task definition itself makes by the digests it names.
fn or_recorded(promises: Vec<Promise>, definition: &Definition) -> (Vec<Promise>, Option<ImageRef>) {
    if promises.is_empty() { promised(definition, None, None) } else { (promises, None) }
}

async fn read_promises(
    rollout: &Rollout<'_>,
    promises: Vec<Promise>,
    task_definition: &str,
) -> Result<(Vec<Promise>, Option<ImageRef>), Failure> {
    if !promises.is_empty() {
        return Ok((promises, None));
    }
    let doing = |error: aws::AwsError| error.failure("read the task definition").state("the service was not changed");
    let definition = rollout.ecs.definition(task_definition).await.map_err(doing)?;
    Ok(or_recorded(promises, &definition))
}

fn planned(rollout: &Rollout<'_>, release: &Release) -> Outcome {
    let runner = rollout.runner;
    runner.info(match &release.source {
        Source::Register(_) => "would register a revision, and deploy it".to_owned(),
        Source::Reuse(arn) => format!("would deploy {arn}, which means the same already"),
        Source::Again => "would deploy the service's task definition again".to_owned(),
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
async fn begin(
    rollout: &mut Rollout<'_>,
    facts: &Facts,
    release: &Release,
    promises: Vec<Promise>,
) -> Result<(Outcome, Option<ImageRef>), Failure> {
    let cancelled = |rollout: &Rollout<'_>| {
        let outcome = Outcome::new(Verdict::Cancelled, rollout.settings, rollout.runner.now());
        (Outcome { cause: Some("the service was not changed".to_owned()), ..outcome }, None)
    };
    // From here on a signal is ours to heed; until here the kit ends the process, and nothing was changed.
    if rollout.runner.cancel().is_requested() {
        return Ok(cancelled(rollout));
    }
    let Some(service) = &facts.service else { return Ok(cancelled(rollout)) };
    for arn in &release.supersedes {
        rollout.note(format!("replacing {arn}, as on-competing: supersede asks"));
    }
    let task_definition = prepare(rollout, service, release, &promises).await?;
    if rollout.runner.cancel().is_requested() {
        return Ok(cancelled(rollout));
    }
    let (promises, image) = read_promises(rollout, promises, &task_definition).await?;
    let outcome = match &rollout.settings.progress.engine {
        Engine::CodeDeploy { .. } => codedeploy::begin(rollout, service, &task_definition, &promises).await?,
        Engine::Ecs | Engine::LoadBalancer { .. } => {
            let journal = rollout.begin(service, &task_definition, &release.update, Rights::Ours).await?;
            finish(rollout, journal, &promises).await?
        }
    };
    Ok((Outcome { diff: release.diff.clone(), ..outcome }, image))
}

/// The task definition to deploy: registered, or one that is there already and says from now on that it is this run's.
async fn prepare(
    rollout: &mut Rollout<'_>,
    service: &crate::model::Service,
    release: &Release,
    promises: &[Promise],
) -> Result<String, Failure> {
    let digests: Vec<String> = promises.iter().map(|promise| promise.digest.to_string()).collect();
    let state = |failure: Failure, rollout: &Rollout<'_>| {
        failure.subject(rollout.settings.subject()).state("the service was not changed")
    };
    match &release.source {
        Source::Register(registration) => {
            let family = registration["family"].as_str().unwrap_or_default();
            rollout.note(format!("registering a revision of {family} with {}", digests.join(", ")));
            let registered = rollout.patiently(async || rollout.ecs.register(registration).await).await;
            let arn = registered.map_err(|error| state(error.failure("register the task definition"), rollout))?;
            rollout.registered = Some(arn.clone());
            Ok(arn)
        }
        Source::Reuse(arn) => {
            rollout.note(format!("{arn} means the same already; nothing is registered"));
            if let Some(tag) = definition::run_tag(rollout.runner.context().run_url().as_deref())
                && let Err(error) = rollout.ecs.tag(arn, &tag).await
            {
                rollout.runner.warning(format!("could not write on {arn} that this run deploys it: {error}"));
            }
            Ok(arn.clone())
        }
        Source::Again => Ok(running(service).to_owned()),
    }
}

/// The image as it is to be deployed: pinned already, or resolved once because that was asked for.
///
/// # Errors
/// A [`Failure`] when the tag cannot be resolved.
pub(crate) async fn pin(reference: &Reference, evidence: &Evidence<'_>) -> Result<ImageRef, Failure> {
    match reference {
        Reference::Image(image) => Ok(image.clone()),
        Reference::Tag(tag) => evidence.registry().resolve(tag).await.map_err(|error| {
            let exit = if error.is_not_found() { Exit::Refused } else { Exit::Unknown };
            let failure = Failure::new(exit, "resolve the tag").subject(tag).because(error.cause());
            failure.state("nothing was changed").help("check the tag, and that this job may read the repository")
        }),
    }
}
