//! Python: PEP 440 in its permissive spelling, "Summary of permitted suffixes and relative ordering".

use super::number;
use std::cmp::Ordering;

pub(super) fn order(one: &str, other: &str) -> Option<Ordering> {
    Some(Version::read(one)?.compare(&Version::read(other)?))
}

#[derive(Debug)]
struct Version {
    epoch: String,
    release: Vec<String>,
    /// `a`, `b` or `rc` with its number.
    pre: Option<(u8, String)>,
    post: Option<String>,
    dev: Option<String>,
    local: Vec<String>,
}

/// Spellings of the phases before a release, the longer of two that begin alike first.
const PRE: [(&str, u8); 8] =
    [("alpha", 0), ("a", 0), ("beta", 1), ("b", 1), ("preview", 2), ("pre", 2), ("rc", 2), ("c", 2)];

impl Version {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let text = text.strip_prefix('v').unwrap_or(&text);
        let (text, local) = text.split_once('+').map_or((text, None), |(text, local)| (text, Some(local)));
        let (epoch, text) = text.split_once('!').unwrap_or(("0", text));
        let (release, mut rest) = release(text)?;
        let mut version = Self {
            epoch: epoch.to_owned(),
            release,
            pre: None,
            post: None,
            dev: None,
            local: local.map_or(Vec::new(), |local| local.split(['.', '-', '_']).map(str::to_owned).collect()),
        };
        for (word, phase) in PRE {
            if let Some((number, after)) = suffix(rest, word) {
                version.pre = Some((phase, number));
                rest = after;
                break;
            }
        }
        let implicit = rest.strip_prefix('-').map(number::split).filter(|(digits, _)| !digits.is_empty());
        let post = implicit.map(|(digits, after)| (digits.to_owned(), after));
        let post = post.or_else(|| ["post", "rev", "r"].iter().find_map(|word| suffix(rest, word)));
        if let Some((number, after)) = post {
            version.post = Some(number);
            rest = after;
        }
        if let Some((number, after)) = suffix(rest, "dev") {
            version.dev = Some(number);
            rest = after;
        }
        let digits = epoch.bytes().all(|byte| byte.is_ascii_digit());
        let local =
            version.local.iter().all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric()));
        (rest.is_empty() && digits && local).then_some(version)
    }

    fn compare(&self, other: &Self) -> Ordering {
        let release = (0..self.release.len().max(other.release.len())).map(|index| {
            let at = |version: &Self| version.release.get(index).cloned().unwrap_or_default();
            number::compare(&at(self), &at(other))
        });
        number::compare(&self.epoch, &other.epoch)
            .then_with(|| release.fold(Ordering::Equal, Ordering::then))
            .then_with(|| {
                let (a, b) = (self.phase(), other.phase());
                a.0.cmp(&b.0).then_with(|| number::compare(a.1, b.1))
            })
            .then_with(|| optional(self.post.as_deref(), other.post.as_deref(), Ordering::Less))
            .then_with(|| optional(self.dev.as_deref(), other.dev.as_deref(), Ordering::Greater))
            .then_with(|| local(&self.local, &other.local))
    }

    /// A development release without anything else comes before every phase, a release after all of them.
    fn phase(&self) -> (u8, &str) {
        match &self.pre {
            Some((phase, number)) => (1 + phase, number),
            None if self.post.is_none() && self.dev.is_some() => (0, ""),
            None => (4, ""),
        }
    }
}

/// Numbers with dots, and the rest.
fn release(text: &str) -> Option<(Vec<String>, &str)> {
    let mut release = Vec::new();
    let mut rest = text;
    loop {
        let (digits, after) = number::split(rest);
        if digits.is_empty() {
            return None;
        }
        release.push(digits.to_owned());
        match after.strip_prefix('.').filter(|next| next.starts_with(|c: char| c.is_ascii_digit())) {
            Some(next) => rest = next,
            None => return Some((release, after)),
        }
    }
}

/// `[.-_]word[.-_]number`, both separators and the number optional.
fn suffix<'a>(text: &'a str, word: &str) -> Option<(String, &'a str)> {
    let separators = ['.', '-', '_'];
    let rest = text.strip_prefix(separators).unwrap_or(text).strip_prefix(word)?;
    let (digits, after) = number::split(rest.strip_prefix(separators).unwrap_or(rest));
    if digits.is_empty() { Some((String::new(), rest)) } else { Some((digits.to_owned(), after)) }
}

/// `missing` is how the absence of it stands to its presence.
fn optional(one: Option<&str>, other: Option<&str>, missing: Ordering) -> Ordering {
    match (one, other) {
        (Some(a), Some(b)) => number::compare(a, b),
        (None, Some(_)) => missing,
        (Some(_), None) => missing.reverse(),
        (None, None) => Ordering::Equal,
    }
}

fn local(one: &[String], other: &[String]) -> Ordering {
    for (a, b) in one.iter().zip(other) {
        let numeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let decided = match (numeric(a), numeric(b)) {
            (true, true) => number::compare(a, b),
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => a.cmp(b),
        };
        if decided.is_ne() {
            return decided;
        }
    }
    one.len().cmp(&other.len())
}
