//! How much counters grew in each interval, from the samples Prometheus stored.
//!
//! `increase()` loses the first errors of a new task, because a series born at 7 has no sample before it to grow from
//! (prometheus/prometheus#1673), and it extrapolates, so that counts are not whole. Here a series that appears inside the
//! window has grown from 0, and a sample lower than the one before is a restart of the counter at 0.

use crate::{Sample, Span};
use jiff::{SignedDuration, Timestamp};

/// One stored sample: when, and the counter's value.
pub(crate) type Stored = (Timestamp, f64);

/// How far before the window samples are wanted, in seconds, to know what a counter grows from: as far as Prometheus itself
/// looks back (its default `--query.lookback-delta`), and four scrapes where those are longer.
pub(crate) fn lookback(scrape_interval: u32) -> u32 {
    scrape_interval.saturating_mul(4).max(300)
}

/// The growth of all series together, per interval; an interval in which nothing was scraped is [`Sample::Absent`].
pub(crate) fn growth(series: &[Vec<Stored>], span: &Span) -> Vec<Sample> {
    let mut intervals = vec![Sample::Absent; span.intervals];
    for stored in series {
        let mut before: Option<f64> = None;
        for &(moment, value) in stored {
            if let Some(interval) = span.index_of(just_before(moment)).and_then(|i| intervals.get_mut(i)) {
                let grown = match before {
                    Some(before) if value >= before => value - before,
                    _ => value,
                };
                *interval = add(*interval, grown);
            }
            before = Some(value);
        }
    }
    intervals
}

/// A sample tells of the time before it: one on the border belongs to the interval that ends there.
fn just_before(moment: Timestamp) -> Timestamp {
    moment.saturating_sub(SignedDuration::from_millis(1)).unwrap_or(moment)
}

fn add(sum: Sample, grown: f64) -> Sample {
    match (sum, Sample::of(grown)) {
        (Sample::Value(sum), Sample::Value(grown)) => Sample::of(sum + grown),
        (Sample::Absent, grown) | (Sample::Value(_), grown) => grown,
        (sum, _) => sum,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Sample::{Absent, NotANumber, Value};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn grown(series: &[&[(i64, f64)]]) -> Vec<Sample> {
        let span = Span { start: at(0), interval: 60, intervals: 3 };
        let stored: Vec<Vec<Stored>> =
            series.iter().map(|samples| samples.iter().map(|&(s, v)| (at(s), v)).collect()).collect();
        growth(&stored, &span)
    }

    #[test]
    fn growth_counts_births_resets_and_borders() {
        for (name, series, wanted) in [
            (
                "steady",
                &[&[(-15, 100.0), (15, 110.0), (75, 130.0), (135, 130.0)][..]][..],
                [Value(10.0), Value(20.0), Value(0.0)],
            ),
            ("born inside", &[&[(70, 7.0), (130, 9.0)]], [Absent, Value(7.0), Value(2.0)]),
            ("old before the window only", &[&[(-100, 5.0)]], [Absent; 3]),
            ("reset", &[&[(-5, 100.0), (30, 104.0), (90, 3.0), (150, 5.0)]], [Value(4.0), Value(3.0), Value(2.0)]),
            (
                "border belongs to what ends",
                &[&[(0, 50.0), (60, 51.0), (120, 53.0), (180, 56.0)]],
                [Value(1.0), Value(2.0), Value(3.0)],
            ),
            ("two series", &[&[(-1, 0.0), (30, 2.0)], &[(40, 5.0), (100, 6.0)]], [Value(7.0), Value(1.0), Absent]),
            ("after the end", &[&[(-1, 0.0), (200, 9.0)]], [Absent; 3]),
            ("not a number", &[&[(-1, 0.0), (30, f64::NAN), (90, 1.0)]], [NotANumber, Value(1.0), Absent]),
            ("nothing", &[], [Absent; 3]),
        ] {
            assert_eq!(grown(series), wanted, "{name}");
        }
    }
}
