//! Rules about lists: the same items in any order, and items in order.

use super::{Mismatch, difference::Comparing};
use document::{Decimal, Json, Path, path::push_index};
use std::cmp::Ordering;

/// Lists with more items than this are not compared in any order: pairing takes the square of it.
pub(super) const MOST_ITEMS: usize = 2000;

/// Which way a list is ordered, equal neighbours included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Each item is at least the one before.
    Ascending,
    /// Each item is at most the one before.
    Descending,
}

/// Notes the expected items that `seen` lacks and the items it has besides, in whatever order.
///
/// Each item is paired with one of the other side, as many as can be: with tolerances, the first that fits may be needed
/// by another (Kuhn's augmenting paths).
pub(super) fn unordered(expected: &[Json], seen: &Json, path: &str, with: Comparing<'_>, found: &mut Vec<Mismatch>) {
    let Json::List(items) = seen else {
        found.push(Mismatch::new(path, format!("a list of {}", expected.len()), seen.to_string()));
        return;
    };
    if items.len() > MOST_ITEMS {
        let text = format!("a list of {}, more than can be compared in any order", items.len());
        found.push(Mismatch::new(path, format!("a list of {}", expected.len()), text));
        return;
    }
    let mut pairs = Pairs { fits: Vec::new(), of_item: vec![None; items.len()] };
    let places: Vec<String> = (0..items.len()).map(|at| item_of(path, at)).collect();
    for wanted in expected {
        let fitting = items.iter().zip(&places).enumerate().filter(|(_, (item, place))| with.same(wanted, item, place));
        pairs.fits.push(fitting.map(|(at, _)| at).collect());
    }
    for (number, wanted) in expected.iter().enumerate() {
        if !pairs.place(number, &mut vec![false; items.len()]) {
            found.push(Mismatch::new(path, format!("{wanted} among its items"), "missing"));
        }
    }
    for (index, item) in items.iter().enumerate() {
        if pairs.of_item.get(index).is_some_and(Option::is_none) {
            found.push(Mismatch::new(item_of(path, index), "absent", item.to_string()));
        }
    }
}

fn item_of(path: &str, index: usize) -> String {
    let mut path = path.to_owned();
    push_index(&mut path, index);
    path
}

struct Pairs {
    /// The items that fit each expected one.
    fits: Vec<Vec<usize>>,
    /// The expected one each item is paired with.
    of_item: Vec<Option<usize>>,
}

impl Pairs {
    /// Finds an item for the expected one, moving others to items that fit them too. The depth is bounded by the list's
    /// length, the work by `tried`.
    fn place(&mut self, wanted: usize, tried: &mut [bool]) -> bool {
        let fits = self.fits.get(wanted).cloned().unwrap_or_default();
        // A free item first: only without one is anything moved.
        let free = fits.iter().find(|&&at| self.of_item.get(at).is_some_and(Option::is_none)).copied();
        let found = free.or_else(|| {
            fits.into_iter().find(|&at| {
                let new = tried.get_mut(at).is_some_and(|tried| !std::mem::replace(tried, true));
                new && self.of_item.get(at).copied().flatten().is_some_and(|other| self.place(other, tried))
            })
        });
        let place = found.and_then(|at| self.of_item.get_mut(at));
        place.map(|place| *place = Some(wanted)).is_some()
    }
}

/// What to show when `seen` is no list in this order, by the value at `by` in each item.
pub(super) fn out_of_order(seen: &Json, direction: Direction, by: Option<&Path>) -> Option<String> {
    let Json::List(items) = seen else { return Some(seen.to_string()) };
    let key = |item: &'_ Json| by.map_or(Some(item.clone()), |by| by.one(item).cloned());
    for (index, pair) in items.windows(2).enumerate() {
        let [before, after] = pair else { continue };
        let order = match (key(before), key(after)) {
            (Some(before), Some(after)) => order(&before, &after),
            _ => None,
        };
        let wrong = match (order, direction) {
            (None, _) => Some("cannot be ordered"),
            (Some(Ordering::Greater), Direction::Ascending) | (Some(Ordering::Less), Direction::Descending) => {
                Some("are out of order")
            }
            _ => None,
        };
        if let Some(wrong) = wrong {
            return Some(format!("[{index}] and [{}] {wrong}: {before}, {after}", index + 1));
        }
    }
    None
}

fn order(before: &Json, after: &Json) -> Option<Ordering> {
    match (before, after) {
        (Json::Text(before), Json::Text(after)) => Some(before.cmp(after)),
        (Json::Number(before), Json::Number(after)) => {
            before.parse::<Decimal>().ok()?.partial_cmp(&after.parse::<Decimal>().ok()?)
        }
        _ => None,
    }
}

impl std::fmt::Display for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ascending => "ascending",
            Self::Descending => "descending",
        })
    }
}

impl std::str::FromStr for Direction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ascending" => Ok(Self::Ascending),
            "descending" => Ok(Self::Descending),
            _ => Err(format!("`{text}` is neither ascending nor descending")),
        }
    }
}
