//! Deployments that shift traffic against worlds nobody thought of: greens that crash or never get healthy, hooks that are
//! answered late, wrongly or never, rules that lose their target groups, and stops at any moment.

use super::*;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const BLUE: RevisionId = 1;
const GREEN: RevisionId = 2;
/// A revision that an earlier deployment left behind.
const OTHER: RevisionId = 3;
/// More steps, of a second each, than any deployment here needs.
const STEPS: i64 = 900;
/// How long a stage may take here, in seconds.
const LIMIT: i64 = 60;

#[derive(Debug, Clone)]
struct World {
    desired: u32,
    plan: Plan,
    bake: i64,
    has_blue: bool,
    has_other: bool,
    green_is_good: bool,
    /// Seconds from a task's start to its verdict.
    slowness: i64,
    /// Stages with a hook, how long after it waits it is answered, and how.
    hooks: Vec<Lifecycle>,
    answers: Vec<Option<(i64, HookAction)>>,
    on_timeout: HookAction,
    stop_at: Option<i64>,
    unroutable_at: Option<i64>,
    rings_at: Option<i64>,
    /// When every task of blue crashes, and of green.
    crashes: [Option<i64>; 2],
}

struct Task {
    fact: TaskFact,
    started: i64,
}

struct Run {
    world: World,
    rollout: Rollout,
    tasks: Vec<Task>,
    started: u32,
    waiting_since: Option<(String, i64)>,
    /// Whether the revision left behind still has traffic.
    other_serves: bool,
    /// When traffic was moved last, and how long it has to stay so.
    stays_until: i64,
}

impl Run {
    fn new(world: World) -> Self {
        let hooks = HookPlan {
            function: None,
            stages: world.hooks.clone(),
            timeout: SignedDuration::from_secs(20),
            on_timeout: world.on_timeout,
        };
        let hooks = Hooks { seed: "d".to_owned(), configured: vec![hooks], met: Vec::new() };
        let mut native = Native::new(world.plan, hooks, SignedDuration::from_secs(LIMIT));
        if world.has_other {
            native.lifecycle = Lifecycle::ReconcileService;
        }
        let rollout = Rollout {
            stage: Stage::Pending,
            target: GREEN,
            fallback: world.has_blue.then_some(BLUE),
            breaker: None,
            failures: 0,
            bake: SignedDuration::from_secs(world.bake),
            restart_pause: SignedDuration::from_secs(1),
            steady_since: None,
            hold_until: None,
            native: Some(native),
            watch: Some(Watch { names: vec!["5xx".to_owned()], rolls_back: true, state: Watching::NotYet }),
        };
        let mut run = Self {
            rollout,
            tasks: Vec::new(),
            started: 0,
            waiting_since: None,
            other_serves: true,
            stays_until: 0,
            world,
        };
        for (revision, there) in [(BLUE, run.world.has_blue), (OTHER, run.world.has_other)] {
            (0..run.world.desired).filter(|_| there).for_each(|_| run.start(revision, -100, Phase::Healthy));
        }
        run
    }

    fn start(&mut self, revision: RevisionId, at: i64, phase: Phase) {
        self.started += 1;
        let fact = TaskFact { id: format!("task{}", self.started), revision, phase };
        self.tasks.push(Task { fact, started: at });
    }

    fn native(&self) -> &Native {
        self.rollout.native.as_ref().unwrap()
    }

    fn count(&self, revision: RevisionId, phase: Phase) -> u32 {
        let found = self.tasks.iter().filter(|task| task.fact.revision == revision && task.fact.phase == phase);
        u32::try_from(found.count()).unwrap()
    }

    /// Time passes for tasks and for those who answer hooks.
    fn live(&mut self, second: i64) {
        self.tasks.retain(|task| task.fact.phase != Phase::Stopping);
        for (revision, at) in [BLUE, GREEN].into_iter().zip(self.world.crashes) {
            self.tasks.retain(|task| task.fact.revision != revision || at != Some(second));
        }
        for task in &mut self.tasks {
            if task.fact.phase == Phase::Starting && second - task.started >= self.world.slowness {
                let good = task.fact.revision != GREEN || self.world.green_is_good;
                task.fact.phase = if good { Phase::Healthy } else { Phase::Unhealthy };
            }
        }
        let met = self.native().hooks.met.len();
        let hook = self.native().hooks.met.last().map(|hook| hook.id.clone());
        if self.waiting_since.as_ref().map(|(id, _)| id) != hook.as_ref() {
            self.waiting_since = hook.map(|id| (id, second));
        }
        let Some((id, since)) = self.waiting_since.clone() else { return };
        let answer = self.world.answers.get(met - 1).copied().flatten();
        if let Some((_, action)) = answer.filter(|(delay, _)| second - since == *delay) {
            let native = self.rollout.native.as_mut().unwrap();
            // Late answers are not taken, which is what they are here for.
            let _ = native.hooks.answer(&id, action);
        }
    }

    /// One step of the engine; what it must never do is checked here.
    fn step(&mut self, second: i64) -> Result<(), TestCaseError> {
        let now = Timestamp::from_second(second).unwrap();
        let facts = Facts {
            now,
            desired: self.world.desired,
            limits: Limits { minimum_healthy_percent: 100, maximum_percent: 200 },
            tasks: self.tasks.iter().map(|task| task.fact.clone()).collect(),
            happened: Vec::new(),
            routable: self.world.unroutable_at.is_none_or(|at| second < at),
            said: Vec::new(),
            ringing: if self.world.rings_at == Some(second) { vec!["5xx".to_owned()] } else { Vec::new() },
        };
        let before = self.rollout.clone();
        let Step { rollout, orders, notes: _ } = before.step(&facts);
        prop_assert!(!before.stage.is_over() || rollout.stage == before.stage, "a finished deployment moved");
        let shares = |rollout: &Rollout| rollout.native.as_ref().map(|native| (native.production, native.test));
        let moved = shares(&before) != shares(&rollout);
        let mut ordered = false;
        for order in orders {
            match order {
                Order::Weigh { production, test } => {
                    prop_assert_eq!(
                        Some((production, test)),
                        shares(&rollout),
                        "the order is not what the record says"
                    );
                    self.weighed(production, test, second)?;
                    ordered = true;
                }
                Order::Start { revision, count } => {
                    prop_assert!(revision != OTHER, "started what was given up");
                    (0..count).for_each(|_| self.start(revision, second, Phase::Starting));
                }
                Order::Stop { task, .. } => self.stop(&task)?,
            }
        }
        prop_assert!(ordered || !moved, "traffic was moved on paper only");
        self.rollout = rollout;
        Ok(())
    }

    /// Traffic goes only to those who can take it, and only by the plan.
    fn weighed(&mut self, production: Share, test: Share, second: i64) -> Result<(), TestCaseError> {
        let (was, desired) = (self.native().production, self.world.desired);
        let (blue, green) = (self.count(BLUE, Phase::Healthy), self.count(GREEN, Phase::Healthy));
        if production > was || test > self.native().test {
            prop_assert!(green >= desired, "traffic for a green of {green} of {desired}");
        }
        if production > was {
            let plan = if self.world.has_blue { self.world.plan } else { Plan::AllAtOnce };
            let (next, stay) = plan.next(was);
            prop_assert_eq!(production, next, "not the next step");
            prop_assert!(second >= self.stays_until, "too early");
            self.stays_until = second + stay.as_secs();
        }
        self.other_serves = false;
        if production < was {
            prop_assert_eq!(production, Share::NONE, "traffic goes back all at once");
            prop_assert!(blue > 0 || desired == 0, "traffic for a blue that cannot serve");
        }
        Ok(())
    }

    fn stop(&mut self, id: &str) -> Result<(), TestCaseError> {
        let shares = (self.native().production, self.native().production.rest());
        let other_serves = self.other_serves;
        let task = self.tasks.iter_mut().find(|task| task.fact.id == id).unwrap();
        prop_assert!(task.fact.phase.is_alive(), "stopped twice");
        let serving = match task.fact.revision {
            GREEN => shares.0 > Share::NONE,
            BLUE => shares.1 > Share::NONE,
            _ => other_serves,
        };
        prop_assert!(!serving || task.fact.phase == Phase::Unhealthy, "stopped while it had traffic");
        task.fact.phase = Phase::Stopping;
        Ok(())
    }
}

fn world() -> impl Strategy<Value = World> {
    let share = (1..=1000u32).prop_map(|tenths| Share::of_percent(f64::from(tenths) / 10.0).unwrap());
    let step = (30..=1000u32).prop_map(|tenths| Share::of_percent(f64::from(tenths) / 10.0).unwrap());
    let bake = || (0..5i64).prop_map(SignedDuration::from_secs);
    let plan = prop_oneof![
        Just(Plan::AllAtOnce),
        (share, bake()).prop_map(|(first, bake)| Plan::Canary { first, bake }),
        (step, bake()).prop_map(|(step, bake)| Plan::Linear { step, bake }),
    ];
    let action = || prop_oneof![3 => Just(HookAction::Continue), 1 => Just(HookAction::Rollback)];
    let stages: Vec<Lifecycle> = Lifecycle::ALL.into_iter().filter(|stage| stage.may_pause()).collect();
    let hooks = (
        prop::sample::subsequence(stages, 0..3),
        prop::collection::vec(prop::option::weighted(0.9, (0..25i64, action())), 40),
        action(),
    );
    let moment = || prop::option::weighted(0.3, 0..60i64);
    let rest = (0..5i64, any::<bool>(), any::<bool>(), prop::bool::weighted(0.8), 1..5i64);
    (0..4u32, plan, hooks, rest, (moment(), moment(), [moment(), moment(), moment()])).prop_map(
        |(desired, plan, hooks, (bake, has_blue, has_other, green_is_good, slowness), moments)| World {
            desired,
            plan,
            bake,
            has_blue,
            has_other: has_other && has_blue,
            green_is_good,
            slowness,
            hooks: hooks.0,
            answers: hooks.1,
            on_timeout: hooks.2,
            stop_at: moments.0,
            unroutable_at: moments.1,
            rings_at: moments.2[2],
            crashes: [moments.2[0], moments.2[1]],
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn traffic_moves_as_planned_and_every_deployment_ends_with_one_revision_that_has_it_all(world in world()) {
        let mut run = Run::new(world);
        let mut stopped = false;
        for second in 0..STEPS {
            if run.world.stop_at == Some(second) && !run.rollout.stage.is_over() {
                stopped = run.rollout.request_stop();
            }
            run.live(second);
            run.step(second)?;
        }
        let (stage, native) = (run.rollout.stage, run.native().clone());
        prop_assert!(stage.is_over(), "never ended: {stage:?} at {:?}", native.lifecycle);
        match stage {
            Stage::Successful => {
                prop_assert!(run.world.green_is_good || run.world.desired == 0, "a bad release was called successful");
                prop_assert_eq!(native.production, Share::ALL);
                prop_assert!(!stopped, "a stop was not heard");
                let heard = run.rollout.watch.as_ref().is_some_and(|watch| matches!(watch.state, Watching::Heard(_)));
                prop_assert!(!heard, "an alarm was heard and nothing done");
                prop_assert_eq!(run.count(GREEN, Phase::Healthy), run.world.desired);
            }
            Stage::RollbackSuccessful(_) => {
                prop_assert_eq!((native.production, native.test), (Share::NONE, Share::NONE));
                prop_assert_eq!(run.count(BLUE, Phase::Healthy), run.world.desired);
                prop_assert_eq!(run.tasks.len(), run.world.desired as usize, "something is left over");
            }
            Stage::Stopped(_) => prop_assert!(!run.world.has_blue, "not gone back though there is a way"),
            other => prop_assert!(false, "an end that nothing here leads to: {other:?}"),
        }
    }
}
