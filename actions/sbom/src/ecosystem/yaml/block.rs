//! The part of YAML that package managers write. Whatever looks different is `None`: somebody else's to read.

use super::{DEEPEST, Entry, Node, flow};
use std::borrow::Cow;

pub(super) fn documents(text: &str) -> Option<Vec<Node<'_>>> {
    let mut reader = Reader { rest: text, number: 0, line: None, depth: 0 };
    reader.advance()?;
    let mut documents = Vec::new();
    while let Some(line) = reader.line {
        if line.is_marker() {
            reader.advance()?;
        }
        match reader.line {
            Some(line) if line.is_marker() => documents.push(Node::Null),
            Some(line) => documents.push(reader.block(line.indent)?),
            None => {}
        }
        if reader.line.is_some_and(|line| !line.is_marker()) {
            return None;
        }
    }
    Some(documents)
}

/// A line that holds something.
#[derive(Clone, Copy)]
struct Line<'a> {
    indent: usize,
    content: &'a str,
    number: u32,
}

impl Line<'_> {
    fn is_marker(&self) -> bool {
        self.indent == 0 && self.content == "---"
    }

    fn is_item(&self) -> bool {
        (self.content.starts_with("- ") || self.content == "-") && !self.is_marker()
    }
}

struct Reader<'a> {
    /// From the beginning of the line after the current one.
    rest: &'a str,
    number: u32,
    line: Option<Line<'a>>,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn raw_line(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        self.number += 1;
        Some(line.strip_suffix('\r').unwrap_or(line))
    }

    /// On to the next line that is neither empty nor a comment.
    fn advance(&mut self) -> Option<()> {
        self.line = None;
        while let Some(raw) = self.raw_line() {
            let content = raw.trim_start_matches(' ');
            if content.starts_with('\t') || content == "..." || content.starts_with("--- ") {
                return None;
            }
            if !content.is_empty() && !content.starts_with('#') {
                let indent = raw.len() - content.len();
                self.line = Some(Line { indent, content: content.trim_end_matches(' '), number: self.number });
                break;
            }
        }
        Some(())
    }

    fn block(&mut self, indent: usize) -> Option<Node<'a>> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let node = if self.line?.is_item() { self.list(indent) } else { self.map(indent) };
        self.depth -= 1;
        node
    }

    fn map(&mut self, indent: usize) -> Option<Node<'a>> {
        let mut entries = Vec::new();
        while let Some(line) = self.line.filter(|line| line.indent == indent && !line.is_marker()) {
            let (key, rest) = flow::key(line.content)?;
            let value = if rest.is_empty() {
                self.advance()?;
                self.nested(indent)?
            } else {
                self.inline(rest, indent)?
            };
            entries.push(Entry { key, line: line.number, value });
        }
        self.ends(indent).then_some(Node::Map(entries))
    }

    fn list(&mut self, indent: usize) -> Option<Node<'a>> {
        let mut items = Vec::new();
        while let Some(line) = self.line.filter(|line| line.indent == indent && line.is_item()) {
            let inner = line.content[1..].trim_start_matches(' ');
            let item = if inner.is_empty() {
                self.advance()?;
                match self.line {
                    Some(next) if next.indent > indent => self.block(next.indent)?,
                    _ => Node::Null,
                }
            } else if flow::key(inner).is_some() {
                let indent = indent + line.content.len() - inner.len();
                self.line = Some(Line { indent, content: inner, number: line.number });
                self.block(indent)?
            } else {
                self.inline(inner, indent)?
            };
            items.push(item);
        }
        self.ends(indent).then_some(Node::List(items))
    }

    /// What comes next is not further in: that would be a second line of a scalar.
    fn ends(&self, indent: usize) -> bool {
        self.line.is_none_or(|line| line.indent <= indent)
    }

    /// What belongs to `key:` on a line of its own.
    fn nested(&mut self, indent: usize) -> Option<Node<'a>> {
        match self.line {
            Some(next) if next.indent > indent => self.block(next.indent),
            Some(next) if next.indent == indent && next.is_item() => {
                self.depth += 1;
                let list = self.list(indent);
                self.depth -= 1;
                list
            }
            _ => Some(Node::Null),
        }
    }

    /// A value on the line of its key.
    fn inline(&mut self, text: &'a str, indent: usize) -> Option<Node<'a>> {
        if text.starts_with(['|', '>']) {
            return self.prose(&text[1..], indent);
        }
        let node = flow::line(text, self.depth)?;
        self.advance()?;
        self.ends(indent).then_some(node)
    }

    /// A block scalar: passed over.
    fn prose(&mut self, header: &str, indent: usize) -> Option<Node<'a>> {
        if !header.bytes().all(|byte| matches!(byte, b'-' | b'+')) {
            return None;
        }
        loop {
            let before = (self.rest, self.number);
            let Some(raw) = self.raw_line() else { break };
            let content = raw.trim_start_matches(' ');
            if !content.is_empty() && raw.len() - content.len() <= indent {
                (self.rest, self.number) = before;
                break;
            }
        }
        self.advance()?;
        Some(Node::Scalar(Cow::Borrowed("")))
    }
}
