//! The candidate beside the baseline: each case asked of both, and what differs. Pure.

mod decide;
mod drift;

pub use decide::decide;
pub use drift::{Column, Drift, Method, Moved};

use crate::{
    assertion::{Everywhere, Mismatch, Moment, Scene, differing},
    config::Allowed,
};
use document::{Decimal, Json};
use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hasher as _},
};

/// Places at which changes are told apart; of those beyond, that there are some.
const MOST_PLACES: usize = 200;

/// What `compare:` in `canary.yml` asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Cases whose answers may differ.
    pub max_changed: Option<Allowed>,
    /// The chance of calling a release worse that is not.
    pub alpha: f64,
    /// Where values are looked at as a whole.
    pub drift: Option<Drift>,
}

/// What both said to one case.
#[derive(Debug, Clone, Default)]
pub struct Pair {
    /// The candidate's body, where it is JSON.
    pub now: Option<Json>,
    /// The baseline's.
    pub then: Option<Json>,
    /// Status and bytes of the candidate's answer; `None` without one.
    pub now_raw: Option<Raw>,
    /// The baseline's.
    pub then_raw: Option<Raw>,
    /// Whether the candidate's answer is right; `None` without one.
    pub now_right: Option<bool>,
    /// Whether the baseline's is.
    pub then_right: Option<bool>,
}

/// An answer as a whole: its status, and its bytes by their hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw {
    status: u16,
    bytes: u64,
}

impl Raw {
    /// Of an answer.
    #[must_use]
    pub fn new(status: u16, body: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(body);
        Self { status, bytes: hasher.finish() }
    }
}

/// What all pairs came to.
#[derive(Debug, Clone, Default)]
pub struct Compared {
    /// Cases both answered.
    pub pairs: u64,
    /// Cases one of them did not answer.
    pub missing: u64,
    /// Cases whose answers differ.
    pub changed: u64,
    /// Cases only the baseline answered rightly.
    pub worse: u64,
    /// Cases only the candidate answered rightly.
    pub better: u64,
    /// What changed where; list items together.
    pub places: BTreeMap<String, Change>,
    /// Values at the paths that are looked at as a whole.
    pub columns: Vec<Column>,
}

/// How answers differ at one place.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Change {
    /// In how many cases.
    pub cases: u64,
    /// Of numbers, the sum of what the candidate says more.
    pub sum: f64,
    /// Of numbers, the largest distance.
    pub largest: f64,
    /// The first: what the baseline says, and what the candidate says.
    pub example: (String, String),
}

impl Compared {
    /// One that will look at these columns.
    #[must_use]
    pub fn new(drift: Option<&Drift>, seed: u64) -> Self {
        let columns = drift.map(|drift| drift.columns.iter().map(|path| Column::new(path.clone(), seed)).collect());
        Self { columns: columns.unwrap_or_default(), ..Self::default() }
    }

    /// Takes in one case.
    pub fn add(&mut self, pair: &Pair, everywhere: &Everywhere, moment: Moment) {
        let (Some(now_right), Some(then_right)) = (pair.now_right, pair.then_right) else {
            self.missing += 1;
            return;
        };
        self.pairs += 1;
        self.worse += u64::from(then_right && !now_right);
        self.better += u64::from(now_right && !then_right);
        let (Some(now), Some(then)) = (&pair.now, &pair.then) else {
            // What is not JSON on both sides is the same only byte for byte.
            self.changed += u64::from(pair.now_raw != pair.then_raw);
            return;
        };
        let scene = Scene::new(now, moment, everywhere);
        let mut found = differing(then, now, &scene);
        scene.hide(&mut found);
        let status = |raw: Option<Raw>| raw.map(|raw| raw.status);
        self.changed += u64::from(!found.is_empty() || status(pair.now_raw) != status(pair.then_raw));
        for mismatch in found {
            self.note(mismatch, now, then);
        }
        self.columns.iter_mut().for_each(|column| column.add(now, then));
    }

    /// Takes in another's counts; its places, and values as a whole, stay in its own report.
    pub fn merge(&mut self, other: &Self) {
        self.pairs += other.pairs;
        self.missing += other.missing;
        self.changed += other.changed;
        self.worse += other.worse;
        self.better += other.better;
    }

    fn note(&mut self, mismatch: Mismatch, now: &Json, then: &Json) {
        let place = together(&mismatch.path);
        if !self.places.contains_key(&place) && self.places.len() >= MOST_PLACES {
            return;
        }
        let number = |body: &Json| match mismatch.path.parse::<document::Path>().ok()?.one(body)? {
            Json::Number(token) => token.parse::<Decimal>().ok(),
            _ => None,
        };
        let delta = number(now).zip(number(then)).map(|(now, then)| now.minus(&then).nearest());
        let change = self.places.entry(place).or_default();
        if change.cases == 0 {
            change.example = (mismatch.expected, mismatch.seen);
        }
        change.cases += 1;
        if let Some(delta) = delta.filter(|delta| delta.is_finite()) {
            change.sum += delta;
            change.largest = change.largest.max(delta.abs());
        }
    }
}

/// A path with every list index as `[*]`.
fn together(path: &str) -> String {
    let mut place = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('[') {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        place.push_str(before);
        let index = digits > 0 && after.as_bytes().get(digits) == Some(&b']');
        place.push_str(if index { "[*" } else { "[" });
        rest = if index { &after[digits..] } else { after };
    }
    place + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(then: &str, now: &str, right: (bool, bool)) -> Pair {
        let json = |text: &str| Json::parse(text.as_bytes()).ok();
        let raw = |text: &str| Some(Raw::new(200, text.as_bytes()));
        Pair {
            now: json(now),
            then: json(then),
            now_raw: raw(now),
            then_raw: raw(then),
            now_right: Some(right.1),
            then_right: Some(right.0),
        }
    }

    #[test]
    fn changes_are_counted_by_place_and_what_is_ignored_is_none() {
        let everywhere = Everywhere { ignored: vec!["$.at".parse().unwrap()], ..Everywhere::default() };
        let moment = Moment("2026-09-21T06:00:00Z".parse().unwrap());
        let mut compared = Compared::default();
        for (then, now) in [
            (r#"{"at": 1, "n": 1, "l": [{"p": 1}, {"p": 2}]}"#, r#"{"at": 2, "n": 1.0, "l": [{"p": 1}, {"p": 5}]}"#),
            (r#"{"n": 1, "l": [{"p": 3}]}"#, r#"{"n": 1, "l": [{"p": 2}]}"#),
            (r#"{"at": 1}"#, r#"{"at": 2}"#),
        ] {
            compared.add(&pair(then, now, (true, true)), &everywhere, moment);
        }
        compared.add(&pair("{}", "{}", (true, false)), &everywhere, moment);
        compared.add(&Pair { now_right: Some(true), ..Pair::default() }, &everywhere, moment);
        assert_eq!((compared.pairs, compared.changed, compared.worse, compared.missing), (4, 2, 1, 1));
        let change = &compared.places["$.l[*].p"];
        assert_eq!((change.cases, change.sum, change.largest), (2, 2.0, 3.0));
        assert_eq!(compared.places.len(), 1);
    }

    #[test]
    fn what_is_not_json_is_compared_as_it_is_and_so_is_the_status() {
        let moment = Moment("2026-09-21T06:00:00Z".parse().unwrap());
        let changed = |pair: &Pair| {
            let mut compared = Compared::default();
            compared.add(pair, &Everywhere::default(), moment);
            compared.changed
        };
        let other = |pair: Pair, status, body: &str| Pair { now_raw: Some(Raw::new(status, body.as_bytes())), ..pair };
        assert_eq!(changed(&pair("a,b", "a,b", (true, true))), 0);
        assert_eq!(changed(&pair("a,b", "a,c", (true, true))), 1);
        assert_eq!(changed(&pair("a,b", "{}", (true, true))), 1);
        assert_eq!(changed(&other(pair("a,b", "a,b", (true, true)), 500, "a,b")), 1);
        assert_eq!(changed(&other(pair("{}", "{}", (true, true)), 500, "{}")), 1);
        assert_eq!(changed(&other(pair("{}", "{}", (true, true)), 200, " {}")), 0, "the same JSON");
        assert_eq!(changed(&Pair { now: None, now_raw: None, ..pair("{}", "{}", (true, false)) }), 1, "too late");
    }

    #[test]
    fn indices_fall_together_and_names_stay() {
        assert_eq!(together("$.a[0].b[12]"), "$.a[*].b[*]");
        assert_eq!(together("$['1'].x[3]"), "$['1'].x[*]");
    }
}
