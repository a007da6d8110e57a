//! What a relative limit is relative to.

use super::{Baseline, Share};
use document::Fields;

const KINDS: &str = "known are previous_window, same_time, recorded, source, concurrent";

/// The `baseline` of a guardrail, where it has a well-formed one.
pub(crate) fn read(guardrail: &Fields<'_>) -> Option<Baseline> {
    let section = guardrail.child("baseline")?;
    section.demand("kind", "previous_window")?;
    let only = |keys: &[&str]| section.clone().only(keys);
    match section.text("kind")?.as_str() {
        "previous_window" => {
            let _ = only(&["kind"]);
            Some(Baseline::PreviousWindow)
        }
        "same_time" => {
            let section = only(&["kind", "days"]);
            section.demand("days", "7")?;
            Some(Baseline::SameTime { days: days(&section)? })
        }
        "recorded" => {
            let section = only(&["kind", "bad", "total"]);
            let (_, _) = (section.demand("bad", "120")?, section.demand("total", "10000")?);
            let (bad, total) = (section.whole("bad", 0..=u64::MAX)?, section.whole("total", 1..=u64::MAX)?);
            if bad > total {
                section.refuse("bad", format!("{bad} of {total} is more than all"));
                return None;
            }
            Some(Baseline::Recorded { bad, total })
        }
        "source" => {
            let section = only(&["kind", "source"]);
            section.demand("source", "previous-output")?;
            Some(Baseline::Source { source: section.text("source")? })
        }
        "concurrent" => {
            let section = only(&["kind", "numerator", "denominator", "split"]);
            let split = if section.has("split") { Some(section.parsed::<Share>("split")?) } else { None };
            if split.is_some_and(|split| !(0.001..=0.999).contains(&split.as_f64())) {
                section.refuse("split", "the release's part of the traffic is between 0.1 % and 99.9 %");
                return None;
            }
            Some(Baseline::Concurrent { split })
        }
        other => {
            section.refuse("kind", format!("`{other}` is not a kind of baseline; {KINDS}"));
            None
        }
    }
}

/// `7`, or `1, 7`: days before the release.
fn days(section: &Fields<'_>) -> Option<Vec<u32>> {
    let text = section.text("days")?;
    let days: Option<Vec<u32>> =
        text.split(',').map(|day| day.trim().parse().ok().filter(|day| (1..=60).contains(day))).collect();
    if days.is_none() {
        section.refuse("days", format!("`{text}` is not one or more days from 1 to 60, such as 7 or \"1, 7\""));
    }
    days
}
