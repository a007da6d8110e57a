//! What is said while it is watched: one line per poll, and the words the summary shares with it. Pure.

use crate::{
    config::{Bound, Guardrail, Measure, Plan, Rule},
    decide::{Figures, Verdict},
    observe::Slot,
    watch::Outcome,
};

/// One line: how far the watch is, and where every guardrail stands.
#[must_use]
pub fn line(plan: &Plan, outcome: &Outcome) -> String {
    let each = plan.guardrails.iter().zip(&outcome.watched).map(|(guardrail, watched)| {
        let state = match &watched.finding.verdict {
            Verdict::Watching => String::new(),
            Verdict::Error { text } => format!(": no answer ({text})"),
            verdict => format!(": {}", verdict.word()),
        };
        format!("{} {}{state}", guardrail.name, observed(&watched.finding.figures))
    });
    let each: Vec<String> = each.collect();
    format!("{}/{} {}", outcome.settled, outcome.span.intervals, each.join(" · "))
}

/// The numbers of a finding in words.
#[must_use]
pub fn observed(figures: &Figures) -> String {
    match *figures {
        Figures::Nothing => "nothing yet".to_owned(),
        Figures::Share { bad, total, .. } => format!("{bad} of {total} ({})", percent(ratio(bad, total))),
        Figures::Value { breaching, observed, latest, .. } => {
            let latest = latest.map_or_else(|| "–".to_owned(), number);
            format!("{latest}, outside in {breaching} of {observed} intervals")
        }
    }
}

/// The interval of a share, where there is one.
#[must_use]
pub fn bounds(figures: &Figures) -> String {
    match *figures {
        Figures::Share { lower, upper, .. } => format!("{} … {}", percent(lower), percent(upper)),
        Figures::Value { .. } | Figures::Nothing => "–".to_owned(),
    }
}

/// The limit in words.
#[must_use]
pub fn limit(guardrail: &Guardrail) -> String {
    match (guardrail.rule, &guardrail.measure) {
        (Rule::Share { limit, .. }, _) => format!("≤ {limit} bad"),
        (Rule::Value { bound, breach, .. }, measure) => {
            let unit = if matches!(measure, Measure::Value { samples: Some(_), .. }) { " s" } else { "" };
            match bound {
                Bound::Max(limit) => format!("≤ {}{unit}, fails at {breach}", number(limit)),
                Bound::Min(limit) => format!("≥ {}{unit}, fails at {breach}", number(limit)),
            }
        }
    }
}

/// The course of a guardrail over its intervals, one block each: as high as the worst of them, `·` where there is nothing.
#[must_use]
pub fn sparkline(slots: &[Slot]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let heights: Vec<Option<f64>> = slots.iter().map(height).collect();
    let highest = heights.iter().flatten().copied().fold(0.0, f64::max);
    let block = |height: &Option<f64>| match height {
        None => '·',
        Some(_) if highest <= 0.0 => BLOCKS[0],
        Some(height) => {
            BLOCKS[usize::try_from(crate::binomial::whole((height / highest * 7.0).round())).unwrap_or(0).min(7)]
        }
    };
    // The newest 60 fit a table.
    heights.iter().skip(heights.len().saturating_sub(60)).map(block).collect()
}

fn height(slot: &Slot) -> Option<f64> {
    match *slot {
        Slot::Counts { bad, total } if total > 0.0 => Some((bad / total).clamp(0.0, 1.0)),
        Slot::Value { value, .. } => Some(value.max(0.0)),
        _ => None,
    }
}

fn ratio(bad: u64, total: u64) -> f64 {
    crate::binomial::real(bad) / crate::binomial::real(total.max(1))
}

/// A share as a percentage with as many places as it needs.
#[must_use]
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        p if p == 0.0 || p >= 10.0 => format!("{p:.0} %"),
        p if p >= 0.1 => format!("{p:.2} %"),
        p => format!("{p:.4} %"),
    }
}

fn number(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Gap;

    #[test]
    fn a_sparkline_shows_the_course_and_its_holes() {
        let counts = |bad: f64| Slot::Counts { bad, total: 100.0 };
        assert_eq!(sparkline(&[counts(0.0), counts(50.0), Slot::Gap(Gap::NoData), counts(100.0)]), "▁▅·█");
        assert_eq!(sparkline(&[counts(0.0), counts(0.0)]), "▁▁");
        assert_eq!(sparkline(&vec![counts(1.0); 90]).chars().count(), 60);
    }

    #[test]
    fn shares_show_as_many_places_as_they_need() {
        assert_eq!([0.0, 0.5, 0.0333, 0.000_012].map(percent), ["0 %", "50 %", "3.33 %", "0.0012 %"]);
    }
}
