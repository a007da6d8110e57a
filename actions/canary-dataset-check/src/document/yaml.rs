//! YAML as the same tree as JSON.
//!
//! A number written in YAML has been an `f64` by the time it gets here, so one with more than 15 significant digits must
//! be quoted; wherever a decimal is due, a quoted one is read.

use super::{Json, fields::Problem};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Reads one YAML document.
///
/// # Errors
/// A [`Problem`] with its line: not YAML, a duplicate key, a key that is not text, `.nan` or `.inf`.
pub(crate) fn parse(text: &str) -> Result<Json, Problem> {
    Tree.deserialize(serde_yaml::Deserializer::from_str(text)).map_err(|error| Problem {
        line: error.location().map(|location| location.line()),
        place: String::new(),
        text: plain(&error.to_string()).to_owned(),
    })
}

/// The library's message without the place it appends.
fn plain(message: &str) -> &str {
    message.split_once(" at line ").map_or(message, |(text, _)| text)
}

struct Tree;

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping, a list or a single value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, yes: bool) -> Result<Json, E> {
        Ok(Json::Bool(yes))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Number(number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Json, E> {
        if number.is_finite() {
            Ok(Json::Number(number.to_string()))
        } else {
            Err(E::custom("a number must be finite"))
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members: Vec<(String, Json)> = Vec::new();
        while let Some(key) = map.next_key_seed(Key { members: &members })? {
            members.push((key, map.next_value_seed(Self)?));
        }
        Ok(Json::Map(members))
    }
}

/// A key that none of the members has yet; failing while it is read makes the library tell its line.
struct Key<'a> {
    members: &'a [(String, Json)],
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<String, E> {
        match self.members.iter().any(|(known, _)| known == key) {
            true => Err(E::custom(format!("duplicate key `{key}`"))),
            false => Ok(key.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_becomes_the_tree_json_would_be() {
        let tree = parse("a: [1, 0.051, 1e-6, ~, true]\nb: {c: text, d: \"0.10\"}\n").unwrap();
        assert_eq!(tree.to_string(), r#"{"a":[1,0.051,0.000001,null,true],"b":{"c":"text","d":"0.10"}}"#);
    }

    #[test]
    fn a_broken_document_is_refused_with_its_line() {
        for (text, line, problem) in [
            ("a: 1\nb: 2\na: 3\n", 3, "duplicate key `a`"),
            ("a: .nan\n", 1, "a number must be finite"),
            ("a: [1,\nb: 2\n", 3, "did not find expected"),
        ] {
            let seen = parse(text).unwrap_err();
            assert!(seen.text.contains(problem), "{seen:?}");
            assert_eq!(seen.line, Some(line), "{seen:?}");
        }
    }

    #[test]
    fn aliases_cannot_blow_up() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..12 {
            let last = n - 1;
            text += &format!(
                "a{n}: &a{n} [*a{last}, *a{last}, *a{last}, *a{last}, *a{last}, *a{last}, *a{last}, *a{last}]\n"
            );
        }
        assert!(parse(&text).is_err());
    }
}
