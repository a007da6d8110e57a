//! Reads the world into facts: every guardrail's numbers for every settled interval, with one call per source.

mod join;

pub use join::{Gap, Slot, join};

use crate::{
    config::{Guardrail, Plan},
    signals::{Query, Source, SourceError, SourceErrorKind, Span, Track},
};
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

/// Asks every source once for all its guardrails; one result per guardrail, in the plan's order.
pub async fn read(plan: &Plan, sources: &Sources, span: &Span) -> Vec<Result<Observed, SourceError>> {
    let mut answers = Answers::new();
    for (name, source) in sources {
        let asked: BTreeSet<&Query> =
            plan.guardrails.iter().filter(|g| g.source == *name).flat_map(|g| g.measure.queries()).collect();
        let queries: Vec<Query> = asked.iter().copied().cloned().collect();
        if !queries.is_empty() {
            let tracks = source.read(&queries, span).await;
            answers.extend(asked.into_iter().map(|query| (name.as_str(), query)).zip(tracks));
        }
    }
    plan.guardrails.iter().map(|guardrail| observed(guardrail, &answers)).collect()
}

type Answers<'a> = BTreeMap<(&'a str, &'a Query), Result<Track, SourceError>>;

fn observed(guardrail: &Guardrail, answers: &Answers<'_>) -> Result<Observed, SourceError> {
    let unasked = || SourceError::new(SourceErrorKind::Refused, format!("`{}` was not asked", guardrail.source));
    let answer = |query| match answers.get(&(guardrail.source.as_str(), query)) {
        Some(answer) => answer.clone(),
        None => Err(unasked()),
    };
    let tracks = guardrail.measure.queries().map(answer).collect::<Result<Vec<Track>, SourceError>>()?;
    let slots = join(&guardrail.measure, &tracks.iter().collect::<Vec<_>>());
    Ok(Observed { slots, tracks })
}
