//! From a deployment that has begun to its verdict: followed, proven, diagnosed.

use crate::{
    dossier,
    follow::{Course, End, Rights, Why},
    identity::{running, starter},
    inputs::Goal,
    journal::Journal,
    model::Service,
    outcome::Outcome,
    prove::{Promise, Proof},
    rollout::Rollout,
    verdict::{Verdict, conclude},
    watch::Followed,
};
use github::Failure;

/// Follows a deployment to its end, proves what runs and, when deploying, brings the old back where the proof fails.
///
/// # Errors
/// A [`Failure`] when ECS cannot be read or written any more.
pub(crate) async fn finish(
    rollout: &mut Rollout<'_>,
    mut journal: Journal,
    promises: &[Promise],
) -> Result<Outcome, Failure> {
    let (followed, course) = rollout.follow(&mut journal).await?;
    let mut end = match followed {
        Followed::Ended(end) => end,
        Followed::FarEnough => {
            // From here on it is ECS's, and `mode: resume` goes on with it.
            rollout.ended(&mut journal);
            let outcome = Outcome::new(Verdict::InProgress, rollout.settings, rollout.runner.now());
            return Ok(outcome.of_deployment(&journal).of_record(&rollout.record));
        }
        Followed::Interrupted(end) => return Ok(interrupted(rollout, &mut journal, end, &course)),
    };
    let going_back = matches!(rollout.settings.goal, Goal::Rollback(_));
    let mut proof = None;
    if end == End::Successful {
        let id = journal.id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
        let target = rollout.record.last.as_ref().and_then(|last| last.target().map(str::to_owned));
        let seen = rollout.prove(&id, target.as_deref(), promises).await?;
        if let (Proof::Broken { seen }, false) = (&seen, going_back) {
            end = rollout.bring_back(&journal, format!("{seen}, and not what was promised")).await?;
        }
        if seen == Proof::NoTasks
            && let Some(by) = rollout.replaced_by(&id).await?
        {
            end = End::Superseded { by };
        }
        proof = Some(seen);
    }
    let reached = conclude(&end, course.stopped(), proof.as_ref());
    let verdict = if going_back { of_rollback(reached, promises.is_empty()) } else { reached };
    // An end that was not seen is looked for once more by the post step, where there is something it may do.
    if verdict != Verdict::TimedOut || journal.rights() == Rights::Watch {
        rollout.ended(&mut journal);
    }
    let outcome = Outcome::new(verdict, rollout.settings, rollout.runner.now());
    let mut outcome = outcome.of_deployment(&journal).of_record(&rollout.record);
    outcome.cause = cause(&end, proof.as_ref());
    if let Some(Proof::Kept { tasks }) = proof {
        outcome.tasks = tasks;
    }
    if let End::Superseded { by } = &end {
        outcome.superseded_by = Some(by.clone());
    }
    if verdict == Verdict::RolledBack {
        outcome.rolled_back_to = back_on(rollout).await;
    }
    if reached != Verdict::Deployed {
        let (runner, ecs) = (rollout.runner, &rollout.ecs);
        outcome.diagnosis = dossier::gather(runner, ecs, &rollout.record, &journal.task_definition).await;
    }
    Ok(outcome)
}

/// The image runs already: true only if the running tasks say so.
///
/// # Errors
/// A [`Failure`] when the tasks cannot be read.
pub(crate) async fn keep(
    rollout: &Rollout<'_>,
    service: Option<&Service>,
    promises: &[Promise],
) -> Result<Outcome, Failure> {
    let proof = rollout.prove(service.map(starter).unwrap_or_default(), None, promises).await?;
    let outcome = |verdict| Outcome::new(verdict, rollout.settings, rollout.runner.now());
    Ok(match proof {
        Proof::Kept { tasks } => Outcome { tasks, ..outcome(Verdict::NoOp) },
        Proof::NoTasks => Outcome { cause: Some("no task runs".to_owned()), ..outcome(Verdict::UnverifiedZeroTasks) },
        Proof::Silent => {
            let cause = "ECS does not say which digest the tasks run".to_owned();
            Outcome { cause: Some(cause), ..outcome(Verdict::UnverifiedDigest) }
        }
        Proof::Broken { seen } => Outcome {
            cause: Some(format!("the task definition names the image already, but {seen}")),
            help: Some("stop the stray tasks, or force a new deployment of the service".to_owned()),
            ..outcome(Verdict::Refused)
        },
    })
}

/// The verdict where the deployment itself was the way back: its success is the rollback, its own rollback is none.
fn of_rollback(verdict: Verdict, nothing_promised: bool) -> Verdict {
    match verdict {
        Verdict::Deployed => Verdict::RolledBack,
        // A revision from before digests were recorded can be gone back to, but not proven.
        Verdict::UnverifiedDigest if nothing_promised => Verdict::RolledBack,
        Verdict::RolledBack => Verdict::RollbackFailed,
        other => other,
    }
}

/// After a signal: what became of the deployment in the seconds left.
fn interrupted(rollout: &Rollout<'_>, journal: &mut Journal, end: Option<End>, course: &Course) -> Outcome {
    let cause = match &end {
        Some(End::RolledBack { .. }) => "the deployment was taken back",
        Some(End::Successful) => "the deployment had succeeded already; what runs was not read back",
        Some(_) => "the deployment ended, but not by its way back",
        None if course.stopped() == Some(&Why::Cancelled) => {
            "the deployment is being taken back by ECS; the post step follows it to its end"
        }
        None if !journal.may_stop => "the deployment is left to ECS and goes on",
        None => "the deployment could not be taken back in time; the post step will do it",
    };
    // Only a way back that was seen to end needs nobody to look after it.
    if matches!(end, Some(End::RolledBack { .. })) || !journal.may_stop {
        rollout.ended(journal);
    } else {
        journal.save(rollout.runner);
    }
    let outcome = Outcome::new(Verdict::Cancelled, rollout.settings, rollout.runner.now());
    Outcome { cause: Some(cause.to_owned()), ..outcome.of_deployment(journal).of_record(&rollout.record) }
}

/// Why it ended so, as a clause.
pub(crate) fn cause(end: &End, proof: Option<&Proof>) -> Option<String> {
    match (end, proof) {
        (
            End::RolledBack { cause, .. }
            | End::RollbackFailed { cause }
            | End::Stopped { cause }
            | End::Stalled { cause },
            _,
        ) => Some(cause.clone()),
        (End::Superseded { by }, _) => Some(format!("{by} replaced it")),
        (End::Unseen, _) => Some("its end was not seen".to_owned()),
        (End::Successful, Some(Proof::NoTasks)) => Some("no task runs, so the image was never tried".to_owned()),
        (End::Successful, Some(Proof::Silent)) => Some("ECS does not say which digest the tasks run".to_owned()),
        (End::Successful, _) => None,
    }
}

/// The task definition the service is on after a way back, as the service itself says.
pub(crate) async fn back_on(rollout: &Rollout<'_>) -> Option<String> {
    let service = rollout.ecs.service().await.ok()??;
    Some(running(&service).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn going_back_is_done_when_the_old_revision_runs_and_failed_when_it_was_itself_taken_back() {
        assert_eq!(of_rollback(Verdict::Deployed, false), Verdict::RolledBack);
        assert_eq!(of_rollback(Verdict::RolledBack, false), Verdict::RollbackFailed);
        assert_eq!(of_rollback(Verdict::UnverifiedDigest, true), Verdict::RolledBack);
        for other in [Verdict::UnverifiedDigest, Verdict::UnverifiedZeroTasks, Verdict::Superseded, Verdict::TimedOut] {
            assert_eq!(of_rollback(other, false), other);
        }
    }
}
