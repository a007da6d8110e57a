//! YAML as the same tree as JSON.
//!
//! A number written in YAML has been an `f64` by the time it gets here, so one with more than 15 significant digits must
//! be quoted; wherever a decimal is due, a quoted one is read.

use crate::{Json, Problem, shorten};
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor};
use std::{cell::Cell, collections::HashSet, fmt};

/// How much larger than its text a document may become by its aliases, and what any document may become, in bytes.
const EXPANSION: usize = 4;
const LEAST_EXPANDED: usize = 64 * 1024;

/// How many more `[` and `{` than `]` and `}` may have stood in a text at any place: the library's time grows with the
/// square of the depth, and it refuses depth only after having scanned all of it.
const MOST_OPEN: i64 = 1000;

impl Json {
    /// Reads one YAML document; its depth is at most 128, and its aliases make it at most about four times as large.
    ///
    /// # Errors
    /// A [`Problem`] with its line: not YAML, a duplicate key, a key that is not a single value, a tag, `.nan` or `.inf`,
    /// an integer beyond 64 bits, too much nesting or repetition.
    pub fn from_yaml(text: &str) -> Result<Self, Problem> {
        if let Some(line) = too_deep(text) {
            return Err(Problem { line: Some(line), place: String::new(), text: "nested too deep".to_owned() });
        }
        let left = Cell::new(text.len().saturating_mul(EXPANSION).max(LEAST_EXPANDED));
        let bounds = Bounds { left, refused: Cell::default() };
        Tree(&bounds).deserialize(serde_yaml::Deserializer::from_str(text)).map_err(|error| {
            let text = bounds.refused.take().unwrap_or_else(|| {
                let message = error.to_string();
                // The library appends the place.
                format!("not YAML: {}", message.split_once(" at line ").map_or(message.as_str(), |(plain, _)| plain))
            });
            Problem { line: error.location().map(|location| location.line()), place: String::new(), text }
        })
    }
}

/// The line at which [`MOST_OPEN`] is exceeded. Brackets in quotes count too: far fewer than that are never meant.
fn too_deep(text: &str) -> Option<usize> {
    let (mut open, mut line) = (0_i64, 1);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = (open - 1).max(0),
            b'\n' => line += 1,
            _ => {}
        }
        if open > MOST_OPEN {
            return Some(line);
        }
    }
    None
}

/// What one document may still become, and why it was refused here rather than by the library.
struct Bounds {
    left: Cell<usize>,
    refused: Cell<Option<String>>,
}

impl Bounds {
    fn refuse<E: Error>(&self, problem: &str) -> E {
        self.refused.set(Some(problem.to_owned()));
        E::custom(problem)
    }

    /// Takes the room of one value or key of `length` bytes.
    fn take<E: Error>(&self, length: usize) -> Result<(), E> {
        match self.left.get().checked_sub(length + 1) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(self.refuse("its aliases repeat too much")),
        }
    }

    fn number<E: Error>(&self, token: String) -> Result<Json, E> {
        self.take(token.len())?;
        Ok(Json::Number(token))
    }

    fn too_large<E: Error>(&self, number: impl fmt::Display) -> E {
        self.refuse(&format!("the integer {number} needs more than 64 bits; write it in quotes"))
    }
}

#[derive(Clone, Copy)]
struct Tree<'b>(&'b Bounds);

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping, a list or a single value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        self.0.take(0)?;
        Ok(Json::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Json, E> {
        self.visit_unit()
    }

    fn visit_bool<E: Error>(self, yes: bool) -> Result<Json, E> {
        self.0.take(0)?;
        Ok(Json::Bool(yes))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Json, E> {
        self.0.number(number.to_string())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Json, E> {
        self.0.number(number.to_string())
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<Json, E> {
        Err(self.0.too_large(number))
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<Json, E> {
        Err(self.0.too_large(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Json, E> {
        if !number.is_finite() {
            return Err(self.0.refuse("a number must be finite"));
        }
        let token = number.to_string();
        // `1.0` stays one, as in JSON.
        self.0.number(if token.contains('.') { token } else { token + ".0" })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        self.0.take(text.len())?;
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Json, A::Error> {
        Err(self.0.refuse("a tag stands for nothing here; write the value without it"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        self.0.take(0)?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        self.0.take(0)?;
        let (mut members, mut seen) = (Vec::new(), HashSet::new());
        while let Some(key) = map.next_key_seed(Key { bounds: self.0, seen: &mut seen })? {
            members.push((key, map.next_value_seed(self)?));
        }
        Ok(Json::Map(members))
    }
}

/// A key that the mapping does not have yet; failing while it is read makes the library tell its line.
struct Key<'a> {
    bounds: &'a Bounds,
    seen: &'a mut HashSet<String>,
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
        self.bounds.take(key.len())?;
        match self.seen.insert(key.to_owned()) {
            true => Ok(key.to_owned()),
            false => Err(self.bounds.refuse(&format!("duplicate key `{}`", shorten(key)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_becomes_the_tree_json_would_be() {
        let tree = Json::from_yaml("a: [1, 0.051, 1e-6, ~, true, 1.0]\nb: {c: text, d: \"0.10\", 7: x}\n").unwrap();
        let json = r#"{"a":[1,0.051,0.000001,null,true,1.0],"b":{"c":"text","d":"0.10","7":"x"}}"#;
        assert_eq!(tree.to_string(), json);
    }

    #[test]
    fn a_broken_document_is_refused_with_its_line() {
        for (text, line, problem) in [
            ("a: 1\nb: 2\na: 3\n", 3, "duplicate key `a`"),
            ("b:\n- 7: 1\n  '7': 2\n", 3, "duplicate key `7`"),
            ("a: .nan\n", 1, "a number must be finite"),
            ("a: 1\nb: 18446744073709551616\n", 2, "the integer 18446744073709551616 needs more than 64 bits"),
            ("a: [1,\nb: 2\n", 3, "not YAML: did not find expected"),
            ("a: 1\n? [1]\n: 2\n", 2, "not YAML: invalid type: sequence, expected a key"),
            ("a: !secret x\n", 1, "a tag stands for nothing here"),
        ] {
            let seen = Json::from_yaml(text).unwrap_err();
            assert!(seen.text.starts_with(problem), "{seen:?}");
            assert_eq!(seen.line, Some(line), "{seen:?}");
        }
    }

    #[test]
    fn aliases_serve_and_cannot_blow_up() {
        let tree = Json::from_yaml("a: &a {x: 1}\nb: [*a, *a]\n").unwrap();
        assert_eq!(tree.to_string(), r#"{"a":{"x":1},"b":[{"x":1},{"x":1}]}"#);
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..12 {
            let last = n - 1;
            text += &format!(
                "a{n}: &a{n} [*a{last}, *a{last}, *a{last}, *a{last}, *a{last}, *a{last}, *a{last}, *a{last}]\n"
            );
        }
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(50_000), "*a, ".repeat(10_000));
        for text in [text, long] {
            assert_eq!(Json::from_yaml(&text).unwrap_err().text, "its aliases repeat too much");
        }
    }
}
