//! One thing a value has to be.

use super::path::Path;
use crate::{Reason, Rejection, predicate::parse_moment, reason::shorten};
use regex::Regex;
use serde_json::{Number, Value};
use std::{cmp::Ordering, fmt};

/// What the value at a place has to be; where a JSONPath finds several, each of them.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) field: Path,
    pub(super) tests: Vec<Test>,
}

/// A comparison.
#[derive(Debug, Clone)]
pub(super) enum Test {
    Equals(Operand),
    NotEquals(Operand),
    OneOf(Operand),
    NoneOf(Operand),
    AtLeast(Operand),
    AtMost(Operand),
    Above(Operand),
    Below(Operand),
    StartsWith(Operand),
    Contains(Operand),
    /// The whole text.
    Matches(Regex),
    /// Whether there is a value at all, be it `null`.
    Present(bool),
}

/// What is compared with.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    /// What the policy says.
    Value(Value),
    /// What the caller says.
    Context(Path),
}

impl Term {
    /// Whether the predicate is like that.
    ///
    /// # Errors
    /// [`Reason::ValueMissing`] or [`Reason::ValueRefused`], with what was found and what was asked for.
    pub(super) fn holds(&self, predicate: &Value, context: &Value) -> Result<(), Rejection> {
        let unknown = |error| Rejection::new(Reason::ValueMissing, format!("{} {error}", self.field));
        let values = self.field.values(predicate).map_err(unknown)?;
        self.tests.iter().try_for_each(|test| self.holds_for(test, &values, context))
    }

    fn holds_for(&self, test: &Test, values: &[&Value], context: &Value) -> Result<(), Rejection> {
        if let Test::Present(wanted) = test {
            let (there, not) = (!values.is_empty(), if *wanted { "not " } else { "" });
            let detail = format!("{} is {not}there", self.field);
            return if there == *wanted { Ok(()) } else { Err(Rejection::new(Reason::ValueRefused, detail)) };
        }
        if values.is_empty() {
            let detail = format!("{} is not there; asked is that it {test}", self.field);
            return Err(Rejection::new(Reason::ValueMissing, detail));
        }
        values.iter().try_for_each(|value| match test.holds(value, context) {
            Some(true) => Ok(()),
            Some(false) => {
                let detail = format!("{} is {}; asked is that it {test}", self.field, shorten(&value.to_string()));
                Err(Rejection::new(Reason::ValueRefused, detail))
            }
            None => {
                let detail = format!("{} cannot be compared: the caller does not say what it {test}", self.field);
                Err(Rejection::new(Reason::ValueMissing, detail))
            }
        })
    }
}

impl Test {
    /// `None` when there is nothing to compare with.
    fn holds(&self, found: &Value, context: &Value) -> Option<bool> {
        let ordered = |operand: &Operand, wanted: fn(Ordering) -> bool| {
            Some(compare(found, operand.value(context)?).is_some_and(wanted))
        };
        Some(match self {
            Self::Equals(operand) => equal(found, operand.value(context)?),
            Self::NotEquals(operand) => !equal(found, operand.value(context)?),
            Self::OneOf(operand) => among(found, operand.value(context)?)?,
            Self::NoneOf(operand) => !among(found, operand.value(context)?)?,
            Self::AtLeast(operand) => ordered(operand, Ordering::is_ge)?,
            Self::AtMost(operand) => ordered(operand, Ordering::is_le)?,
            Self::Above(operand) => ordered(operand, Ordering::is_gt)?,
            Self::Below(operand) => ordered(operand, Ordering::is_lt)?,
            Self::StartsWith(operand) => match (found, operand.value(context)?) {
                (Value::String(text), Value::String(start)) => text.starts_with(start),
                _ => false,
            },
            Self::Contains(operand) => match (found, operand.value(context)?) {
                (Value::String(text), Value::String(part)) => text.contains(part),
                (Value::Array(items), item) => items.iter().any(|it| equal(it, item)),
                _ => false,
            },
            Self::Matches(regex) => found.as_str().is_some_and(|text| regex.is_match(text)),
            Self::Present(wanted) => *wanted,
        })
    }
}

impl Operand {
    /// The one value there; `None` where the caller says nothing or several things.
    fn value<'v>(&'v self, context: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Context(path) => match path.values(context).unwrap_or_default().as_slice() {
                [value] => Some(value),
                _ => None,
            },
        }
    }
}

/// `None` where there is no list to be among.
fn among(found: &Value, list: &Value) -> Option<bool> {
    Some(list.as_array()?.iter().any(|item| equal(found, item)))
}

/// Equal as JSON values; numbers by what they are worth.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => compare_numbers(one, other) == Some(Ordering::Equal),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        _ => one == other,
    }
}

/// Numbers by what they are worth, moments by time; nothing else has an order.
fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => compare_numbers(one, other),
        (Value::String(one), Value::String(other)) => Some(parse_moment(one)?.cmp(&parse_moment(other)?)),
        _ => None,
    }
}

fn compare_numbers(one: &Number, other: &Number) -> Option<Ordering> {
    match (one.as_i128(), other.as_i128()) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}

/// What is asked, so that it can follow "asked is that it".
impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (words, operand) = match self {
            Self::Equals(operand) => ("equals", operand),
            Self::NotEquals(operand) => ("does not equal", operand),
            Self::OneOf(operand) => ("is one of", operand),
            Self::NoneOf(operand) => ("is none of", operand),
            Self::AtLeast(operand) => ("is at least", operand),
            Self::AtMost(operand) => ("is at most", operand),
            Self::Above(operand) => ("is above", operand),
            Self::Below(operand) => ("is below", operand),
            Self::StartsWith(operand) => ("starts with", operand),
            Self::Contains(operand) => ("contains", operand),
            Self::Matches(regex) => return write!(f, "matches {}", shorten(regex.as_str())),
            Self::Present(true) => return f.write_str("is there"),
            Self::Present(false) => return f.write_str("is not there"),
        };
        match operand {
            Operand::Value(value) => write!(f, "{words} {}", shorten(&value.to_string())),
            Operand::Context(path) => write!(f, "{words} the caller's {path}"),
        }
    }
}
