//! JSON as evidence needs it: read without ambiguity, written in one way only.

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Why a text is not unambiguous JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(String);

/// Reads one JSON value that means the same to every reader.
///
/// Two members of one name are refused (readers differ in which one they believe), as is anything after the value and
/// nesting deeper than 127 levels.
///
/// # Errors
/// [`JsonError`] says what is wrong and at which line and column.
pub fn parse_strict(bytes: &[u8]) -> Result<Value, JsonError> {
    serde_json::from_slice::<Strict>(bytes).map(|strict| strict.0).map_err(|error| JsonError(error.to_string()))
}

/// The value's one spelling: no white space, the members of every object sorted by the bytes of their names.
///
/// Numbers are spelled as they are held: `1.0` stays `1.0`.
#[must_use]
pub fn canonical(value: &Value) -> Vec<u8> {
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    sorted.to_string().into_bytes()
}

/// A [`Value`] read with every member name seen once.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if object.contains_key(&name) {
                let name: String = name.chars().take(80).collect();
                return Err(A::Error::custom(format_args!("member `{name}` occurs twice")));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_that_readers_understand_differently_is_refused() {
        for (text, wanted) in [
            (r#"{"a":1,"a":2}"#.to_owned(), "`a` occurs twice"),
            (r#"{"x":[{"a":1,"\u0061":1}]}"#.to_owned(), "`a` occurs twice"),
            (r#"{"a":1} {"#.to_owned(), "trailing characters"),
            ("[".repeat(5000), "recursion limit"),
            (r#"{"a":1e999}"#.to_owned(), "out of range"),
            (r#"{"a":NaN}"#.to_owned(), "expected value"),
            (String::new(), "EOF"),
        ] {
            let error = parse_strict(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(wanted), "{text:.40}: {error}");
        }
    }

    #[test]
    fn members_are_spelled_in_one_order_at_every_level() {
        let one = parse_strict(br#"{"b": [{"z":1, "y": 1.0}], "a": null}"#).unwrap();
        let other = parse_strict(br#"{"a":null,"b":[{"y":1.0,"z":1}]}"#).unwrap();
        assert_eq!(canonical(&one), canonical(&other));
        assert_eq!(canonical(&one), br#"{"a":null,"b":[{"y":1.0,"z":1}]}"#);
    }

    proptest! {
        #[test]
        fn what_is_read_strictly_is_what_any_reader_reads(text in "\\PC*") {
            if let Ok(value) = parse_strict(text.as_bytes()) {
                prop_assert_eq!(&value, &serde_json::from_str::<Value>(&text).unwrap());
                prop_assert_eq!(parse_strict(&canonical(&value)).unwrap(), value);
            }
        }
    }
}
