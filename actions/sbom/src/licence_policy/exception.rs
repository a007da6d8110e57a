//! Components that may be there all the same, for a reason and until a day.

use super::Entry;
use crate::bill::Part;
use jiff::civil::Date;
use std::fmt;

/// One exception.
#[derive(Debug, Clone, PartialEq)]
pub struct Exception {
    /// A purl; `*` stands for any text. Qualifiers count only when the pattern has some.
    pub component: String,
    /// Only for this licence; any when unset.
    pub licence: Option<Entry>,
    /// Why.
    pub reason: String,
    /// How long.
    pub until: Until,
    /// Its line in the policy.
    pub line: Option<usize>,
}

/// How long an exception holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// To the end of this day in UTC.
    Day(Date),
    /// `expires: never`, spelled out.
    Never,
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::Never => f.write_str("never"),
        }
    }
}

impl Exception {
    /// Is this component meant, with this licence?
    pub(super) fn covers(&self, part: &Part, licence: &str) -> bool {
        let Some(purl) = &part.purl else { return false };
        let purl = purl.to_string();
        let bare = purl.split(['?', '#']).next().unwrap_or_default();
        let meant = if self.component.contains('?') { purl.as_str() } else { bare };
        let licensed = self.licence.as_ref().is_none_or(|entry| entry.is_whole(licence));
        licensed && fits(&self.component, meant)
    }

    /// Has its day passed?
    pub(super) fn is_over(&self, today: Date) -> bool {
        matches!(self.until, Until::Day(day) if day < today)
    }
}

/// Does `text` fit a pattern in which `*` stands for any text? Goes back to the last star only, so it is quick for all patterns.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut seen, mut star) = (0, 0, None);
    while seen < text.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, seen));
            at += 1;
        } else if pattern.get(at) == Some(&text[seen]) {
            at += 1;
            seen += 1;
        } else if let Some((position, taken)) = star {
            star = Some((position, taken + 1));
            at = position + 1;
            seen = taken + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}
