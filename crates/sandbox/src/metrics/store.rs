//! Series of observations, gathered by the second.

use jiff::Timestamp;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// How many seconds with data a series keeps: three hours, as CloudWatch does at this resolution.
const SECONDS_KEPT: usize = 3 * 3600;
/// How many different values of one second are kept for percentiles.
const VALUES_KEPT: usize = 20_000;

/// All series.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<BTreeMap<Key, BTreeMap<i64, Bucket>>>);

/// What names a series.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    namespace: String,
    metric: String,
    dimensions: Vec<(String, String)>,
}

/// The observations of one period.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Bucket {
    pub(crate) count: f64,
    pub(crate) sum: f64,
    pub(crate) minimum: f64,
    pub(crate) maximum: f64,
    /// Values with how often each was seen; empty where only a statistic set was put.
    pub(crate) values: Vec<(f64, f64)>,
}

impl Key {
    /// The order of dimensions does not matter.
    pub(crate) fn new(namespace: &str, metric: &str, mut dimensions: Vec<(String, String)>) -> Self {
        dimensions.sort();
        Self { namespace: namespace.to_owned(), metric: metric.to_owned(), dimensions }
    }
}

impl Bucket {
    /// `times` observations of `value`.
    pub(crate) fn of(value: f64, times: f64) -> Self {
        Self { count: times, sum: value * times, minimum: value, maximum: value, values: vec![(value, times)] }
    }

    /// Adds another bucket's observations.
    pub(crate) fn add(&mut self, other: &Self) {
        if self.count == 0.0 {
            *self = other.clone();
            return;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
        let room = VALUES_KEPT.saturating_sub(self.values.len());
        self.values.extend(other.values.iter().take(room));
    }
}

impl Metrics {
    /// Books one observation.
    pub(crate) fn record(
        &self,
        namespace: &str,
        metric: &str,
        dimensions: Vec<(String, String)>,
        at: (Timestamp, f64),
    ) {
        self.add(Key::new(namespace, metric, dimensions), at.0, &Bucket::of(at.1, 1.0));
    }

    /// Books observations.
    pub(crate) fn add(&self, key: Key, at: Timestamp, bucket: &Bucket) {
        let mut series = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = series.entry(key).or_default();
        seconds.entry(at.as_second()).or_default().add(bucket);
        if seconds.len() > SECONDS_KEPT {
            seconds.pop_first();
        }
    }

    /// The observations in `[start, end)`, gathered by periods that begin at whole multiples of `period` seconds; periods
    /// without data are absent.
    pub(crate) fn periods(&self, key: &Key, (start, end): (i64, i64), period: i64) -> BTreeMap<i64, Bucket> {
        let series = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut periods: BTreeMap<i64, Bucket> = BTreeMap::new();
        let first = start.div_euclid(period) * period;
        if first >= end {
            return periods;
        }
        for (second, bucket) in series.get(key).into_iter().flat_map(|seconds| seconds.range(first..end)) {
            periods.entry(second.div_euclid(period) * period).or_default().add(bucket);
        }
        periods
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observations_are_gathered_by_the_clock_and_not_by_the_question() {
        let metrics = Metrics::default();
        for second in [100, 119, 120, 130, 179, 180] {
            metrics.record("n", "m", vec![], (Timestamp::from_second(second).unwrap(), 1.0));
        }
        let counts: Vec<(i64, f64)> = metrics
            .periods(&Key::new("n", "m", vec![]), (119, 180), 60)
            .into_iter()
            .map(|(at, bucket)| (at, bucket.count))
            .collect();
        assert_eq!(counts, [(60, 2.0), (120, 3.0)]);
    }

    #[test]
    fn the_order_of_dimensions_does_not_matter() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let one = Key::new("n", "m", vec![pair("A", "1"), pair("B", "2")]);
        assert_eq!(one, Key::new("n", "m", vec![pair("B", "2"), pair("A", "1")]));
    }
}
