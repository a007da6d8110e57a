use super::*;
use crate::{
    prove::Proof,
    verdict::{Verdict, conclude},
};
use proptest::prelude::*;
use serde_json::json;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn patience() -> Patience {
    Patience { deadline: at(600), rollback: SignedDuration::from_secs(600), newer: SignedDuration::from_secs(30) }
}

fn own(status: &str) -> Option<ServiceDeployment> {
    Some(serde_json::from_value(json!({"serviceDeploymentArn": "ours", "status": status})).unwrap())
}

fn look(status: &str) -> Look {
    Look { own: own(status), ..Look::default() }
}

fn course() -> Course {
    Course::new(Rights::Ours, patience())
}

/// Plays looks at given seconds; gives every answer.
fn play(course: &mut Course, looks: impl IntoIterator<Item = (i64, Look)>) -> Vec<Next> {
    looks.into_iter().map(|(second, look)| course.step(&look, at(second))).collect()
}

fn end(status: &str, more: serde_json::Value) -> End {
    let mut deployment = json!({"serviceDeploymentArn": "ours", "status": status});
    deployment.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let look = Look { own: Some(serde_json::from_value(deployment).unwrap()), ..Look::default() };
    match course().step(&look, at(1)) {
        Next::End(end) => end,
        other => panic!("{status} is no end: {other:?}"),
    }
}

#[test]
fn every_terminal_status_is_its_own_end_and_every_other_is_waited_out() {
    let none = || "no reason was given".to_owned();
    assert_eq!(end("SUCCESSFUL", json!({})), End::Successful);
    assert_eq!(end("ROLLBACK_SUCCESSFUL", json!({})), End::RolledBack { cause: none(), to: None });
    assert_eq!(end("ROLLBACK_FAILED", json!({})), End::RollbackFailed { cause: none() });
    assert_eq!(end("STOPPED", json!({})), End::Stopped { cause: none() });
    for status in ["PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "NEW_WORD"]
    {
        assert_eq!(course().step(&look(status), at(1)), Next::Wait, "{status}");
    }
}

#[test]
fn the_cause_comes_from_the_best_witness() {
    let rolled = |more| match end("ROLLBACK_SUCCESSFUL", more) {
        End::RolledBack { cause, to } => (cause, to),
        other => panic!("{other:?}"),
    };
    let breaker = json!({"status": "TRIGGERED", "failureCount": 3, "threshold": 3});
    let alarms = json!({"status": "TRIGGERED", "triggeredAlarmNames": ["p99", "5xx"]});
    let rollback = json!({"reason": "Service deployment rolled back", "serviceRevisionArn": "rev/1"});
    let (cause, to) = rolled(json!({"rollback": rollback, "deploymentCircuitBreaker": breaker}));
    assert_eq!((cause.as_str(), to.as_deref()), ("the circuit breaker tripped after 3 failed tasks", Some("rev/1")));
    let (cause, _) = rolled(json!({"alarms": alarms, "deploymentCircuitBreaker": breaker}));
    assert_eq!(cause, "alarm went off: p99, 5xx");
    assert_eq!(rolled(json!({"rollback": rollback})).0, "Service deployment rolled back");
    assert_eq!(rolled(json!({"statusReason": "words"})).0, "words");
    let idle = json!({"status": "MONITORING_COMPLETE", "failureCount": 1});
    assert_eq!(rolled(json!({"statusReason": "words", "deploymentCircuitBreaker": idle})).0, "words");
}

#[test]
fn a_deployment_not_yet_visible_or_a_failed_read_is_waited_out() {
    let looks = (1..100).map(|second| (second, Look::default()));
    assert!(play(&mut course(), looks).iter().all(|next| *next == Next::Wait));
}

#[test]
fn at_the_deadline_it_is_taken_back_once_and_followed_to_the_end_of_that() {
    let mut course = course();
    let next = play(
        &mut course,
        [
            (599, look("IN_PROGRESS")),
            (600, look("IN_PROGRESS")),
            (602, look("IN_PROGRESS")),
            (604, look("ROLLBACK_IN_PROGRESS")),
            (900, look("ROLLBACK_SUCCESSFUL")),
        ],
    );
    let cause = "it did not become healthy in time".to_owned();
    let wanted =
        [Next::Wait, Next::Stop(Why::Deadline), Next::Wait, Next::Wait, Next::End(End::RolledBack { cause, to: None })];
    assert_eq!(next, wanted);
}

#[test]
fn a_success_that_overtakes_our_stop_is_the_truth() {
    let mut course = course();
    assert_eq!(
        play(&mut course, [(600, look("IN_PROGRESS")), (601, look("SUCCESSFUL"))]),
        [Next::Stop(Why::Deadline), Next::End(End::Successful)]
    );
}

#[test]
fn a_way_back_that_never_ends_is_an_end_not_seen() {
    let mut course = course();
    let next = play(
        &mut course,
        [(10, look("ROLLBACK_IN_PROGRESS")), (609, Look::default()), (610, look("ROLLBACK_IN_PROGRESS"))],
    );
    assert_eq!(next, [Next::Wait, Next::Wait, Next::End(End::Unseen)]);
}

#[test]
fn a_hopeless_cause_is_not_waited_for() {
    let hopeless = Look { hopeless: Some("exec format error".into()), ..look("IN_PROGRESS") };
    assert_eq!(course().step(&hopeless, at(2)), Next::Stop(Why::Hopeless("exec format error".into())));
    let returning = Look { own: own("ROLLBACK_IN_PROGRESS"), ..hopeless.clone() };
    assert_eq!(course().step(&returning, at(2)), Next::Wait, "the way back has begun already");
}

#[test]
fn a_deployment_of_another_run_is_watched_and_never_stopped() {
    let mut course = Course::new(Rights::Watch, patience());
    let hopeless = Look { hopeless: Some("x".into()), ..look("IN_PROGRESS") };
    let next = play(&mut course, [(2, hopeless), (599, look("IN_PROGRESS")), (600, look("IN_PROGRESS"))]);
    assert_eq!(next, [Next::Wait, Next::Wait, Next::End(End::Unseen)]);
}

#[test]
fn stopped_with_a_newer_one_is_superseded_and_without_is_stopped() {
    let newer = || Newer::Seen("theirs".to_owned());
    let ended = Look { newer: newer(), ..look("STOPPED") };
    assert_eq!(course().step(&ended, at(1)), Next::End(End::Superseded { by: "theirs".into() }));
    let rolled = Look { newer: newer(), ..look("ROLLBACK_SUCCESSFUL") };
    assert!(matches!(course().step(&rolled, at(1)), Next::End(End::RolledBack { .. })), "our own way back is ours");
}

#[test]
fn a_newer_deployment_beside_a_live_one_counts_only_when_it_lasts() {
    let both = || Look { newer: Newer::Seen("theirs".into()), ..look("IN_PROGRESS") };
    let alone = || Look { newer: Newer::No, ..look("IN_PROGRESS") };
    let next = play(&mut course(), [(10, both()), (20, alone()), (25, both()), (54, both()), (55, both())]);
    let superseded = Next::End(End::Superseded { by: "theirs".into() });
    assert_eq!(next, [Next::Wait, Next::Wait, Next::Wait, Next::Wait, superseded.clone()]);
    // Not every look looks for it, and some looks fail: that is no sight of its absence.
    let next = play(&mut course(), [(10, both()), (12, look("IN_PROGRESS")), (14, Look::default()), (40, both())]);
    assert_eq!(next, [Next::Wait, Next::Wait, Next::Wait, superseded]);
}

#[test]
fn a_stop_that_was_not_heard_is_asked_for_again_for_as_long_as_the_way_back_might_take() {
    let mut course = course();
    let mut asked = Vec::new();
    for second in (600..3000).step_by(100) {
        match course.step(&look("IN_PROGRESS"), at(second)) {
            Next::Stop(Why::Deadline) => {
                asked.push(second);
                course.note_unheard(at(second));
            }
            Next::Wait => {}
            next => {
                assert_eq!((next, second), (Next::End(End::Unseen), 1800));
                break;
            }
        }
    }
    assert_eq!(asked, [600, 700, 800, 900, 1000, 1100, 1200]);
}

#[test]
fn a_hopeless_deployment_that_is_only_watched_is_watched_no_longer_than_the_deadline() {
    let mut course = Course::new(Rights::Watch, patience());
    let hopeless = Look { hopeless: Some("exec format error".to_owned()), ..look("IN_PROGRESS") };
    assert_eq!(course.step(&hopeless, at(599)), Next::Wait);
    assert_eq!(course.step(&hopeless, at(600)), Next::End(End::Unseen));
}

#[test]
fn a_stop_after_a_signal_is_told_apart_from_a_failure() {
    let mut course = course();
    course.note_stop(Why::Cancelled, at(5));
    let Next::End(end) = course.step(&look("ROLLBACK_SUCCESSFUL"), at(6)) else { panic!("no end") };
    assert_eq!(end, End::RolledBack { cause: "the run was cancelled".into(), to: None });
    assert_eq!(conclude(&end, course.stopped(), None), Verdict::Cancelled);
}

#[test]
fn the_end_is_looked_for_often_only_when_it_may_come_soon() {
    let counts = |running: u32, wanted: u32| json!({"targetServiceRevision": {"requestedTaskCount": wanted, "runningTaskCount": running}});
    let stage = |stage: &str, bake: i64| json!({"lifecycleStage": stage, "deploymentConfiguration": {"bakeTimeInMinutes": bake}});
    for (status, more, unchanged, wanted) in [
        ("IN_PROGRESS", counts(0, 2), 5, false),
        ("IN_PROGRESS", counts(1, 2), 5, false),
        ("IN_PROGRESS", counts(2, 2), 5, true),
        ("IN_PROGRESS", counts(2, 2), 3600, false),
        ("IN_PROGRESS", counts(0, 0), 5, false),
        ("ROLLBACK_IN_PROGRESS", counts(0, 2), 3600, true),
        ("STOP_REQUESTED", counts(0, 2), 3600, true),
        ("IN_PROGRESS", stage("SCALE_UP", 5), 600, false),
        ("IN_PROGRESS", stage("BAKE_TIME", 5), 100, false),
        ("IN_PROGRESS", stage("BAKE_TIME", 5), 286, true),
        ("IN_PROGRESS", stage("BAKE_TIME", 0), 1, true),
        ("IN_PROGRESS", stage("BAKE_TIME", 5), 3600, false),
    ] {
        let mut own = json!({"status": status});
        own.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let own: ServiceDeployment = serde_json::from_value(own).unwrap();
        assert_eq!(is_near_its_end(&own, SignedDuration::from_secs(unchanged)), wanted, "{status} {more} {unchanged}");
    }
}

fn looks() -> impl Strategy<Value = Vec<(i64, Look)>> {
    let words: Vec<&str> = Status::WORDS.into_iter().map(|(word, _)| word).chain(["TOMORROW"]).collect();
    let one = (prop::option::of(prop::sample::select(words)), any::<bool>(), any::<bool>(), 0_i64..300);
    prop::collection::vec(one, 1..30).prop_map(|raw| {
        let mut second = 0;
        let look = |(status, newer, hopeless, pause): (Option<&str>, bool, bool, i64)| {
            second += pause;
            let newer = if newer { Newer::Seen("theirs".to_owned()) } else { Newer::No };
            let hopeless = hopeless.then(|| "exec format error".to_owned());
            (second, Look { own: status.and_then(own), newer, hopeless })
        };
        raw.into_iter().map(look).collect()
    })
}

proptest! {
    /// Whatever is seen, in whatever order: a success is one only when our own deployment says so, we stop at most once
    /// and only what we began, and after the deadline there is an end in bounded time.
    #[test]
    fn no_order_of_looks_makes_a_false_success_or_a_second_stop(looks in looks(), ours in any::<bool>()) {
        let rights = if ours { Rights::Ours } else { Rights::Watch };
        let mut course = Course::new(rights, patience());
        let mut stops = 0;
        for (second, look) in looks {
            match course.step(&look, at(second)) {
                Next::Wait => {
                    prop_assert!(second < 600 + 600 + 30 || course.stopped().is_some() || course.returning_since.is_some());
                }
                Next::Stop(_) => {
                    stops += 1;
                    prop_assert!(ours && look.own.is_none_or(|own| !own.status.is_terminal() && !own.status.is_rollback()));
                }
                Next::End(end) => {
                    let successful = look.own.is_some_and(|own| own.status == Status::Successful);
                    prop_assert_eq!(end == End::Successful, successful);
                    let verdict = conclude(&end, course.stopped(), Some(&Proof::Kept { tasks: 1 }));
                    prop_assert_eq!(verdict == Verdict::Deployed, successful);
                    break;
                }
            }
        }
        prop_assert!(stops <= 1);
    }
}
