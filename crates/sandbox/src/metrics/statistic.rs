//! Statistics over a period: `Sum`, `Average`, `Minimum`, `Maximum`, `SampleCount`, `p95`, `p99.9`.

use super::store::Bucket;
use std::str::FromStr;

/// A statistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Statistic {
    Sum,
    Average,
    Minimum,
    Maximum,
    SampleCount,
    /// Between 0 and 100.
    Percentile(f64),
}

impl FromStr for Statistic {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "Sum" => Ok(Self::Sum),
            "Average" => Ok(Self::Average),
            "Minimum" => Ok(Self::Minimum),
            "Maximum" => Ok(Self::Maximum),
            "SampleCount" => Ok(Self::SampleCount),
            _ => {
                let share = text.strip_prefix('p').and_then(|digits| digits.parse().ok());
                let share = share.filter(|share| (0.0..=100.0).contains(share));
                share.map(Self::Percentile).ok_or_else(|| format!("The sandbox does not know the statistic {text}"))
            }
        }
    }
}

impl Statistic {
    /// The statistic of a period's observations; none where they do not tell, as a percentile of a statistic set.
    pub(super) fn of(self, bucket: &Bucket) -> Option<f64> {
        match self {
            Self::Sum => Some(bucket.sum),
            Self::Average => Some(bucket.sum / bucket.count),
            Self::Minimum => Some(bucket.minimum),
            Self::Maximum => Some(bucket.maximum),
            Self::SampleCount => Some(bucket.count),
            Self::Percentile(share) => percentile(&bucket.values, share),
        }
    }
}

/// The smallest value that at least `share` percent of the observations do not exceed (nearest rank).
fn percentile(values: &[(f64, f64)], share: f64) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let wanted = values.iter().map(|(_, times)| times).sum::<f64>() * share / 100.0;
    let mut seen = 0.0;
    let reached = values.iter().find(|(_, times)| {
        seen += times;
        seen >= wanted
    });
    reached.or(values.last()).map(|(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_to_hundred() -> Bucket {
        let mut bucket = Bucket::default();
        (1..=100).for_each(|n| bucket.add(&Bucket::of(f64::from(n), 1.0)));
        bucket
    }

    #[test]
    fn the_statistics_of_one_to_a_hundred() {
        let bucket = one_to_hundred();
        let table = [
            ("Sum", 5050.0),
            ("Average", 50.5),
            ("Minimum", 1.0),
            ("Maximum", 100.0),
            ("SampleCount", 100.0),
            ("p50", 50.0),
            ("p95", 95.0),
            ("p99.9", 100.0),
            ("p100", 100.0),
            ("p0", 1.0),
        ];
        for (name, expected) in table {
            assert_eq!(name.parse::<Statistic>().unwrap().of(&bucket), Some(expected), "{name}");
        }
    }

    #[test]
    fn weights_count_as_repeated_observations_and_sets_have_no_percentiles() {
        let mut bucket = Bucket::of(1.0, 99.0);
        bucket.add(&Bucket::of(9.0, 1.0));
        assert_eq!(Statistic::Percentile(99.0).of(&bucket), Some(1.0));
        assert_eq!(Statistic::Percentile(99.5).of(&bucket), Some(9.0));
        bucket.values.clear();
        assert_eq!(Statistic::Percentile(50.0).of(&bucket), None);
        for unknown in ["p101", "px", "tm90", "median"] {
            assert!(unknown.parse::<Statistic>().is_err(), "{unknown}");
        }
    }
}
