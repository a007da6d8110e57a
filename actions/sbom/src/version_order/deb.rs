//! Debian Policy 5.6.12: epoch, upstream version, revision.

use super::number;
use std::cmp::Ordering;

pub(super) fn order(one: &str, other: &str) -> Option<Ordering> {
    let (one, other) = (split(one)?, split(other)?);
    let decided = number::compare(one.0, other.0);
    Some(decided.then_with(|| part(one.1, other.1)).then_with(|| part(one.2, other.2)))
}

fn split(text: &str) -> Option<(&str, &str, &str)> {
    let (epoch, rest) = text.split_once(':').unwrap_or(("", text));
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".+-~:".contains(c);
    let sound = epoch.bytes().all(|b| b.is_ascii_digit()) && !upstream.is_empty() && rest.chars().all(allowed);
    sound.then_some((epoch, upstream, revision))
}

/// What is no digit first, then the digits, by turns.
fn part(mut one: &str, mut other: &str) -> Ordering {
    while !one.is_empty() || !other.is_empty() {
        let words = |text: &str| text.bytes().take_while(|byte| !byte.is_ascii_digit()).count();
        let ((a, rest_a), (b, rest_b)) = (one.split_at(words(one)), other.split_at(words(other)));
        // Letters come before all else, `~` before even the end.
        let weight = |byte: Option<u8>| match byte {
            Some(b'~') => -1,
            None => 0,
            Some(byte) if byte.is_ascii_alphabetic() => i32::from(byte),
            Some(byte) => i32::from(byte) + 256,
        };
        for index in 0..a.len().max(b.len()) {
            let decided = weight(a.as_bytes().get(index).copied()).cmp(&weight(b.as_bytes().get(index).copied()));
            if decided.is_ne() {
                return decided;
            }
        }
        let ((a, next_a), (b, next_b)) = (number::split(rest_a), number::split(rest_b));
        let decided = number::compare(a, b);
        if decided.is_ne() {
            return decided;
        }
        (one, other) = (next_a, next_b);
    }
    Ordering::Equal
}
