//! Health checks: real requests to a target, for as long as it is registered.

use super::{
    rooms::CheckSettings,
    target::{Check, State},
};
use crate::Cloud;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};

/// How often a target without a verdict is asked. Only a pass counts between two intervals, so a new target is found
/// healthy as soon as it is, and unhealthy no sooner than its settings say.
const EAGER: Duration = Duration::from_millis(100);

/// Checks `target` until it is deregistered.
pub(super) async fn watch(cloud: Arc<Cloud>, group_arn: String, target: SocketAddr) {
    let mut counted: Option<Instant> = None;
    loop {
        let Some((settings, state)) = look(&cloud, &group_arn, target) else { return };
        let check = probe(&cloud.elb.client, target, &settings).await;
        let due = counted.is_none_or(|at| at.elapsed() >= settings.interval);
        if check == Check::Passed || state != State::Initial || due {
            counted = Some(Instant::now());
            note(&cloud, &group_arn, target, &check);
        }
        sleep(if state == State::Initial { EAGER } else { settings.interval }).await;
    }
}

fn look(cloud: &Cloud, group_arn: &str, target: SocketAddr) -> Option<(CheckSettings, State)> {
    let rooms = cloud.elb.rooms();
    let group = rooms.group(group_arn).ok()?;
    let state = group.targets.get(&target)?.verdict.state;
    (state != State::Draining).then(|| (group.check.clone(), state))
}

fn note(cloud: &Cloud, group_arn: &str, target: SocketAddr, check: &Check) {
    let mut rooms = cloud.elb.rooms();
    let Ok(group) = rooms.group_mut(group_arn) else { return };
    let thresholds = group.check.thresholds;
    if let Some(target) = group.targets.get_mut(&target) {
        target.verdict = target.verdict.after(check, thresholds);
    }
}

async fn probe(client: &reqwest::Client, target: SocketAddr, settings: &CheckSettings) -> Check {
    let address = SocketAddr::new(target.ip(), settings.port.unwrap_or(target.port()));
    let request = client
        .get(format!("http://{address}{}", settings.path))
        .header("user-agent", "ELB-HealthChecker/2.0")
        .header("connection", "close")
        .timeout(settings.timeout);
    match request.send().await {
        Ok(answer) if settings.matcher.accepts(answer.status().as_u16()) => Check::Passed,
        Ok(answer) => Check::Code(answer.status().as_u16()),
        Err(error) if error.is_timeout() => Check::TimedOut,
        Err(_) => Check::Failed,
    }
}
