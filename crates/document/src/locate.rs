//! Where in a YAML text something stands.
//!
//! The YAML library tells the line only of an error it meets itself. So this walks the document again and fails on
//! purpose at the place in question: the failure then carries the place.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// One step into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Into a mapping, at this key.
    Key(String),
    /// Into a list, at this position from 0.
    Index(usize),
}

/// The line, from 1, of the key or list item at `path`; of its nearest ancestor where the path leads nowhere.
pub(crate) fn line_of(text: &str, path: &[Step]) -> Option<usize> {
    (0..=path.len()).rev().find_map(|depth| {
        let found = Walk { path: &path[..depth] }.deserialize(serde_yaml::Deserializer::from_str(text));
        found.err()?.location().map(|location| location.line())
    })
}

/// A path as people write it: `probes[1].within`.
pub(crate) fn show(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => text.extend([".", key]),
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

/// Walks the rest of a path and fails at its end.
struct Walk<'a> {
    path: &'a [Step],
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((Step::Key(wanted), rest)) = self.path.split_first() else { return self.here() };
        while let Some(found) = map.next_key_seed(FindKey { wanted, stop: rest.is_empty() })? {
            if found {
                return map.next_value_seed(Walk { path: rest });
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some((Step::Index(wanted), rest)) = self.path.split_first() else { return self.here() };
        for _ in 0..*wanted {
            if items.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        items.next_element_seed(Walk { path: rest }).map(|_| ())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.here()
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.here()
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.here()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.here()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.here()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.here()
    }
}

impl Walk<'_> {
    /// The failure that carries the place, when the path has been walked to its end.
    fn here<E: Error>(&self) -> Result<(), E> {
        if self.path.is_empty() { Err(E::custom("here")) } else { Ok(()) }
    }
}

/// Reads a key: whether it is the wanted one; fails on it when the path ends there.
struct FindKey<'a> {
    wanted: &'a str,
    stop: bool,
}

impl<'de> DeserializeSeed<'de> for FindKey<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for FindKey<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<bool, E> {
        let found = key == self.wanted;
        if found && self.stop { Err(E::custom("here")) } else { Ok(found) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_in_block_and_flow_style() {
        let text = "version: 1\n# comment\nprobes:\n  - get: /a\n    b: {c: 2,\n        d: [x, y]}\n  - e: ~\n";
        let key = |k: &str| Step::Key(k.to_owned());
        for (path, line) in [
            (vec![key("version")], 1),
            (vec![key("probes")], 3),
            (vec![key("probes"), Step::Index(0), key("b"), key("c")], 5),
            (vec![key("probes"), Step::Index(0), key("b"), key("d"), Step::Index(1)], 6),
            (vec![key("probes"), Step::Index(1), key("e")], 7),
            (vec![key("probes"), Step::Index(1), key("nowhere")], 7),
        ] {
            assert_eq!(line_of(text, &path), Some(line), "{}", show(&path));
        }
        assert_eq!(show(&[key("probes"), Step::Index(0), key("b")]), "probes[0].b");
    }
}
