//! `engine: load-balancer`: the release goes into the service without traffic, and then the traffic goes to the release.
//!
//! What the weights were is written down before they are touched, twice: as this job's state, which the post step reads, and
//! as a tag on the service that had the traffic, which any later run reads.

mod balancer;
mod record;
mod rule;
mod sides;

pub(crate) use record::Record;

use crate::{
    decide::Refusal,
    deploy::{self, Open, refused},
    finish::keep,
    history::promised,
    host::Floor,
    identity::running,
    inputs::{Engine, Forth, Progress, Settings},
    model::Service,
    observe::Ecs,
    outcome::Outcome,
    rollout::Rollout,
    verdict::Verdict,
};
use ::rollout::{Journal, Strategy, drive};
use aws::{Aws, AwsError};
use balancer::Balancer;
use github::{Failure, Runner};
use jiff::SignedDuration;
use rule::{Actions, Weights};
use serde_json::json;
use sides::Sides;
use subject::ImageRef;

/// The world as a shift finds it.
struct Found {
    sides: Sides,
    stable: Service,
    actions: Actions,
}

/// Puts a release into the service without traffic, and moves the traffic there.
///
/// # Errors
/// A [`Failure`] when the world could not be read or written.
pub(crate) async fn deploy(
    rollout: &mut Rollout<'_>,
    forth: &Forth,
    image: Option<&ImageRef>,
    open: Open<'_, '_>,
) -> Result<Outcome, Failure> {
    let Engine::LoadBalancer { alternate, rule } = &rollout.settings.progress.engine else {
        return deploy::deploy(rollout, forth, image, open).await;
    };
    let found = match find(rollout, alternate, rule).await? {
        Ok(found) => found,
        Err(refusal) => return Ok(refused(rollout, refusal)),
    };
    let settings = Settings { service: found.sides.candidate.name.clone(), ..rollout.settings.clone() };
    let mut side = Rollout::new(rollout.runner, ecs_of(&rollout.ecs, &settings.service), &settings);
    side.base = base(rollout, &found.stable).await?;
    side.tasks = Some(found.stable.desired_count.max(1));
    side.note(format!("`{}` has the traffic; the release goes into `{}`", found.sides.stable.name, settings.service));
    if !settings.dry_run {
        attach(&side, rule, &found).await?;
    }
    let outcome = deploy::deploy(&mut side, forth, image, open).await?;
    if !matches!(outcome.verdict, Verdict::Deployed | Verdict::NoOp) {
        let what = format!("no traffic was moved; `{}` has all of it", found.sides.stable.name);
        let cause = outcome.cause.as_ref().map_or(what.clone(), |cause| format!("{cause}; {what}"));
        return Ok(Outcome { cause: Some(cause), ..outcome });
    }
    if settings.dry_run {
        return Ok(planned(&side, format!("would move the traffic to `{}`, which runs the release", settings.service)));
    }
    move_traffic(&mut side, rule, &found, outcome).await
}

fn planned(rollout: &Rollout<'_>, what: String) -> Outcome {
    Outcome { cause: Some(what), ..Outcome::new(Verdict::Planned, rollout.settings, rollout.runner.now()) }
}

/// `mode: rollback`: the traffic goes back to the other service, which still runs the release before.
///
/// # Errors
/// A [`Failure`] when the world could not be read or written.
pub(crate) async fn rollback(rollout: &Rollout<'_>, alternate: &str, rule: &str) -> Result<Outcome, Failure> {
    let found = match find(rollout, alternate, rule).await? {
        Ok(found) => found,
        Err(refusal) => return Ok(refused(rollout, refusal)),
    };
    let progress = Progress {
        gate: None,
        bake: SignedDuration::ZERO,
        strategy: Some(Strategy::BlueGreen),
        ..rollout.settings.progress.clone()
    };
    let settings = Settings { service: found.sides.candidate.name.clone(), progress, ..rollout.settings.clone() };
    let mut side = Rollout::new(rollout.runner, ecs_of(&rollout.ecs, &settings.service), &settings);
    let failed = |error: AwsError| error.failure("read what the other service runs").state("nothing was changed");
    let other = side.ecs.service().await.map_err(failed)?.unwrap_or_default();
    let definition = side.ecs.definition(running(&other)).await.map_err(failed)?;
    let (promises, image) = promised(&definition, None, settings.container.as_deref());
    let proven = keep(&side, Some(&other), &promises).await?;
    if proven.verdict != Verdict::NoOp {
        let what = format!("`{}` is no release to go back to: {}", settings.service, proven.cause.unwrap_or_default());
        let help = "deploy the release before with `mode: deploy`".to_owned();
        return Ok(refused(rollout, Refusal { why: what, help }));
    }
    if settings.dry_run {
        return Ok(planned(&side, format!("would give all of the traffic to `{}`", settings.service)));
    }
    let digest = image.as_ref().map(|image| image.digest.to_string());
    let outcome = Outcome { image: image.map(|image| image.to_string()), digest, ..proven };
    let moved = move_traffic(&mut side, rule, &found, outcome).await?;
    let verdict = match moved.verdict {
        Verdict::Deployed => Verdict::RolledBack,
        Verdict::RolledBack => Verdict::RollbackFailed,
        other => other,
    };
    let rolled_back_to = (verdict == Verdict::RolledBack).then(|| running(&other).to_owned());
    Ok(Outcome { verdict, rolled_back_to, ..moved }.of_service(&other))
}

fn ecs_of(ecs: &Ecs, service: &str) -> Ecs {
    Ecs { service: service.to_owned(), ..ecs.clone() }
}

/// Reads both services and the rule.
async fn find(rollout: &Rollout<'_>, alternate: &str, rule: &str) -> Result<Result<Found, Refusal>, Failure> {
    let failed = |error: AwsError| error.failure("read the two services and their rule").state("nothing was changed");
    let (ecs, other) = (&rollout.ecs, ecs_of(&rollout.ecs, alternate));
    let (one, two) = (ecs.service().await.map_err(failed)?, other.service().await.map_err(failed)?);
    let actions = balancer::read(&ecs.aws, rule).await.map_err(|error| failed(error).subject(rule))?;
    let named = ((ecs.service.as_str(), one.as_ref()), (alternate, two.as_ref()));
    let sides = match Sides::tell(named.0, named.1, &actions) {
        Ok(sides) => sides,
        Err(refusal) => return Ok(Err(refusal)),
    };
    // The record is on the service that had the traffic before: with all of it moved already, that is the other one.
    for (name, service) in [(ecs.service.as_str(), &one), (alternate, &two)] {
        let Some(service) = service else { continue };
        if let Some((_, run)) = recorded(ecs, service, name).await? {
            return Ok(Err(Refusal {
                why: format!("a shift away from `{name}` was not brought to its end: {run}"),
                help: "wait for that run, or `mode: recover` when it is gone".to_owned(),
            }));
        }
    }
    let stable = if sides.stable.name == ecs.service { one } else { two }.unwrap_or_default();
    Ok(Ok(Found { sides, stable, actions }))
}

/// What the tag on a service says. One that cannot be read is not none.
async fn recorded(ecs: &Ecs, service: &Service, name: &str) -> Result<Option<(Record, String)>, Failure> {
    let doing = "find a shift that was not brought to its end";
    let answer = ecs.call("ListTagsForResource", json!({"resourceArn": service.service_arn})).await;
    let answer = answer.map_err(|error| error.failure(doing).subject(name).state("nothing was changed"))?;
    let tags = answer["tags"].as_array().cloned().unwrap_or_default();
    let value = tags.iter().find(|tag| tag["key"] == record::TAG).and_then(|tag| tag["value"].as_str());
    let Some(value) = value else { return Ok(None) };
    Record::read(name, value).map(Some).ok_or_else(|| {
        let failure = Failure::new(github::Exit::Unknown, doing).subject(name);
        let failure = failure.because(format!("its tag `{}` cannot be read: {value}", record::TAG));
        failure.state("nothing was changed").help("look at the rule's weights, then take the tag off the service")
    })
}

/// What the service with the traffic runs: the release is that, with what is asked for changed.
async fn base(rollout: &Rollout<'_>, stable: &Service) -> Result<Option<crate::definition::Definition>, Failure> {
    let crate::inputs::Goal::Deploy(forth) = &rollout.settings.goal else { return Ok(None) };
    match crate::base::read(rollout, &forth.base).await? {
        Some(base) => Ok(Some(base)),
        None => {
            let read = rollout.ecs.definition(running(stable)).await;
            read.map(Some).map_err(|error| error.failure("read the task definition").state("nothing was changed"))
        }
    }
}

/// Has the rule name the candidate's group, without traffic: only then the load balancer checks its health.
async fn attach(side: &Rollout<'_>, rule: &str, found: &Found) -> Result<(), Failure> {
    let groups = found.sides.groups();
    if found.actions.names(groups.candidate) {
        return Ok(());
    }
    side.runner.info(format!("attaching {} to the rule, without traffic", groups.candidate));
    let actions = found.actions.with(groups, found.sides.weights);
    balancer::write(&side.ecs.aws, rule, &actions).await.map_err(|error| {
        error.failure("attach the target group to the rule").subject(rule).state("no traffic was moved")
    })
}

/// Moves the traffic as planned, or back.
async fn move_traffic(side: &mut Rollout<'_>, rule: &str, found: &Found, outcome: Outcome) -> Result<Outcome, Failure> {
    let settings = side.settings;
    let plan = settings.progress.plan(settings.wait);
    let plan = plan.map_err(|error| Failure::new(github::Exit::BadInput, "make a plan").because(error))?;
    let record = Record::of(&found.sides);
    let failed = |error: AwsError| {
        let state = format!("no traffic was moved; `{}` runs the release without traffic", settings.service);
        error.failure("write down the rule's weights").state(state)
    };
    let run_url = side.runner.context().run_url();
    let tag = record.tag(run_url.as_deref());
    let tagged = side.patiently(async || side.ecs.tag(&found.stable.service_arn, &tag).await).await;
    tagged.map_err(failed)?;
    record.save(side.runner);
    let mut sides = found.sides.clone();
    sides.candidate.tasks = sides.candidate.tasks.max(found.stable.desired_count);
    let before = side.patiently(async || balancer::read(&side.ecs.aws, rule).await).await.map_err(failed)?;
    let aws = side.ecs.aws.clone();
    let mut target =
        Balancer { aws: &aws, rule, sides: &sides, before, promoted: false, returning: false, failures: 0 };
    let image = outcome.image.clone().unwrap_or_default();
    // The way back needs no more than the record says.
    let floor = Floor::new(side.runner, settings, image, |_: &Journal| {});
    let mut journal = Journal { plan, began: side.runner.now(), entries: Vec::new() };
    let end = drive(&mut target, &floor, &mut journal).await.map_err(|error| {
        error
            .failure("move the traffic")
            .subject(rule)
            .state("the weights may be anywhere between old and new")
            .help("the post step gives everything back; `mode: recover` does so at any time")
    })?;
    let told = floor.told.take();
    finish(side, found, record, (outcome, told, end)).await
}

/// Writes down the end, and says what it comes to.
async fn finish(
    side: &mut Rollout<'_>,
    found: &Found,
    record: Record,
    (outcome, told, end): (Outcome, Vec<(jiff::Timestamp, String)>, ::rollout::End),
) -> Result<Outcome, Failure> {
    let (verdict, cause) = Verdict::of_rollout(&end);
    let mut outcome = Outcome { verdict, cause: cause.or(outcome.cause.clone()), ..outcome };
    // A shift whose end nobody knows stays written down.
    if verdict != Verdict::RollbackFailed {
        Record { open: false, ..record }.save(side.runner);
        if let Err(error) = side.patiently(async || untag(&side.ecs, &found.stable.service_arn).await).await {
            outcome.warnings.push(format!("could not take the record of this shift off the service: {error}"));
        }
    }
    let moment = |(at, what): (jiff::Timestamp, String)| crate::outcome::Moment { at: Some(at), what };
    outcome.timeline.extend(told.into_iter().map(moment));
    if verdict == Verdict::RolledBack {
        outcome.rolled_back_to = Some(running(&found.stable).to_owned());
    }
    outcome.live_service = match verdict {
        Verdict::Deployed => Some(found.sides.candidate.name.clone()),
        Verdict::RolledBack | Verdict::Cancelled => Some(found.sides.stable.name.clone()),
        _ => None,
    };
    outcome.previous_task_definition = Some(running(&found.stable).to_owned());
    Ok(outcome)
}

async fn untag(ecs: &Ecs, arn: &str) -> Result<(), AwsError> {
    ecs.call("UntagResource", json!({"resourceArn": arn, "tagKeys": [record::TAG]})).await.map(drop)
}

/// Why traffic must not be moved between the two services now, where this action is to move it.
///
/// # Errors
/// A [`Failure`] when the world could not be read.
pub(crate) async fn refusal(rollout: &Rollout<'_>) -> Result<Option<Refusal>, Failure> {
    match &rollout.settings.progress.engine {
        Engine::Ecs | Engine::CodeDeploy { .. } => Ok(None),
        Engine::LoadBalancer { alternate, rule } => Ok(find(rollout, alternate, rule).await?.err()),
    }
}

/// The weights of two groups in a rule.
///
/// # Errors
/// Whatever the load balancer answers; a rule that is not between the two has none to tell.
pub(crate) async fn weights(aws: &Aws, rule: &str, (one, other): (&str, &str)) -> Result<Weights, AwsError> {
    let weights = balancer::read(aws, rule).await?.weights(rule::Groups { stable: one, candidate: other });
    weights.map_err(|error| AwsError {
        service: "elasticloadbalancing",
        operation: "DescribeRules".to_owned(),
        code: "UnexpectedRule".to_owned(),
        message: error.to_string(),
        request_id: None,
        status: None,
    })
}

/// How many healthy targets a group has.
///
/// # Errors
/// Whatever the load balancer answers.
pub(crate) async fn healthy(aws: &Aws, group: &str) -> Result<usize, AwsError> {
    Ok(balancer::targets(aws, group).await?.iter().filter(|(state, _)| state == "healthy").count())
}

/// `mode: recover`: gives everything back to the service that had it before a shift whose runner is gone.
///
/// # Errors
/// A [`Failure`] when the world could not be read or written.
pub(crate) async fn recover(rollout: &Rollout<'_>, alternate: &str, rule: &str) -> Result<Outcome, Failure> {
    let failed =
        |error: AwsError| error.failure("find a shift that was not brought to its end").state("nothing was changed");
    for name in [rollout.ecs.service.as_str(), alternate] {
        let ecs = ecs_of(&rollout.ecs, name);
        let Some(service) = ecs.service().await.map_err(failed)? else { continue };
        let Some((record, run)) = recorded(&ecs, &service, name).await? else { continue };
        rollout.runner.info(format!("`{name}` had the traffic before a shift of {run}"));
        if rollout.settings.dry_run {
            return Ok(planned(rollout, format!("would give everything back to `{name}`")));
        }
        restore(rollout.runner, &rollout.ecs, rule, &record).await?;
        if let Err(error) = untag(&ecs, &service.service_arn).await {
            rollout.runner.warning(format!("could not take the record of the shift off the service: {error}"));
        }
        let outcome = Outcome::new(Verdict::RolledBack, rollout.settings, rollout.runner.now());
        let cause = Some(format!("`{name}` has all of the traffic again, as before the shift of {run}"));
        let task_definition = Some(running(&service).to_owned());
        return Ok(Outcome { cause, live_service: Some(name.to_owned()), rolled_back_to: task_definition, ..outcome });
    }
    let outcome = Outcome::new(Verdict::NoOp, rollout.settings, rollout.runner.now());
    Ok(Outcome { cause: Some("no shift is on record that was not brought to its end".to_owned()), ..outcome })
}

/// Writes the weights of before, and reads them back.
///
/// # Errors
/// A [`Failure`] when the rule is not what the record is about, or could not be written.
pub(crate) async fn restore(runner: &Runner, ecs: &Ecs, rule: &str, record: &Record) -> Result<(), Failure> {
    let doing = "give the traffic back";
    let failed = |error: AwsError| error.failure(doing).subject(rule).state("the weights may be anywhere");
    let group = async |name: &str| -> Result<String, Failure> {
        let service = ecs_of(ecs, name).service().await.map_err(failed)?;
        let group = service.and_then(|service| service.load_balancers.first()?.target_group_arn.clone());
        group.ok_or_else(|| Failure::new(github::Exit::Unknown, doing).subject(name).because("it has no target group"))
    };
    let (stable, candidate) = (group(&record.stable).await?, group(&record.candidate).await?);
    let groups = rule::Groups { stable: &stable, candidate: &candidate };
    let actions = balancer::read(&ecs.aws, rule).await.map_err(failed)?;
    let weights = actions.weights(groups).map_err(|error| {
        Failure::new(github::Exit::Refused, doing).subject(rule).because(error).state("the rule was not changed")
    })?;
    if weights.share() != record.weights.share() {
        runner.info(format!("giving everything back to `{}`", record.stable));
        balancer::write(&ecs.aws, rule, &actions.with(groups, record.weights)).await.map_err(failed)?;
    }
    let now = balancer::read(&ecs.aws, rule).await.map_err(failed)?.weights(groups).ok();
    if now.and_then(Weights::share) == record.weights.share() {
        return Ok(());
    }
    let failure = Failure::new(github::Exit::Unknown, doing).subject(rule).because("the weights read back are others");
    Err(failure.state("somebody else may be changing the rule"))
}

/// What the post step makes of a shift that main did not bring to its end.
///
/// # Errors
/// A [`Failure`] when the traffic could not be given back.
pub(crate) async fn post(runner: &Runner, ecs: &Ecs, settings: &Settings, record: &Record) -> Result<(), Failure> {
    let Engine::LoadBalancer { rule, .. } = &settings.progress.engine else { return Ok(()) };
    runner.info("main did not see the end of its shift; giving the traffic back");
    restore(runner, ecs, rule, record).await?;
    let stable = ecs_of(ecs, &record.stable);
    if let Ok(Some(service)) = stable.service().await
        && let Err(error) = untag(&stable, &service.service_arn).await
    {
        runner.warning(format!("could not take the record of the shift off the service: {error}"));
    }
    Record { open: false, ..record.clone() }.save(runner);
    runner.notice(format!("`{}` has all of the traffic again", record.stable));
    Ok(())
}
