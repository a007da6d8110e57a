//! Reads the world into facts: every guardrail's numbers for every settled interval, with one call per source.

mod join;

pub use join::{Gap, Slot, join};

use crate::config::{Baseline, Guardrail, Measure, Plan};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use signals::{Query, Source, SourceError, SourceErrorKind, Span, Track};
use std::collections::{BTreeMap, BTreeSet};

/// The sources of a plan, by name.
pub type Sources = BTreeMap<String, Box<dyn Source>>;

/// What one guardrail saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// One per interval.
    pub slots: Vec<Slot>,
    /// The raw answers behind them, in the order of [`crate::config::Measure::queries`].
    pub tracks: Vec<Track>,
}

impl Observed {
    /// What these answers mean to a measure.
    #[must_use]
    pub fn of(measure: &Measure, tracks: Vec<Track>) -> Self {
        let slots = join(measure, &tracks.iter().collect::<Vec<_>>());
        Self { slots, tracks }
    }
}

/// What is known about the time before the release: raw answers, as they are kept with the verdict.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// The intervals just before it.
    pub before: Vec<Track>,
    /// What the limit is relative to, part by part.
    pub baseline: Vec<Vec<Track>>,
    /// Why some of it could not be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Asks every source once for all its guardrails; one result per guardrail, in the plan's order.
pub async fn read(plan: &Plan, sources: &Sources, span: &Span) -> Vec<Result<Observed, SourceError>> {
    let each = plan.guardrails.iter().map(|guardrail| Some((guardrail, guardrail.source.as_str()))).collect();
    let tracks = ask(sources, each, span).await;
    let observed = |(guardrail, tracks): (&Guardrail, Option<Answer>)| {
        let tracks = tracks.unwrap_or_else(|| Err(unasked(&guardrail.source)))?;
        Ok(Observed::of(&guardrail.measure, tracks))
    };
    plan.guardrails.iter().zip(tracks).map(observed).collect()
}

/// Reads what was before `start`: one call per source for the window before it, one for each earlier day or other source
/// that a baseline names.
pub async fn past(plan: &Plan, sources: &Sources, span: &Span, start: Timestamp) -> Vec<Past> {
    let mut pasts = vec![Past::default(); plan.guardrails.len()];
    let asks = |wanted: &dyn Fn(&Guardrail) -> bool| -> Vec<Option<(&Guardrail, &str)>> {
        plan.guardrails.iter().map(|g| wanted(g).then_some((g, g.source.as_str()))).collect()
    };
    if let Some(before) = window_before(plan, span, start) {
        let wanted = |guardrail: &Guardrail| guardrail.wants_before() && guardrail.has_past(&plan.sources);
        for (past, answer) in pasts.iter_mut().zip(ask(sources, asks(&wanted), &before).await) {
            past.note(answer, |past, tracks| past.before = tracks);
        }
    }
    for days in earlier_days(plan) {
        let wanted =
            |g: &Guardrail| matches!(&g.baseline, Some(Baseline::SameTime { days: wanted }) if wanted.contains(&days));
        let back = SignedDuration::from_hours(24 * i64::from(days));
        let Ok(then) = span.start.checked_sub(back) else { continue };
        for (past, answer) in pasts.iter_mut().zip(ask(sources, asks(&wanted), &Span { start: then, ..*span }).await) {
            past.note(answer, |past, tracks| past.baseline.push(tracks));
        }
    }
    let elsewhere = |g: &Guardrail| matches!(&g.baseline, Some(Baseline::Source { .. }));
    if plan.guardrails.iter().any(elsewhere) {
        let other = |g: &'_ Guardrail| match &g.baseline {
            Some(Baseline::Source { source }) => Some(source.clone()),
            _ => None,
        };
        let names: Vec<Option<String>> = plan.guardrails.iter().map(other).collect();
        let each = plan.guardrails.iter().zip(&names).map(|(g, name)| name.as_deref().map(|name| (g, name))).collect();
        for (past, answer) in pasts.iter_mut().zip(ask(sources, each, span).await) {
            past.note(answer, |past, tracks| past.baseline.push(tracks));
        }
    }
    pasts
}

impl Past {
    fn note(&mut self, answer: Option<Answer>, keep: impl Fn(&mut Self, Vec<Track>)) {
        match answer {
            None => {}
            Some(Ok(tracks)) => keep(self, tracks),
            Some(Err(error)) => self.error = Some(error.text),
        }
    }

    /// The intervals before the release, as a measure understands them.
    #[must_use]
    pub fn slots_before(&self, measure: &Measure) -> Vec<Slot> {
        join(measure, &self.before.iter().collect::<Vec<_>>())
    }

    /// The intervals of the baseline.
    #[must_use]
    pub fn slots_of_baseline(&self, guardrail: &Guardrail) -> Vec<Slot> {
        match guardrail.baseline {
            Some(Baseline::PreviousWindow) => self.slots_before(&guardrail.measure),
            Some(Baseline::Recorded { bad, total }) => {
                vec![Slot::Counts { bad: stats::real(bad), total: stats::real(total) }]
            }
            _ => {
                let part = |tracks: &Vec<Track>| join(&guardrail.measure, &tracks.iter().collect::<Vec<_>>());
                self.baseline.iter().flat_map(part).collect()
            }
        }
    }
}

/// The whole intervals that end where the release begins.
fn window_before(plan: &Plan, span: &Span, start: Timestamp) -> Option<Span> {
    let interval = i64::from(span.interval);
    let end = start.min(span.start).as_second().div_euclid(interval) * interval;
    let length = interval * i64::try_from(plan.window.history).ok()?;
    let start = Timestamp::from_second(end - length).ok()?;
    (plan.window.history > 0).then_some(Span { start, interval: span.interval, intervals: plan.window.history })
}

fn earlier_days(plan: &Plan) -> BTreeSet<u32> {
    let days = |g: &Guardrail| match &g.baseline {
        Some(Baseline::SameTime { days }) => days.clone(),
        _ => Vec::new(),
    };
    plan.guardrails.iter().flat_map(days).collect()
}

type Answer = Result<Vec<Track>, SourceError>;

/// Asks what every guardrail measures of the source beside it, each source once; nothing of those without one.
async fn ask(sources: &Sources, each: Vec<Option<(&Guardrail, &str)>>, span: &Span) -> Vec<Option<Answer>> {
    let mut answers: BTreeMap<(&str, &Query), Result<Track, SourceError>> = BTreeMap::new();
    for (name, source) in sources {
        let theirs = each.iter().flatten().filter(|(_, asked)| asked == name);
        let asked: BTreeSet<&Query> = theirs.flat_map(|(guardrail, _)| guardrail.measure.queries()).collect();
        let queries: Vec<Query> = asked.iter().copied().cloned().collect();
        if !queries.is_empty() {
            let tracks = source.read(&queries, span).await;
            answers.extend(asked.into_iter().map(|query| (name.as_str(), query)).zip(tracks));
        }
    }
    let answer = |(guardrail, source): &(&Guardrail, &str)| {
        let one = |query| answers.get(&(*source, query)).cloned().unwrap_or_else(|| Err(unasked(source)));
        guardrail.measure.queries().map(one).collect::<Answer>()
    };
    each.iter().map(|asked| asked.as_ref().map(answer)).collect()
}

fn unasked(source: &str) -> SourceError {
    SourceError::new(SourceErrorKind::Refused, format!("`{source}` was not asked"))
}
