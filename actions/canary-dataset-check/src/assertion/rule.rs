//! One rule on one value.

use super::{
    Mismatch,
    difference::differences,
    format::{self, Form},
};
use crate::{
    decimal::{Decimal, Tolerance},
    length::Length,
};
use document::Json;
use std::fmt;

/// The present, as the checks know it: when the answer had arrived.
#[derive(Debug, Clone, Copy)]
pub struct Moment(pub jiff::Timestamp);

/// What a value must be.
#[derive(Debug, Clone)]
pub enum Rule {
    /// This value, numbers within the tolerance.
    Equals(Json, Tolerance),
    /// A number in this range, borders included.
    Between(Option<Decimal>, Option<Decimal>),
    /// Of this type or form.
    Form(Form),
    /// A text with a match of this pattern somewhere in it.
    Matches(regex::Regex),
    /// One of these values.
    OneOf(Vec<Json>),
    /// A moment or a day, not longer ago than the first and not further ahead than the second.
    Fresh(Option<Length>, Option<Length>),
}

impl Rule {
    /// Notes how `seen`, found at `path`, breaks this rule at `moment`, if it does.
    pub(super) fn check(&self, path: &str, seen: &Json, moment: Moment, found: &mut Vec<Mismatch>) {
        let broken = match self {
            Self::Equals(expected, tolerance) => return differences(expected, seen, path, tolerance, found),
            Self::Between(low, high) => between(low.as_ref(), high.as_ref(), seen),
            Self::Form(form) => (!form.fits(seen)).then(|| seen.to_string()),
            Self::Matches(pattern) => {
                let matched = matches!(seen, Json::Text(text) if pattern.is_match(text));
                (!matched).then(|| seen.to_string())
            }
            Self::OneOf(allowed) => {
                let equal = |one: &Json| {
                    let mut found = Vec::new();
                    differences(one, seen, path, &Tolerance::default(), &mut found);
                    found.is_empty()
                };
                (!allowed.iter().any(equal)).then(|| seen.to_string())
            }
            Self::Fresh(max_age, max_skew) => stale(*max_age, *max_skew, seen, moment),
        };
        found.extend(broken.map(|seen| Mismatch::new(path, self.to_string(), seen)));
    }
}

/// What to show when `seen` is not a number within the borders.
fn between(low: Option<&Decimal>, high: Option<&Decimal>, seen: &Json) -> Option<String> {
    let Json::Number(token) = seen else { return Some(seen.to_string()) };
    let Ok(number) = token.parse::<Decimal>() else { return Some(format!("{token} (too large to compare)")) };
    let inside = low.is_none_or(|low| *low <= number) && high.is_none_or(|high| number <= *high);
    (!inside).then(|| token.clone())
}

/// What to show when `seen` is no time, too old, or too far ahead; a day is as old as its beginning.
fn stale(max_age: Option<Length>, max_skew: Option<Length>, seen: &Json, moment: Moment) -> Option<String> {
    let Json::Text(text) = seen else { return Some(format!("{seen} (no time)")) };
    let midnight = |day: jiff::civil::Date| day.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let Some(time) = format::moment(text).or_else(|| format::day(text).and_then(midnight)) else {
        return Some(format!("{seen} (no time with an offset)"));
    };
    let age = moment.0.duration_since(time).as_secs_f64();
    let too_old = max_age.is_some_and(|limit| age > limit.seconds());
    let too_new = max_skew.is_some_and(|limit| -age > limit.seconds());
    let direction = if too_new { "ahead" } else { "old" };
    (too_old || too_new).then(|| format!("{seen} ({} {direction})", Length::from_seconds(age.abs())))
}

/// In words that follow "expected".
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals(expected, tolerance) => write!(f, "{expected}{tolerance}"),
            Self::Between(Some(low), Some(high)) => write!(f, "from {low} to {high}"),
            Self::Between(Some(low), None) => write!(f, "at least {low}"),
            Self::Between(None, Some(high)) => write!(f, "at most {high}"),
            Self::Between(None, None) => f.write_str("a number"),
            Self::Form(form) => f.write_str(form.words()),
            Self::Matches(pattern) => write!(f, "a match of /{pattern}/"),
            Self::OneOf(allowed) => {
                let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
                write!(f, "one of {}", allowed.join(", "))
            }
            Self::Fresh(Some(age), Some(skew)) => write!(f, "at most {age} old and {skew} ahead"),
            Self::Fresh(Some(age), None) => write!(f, "at most {age} old"),
            Self::Fresh(None, Some(skew)) => write!(f, "at most {skew} ahead"),
            Self::Fresh(None, None) => f.write_str("a time"),
        }
    }
}
