//! Yarn's descriptors (`name@range`), patches and overrides taken apart.

use super::borrowed::Text;

/// The name before the range; a scope begins with `@` too.
pub(super) fn split(descriptor: &str) -> (&str, &str) {
    let at = descriptor.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
    at.map_or((descriptor, ""), |at| (&descriptor[..at], &descriptor[at + 1..]))
}

/// `%3A` and its like made plain; what is no such sequence stays.
pub(super) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()).filter(|_| bytes[at] == b'%') {
            Some(byte) => {
                plain.push(byte);
                at += 3;
            }
            None => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// The descriptor a patch is laid over, always with its protocol: `a@npm:^1` of `a@patch:a@npm%3A^1#…` and of Yarn 2's
/// `a@patch:a@^1#…`.
pub(super) fn inner_of_patch(descriptor: &str) -> Option<String> {
    let (_, range) = split(descriptor);
    let inner = range.strip_prefix("patch:")?.split('#').next()?;
    let (name, range) = split(inner);
    let range = percent_decoded(range);
    if range.contains(':') { Some(format!("{name}@{range}")) } else { Some(format!("{name}@npm:{range}")) }
}

/// One of the root manifest's `resolutions`: `name`, `name@range`, `parent/name`, `parent@range/name`, `**/name`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Override<'a> {
    parent: Option<(&'a str, &'a str)>,
    name: &'a str,
    range: &'a str,
    /// What is taken instead.
    pub(super) target: &'a str,
}

impl<'a> Override<'a> {
    pub(super) fn parse((pattern, target): &'a (Text<'a>, Text<'a>)) -> Option<Self> {
        let mut rest: &str = pattern;
        while let Some(inner) = rest.strip_prefix("**/") {
            rest = inner;
        }
        let (first, after) = ident(rest)?;
        let range = after.strip_prefix('@');
        let (parent, name, range) = match (after.strip_prefix('/'), range) {
            (Some(child), _) => {
                let (name, after) = ident(child.strip_prefix("**/").unwrap_or(child))?;
                (Some((first, "")), name, after.strip_prefix('@').unwrap_or_default())
            }
            // A range holds slashes itself where it is a patch, a URL or an alias of a scoped package.
            (None, Some(range)) if range.contains('/') && !range.contains(['#']) && !range.contains("@@") => {
                match range.split_once('/') {
                    Some((of_parent, child)) if !of_parent.contains(":@") && !of_parent.ends_with(':') => {
                        let (name, after) = ident(child)?;
                        (Some((first, of_parent)), name, after.strip_prefix('@').unwrap_or_default())
                    }
                    _ => (None, first, range),
                }
            }
            (None, range) => (None, first, range.unwrap_or_default()),
        };
        Some(Self { parent, name, range, target })
    }

    /// Whether it holds for what the package at `locator` asks for.
    pub(super) fn covers(&self, locator: &str, reference: &str, (name, range): (&str, &str)) -> bool {
        let same = |stated: &str, found: &str| {
            stated.is_empty() || stated == found || found.strip_prefix("npm:") == Some(stated)
        };
        let parent = self.parent.is_none_or(|(name, wanted)| name == locator && same(wanted, reference));
        parent && self.name == name && (same(self.range, range) || self.range.strip_prefix("npm:") == Some(range))
    }
}

/// `name` or `@scope/name`, and what follows.
fn ident(text: &str) -> Option<(&str, &str)> {
    let start = if text.starts_with('@') { text.find('/')? + 1 } else { 0 };
    let end = text[start..].find(['/', '@']).map_or(text.len(), |at| start + at);
    (end > start).then(|| text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    #[test]
    fn a_patch_is_laid_over_a_descriptor() {
        for (patch, wanted) in [
            ("a@patch:a@npm%3A~5.4.5#optional!builtin<compat/a>", Some("a@npm:~5.4.5")),
            ("a@patch:a@^4#~builtin<compat/a>", Some("a@npm:^4")),
            ("@s/a@patch:@s/a@npm%3A1#./x.patch", Some("@s/a@npm:1")),
            ("a@npm:1", None),
        ] {
            assert_eq!(inner_of_patch(patch).as_deref(), wanted, "{patch}");
        }
        assert_eq!(percent_decoded("a%3Ab%%2"), "a:b%%2");
    }

    #[test]
    fn an_override_covers_what_its_pattern_says() {
        let covers = |pattern: &str, locator: (&str, &str), need: (&str, &str)| {
            let pair = (Text(Cow::Borrowed(pattern)), Text(Cow::Borrowed("2")));
            Override::parse(&pair).is_some_and(|rule| rule.covers(locator.0, locator.1, need))
        };
        let parent = ("@s/p", "npm:1.0.0");
        for (pattern, need, wanted) in [
            ("a", ("a", "npm:^1"), true),
            ("**/a", ("a", "npm:^1"), true),
            ("a", ("b", "npm:^1"), false),
            ("a@npm:^1", ("a", "npm:^1"), true),
            ("a@^1", ("a", "npm:^1"), true),
            ("a@npm:^1", ("a", "^1"), true),
            ("a@npm:^2", ("a", "npm:^1"), false),
            ("@s/p/a", ("a", "npm:^1"), true),
            ("@s/p@npm:1.0.0/a", ("a", "npm:^1"), true),
            ("@s/p@npm:2.0.0/a", ("a", "npm:^1"), false),
            ("q/a", ("a", "npm:^1"), false),
            ("@s/p/@t/a@^1", ("@t/a", "npm:^1"), true),
            ("a@npm:@t/b@^1", ("a", "npm:@t/b@^1"), true),
        ] {
            assert_eq!(covers(pattern, parent, need), wanted, "{pattern} {need:?}");
        }
    }
}
