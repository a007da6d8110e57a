//! Where two JSON values differ.

use super::{
    Mismatch,
    selector::{push_index, push_name},
};
use crate::decimal::{Decimal, Tolerance};
use document::Json;

/// Notes every place under `path` where `seen` is not `expected`; numbers count as decimals, near enough by `tolerance`.
pub(super) fn differences(expected: &Json, seen: &Json, path: &str, tolerance: &Tolerance, found: &mut Vec<Mismatch>) {
    match (expected, seen) {
        (Json::Number(wanted), Json::Number(got)) => number(wanted, got, path, tolerance, found),
        (Json::List(wanted), Json::List(got)) if wanted.len() == got.len() => {
            for (index, (wanted, got)) in wanted.iter().zip(got).enumerate() {
                let mut path = path.to_owned();
                push_index(&mut path, index);
                differences(wanted, got, &path, tolerance, found);
            }
        }
        (Json::List(wanted), Json::List(got)) => {
            let length = |list: &[Json]| format!("a list of {}", list.len());
            found.push(Mismatch::new(path, length(wanted), length(got)));
        }
        (Json::Map(wanted), Json::Map(got)) => {
            let inner = |name: &str| {
                let mut path = path.to_owned();
                push_name(&mut path, name);
                path
            };
            for (name, wanted) in wanted {
                match seen.get(name) {
                    Some(got) => differences(wanted, got, &inner(name), tolerance, found),
                    None => found.push(Mismatch::new(inner(name), wanted.to_string(), "missing")),
                }
            }
            for (name, got) in got.iter().filter(|(name, _)| expected.get(name).is_none()) {
                found.push(Mismatch::new(inner(name), "absent", got.to_string()));
            }
        }
        _ if expected == seen => {}
        _ => found.push(Mismatch::new(path, format!("{expected}{tolerance}"), seen.to_string())),
    }
}

fn number(wanted: &str, got: &str, path: &str, tolerance: &Tolerance, found: &mut Vec<Mismatch>) {
    let expected = format!("{wanted}{tolerance}");
    match (wanted.parse::<Decimal>(), got.parse::<Decimal>()) {
        (Ok(wanted), Ok(seen)) if tolerance.allows(&wanted, &seen) => {}
        (Ok(wanted), Ok(seen)) => {
            found.push(Mismatch::new(path, expected, format!("{got} (off by {})", wanted.distance(&seen))));
        }
        _ => found.push(Mismatch::new(path, expected, format!("{got} (too large to compare)"))),
    }
}
