//! The course of every guardrail as a picture: what was seen in each interval, and the limit. Pure.

use crate::{
    config::{Bound, Guardrail, Limit, Rule},
    decide::{Figures, Verdict},
    observe::Slot,
    progress::{limit, observed},
    watch::{Outcome, Watched},
};
use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 110.0;
const LEFT: f64 = 16.0;
const BOTTOM: f64 = 90.0;
const ROOM: f64 = 56.0;

/// An SVG with one panel for each guardrail; interval after interval to the right, the window's and the time before it.
#[must_use]
pub fn svg(guardrails: &[Guardrail], outcome: &Outcome) -> String {
    let panels: Vec<String> = guardrails.iter().zip(&outcome.watched).map(|(g, w)| panel(g, w)).collect();
    let height = HEIGHT * stats::real(panels.len() as u64) + 10.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" font-family=\"sans-serif\" \
         font-size=\"11\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
    );
    for (index, panel) in panels.iter().enumerate() {
        let _ = write!(svg, "<g transform=\"translate(0 {})\">{panel}</g>", HEIGHT * stats::real(index as u64));
    }
    svg + "</svg>\n"
}

fn panel(guardrail: &Guardrail, watched: &Watched) -> String {
    let before = watched.past.slots_before(&guardrail.measure);
    let values: Vec<Option<f64>> = before.iter().chain(&watched.slots).map(value).collect();
    let bound = bound(guardrail, watched);
    let highest = values.iter().flatten().copied().chain(bound).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let step = (WIDTH - 2.0 * LEFT) / stats::real(values.len().max(1) as u64);
    let (x, y) = (|i: usize| LEFT + step * stats::real(i as u64), |value: f64| BOTTOM - value / highest * ROOM);
    let colour = match watched.finding.verdict {
        Verdict::Pass => "#1a7f37",
        Verdict::Fail => "#cf222e",
        _ => "#9a6700",
    };
    let title = format!(
        "{}: {} · {} · {}",
        guardrail.name,
        watched.finding.verdict.word(),
        observed(&watched.finding.figures),
        limit(guardrail)
    );
    let mut svg =
        format!("<text x=\"{LEFT}\" y=\"24\" fill=\"{colour}\" font-weight=\"bold\">{}</text>", escaped(&title));
    for (index, value) in values.iter().enumerate() {
        let fill = if index < before.len() { "#d0d7de" } else { colour };
        // Nothing seen is a mark below the line: an empty place would look like zero.
        let (top, height) = match value {
            Some(value) => (y(value.max(0.0)), (BOTTOM - y(value.max(0.0))).max(1.0)),
            None => (BOTTOM + 3.0, 2.0),
        };
        let (left, width) = (x(index), (step - 1.0).max(0.5));
        let _ = write!(
            svg,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{fill}\"/>"
        );
    }
    if let Some(bound) = bound {
        let (y, right) = (y(bound), WIDTH - LEFT);
        let _ = write!(svg, "<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"#57606a\" stroke-dasharray=\"4 3\"/>");
    }
    svg
}

fn value(slot: &Slot) -> Option<f64> {
    match *slot {
        Slot::Counts { bad, total } | Slot::Arms { bad, total, .. } if total > 0.0 => {
            Some((bad / total).clamp(0.0, 1.0))
        }
        Slot::Value { value, .. } => Some(value),
        _ => None,
    }
}

/// The height of the limit, where it is one.
fn bound(guardrail: &Guardrail, watched: &Watched) -> Option<f64> {
    match (guardrail.rule, watched.finding.figures) {
        (Rule::Share { limit: Limit::At(limit), .. }, _) => Some(limit.as_f64()),
        // Beside another version the limit is a ratio, and has no height.
        (Rule::Share { .. }, Figures::Share { limit, .. }) => Some(limit).filter(|limit| *limit <= 1.0),
        (Rule::Value { bound: Bound::Max(bound) | Bound::Min(bound), .. }, _) => Some(bound),
        (_, Figures::Value { bound, .. }) => bound,
        _ => None,
    }
}

/// Foreign text in XML: nothing in it is markup, and nothing is a control character.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control()) {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            c => safe.push(c),
        }
    }
    safe
}
