//! Which status codes a health check takes for healthy: `200`, `200,202`, `200-299`.

use std::{fmt, ops::RangeInclusive, str::FromStr};

/// A parsed `Matcher.HttpCode`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Matcher {
    text: String,
    ranges: Vec<RangeInclusive<u16>>,
}

impl Matcher {
    /// Whether `code` is a healthy answer.
    pub(crate) fn accepts(&self, code: u16) -> bool {
        self.ranges.iter().any(|range| range.contains(&code))
    }
}

impl Default for Matcher {
    fn default() -> Self {
        Self { text: "200".to_owned(), ranges: vec![200..=200] }
    }
}

impl FromStr for Matcher {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("Health check matcher HTTP code '{text}' must be within '200-499'");
        let code =
            |digits: &str| digits.trim().parse().ok().filter(|code| (200..=499).contains(code)).ok_or_else(wrong);
        let range = |part: &str| match part.split_once('-') {
            Some((first, last)) => Ok(code(first)?..=code(last)?),
            None => code(part).map(|code| code..=code),
        };
        let ranges = text.split(',').map(range).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), ranges })
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::Matcher;

    #[test]
    fn single_codes_lists_and_ranges_are_understood_and_others_refused() {
        let matcher: Matcher = "200,204,300-302".parse().unwrap();
        for (code, expected) in [(200, true), (201, false), (204, true), (301, true), (303, false)] {
            assert_eq!(matcher.accepts(code), expected, "{code}");
        }
        for wrong in ["", "abc", "199", "500", "200-", "200-600"] {
            assert!(wrong.parse::<Matcher>().is_err(), "{wrong}");
        }
    }
}
