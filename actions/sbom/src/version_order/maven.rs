//! Maven: the "Version Order Specification" of the POM reference.

use super::number;
use std::cmp::Ordering;

/// Qualifiers from oldest to newest; the empty one is the release, and unknown ones come after all of them.
const QUALIFIERS: [&str; 7] = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];

#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    /// `.` or `-`; a change between digits and letters counts as `-`.
    separator: char,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Number(String),
    Qualifier(String),
}

pub(super) fn order(one: &str, other: &str) -> Option<Ordering> {
    let sound = |text: &str| text.starts_with(|c: char| c.is_ascii_digit()) && text.is_ascii();
    if !sound(one) || !sound(other) {
        return None;
    }
    let (one, other) = (tokens(one), tokens(other));
    for index in 0..one.len().max(other.len()) {
        let (a, b) = match (one.get(index), other.get(index)) {
            (Some(a), Some(b)) => (a.clone(), b.clone()),
            (Some(a), None) => (a.clone(), a.nothing()),
            (None, Some(b)) => (b.nothing(), b.clone()),
            (None, None) => break,
        };
        let decided = a.compare(&b);
        if decided.is_ne() {
            return Some(decided);
        }
    }
    Some(Ordering::Equal)
}

fn tokens(text: &str) -> Vec<Token> {
    let text = text.to_lowercase();
    let mut tokens: Vec<Token> = Vec::new();
    for (index, hyphenated) in text.split(['-', '_']).enumerate() {
        for (position, dotted) in hyphenated.split('.').enumerate() {
            let separator = if index > 0 && position == 0 { '-' } else { '.' };
            pieces(dotted, separator, &mut tokens);
        }
    }
    trim(tokens)
}

/// The runs of digits and of other characters in what stands between two separators.
fn pieces(mut text: &str, mut separator: char, tokens: &mut Vec<Token>) {
    if text.is_empty() {
        tokens.push(Token { separator, value: Value::Number("0".to_owned()) });
    }
    while !text.is_empty() {
        let (digits, after) = number::split(text);
        if digits.is_empty() {
            let end = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
            let (word, after) = text.split_at(end);
            tokens.push(Token { separator, value: Value::Qualifier(spelt_out(word, !after.is_empty())) });
            text = after;
        } else {
            tokens.push(Token { separator, value: Value::Number(digits.to_owned()) });
            text = after;
        }
        separator = '-';
    }
}

fn spelt_out(word: &str, before_a_number: bool) -> String {
    match word {
        "a" if before_a_number => "alpha",
        "b" if before_a_number => "beta",
        "m" if before_a_number => "milestone",
        "cr" => "rc",
        "final" | "ga" | "release" => "",
        word => word,
    }
    .to_owned()
}

/// Takes away what means nothing at the end and before each hyphen.
fn trim(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept: Vec<Token> = Vec::new();
    for token in tokens {
        if token.separator == '-' {
            cut(&mut kept);
        }
        kept.push(token);
    }
    cut(&mut kept);
    kept
}

fn cut(tokens: &mut Vec<Token>) {
    while tokens.last().is_some_and(Token::is_nothing) {
        tokens.pop();
    }
}

impl Token {
    fn is_nothing(&self) -> bool {
        match &self.value {
            Value::Number(digits) => digits.bytes().all(|byte| byte == b'0'),
            Value::Qualifier(word) => word.is_empty(),
        }
    }

    /// What stands for its absence.
    fn nothing(&self) -> Self {
        let value = match &self.value {
            Value::Number(_) => Value::Number(String::new()),
            Value::Qualifier(_) => Value::Qualifier(String::new()),
        };
        Self { separator: self.separator, value }
    }

    fn compare(&self, other: &Self) -> Ordering {
        // `.qualifier` = `-qualifier` < `-number` < `.number`
        let rank = |token: &Self| match (&token.value, token.separator) {
            (Value::Qualifier(_), _) => 0,
            (Value::Number(_), '-') => 1,
            (Value::Number(_), _) => 2,
        };
        match (&self.value, &other.value) {
            (Value::Number(a), Value::Number(b)) if self.separator == other.separator => number::compare(a, b),
            (Value::Qualifier(a), Value::Qualifier(b)) => weight(a).cmp(&weight(b)).then_with(|| a.cmp(b)),
            _ => rank(self).cmp(&rank(other)),
        }
    }
}

fn weight(word: &str) -> usize {
    QUALIFIERS.iter().position(|known| *known == word).unwrap_or(QUALIFIERS.len())
}
