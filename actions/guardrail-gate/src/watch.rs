//! The watch: sleep until an interval has settled, read everything, judge, until it is decided or over.

use crate::{
    config::{Baseline, Duty, Guardrail, Plan, Window},
    decide::{Doubt, Figures, Finding, Overall, Seen, Terms, Verdict, decide, overall},
    observe::{Observed, Past, Slot, Sources, read},
    progress,
};
use github::Runner;
use jiff::{SignedDuration, Timestamp};
use signals::{SourceError, SourceErrorKind, Span, Track};
use std::time::Duration;

/// How often a source that does not answer is asked again after the window has ended.
const LAST_CHANCES: u32 = 2;

/// The longest pause before each, in seconds.
const LONGEST_PAUSE: u32 = 5;

/// What a watch came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The intervals that were to be watched.
    pub span: Span,
    /// How many of them were judged.
    pub settled: usize,
    /// One per guardrail, in the plan's order.
    pub watched: Vec<Watched>,
    /// The answer of the run; never [`Overall::Watching`].
    pub overall: Overall,
    /// Whether a signal ended it.
    pub interrupted: bool,
    /// Whether it looked at the time before a release ([`crate::preflight`]).
    pub preflight: bool,
}

/// What was seen of one guardrail, and what it means.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The settled intervals.
    pub slots: Vec<Slot>,
    /// The raw answers behind them.
    pub tracks: Vec<Track>,
    /// What was before the release.
    pub past: Past,
    /// Why the newest poll brought nothing.
    pub error: Option<String>,
    /// The judgement.
    pub finding: Finding,
}

/// The intervals of a watch that starts at `start`: after the warm-up, on the grid of whole intervals CloudWatch keeps.
#[must_use]
pub fn span(window: &Window, start: Timestamp) -> Span {
    let interval = i64::from(window.interval.max(1));
    let warm = start.as_second() + i64::from(start.subsec_nanosecond() > 0) + i64::from(window.warm_up);
    let aligned = warm.div_euclid(interval) * interval + if warm.rem_euclid(interval) == 0 { 0 } else { interval };
    Span {
        start: Timestamp::from_second(aligned).unwrap_or(Timestamp::MAX),
        interval: window.interval.max(1),
        intervals: window.intervals,
    }
}

/// When interval `index` counts as final.
#[must_use]
pub fn settles(span: &Span, window: &Window, index: usize) -> Timestamp {
    span.end_of(index).saturating_add(SignedDuration::from_secs(i64::from(window.settle))).unwrap_or(Timestamp::MAX)
}

/// How many intervals are final at `now`.
#[must_use]
pub fn settled(span: &Span, window: &Window, now: Timestamp) -> usize {
    (0..span.intervals).take_while(|&index| settles(span, window, index) <= now).count()
}

/// What one guardrail may assume and spend under this plan.
#[must_use]
pub fn terms(plan: &Plan) -> Terms {
    let stale = plan.window.stale_after / plan.window.interval.max(1);
    Terms { alpha: plan.alpha(), intervals: plan.window.intervals, stale_intervals: stale as usize }
}

/// Watches until a required guardrail has failed, the window is over, or a signal comes.
pub async fn watch(runner: &Runner, plan: &Plan, sources: &Sources, begun: (Span, Vec<Past>)) -> Outcome {
    let (span, pasts) = begun;
    let mut outcome = Outcome::begin(span, pasts);
    let mut chances = LAST_CHANCES;
    loop {
        let final_now = settled(&span, &plan.window, runner.now());
        if final_now > 0 {
            let known = Span { intervals: final_now, ..span };
            let answers = tokio::select! {
                biased;
                () = runner.cancel().requested() => return outcome.interrupt(plan),
                answers = read(plan, sources, &known) => answers,
            };
            let hopeless = outcome.is_hopeless(plan, &answers);
            outcome.judge(plan, answers, final_now);
            runner.info(progress::line(plan, &outcome));
            let unread = outcome.overall == Overall::Error && chances > 0;
            if outcome.overall == Overall::Fail || hopeless || (final_now == span.intervals && !unread) {
                return outcome.close(plan);
            }
            chances -= u32::from(final_now == span.intervals);
        }
        let next = match final_now == span.intervals {
            true => runner.now().saturating_add(SignedDuration::from_secs(i64::from(span.interval.min(LONGEST_PAUSE)))),
            false => Ok(settles(&span, &plan.window, final_now)),
        };
        let wait = next.unwrap_or(Timestamp::MAX).duration_since(runner.now());
        if runner.sleep(Duration::try_from(wait).unwrap_or_default()).await.is_err() {
            return outcome.interrupt(plan);
        }
    }
}

impl Watched {
    fn begin(past: Past) -> Self {
        let finding = Finding { verdict: Verdict::Watching, figures: Figures::Nothing };
        Self { slots: Vec::new(), tracks: Vec::new(), past, error: None, finding }
    }

    /// With these intervals, and nothing known of the time before them.
    pub(crate) fn seen(slots: Vec<Slot>) -> Self {
        Self { slots, ..Self::begin(Past::default()) }
    }

    /// With a finding, and nothing seen.
    #[cfg(test)]
    pub(crate) fn for_test(finding: Finding) -> Self {
        Self { finding, ..Self::begin(Past::default()) }
    }

    /// Judges what is known by now: a function of the numbers alone, so that a late or repeated run comes to the same.
    pub(crate) fn judge(&mut self, guardrail: &Guardrail, terms: &Terms, settled: usize) {
        let slots = &self.slots[..settled.min(self.slots.len())];
        let before = self.past.slots_before(&guardrail.measure);
        let baseline = self.past.slots_of_baseline(guardrail);
        let partial = self.tracks.iter().find_map(|track| track.partial.as_deref());
        let ended = settled >= terms.intervals;
        let seen = Seen { slots, before: &before, baseline: &baseline, ended, partial };
        self.finding = decide(guardrail, &seen, terms);
        let needs_past = guardrail.baseline.as_ref().is_some_and(|b| !matches!(b, Baseline::Concurrent { .. }));
        match (&self.finding.verdict, &self.error, &self.past.error) {
            // What was proven stays proven, whatever the source says after it.
            (Verdict::Fail, ..) => {}
            (_, Some(text), _) => self.finding.verdict = Verdict::Error { text: text.clone() },
            (Verdict::Inconclusive { doubt: Doubt::NoBaseline { .. } }, None, Some(text)) if needs_past => {
                self.finding.verdict = Doubt::NoBaseline { text: Some(text.clone()) }.into();
            }
            _ => {}
        }
    }
}

impl Outcome {
    /// Nothing seen yet.
    #[must_use]
    pub fn begin(span: Span, pasts: Vec<Past>) -> Self {
        let watched = pasts.into_iter().map(Watched::begin).collect();
        Self { span, settled: 0, watched, overall: Overall::Watching, interrupted: false, preflight: false }
    }

    /// Whether a required query was refused before it was ever answered: a wrong query or permission, which waiting does
    /// not mend.
    fn is_hopeless(&self, plan: &Plan, answers: &[Result<Observed, SourceError>]) -> bool {
        let refused = |answer: &Result<Observed, SourceError>| {
            answer.as_ref().is_err_and(|error| error.kind == SourceErrorKind::Refused)
        };
        let mut each = plan.guardrails.iter().zip(&self.watched).zip(answers);
        each.any(|((g, watched), answer)| g.duty == Duty::Required && watched.tracks.is_empty() && refused(answer))
    }

    /// Takes in the answers of a poll. A guardrail that was not answered keeps what it knew.
    fn judge(&mut self, plan: &Plan, answers: Vec<Result<Observed, SourceError>>, settled: usize) {
        for (watched, answer) in self.watched.iter_mut().zip(answers) {
            match answer {
                Ok(observed) => {
                    (watched.slots, watched.tracks, watched.error) = (observed.slots, observed.tracks, None);
                }
                Err(error) => watched.error = Some(error.text),
            }
        }
        self.conclude(plan, settled);
    }

    /// Judges everything that is known when `settled` intervals are.
    pub(crate) fn conclude(&mut self, plan: &Plan, settled: usize) {
        let terms = terms(plan);
        for (guardrail, watched) in plan.guardrails.iter().zip(&mut self.watched) {
            watched.judge(guardrail, &terms, settled);
        }
        self.settled = settled;
        self.overall = self.overall_now(plan);
    }

    pub(crate) fn overall_now(&self, plan: &Plan) -> Overall {
        overall(plan.guardrails.iter().zip(self.watched.iter().map(|watched| &watched.finding)))
    }

    /// Ends the watch: what is not decided by now is not going to be.
    pub(crate) fn close(mut self, plan: &Plan) -> Self {
        if self.overall == Overall::Watching {
            self.overall = match plan.guardrails.iter().zip(&self.watched).any(|(guardrail, watched)| {
                guardrail.duty == Duty::Required && matches!(watched.finding.verdict, Verdict::Error { .. })
            }) {
                true => Overall::Error,
                false => Overall::Inconclusive,
            };
        }
        self
    }

    pub(crate) fn interrupt(mut self, plan: &Plan) -> Self {
        for watched in &mut self.watched {
            if watched.finding.verdict == Verdict::Watching {
                watched.finding.verdict = Doubt::Interrupted.into();
            }
        }
        self.interrupted = true;
        self.overall = self.overall_now(plan);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000_020 + second).unwrap_or_default()
    }

    #[test]
    fn a_watch_starts_on_the_grid_after_the_warm_up_and_counts_settled_intervals_only() {
        let window = Window { warm_up: 30, interval: 60, intervals: 3, settle: 90, stale_after: 300, history: 60 };
        // 1,000,000,020 is a whole minute.
        for (start, first) in [(0, 60), (30, 60), (31, 120), (-30, 0)] {
            assert_eq!(span(&window, at(start)).start, at(first), "{start}");
        }
        let span = span(&window, at(-30));
        assert_eq!((span.end_of(0), span.end()), (at(60), at(180)));
        for (now, count) in [(0, 0), (149, 0), (150, 1), (209, 1), (210, 2), (270, 3), (9999, 3)] {
            assert_eq!(settled(&span, &window, at(now)), count, "{now}");
        }
        for (moment, index) in [(-1, None), (0, Some(0)), (59, Some(0)), (60, Some(1)), (179, Some(2)), (180, None)] {
            assert_eq!(span.index_of(at(moment)), index, "{moment}");
        }
    }

    #[test]
    fn ten_guardrails_over_fifteen_minutes_are_judged_in_a_moment() {
        let guardrail = |index: usize| {
            format!(
                "  - name: g{index}\n    share: {{ source: prom, numerator: {{ counter: a }}, denominator: {{ counter: b }} }}\n    \
                 max: 1%\n"
            )
        };
        let head = "version: 1\nwindow: { watch: 15m }\nsources:\n  prom: { type: prometheus, url: \"http://p\" }\nguardrails:\n";
        let text = head.to_owned() + &(0..10).map(guardrail).collect::<String>();
        let plan = crate::config::parse(&text, &[]).unwrap();
        let counts = |index: u32| signals::Sample::Value(f64::from(index % 3));
        let track = |length: u32, all: f64| Track {
            samples: (0..length)
                .map(|index| if all > 0.0 { signals::Sample::Value(all) } else { counts(index) })
                .collect(),
            partial: None,
        };
        let past = Past { before: vec![track(60, 0.0), track(60, 1000.0)], ..Past::default() };
        let mut outcome = Outcome::begin(span(&plan.window, at(0)), vec![past; 10]);
        for (watched, guardrail) in outcome.watched.iter_mut().zip(&plan.guardrails) {
            let observed = Observed::of(&guardrail.measure, vec![track(15, 0.0), track(15, 1000.0)]);
            (watched.slots, watched.tracks) = (observed.slots, observed.tracks);
        }
        let began = std::time::Instant::now();
        outcome.conclude(&plan, 15);
        let took = began.elapsed();
        assert_eq!(outcome.overall, Overall::Pass);
        // Five milliseconds where nobody else computes; a test does not know that it is alone.
        assert!(took < Duration::from_millis(50), "{took:?}");
    }
}
