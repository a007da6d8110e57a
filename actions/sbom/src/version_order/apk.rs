//! Alpine: numbers, one letter, suffixes such as `_rc1`, the package's own release `-r2` (apk-tools, `version.c`).

use super::number;
use std::cmp::Ordering;

/// Suffixes from oldest to newest; the end of the version stands between `rc` and `cvs`.
const SUFFIXES: [&str; 10] = ["alpha", "beta", "pre", "rc", "", "cvs", "svn", "git", "hg", "p"];

pub(super) fn order(one: &str, other: &str) -> Option<Ordering> {
    let (one, other) = (Version::read(one)?, Version::read(other)?);
    for index in 0..one.numbers.len().max(other.numbers.len()) {
        let decided = match (one.numbers.get(index), other.numbers.get(index)) {
            // As fractions: 1.01 is older than 1.1.
            (Some(a), Some(b)) if index > 0 && (a.starts_with('0') || b.starts_with('0')) => a.cmp(b),
            (Some(a), Some(b)) => number::compare(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        if decided.is_ne() {
            return Some(decided);
        }
    }
    let end = (4, "");
    let suffixes = (0..one.suffixes.len().max(other.suffixes.len())).map(|index| {
        let a = one.suffixes.get(index).copied().unwrap_or(end);
        let b = other.suffixes.get(index).copied().unwrap_or(end);
        a.0.cmp(&b.0).then_with(|| number::compare(a.1, b.1))
    });
    let suffixes = suffixes.fold(Ordering::Equal, Ordering::then);
    Some(one.letter.cmp(other.letter).then(suffixes).then_with(|| number::compare(one.release, other.release)))
}

struct Version<'a> {
    numbers: Vec<&'a str>,
    letter: &'a str,
    suffixes: Vec<(usize, &'a str)>,
    release: &'a str,
}

impl<'a> Version<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (text, release) = text.rsplit_once("-r").unwrap_or((text, ""));
        // A commit's hash, which has no order, may stand behind a tilde.
        let text = text.split_once('~').map_or(text, |(text, _)| text);
        let mut parts = text.split('_');
        let core = parts.next()?;
        let end = core.trim_end_matches(|c: char| c.is_ascii_lowercase());
        let letter = &core[end.len()..];
        let numbers: Vec<_> = end.split('.').collect();
        let sound = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let suffixes: Option<Vec<_>> = parts
            .map(|part| {
                let (word, digits) = number::split_letters(part);
                let known = SUFFIXES.iter().position(|suffix| *suffix == word && !word.is_empty())?;
                digits.bytes().all(|byte| byte.is_ascii_digit()).then_some((known, digits))
            })
            .collect();
        let valid = numbers.iter().all(sound) && letter.len() <= 1 && release.bytes().all(|b| b.is_ascii_digit());
        valid.then_some(Self { numbers, letter, suffixes: suffixes?, release })
    }
}
