//! Carries out what the engine decided: starts and stops tasks, moves the records on, writes the events.

use super::{
    deployment::{RolloutState, ServiceDeployment, deployment_id},
    engine::{Cause, Happened, Note, Order, RevisionId, Rollout, Share, Stage, Step, StopReason},
    observe,
    service::Service,
    task_definition::Families,
    weights, words,
};
use crate::{
    Cloud,
    elb::Elb,
    tasks::{ContainerSpec, Owner, StopOrder, Task, TaskSpec, Tasks},
};
use jiff::Timestamp;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// Does what `step` says.
pub(super) fn carry_out(cloud: &Arc<Cloud>, families: &Families, service: &mut Service, step: Step, now: Timestamp) {
    let Step { rollout, orders, notes } = step;
    let stage = rollout.stage;
    move_on(service, rollout, now);
    for note in &notes {
        write_note(service, *note, stage, now);
    }
    let mut stopped = Vec::new();
    for order in orders {
        match order {
            Order::Start { revision, count } => start(cloud, families, service, (revision, count), now),
            Order::Weigh { production, test } => weights::weigh(cloud, service, production, test),
            Order::Stop { task, reason } => {
                if let Some(task) = cloud.tasks.get(&task) {
                    stop(cloud, service, &task, reason, now);
                    stopped.push(task.id);
                }
            }
        }
    }
    if !stopped.is_empty() {
        let text = format!("has stopped {} running tasks: {}.", stopped.len(), words::task_list(&stopped));
        service.note(now, &text);
    }
}

/// Brings the deployment's and the revisions' records to the engine's new state.
fn move_on(service: &mut Service, rollout: Rollout, now: Timestamp) {
    let Some(current) = service.current_mut() else { return };
    let changed = current.rollout.stage != rollout.stage;
    let counted = current.rollout.failures != rollout.failures;
    let (stage, failures, wanted) = (rollout.stage, rollout.failures, rollout.wanted());
    let (target, fallback) = (rollout.target, rollout.fallback);
    current.rollout = rollout;
    if changed || counted {
        current.updated_at = now;
    }
    if changed {
        date(current, stage, now);
    }
    if counted
        && !stage.is_over()
        && let Some(revision) = wanted.and_then(|wanted| service.revision_mut(wanted))
    {
        revision.failed_tasks = failures;
        revision.updated_at = now;
    }
    if changed {
        for (revision, state, reason) in verdicts(stage, target, fallback) {
            if let Some(revision) = service.revision_mut(revision) {
                revision.state = state;
                revision.reason = reason;
                revision.updated_at = now;
            }
        }
    }
}

fn date(deployment: &mut ServiceDeployment, stage: Stage, now: Timestamp) {
    match stage {
        Stage::InProgress => deployment.started_at = Some(now),
        Stage::RollbackInProgress(_) => {
            deployment.started_at.get_or_insert(now);
            deployment.rollback_started_at = Some(now);
        }
        Stage::Stopped(_) => deployment.stopped_at = Some(now),
        _ => {}
    }
    if stage.is_over() {
        deployment.finished_at = Some(now);
    }
}

/// What a new stage means for the revisions.
fn verdicts(stage: Stage, target: RevisionId, fallback: Option<RevisionId>) -> Vec<(RevisionId, RolloutState, String)> {
    let failed = |cause| words::failed(cause).to_owned();
    match (stage, fallback) {
        (Stage::Successful, _) => vec![(target, RolloutState::Completed, words::completed(target))],
        (Stage::Stalled, _) => vec![(target, RolloutState::Failed, failed(Cause::Breaker))],
        (Stage::Stopped(cause), _) => vec![(target, RolloutState::Failed, failed(cause))],
        (Stage::RollbackInProgress(cause), Some(fallback)) => vec![
            (target, RolloutState::Failed, failed(cause)),
            (fallback, RolloutState::InProgress, words::rolling_back(cause, fallback)),
        ],
        (Stage::RollbackSuccessful(_), Some(fallback)) => {
            vec![(fallback, RolloutState::Completed, words::completed(fallback))]
        }
        (Stage::RollbackFailed(_), Some(fallback)) => vec![(fallback, RolloutState::Failed, failed(Cause::Breaker))],
        _ => Vec::new(),
    }
}

fn write_note(service: &mut Service, note: Note, stage: Stage, now: Timestamp) {
    let text = match note {
        Note::Failed(revision, cause) => {
            format!("(deployment {}) deployment failed: {}.", deployment_id(revision), words::failure(cause))
        }
        Note::RollingBack(revision) => {
            if stage == Stage::RollbackInProgress(Cause::Request) {
                let stopped =
                    service.current().map(|current| deployment_id(current.rollout.target)).unwrap_or_default();
                service.note(now, &format!("(deployment {stopped}) deployment stopped by a request."));
            }
            format!("rolling back to deployment {}.", deployment_id(revision))
        }
        Note::Completed(revision) => format!("(deployment {}) deployment completed.", deployment_id(revision)),
        Note::Steady => "has reached a steady state.".to_owned(),
    };
    service.note(now, &text);
}

fn start(
    cloud: &Arc<Cloud>,
    families: &Families,
    service: &mut Service,
    (revision, count): (RevisionId, u32),
    now: Timestamp,
) {
    let Some(spec) = spec(families, service, revision) else {
        service.note(now, "was unable to place a task. Reason: the task definition does not exist any more.");
        return;
    };
    let started: Vec<String> = (0..count).filter_map(|_| Tasks::launch(cloud, spec.clone(), now)).collect();
    if !started.is_empty() {
        let text = format!("has started {} tasks: {}.", started.len(), words::task_list(&started));
        service.note(now, &text);
    }
}

/// What a task of the revision is started from.
fn spec(families: &Families, service: &Service, revision: RevisionId) -> Option<TaskSpec> {
    let revision = service.revision(revision)?;
    let definition = families.find(&revision.task_definition)?;
    let container = |definition: &serde_json::Value| {
        let mut spec = ContainerSpec::read(definition);
        let resolved = revision.images.iter().find(|image| image.container == spec.name);
        spec.pinned = resolved.and_then(|image| image.digest);
        spec
    };
    Some(TaskSpec {
        cluster: service.cluster.clone(),
        owner: Owner::Service { name: service.name.clone(), revision: revision.id },
        definition_arn: definition.arn.clone(),
        definition: definition.document.clone(),
        launch_type: revision.members.get("launchType").and_then(|kind| kind.as_str()).unwrap_or("EC2").to_owned(),
        containers: definition.containers().iter().map(container).collect(),
    })
}

fn stop(cloud: &Arc<Cloud>, service: &mut Service, task: &Task, reason: StopReason, now: Timestamp) {
    let Some(revision) = task.spec.revision() else { return };
    let groups = service.revision(revision).map(|revision| revision.target_groups()).unwrap_or_default();
    if reason == StopReason::Unhealthy {
        service.happened.push(Happened::Failed(revision));
        for (group, port) in &groups {
            let why = unhealthy_reason(cloud, group, task);
            let text = format!("(port {port}) is unhealthy in (target-group {group}) due to (reason {why})");
            service.note(now, &text);
        }
    }
    let drain = deregister(cloud, service, task, now);
    if !drain.is_empty() && reason != StopReason::Unhealthy {
        service.note(now, "has begun draining connections on 1 tasks.");
    }
    let group = groups.first().map(|(group, _)| group.as_str());
    let reason = words::stopped_reason(reason, &deployment_id(revision), group);
    cloud.tasks.stop(&task.id, StopOrder { code: "ServiceSchedulerInitiated", reason, drain });
}

/// Takes the traffic away from a revision that another kind of deployment left halfway, and stops its tasks: a rolling
/// deployment moves no traffic by itself.
pub(super) fn leave(cloud: &Arc<Cloud>, service: &mut Service, revision: RevisionId, now: Timestamp) {
    weights::weigh(cloud, service, Share::ALL, Share::ALL);
    let tasks = observe::tasks(cloud, service);
    for task in tasks.iter().filter(|task| task.spec.revision() == Some(revision) && !task.to_stop) {
        stop(cloud, service, task, StopReason::Replaced, now);
    }
}

fn unhealthy_reason(cloud: &Cloud, group: &str, task: &Task) -> String {
    let rooms = cloud.elb.rooms();
    let target = rooms.group(group).ok().and_then(|group| group.target(task.address));
    let reason = target.and_then(|target| target.verdict.reason.as_ref());
    reason.map_or("Health checks failed".to_owned(), |reason| reason.description.clone())
}

/// Takes a task out of the target groups it is in, and gives their ARNs.
pub(super) fn deregister(cloud: &Arc<Cloud>, service: &mut Service, task: &Task, now: Timestamp) -> Vec<String> {
    let watched = service.watched.entry(task.id.clone()).or_default();
    if !std::mem::replace(&mut watched.registered, false) {
        return Vec::new();
    }
    let revision = task.spec.revision().and_then(|revision| service.revision(revision));
    let groups = revision.map(|revision| revision.target_groups()).unwrap_or_default();
    let mut drain = Vec::new();
    for (group, port) in groups {
        if Elb::deregister(cloud, &group, SocketAddr::new(IpAddr::V4(task.address), port)).is_ok() {
            service.note(now, &format!("deregistered 1 targets in (target-group {group})"));
            drain.push(group);
        }
    }
    drain
}
