//! Filter patterns of plain terms: all of `ERROR "no model"`, any of `?ERROR ?WARN`, none of `-DEBUG`.

/// A parsed filter pattern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    /// Reads a pattern; none when it is one of the structured kinds (`{ … }`, `[ … ]`, `%…%`), which are not here.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.starts_with(['{', '[', '%']) {
            return None;
        }
        let mut pattern = Self::default();
        let mut rest = text;
        while let Some(start) = rest.find(|c: char| !c.is_whitespace()) {
            rest = &rest[start..];
            let (kind, after) = match rest.as_bytes()[0] {
                mark @ (b'?' | b'-') => (mark, &rest[1..]),
                _ => (b'+', rest),
            };
            let (term, left) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
            };
            let terms = match kind {
                b'?' => &mut pattern.any,
                b'-' => &mut pattern.none,
                _ => &mut pattern.all,
            };
            terms.push(term.to_owned());
            rest = left;
        }
        Some(pattern)
    }

    /// Whether a line is one of those asked for.
    pub(super) fn fits(&self, line: &str) -> bool {
        let has = |term: &String| line.contains(term.as_str());
        self.all.iter().all(has) && !self.none.iter().any(has) && (self.any.is_empty() || self.any.iter().any(has))
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;
    use proptest::prelude::*;

    #[test]
    fn terms_are_all_any_or_none() {
        let table = [
            ("", "anything", true),
            ("ERROR", "an ERROR here", true),
            ("ERROR", "an error here", false),
            ("ERROR model", "model: ERROR", true),
            ("ERROR model", "ERROR", false),
            ("\"no model\"", "there is no model", true),
            ("\"no model\"", "no such model", false),
            ("?ERROR ?WARN", "WARN", true),
            ("?ERROR ?WARN", "INFO", false),
            ("ERROR -retry", "ERROR, will retry", false),
            ("-\"will retry\" ERROR", "ERROR", true),
            ("-", "a-b", false),
        ];
        for (pattern, line, expected) in table {
            assert_eq!(Pattern::parse(pattern).unwrap().fits(line), expected, "{pattern} {line}");
        }
        for structured in ["{ $.level = 1 }", "[a, b]", "%regex%"] {
            assert_eq!(Pattern::parse(structured), None);
        }
    }

    proptest! {
        #[test]
        fn no_pattern_breaks_the_reader_and_a_quoted_line_finds_itself(text in ".{0,40}", line in "[^\"]{1,20}") {
            let _ = Pattern::parse(&text);
            let quoted = format!("\"{line}\"");
            prop_assert!(Pattern::parse(&quoted).unwrap().fits(&line));
        }
    }
}
