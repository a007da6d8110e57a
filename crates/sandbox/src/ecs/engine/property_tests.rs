//! The engine against worlds nobody thought of: tasks that start slowly, crash, never become healthy, services that are
//! scaled and deployments that are stopped meanwhile.

use super::*;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const OLD: RevisionId = 1;
const NEW: RevisionId = 2;
/// More steps than any deployment here needs.
const STEPS: usize = 600;

/// How the tasks of a revision behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    Good,
    Crashes,
    NeverHealthy,
}

#[derive(Debug, Clone)]
struct World {
    desired: u32,
    limits: Limits,
    breaker: Breaker,
    target: Behaviour,
    fallback: Option<Behaviour>,
    /// Steps from start to a verdict.
    slowness: usize,
    /// At which step the deployment is stopped.
    stop_at: Option<usize>,
    /// At which step the service is scaled, and to what.
    scale: Option<(usize, u32)>,
}

#[derive(Debug)]
struct Task {
    fact: TaskFact,
    age: usize,
}

struct Run {
    world: World,
    rollout: Rollout,
    tasks: Vec<Task>,
    happened: Vec<Happened>,
    started: usize,
}

impl Run {
    fn new(world: World) -> Self {
        let fallback = world.fallback.map(|_| OLD);
        let rollout = Rollout {
            stage: Stage::Pending,
            target: NEW,
            fallback,
            breaker: Some(world.breaker),
            failures: 0,
            bake: SignedDuration::ZERO,
            restart_pause: SignedDuration::from_secs(1),
            steady_since: None,
            hold_until: None,
            native: None,
            watch: None,
        };
        let running = if fallback.is_some() { world.desired } else { 0 };
        let old = |n| Task { fact: TaskFact { id: format!("old{n}"), revision: OLD, phase: Phase::Healthy }, age: 99 };
        Self { tasks: (0..running).map(old).collect(), world, rollout, happened: Vec::new(), started: 0 }
    }

    fn behaviour(&self, revision: RevisionId) -> Behaviour {
        if revision == NEW { self.world.target } else { self.world.fallback.unwrap_or(Behaviour::Good) }
    }

    /// Time passes for the tasks.
    fn live(&mut self) {
        self.tasks.retain(|task| task.fact.phase != Phase::Stopping);
        let mut crashed = Vec::new();
        let behaviours = (self.behaviour(OLD), self.behaviour(NEW));
        for task in &mut self.tasks {
            task.age += 1;
            let revision = task.fact.revision;
            if task.fact.phase != Phase::Starting || task.age < self.world.slowness {
                continue;
            }
            match if revision == OLD { behaviours.0 } else { behaviours.1 } {
                Behaviour::Good => {
                    task.fact.phase = Phase::Healthy;
                    self.happened.push(Happened::TurnedHealthy(revision));
                }
                Behaviour::Crashes => {
                    crashed.push(task.fact.id.clone());
                    self.happened.push(Happened::Failed(revision));
                }
                Behaviour::NeverHealthy => task.fact.phase = Phase::Unhealthy,
            }
        }
        self.tasks.retain(|task| !crashed.contains(&task.fact.id));
    }

    /// One step of the engine; what it must never do is checked here.
    fn step(&mut self, number: usize) -> Result<(), TestCaseError> {
        let now = Timestamp::from_second(i64::try_from(number).unwrap()).unwrap();
        let tasks: Vec<TaskFact> = self.tasks.iter().map(|task| task.fact.clone()).collect();
        let happened = std::mem::take(&mut self.happened);
        let facts = Facts {
            now,
            desired: self.world.desired,
            limits: self.world.limits,
            tasks,
            happened,
            routable: true,
            ringing: Vec::new(),
            said: Vec::new(),
        };
        let before = self.rollout.clone();
        let Step { rollout, orders, notes: _ } = before.step(&facts);
        prop_assert!(!before.stage.is_over() || rollout.stage == before.stage, "a finished deployment moved");
        prop_assert!([Some(rollout.target), rollout.fallback].contains(&Some(rollout.primary())));

        let alive = count(&self.tasks, Phase::is_alive);
        let mut stopped_healthy = 0;
        for order in orders {
            match order {
                Order::Start { revision, count } => {
                    prop_assert_eq!(Some(revision), rollout.wanted(), "started what is not wanted");
                    (0..count).for_each(|_| self.start(revision));
                }
                Order::Weigh { .. } => prop_assert!(false, "a rolling deployment moved traffic"),
                Order::Stop { task, reason } => {
                    let task = self.tasks.iter_mut().find(|known| known.fact.id == task).unwrap();
                    prop_assert!(task.fact.phase.is_alive(), "stopped twice");
                    stopped_healthy += u32::from(task.fact.phase == Phase::Healthy);
                    if reason == StopReason::Unhealthy {
                        self.happened.push(Happened::Failed(task.fact.revision));
                    }
                    task.fact.phase = Phase::Stopping;
                }
            }
        }
        let most = facts.limits.upper(facts.desired).max(alive);
        prop_assert!(count(&self.tasks, Phase::is_alive) <= most, "above the maximum");
        let healthy = count(&self.tasks, |phase| phase == Phase::Healthy);
        let minimum = facts.limits.lower(facts.desired).min(facts.desired);
        prop_assert!(stopped_healthy == 0 || healthy >= minimum, "below the minimum: {healthy} of {minimum}");
        self.rollout = rollout;
        Ok(())
    }

    fn start(&mut self, revision: RevisionId) {
        self.started += 1;
        let fact = TaskFact { id: format!("task{}", self.started), revision, phase: Phase::Starting };
        self.tasks.push(Task { fact, age: 0 });
    }
}

fn count(tasks: &[Task], is: impl Fn(Phase) -> bool) -> u32 {
    u32::try_from(tasks.iter().filter(|task| is(task.fact.phase)).count()).unwrap()
}

fn behaviour() -> impl Strategy<Value = Behaviour> {
    prop_oneof![Just(Behaviour::Good), Just(Behaviour::Crashes), Just(Behaviour::NeverHealthy)]
}

fn world() -> impl Strategy<Value = World> {
    let threshold = prop_oneof![
        (1..10u32).prop_map(Threshold::Count),
        (0..200u32).prop_map(Threshold::BoundedPercent),
        (0..200u32).prop_map(Threshold::UnboundedPercent),
    ];
    let breaker =
        (any::<bool>(), any::<bool>(), threshold).prop_map(|(rolls_back, resets_on_healthy_task, threshold)| Breaker {
            rolls_back,
            resets_on_healthy_task,
            threshold,
        });
    let limits = (0..=100u32, 100..=300u32);
    let times = (1..5usize, prop::option::of(0..30usize), prop::option::of((0..30usize, 0..8u32)));
    (0..8u32, limits, breaker, behaviour(), prop::option::of(behaviour()), times).prop_map(
        |(desired, limits, breaker, target, fallback, (slowness, stop_at, scale))| World {
            desired,
            limits: Limits { minimum_healthy_percent: limits.0, maximum_percent: limits.1 },
            breaker,
            target,
            fallback,
            slowness,
            stop_at,
            scale,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_deployment_keeps_within_its_limits_and_ends(world in world()) {
        // With neither room above nor slack below, AWS's scheduler cannot move either.
        let movable = |desired| world.limits.upper(desired) > world.limits.lower(desired) || desired == 0;
        prop_assume!(movable(world.desired) && world.scale.is_none_or(|(_, desired)| movable(desired)));
        let mut run = Run::new(world);
        for number in 0..STEPS {
            if run.world.stop_at == Some(number) {
                run.rollout.request_stop();
            }
            if let Some((_, desired)) = run.world.scale.filter(|(at, _)| *at == number) {
                run.world.desired = desired;
            }
            run.live();
            run.step(number)?;
        }
        let stage = run.rollout.stage;
        prop_assert!(stage.is_over() || stage == Stage::Stalled, "never ended: {stage:?}");
        if stage == Stage::Successful && run.world.desired > 0 && run.world.scale.is_none() {
            prop_assert_eq!(run.world.target, Behaviour::Good, "a bad release was called successful");
        }
        if let Some(wanted) = run.rollout.wanted().filter(|wanted| run.behaviour(*wanted) == Behaviour::Good) {
            let left: Vec<RevisionId> = run.tasks.iter().map(|task| task.fact.revision).collect();
            prop_assert_eq!(left, vec![wanted; run.world.desired as usize], "what runs is not what is wanted");
        }
    }
}
