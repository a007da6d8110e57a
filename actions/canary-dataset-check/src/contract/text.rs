//! The texts of a document that must be understood before it is used: references, anchors and patterns.

use document::{Json, shorten};
use regex::{Regex, RegexBuilder};
use std::collections::HashMap;

/// What one compiled pattern may take, in bytes; matching is linear whatever the pattern.
const LARGEST_PATTERN: usize = 1 << 20;

#[derive(Default)]
pub(super) struct Texts {
    pub(super) references: Vec<String>,
    /// Each anchor and the pointer to what has it.
    pub(super) anchors: HashMap<String, String>,
    pub(super) patterns: HashMap<String, Regex>,
    pub(super) problems: Vec<String>,
}

/// Every text of the document that means something, wherever a schema may stand.
pub(super) fn collect(document: &Json) -> Texts {
    let mut texts = Texts::default();
    walk(document, "", &mut texts);
    texts
}

fn walk(node: &Json, pointer: &str, texts: &mut Texts) {
    match node {
        Json::List(items) => {
            items.iter().enumerate().for_each(|(index, item)| walk(item, &format!("{pointer}/{index}"), texts));
        }
        Json::Map(members) => {
            for (name, value) in members {
                match (name.as_str(), value) {
                    // Values, not schemas: whatever they hold means nothing.
                    ("enum" | "const" | "default" | "example" | "examples", _) => continue,
                    ("$ref" | "$dynamicRef", Json::Text(reference)) => texts.references.push(reference.clone()),
                    ("$anchor" | "$dynamicAnchor", Json::Text(anchor)) => {
                        texts.anchors.insert(anchor.clone(), pointer.to_owned());
                    }
                    // Another base for references: what they mean then is not understood here.
                    ("$id", Json::Text(id)) if !pointer.is_empty() => {
                        texts
                            .problems
                            .push(format!("the `$id` `{}` within the document is not understood", shorten(id)));
                    }
                    ("pattern", Json::Text(pattern)) => pattern_of(pattern, texts),
                    ("patternProperties", Json::Map(patterns)) => {
                        patterns.iter().for_each(|(pattern, _)| pattern_of(pattern, texts));
                    }
                    _ => {}
                }
                walk(value, &format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), texts);
            }
        }
        _ => {}
    }
}

fn pattern_of(pattern: &str, texts: &mut Texts) {
    if texts.patterns.contains_key(pattern) {
        return;
    }
    // ECMA-262 writes some classes for ASCII alone, and escapes a slash.
    let ours = pattern.replace(r"\/", "/").replace(r"\d", "[0-9]").replace(r"\w", "[A-Za-z0-9_]");
    let ours = ours.replace(r"\D", "[^0-9]").replace(r"\W", "[^A-Za-z0-9_]");
    let compiled = RegexBuilder::new(&ours).size_limit(LARGEST_PATTERN).dfa_size_limit(LARGEST_PATTERN).build();
    match compiled.or_else(|_| RegexBuilder::new(pattern).size_limit(LARGEST_PATTERN).build()) {
        Ok(compiled) => {
            texts.patterns.insert(pattern.to_owned(), compiled);
        }
        Err(error) => {
            let reason = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
            texts.problems.push(format!("the pattern `{}` cannot be used: {reason}", shorten(pattern)));
        }
    }
}

/// What a JSON pointer (RFC 6901) leads to.
pub(super) fn at_pointer<'a>(document: &'a Json, pointer: &str) -> Option<&'a Json> {
    pointer.split('/').skip(1).try_fold(document, |node, token| {
        let token = token.replace("~1", "/").replace("~0", "~");
        match node {
            Json::List(items) => items.get(token.parse::<usize>().ok()?),
            node => node.get(&token),
        }
    })
}

/// A fragment without its percent signs; `None` where they stand for nothing.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// Whether a text is a UUID as RFC 9562 writes them.
pub(super) fn is_uuid(text: &str) -> bool {
    let shape = |(place, byte): (usize, u8)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(shape)
}
