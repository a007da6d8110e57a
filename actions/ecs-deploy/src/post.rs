//! The post step: finishes what main left in flight, because it was cancelled or killed.

use crate::{
    codedeploy,
    follow::{End, Rights, Why},
    identity::DeploymentId,
    inputs::{Inputs, Progress, Settings, WaitUntil},
    journal::{Journal, Phase},
    observe::Ecs,
    once,
    rollout::Rollout,
    shift::{self, Record},
    watch::Followed,
};
use aws::Aws;
use github::{Exit, Failure, Runner};

/// Looks at what main wrote down, and takes our own deployment back where it is still in flight.
///
/// # Errors
/// A [`Failure`] when the deployment is not known to have ended.
pub(crate) async fn post(runner: &Runner, inputs: &Inputs) -> Result<(), Failure> {
    let shift = Record::load(runner)?.filter(|record| record.open);
    let journal = Journal::load(runner)?.filter(|journal| journal.phase != Phase::Ended);
    let handed_over = codedeploy::is_left(runner)?;
    if shift.is_none() && journal.is_none() && !once::is_left(runner) && !handed_over {
        return Ok(());
    }
    let settings = Settings::from(inputs)?;
    let aws = Aws::connect(runner, &inputs.aws).await?;
    let ecs = Ecs { aws, cluster: settings.cluster.clone(), service: settings.service.clone() };
    if once::is_left(runner) {
        once::post(runner, &mut Rollout::new(runner, ecs.clone(), &settings)).await?;
    }
    if handed_over {
        return codedeploy::post(&mut Rollout::new(runner, ecs, &settings)).await;
    }
    // The traffic first.
    if let Some(record) = &shift {
        shift::post(runner, &ecs, &settings, record).await?;
    }
    let Some(journal) = journal else { return Ok(()) };
    // Nothing goes on any more that a gate could be asked about.
    let progress = Progress { gate: None, ..settings.progress };
    let until = WaitUntil::End;
    let settings = Settings { service: journal.service.clone(), progress, wait_until: until, ..settings };
    let ecs = Ecs { service: journal.service.clone(), ..ecs };
    deployment(runner, ecs, &settings, journal).await
}

/// Takes our own deployment back where it is still in flight.
async fn deployment(runner: &Runner, ecs: Ecs, settings: &Settings, mut journal: Journal) -> Result<(), Failure> {
    let mut rollout = Rollout::new(runner, ecs, settings);
    runner.info(format!("main did not see the end of its deployment to {}; looking", settings.subject()));
    if !identify(&rollout, &mut journal).await? {
        runner.info("the deployment was never begun; the service was not changed by it");
        return Ok(());
    }
    if let (Rights::Ours, Some(arn)) = (journal.rights(), &journal.arn) {
        rollout.ecs.take_back(arn).await.map_err(|error| {
            error.failure("take back the deployment").subject(arn.as_str()).state("it may still be in flight")
        })?;
        rollout.note(format!("taking back {} if it is still in flight", arn.as_str()));
    }
    let (followed, course) = rollout.follow(&mut journal).await?;
    let said = match followed {
        Followed::Ended(End::RolledBack { .. }) => {
            "the deployment was taken back; the service is on the revision before it"
        }
        Followed::Ended(End::Successful) => "the deployment had succeeded before it could be taken back; it stays",
        Followed::Ended(End::Superseded { .. }) => "a newer deployment replaced it",
        Followed::Ended(End::Stopped { .. }) => "the deployment was stopped where it was",
        Followed::Ended(End::Stalled { .. }) => "the deployment goes neither on nor back; deploy a release that works",
        Followed::Ended(End::RollbackFailed { .. } | End::Unseen) | Followed::FarEnough | Followed::Interrupted(_) => {
            let arn = journal.arn.as_ref().map_or("our deployment", |arn| arn.as_str());
            let stopped =
                course.stopped().map_or("", |why| if *why == Why::Deadline { ", the time was up" } else { "" });
            return Err(Failure::new(Exit::Unknown, "see the deployment to its end")
                .subject(settings.subject())
                .state(format!("{arn} may still be in flight{stopped}"))
                .help("run `mode: rollback` on this service"));
        }
    };
    rollout.ended(&mut journal);
    runner.notice(format!("{}: {said}", settings.subject()));
    Ok(())
}

/// Completes the journal of a main phase that was killed between its update and writing down what came of it.
async fn identify(rollout: &Rollout<'_>, journal: &mut Journal) -> Result<bool, Failure> {
    let failed =
        |error: aws::AwsError| error.failure("find the deployment main began").subject(rollout.settings.subject());
    if journal.id.is_none() {
        let Some(service) = rollout.ecs.service().await.map_err(failed)? else { return Ok(false) };
        journal.id = DeploymentId::begun(&service, journal.primary_before.as_deref(), &journal.task_definition);
        rollout.doubt(journal).await;
    }
    if journal.id.is_none() {
        return Ok(false);
    }
    for _ in 0..20 {
        if journal.arn.is_some() {
            break;
        }
        journal.arn = rollout.ecs.own(journal).await.map_err(failed)?;
        if journal.arn.is_none() {
            tokio::time::sleep(rollout.settings.poll).await;
        }
    }
    Ok(true)
}
