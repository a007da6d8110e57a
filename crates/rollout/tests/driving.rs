//! The way around with a target in virtual time: gates while it is watched, cancelling, a process that dies anywhere.

#![expect(clippy::unwrap_used, reason = "a step of a test that fails is a test that fails")]

use jiff::{SignedDuration, Timestamp};
use rollout::{
    Answer, End, Event, Fate, Health, Host, Journal, Judgement, Observation, OnInconclusive, Patience, Plan, Question,
    Rollout, Strategy, Target, Weight, Why, drive,
};
use std::{
    cell::{Cell, RefCell},
    future::Future,
};

/// A target that does what it is told, and dies after so many calls.
#[derive(Default)]
struct World {
    weight: Cell<Weight>,
    fate: RefCell<Option<Fate>>,
    shifts: RefCell<Vec<Weight>>,
    calls_left: Cell<Option<u32>>,
}

/// The process is gone.
#[derive(Debug, PartialEq)]
struct Killed;

impl World {
    fn call(&self) -> Result<(), Killed> {
        match self.calls_left.get() {
            Some(0) => Err(Killed),
            left => {
                self.calls_left.set(left.map(|left| left - 1));
                Ok(())
            }
        }
    }
}

impl Target for &World {
    type Error = Killed;

    async fn observe(&mut self) -> Result<Observation, Killed> {
        self.call()?;
        Ok(Observation {
            weight: Some(self.weight.get()),
            candidate: Health::Healthy,
            stable: Health::Healthy,
            hopeless: None,
            fate: self.fate.borrow().clone(),
        })
    }

    async fn shift(&mut self, weight: Weight) -> Result<Answer, Killed> {
        self.shifts.borrow_mut().push(weight);
        self.weight.set(weight);
        // Done, and the one who asked may die before it hears so.
        self.call()?;
        Ok(Answer::Taken)
    }

    async fn promote(&mut self) -> Result<Answer, Killed> {
        *self.fate.borrow_mut() = Some(Fate::Promoted);
        self.call()?;
        Ok(Answer::Taken)
    }

    async fn go_back(&mut self, _: &Why) -> Result<Answer, Killed> {
        self.weight.set(Weight::NONE);
        *self.fate.borrow_mut() = Some(Fate::WentBack("told to".into()));
        self.call()?;
        Ok(Answer::Taken)
    }
}

/// Time that passes by pausing; a gate that answers after so many pauses.
struct Room {
    now: Cell<i64>,
    cancel_at: i64,
    gate: fn(Question) -> Option<Judgement>,
    told: RefCell<Vec<String>>,
    kept: RefCell<Option<Journal>>,
}

impl Room {
    fn new(gate: fn(Question) -> Option<Judgement>) -> Self {
        Self { now: Cell::new(0), cancel_at: i64::MAX, gate, told: RefCell::default(), kept: RefCell::default() }
    }
}

impl Host for Room {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.now.get()).unwrap()
    }

    async fn pause(&self, _: bool) {
        self.now.set(self.now.get() + 5);
        tokio::task::yield_now().await;
    }

    fn is_cancelled(&self) -> bool {
        self.now.get() >= self.cancel_at
    }

    fn ask(&self, question: Question) -> impl Future<Output = Judgement> {
        let answer = (self.gate)(question);
        async move {
            match answer {
                Some(judgement) => judgement,
                None => std::future::pending().await,
            }
        }
    }

    fn keep(&self, journal: &Journal) {
        *self.kept.borrow_mut() = Some(journal.clone());
    }

    fn tell(&self, event: &Event, _: &Rollout) {
        self.told.borrow_mut().push(format!("{event:?}"));
    }
}

fn journal() -> Journal {
    let minute = SignedDuration::from_mins(1);
    let patience = Patience { prepare: minute, step: minute, back: minute };
    let hold = (SignedDuration::from_secs(20), SignedDuration::from_secs(20));
    let plan = Plan::of(Strategy::Linear, "25".parse().unwrap(), hold, patience).unwrap();
    Journal { plan: plan.gated(OnInconclusive::GoBack), began: Timestamp::from_second(0).unwrap(), entries: vec![] }
}

fn yes(_: Question) -> Option<Judgement> {
    Some(Judgement::Yes)
}

fn shares(world: &World) -> Vec<u16> {
    world.shifts.borrow().iter().map(|weight| weight.permille()).collect()
}

#[tokio::test]
async fn a_linear_plan_is_carried_out_step_by_step() {
    let (world, room, mut journal) = (World::default(), Room::new(yes), journal());
    assert_eq!(drive(&mut &world, &room, &mut journal).await, Ok(End::Promoted));
    assert_eq!(shares(&world), [250, 500, 750, 1000]);
    assert!(room.now.get() >= 80, "each share is held");
    assert_eq!(journal.replay().next(), rollout::Order::Done(End::Promoted));
}

#[tokio::test]
async fn a_no_in_the_middle_takes_everything_back() {
    let (world, mut journal) = (World::default(), journal());
    let room = Room::new(|question| {
        Some(if question.gate == 2 { Judgement::No("p95 is 900 ms".into()) } else { Judgement::Yes })
    });
    let end = drive(&mut &world, &room, &mut journal).await;
    assert_eq!(end, Ok(End::WentBack { why: Why::Refused("p95 is 900 ms".into()) }));
    assert_eq!((shares(&world), world.weight.get()), (vec![250, 500], Weight::NONE));
}

#[tokio::test]
async fn while_a_gate_is_asked_the_target_is_watched() {
    let (world, room, mut journal) = (World::default(), Room::new(|_| None), journal());
    *world.fate.borrow_mut() = None;
    let watching = async {
        while room.now.get() < 20 {
            tokio::task::yield_now().await;
        }
        *world.fate.borrow_mut() = Some(Fate::WentBack("an alarm went off".into()));
    };
    let mut target = &world;
    let (end, ()) = tokio::join!(drive(&mut target, &room, &mut journal), watching);
    assert_eq!(end, Ok(End::WentBack { why: Why::Itself("an alarm went off".into()) }));
}

#[tokio::test]
async fn a_cancelled_run_goes_back_from_wherever_it_is() {
    for cancel_at in (0..120).step_by(5) {
        let (world, mut journal) = (World::default(), journal());
        let room = Room { cancel_at, ..Room::new(yes) };
        let end = drive(&mut &world, &room, &mut journal).await.unwrap();
        // Four shares are held for twenty seconds each: before that there is no other end.
        if cancel_at < 80 || end != End::Promoted {
            assert_eq!((end, world.weight.get()), (End::WentBack { why: Why::Cancelled }, Weight::NONE), "{cancel_at}");
        }
    }
}

/// Killed after any call, and gone on from the journal by another process: the same steps, none twice backwards.
#[tokio::test]
async fn a_process_that_dies_anywhere_is_gone_on_from_its_journal() {
    for calls in 0..60 {
        let (world, room, mut journal) = (World::default(), Room::new(yes), journal());
        world.calls_left.set(Some(calls));
        if drive(&mut &world, &room, &mut journal).await == Ok(End::Promoted) {
            continue;
        }
        let kept = room.kept.borrow().clone();
        let mut found: Journal = match kept {
            Some(kept) => serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap(),
            None => self::journal(),
        };
        world.calls_left.set(None);
        assert_eq!(drive(&mut &world, &room, &mut found).await, Ok(End::Promoted), "killed after {calls} calls");
        let shares = shares(&world);
        assert!(shares.is_sorted(), "{calls}: {shares:?}");
        let mut once = shares.clone();
        once.dedup();
        assert_eq!(once, [250, 500, 750, 1000], "{calls}: {shares:?}");
    }
}

/// What a process wrote down is read by the next version of this crate as well.
#[test]
fn a_journal_on_disk_tells_where_it_was() {
    let journal: Journal = serde_json::from_str(include_str!("journals/canary.json")).unwrap();
    let rollout = journal.replay();
    assert_eq!(rollout.stage(), &rollout::Stage::Holding { step: 0 });
    assert_eq!((rollout.reached(), rollout.since()), ("5".parse().unwrap(), journal.entries[4].at));
    for broken in [r#"{"plan": {}}"#, r#"{"plan": {"steps": []}, "began": "x", "entries": []}"#, "[]"] {
        assert!(serde_json::from_str::<Journal>(broken).is_err(), "{broken}");
    }
}
