//! The `window` of the file: what is left out, what is watched, and when numbers count as final.

use super::{Length, SourceSettings, Window};
use document::Fields;
use std::collections::BTreeMap;

const KEYS: [&str; 6] = ["warm_up", "watch", "interval", "settle", "stale_after", "history"];

/// More intervals than a day of minutes are not one decision; it also stays far below Prometheus' 11,000 points a query.
const MOST_INTERVALS: u32 = 1440;

/// Intervals before the release that are read unless the file says otherwise: an hour of minutes.
const HISTORY: u32 = 60;

/// CloudWatch takes three periods to settle, by its own account of eventual consistency; reference default.
const CLOUDWATCH_SETTLE: u32 = 180;

/// Agents of Datadog and New Relic send every ten to sixty seconds; two minutes leave room for both ends.
const OTHERS_SETTLE: u32 = 120;

/// The window, where all of it is well formed.
pub(crate) fn read(section: &Fields<'_>, sources: &BTreeMap<String, SourceSettings>) -> Option<Window> {
    let section = section.clone().only(&KEYS);
    let length = |key: &str, default: Option<u32>| match section.has(key) {
        true => seconds(&section, key),
        false => default,
    };
    let interval = length("interval", Some(60)).filter(|&interval| fits(&section, interval, sources));
    let watch = section.demand("watch", "5m").and_then(|_| seconds(&section, "watch"));
    let warm_up = length("warm_up", Some(0));
    let settle = length("settle", Some(default_settle(sources)));
    let stale_after = length("stale_after", interval.map(|interval| interval.saturating_mul(5)));
    let (interval, watch) = (interval?, watch?);
    if watch == 0 || !watch.is_multiple_of(interval) || watch / interval > MOST_INTERVALS {
        section.refuse("watch", format!("{watch} s is not 1 to {MOST_INTERVALS} whole intervals of {interval} s"));
        return None;
    }
    let stale_after = stale_after?;
    if stale_after < interval {
        section.refuse("stale_after", format!("{stale_after} s is shorter than one interval of {interval} s"));
        return None;
    }
    let history = length("history", Some(interval.saturating_mul(HISTORY)))?;
    if !history.is_multiple_of(interval) || history / interval > MOST_INTERVALS {
        section.refuse("history", format!("{history} s is not 0 to {MOST_INTERVALS} whole intervals of {interval} s"));
        return None;
    }
    let (intervals, history) = ((watch / interval) as usize, (history / interval) as usize);
    Some(Window { warm_up: warm_up?, interval, intervals, settle: settle?, stale_after, history })
}

fn seconds(section: &Fields<'_>, key: &str) -> Option<u32> {
    let length = section.parsed::<Length>(key)?;
    let whole = length.whole_seconds();
    if whole.is_none() {
        section.refuse(key, format!("{length} is not a whole number of seconds"));
    }
    whole
}

/// Whether every source can answer for intervals this long.
fn fits(section: &Fields<'_>, interval: u32, sources: &BTreeMap<String, SourceSettings>) -> bool {
    let mut fits = interval > 0;
    if !fits {
        section.refuse("interval", "an interval is at least 1 s");
    }
    for (name, source) in sources {
        match source {
            SourceSettings::CloudWatch { .. }
                if ![1, 5, 10, 20, 30].contains(&interval) && !interval.is_multiple_of(60) =>
            {
                section.refuse(
                    "interval",
                    format!("CloudWatch (`{name}`) has periods of 1, 5, 10, 20, 30 s and whole minutes"),
                );
                fits = false;
            }
            SourceSettings::Prometheus { scrape_interval, .. } if *scrape_interval > interval => {
                let text = format!("{interval} s is shorter than the scrape interval of `{name}`, {scrape_interval} s");
                section.refuse("interval", text);
                fits = false;
            }
            _ => {}
        }
    }
    fits
}

fn default_settle(sources: &BTreeMap<String, SourceSettings>) -> u32 {
    let settle = |source: &SourceSettings| match source {
        SourceSettings::CloudWatch { .. } => CLOUDWATCH_SETTLE,
        SourceSettings::Prometheus { scrape_interval, .. } => scrape_interval.saturating_mul(2),
        SourceSettings::Datadog { .. } | SourceSettings::NewRelic { .. } => OTHERS_SETTLE,
        SourceSettings::Http { .. } | SourceSettings::File { .. } => 0,
    };
    sources.values().map(settle).max().unwrap_or(0)
}
