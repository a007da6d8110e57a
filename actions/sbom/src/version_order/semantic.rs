//! Semantic Versioning 2.0.0, section 11, with what its users allow: a leading `v`, fewer or more than three numbers
//! (NuGet and Composer have four).

use super::number;
use std::cmp::Ordering;

pub(super) fn order(one: &str, other: &str) -> Option<Ordering> {
    let (one, other) = (Version::read(one)?, Version::read(other)?);
    let most = one.numbers.len().max(other.numbers.len());
    for index in 0..most {
        let at = |version: &Version<'_>| version.numbers.get(index).map_or(String::new(), |text| (*text).to_owned());
        let decided = number::compare(&at(&one), &at(&other));
        if decided.is_ne() {
            return Some(decided);
        }
    }
    // Versions that differ in their build alone have no order.
    match prerelease(&one.prerelease, &other.prerelease) {
        Ordering::Equal if one.build != other.build => None,
        decided => Some(decided),
    }
}

struct Version<'a> {
    numbers: Vec<&'a str>,
    prerelease: Vec<&'a str>,
    build: &'a str,
}

impl<'a> Version<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let (text, build) = text.split_once('+').unwrap_or((text, ""));
        let (core, prerelease) = text.split_once('-').map_or((text, None), |(core, rest)| (core, Some(rest)));
        let numbers: Vec<_> = core.split('.').collect();
        let sound = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let prerelease: Vec<_> = prerelease.map_or(Vec::new(), |rest| rest.split('.').collect());
        let named =
            |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let valid = numbers.iter().all(sound) && prerelease.iter().all(named);
        valid.then_some(Self { numbers, prerelease, build })
    }
}

fn prerelease(one: &[&str], other: &[&str]) -> Ordering {
    match (one.is_empty(), other.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let numeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    for (a, b) in one.iter().zip(other) {
        let decided = match (numeric(a), numeric(b)) {
            (true, true) => number::compare(a, b),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => a.cmp(b),
        };
        if decided.is_ne() {
            return decided;
        }
    }
    one.len().cmp(&other.len())
}
