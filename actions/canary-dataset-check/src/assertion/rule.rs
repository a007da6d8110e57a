//! One rule on one value.

use super::{
    Direction, Mismatch, Scene, Selector, arrays,
    difference::Comparing,
    format::{self, Form},
};
use crate::{length::Length, tolerance::Tolerance};
use document::{Decimal, Json};
use std::fmt;

/// The present, as the checks know it: when the answer had arrived.
#[derive(Debug, Clone, Copy)]
pub struct Moment(pub jiff::Timestamp);

/// What a value must be.
#[derive(Debug, Clone)]
pub enum Rule {
    /// This value, numbers within the tolerance.
    Equals(Json, Tolerance),
    /// A list of these items, in whatever order.
    Unordered(Vec<Json>, Tolerance),
    /// A list in this order, by the value at the path in each item or by the items themselves.
    Sorted(Direction, Option<Box<Selector>>),
    /// A number or text written exactly so.
    Written(String),
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
    pub(super) fn check(&self, path: &str, seen: &Json, scene: &Scene<'_>, found: &mut Vec<Mismatch>) {
        let broken = match self {
            Self::Equals(expected, tolerance) => {
                return Comparing { scene, tolerance }.differences(expected, seen, path, found);
            }
            Self::Unordered(expected, tolerance) => {
                return arrays::unordered(expected, seen, path, Comparing { scene, tolerance }, found);
            }
            Self::Sorted(direction, by) => arrays::out_of_order(seen, *direction, by.as_deref()),
            Self::Written(text) => match seen {
                Json::Number(token) | Json::Text(token) if token == text => None,
                other => Some(other.to_string()),
            },
            Self::Between(low, high) => between(low.as_ref(), high.as_ref(), seen),
            Self::Form(form) => (!form.fits(seen)).then(|| seen.to_string()),
            Self::Matches(pattern) => {
                let matched = matches!(seen, Json::Text(text) if pattern.is_match(text));
                (!matched).then(|| seen.to_string())
            }
            Self::OneOf(allowed) => (!allowed.iter().any(|one| one.same(seen))).then(|| seen.to_string()),
            Self::Fresh(max_age, max_skew) => stale(*max_age, *max_skew, seen, scene.moment),
        };
        found.extend(broken.map(|seen| Mismatch::new(path, self.to_string(), seen)));
    }

    /// Whether `seen` keeps this rule beyond doubt, without knowing where it is; what is doubtful is for [`Rule::check`].
    pub(super) fn plainly_holds(&self, seen: &Json) -> bool {
        match self {
            Self::Equals(expected, _) => expected == seen,
            Self::Between(low, high) => between(low.as_ref(), high.as_ref(), seen).is_none(),
            Self::Form(form) => form.fits(seen),
            Self::Matches(pattern) => matches!(seen, Json::Text(text) if pattern.is_match(text)),
            Self::OneOf(allowed) => allowed.iter().any(|one| one == seen),
            Self::Unordered(..) | Self::Sorted(..) | Self::Written(_) | Self::Fresh(..) => false,
        }
    }
}

/// What to show when `seen` is not a number within the borders.
fn between(low: Option<&Decimal>, high: Option<&Decimal>, seen: &Json) -> Option<String> {
    let Json::Number(token) = seen else { return Some(seen.to_string()) };
    let Ok(number) = token.parse::<Decimal>() else { return Some(format!("{token} (too large to compare)")) };
    let inside = low.is_none_or(|low| *low <= number) && high.is_none_or(|high| number <= *high);
    (!inside).then(|| token.clone())
}

/// The moment that a text names: an RFC 3339 time with its offset, or the beginning of a day.
#[must_use]
pub fn time(seen: &Json) -> Option<jiff::Timestamp> {
    let Json::Text(text) = seen else { return None };
    let midnight = |day: jiff::civil::Date| day.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    format::moment(text).or_else(|| format::day(text).and_then(midnight))
}

/// What to show when `seen` is no time, too old, or too far ahead; a day is as old as its beginning.
fn stale(max_age: Option<Length>, max_skew: Option<Length>, seen: &Json, moment: Moment) -> Option<String> {
    if !matches!(seen, Json::Text(_)) {
        return Some(format!("{seen} (no time)"));
    }
    let Some(time) = time(seen) else { return Some(format!("{seen} (no time with an offset)")) };
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
            Self::Unordered(expected, tolerance) => {
                write!(f, "{} in any order{tolerance}", Json::List(expected.clone()))
            }
            Self::Sorted(direction, None) => write!(f, "in {direction} order"),
            Self::Sorted(direction, Some(by)) => write!(f, "in {direction} order of {by}"),
            Self::Written(text) => write!(f, "written as {text}"),
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
