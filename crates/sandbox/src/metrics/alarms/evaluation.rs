//! What the last data points say about an alarm. Pure.

use std::collections::BTreeMap;

/// How many periods beyond those evaluated are looked at for data, so that a gap does not count at once.
const SPARE_PERIODS: i64 = 2;

/// `StateValue`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Ok,
    Alarm,
    InsufficientData,
}

/// `ComparisonOperator`, the four that compare with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    GreaterOrEqual,
    Greater,
    Less,
    LessOrEqual,
}

/// `TreatMissingData`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Treatment {
    Breaching,
    NotBreaching,
    Ignore,
    Missing,
}

/// What an alarm is raised by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Condition {
    pub(super) comparison: Comparison,
    pub(super) threshold: f64,
    /// Seconds.
    pub(super) period: i64,
    /// How many periods are evaluated.
    pub(super) periods: u32,
    /// How many of them have to breach.
    pub(super) to_alarm: u32,
    pub(super) missing: Treatment,
}

/// A state and the words for it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    pub(super) state: State,
    pub(super) reason: String,
    /// The points it rests on, newest last.
    pub(super) points: Vec<(i64, f64)>,
}

impl Condition {
    /// The time `[start, end)` an evaluation at `now` looks at: whole periods that are over.
    pub(super) fn range(&self, now: i64) -> (i64, i64) {
        let end = now.div_euclid(self.period) * self.period;
        (end - (i64::from(self.periods) + SPARE_PERIODS) * self.period, end)
    }

    /// The state these points mean; `before` is what it was.
    pub(super) fn evaluate(&self, points: &BTreeMap<i64, f64>, before: State) -> Finding {
        let wanted = self.periods as usize;
        let points: Vec<(i64, f64)> = points.iter().map(|(at, value)| (*at, *value)).collect();
        let points = points[points.len().saturating_sub(wanted)..].to_vec();
        let absent = u32::try_from(wanted - points.len()).unwrap_or(0);
        let breaching = points.iter().filter(|(_, value)| self.comparison.holds(*value, self.threshold)).count();
        let breaching = u32::try_from(breaching).unwrap_or(u32::MAX);
        let sound = u32::try_from(points.len()).unwrap_or(u32::MAX) - breaching;
        let state = match self.missing {
            _ if breaching >= self.to_alarm => State::Alarm,
            _ if absent == 0 => State::Ok,
            Treatment::Breaching if breaching + absent >= self.to_alarm => State::Alarm,
            Treatment::Breaching | Treatment::NotBreaching => State::Ok,
            // As documented: a point that does not breach settles it, and so do breaching ones with nothing beside them.
            Treatment::Missing if sound > 0 => State::Ok,
            Treatment::Missing if breaching > 0 => State::Alarm,
            Treatment::Missing => State::InsufficientData,
            Treatment::Ignore if sound > 0 => State::Ok,
            Treatment::Ignore => before,
        };
        Finding { state, reason: self.reason(state, &points, absent), points }
    }

    fn reason(&self, state: State, points: &[(i64, f64)], absent: u32) -> String {
        let plural = |count: usize| if count == 1 { "datapoint" } else { "datapoints" };
        if points.is_empty() {
            let unknown = absent as usize;
            let verb = if unknown == 1 { "was" } else { "were" };
            return match (state, self.missing) {
                (State::InsufficientData, _) | (_, Treatment::Ignore) => {
                    format!("Insufficient Data: {unknown} {} {verb} unknown.", plural(unknown))
                }
                (_, missing) => {
                    let treated = if missing == Treatment::Breaching { "Breaching" } else { "NonBreaching" };
                    format!(
                        "Threshold Crossed: no datapoints were received for {unknown} {} and {unknown} missing {} {verb} treated as [{treated}].",
                        if unknown == 1 { "period" } else { "periods" },
                        plural(unknown),
                    )
                }
            };
        }
        let shown: Vec<String> = points.iter().rev().map(|(_, value)| format!("{value:?}")).collect();
        let not = if state == State::Alarm { "" } else { "not " };
        let verb = if points.len() == 1 { "was" } else { "were" };
        format!(
            "Threshold Crossed: {} {} [{}] {verb} {not}{} the threshold ({:?}).",
            points.len(),
            plural(points.len()),
            shown.join(", "),
            self.comparison.words(),
            self.threshold,
        )
    }
}

impl Comparison {
    /// AWS's name for it.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        match word {
            "GreaterThanOrEqualToThreshold" => Some(Self::GreaterOrEqual),
            "GreaterThanThreshold" => Some(Self::Greater),
            "LessThanThreshold" => Some(Self::Less),
            "LessThanOrEqualToThreshold" => Some(Self::LessOrEqual),
            _ => None,
        }
    }

    fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterOrEqual => value >= threshold,
            Self::Greater => value > threshold,
            Self::Less => value < threshold,
            Self::LessOrEqual => value <= threshold,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::GreaterOrEqual => "greater than or equal to",
            Self::Greater => "greater than",
            Self::Less => "less than",
            Self::LessOrEqual => "less than or equal to",
        }
    }
}

impl State {
    /// AWS's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }

    /// The state of that word.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        [Self::Ok, Self::Alarm, Self::InsufficientData].into_iter().find(|state| state.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five periods, oldest first: `X` breaches, `0` does not, `-` has no data.
    fn points(text: &str) -> BTreeMap<i64, f64> {
        let value = |(place, c): (usize, char)| match c {
            'X' => Some((i64::try_from(place).unwrap() * 60, 9.0)),
            '0' => Some((i64::try_from(place).unwrap() * 60, 0.0)),
            _ => None,
        };
        text.chars().enumerate().filter_map(value).collect()
    }

    #[test]
    fn three_of_three_with_missing_data() {
        use State::{Alarm, InsufficientData, Ok};
        // Columns: missing, ignore (with OK before), breaching, notBreaching.
        let table = [
            ("0-X-X", [Ok, Ok, Ok, Ok]),
            ("0----", [Ok, Ok, Ok, Ok]),
            ("--X--", [Alarm, Ok, Alarm, Ok]),
            ("-----", [InsufficientData, Ok, Alarm, Ok]),
            ("0XX-X", [Alarm, Alarm, Alarm, Alarm]),
            ("--XX-", [Alarm, Ok, Alarm, Ok]),
            ("XXXXX", [Alarm, Alarm, Alarm, Alarm]),
            ("XXXX0", [Ok, Ok, Ok, Ok]),
        ];
        for (text, expected) in table {
            let treatments = [Treatment::Missing, Treatment::Ignore, Treatment::Breaching, Treatment::NotBreaching];
            for (missing, expected) in treatments.into_iter().zip(expected) {
                let condition = Condition {
                    comparison: Comparison::Greater,
                    threshold: 1.0,
                    period: 60,
                    periods: 3,
                    to_alarm: 3,
                    missing,
                };
                assert_eq!(condition.evaluate(&points(text), Ok).state, expected, "{text} {missing:?}");
            }
        }
    }

    #[test]
    fn one_of_five_breaching_points_can_be_enough_and_each_comparison_is_what_its_name_says() {
        let condition = |comparison, to_alarm| Condition {
            comparison,
            threshold: 5.0,
            period: 60,
            periods: 5,
            to_alarm,
            missing: Treatment::Missing,
        };
        let values: BTreeMap<i64, f64> = [(0, 5.0), (60, 4.0), (120, 5.0), (180, 5.0), (240, 5.0)].into();
        let table = [
            (Comparison::Less, 1, State::Alarm),
            (Comparison::Less, 2, State::Ok),
            (Comparison::Greater, 1, State::Ok),
            (Comparison::GreaterOrEqual, 4, State::Alarm),
            (Comparison::GreaterOrEqual, 5, State::Ok),
            (Comparison::LessOrEqual, 5, State::Alarm),
        ];
        for (comparison, to_alarm, expected) in table {
            let found = condition(comparison, to_alarm).evaluate(&values, State::Ok);
            assert_eq!(found.state, expected, "{comparison:?} {to_alarm}");
        }
        let reason = condition(Comparison::Less, 1).evaluate(&[(0, 4.0)].into(), State::Ok).reason;
        assert_eq!(reason, "Threshold Crossed: 1 datapoint [4.0] was less than the threshold (5.0).");
    }

    #[test]
    fn only_periods_that_are_over_are_looked_at() {
        let condition = Condition {
            comparison: Comparison::Greater,
            threshold: 0.0,
            period: 60,
            periods: 1,
            to_alarm: 1,
            missing: Treatment::Missing,
        };
        assert_eq!(condition.range(239), (0, 180));
        assert_eq!(condition.range(240), (60, 240));
    }
}
