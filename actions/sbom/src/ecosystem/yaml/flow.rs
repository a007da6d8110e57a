//! What stands on one line: keys, scalars, and collections between brackets.

use super::{DEEPEST, Entry, Node};
use std::borrow::Cow;

/// The value that a whole line is.
pub(super) fn line(text: &str, depth: usize) -> Option<Node<'_>> {
    let mut flow = Flow { rest: text, depth };
    let node = flow.value(Context::Block)?;
    flow.rest.is_empty().then_some(node)
}

/// `key:` or `key: value`: the key and what follows the colon.
pub(super) fn key(content: &str) -> Option<(Cow<'_, str>, &str)> {
    let (key, rest) = if content.starts_with(['\'', '"']) {
        let (key, rest) = quoted(content)?;
        (key, rest.strip_prefix(':')?)
    } else {
        if !starts_plain(content) {
            return None;
        }
        let colon = |at: &usize| matches!(content.as_bytes().get(at + 1), None | Some(b' '));
        let at = content.match_indices(':').map(|(at, _)| at).find(colon)?;
        let key = &content[..at];
        if key.ends_with(' ') || key.contains(" #") || key.contains('\t') || key == "<<" || is_null(key) {
            return None;
        }
        (Cow::Borrowed(key), &content[at + 1..])
    };
    if !rest.is_empty() && !rest.starts_with(' ') {
        return None;
    }
    Some((key, rest.trim_start_matches(' ')))
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Whether a plain scalar may begin so (YAML 1.2.2, 7.3.3).
fn starts_plain(text: &str) -> bool {
    let mut bytes = text.bytes();
    match bytes.next() {
        None | Some(b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>') => false,
        Some(b'\'' | b'"' | b'%' | b'@' | b'`') => false,
        Some(b'-' | b'?' | b':') => !matches!(bytes.next(), None | Some(b' ')),
        Some(_) => true,
    }
}

/// A quoted scalar on one line, and what follows it.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    if let Some(inside) = text.strip_prefix('\'') {
        let mut from = 0;
        loop {
            let at = from + inside[from..].find('\'')?;
            if !inside[at + 1..].starts_with('\'') {
                let content = &inside[..at];
                let whole = if from == 0 { Cow::Borrowed(content) } else { Cow::Owned(content.replace("''", "'")) };
                return Some((whole, &inside[at + 1..]));
            }
            from = at + 2;
        }
    }
    let inside = text.strip_prefix('"')?;
    let mut escaped = false;
    let at = inside.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })?;
    let content = &inside[..at];
    let whole = if content.contains('\\') {
        // JSON's escapes mean the same in YAML; the others are rare.
        Cow::Owned(serde_json::from_str(&text[..at + 2]).ok()?)
    } else {
        Cow::Borrowed(content)
    };
    Some((whole, &inside[at + 1..]))
}

#[derive(Clone, Copy, PartialEq)]
enum Context {
    Block,
    Flow,
}

/// What is left of one line.
struct Flow<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Flow<'a> {
    fn value(&mut self, context: Context) -> Option<Node<'a>> {
        match self.rest.as_bytes().first()? {
            b'{' => self.nested(Self::map),
            b'[' => self.nested(Self::list),
            b'\'' | b'"' => {
                let (text, rest) = quoted(self.rest)?;
                self.rest = rest;
                Some(Node::Scalar(text))
            }
            _ => {
                let text = self.plain(context)?;
                Some(if is_null(text) { Node::Null } else { Node::Scalar(Cow::Borrowed(text)) })
            }
        }
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Option<Node<'a>>) -> Option<Node<'a>> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn plain(&mut self, context: Context) -> Option<&'a str> {
        if !starts_plain(self.rest) {
            return None;
        }
        let end = match context {
            Context::Block => self.rest.len(),
            Context::Flow => self.rest.find([',', '[', ']', '{', '}'])?,
        };
        let text = self.rest[..end].trim_end_matches(' ');
        if text.contains(": ") || text.contains(" #") || text.ends_with(':') || text.contains('\t') {
            return None;
        }
        self.rest = &self.rest[end..];
        Some(text)
    }

    fn skip(&mut self, mark: char) -> bool {
        self.rest = self.rest.trim_start_matches(' ');
        let found = self.rest.strip_prefix(mark);
        self.rest = found.unwrap_or(self.rest).trim_start_matches(' ');
        found.is_some()
    }

    fn map(&mut self) -> Option<Node<'a>> {
        self.skip('{');
        let mut entries = Vec::new();
        while !self.skip('}') {
            let plain = !self.rest.starts_with(['\'', '"']);
            let (key, rest) = key(self.rest).filter(|(_, rest)| !rest.is_empty())?;
            if plain && key.contains([',', '{', '}', '[', ']']) {
                return None;
            }
            self.rest = rest;
            entries.push(Entry { key, line: 0, value: self.value(Context::Flow)? });
            self.separated('}')?;
        }
        Some(Node::Map(entries))
    }

    fn list(&mut self) -> Option<Node<'a>> {
        self.skip('[');
        let mut items = Vec::new();
        while !self.skip(']') {
            items.push(self.value(Context::Flow)?);
            self.separated(']')?;
        }
        Some(Node::List(items))
    }

    /// A comma, or the end comes next.
    fn separated(&mut self, end: char) -> Option<()> {
        (self.skip(',') || self.rest.starts_with(end)).then_some(())
    }
}
