//! Where two JSON values differ.

use super::{Mismatch, Scene};
use crate::tolerance::Tolerance;
use document::{
    Decimal, Json,
    path::{push_index, push_name},
};

/// Two values compared at one place.
#[derive(Clone, Copy)]
pub(super) struct Comparing<'a> {
    pub(super) scene: &'a Scene<'a>,
    /// How near a number must be; if this is exact, the file's own tolerance for the place counts, where it has one.
    pub(super) tolerance: &'a Tolerance,
}

impl Comparing<'_> {
    /// Notes every place under `path` where `seen` is not `expected`.
    pub(super) fn differences(&self, expected: &Json, seen: &Json, path: &str, found: &mut Vec<Mismatch>) {
        match (expected, seen) {
            (Json::Number(wanted), Json::Number(got)) if wanted == got => {}
            (Json::Number(wanted), Json::Number(got)) => self.number(wanted, got, path, found),
            (Json::List(wanted), Json::List(got)) if wanted.len() == got.len() => {
                for (index, (wanted, got)) in wanted.iter().zip(got).enumerate().filter(|(_, (a, b))| a != b) {
                    let mut path = path.to_owned();
                    push_index(&mut path, index);
                    self.differences(wanted, got, &path, found);
                }
            }
            (Json::List(wanted), Json::List(got)) => {
                let length = |list: &[Json]| format!("a list of {}", list.len());
                found.push(Mismatch::new(path, length(wanted), length(got)));
            }
            (Json::Map(wanted), Json::Map(got)) => self.members(wanted, got, path, found),
            _ if expected == seen => {}
            _ => found.push(Mismatch::new(path, format!("{expected}{}", self.tolerance), seen.to_string())),
        }
    }

    fn members(&self, wanted: &[(String, Json)], got: &[(String, Json)], path: &str, found: &mut Vec<Mismatch>) {
        let inner = |name: &str| {
            let mut path = path.to_owned();
            push_name(&mut path, name);
            path
        };
        // Members mostly come in the same order; only one that does not is looked for.
        let of = |place: usize, name: &str, members: &'_ [(String, Json)]| match members.get(place) {
            Some((here, _)) if here == name => Some(place),
            _ => members.iter().position(|(other, _)| other == name),
        };
        for (place, (name, wanted)) in wanted.iter().enumerate() {
            match of(place, name, got).and_then(|place| got.get(place)) {
                Some((_, got)) if got == wanted => {}
                Some((_, got)) => self.differences(wanted, got, &inner(name), found),
                None => found.push(Mismatch::new(inner(name), wanted.to_string(), "missing")),
            }
        }
        for (place, (name, got)) in got.iter().enumerate() {
            if of(place, name, wanted).is_none() {
                found.push(Mismatch::new(inner(name), "absent", got.to_string()));
            }
        }
    }

    /// Whether `seen` is `expected`, near enough, but for what is ignored.
    pub(super) fn same(&self, expected: &Json, seen: &Json, path: &str) -> bool {
        let mut found = Vec::new();
        self.differences(expected, seen, path, &mut found);
        self.scene.ignore(&mut found);
        found.is_empty()
    }

    fn number(&self, wanted: &str, got: &str, path: &str, found: &mut Vec<Mismatch>) {
        let of_file = if self.tolerance.is_exact() { self.scene.tolerance(path) } else { None };
        let tolerance = of_file.unwrap_or(self.tolerance);
        let expected = format!("{wanted}{tolerance}");
        match (wanted.parse::<Decimal>(), got.parse::<Decimal>()) {
            (Ok(wanted), Ok(seen)) if tolerance.allows(&wanted, &seen) => {}
            (Ok(wanted), Ok(seen)) => {
                found.push(Mismatch::new(path, expected, format!("{got} (off by {})", wanted.distance(&seen))));
            }
            _ => found.push(Mismatch::new(path, expected, format!("{got} (too large to compare)"))),
        }
    }
}
