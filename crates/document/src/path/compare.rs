//! Comparisons of a filter (section 2.3.5.2.2).

use super::Comparison;
use crate::{Decimal, Json};
use std::cmp::Ordering;

/// Whether the comparison holds; `None` is Nothing, which equals itself alone.
pub(super) fn holds(left: Option<&Json>, comparison: Comparison, right: Option<&Json>) -> bool {
    let same = || match (left, right) {
        (Some(left), Some(right)) => left.same(right),
        (left, right) => left.is_none() && right.is_none(),
    };
    let ordered = || order(left?, right?);
    match comparison {
        Comparison::Equal => same(),
        Comparison::Unequal => !same(),
        Comparison::Less => ordered() == Some(Ordering::Less),
        Comparison::Greater => ordered() == Some(Ordering::Greater),
        Comparison::AtMost => ordered() == Some(Ordering::Less) || same(),
        Comparison::AtLeast => ordered() == Some(Ordering::Greater) || same(),
    }
}

/// Numbers and texts have an order, nothing else has.
fn order(left: &Json, right: &Json) -> Option<Ordering> {
    match (left, right) {
        (Json::Text(left), Json::Text(right)) => Some(left.cmp(right)),
        (Json::Number(left), Json::Number(right)) => {
            left.parse::<Decimal>().ok()?.partial_cmp(&right.parse::<Decimal>().ok()?)
        }
        _ => None,
    }
}

impl Json {
    /// Whether both are the same JSON: numbers as decimals (`1.0` is `1`), members in any order.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(one), Self::Number(two)) => {
                one == two
                    || matches!((one.parse::<Decimal>(), two.parse::<Decimal>()), (Ok(one), Ok(two)) if one == two)
            }
            (Self::List(one), Self::List(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.same(two))
            }
            (Self::Map(one), Self::Map(two)) => {
                let there = |(name, value): &(String, Self)| other.get(name).is_some_and(|seen| value.same(seen));
                one.len() == two.len() && one.iter().all(there)
            }
            _ => self == other,
        }
    }
}
