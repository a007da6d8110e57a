//! The patterns of `match` and `search` (I-Regexp, RFC 9485).

use super::Operand;
use crate::Json;
use regex::{Regex, RegexBuilder};

/// What one compiled pattern may take, in bytes; matching is linear whatever the pattern.
const LARGEST: usize = 1 << 20;

/// A pattern, compiled where the query says it.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    whole: bool,
    from: From,
}

#[derive(Debug, Clone)]
enum From {
    /// `None`: not a pattern, so nothing fits it.
    Literal(Option<Regex>),
    /// What the document says.
    Operand(Box<Operand>),
}

impl Pattern {
    pub(super) fn new(whole: bool, pattern: Operand) -> Self {
        let from = match pattern {
            Operand::Literal(Json::Text(text)) => From::Literal(compile(&text, whole)),
            Operand::Literal(_) => From::Literal(None),
            other => From::Operand(Box::new(other)),
        };
        Self { whole, from }
    }

    /// Whether `text` fits; `of` finds what the document says.
    pub(super) fn fits(&self, text: &str, of: impl Fn(&Operand) -> Option<Json>) -> bool {
        match &self.from {
            From::Literal(pattern) => pattern.as_ref().is_some_and(|pattern| pattern.is_match(text)),
            From::Operand(operand) => match of(operand) {
                Some(Json::Text(pattern)) => {
                    compile(&pattern, self.whole).is_some_and(|pattern| pattern.is_match(text))
                }
                _ => false,
            },
        }
    }
}

fn compile(pattern: &str, whole: bool) -> Option<Regex> {
    let inner = dots(pattern);
    let pattern = if whole { format!(r"\A(?:{inner})\z") } else { inner };
    RegexBuilder::new(&pattern).size_limit(LARGEST).dfa_size_limit(LARGEST).build().ok()
}

/// A dot is anything but a line feed and a carriage return (section 5.3).
fn dots(pattern: &str) -> String {
    let (mut rewritten, mut in_class, mut escaped) = (String::new(), false, false);
    for c in pattern.chars() {
        match c {
            '.' if !escaped && !in_class => rewritten.push_str(r"[^\n\r]"),
            c => rewritten.push(c),
        }
        (in_class, escaped) = match (c, escaped) {
            (_, true) => (in_class, false),
            ('\\', false) => (in_class, true),
            ('[', false) => (true, false),
            (']', false) => (false, false),
            _ => (in_class, false),
        };
    }
    rewritten
}
