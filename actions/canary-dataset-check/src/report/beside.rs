//! What is said about the candidate beside the baseline, and about the age of what is behind answers.

use crate::{
    compare::{Change, Compared, Comparison, Method},
    observe::Results,
};
use github::Summary;
use serde::Serialize;
use std::collections::BTreeMap;

/// Places shown in the step summary; the report has all.
const SHOWN: usize = 20;

/// The comparison in the machine-readable report.
#[derive(Serialize)]
pub(super) struct Beside<'a> {
    pairs: u64,
    missing: u64,
    changed: u64,
    worse: u64,
    better: u64,
    places: &'a BTreeMap<String, Change>,
    columns: Vec<crate::compare::Moved>,
}

impl<'a> Beside<'a> {
    pub(super) fn of(compared: &'a Compared, plan: &Comparison) -> Self {
        let method = plan.drift.as_ref().map_or(Method::Ks(0.0), |drift| drift.method);
        let columns = compared.columns.iter().map(|column| column.moved(method)).collect();
        let Compared { pairs, missing, changed, worse, better, ref places, .. } = *compared;
        Self { pairs, missing, changed, worse, better, places, columns }
    }
}

/// The section of the step summary.
pub(super) fn summary(results: &Results, plan: Option<&Comparison>) -> Summary {
    let mut summary = Summary::new();
    if let (Some(compared), Some(plan)) = (&results.compared, plan) {
        let line = format!(
            "{} cases asked of both: {} answers differ, {} went from right to wrong, {} from wrong to right.",
            compared.pairs, compared.changed, compared.worse, compared.better
        );
        summary = summary.heading("Beside the baseline").paragraph(&line);
        let mut places: Vec<(&String, &Change)> = compared.places.iter().collect();
        places.sort_by_key(|(_, change)| std::cmp::Reverse(change.cases));
        if !places.is_empty() {
            let columns = ["changed", "cases", "mean change", "largest", "first: baseline", "candidate"];
            summary = summary.table(&columns, places.into_iter().take(SHOWN).map(|(place, change)| row(place, change)));
        }
        for moved in compared.columns.iter().filter_map(|column| Some(column.moved(plan.drift.as_ref()?.method))) {
            let distance = moved.distance.map_or_else(|| "unknown".to_owned(), |distance| format!("{distance:.3}"));
            let word = if moved.drifted { "drifted" } else { "did not drift" };
            let (now, then) = moved.values;
            summary = summary.paragraph(&format!(
                "`{}` {word}: {distance}, at most {:.3} ({now} values beside {then}).",
                moved.path, moved.limit
            ));
        }
    }
    if let Some(ages) = &results.ages {
        let (fresh, stale, blocked) = (ages.fresh, ages.stale, ages.blocked);
        summary =
            summary.paragraph(&format!("Data behind the answers: {fresh} fresh, {stale} stale, {blocked} blocked."));
    }
    summary
}

fn row(place: &str, change: &Change) -> Vec<String> {
    let number = |number: f64| if change.largest > 0.0 { format!("{number:.6}") } else { String::new() };
    let (then, now) = &change.example;
    vec![
        place.to_owned(),
        change.cases.to_string(),
        number(change.sum / stats::real(change.cases)),
        number(change.largest),
        then.clone(),
        now.clone(),
    ]
}
