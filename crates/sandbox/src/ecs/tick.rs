//! A few times a second: look at every service, take the engine's next step, carry it out.

use super::{
    carry_out, observe,
    service::{Service, ServiceStatus},
    task_definition::Families,
};
use crate::{
    Cloud,
    tasks::{Status, StopOrder},
};
use jiff::Timestamp;
use std::sync::Arc;

/// One look at every service.
pub(crate) fn tick(cloud: &Arc<Cloud>, now: Timestamp) {
    let mut state = cloud.ecs.state();
    let state = &mut *state;
    cloud.ecs.remember(state);
    for service in state.clusters.values_mut().flat_map(|cluster| cluster.services.values_mut()) {
        match service.status {
            ServiceStatus::Active => step(cloud, &state.families, service, now),
            ServiceStatus::Draining => drain(cloud, service, now),
            ServiceStatus::Inactive => {}
        }
    }
}

fn step(cloud: &Arc<Cloud>, families: &Families, service: &mut Service, now: Timestamp) {
    if let Some(abandoned) = service.abandoned.take() {
        carry_out::leave(cloud, service, abandoned, now);
    }
    let facts = observe::facts(cloud, service, now);
    let Some(step) = service.current().map(|current| current.rollout.step(&facts)) else { return };
    carry_out::carry_out(cloud, families, service, step, now);
}

/// A deleted service stops its tasks; when the last is gone it is inactive.
fn drain(cloud: &Arc<Cloud>, service: &mut Service, now: Timestamp) {
    let tasks = observe::tasks(cloud, service);
    let mut left = tasks.iter().filter(|task| task.status != Status::Stopped).peekable();
    if left.peek().is_none() {
        service.status = ServiceStatus::Inactive;
        return;
    }
    for task in left.filter(|task| !task.to_stop) {
        let drain = carry_out::deregister(cloud, service, task, now);
        let reason = "Scaling activity initiated by service deletion".to_owned();
        cloud.tasks.stop(&task.id, StopOrder { code: "ServiceSchedulerInitiated", reason, drain });
    }
}
