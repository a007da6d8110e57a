//! RubyGems (`Gem::Version`): segments of digits or letters, a word older than any number, zeros at the end without
//! meaning.

use super::number;
use std::cmp::Ordering;

pub(super) fn order(one: &str, other: &str) -> Option<Ordering> {
    let (one, other) = (segments(one)?, segments(other)?);
    for index in 0..one.len().max(other.len()) {
        let at = |segments: &[String]| segments.get(index).cloned().unwrap_or_else(|| "0".to_owned());
        let (a, b) = (at(&one), at(&other));
        let word = |text: &str| text.starts_with(|c: char| c.is_ascii_alphabetic());
        let decided = match (word(&a), word(&b)) {
            (true, true) => a.cmp(&b),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => number::compare(&a, &b),
        };
        if decided.is_ne() {
            return Some(decided);
        }
    }
    Some(Ordering::Equal)
}

fn segments(text: &str) -> Option<Vec<String>> {
    let text = text.replace('-', ".pre.");
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '.';
    if !text.starts_with(|c: char| c.is_ascii_digit()) || !text.chars().all(allowed) {
        return None;
    }
    let mut segments = Vec::new();
    for part in text.split('.') {
        let mut rest = part;
        while !rest.is_empty() {
            let (digits, after) = number::split(rest);
            let (segment, after) = if digits.is_empty() { number::split_letters(rest) } else { (digits, after) };
            segments.push(segment.to_owned());
            rest = after;
        }
    }
    Some(without_zeros(segments))
}

/// Zeros at the end and before the first word mean nothing.
fn without_zeros(segments: Vec<String>) -> Vec<String> {
    let first_word = segments.iter().position(|s| s.starts_with(|c: char| c.is_ascii_alphabetic()));
    let (numbers, words) = segments.split_at(first_word.unwrap_or(segments.len()));
    let cut = |part: &[String]| {
        let kept = part.iter().rposition(|segment| segment.bytes().any(|byte| byte != b'0'));
        part[..kept.map_or(0, |last| last + 1)].to_vec()
    };
    [cut(numbers), cut(words)].concat()
}
