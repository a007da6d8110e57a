use super::*;
use crate::{Entry, Journal, Patience, Strategy};
use proptest::prelude::{Just, ProptestConfig, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::Strategy as _;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

fn plan(strategy: Strategy, share: &str) -> Plan {
    let patience = Patience { prepare: seconds(600), step: seconds(300), back: seconds(120) };
    Plan::of(strategy, share.parse().unwrap(), (seconds(60), seconds(30)), patience).unwrap()
}

fn gated(strategy: Strategy, share: &str) -> Plan {
    plan(strategy, share).gated(OnInconclusive::GoBack)
}

fn seen(permille: u16, candidate: Health) -> Event {
    let weight = Some(Weight::from_permille(permille).unwrap());
    Event::Seen(Observation { weight, candidate, stable: Health::Healthy, ..Observation::default() })
}

fn healthy(permille: u16) -> Event {
    seen(permille, Health::Healthy)
}

fn fate(fate: Fate) -> Event {
    Event::Seen(Observation { fate: Some(fate), ..Observation::default() })
}

fn play(plan: Plan, events: Vec<(i64, Event)>) -> Rollout {
    let mut rollout = Rollout::new(plan, at(0));
    for (second, event) in events {
        rollout.apply(event, at(second));
    }
    rollout
}

fn yes(gate: usize) -> Event {
    Event::Judged(gate, Judgement::Yes)
}

#[test]
fn a_canary_is_asked_about_before_each_share_and_before_the_promotion() {
    let mut rollout = Rollout::new(gated(Strategy::Canary, "5"), at(0));
    let weight = |permille| Weight::from_permille(permille).unwrap();
    let question = |gate, now, next| Order::Ask(Question { gate, gates: 3, weight: weight(now), next: weight(next) });
    for (second, event, wanted) in [
        (1, seen(0, Health::Unknown), Order::Look),
        (2, healthy(0), question(0, 0, 50)),
        (3, yes(0), Order::Look),
        (4, healthy(0), Order::Move(weight(50))),
        (4, Event::Taken, Order::Look),
        (5, healthy(0), Order::Look),
        (6, healthy(50), Order::Look),
        (65, healthy(50), Order::Look),
        (66, healthy(50), question(1, 50, 1000)),
        (70, yes(1), Order::Look),
        (71, healthy(50), Order::Move(Weight::ALL)),
        (71, Event::Taken, Order::Look),
        (72, healthy(1000), Order::Look),
        (102, healthy(1000), question(2, 1000, 1000)),
        (103, yes(2), Order::Look),
        (104, healthy(1000), Order::Promote),
        (104, Event::Taken, Order::Look),
        (105, fate(Fate::Promoted), Order::Done(End::Promoted)),
    ] {
        rollout.apply(event.clone(), at(second));
        assert_eq!(rollout.next(), wanted, "{second}: {event:?}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_way_to_an_end_has_its_word() {
    let no = || Event::Judged(0, Judgement::No("5xx".into()));
    let unsure = || Event::Judged(0, Judgement::Inconclusive("no samples".into()));
    let back = || fate(Fate::WentBack("by itself".into()));
    let asking = || vec![(1, healthy(0))];
    let moving = || vec![(1, healthy(0)), (2, yes(0)), (3, healthy(0)), (3, Event::Taken)];
    let then = |mut before: Vec<(i64, Event)>, more: Vec<(i64, Event)>| {
        before.extend(more);
        before
    };
    let went = |why| End::WentBack { why };
    for (events, wanted) in [
        (then(asking(), vec![(2, no()), (3, back())]), went(Why::Refused("5xx".into()))),
        (then(asking(), vec![(2, unsure()), (3, back())]), went(Why::Inconclusive("no samples".into()))),
        (then(asking(), vec![(2, Event::Abort(Why::Cancelled)), (3, back())]), went(Why::Cancelled)),
        (
            then(asking(), vec![(301, healthy(0)), (302, back())]),
            went(Why::Stalled("the gate did not say yes in time".into())),
        ),
        (
            vec![(600, seen(0, Health::Unhealthy("x".into()))), (601, back())],
            went(Why::Stalled("the new release did not become healthy in time".into())),
        ),
        (
            then(moving(), vec![(4, seen(50, Health::Unhealthy("502".into()))), (5, back())]),
            went(Why::Unhealthy("502".into())),
        ),
        (
            then(moving(), vec![(303, healthy(0)), (304, back())]),
            went(Why::Stalled("the traffic did not move in time".into())),
        ),
        (
            then(moving(), vec![(4, healthy(50)), (400, seen(50, Health::Unknown)), (401, back())]),
            went(Why::Stalled("the new release was not seen healthy in time".into())),
        ),
        (vec![(1, back())], went(Why::Itself("by itself".into()))),
        (
            then(asking(), vec![(2, no()), (3, fate(Fate::Promoted))]),
            End::Stuck {
                why: Why::Refused("5xx".into()),
                reason: "the new release had been promoted before it could go back".into(),
            },
        ),
        (
            then(asking(), vec![(2, no()), (122, healthy(50))]),
            End::Stuck {
                why: Why::Refused("5xx".into()),
                reason: "the end of the way back was not seen in time".into(),
            },
        ),
        (
            then(asking(), vec![(2, fate(Fate::Promoted))]),
            End::Overtaken { by: "somebody else had the new release promoted".into() },
        ),
        (
            then(asking(), vec![(2, healthy(500))]),
            End::Overtaken {
                by: "the new release has 50 % of the traffic, and not 0 %, which is what was planned".into(),
            },
        ),
        (then(moving(), vec![(4, fate(Fate::Stopped("s".into())))]), End::Stopped { reason: "s".into() }),
        (then(moving(), vec![(4, fate(Fate::Overtaken("sd/2".into())))]), End::Overtaken { by: "sd/2".into() }),
    ] {
        let rollout = play(gated(Strategy::Canary, "5"), events.clone());
        assert_eq!(rollout.stage(), &Stage::Ended(wanted), "{events:?}");
    }
}

#[test]
fn an_answer_counts_only_for_the_gate_that_is_asked() {
    let asked_first = vec![(1, healthy(0)), (2, yes(1)), (3, yes(9))];
    assert_eq!(play(gated(Strategy::Canary, "5"), asked_first).stage(), &Stage::Asking { gate: 0 });
    let late = Event::Judged(0, Judgement::No("late".into()));
    let moving = vec![(1, healthy(0)), (2, yes(0)), (3, late), (4, yes(0))];
    assert_eq!(play(gated(Strategy::Canary, "5"), moving).stage(), &Stage::Moving { step: 0, told: false });
}

#[test]
fn a_gate_that_cannot_tell_is_asked_again_where_that_is_wished_and_never_passed() {
    let plan = plan(Strategy::Canary, "5").gated(OnInconclusive::AskAgain);
    let unsure = || Event::Judged(0, Judgement::Inconclusive("no samples".into()));
    let mut rollout = play(plan, vec![(1, healthy(0)), (2, unsure()), (90, unsure())]);
    assert_eq!(rollout.stage(), &Stage::Asking { gate: 0 });
    rollout.apply(healthy(0), at(301));
    assert!(matches!(rollout.stage(), Stage::Returning { why: Why::Stalled(_), .. }));
}

#[test]
fn traffic_does_not_go_back_onto_a_side_that_is_down_while_the_other_carries_some() {
    let down = |permille: u16| {
        let weight = Some(Weight::from_permille(permille).unwrap());
        let stable = Health::Unhealthy("no targets".into());
        Event::Seen(Observation { weight, stable, ..Observation::default() })
    };
    let moved = vec![(1, healthy(0)), (2, yes(0)), (3, healthy(0)), (3, Event::Taken), (4, healthy(50))];
    let mut rollout = play(gated(Strategy::Canary, "5"), moved);
    rollout.apply(Event::Abort(Why::Asked), at(5));
    rollout.apply(down(50), at(5));
    assert_eq!(rollout.next(), Order::Look);
    rollout.apply(healthy(50), at(6));
    assert_eq!(rollout.next(), Order::GoBack(Why::Asked));
    let mut rollout = play(gated(Strategy::Canary, "5"), vec![(1, Event::Abort(Why::Asked)), (2, down(0))]);
    assert_eq!(rollout.next(), Order::GoBack(Why::Asked), "nothing is taken from anybody");
    rollout.apply(Event::Taken, at(3));
    assert_eq!(rollout.next(), Order::Look);
}

#[test]
fn what_is_gone_on_with_is_asked_about_from_its_share_on_and_another_plan_is_noticed() {
    let adopted = |permille: u16| Event::Adopted(Weight::from_permille(permille).unwrap());
    let mut rollout = play(gated(Strategy::Canary, "5"), vec![(1, adopted(50)), (61, healthy(50))]);
    assert_eq!(rollout.stage(), &Stage::Asking { gate: 1 });
    rollout.apply(adopted(1000), at(62));
    assert_eq!(rollout.stage(), &Stage::Asking { gate: 1 }, "only at the beginning");
    let other = play(gated(Strategy::Canary, "5"), vec![(1, adopted(200)), (2, healthy(200))]);
    assert!(matches!(other.stage(), Stage::Ended(End::Overtaken { .. })));
}

fn any_health() -> impl proptest::strategy::Strategy<Value = Health> {
    prop_oneof![
        4 => Just(Health::Healthy),
        1 => Just(Health::Unhealthy("u".into())),
        1 => Just(Health::Unknown),
    ]
}

/// What the random world does next. `Obey` is a target that shows the share it was told last.
#[derive(Debug, Clone)]
enum Turn {
    Obey(Health, Health),
    Lie(u16),
    Judge(Judgement),
    Refuse,
    Abort,
    Fate(Fate),
    Hopeless,
}

fn any_turn() -> impl proptest::strategy::Strategy<Value = Turn> {
    prop_oneof![
        12 => (any_health(), any_health()).prop_map(|(candidate, stable)| Turn::Obey(candidate, stable)),
        1 => (0_u16..=1000).prop_map(Turn::Lie),
        6 => Just(Turn::Judge(Judgement::Yes)),
        1 => Just(Turn::Judge(Judgement::No("n".into()))),
        1 => Just(Turn::Judge(Judgement::Inconclusive("i".into()))),
        2 => Just(Turn::Refuse),
        1 => Just(Turn::Abort),
        1 => prop_oneof![Just(Fate::Promoted), Just(Fate::WentBack("w".into())), Just(Fate::Stuck("s".into()))].prop_map(Turn::Fate),
        1 => Just(Turn::Hopeless),
    ]
}

fn any_plan() -> impl proptest::strategy::Strategy<Value = Plan> {
    let strategies = prop_oneof![Just(Strategy::BlueGreen), Just(Strategy::Canary), Just(Strategy::Linear)];
    (strategies, 10_u16..999, any::<bool>(), any::<bool>()).prop_map(|(strategy, share, gated, again)| {
        let share = Weight::from_permille(share).unwrap();
        let patience = Patience { prepare: seconds(600), step: seconds(300), back: seconds(120) };
        let plan = Plan::of(strategy, share, (seconds(20), seconds(10)), patience).unwrap();
        let policy = if again { OnInconclusive::AskAgain } else { OnInconclusive::GoBack };
        if gated { plan.gated(policy) } else { plan }
    })
}

/// A play with all that the properties ask about.
#[derive(Default)]
struct Played {
    moves: Vec<Weight>,
    yeses: usize,
    aborted: bool,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn traffic_moves_as_planned_to_the_healthy_only_and_back_whenever_it_is_asked(
        plan in any_plan(), turns in prop::collection::vec((1_i64..40, any_turn()), 1..120)
    ) {
        let mut rollout = Rollout::new(plan.clone(), at(0));
        let mut journal = Journal { plan: plan.clone(), began: at(0), entries: vec![] };
        let (mut now, mut actual, mut played) = (0, Weight::NONE, Played::default());
        for (pause, turn) in turns {
            now += pause;
            let last = rollout.clone();
            let event = match turn {
                Turn::Obey(candidate, stable) => Event::Seen(Observation { weight: Some(actual), candidate, stable, ..Observation::default() }),
                Turn::Lie(permille) => seen(permille, Health::Healthy),
                Turn::Judge(judgement) => match last.stage() {
                    Stage::Asking { gate } => Event::Judged(*gate, judgement),
                    _ => Event::Judged(0, judgement),
                },
                Turn::Refuse => continue,
                Turn::Abort => Event::Abort(Why::Asked),
                Turn::Fate(what) => fate(what),
                Turn::Hopeless => Event::Seen(Observation { hopeless: Some("h".into()), ..Observation::default() }),
            };
            played.yeses += usize::from(matches!((&event, last.stage()), (Event::Judged(g, Judgement::Yes), Stage::Asking { gate }) if g == gate));
            let abort = matches!(event, Event::Abort(_));
            let healthy = matches!(&event, Event::Seen(o) if o.candidate == Health::Healthy);
            if rollout.apply(event.clone(), at(now)) {
                journal.entries.push(Entry { at: at(now), event });
            }
            // Going back can always be asked for, and is for good.
            if abort {
                prop_assert!(matches!(rollout.stage(), Stage::Returning { .. } | Stage::Ended(_)), "not on its way back");
                played.aborted = true;
            }
            let order = rollout.next();
            if played.aborted {
                prop_assert!(!matches!(order, Order::Move(_) | Order::Promote | Order::Ask(_)), "{order:?}");
            }
            if let Order::Move(weight) = order {
                prop_assert!(healthy, "moved without having just seen it healthy");
                let planned = plan.steps().iter().position(|step| step.weight == weight).unwrap();
                let before = plan.steps().iter().filter(|step| step.weight <= rollout.reached()).count();
                prop_assert_eq!(planned, before, "not the next planned share");
                prop_assert!(!plan.is_gated() || played.yeses > planned, "moved without a yes");
                played.moves.push(weight);
                actual = weight;
                rollout.apply(Event::Taken, at(now));
                journal.entries.push(Entry { at: at(now), event: Event::Taken });
            }
            if let (Order::GoBack(_), Event::Seen(o)) = (rollout.next(), journal.entries.last().map_or(Event::Taken, |e| e.event.clone())) {
                let down = matches!(o.stable, Health::Unhealthy(_)) && o.weight != Some(Weight::NONE);
                prop_assert!(!down, "went back onto a side that is down");
            }
            if rollout.stage() == &Stage::Ended(End::Promoted) && last.stage() != rollout.stage() {
                prop_assert_eq!(last.reached(), Weight::ALL);
                prop_assert!(!plan.is_gated() || played.yeses > plan.steps().len());
            }
        }
        // The journal survives being written and read, and tells the same story.
        let read: Journal = serde_json::from_str(&serde_json::to_string(&journal).unwrap()).unwrap();
        prop_assert_eq!(&read, &journal);
        prop_assert_eq!(read.replay(), rollout);
    }

    #[test]
    fn whatever_happens_it_ends_once_the_world_answers(plan in any_plan(), turns in prop::collection::vec((1_i64..40, any_turn()), 0..40)) {
        let mut rollout = Rollout::new(plan, at(0));
        let (mut now, mut actual) = (0, Weight::NONE);
        for (pause, turn) in turns {
            now += pause;
            if let (Turn::Judge(judgement), &Stage::Asking { gate }) = (turn, rollout.stage()) {
                rollout.apply(Event::Judged(gate, judgement), at(now));
            }
        }
        for _ in 0..2000 {
            now += 5;
            match rollout.next() {
                Order::Done(_) => break,
                Order::Ask(question) => { rollout.apply(yes(question.gate), at(now)); }
                Order::Move(weight) => { actual = weight; rollout.apply(Event::Taken, at(now)); }
                Order::Promote => { rollout.apply(fate(Fate::Promoted), at(now)); }
                Order::GoBack(_) => { rollout.apply(fate(Fate::WentBack("w".into())), at(now)); }
                Order::Look => { rollout.apply(Event::Seen(Observation {
                    weight: Some(actual), candidate: Health::Healthy, stable: Health::Healthy, ..Observation::default()
                }), at(now)); }
            }
        }
        prop_assert!(matches!(rollout.stage(), Stage::Ended(_)), "{:?}", rollout.stage());
    }
}
