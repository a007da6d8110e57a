//! The texts of a document that must be understood before it is used: references, anchors and patterns.

use document::{Decimal, Json, shorten};
use regex::{Regex, RegexBuilder};
use std::collections::{HashMap, HashSet};

/// What one compiled pattern may take, in bytes; matching is linear whatever the pattern.
const LARGEST_PATTERN: usize = 1 << 20;

#[derive(Default)]
pub(super) struct Texts {
    pub(super) references: Vec<String>,
    /// Each anchor and the pointer to what has it.
    pub(super) anchors: HashMap<String, String>,
    pub(super) patterns: HashMap<String, Regex>,
    pub(super) problems: Vec<String>,
    /// Pointers to values.
    values: HashSet<String>,
    /// Pointers of the references into values that have been followed.
    followed: HashSet<String>,
}

/// What the members of a mapping are called by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Words of JSON Schema or OpenAPI, each with its meaning.
    Keywords,
    /// Names the author gave, which mean nothing here whatever they are.
    Given,
}

/// Values, not schemas: whatever they hold means nothing.
const VALUES: [&str; 5] = ["enum", "const", "default", "example", "examples"];

/// Below these the members' names are the author's: fields of an object, statuses of responses, paths.
const NAMING: [&str; 20] = [
    "$defs",
    "callbacks",
    "content",
    "definitions",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "encoding",
    "headers",
    "links",
    "mapping",
    "parameters",
    "pathItems",
    "paths",
    "patternProperties",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
    "webhooks",
];

/// Limits on numbers, lengths and counts.
const LIMITS: [&str; 13] = [
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
];

/// Every text of the document that means something, wherever a schema may stand.
pub(super) fn collect(document: &Json) -> Texts {
    let mut texts = Texts::default();
    walk(document, ("", Names::Keywords), &mut texts);
    // A reference can make a schema of a value.
    let mut next = 0;
    while let Some(reference) = texts.references.get(next).cloned() {
        next += 1;
        let pointer = reference.strip_prefix('#').and_then(percent_decoded).unwrap_or_default();
        let mut above = pointer.match_indices('/').map(|(end, _)| &pointer[..end]).chain([pointer.as_str()]);
        let value = above.any(|place| texts.values.contains(place)) && texts.followed.insert(pointer.clone());
        if let Some(there) = at_pointer(document, &pointer).filter(|_| value) {
            walk(there, (&pointer, Names::Keywords), &mut texts);
        }
    }
    texts
}

fn walk(node: &Json, (pointer, names): (&str, Names), texts: &mut Texts) {
    match node {
        Json::List(items) => {
            let place = |index: usize| format!("{pointer}/{index}");
            items.iter().enumerate().for_each(|(at, item)| walk(item, (&place(at), Names::Keywords), texts));
        }
        Json::Map(members) => {
            for (name, value) in members {
                let place = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                let mut below = Names::Keywords;
                if names == Names::Keywords {
                    if VALUES.contains(&name.as_str()) {
                        texts.values.insert(place);
                        continue;
                    }
                    keyword(name, value, pointer, texts);
                    below = if NAMING.contains(&name.as_str()) { Names::Given } else { Names::Keywords };
                }
                walk(value, (&place, below), texts);
            }
        }
        _ => {}
    }
}

/// What one keyword means for the document as a whole.
fn keyword(name: &str, value: &Json, pointer: &str, texts: &mut Texts) {
    match (name, value) {
        ("$ref" | "$dynamicRef", Json::Text(reference)) => texts.references.push(reference.clone()),
        ("$anchor" | "$dynamicAnchor", Json::Text(anchor)) => {
            texts.anchors.insert(anchor.clone(), pointer.to_owned());
        }
        // Another base for references: what they mean then is not understood here.
        ("$id", Json::Text(id)) if !pointer.is_empty() => {
            texts.problems.push(format!("the `$id` `{}` within the document is not understood", shorten(id)));
        }
        ("pattern", Json::Text(pattern)) => pattern_of(pattern, texts),
        ("patternProperties", Json::Map(patterns)) => {
            patterns.iter().for_each(|(pattern, _)| pattern_of(pattern, texts));
        }
        // A limit that is not understood would be none.
        (limit, Json::Number(token)) if LIMITS.contains(&limit) => {
            if let Err(error) = token.parse::<Decimal>() {
                texts.problems.push(format!("the limit {limit} at `{}` cannot be used: {error}", shorten(pointer)));
            }
        }
        (limit, Json::Text(text)) if LIMITS.contains(&limit) => {
            let place = shorten(pointer);
            texts.problems.push(format!("the limit {limit} at `{place}` is the text `{}`, no number", shorten(text)));
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
