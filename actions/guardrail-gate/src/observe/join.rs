//! From a source's samples to what a guardrail saw in each interval. Pure.

use crate::config::{Absent, Measure, Numerator};
use serde::Serialize;
use signals::{Sample, Track};

/// What one interval showed of one guardrail.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", untagged)]
pub enum Slot {
    /// Requests, and the bad ones among them.
    Counts {
        /// Bad requests; a fraction where the source extrapolates.
        bad: f64,
        /// Requests.
        total: f64,
    },
    /// Requests and bad ones of the release, and of the version beside it.
    Arms {
        /// Bad requests of the release.
        bad: f64,
        /// Requests of the release.
        total: f64,
        /// Bad requests of the version beside it.
        beside_bad: f64,
        /// Requests of the version beside it.
        beside_total: f64,
    },
    /// A value.
    Value {
        /// The value.
        value: f64,
        /// Requests behind it, where they are counted.
        samples: Option<f64>,
    },
    /// Requests of which nobody knows how many were bad.
    Uncounted {
        /// Requests.
        total: f64,
    },
    /// Nothing that could be weighed.
    Gap(Gap),
}

/// Why an interval has nothing that could be weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// The source has nothing for it.
    NoData,
    /// The source knows that nothing was asked of the service.
    NoTraffic,
    /// `NaN`.
    NotANumber,
    /// An infinity.
    Infinite,
    /// A number from before the interval.
    Stale,
    /// A negative count.
    Negative,
}

/// Joins the tracks of a measure's queries, in the order of [`Measure::queries`], interval by interval.
#[must_use]
pub fn join(measure: &Measure, tracks: &[&Track]) -> Vec<Slot> {
    let length = tracks.first().map_or(0, |track| track.samples.len());
    let sample = |track: usize, index: usize| {
        let samples = tracks.get(track).map(|track| track.samples.as_slice()).unwrap_or_default();
        samples.get(index).copied().unwrap_or(Sample::Absent)
    };
    let slot = |index: usize| match measure {
        Measure::Share { numerator, absent_numerator, beside, .. } => {
            let slot = counts(numerator, *absent_numerator, sample(0, index), sample(1, index));
            match beside {
                None => slot,
                Some(beside) => arms(slot, counts(&beside.0, *absent_numerator, sample(2, index), sample(3, index))),
            }
        }
        Measure::Value { over, samples, .. } => {
            let behind = 1 + usize::from(over.is_some());
            let value = match over {
                Some(_) => divided(sample(0, index), sample(1, index)),
                None => sample(0, index),
            };
            valued(value, samples.as_ref().map(|_| sample(behind, index)))
        }
    };
    (0..length).map(slot).collect()
}

/// Both versions in one interval. Where one of them was idle there is nothing to compare, and that is no gap.
fn arms(release: Slot, beside: Slot) -> Slot {
    match (release, beside) {
        (Slot::Counts { bad, total }, Slot::Counts { bad: beside_bad, total: beside_total }) => {
            Slot::Arms { bad, total, beside_bad, beside_total }
        }
        (Slot::Counts { bad, total }, Slot::Gap(Gap::NoTraffic)) => {
            Slot::Arms { bad, total, beside_bad: 0.0, beside_total: 0.0 }
        }
        (Slot::Counts { .. }, other) | (other, _) => other,
    }
}

/// One value by another; by nothing it is nothing.
fn divided(value: Sample, by: Sample) -> Sample {
    match (value, by) {
        (Sample::Value(_), Sample::Value(0.0)) => Sample::Absent,
        (Sample::Value(value), Sample::Value(by)) => Sample::of(value / by),
        (Sample::Value(_), other) | (other, _) => other,
    }
}

fn counts(numerator: &Numerator, absent: Absent, counted: Sample, all: Sample) -> Slot {
    let total = match all {
        Sample::Value(total) if total < 0.0 => return Slot::Gap(Gap::Negative),
        Sample::Value(total) => total,
        // Bad requests that no request stands behind must not vanish: the sums will not add up, and that is reported.
        Sample::Absent => match (numerator, counted) {
            (Numerator::Bad(_), Sample::Value(bad)) if bad > 0.0 => return Slot::Counts { bad, total: 0.0 },
            _ => return Slot::Gap(Gap::NoData),
        },
        other => return Slot::Gap(gap(other)),
    };
    let counted = match (counted, absent) {
        (Sample::Value(counted), _) if counted < 0.0 => return Slot::Gap(Gap::Negative),
        (Sample::Value(counted), _) => counted,
        (Sample::Absent, Absent::Zero) => 0.0,
        (_, _) if total == 0.0 => return Slot::Gap(Gap::NoTraffic),
        (Sample::Absent, Absent::NoData) => return Slot::Uncounted { total },
        (other, _) => return Slot::Gap(gap(other)),
    };
    let bad = match numerator {
        Numerator::Bad(_) => counted,
        // Two queries a moment apart may see one good request more than all requests.
        Numerator::Good(_) => (total - counted).max(0.0),
        Numerator::GoodPercent(_) => (total * (1.0 - counted / 100.0)).round().max(0.0),
    };
    if total == 0.0 && bad == 0.0 { Slot::Gap(Gap::NoTraffic) } else { Slot::Counts { bad, total } }
}

fn valued(value: Sample, samples: Option<Sample>) -> Slot {
    let samples = match samples {
        None => None,
        Some(Sample::Value(samples)) if samples > 0.0 => Some(samples),
        Some(Sample::Value(_)) => return Slot::Gap(Gap::NoTraffic),
        // A value nobody can say how many requests stand behind weighs nothing.
        Some(other) => return Slot::Gap(gap(other)),
    };
    match value {
        Sample::Value(value) => Slot::Value { value, samples },
        other => Slot::Gap(gap(other)),
    }
}

fn gap(sample: Sample) -> Gap {
    match sample {
        Sample::Absent | Sample::Value(_) => Gap::NoData,
        Sample::NotANumber => Gap::NotANumber,
        Sample::Infinite => Gap::Infinite,
        Sample::Stale => Gap::Stale,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Sample::{Absent as Nothing, Infinite, NotANumber, Stale, Value};
    use signals::Query;

    fn query() -> Query {
        Query::Counter { selector: "x".into() }
    }

    #[test]
    fn every_pair_of_samples_has_one_meaning() {
        let bad = Numerator::Bad(query());
        let gap = Slot::Gap;
        let counts = |bad, total| Slot::Counts { bad, total };
        for (absent, counted, all, wanted) in [
            (Absent::Zero, Value(3.0), Value(100.0), counts(3.0, 100.0)),
            (Absent::Zero, Nothing, Value(100.0), counts(0.0, 100.0)),
            (Absent::NoData, Nothing, Value(100.0), Slot::Uncounted { total: 100.0 }),
            (Absent::Zero, Nothing, Value(0.0), gap(Gap::NoTraffic)),
            (Absent::NoData, Nothing, Value(0.0), gap(Gap::NoTraffic)),
            (Absent::Zero, Nothing, Nothing, gap(Gap::NoData)),
            (Absent::Zero, Value(0.0), Nothing, gap(Gap::NoData)),
            (Absent::Zero, Value(4.0), Nothing, counts(4.0, 0.0)),
            (Absent::Zero, NotANumber, Value(9.0), gap(Gap::NotANumber)),
            (Absent::Zero, Infinite, Value(9.0), gap(Gap::Infinite)),
            (Absent::Zero, Value(1.0), Infinite, gap(Gap::Infinite)),
            (Absent::Zero, Value(1.0), NotANumber, gap(Gap::NotANumber)),
            (Absent::Zero, Value(1.0), Stale, gap(Gap::Stale)),
            (Absent::Zero, Value(-1.0), Value(9.0), gap(Gap::Negative)),
            (Absent::Zero, Value(1.0), Value(-9.0), gap(Gap::Negative)),
        ] {
            assert_eq!(super::counts(&bad, absent, counted, all), wanted, "{counted:?} of {all:?}");
        }
    }

    #[test]
    fn good_requests_and_percentile_ranks_count_the_rest_as_bad() {
        let slot = |numerator, counted| super::counts(&numerator, Absent::NoData, Value(counted), Value(400.0));
        assert_eq!(slot(Numerator::Good(query()), 390.0), Slot::Counts { bad: 10.0, total: 400.0 });
        assert_eq!(slot(Numerator::Good(query()), 401.0), Slot::Counts { bad: 0.0, total: 400.0 });
        assert_eq!(slot(Numerator::GoodPercent(query()), 97.5), Slot::Counts { bad: 10.0, total: 400.0 });
    }

    #[test]
    fn a_value_without_its_requests_weighs_nothing() {
        assert_eq!(valued(Value(0.2), None), Slot::Value { value: 0.2, samples: None });
        assert_eq!(valued(Value(0.2), Some(Value(9.0))), Slot::Value { value: 0.2, samples: Some(9.0) });
        assert_eq!(valued(Value(0.2), Some(Value(0.0))), Slot::Gap(Gap::NoTraffic));
        assert_eq!(valued(Value(0.2), Some(Nothing)), Slot::Gap(Gap::NoData));
        assert_eq!(valued(NotANumber, None), Slot::Gap(Gap::NotANumber));
    }
}
