//! Which tasks start and which stop, so that a service gets to its desired count of one revision.

use super::{
    facts::{Facts, Phase, RevisionId, TaskFact},
    rollout::StopReason,
};

/// What the scheduler wants done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Schedule {
    /// How many tasks of the wanted revision to start.
    pub(super) start: u32,
    /// Which tasks to stop, and why.
    pub(super) stop: Vec<(String, StopReason)>,
}

/// The next moves towards `wanted`, never taking the service below its minimum of healthy tasks by a move of its own, and
/// never above its maximum.
pub(super) fn schedule(facts: &Facts, wanted: RevisionId) -> Schedule {
    let old: Vec<&TaskFact> =
        facts.tasks.iter().filter(|task| task.phase.is_alive() && task.revision != wanted).collect();
    let Kept { tasks: new, mut stop, missing } = kept(facts, wanted);
    let room = facts.limits.upper(facts.desired).saturating_sub(count(new.len() + old.len()));
    let start = missing.min(room);

    // Old tasks go as new ones become healthy; only where the maximum leaves no room for new ones do they go before,
    // down to the minimum.
    let floor = if missing > room { facts.limits.lower(facts.desired).min(facts.desired) } else { facts.desired };
    let serving = |tasks: &[&TaskFact]| count(tasks.iter().filter(|task| task.phase == Phase::Healthy).count());
    let mut may_go = (serving(&new) + serving(&old)).saturating_sub(floor);
    for task in old {
        if task.phase != Phase::Healthy {
            stop.push((task.id.clone(), StopReason::Replaced));
        } else if may_go > 0 {
            may_go -= 1;
            stop.push((task.id.clone(), StopReason::Replaced));
        }
    }
    Schedule { start, stop }
}

/// What brings a revision to the desired count whatever else runs.
pub(super) fn keep(facts: &Facts, revision: RevisionId) -> Schedule {
    let Kept { tasks: _, stop, missing } = kept(facts, revision);
    Schedule { start: missing, stop }
}

/// The tasks of a revision that stay, those that go, and how many are missing.
struct Kept<'a> {
    tasks: Vec<&'a TaskFact>,
    stop: Vec<(String, StopReason)>,
    missing: u32,
}

fn kept(facts: &Facts, revision: RevisionId) -> Kept<'_> {
    let of_revision = |task: &&TaskFact| task.phase.is_alive() && task.revision == revision;
    let mut tasks: Vec<&TaskFact> = facts.tasks.iter().filter(of_revision).collect();
    let mut stop: Vec<(String, StopReason)> = Vec::new();
    // An unhealthy task serves nobody: stopping it makes room for another.
    tasks.retain(|task| keep_unless(task.phase == Phase::Unhealthy, task, StopReason::Unhealthy, &mut stop));
    // Too many: those that serve nobody go first.
    tasks.sort_by_key(|task| std::cmp::Reverse(task.phase == Phase::Healthy));
    let surplus = tasks.split_off(tasks.len().min(facts.desired as usize));
    stop.extend(surplus.iter().map(|task| (task.id.clone(), StopReason::Scaling)));
    let missing = facts.desired.saturating_sub(count(tasks.len()));
    Kept { tasks, stop, missing }
}

/// How many tasks of a revision are healthy.
pub(super) fn healthy(facts: &Facts, revision: RevisionId) -> u32 {
    let healthy = facts.tasks.iter().filter(|task| task.revision == revision && task.phase == Phase::Healthy);
    count(healthy.count())
}

/// Whether a revision is there in full number and health, whatever else runs.
pub(super) fn is_full(facts: &Facts, revision: RevisionId) -> bool {
    healthy(facts, revision) >= facts.desired
}

/// Whether `wanted` is all there is, in full number and health.
pub(super) fn is_steady(facts: &Facts, wanted: RevisionId) -> bool {
    let healthy = facts.tasks.iter().filter(|task| task.revision == wanted && task.phase == Phase::Healthy).count();
    healthy == facts.desired as usize && facts.tasks.len() == healthy
}

fn keep_unless(goes: bool, task: &TaskFact, reason: StopReason, stop: &mut Vec<(String, StopReason)>) -> bool {
    if goes {
        stop.push((task.id.clone(), reason));
    }
    !goes
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
