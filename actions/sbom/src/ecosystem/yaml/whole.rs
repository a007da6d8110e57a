//! The whole of YAML, by a real parser, into the same trees.

use super::{DEEPEST, Entry, Node};
use crate::ecosystem::ParseError;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::{borrow::Cow, cell::Cell, fmt};

pub(super) fn documents(text: &str) -> Result<Vec<Node<'static>>, ParseError> {
    // Without aliases every node takes a byte of the text at least.
    let budget = Cell::new(text.len() + 8);
    let mut documents = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let tree = Tree { budget: &budget, depth: 0 };
        let node = tree.deserialize(document).map_err(|error| {
            let line = error.location().map_or(1, |location| location.line());
            ParseError::at(line.max(1), error.to_string())
        })?;
        documents.push(node);
    }
    Ok(documents)
}

#[derive(Clone, Copy)]
struct Tree<'b> {
    budget: &'b Cell<usize>,
    depth: usize,
}

impl Tree<'_> {
    fn inner(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Node<'static>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let left = self.budget.get().checked_sub(1);
        self.budget.set(left.ok_or_else(|| D::Error::custom("aliases make it larger than the file is"))?);
        if self.depth > DEEPEST {
            return Err(D::Error::custom(format!("nested deeper than {DEEPEST} levels")));
        }
        deserializer.deserialize_any(self)
    }
}

fn scalar<E>(text: impl Into<String>) -> Result<Node<'static>, E> {
    Ok(Node::Scalar(Cow::Owned(text.into())))
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Node<'static>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("YAML without tags")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        scalar(value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        scalar(value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        scalar(value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        scalar(value.to_string())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        scalar(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element_seed(self.inner())? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key_seed(self.inner())? {
            let key = match key {
                Node::Scalar(text) => text,
                _ => return Err(A::Error::custom("a key that is no text")),
            };
            entries.push(Entry { key, line: 0, value: map.next_value_seed(self.inner())? });
        }
        Ok(Node::Map(entries))
    }
}
