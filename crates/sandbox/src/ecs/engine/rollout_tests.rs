use super::*;
use crate::ecs::engine::rollout::Step;
use jiff::{SignedDuration, Timestamp};

const OLD: RevisionId = 1;
const NEW: RevisionId = 2;
const BREAKER: Breaker =
    Breaker { rolls_back: true, resets_on_healthy_task: true, threshold: Threshold::BoundedPercent(50) };

fn rollout(stage: Stage) -> Rollout {
    Rollout {
        stage,
        target: NEW,
        fallback: Some(OLD),
        breaker: Some(BREAKER),
        failures: 0,
        bake: SignedDuration::ZERO,
        restart_pause: SignedDuration::from_secs(1),
        steady_since: None,
        hold_until: None,
        native: None,
        watch: None,
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Facts with healthy tasks of these revisions.
fn facts(second: i64, healthy: &[RevisionId], happened: &[Happened]) -> Facts {
    let task = |(place, revision): (usize, &RevisionId)| TaskFact {
        id: place.to_string(),
        revision: *revision,
        phase: Phase::Healthy,
    };
    Facts {
        now: at(second),
        desired: 2,
        limits: Limits { minimum_healthy_percent: 100, maximum_percent: 200 },
        tasks: healthy.iter().enumerate().map(task).collect(),
        happened: happened.to_vec(),
        routable: true,
        ringing: Vec::new(),
        said: Vec::new(),
    }
}

fn failures(count: usize) -> Vec<Happened> {
    vec![Happened::Failed(NEW); count]
}

#[test]
fn a_deployment_is_in_progress_before_it_can_be_successful() {
    let first = rollout(Stage::Pending).step(&facts(0, &[NEW, NEW], &[]));
    assert_eq!(first.rollout.stage, Stage::InProgress);
    let second = first.rollout.step(&facts(1, &[NEW, NEW], &[]));
    assert_eq!(second.rollout.stage, Stage::Successful);
    assert_eq!(second.notes, [Note::Completed(NEW), Note::Steady]);
}

#[test]
fn a_deployment_bakes_and_starts_baking_anew_when_it_was_disturbed() {
    let mut rollout = Rollout { bake: SignedDuration::from_secs(10), ..rollout(Stage::InProgress) };
    for (second, tasks, expected) in [
        (0, vec![NEW, NEW], Stage::InProgress),
        (9, vec![NEW, NEW], Stage::InProgress),
        (9, vec![NEW], Stage::InProgress),
        (12, vec![NEW, NEW], Stage::InProgress),
        (21, vec![NEW, NEW], Stage::InProgress),
        (22, vec![NEW, NEW], Stage::Successful),
    ] {
        rollout = rollout.step(&facts(second, &tasks, &[])).rollout;
        assert_eq!(rollout.stage, expected, "second {second}");
    }
}

#[test]
fn the_breaker_trips_at_its_threshold_and_what_follows_depends_on_the_settings() {
    let step = |rollout: Rollout, count| -> Step { rollout.step(&facts(0, &[OLD, OLD], &failures(count))) };
    assert_eq!(step(rollout(Stage::InProgress), 2).rollout.stage, Stage::InProgress);

    let tripped = step(rollout(Stage::InProgress), 3);
    assert_eq!(tripped.rollout.stage, Stage::RollbackInProgress(Cause::Breaker));
    assert_eq!(tripped.notes, [Note::Failed(NEW, Cause::Breaker), Note::RollingBack(OLD)]);
    assert_eq!((tripped.rollout.primary(), tripped.rollout.failures), (OLD, 0));

    let stalled = step(Rollout { fallback: None, ..rollout(Stage::InProgress) }, 3);
    assert_eq!((stalled.rollout.stage, stalled.rollout.wanted()), (Stage::Stalled, None));
    assert_eq!(stalled.orders, []);

    let no_rollback = Breaker { rolls_back: false, ..BREAKER };
    let stopped = step(Rollout { breaker: Some(no_rollback), ..rollout(Stage::InProgress) }, 3);
    assert_eq!((stopped.rollout.stage, stopped.rollout.wanted()), (Stage::Stopped(Cause::Breaker), None));

    let without = step(Rollout { breaker: None, ..rollout(Stage::InProgress) }, 100);
    assert_eq!(without.rollout.stage, Stage::InProgress);
}

#[test]
fn a_healthy_task_takes_failures_back_unless_told_not_to() {
    let after = |resets_on_healthy_task| {
        let breaker = Breaker { resets_on_healthy_task, ..BREAKER };
        let rollout = Rollout { breaker: Some(breaker), ..rollout(Stage::InProgress) };
        let happened = [Happened::Failed(NEW), Happened::Failed(NEW), Happened::TurnedHealthy(NEW)];
        rollout.step(&facts(0, &[NEW], &happened)).rollout.failures
    };
    assert_eq!((after(true), after(false)), (0, 2));
}

#[test]
fn only_failures_of_the_revision_being_started_count() {
    let step = rollout(Stage::InProgress).step(&facts(0, &[], &[Happened::Failed(OLD); 5]));
    assert_eq!((step.rollout.stage, step.rollout.failures), (Stage::InProgress, 0));
}

#[test]
fn a_failed_task_is_replaced_after_a_pause_that_grows() {
    let first = rollout(Stage::InProgress).step(&facts(0, &[OLD], &failures(1)));
    assert_eq!(first.rollout.hold_until, Some(at(1)));
    assert!(first.orders.is_empty(), "{:?}", first.orders);
    let second = first.rollout.step(&facts(1, &[OLD], &[]));
    assert_eq!(second.orders, [Order::Start { revision: NEW, count: 2 }]);
    let third = second.rollout.step(&facts(5, &[OLD], &failures(1)));
    assert_eq!(third.rollout.hold_until, Some(at(7)));
}

#[test]
fn a_rollback_succeeds_when_the_old_revision_is_steady_and_fails_when_it_fails_too() {
    let back = rollout(Stage::RollbackInProgress(Cause::Breaker));
    let done = back.step(&facts(0, &[OLD, OLD], &[]));
    assert_eq!(done.rollout.stage, Stage::RollbackSuccessful(Cause::Breaker));
    assert_eq!((done.rollout.wanted(), done.rollout.primary()), (Some(OLD), OLD));
    let failed = back.step(&facts(0, &[], &[Happened::Failed(OLD); 3]));
    assert_eq!(failed.rollout.stage, Stage::RollbackFailed(Cause::Breaker));
}

#[test]
fn a_request_to_stop_is_heard_once_and_refused_at_the_end() {
    let table = [
        (Stage::Pending, true, Stage::RollbackRequested),
        (Stage::InProgress, true, Stage::RollbackRequested),
        (Stage::RollbackRequested, true, Stage::RollbackRequested),
        (Stage::RollbackInProgress(Cause::Breaker), true, Stage::RollbackInProgress(Cause::Breaker)),
        (Stage::Successful, false, Stage::Successful),
        (Stage::Stopped(Cause::Superseded), false, Stage::Stopped(Cause::Superseded)),
        (Stage::RollbackSuccessful(Cause::Request), false, Stage::RollbackSuccessful(Cause::Request)),
    ];
    for (before, heard, after) in table {
        let mut rollout = rollout(before);
        assert_eq!((rollout.request_stop(), rollout.stage), (heard, after), "{before:?}");
    }
    let mut first_ever = Rollout { fallback: None, ..rollout(Stage::InProgress) };
    assert!(first_ever.request_stop());
    assert_eq!(first_ever.stage, Stage::StopRequested);
    assert_eq!(first_ever.step(&facts(0, &[], &[])).rollout.stage, Stage::Stopped(Cause::Request));
}

#[test]
fn a_newer_deployment_ends_what_is_not_over() {
    let table = [
        (Stage::Pending, Stage::Stopped(Cause::Superseded)),
        (Stage::Stalled, Stage::Stopped(Cause::Superseded)),
        (Stage::RollbackInProgress(Cause::Breaker), Stage::RollbackFailed(Cause::Superseded)),
        (Stage::Successful, Stage::Successful),
    ];
    for (before, after) in table {
        let mut rollout = rollout(before);
        rollout.supersede();
        assert_eq!(rollout.stage, after, "{before:?}");
    }
}

#[test]
fn after_its_end_the_service_is_kept_as_it_was_left() {
    let kept = Rollout { steady_since: Some(at(0)), ..rollout(Stage::Successful) };
    let hurt = kept.step(&facts(1, &[NEW], &[Happened::Failed(NEW); 9]));
    assert_eq!(hurt.rollout.stage, Stage::Successful);
    let replaced = hurt.rollout.step(&facts(60, &[NEW], &[]));
    assert_eq!(replaced.orders, [Order::Start { revision: NEW, count: 1 }]);
    let steady = replaced.rollout.step(&facts(61, &[NEW, NEW], &[]));
    assert_eq!((steady.rollout.stage, steady.notes), (Stage::Successful, vec![Note::Steady]));
}

#[test]
fn an_alarm_takes_a_deployment_back_unless_it_rang_before_or_that_is_not_wanted() {
    let watch = |rolls_back| Watch { names: vec!["a".to_owned()], rolls_back, state: Watching::NotYet };
    let begin = |rolls_back, ringing: &[&str]| {
        let ringing = ringing.iter().map(|name| (*name).to_owned()).collect();
        let pending = Rollout { watch: Some(watch(rolls_back)), ..rollout(Stage::Pending) };
        pending.step(&Facts { ringing, ..facts(0, &[OLD, OLD], &[]) }).rollout
    };
    let rings = |second| Facts { ringing: vec!["a".to_owned()], ..facts(second, &[OLD, OLD], &[]) };

    let back = begin(true, &[]).step(&rings(1));
    assert_eq!(back.rollout.stage, Stage::RollbackInProgress(Cause::Alarm));
    assert_eq!(back.notes, [Note::Failed(NEW, Cause::Alarm), Note::RollingBack(OLD)]);
    assert_eq!(back.rollout.watch.map(|watch| watch.state), Some(Watching::Heard(vec!["a".to_owned()])));

    assert_eq!(begin(false, &[]).step(&rings(1)).rollout.stage, Stage::Stopped(Cause::Alarm));
    assert_eq!(begin(true, &["a"]).step(&rings(1)).rollout.stage, Stage::InProgress);
    let first_ever = Rollout { fallback: None, ..begin(true, &[]) };
    assert_eq!(first_ever.step(&rings(1)).rollout.stage, Stage::Stopped(Cause::Alarm));
}

#[test]
fn what_shifts_traffic_goes_back_or_stays_put_as_it_was_told_to() {
    let after = |then: OnFailure, ringing: &[&str]| {
        let limit = SignedDuration::from_secs(10);
        let native =
            Native { on_failure: then, on_alarm: then, ..Native::new(Plan::AllAtOnce, Hooks::default(), limit) };
        let watch = Watch { names: vec!["a".to_owned()], rolls_back: false, state: Watching::Listening };
        let begun = Rollout { native: Some(native), watch: Some(watch), ..rollout(Stage::InProgress) };
        let scaling = (0..3).fold(begun, |rollout, second| rollout.step(&facts(second, &[OLD, OLD], &[])).rollout);
        let ringing = ringing.iter().map(|name| (*name).to_owned()).collect();
        scaling.step(&Facts { ringing, ..facts(60, &[OLD, OLD], &[]) }).rollout.stage
    };
    let table = [
        (OnFailure::GoBack, &[][..], Stage::RollbackInProgress(Cause::StageTimedOut)),
        (OnFailure::StayPut, &[], Stage::Stopped(Cause::StageTimedOut)),
        (OnFailure::GoBack, &["a"], Stage::RollbackInProgress(Cause::Alarm)),
        (OnFailure::StayPut, &["a"], Stage::Stopped(Cause::Alarm)),
    ];
    for (then, ringing, expected) in table {
        assert_eq!(after(then, ringing), expected, "{then:?} {ringing:?}");
    }
}
