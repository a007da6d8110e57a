//! What another step of this suite began by CodeDeploy and did not see to its end: gone on with, or taken back.

use super::{
    calls::{in_flight, read, recognise, stop},
    conclude, follow,
    info::Info,
    record::{OwnId, Phase, Record},
};
use crate::{
    decide::{self, Refusal, Roller},
    deploy::refused,
    follow::{End, Why},
    history::promised,
    outcome::Outcome,
    resume::{about, foreign, nothing, planned},
    rollout::Rollout,
};
use aws::AwsError;
use github::{Exit, Failure, Runner};

/// How often the post step asks for a deployment to be taken back, and looks for one whose answer was lost.
const ASKED: u32 = 20;

/// What is in flight in the group.
enum InFlight {
    Nothing,
    /// It cannot be in this service at all.
    Refused(Refusal),
    Foreign(String),
    /// A run of this suite began it; its id, the run's page and what it deploys.
    Ours(OwnId, String, String),
}

/// Goes on with it: follows it to its end, and proves what runs.
///
/// # Errors
/// A [`Failure`] when the world could not be read.
pub(crate) async fn resume(rollout: &mut Rollout<'_>) -> Result<Outcome, Failure> {
    finish(rollout, None).await
}

/// Takes it back.
///
/// # Errors
/// A [`Failure`] when the world could not be read or written.
pub(crate) async fn recover(rollout: &mut Rollout<'_>) -> Result<Outcome, Failure> {
    finish(rollout, Some(Why::Asked)).await
}

async fn finish(rollout: &mut Rollout<'_>, back: Option<Why>) -> Result<Outcome, Failure> {
    let (own, run, task_definition) = match find(rollout).await? {
        InFlight::Ours(own, run, task_definition) => (own, run, task_definition),
        InFlight::Nothing => return Ok(nothing(rollout)),
        InFlight::Refused(refusal) => return Ok(refused(rollout, refusal)),
        InFlight::Foreign(id) => return Ok(foreign(rollout, &id)),
    };
    let doing = if back.is_some() { "take back" } else { "go on with" };
    rollout.note(format!("{} was begun by {run}; this run is to {doing} it", own.as_str()));
    if rollout.settings.dry_run {
        return Ok(planned(rollout, format!("would {doing} {}", own.as_str())));
    }
    let failed = |error: AwsError| error.failure("read the task definition").state("the deployment goes on");
    let definition = rollout.ecs.definition(&task_definition).await.map_err(failed)?;
    let (promises, image) = promised(&definition, None, rollout.settings.container.as_deref());
    if let Some(why) = &back
        && !stop(rollout, &own, why).await
    {
        let failure = Failure::new(Exit::Unknown, "take back the deployment").subject(own.as_str());
        return Err(failure.state("it goes on").help("run `mode: recover` again, or stop it in CodeDeploy"));
    }
    let followed = follow(rollout, &own, back).await?;
    Ok(about(conclude(rollout, (&own, &task_definition), followed, &promises).await?, image))
}

async fn find(rollout: &Rollout<'_>) -> Result<InFlight, Failure> {
    let failed = |error: AwsError| {
        error.failure("look for what is in flight").subject(rollout.settings.subject()).state("nothing was changed")
    };
    let service = rollout.ecs.service().await.map_err(failed)?;
    if let Err(refusal) = decide::able(service.as_ref(), Roller::CodeDeploy) {
        return Ok(InFlight::Refused(refusal));
    }
    Ok(whose(&in_flight(rollout).await.map_err(failed)?))
}

/// A group deploys one at a time; should it show two, the one of ours is not lost behind the other.
fn whose(flying: &[Info]) -> InFlight {
    let ours = |info: &Info| {
        let ((own, run), task_definition) = OwnId::claimed(info).zip(info.task_definition())?;
        Some(InFlight::Ours(own, run.to_owned(), task_definition))
    };
    let foreign = || flying.first().map(|info| InFlight::Foreign(info.deployment_id.clone()));
    flying.iter().find_map(ours).or_else(foreign).unwrap_or(InFlight::Nothing)
}

/// Whether main left a deployment in flight, or may have.
///
/// # Errors
/// When what it wrote down cannot be read.
pub(crate) fn is_left(runner: &Runner) -> Result<bool, Failure> {
    Ok(Record::load(runner)?.is_some())
}

/// What the post step makes of a deployment that main did not see to its end: it is taken back.
///
/// # Errors
/// A [`Failure`] when the deployment is not known to have ended.
pub(crate) async fn post(rollout: &mut Rollout<'_>) -> Result<(), Failure> {
    let Some(mut record) = Record::load(rollout.runner)? else { return Ok(()) };
    let own = match &record.phase {
        Phase::Following(own) => Some(own.clone()),
        Phase::Beginning | Phase::Ended => begun(rollout, &record).await?,
    };
    let Some(own) = own else {
        record.save(rollout.runner, Phase::Ended);
        rollout.runner.info("the deployment was never begun; the service was not changed by it");
        return Ok(());
    };
    rollout.runner.info(format!("main did not see the end of deployment {}; looking", own.as_str()));
    record.save(rollout.runner, Phase::Following(own.clone()));
    take_back(rollout, &own).await?;
    let said = match follow(rollout, &own, Some(Why::Cancelled)).await?.0 {
        Some(End::RolledBack { .. }) => "was taken back",
        Some(End::Successful) => "had succeeded before it could be taken back; it stays",
        Some(End::Stopped { .. }) => "was stopped where it was",
        Some(End::Superseded { .. } | End::RollbackFailed { .. } | End::Stalled { .. } | End::Unseen) | None => {
            let failure = Failure::new(Exit::Unknown, "see the deployment to its end").subject(own.as_str());
            return Err(failure.state("it may still be in flight").help("look at it in CodeDeploy"));
        }
    };
    record.save(rollout.runner, Phase::Ended);
    rollout.runner.notice(format!("{}: deployment {} {said}", rollout.settings.subject(), own.as_str()));
    Ok(())
}

async fn take_back(rollout: &mut Rollout<'_>, own: &OwnId) -> Result<(), Failure> {
    if read(rollout, own.as_str()).await?.is_some_and(|info| info.has_ended()) {
        return Ok(());
    }
    for asked in 0..ASKED {
        if asked > 0 {
            let _ = rollout.runner.sleep(std::time::Duration::from_secs(1)).await;
        }
        if stop(rollout, own, &Why::Cancelled).await {
            return Ok(());
        }
    }
    let failure = Failure::new(Exit::Unknown, "take back the deployment").subject(own.as_str());
    Err(failure.state("it goes on").help("stop it in CodeDeploy"))
}

/// The deployment of a main phase that did not see the answer to its call; `None` where it began none.
async fn begun(rollout: &Rollout<'_>, record: &Record) -> Result<Option<OwnId>, Failure> {
    rollout.runner.info("main did not see whether its deployment was begun; looking for it");
    let mut last = Ok(());
    for sighting in 0..ASKED {
        if sighting > 0 {
            tokio::time::sleep(rollout.settings.poll).await;
        }
        match recognise(rollout, record).await {
            Ok(Some(own)) => return Ok(Some(own)),
            Ok(None) => last = Ok(()),
            Err(error) => last = Err(error),
        }
    }
    let state = "it may be in flight";
    let failed = |error: AwsError| {
        error.failure("find the deployment main began").subject(rollout.settings.subject()).state(state)
    };
    last.map_err(failed)?;
    // Lists lag; a side that runs what we were to deploy does not come from nowhere.
    let service = rollout.ecs.service().await.map_err(failed)?.unwrap_or_default();
    if service.task_sets.iter().any(|set| set.status == "ACTIVE" && set.task_definition == record.task_definition) {
        let failure = Failure::new(Exit::Unknown, "find the deployment main began").subject(rollout.settings.subject());
        let failure = failure.because(format!("the service brings in {}, and no list has it", record.task_definition));
        return Err(failure.state(state).help("look at the deployment group in CodeDeploy"));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn flying(id: &str, description: &str) -> Info {
        let spec = json!({"Resources": [{"TargetService": {"Properties": {"TaskDefinition": "f:7"}}}]}).to_string();
        let revision = json!({"appSpecContent": {"content": spec}});
        serde_json::from_value(json!({"deploymentId": id, "description": description, "revision": revision})).unwrap()
    }

    #[test]
    fn what_this_suite_began_is_told_from_what_it_did_not() {
        let ours = flying("d-2", "lockkeeper 0123456789abcdef0123456789abcdef https://server.example/run");
        let hand = flying("d-1", "by hand");
        assert!(matches!(whose(&[]), InFlight::Nothing));
        assert!(matches!(whose(std::slice::from_ref(&hand)), InFlight::Foreign(id) if id == "d-1"));
        let found = whose(&[hand, ours]);
        let InFlight::Ours(own, run, task_definition) = found else { panic!("not ours") };
        assert_eq!(
            (own.as_str(), run.as_str(), task_definition.as_str()),
            ("d-2", "https://server.example/run", "f:7")
        );
    }
}
