//! JSON as evidence needs it: read without ambiguity, written in one way only.

use crate::reason::{Reason, Rejection, shorten};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::{cell::Cell, fmt};

/// How many lists and objects may stand inside one another.
const MAX_DEPTH: usize = 100;

/// How many values one text may hold: a bill of materials of 36 MiB has about a million.
const MAX_VALUES: usize = 2_000_000;

/// Why a text is not unambiguous JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct JsonError {
    reason: Reason,
    text: String,
}

impl From<JsonError> for Rejection {
    fn from(error: JsonError) -> Self {
        Self::new(error.reason, error.text)
    }
}

/// Reads one JSON value that means the same to every reader.
///
/// Two members of one name are refused (readers differ in which one they believe), as is anything after the value,
/// nesting deeper than 100 levels, and more than two million values.
///
/// # Errors
/// [`JsonError`] says what is wrong and at which line and column.
pub fn parse_strict(bytes: &[u8]) -> Result<Value, JsonError> {
    let bounds = Bounds { left: Cell::new(MAX_VALUES), refused: Cell::new(Reason::MalformedJson) };
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let read = Strict { bounds: &bounds, depth: 0 }.deserialize(&mut deserializer);
    read.and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| JsonError { reason: bounds.refused.get(), text: error.to_string() })
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

/// What one text may still become, and why it was refused here rather than by the library.
struct Bounds {
    left: Cell<usize>,
    refused: Cell<Reason>,
}

impl Bounds {
    fn refuse<E: Error>(&self, reason: Reason, text: fmt::Arguments<'_>) -> E {
        self.refused.set(reason);
        E::custom(text)
    }
}

/// Reads a [`Value`] with every member name seen once.
#[derive(Clone, Copy)]
struct Strict<'b> {
    bounds: &'b Bounds,
    depth: usize,
}

impl<'b> Strict<'b> {
    fn inside<E: Error>(self) -> Result<Strict<'b>, E> {
        match self.depth {
            MAX_DEPTH => {
                Err(self.bounds.refuse(Reason::TooDeep, format_args!("nested deeper than {MAX_DEPTH} levels")))
            }
            depth => Ok(Self { depth: depth + 1, ..self }),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let Some(left) = self.bounds.left.get().checked_sub(1) else {
            return Err(self.bounds.refuse(Reason::TooLarge, format_args!("more than {MAX_VALUES} values")));
        };
        self.bounds.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
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

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let (inside, mut list) = (self.inside()?, Vec::new());
        while let Some(item) = items.next_element_seed(inside)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let (inside, mut object) = (self.inside()?, Map::new());
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                let text = format_args!("member `{}` occurs twice", shorten(&name));
                return Err(self.bounds.refuse(Reason::DuplicateKey, text));
            }
            object.insert(name, members.next_value_seed(inside)?);
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
        for (text, reason, wanted) in [
            (r#"{"a":1,"a":2}"#.to_owned(), Reason::DuplicateKey, "`a` occurs twice"),
            (r#"{"x":[{"a":1,"\u0061":1}]}"#.to_owned(), Reason::DuplicateKey, "`a` occurs twice"),
            (r#"{"a":1} {"#.to_owned(), Reason::MalformedJson, "trailing characters"),
            ("[".repeat(5000), Reason::TooDeep, "deeper than 100"),
            (format!("{}1{}", "[".repeat(101), "]".repeat(101)), Reason::TooDeep, "deeper than 100"),
            (format!("[{}1]", "1,".repeat(MAX_VALUES - 1)), Reason::TooLarge, "more than 2000000 values"),
            (r#"{"a":1e999}"#.to_owned(), Reason::MalformedJson, "out of range"),
            (r#"{"a":NaN}"#.to_owned(), Reason::MalformedJson, "expected value"),
            (String::new(), Reason::MalformedJson, "EOF"),
        ] {
            let error = parse_strict(text.as_bytes()).unwrap_err();
            assert_eq!(error.reason, reason, "{text:.40}");
            assert!(error.to_string().contains(wanted), "{text:.40}: {error}");
        }
        assert!(parse_strict(format!("{}1{}", "[".repeat(100), "]".repeat(100)).as_bytes()).is_ok());
        assert!(parse_strict(format!("[{}1]", "1,".repeat(MAX_VALUES - 2)).as_bytes()).is_ok());
    }

    #[test]
    fn every_kind_of_value_is_read_as_what_it_is() {
        let text = r#"[null, true, false, 0, -1, 18446744073709551615, 1.5, "", "a\n\u00e9", [], {"a": {}}]"#;
        assert_eq!(parse_strict(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
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
