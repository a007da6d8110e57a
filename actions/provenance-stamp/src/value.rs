//! Whether one value is what the contract says: its type, its age, and that it does not come from the future.

use crate::{
    contract::{Field, Kind},
    finding::{Code, Finding},
};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde_json::Value;

/// How far two machines' clocks may differ before a timestamp counts as future.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// What is wrong with `value` as the value of `field`, at most one thing.
#[must_use]
pub fn check(field: &Field, value: &Value, now: Timestamp) -> Option<Finding> {
    let finding = |code, text: String| Some(Finding::new(&field.name, code, text));
    if value.is_null() {
        return finding(Code::Missing, "is null".to_owned());
    }
    let span = match span(field.kind, value) {
        Ok(span) => span?,
        Err(wanted) => return finding(Code::Type, format!("is {}, not {wanted}", shown(value))),
    };
    if span.start > now + CLOCK_SKEW {
        return finding(Code::Future, format!("is {}, which is after {}", shown(value), minute(now)));
    }
    let limit = field.max_age_hours?;
    let age = now.duration_since(span.end);
    if age <= SignedDuration::from_hours(i64::from(limit)) {
        return None;
    }
    let hours = age.as_secs() / 3600;
    finding(Code::Stale, format!("is {}, {hours} hours old; {limit} are allowed", shown(value)))
}

/// A value as findings show it: short, whatever it is.
#[must_use]
pub fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => format!("`{text}`"),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => format!("`{other}`"),
    };
    if text.chars().count() <= 100 { text } else { text.chars().take(98).chain(['…', '`']).collect() }
}

/// The time a value stands for: a moment, or a whole day, which is as old as its end.
struct Span {
    start: Timestamp,
    end: Timestamp,
}

/// The value's span where it has one; what it should have been where it is of another type.
fn span(kind: Kind, value: &Value) -> Result<Option<Span>, &'static str> {
    let text = value.as_str();
    let is_text = |holds: bool, wanted| if holds { Ok(None) } else { Err(wanted) };
    match kind {
        Kind::Text => is_text(text.is_some_and(|text| !text.is_empty()), "a text"),
        Kind::Semver => {
            is_text(text.is_some_and(|text| semver::Version::parse(text).is_ok()), "a semantic version such as 1.4.0")
        }
        Kind::Sha256 => is_text(
            text.is_some_and(|text| text.parse::<subject::Digest>().is_ok()),
            "sha256: and 64 lowercase hexadecimal digits",
        ),
        Kind::GitObject => {
            is_text(text.is_some_and(is_git_object), "a full git object name (40 lowercase hexadecimal digits)")
        }
        Kind::Integer => is_text(value.is_i64() || value.is_u64(), "a whole number"),
        Kind::Number => is_text(value.is_number(), "a number"),
        Kind::Boolean => is_text(value.is_boolean(), "true or false"),
        Kind::Timestamp => {
            let wanted = "a timestamp with its offset from UTC, such as 2026-09-21T05:40:00Z";
            let moment: Timestamp =
                text.filter(|text| text.contains('T')).ok_or(wanted)?.parse().map_err(|_| wanted)?;
            Ok(Some(Span { start: moment, end: moment }))
        }
        Kind::Date => {
            let wanted = "a date such as 2026-09-14";
            let day: Date = text.filter(|text| text.len() == 10).ok_or(wanted)?.parse().map_err(|_| wanted)?;
            let start = day.to_zoned(TimeZone::UTC).map_err(|_| wanted)?.timestamp();
            let end = start.checked_add(SignedDuration::from_hours(24)).map_err(|_| wanted)?;
            Ok(Some(Span { start, end }))
        }
    }
}

/// SHA-1 or SHA-256 object names in full; an abbreviated one can come to mean another object.
fn is_git_object(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// To the second, as people read it.
fn minute(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Source;
    use serde_json::json;

    fn field(kind: Kind, max_age_hours: Option<u32>) -> Field {
        Field { name: "x".into(), source: Source::Clock, kind, max_age_hours }
    }

    fn now() -> Timestamp {
        "2026-09-21T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn each_kind_takes_its_values_and_no_others() {
        let sha1 = "5f2b7c9d1e3a4b6c8d0e2f4a6b8c0d1e3f5a7b9c";
        let sha256 = format!("sha256:{}", "0f".repeat(32));
        for (kind, good, bad) in [
            (Kind::Text, vec![json!("x")], vec![json!(""), json!(1), json!(["x"])]),
            (
                Kind::Semver,
                vec![json!("1.4.0"), json!("1.0.0-rc.1+x")],
                vec![json!("1.4"), json!("v1.4.0"), json!(1.4)],
            ),
            (
                Kind::Sha256,
                vec![json!(sha256)],
                vec![json!(sha256[7..]), json!(sha256.to_uppercase()), json!("sha256:0f")],
            ),
            (
                Kind::GitObject,
                vec![json!(sha1), json!("ab".repeat(32))],
                vec![json!(sha1[..12]), json!(sha1.to_uppercase())],
            ),
            (Kind::Integer, vec![json!(7), json!(-7)], vec![json!(7.5), json!("7")]),
            (Kind::Number, vec![json!(7), json!(7.5)], vec![json!("7"), json!(true)]),
            (Kind::Boolean, vec![json!(true)], vec![json!("true"), json!(0)]),
            (
                Kind::Timestamp,
                vec![json!("2026-09-21T05:40:00Z"), json!("2026-09-21T07:40:00.5+02:00")],
                vec![json!("2026-09-21T05:40:00"), json!("2026-09-21"), json!(1_790_000_000), json!("yesterday")],
            ),
            (
                Kind::Date,
                vec![json!("2026-09-21")],
                vec![json!("2026-02-30"), json!("2026-09-21T05:40:00Z"), json!("20260921")],
            ),
        ] {
            for value in good {
                assert_eq!(check(&field(kind, None), &value, now()), None, "{kind:?} {value}");
            }
            for value in bad {
                assert_eq!(check(&field(kind, None), &value, now()).unwrap().code, Code::Type, "{kind:?} {value}");
            }
            assert_eq!(check(&field(kind, None), &Value::Null, now()).unwrap().code, Code::Missing);
        }
    }

    #[test]
    fn stale_and_future_begin_at_their_second() {
        for (kind, value, limit, wanted) in [
            (Kind::Timestamp, "2026-09-21T06:00:00Z", Some(6), None),
            (Kind::Timestamp, "2026-09-21T05:59:59Z", Some(6), Some(Code::Stale)),
            (Kind::Timestamp, "1990-01-01T00:00:00Z", None, None),
            (Kind::Timestamp, "2026-09-21T12:05:00Z", Some(6), None),
            (Kind::Timestamp, "2026-09-21T12:05:01Z", None, Some(Code::Future)),
            // A day is as old as its end, and future before its start.
            (Kind::Date, "2026-09-20", Some(12), None),
            (Kind::Date, "2026-09-20", Some(11), Some(Code::Stale)),
            (Kind::Date, "2026-09-21", Some(1), None),
            (Kind::Date, "2026-09-22", None, Some(Code::Future)),
        ] {
            let found = check(&field(kind, limit), &json!(value), now()).map(|finding| finding.code);
            assert_eq!(found, wanted, "{value} {limit:?}");
        }
    }

    #[test]
    fn a_stale_finding_tells_age_and_limit() {
        let finding = check(&field(Kind::Timestamp, Some(6)), &json!("2026-09-19T12:00:00Z"), now()).unwrap();
        assert_eq!(finding.to_string(), "x is `2026-09-19T12:00:00Z`, 48 hours old; 6 are allowed");
    }
}
