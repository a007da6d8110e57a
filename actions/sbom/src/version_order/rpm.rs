//! RPM: epoch, version, release; each by the rules of `rpmvercmp` (rpm.org, "Dependencies", with `~` and `^`).

use super::number;
use std::cmp::Ordering;

pub(super) fn order(one: &str, other: &str) -> Option<Ordering> {
    let (one, other) = (split(one), split(other));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(one.0) || !digits(other.0) {
        return None;
    }
    let decided = number::compare(one.0, other.0);
    Some(decided.then_with(|| part(one.1, other.1)).then_with(|| part(one.2, other.2)))
}

fn split(text: &str) -> (&str, &str, &str) {
    let (epoch, rest) = text.split_once(':').unwrap_or(("", text));
    let (version, release) = rest.split_once('-').unwrap_or((rest, ""));
    (epoch, version, release)
}

fn part(mut one: &str, mut other: &str) -> Ordering {
    let separator = |c: char| !c.is_ascii_alphanumeric() && c != '~' && c != '^';
    loop {
        one = one.trim_start_matches(separator);
        other = other.trim_start_matches(separator);
        match (one.strip_prefix('~'), other.strip_prefix('~')) {
            (Some(a), Some(b)) => {
                (one, other) = (a, b);
                continue;
            }
            (Some(_), None) => return Ordering::Less,
            (None, Some(_)) => return Ordering::Greater,
            (None, None) => {}
        }
        // A caret is newer than the end and older than anything else.
        match (one.strip_prefix('^'), other.strip_prefix('^')) {
            (Some(a), Some(b)) => {
                (one, other) = (a, b);
                continue;
            }
            (Some(_), None) => return if other.is_empty() { Ordering::Greater } else { Ordering::Less },
            (None, Some(_)) => return if one.is_empty() { Ordering::Less } else { Ordering::Greater },
            (None, None) => {}
        }
        if one.is_empty() || other.is_empty() {
            return one.len().min(1).cmp(&other.len().min(1));
        }
        let numeric = one.starts_with(|c: char| c.is_ascii_digit());
        let run = if numeric { number::split } else { number::split_letters };
        let ((a, rest_a), (b, rest_b)) = (run(one), run(other));
        if b.is_empty() {
            // A number is newer than a word.
            return if numeric { Ordering::Greater } else { Ordering::Less };
        }
        let decided = if numeric { number::compare(a, b) } else { a.cmp(b) };
        if decided.is_ne() {
            return decided;
        }
        (one, other) = (rest_a, rest_b);
    }
}
