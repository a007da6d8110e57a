//! What the engine has to know about a service, read from the tasks' records and the load balancers.

use super::{
    carry_out, configuration,
    engine::{Facts, Happened, HookStatus, Limits, Phase, TaskFact},
    service::Service,
    task_sets,
};
use crate::{
    Cloud,
    elb::{Elb, State},
    functions::HookWord,
    tasks::{Health, Status, Task},
};
use jiff::Timestamp;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// The service's tasks, stopped ones too.
pub(super) fn tasks(cloud: &Cloud, service: &Service) -> Vec<Task> {
    let mut tasks =
        cloud.tasks.select(|task| task.spec.service() == Some(&service.name) && task.spec.cluster == service.cluster);
    tasks.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    tasks
}

/// The facts of this moment. On the way, tasks that came up are registered with their load balancers and tasks that fell
/// over are taken out.
pub(super) fn facts(cloud: &Arc<Cloud>, service: &mut Service, now: Timestamp) -> Facts {
    let tasks = tasks(cloud, service);
    service.watched.retain(|id, _| tasks.iter().any(|task| task.id == *id));
    let mut facts = Vec::new();
    for task in &tasks {
        register(cloud, service, task, now);
        book_end(cloud, service, task, now);
        let Some(revision) = task.spec.revision().filter(|_| task.status != Status::Stopped) else { continue };
        let phase = phase(cloud, service, task, now);
        let watched = service.watched.entry(task.id.clone()).or_default();
        if phase == Phase::Healthy && !std::mem::replace(&mut watched.seen_healthy, true) {
            service.happened.push(Happened::TurnedHealthy(revision));
        }
        facts.push(TaskFact { id: task.id.clone(), revision, phase });
    }
    let configuration = service.current().map(|current| &current.configuration);
    let limits = configuration.and_then(|configuration| configuration::limits(configuration).ok());
    Facts {
        now,
        desired: service.desired,
        limits: limits.unwrap_or(Limits { minimum_healthy_percent: 100, maximum_percent: 200 }),
        tasks: facts,
        ringing: ringing(cloud, service),
        said: said(cloud, service),
        routable: task_sets::are_routable(cloud, service),
        happened: std::mem::take(&mut service.happened),
    }
}

/// Which alarms of the current deployment ring.
fn ringing(cloud: &Cloud, service: &Service) -> Vec<String> {
    let watch = service.current().and_then(|current| current.rollout.watch.as_ref());
    watch.map(|watch| cloud.alarms.ringing(&watch.names)).unwrap_or_default()
}

/// What the functions say that hooks of the current deployment ask.
fn said(cloud: &Cloud, service: &Service) -> Vec<(String, HookStatus)> {
    let native = service.current().and_then(|current| current.rollout.native.as_ref());
    let asked = native.into_iter().flat_map(|native| native.hooks.asked());
    let word = |word: HookWord| match word {
        HookWord::InProgress => HookStatus::InProgress,
        HookWord::Succeeded => HookStatus::Succeeded,
        HookWord::Failed => HookStatus::Failed,
    };
    asked.map(|(hook, function)| (hook.to_owned(), word(cloud.functions.ask(function)))).collect()
}

/// A task that runs is registered in its target groups.
fn register(cloud: &Arc<Cloud>, service: &mut Service, task: &Task, now: Timestamp) {
    let watched = service.watched.entry(task.id.clone()).or_default();
    if task.status != Status::Running || task.to_stop || std::mem::replace(&mut watched.registered, true) {
        return;
    }
    let revision = task.spec.revision().and_then(|revision| service.revision(revision));
    let groups = revision.map(|revision| revision.target_groups()).unwrap_or_default();
    for (group, port) in groups {
        let target = SocketAddr::new(IpAddr::V4(task.address), port);
        match Elb::register(cloud, &group, target) {
            Ok(()) => service.note(now, &format!("registered 1 targets in (target-group {group})")),
            Err(error) => {
                service.note(now, &format!("failed to register targets in (target-group {group}): {}", error.message))
            }
        }
    }
}

/// A task that ended by itself has failed, and its targets go.
fn book_end(cloud: &Arc<Cloud>, service: &mut Service, task: &Task, now: Timestamp) {
    let by_itself = matches!(task.stop_code, Some("EssentialContainerExited" | "TaskFailedToStart"));
    let Some(revision) = task.spec.revision().filter(|_| by_itself) else { return };
    let watched = service.watched.entry(task.id.clone()).or_default();
    if !std::mem::replace(&mut watched.end_booked, true) {
        service.happened.push(Happened::Failed(revision));
        carry_out::deregister(cloud, service, task, now);
    }
}

/// How far a task has come, as scheduling sees it.
fn phase(cloud: &Cloud, service: &Service, task: &Task, now: Timestamp) -> Phase {
    if task.to_stop || task.status > Status::Running {
        return Phase::Stopping;
    }
    let (Status::Running, Some(started_at)) = (task.status, task.started_at) else { return Phase::Starting };
    let revision = task.spec.revision().and_then(|revision| service.revision(revision));
    let Some(revision) = revision else { return Phase::Starting };
    let age = now.duration_since(started_at);
    let checked = task.health() != Health::Unknown || task.containers.iter().any(|c| c.spec.health_check.is_some());
    let groups = revision.target_groups();
    let in_balancers: Vec<Option<State>> = {
        let rooms = cloud.elb.rooms();
        let state = |(group, _): &(String, u16)| Some(rooms.group(group).ok()?.target(task.address)?.verdict.state);
        groups.iter().map(state).collect()
    };
    let failed = task.health() == Health::Unhealthy || in_balancers.contains(&Some(State::Unhealthy));
    if failed {
        let in_grace = age.as_secs() < revision.grace_seconds();
        return if in_grace { Phase::Starting } else { Phase::Unhealthy };
    }
    let passed = (!checked || task.health() == Health::Healthy)
        && in_balancers.iter().all(|state| *state == Some(State::Healthy));
    // Without any health check a task counts once it has run for a while.
    let settled = checked || !groups.is_empty() || age.unsigned_abs() >= cloud.place.pace.settle;
    if passed && settled { Phase::Healthy } else { Phase::Starting }
}
