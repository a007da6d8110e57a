//! Bytes of a JSON, YAML, TOML or text file to one value that cannot be read in two ways.

use crate::contract::Format;
use document::Json;
use serde_json::{Map, Value};

/// Reads a file's value.
///
/// # Errors
/// What is wrong with it, in the words of its format's reader; two members of one name are wrong in every format.
pub fn read(bytes: &[u8], format: Format) -> Result<Value, String> {
    let text = || std::str::from_utf8(bytes).map_err(|error| error.to_string());
    match format {
        Format::Json => attest::parse_strict(bytes).map_err(|error| error.to_string()),
        Format::Yaml => Json::from_yaml(text()?).map(|tree| tree.to_value()).map_err(|problem| problem.to_string()),
        Format::Toml => {
            let table: toml::Table = text()?.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
            Ok(from_toml(toml::Value::Table(table)))
        }
        Format::Text => Ok(Value::String(text()?.trim().to_owned())),
    }
}

/// TOML's own dates become the texts they are written as.
fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::from(number),
        toml::Value::Boolean(yes) => Value::Bool(yes),
        toml::Value::Datetime(moment) => Value::String(moment.to_string()),
        toml::Value::Array(items) => items.into_iter().map(from_toml).collect(),
        toml::Value::Table(members) => {
            Value::Object(members.into_iter().map(|(name, value)| (name, from_toml(value))).collect::<Map<_, _>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_same_value_reads_the_same_from_every_format() {
        let wanted = json!({"logic": {"version": "1.4.0", "limits": [1, 2.5, true]}, "as_of": "2026-09-14"});
        for (format, text) in [
            (Format::Json, r#"{"logic":{"version":"1.4.0","limits":[1,2.5,true]},"as_of":"2026-09-14"}"#),
            (Format::Yaml, "logic:\n  version: 1.4.0\n  limits: [1, 2.5, true]\nas_of: 2026-09-14\n"),
            (Format::Toml, "as_of = 2026-09-14\n[logic]\nversion = '1.4.0'\nlimits = [1, 2.5, true]\n"),
        ] {
            assert_eq!(read(text.as_bytes(), format).unwrap(), wanted, "{format:?}");
        }
        assert_eq!(read(b" 1.4.0\n", Format::Text).unwrap(), "1.4.0");
    }

    #[test]
    fn a_member_that_occurs_twice_is_refused_in_every_format() {
        for (format, text) in [
            (Format::Json, r#"{"a":1,"a":2}"#),
            (Format::Yaml, "a: 1\na: 2\n"),
            (Format::Yaml, "b:\n  - a: 1\n    a: 2\n"),
            (Format::Toml, "a = 1\na = 2\n"),
            (Format::Text, "\u{0}"),
        ] {
            let read = read(text.as_bytes(), format);
            assert!(read.is_err() || format == Format::Text, "{text}");
        }
        assert!(read(&[0xff], Format::Text).is_err());
        assert!(read(b"? [1]\n: 2\n", Format::Yaml).is_err());
    }
}
