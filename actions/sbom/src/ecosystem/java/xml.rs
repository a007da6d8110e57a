//! Just enough XML for a `pom.xml`: elements with their text and line. No entity is ever fetched or expanded, so a document
//! cannot grow.

use crate::ecosystem::{ParseError, documents::Lines, shorten};
use quick_xml::{
    Reader,
    escape::resolve_predefined_entity,
    events::{BytesRef, Event},
};
use std::borrow::Cow;

/// Deeper than any real document.
const DEEPEST: usize = 64;

/// An element; attributes are left out.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Element {
    /// Its name without prefix.
    pub(super) name: String,
    /// Its own text, trimmed.
    pub(super) text: String,
    /// The line of its start, counted from 1.
    pub(super) line: usize,
    /// Its elements.
    pub(super) children: Vec<Element>,
}

impl Element {
    /// The first element of a name.
    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first element of a name, unless it is empty.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str()).filter(|text| !text.is_empty())
    }

    /// The elements of the first element of a name.
    pub(super) fn list(&self, name: &str) -> &[Element] {
        self.child(name).map_or(&[], |list| &list.children)
    }
}

/// The text of a document: UTF-8, or ISO 8859-1 where it says so.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, ParseError> {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).to_lowercase();
    let declared = start.split("?>").next().unwrap_or_default();
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text))),
        Err(_)
            if declared.contains("iso-8859-1")
                || declared.contains("windows-1252")
                || declared.contains("us-ascii") =>
        {
            Ok(Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect()))
        }
        Err(error) => {
            let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
            Err(ParseError::at(line, "not UTF-8 text"))
        }
    }
}

/// The root element of a document.
pub(super) fn parse(text: &str) -> Result<Element, ParseError> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut lines = Lines::of(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let line = lines.at(usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)) as usize;
        let wrong = |message: String| ParseError::at(line, message);
        match reader.read_event().map_err(|error| wrong(shorten(&error.to_string())))? {
            Event::Start(start) => {
                if open.len() >= DEEPEST {
                    return Err(wrong(format!("elements nested more than {DEEPEST} deep")));
                }
                let name = start.local_name().as_ref().to_owned();
                let line = lines.at(usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)) as usize;
                open.push(Element { name, line, ..Element::default() });
            }
            Event::End(_) => {
                let Some(mut closed) = open.pop() else { return Err(wrong("an end without a start".to_owned())) };
                closed.text = closed.text.trim().to_owned();
                match open.last_mut() {
                    Some(outer) => outer.children.push(closed),
                    None => root = root.or(Some(closed)),
                }
            }
            Event::Text(text) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&text);
                }
            }
            Event::CData(text) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&text);
                }
            }
            Event::GeneralRef(reference) => {
                if let Some(element) = open.last_mut() {
                    element.text.push(character(&reference));
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    match (open.last(), root) {
        (Some(element), _) => {
            let text = format!("`{}` does not end (is the file cut off?)", shorten(&element.name));
            Err(ParseError::at(element.line, text))
        }
        (None, None) => Err(ParseError::at(1, "no element in it (is the file cut off?)")),
        (None, Some(root)) => Ok(root),
    }
}

/// The character a reference stands for. Names are HTML's, as Maven allows them in people's names; they are not looked up.
fn character(reference: &BytesRef<'_>) -> char {
    let unknown = char::REPLACEMENT_CHARACTER;
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return character;
    }
    resolve_predefined_entity(reference).and_then(|text| text.chars().next()).unwrap_or(unknown)
}

#[cfg(test)]
#[path = "xml_tests.rs"]
mod tests;
