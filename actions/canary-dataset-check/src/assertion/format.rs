//! Forms a value can have: JSON's types, and the texts a provenance contract is made of.

use document::Decimal;
use document::Json;
use std::str::FromStr;

/// The type or form of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// Any number.
    Number,
    /// A number without a fraction; `2.0` is one, as in JSON Schema.
    Integer,
    /// Any text, the empty one included.
    String,
    /// A list.
    Array,
    /// A mapping.
    Object,
    /// A text that is not empty.
    Text,
    /// A version by semver.org 2.0.
    Semver,
    /// A whole Git object name: 40 or 64 lowercase hexadecimal digits.
    GitSha,
    /// `sha256:` and 64 lowercase hexadecimal digits.
    Sha256,
    /// A moment by RFC 3339, with its offset.
    Timestamp,
    /// A day by RFC 3339: `2026-09-21`.
    Date,
}

/// JSON's own types, for `type:`.
const TYPES: [(&str, Form, &str); 7] = [
    ("null", Form::Null, "null"),
    ("boolean", Form::Boolean, "true or false"),
    ("number", Form::Number, "a number"),
    ("integer", Form::Integer, "an integer"),
    ("string", Form::String, "a text"),
    ("array", Form::Array, "a list"),
    ("object", Form::Object, "a mapping"),
];

/// Forms of text, for `format:`.
const FORMATS: [(&str, Form, &str); 6] = [
    ("text", Form::Text, "a text that is not empty"),
    ("semver", Form::Semver, "a semantic version"),
    ("git-sha", Form::GitSha, "a whole Git commit"),
    ("sha256", Form::Sha256, "sha256: and 64 hexadecimal digits"),
    ("timestamp", Form::Timestamp, "an RFC 3339 time with its offset"),
    ("date", Form::Date, "a date"),
];

impl Form {
    /// One of JSON's types by its name.
    ///
    /// # Errors
    /// Names the known types.
    pub(crate) fn of_type(name: &str) -> Result<Self, String> {
        find(&TYPES, name).ok_or_else(|| format!("`{name}` is no type; known are {}", names(&TYPES)))
    }

    /// A form of text by its name.
    ///
    /// # Errors
    /// Names the known formats.
    pub(crate) fn of_format(name: &str) -> Result<Self, String> {
        find(&FORMATS, name).ok_or_else(|| format!("`{name}` is no format; known are {}", names(&FORMATS)))
    }

    /// In words that follow "expected".
    pub(crate) fn words(self) -> &'static str {
        let all = TYPES.iter().chain(&FORMATS);
        all.clone().find(|(_, form, _)| *form == self).map_or("", |(_, _, words)| words)
    }

    /// Whether `value` has this form.
    pub(crate) fn fits(self, value: &Json) -> bool {
        match (self, value) {
            (Self::Null, Json::Null)
            | (Self::Boolean, Json::Bool(_))
            | (Self::Number, Json::Number(_))
            | (Self::String, Json::Text(_))
            | (Self::Array, Json::List(_))
            | (Self::Object, Json::Map(_)) => true,
            (Self::Integer, Json::Number(token)) => token.parse().is_ok_and(|number: Decimal| number.is_integer()),
            (form, Json::Text(text)) => form.fits_text(text),
            _ => false,
        }
    }

    fn fits_text(self, text: &str) -> bool {
        let hex = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        match self {
            Self::Text => !text.is_empty(),
            Self::Semver => semver::Version::parse(text).is_ok(),
            Self::GitSha => matches!(text.len(), 40 | 64) && hex(text),
            Self::Sha256 => text.strip_prefix("sha256:").is_some_and(|rest| rest.len() == 64 && hex(rest)),
            Self::Timestamp => moment(text).is_some(),
            Self::Date => day(text).is_some(),
            _ => false,
        }
    }
}

impl FromStr for Form {
    type Err = String;

    /// A type or a format by its name.
    fn from_str(name: &str) -> Result<Self, String> {
        find(&TYPES, name)
            .or_else(|| find(&FORMATS, name))
            .ok_or_else(|| format!("`{name}` is neither a type ({}) nor a format ({})", names(&TYPES), names(&FORMATS)))
    }
}

fn find(known: &[(&str, Form, &str)], name: &str) -> Option<Form> {
    known.iter().find(|(known, _, _)| *known == name).map(|(_, form, _)| *form)
}

fn names(known: &[(&str, Form, &str)]) -> String {
    known.iter().map(|(name, _, _)| *name).collect::<Vec<_>>().join(", ")
}

/// The moment an RFC 3339 text names; a time without an offset names none.
pub(super) fn moment(text: &str) -> Option<jiff::Timestamp> {
    let bytes = text.as_bytes();
    let shape = b"dddd-dd-ddTdd:dd:dd";
    let fits = |(pattern, byte): (&u8, &u8)| match pattern {
        b'd' => byte.is_ascii_digit(),
        _ => byte.eq_ignore_ascii_case(pattern),
    };
    let offset = matches!(bytes.last(), Some(b'Z' | b'z')) || matches!(bytes.iter().nth_back(5), Some(b'+' | b'-'));
    let shaped = bytes.len() >= 20 && shape.iter().zip(bytes).all(fits) && offset;
    shaped.then(|| text.parse().ok()).flatten()
}

/// The day an ISO 8601 calendar date names.
pub(super) fn day(text: &str) -> Option<jiff::civil::Date> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-';
    shaped.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_takes_its_own_and_refuses_its_neighbours() {
        let sha = "5f2b7c9d1e3a4b6c8d0e2f4a6b8c0d1e3f5a7b9c";
        let hash = format!("sha256:{}", "0a".repeat(32));
        for (format, good, bad) in [
            ("semver", vec!["1.4.0", "1.0.0-rc.1+b7"], vec!["1.4", "v1.4.0", "01.0.0", ""]),
            ("git-sha", vec![sha], vec!["5f2b7c9", "HEAD", "5F2B7C9D1E3A4B6C8D0E2F4A6B8C0D1E3F5A7B9C"]),
            ("sha256", vec![hash.as_str()], vec![&hash[7..], "sha256:0a", "SHA256:0a"]),
            (
                "timestamp",
                vec!["2026-09-21T05:40:00Z", "2026-09-21t05:40:00.123456+02:00", "2016-12-31T23:59:60Z"],
                vec!["2026-09-21T05:40:00", "2026-09-21", "2026-13-01T00:00:00Z", "2026-09-21 05:40:00Z", "", "short"],
            ),
            ("date", vec!["2026-09-14", "2024-02-29"], vec!["2026-02-29", "20260914", "2026-9-14", ""]),
            ("text", vec!["x"], vec![""]),
        ] {
            let form = Form::of_format(format).unwrap();
            good.iter().for_each(|text| assert!(form.fits(&Json::Text((*text).to_owned())), "{format} {text}"));
            bad.iter().for_each(|text| assert!(!form.fits(&Json::Text((*text).to_owned())), "{format} {text}"));
            assert!(!form.fits(&Json::Null) && !form.fits(&Json::Number("1".to_owned())));
        }
    }

    #[test]
    fn each_type_takes_its_own_only() {
        let values =
            ["null", "true", "1.5", "2.0", "\"a\"", "[]", "{}"].map(|text| Json::parse(text.as_bytes()).unwrap());
        let fits = |name: &str| values.iter().map(|value| Form::of_type(name).unwrap().fits(value)).collect::<Vec<_>>();
        assert_eq!(fits("null"), [true, false, false, false, false, false, false]);
        assert_eq!(fits("boolean"), [false, true, false, false, false, false, false]);
        assert_eq!(fits("number"), [false, false, true, true, false, false, false]);
        assert_eq!(fits("integer"), [false, false, false, true, false, false, false]);
        assert_eq!(fits("string"), [false, false, false, false, true, false, false]);
        assert_eq!(fits("array"), [false, false, false, false, false, true, false]);
        assert_eq!(fits("object"), [false, false, false, false, false, false, true]);
    }
}
