//! Whether values have moved as a whole.

use crate::{assertion::Selector, config::Allowed, random::Reservoir};
use document::{Decimal, Json};

/// Values kept of each column and side, a fair choice where there are more.
const KEPT: usize = 10_000;

/// Fewer values than these say nothing, and each bin is meant to hold so many.
const FEWEST: usize = 20;
const PER_BIN: usize = 10;

/// The chance of calling a column drifted that is not.
const ALPHA: f64 = 0.05;

/// What `compare.drift` asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// The numbers that are looked at.
    pub columns: Vec<String>,
    /// How.
    pub method: Method,
    /// Columns that may have drifted.
    pub max_drifted: Allowed,
}

/// How two distributions are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// The population stability index over so many bins of the baseline's quantiles, and what it may be.
    Psi(usize, f64),
    /// Kolmogorov and Smirnov's test, and the distance that matters.
    Ks(f64),
}

/// The values at one path, of both sides.
#[derive(Debug, Clone)]
pub struct Column {
    /// The path.
    pub path: String,
    selector: Option<Selector>,
    now: Reservoir<f64>,
    then: Reservoir<f64>,
}

/// What a column came to.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Moved {
    /// The path.
    pub path: String,
    /// Values of the candidate and of the baseline.
    pub values: (usize, usize),
    /// How far they have moved; `None` with fewer than 20 values on a side.
    pub distance: Option<f64>,
    /// What it may be with so many values.
    pub limit: f64,
    /// Whether it is more than that, beyond chance.
    pub drifted: bool,
}

impl Column {
    pub(super) fn new(path: String, seed: u64) -> Self {
        let selector = path.parse().ok();
        Self { path, selector, now: Reservoir::new(KEPT, seed), then: Reservoir::new(KEPT, seed) }
    }

    pub(super) fn add(&mut self, now: &Json, then: &Json) {
        let Some(selector) = &self.selector else { return };
        for (side, body) in [(&mut self.now, now), (&mut self.then, then)] {
            for node in selector.nodes(body).unwrap_or_default() {
                if let Json::Number(token) = node.value
                    && let Ok(number) = token.parse::<Decimal>()
                {
                    side.offer(number.nearest());
                }
            }
        }
    }

    /// How far the values have moved, and whether that is more than chance and more than matters.
    #[must_use]
    pub fn moved(&self, method: Method) -> Moved {
        let (now, then) = (&self.now.items, &self.then.items);
        let counts = (now.len(), then.len());
        let (distance, limit, beyond) = match method {
            _ if counts.0.min(counts.1) < FEWEST => (None, 0.0, false),
            Method::Psi(bins, max) => {
                // A bin that is empty by chance alone would be a drift by itself.
                let bins = bins.min(counts.0.min(counts.1) / PER_BIN);
                let mut sorted = then.clone();
                sorted.sort_by(f64::total_cmp);
                let edges = stats::drift::edges(&sorted, bins);
                let histogram = |values: &[f64]| stats::drift::histogram(values, &edges);
                let index = stats::drift::stability_index(&histogram(then), &histogram(now));
                // Few values move by chance alone.
                let cutoff = stats::drift::stability_cutoff(edges.len() + 1, counts.0 as u64, counts.1 as u64, ALPHA);
                (Some(index), max.max(cutoff), index > max.max(cutoff))
            }
            Method::Ks(max) => match stats::drift::kolmogorov_smirnov(now, then) {
                Some((distance, chance)) => (Some(distance), max, distance > max && chance <= ALPHA),
                None => (None, max, false),
            },
        };
        Moved { path: self.path.clone(), values: counts, distance, limit, drifted: beyond }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn column(count: usize, shift: f64, seed: u64) -> Column {
        let mut random = Random::new(seed);
        let mut column = Column::new("$.x".to_owned(), 1);
        let mut value = || stats::real(random.below(1_000_000)) / 1e6;
        for _ in 0..count {
            let body = |number: f64| Json::parse(format!("{{\"x\": {number}}}").as_bytes()).unwrap();
            column.add(&body(value() + shift), &body(value()));
        }
        column
    }

    #[test]
    fn few_values_prove_no_drift_and_many_do() {
        let psi = Method::Psi(10, 0.2);
        // Of 50 values the plain index is above 0.2 every other time.
        let alarms = |count| (0..400).filter(|seed| column(count, 0.0, *seed).moved(psi).drifted).count();
        let (few, some) = (alarms(50), alarms(200));
        assert!(few < 40 && some < 40, "{few} and {some} of 400 false alarms");
        assert_eq!(column(19, 0.0, 1).moved(psi).distance, None);
        assert!(!column(2000, 0.0, 7).moved(psi).drifted && column(2000, 0.3, 7).moved(psi).drifted);
        let ks = Method::Ks(0.1);
        assert!(!column(2000, 0.0, 7).moved(ks).drifted && column(2000, 0.3, 7).moved(ks).drifted);
        assert_eq!(Column::new("$.x".to_owned(), 1).moved(psi).distance, None);
    }

    #[test]
    fn a_constant_column_does_not_drift() {
        let mut column = Column::new("$.x".to_owned(), 1);
        let body = Json::parse(b"{\"x\": 1}").unwrap();
        (0..1000).for_each(|_| column.add(&body, &body));
        assert_eq!(column.moved(Method::Psi(10, 0.2)).distance, Some(0.0));
    }
}
