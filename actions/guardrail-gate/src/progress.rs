//! What is said while it is watched: one line per poll, and the words the summary shares with it. Pure.

use crate::{
    config::{Baseline, Bound, Guardrail, Limit, Measure, Plan, Rule},
    decide::{Figures, Verdict},
    observe::Slot,
    watch::Outcome,
};

/// One line: how far the watch is, and where every guardrail stands.
#[must_use]
pub fn line(plan: &Plan, outcome: &Outcome) -> String {
    let each = plan.guardrails.iter().zip(&outcome.watched).map(|(guardrail, watched)| {
        let state = match &watched.finding.verdict {
            Verdict::Watching => weight(&watched.finding.figures),
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

/// How far the evidence against the release has come, and what it is made of.
#[must_use]
pub fn evidence(figures: &Figures) -> String {
    match *figures {
        Figures::Share { evidence, needed, burst, .. } => {
            let unit = match burst {
                0.0 => "by interval".to_owned(),
                1.0 => "by request".to_owned(),
                burst => format!("by request, {} bad ones as one", number(burst)),
            };
            format!("{} of {} {unit}", rounded(evidence), rounded(needed))
        }
        Figures::Value { .. } | Figures::Nothing => "–".to_owned(),
    }
}

/// The same in short, for a watch that goes on.
fn weight(figures: &Figures) -> String {
    match *figures {
        Figures::Share { evidence, needed, .. } => format!(", evidence {} of {}", rounded(evidence), rounded(needed)),
        Figures::Value { .. } | Figures::Nothing => String::new(),
    }
}

/// What the baseline showed, where there is one.
#[must_use]
pub fn baseline(figures: &Figures) -> Option<String> {
    match *figures {
        Figures::Share { baseline_bad: Some(bad), baseline_total: Some(total), .. } => {
            Some(format!("{bad} of {total} ({})", percent(ratio(bad, total))))
        }
        _ => None,
    }
}

fn rounded(evidence: f64) -> String {
    match evidence {
        e if e > 9_999.0 => "> 9999".to_owned(),
        e if e >= 10.0 => format!("{e:.0}"),
        e if e >= 0.01 => format!("{e:.2}"),
        _ => "0".to_owned(),
    }
}

/// The limit in words.
#[must_use]
pub fn limit(guardrail: &Guardrail) -> String {
    let than = match &guardrail.baseline {
        Some(Baseline::Concurrent { .. }) => "the version beside it",
        Some(Baseline::SameTime { .. }) => "at the same time on earlier days",
        Some(Baseline::Recorded { .. } | Baseline::Source { .. }) => "the baseline",
        Some(Baseline::PreviousWindow) | None => "before the release",
    };
    match (guardrail.rule, &guardrail.measure) {
        (Rule::Share { limit: Limit::At(limit), .. }, _) => format!("≤ {limit} bad"),
        (Rule::Share { limit: Limit::Increase { by, points }, .. }, _) => {
            let points = if points.as_f64() > 0.0 { format!(" and {points} points") } else { String::new() };
            format!("≤ {by}{points} more than {than}")
        }
        (Rule::Value { bound, breach, .. }, measure) => {
            let timed = matches!(measure, Measure::Value { samples: Some(_), over: None, .. });
            let unit = if timed { " s" } else { "" };
            match bound {
                Bound::Max(limit) => format!("≤ {}{unit}, fails at {breach}", number(limit)),
                Bound::Min(limit) => format!("≥ {}{unit}, fails at {breach}", number(limit)),
                Bound::Increase(by) => format!("≤ {by} more than {than}, fails at {breach}"),
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
        Some(height) => BLOCKS[usize::try_from(stats::whole((height / highest * 7.0).round())).unwrap_or(0).min(7)],
    };
    // The newest 60 fit a table.
    heights.iter().skip(heights.len().saturating_sub(60)).map(block).collect()
}

fn height(slot: &Slot) -> Option<f64> {
    match *slot {
        Slot::Counts { bad, total } | Slot::Arms { bad, total, .. } if total > 0.0 => {
            Some((bad / total).clamp(0.0, 1.0))
        }
        Slot::Value { value, .. } => Some(value.max(0.0)),
        _ => None,
    }
}

fn ratio(bad: u64, total: u64) -> f64 {
    stats::real(bad) / stats::real(total.max(1))
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
