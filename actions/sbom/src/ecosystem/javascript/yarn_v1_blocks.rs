//! The lines of a Yarn 1 lockfile as blocks.

use crate::ecosystem::{ParseError, shorten};
use std::borrow::Cow;

/// One package and the selectors it answers.
#[derive(Debug, Default)]
pub(super) struct Block<'a> {
    /// Its first line, counted from 1.
    pub(super) line: usize,
    pub(super) selectors: Vec<Cow<'a, str>>,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) version: Cow<'a, str>,
    pub(super) resolved: Option<Cow<'a, str>>,
    pub(super) integrity: Option<Cow<'a, str>>,
    pub(super) dependencies: Vec<Need<'a>>,
    pub(super) optional: Vec<Need<'a>>,
}

/// A name and a range.
type Need<'a> = (Cow<'a, str>, Cow<'a, str>);

/// What the lines four spaces in belong to.
#[derive(Clone, Copy, PartialEq)]
enum Section {
    None,
    Dependencies,
    Optional,
    Other,
}

/// All blocks of a file.
pub(super) fn blocks(text: &str) -> Result<Vec<Block<'_>>, ParseError> {
    let count = text.lines().count().max(1);
    if !text.lines().take_while(|line| line.starts_with('#')).any(|line| line.trim() == "# yarn lockfile v1") {
        return Err(ParseError::at(1, "does not begin with `# yarn lockfile v1`"));
    }
    if !text.ends_with('\n') {
        return Err(ParseError::at(count, "ends in the middle of a line (is it cut off?)"));
    }
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut section = Section::None;
    for (index, line) in text.lines().enumerate() {
        let content = line.trim_start_matches(' ');
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let number = index + 1;
        let wrong = || ParseError::at(number, format!("`{}` is no line of a Yarn lockfile", shorten(line)));
        match (line.len() - content.len(), blocks.last_mut()) {
            (0, last) => {
                last.map_or(Ok(()), |last| whole(last))?;
                let selectors = selectors(content).ok_or_else(wrong)?;
                section = Section::None;
                blocks.push(Block { line: number, selectors, ..Block::default() });
            }
            (2, Some(block)) => section = field(block, content).ok_or_else(wrong)?,
            (4, Some(block)) => {
                let need = pair(content).ok_or_else(wrong)?;
                match section {
                    Section::Dependencies => block.dependencies.push(need),
                    Section::Optional => block.optional.push(need),
                    Section::Other => {}
                    Section::None => return Err(wrong()),
                }
            }
            _ => return Err(wrong()),
        }
    }
    if let Some(last) = blocks.last() {
        whole(last)?;
        if section != Section::None && section_is_empty(last, section) {
            return Err(ParseError::at(count, "ends in the middle of a block (is it cut off?)"));
        }
    }
    Ok(blocks)
}

fn section_is_empty(block: &Block<'_>, section: Section) -> bool {
    match section {
        Section::Dependencies => block.dependencies.is_empty(),
        Section::Optional => block.optional.is_empty(),
        Section::None | Section::Other => false,
    }
}

/// A block has a version and, unless it is a path of the project, the place it comes from.
fn whole(block: &Block<'_>) -> Result<(), ParseError> {
    let local = |selector: &Cow<'_, str>| ["@file:", "@link:", "@.", "@/"].iter().any(|path| selector.contains(path));
    let missing = match () {
        () if block.version.is_empty() => "version",
        () if block.resolved.is_none() && !block.selectors.iter().any(local) => "resolved",
        () => return Ok(()),
    };
    let shown = block.selectors.first().map(|selector| shorten(selector)).unwrap_or_default();
    Err(ParseError::at(block.line, format!("`{shown}` has no `{missing}` (is the file cut off?)")))
}

/// `a@1, "@s/b@^1 || ^2":`
fn selectors(content: &str) -> Option<Vec<Cow<'_, str>>> {
    let mut rest = content.strip_suffix(':')?;
    let mut found = Vec::new();
    loop {
        let (selector, after) = if rest.starts_with('"') {
            quoted(rest)?
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            (Cow::Borrowed(&rest[..end]), &rest[end..])
        };
        if selector.is_empty() || selector.starts_with('<') || selector.starts_with('>') || selector.starts_with('=') {
            return None;
        }
        found.push(selector);
        match after.strip_prefix(", ") {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(found),
            None => return None,
        }
    }
}

/// A field two spaces in: its value is taken, or a section is opened.
fn field<'a>(block: &mut Block<'a>, content: &'a str) -> Option<Section> {
    match content {
        "dependencies:" => return Some(Section::Dependencies),
        "optionalDependencies:" => return Some(Section::Optional),
        _ if content.ends_with(':') && !content.contains(' ') => return Some(Section::Other),
        _ => {}
    }
    let (key, value) = pair(content)?;
    match &*key {
        "name" => block.name = Some(value),
        "version" => block.version = value,
        "resolved" => block.resolved = Some(value),
        "integrity" => block.integrity = Some(value),
        _ => {}
    }
    Some(Section::None)
}

/// Two words, each bare or between quotes.
fn pair(content: &str) -> Option<Need<'_>> {
    let (key, rest) = word(content)?;
    let (value, rest) = word(rest.strip_prefix(' ')?)?;
    rest.is_empty().then_some((key, value))
}

fn word(text: &str) -> Option<(Cow<'_, str>, &str)> {
    if text.starts_with('"') {
        return quoted(text);
    }
    let end = text.find(' ').unwrap_or(text.len());
    (end > 0).then(|| (Cow::Borrowed(&text[..end]), &text[end..]))
}

/// A JSON string and what follows it.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut escaped = false;
    let inside = text.strip_prefix('"')?;
    let at = inside.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })?;
    let content = &inside[..at];
    let content = if content.contains('\\') {
        Cow::Owned(serde_json::from_str(&text[..at + 2]).ok()?)
    } else {
        Cow::Borrowed(content)
    };
    Some((content, &inside[at + 1..]))
}
