//! The generator: one thread that does nothing else, so that a request leaves when it is due.

use super::{Load, Measured};
use crate::{
    assertion::{Assertion, Everywhere},
    judge::{Outcome, judge},
    observe::{Reply, Service},
    wire::Wire,
};
use std::{
    cell::RefCell,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::Notify,
    task::{LocalSet, spawn_local, yield_now},
    time::{Instant, sleep_until},
};

/// The runtime's timer is exact to a millisecond and never early; what is left is waited for awake.
const AWAKE: Duration = Duration::from_millis(1);

/// One request that is sent again and again, and what its answer must be.
#[derive(Debug, Clone)]
pub(crate) struct Shot {
    pub(crate) wire: Wire,
    pub(crate) status: u16,
    pub(crate) assertions: Vec<Assertion>,
}

/// Tells a generator on another thread to stop, and how far it is. Dropping the first clone stops it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    stopped: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
}

impl Stop {
    /// No more requests are sent.
    pub(crate) fn now(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// How many requests have been settled.
    pub(crate) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }
}

/// Everything the requests under way share.
struct Range {
    service: Service,
    shots: Vec<Shot>,
    everywhere: Everywhere,
    state: RefCell<State>,
    settled: Notify,
    stop: Stop,
}

#[derive(Default)]
struct State {
    measured: Measured,
    in_flight: usize,
    ends: Option<Instant>,
}

/// Sends what is due and returns when the last is settled. Blocks its thread.
///
/// # Errors
/// When the system gives no timer or no sockets.
pub(crate) fn fire(
    load: &Load,
    service: Service,
    (shots, everywhere): (Vec<Shot>, Everywhere),
    stop: Stop,
) -> std::io::Result<Measured> {
    allow_connections(load.max_in_flight);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let range = Rc::new(Range { service, shots, everywhere, state: RefCell::default(), settled: Notify::new(), stop });
    LocalSet::new().block_on(&runtime, send(load, &range));
    let mut state = range.state.take();
    state.measured.lasted = load.duration.duration();
    Ok(state.measured)
}

/// Each request under way has a connection, and each of these a file descriptor; what the system does not allow shows in
/// the requests it refuses.
fn allow_connections(in_flight: usize) {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = in_flight as u64 + 200;
    if limit.current.is_some_and(|current| current < wanted) {
        limit.current = Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted)));
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

async fn send(load: &Load, range: &Rc<Range>) {
    let start = Instant::now() + Duration::from_millis(5);
    let whole = load.warmup.duration() + load.duration.duration();
    let number =
        |length: Duration| u64::try_from(length.as_nanos() * u128::from(load.rate) / 1_000_000_000).unwrap_or(u64::MAX);
    let (unmeasured, all) = (number(load.warmup.duration()), number(whole));
    range.state.borrow_mut().ends = Some(start + whole);
    for n in 0..all {
        // Computed from the start each time, so that no rounding adds up.
        let nanos = u128::from(n) * 1_000_000_000 / u128::from(load.rate);
        let due = start + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        wait(due).await;
        if range.stop.stopped.load(Ordering::Relaxed) {
            break;
        }
        let measured = n >= unmeasured;
        if range.state.borrow().in_flight >= load.max_in_flight {
            range.state.borrow_mut().measured.exhausted += u64::from(measured);
            range.settled.notified().await;
        }
        let place = usize::try_from(n % (range.shots.len() as u64).max(1)).unwrap_or(0);
        range.state.borrow_mut().in_flight += 1;
        spawn_local(shoot(Rc::clone(range), place, due, measured));
    }
    range.state.borrow_mut().measured.due = all - unmeasured;
    while range.state.borrow().in_flight > 0 {
        range.settled.notified().await;
    }
}

async fn wait(due: Instant) {
    while let Some(left) = due.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        match left.checked_sub(AWAKE) {
            Some(asleep) if asleep > AWAKE => sleep_until(due - AWAKE).await,
            _ => yield_now().await,
        }
    }
}

async fn shoot(range: Rc<Range>, place: usize, due: Instant, measured: bool) {
    let lag = due.elapsed();
    let settled = match range.shots.get(place) {
        Some(shot) => {
            let reply = range.service.send(&shot.wire, due).await;
            let took = match &reply {
                // Nobody knows how long it would have been.
                Reply::Unreachable(_) => range.service.timeout(),
                Reply::Late(limit) => *limit,
                _ => due.elapsed(),
            };
            Some((
                judge(shot.status, &shot.assertions, &range.everywhere, &reply),
                took,
                matches!(reply, Reply::Late(_)),
            ))
        }
        None => None,
    };
    let mut state = range.state.borrow_mut();
    state.in_flight -= 1;
    if let Some((outcome, took, late)) = settled.filter(|_| measured) {
        state.record(outcome, took, late, lag);
    }
    range.stop.done.fetch_add(1, Ordering::Relaxed);
    range.settled.notify_one();
}

impl State {
    fn record(&mut self, outcome: Outcome, took: Duration, late: bool, lag: Duration) {
        let answered = !late && !matches!(outcome, Outcome::Unanswered(_));
        let in_time = self.ends.is_some_and(|ends| Instant::now() <= ends);
        let measured = &mut self.measured;
        measured.sent += 1;
        measured.latencies.record(took);
        measured.lags.record(lag);
        let example = match outcome {
            Outcome::Passed => {
                measured.right += 1;
                None
            }
            Outcome::Failed(mismatches) => {
                *(if late { &mut measured.late } else { &mut measured.wrong }) += 1;
                mismatches.first().map(|m| format!("{}: expected {}, seen {}", m.path, m.expected, m.seen))
            }
            Outcome::Unanswered(reason) => {
                measured.unanswered += 1;
                Some(format!("no answer: {reason}"))
            }
        };
        measured.in_time += u64::from(in_time && answered);
        if measured.example.is_none() {
            measured.example = example;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assertion::Mismatch;

    #[test]
    fn the_rate_counts_answers_that_came_in_time_and_nothing_else() {
        let mut state = State { ends: Some(Instant::now() + Duration::from_secs(60)), ..State::default() };
        let wrong = || Outcome::Failed(vec![Mismatch::new("$", "1", "2")]);
        for (outcome, late) in [
            (Outcome::Passed, false),
            (Outcome::Unanswered("refused".into()), false),
            (wrong(), true),
            (wrong(), false),
            (Outcome::Unanswered("refused".into()), false),
        ] {
            state.record(outcome, Duration::from_millis(1), late, Duration::ZERO);
        }
        let measured = &state.measured;
        assert_eq!((measured.sent, measured.in_time), (5, 2));
        assert_eq!((measured.right, measured.wrong, measured.late, measured.unanswered), (1, 1, 1, 2));
        state.ends = Some(Instant::now() - Duration::from_millis(1));
        state.record(Outcome::Passed, Duration::from_millis(1), false, Duration::ZERO);
        assert_eq!((state.measured.right, state.measured.in_time), (2, 2), "after the end");
    }
}
