//! A container's own health check: a command run beside it at intervals.

use super::{Health, process, process::Invocation, spec::HealthCheck};
use crate::Cloud;
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, timeout};

/// Checks for as long as it is polled and writes the verdict into the task's record.
pub(super) async fn watch(cloud: Arc<Cloud>, task: String, container: usize, check: HealthCheck, beside: Invocation) {
    let command = beside.with_words(check.command.clone());
    let started = Instant::now();
    let mut failures = 0;
    loop {
        sleep(check.interval.min(Duration::from_secs(300))).await;
        if passes(&command, check.timeout).await {
            failures = 0;
            write(&cloud, &task, container, Health::Healthy);
        } else if started.elapsed() >= check.start_period {
            failures += 1;
            if failures >= check.retries {
                write(&cloud, &task, container, Health::Unhealthy);
            }
        }
    }
}

async fn passes(command: &Invocation, limit: Duration) -> bool {
    let Ok(mut child) = command.start() else { return false };
    let group = child.id();
    // Nobody reads what a check prints.
    drop((child.stdout.take(), child.stderr.take()));
    let passed = timeout(limit, child.wait()).await.is_ok_and(|status| status.is_ok_and(|status| status.success()));
    group.into_iter().for_each(process::kill_group);
    passed
}

fn write(cloud: &Cloud, task: &str, container: usize, health: Health) {
    cloud.tasks.update(task, |task| {
        if let Some(container) = task.containers.get_mut(container) {
            container.health = health;
        }
    });
}
