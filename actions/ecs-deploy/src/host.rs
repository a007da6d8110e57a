//! What surrounds a rollout here: the runner's clock and signals, the gate's command, the log.

use crate::{gate, inputs::Settings, watch::pace};
use github::Runner;
use jiff::Timestamp;
use rollout::{Event, Host, Journal, Judgement, Order, Question, Rollout, Stage};
use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

/// The pause between two looks where nothing is expected to happen soon, in first pauses.
const STEADY: f64 = 5.0;
/// The pause between two looks on the way back after a signal.
const HURRY: Duration = Duration::from_millis(250);

/// The floor a rollout stands on.
pub(crate) struct Floor<'a, K: Fn(&Journal)> {
    /// The run.
    pub(crate) runner: &'a Runner,
    /// What is wanted.
    pub(crate) settings: &'a Settings,
    /// The image the gates are asked about.
    pub(crate) image: String,
    /// Keeps the journal.
    pub(crate) keep: K,
    /// Everything told, with its moment.
    pub(crate) told: RefCell<Vec<(Timestamp, String)>>,
    /// When something changed last.
    since: Cell<Timestamp>,
}

impl<'a, K: Fn(&Journal)> Floor<'a, K> {
    /// The floor of a rollout that is about to begin.
    pub(crate) fn new(runner: &'a Runner, settings: &'a Settings, image: String, keep: K) -> Self {
        Self { runner, settings, image, keep, told: RefCell::default(), since: Cell::new(runner.now()) }
    }

    /// Comes when a cancelled run has used up the time the runner gives it.
    pub(crate) async fn overdue(&self, budget: Duration) {
        self.runner.cancel().requested().await;
        tokio::select! {
            () = tokio::time::sleep(budget) => {}
            () = self.runner.cancel().insisted() => {}
        }
    }
}

impl<K: Fn(&Journal)> Host for Floor<'_, K> {
    fn now(&self) -> Timestamp {
        self.runner.now()
    }

    async fn pause(&self, steady: bool) {
        if self.is_cancelled() {
            return tokio::time::sleep(HURRY).await;
        }
        let elapsed = self.runner.now().duration_since(self.since.get());
        let pause = if steady { self.settings.poll.mul_f64(STEADY) } else { pace(elapsed, self.settings.poll) };
        let _ = self.runner.sleep(pause).await;
    }

    fn is_cancelled(&self) -> bool {
        self.runner.cancel().is_requested()
    }

    async fn ask(&self, question: Question) -> Judgement {
        match &self.settings.progress.gate {
            Some(gate) => gate::ask(self.runner, gate, question, &self.image).await,
            // A plan without a gate is not asked about; a question all the same has nobody to say yes.
            None => Judgement::Inconclusive("there is no gate to ask".to_owned()),
        }
    }

    fn keep(&self, journal: &Journal) {
        (self.keep)(journal);
    }

    fn tell(&self, event: &Event, rollout: &Rollout) {
        self.since.set(self.runner.now());
        if let Some(text) = words(event, rollout) {
            self.runner.info(&text);
            self.told.borrow_mut().push((self.runner.now(), text));
        }
    }
}

/// A line for a change that people want to know of.
fn words(event: &Event, rollout: &Rollout) -> Option<String> {
    let stage = match rollout.stage() {
        Stage::Asking { gate } if matches!(event, Event::Seen(_)) => {
            let Order::Ask(question) = rollout.next() else { return None };
            let what = if question.weight == question.next {
                "before the old release goes".to_owned()
            } else {
                format!("before {} of the traffic", question.next)
            };
            Some(format!("asking gate {} of {}, {what}", gate + 1, question.gates))
        }
        Stage::Holding { step } => {
            let hold = rollout.plan().steps().get(*step).map_or(0, |step| step.hold.as_secs());
            Some(format!("the new release has {} of the traffic, for {hold} s at least", rollout.reached()))
        }
        Stage::Returning { why, told: false } => Some(format!("going back: {}", why.text())),
        Stage::Moving { step, told: true } => {
            let weight = rollout.plan().steps().get(*step).map(|step| step.weight)?;
            Some(format!("moving {weight} of the traffic to the new release"))
        }
        Stage::Promoting { told: true } => Some("ending the rollout: the new release stays".to_owned()),
        _ => None,
    };
    match event {
        Event::Judged(_, Judgement::Yes) => Some("the gate says yes".to_owned()),
        Event::Judged(_, Judgement::No(reason)) => Some(format!("the gate says no: {reason}; going back")),
        Event::Judged(_, Judgement::Inconclusive(reason)) => Some(format!("the gate cannot tell: {reason}")),
        _ => stage,
    }
}
