//! `engine: code-deploy`: the release is registered here, and CodeDeploy moves the traffic; followed by the deployment's own
//! id, and by that of the one that takes it back.
//!
//! What is about to be begun is written down before it is asked for, with the words that it will be described by: so a
//! deployment whose answer nobody saw is found again, by this step, by its post step, or by a later run.

mod calls;
mod info;
mod left;
mod record;

pub(crate) use left::{is_left, post, recover, resume};

use crate::{
    decide::Refusal,
    deploy::refused,
    diagnose, dossier,
    finish::{back_on, cause},
    follow::{End, Why},
    identity::{running, starter},
    model::Service,
    outcome::Outcome,
    prove::{Promise, Proof},
    rollout::{Rollout, may_have_acted},
    verdict::{self, Verdict},
    watch::{BUDGET, pace},
};
use aws::AwsError;
use calls::{call, order, read, recognise, stop};
use github::Failure;
use info::{Info, Patient, end};
use jiff::{SignedDuration, Timestamp};
use record::{Mark, OwnId, Phase, Record};
use std::time::Duration;

/// How long a way back may take to appear after the deployment has ended.
const APPEARING: SignedDuration = SignedDuration::from_secs(30);

/// How a deployment ended, and why it was taken back where it was; no end where a signal came first and time ran out.
type Followed = (Option<End>, Option<Why>);

/// Begins a deployment, follows it, proves it.
///
/// # Errors
/// A [`Failure`] when the world could not be read or written.
pub(crate) async fn begin(
    rollout: &mut Rollout<'_>,
    service: &Service,
    task_definition: &str,
    promises: &[Promise],
) -> Result<Outcome, Failure> {
    let now = rollout.runner.now();
    let mark = Mark::of(rollout.runner.context().run_url().as_deref(), task_definition, now);
    let input = order(rollout, service, (task_definition, &mark));
    let (began, phase) = (now.as_second(), Phase::Beginning);
    let mut record = Record { phase, mark, task_definition: task_definition.to_owned(), began };
    record.save(rollout.runner, Phase::Beginning);
    rollout.note(format!("asking CodeDeploy to bring {task_definition} to {}", rollout.settings.subject()));
    let answer = rollout.patiently(async || call(rollout, "CreateDeployment", &input).await).await;
    let own = match answer {
        Ok(answer) => OwnId::begun(&answer),
        Err(error) if may_have_acted(&error) => {
            rollout.runner.warning(format!("the answer was lost; looking for what it began: {error}"));
            Some(sought(rollout, &record).await?.ok_or_else(|| unseen(rollout, &error))?)
        }
        Err(error) => {
            record.save(rollout.runner, Phase::Ended);
            return not_begun(rollout, error);
        }
    };
    let Some(own) = own else {
        let failure = Failure::new(github::Exit::Unknown, "begin the deployment").because("the answer names none");
        return Err(failure.subject(rollout.settings.subject()).state("it may have begun; the post step looks for it"));
    };
    record.save(rollout.runner, Phase::Following(own.clone()));
    rollout.note(format!("deployment {} has begun", own.as_str()));
    let followed = follow(rollout, &own, None).await?;
    if followed.0.as_ref().is_some_and(|end| *end != End::Unseen) {
        record.save(rollout.runner, Phase::Ended);
    }
    let outcome = conclude(rollout, (&own, task_definition), followed, promises).await?;
    Ok(Outcome { previous_task_definition: Some(running(service).to_owned()), ..outcome })
}

/// What an answer comes to that says that nothing was begun.
fn not_begun(rollout: &Rollout<'_>, error: AwsError) -> Result<Outcome, Failure> {
    if error.code == "DeploymentLimitExceededException" {
        let why = format!("another deployment is in flight: {}", error.message);
        let help = "wait for its end, or take it back with `mode: recover` where a run of this suite began it";
        return Ok(refused(rollout, Refusal { why, help: help.to_owned() }));
    }
    let failure = error.failure("begin the deployment").subject(rollout.settings.subject());
    Err(failure.state("no deployment was begun; the service was not changed"))
}

fn unseen(rollout: &Rollout<'_>, error: &AwsError) -> Failure {
    let failure = error.failure("begin the deployment").subject(rollout.settings.subject());
    failure.state("none is listed that is ours; the post step looks once more")
}

/// The deployment that a call began whose answer was lost; lists lag.
async fn sought(rollout: &Rollout<'_>, record: &Record) -> Result<Option<OwnId>, Failure> {
    for _ in 0..5 {
        if let Ok(Some(own)) = recognise(rollout, record).await {
            return Ok(Some(own));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    recognise(rollout, record).await.map_err(|error| {
        let failure = error.failure("find the deployment that was begun").subject(rollout.settings.subject());
        failure.state("it may be in flight; the post step looks for it")
    })
}

/// What a deployment came to, with the proof of what runs.
async fn conclude(
    rollout: &mut Rollout<'_>,
    (own, task_definition): (&OwnId, &str),
    (ended, stopped): Followed,
    promises: &[Promise],
) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::new(Verdict::Cancelled, rollout.settings, rollout.runner.now());
    outcome.deployment_id = Some(own.as_str().to_owned());
    outcome.task_definition = Some(task_definition.to_owned());
    let Some(ended) = ended else {
        let cause = "the deployment is being taken back by CodeDeploy; the post step follows it to its end";
        return Ok(Outcome { cause: Some(cause.to_owned()), ..outcome });
    };
    let mut proof = None;
    if ended == End::Successful {
        let service = rollout.ecs.service().await.ok().flatten();
        let id = service.as_ref().map(starter).unwrap_or_default();
        proof = Some(rollout.prove(id, None, promises).await?);
    }
    outcome.verdict = verdict::conclude(&ended, stopped.as_ref(), proof.as_ref());
    outcome.cause = cause(&ended, proof.as_ref());
    if let Some(Proof::Kept { tasks }) = proof {
        outcome.tasks = tasks;
    }
    if outcome.verdict == Verdict::RolledBack {
        outcome.rolled_back_to = back_on(rollout).await;
    }
    if outcome.verdict != Verdict::Deployed {
        let (runner, ecs) = (rollout.runner, &rollout.ecs);
        outcome.diagnosis = dossier::gather(runner, ecs, &rollout.record, task_definition).await;
    }
    Ok(outcome.of_record(&rollout.record))
}

/// Follows a deployment to its end, or to that of its way back, which has been asked for already where there is a reason.
async fn follow(rollout: &mut Rollout<'_>, own: &OwnId, asked: Option<Why>) -> Result<Followed, Failure> {
    let began = rollout.runner.now();
    let mut deadline = began.saturating_add(rollout.settings.wait).unwrap_or(Timestamp::MAX);
    let (mut stopped, mut ended_at, mut cancelled_at): (_, Option<Timestamp>, Option<Timestamp>) = (asked, None, None);
    let mut told = String::new();
    for tick in 0_u64.. {
        let now = rollout.runner.now();
        if let Some(info) = read(rollout, own.as_str()).await? {
            let back = match &info.rollback_info.rollback_deployment_id {
                Some(back) => read(rollout, back).await?,
                None => None,
            };
            tell(rollout, &info, back.as_ref(), &mut told);
            if info.has_ended() {
                ended_at.get_or_insert(now);
            }
            let gone = ended_at.is_some_and(|at| now.duration_since(at) >= APPEARING);
            let patient = if gone { Patient::Gone } else { Patient::Waits };
            if let Some(end) = end(&info, back.as_ref(), stopped.as_ref(), patient) {
                return Ok((Some(end), stopped));
            }
            if info.instance_termination_wait_time_started && stopped.is_none() {
                // All of the traffic has moved; how long the old tasks stay is the group's to say.
                deadline = Timestamp::MAX;
            }
        }
        let hopeless = if tick.is_multiple_of(2) && stopped.is_none() { hopeless(rollout).await } else { None };
        let late = (now >= deadline && stopped.is_none()).then_some(Why::Deadline);
        let cancelled = rollout.runner.cancel().is_requested() && stopped != Some(Why::Cancelled);
        let why = if cancelled { Some(Why::Cancelled) } else { hopeless.map(Why::Hopeless).or(late) };
        if let Some(why) = why {
            if stop(rollout, own, &why).await {
                deadline = now.saturating_add(rollout.settings.wait).unwrap_or(Timestamp::MAX);
                stopped = Some(why);
            }
        } else if now >= deadline {
            return Ok((Some(End::Unseen), stopped));
        }
        if rollout.runner.cancel().is_requested() {
            cancelled_at.get_or_insert(now);
        }
        if !wait(rollout, began, cancelled_at).await {
            return Ok((None, stopped));
        }
    }
    Ok((Some(End::Unseen), stopped))
}

/// Waits for the next look; says no where a cancelled run has used up its time.
async fn wait(rollout: &Rollout<'_>, began: Timestamp, cancelled_at: Option<Timestamp>) -> bool {
    if let Some(since) = cancelled_at {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let spent = rollout.runner.now().duration_since(since);
        return SignedDuration::try_from(BUDGET).is_ok_and(|budget| spent < budget);
    }
    let elapsed = rollout.runner.now().duration_since(began);
    let _ = rollout.runner.sleep(pace(elapsed, rollout.settings.poll)).await;
    true
}

fn tell(rollout: &mut Rollout<'_>, own: &Info, back: Option<&Info>, told: &mut String) {
    let back = back.map(|back| format!(", {} takes it back: {}", back.deployment_id, back.status)).unwrap_or_default();
    let waiting = if own.instance_termination_wait_time_started { ", all of the traffic has moved" } else { "" };
    let text = format!("deployment {}{waiting}{back}", own.status);
    if *told != text {
        rollout.note(text.clone());
        *told = text;
    }
}

/// A cause among the stopped tasks of the new side that no retry will cure.
async fn hopeless(rollout: &mut Rollout<'_>) -> Option<String> {
    let service = rollout.ecs.service().await.ok()??;
    let green = service.task_sets.iter().find(|set| set.status == "ACTIVE")?.id.clone();
    let stopped = rollout.ecs.stopped().await.ok()?;
    let fresh: Vec<String> = stopped.into_iter().filter(|arn| rollout.record.seen.insert(arn.clone())).collect();
    for task in rollout.ecs.tasks(&fresh).await.ok()? {
        if task.started_by.as_deref() == Some(green.as_str()) {
            rollout.record.stopped.insert(task.task_arn.clone(), task);
        }
    }
    let stopped: Vec<_> = rollout.record.stopped.values().cloned().collect();
    diagnose::hopeless(&stopped, None)
}
