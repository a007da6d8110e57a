//! How pnpm's lockfiles name a package, by generation (pnpm, "dependency path").

use std::borrow::Cow;

/// The three ways of writing paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Lockfile 5: `/@s/a/1.0.0_peer@2.0.0`, a reference is `1.0.0_peer@2.0.0`.
    Slashes,
    /// Lockfile 6: `/@s/a@1.0.0(peer@2.0.0)`.
    LeadingSlash,
    /// Lockfile 9: `@s/a@1.0.0(peer@2.0.0)`; what a package is and what it needs are kept apart.
    Bare,
}

/// The key that a dependency on `name` with this reference means; `None` for a link to a folder of the project.
pub(super) fn key<'a>(style: Style, name: &str, reference: &'a str) -> Option<Cow<'a, str>> {
    if reference.starts_with("link:") {
        return None;
    }
    let before_peers = reference.find('(').map_or(reference, |at| &reference[..at]);
    let whole = match style {
        Style::Slashes => reference.starts_with("file:") || before_peers.contains('/'),
        Style::LeadingSlash => reference.starts_with("file:") || before_peers.contains('/'),
        // An alias: its first `@` comes before any protocol.
        Style::Bare => {
            let at = before_peers.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
            before_peers.starts_with('@') || at.is_some_and(|at| before_peers.find(':').is_none_or(|colon| at < colon))
        }
    };
    Some(match (whole, style) {
        (true, _) => Cow::Borrowed(reference),
        (false, Style::Slashes) => Cow::Owned(format!("/{name}/{reference}")),
        (false, Style::LeadingSlash) => Cow::Owned(format!("/{name}@{reference}")),
        (false, Style::Bare) => Cow::Owned(format!("{name}@{reference}")),
    })
}

/// The key without the peers that this copy of the package was given.
pub(super) fn without_peers(style: Style, key: &str) -> &str {
    match style {
        Style::Slashes if key.starts_with("file:") => key,
        Style::Slashes => {
            let last = key.rfind('/').map_or(0, |at| at + 1);
            key[last..].find('_').map_or(key, |at| &key[..last + at])
        }
        Style::LeadingSlash | Style::Bare => key.find('(').map_or(key, |at| &key[..at]),
    }
}

/// Name and version out of a key without peers, for packages of a registry; `None` for archives, repositories and folders.
pub(super) fn identity(style: Style, key: &str) -> Option<(&str, &str)> {
    if key.starts_with("file:") {
        return None;
    }
    let (name, version) = match style {
        Style::Slashes => {
            let (path, version) = key.rsplit_once('/')?;
            (last_name(path), version)
        }
        Style::LeadingSlash => {
            let (path, version) = key.rsplit_once('@').filter(|(path, _)| !path.is_empty())?;
            (last_name(path), version)
        }
        Style::Bare => {
            let at = key.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at)?;
            (&key[..at], &key[at + 1..])
        }
    };
    // Lockfile 6 with `github.com/o/r/<commit>` has no version either.
    version.starts_with(|c: char| c.is_ascii_digit()).then_some((name, version)).filter(|(name, _)| !name.is_empty())
}

/// `@s/a` of `/@s/a` and of `registry.example.com/@s/a`.
fn last_name(path: &str) -> &str {
    let (before, name) = path.rsplit_once('/').unwrap_or(("", path));
    let scope = before.rsplit_once('/').map_or(before, |(_, scope)| scope);
    if scope.starts_with('@') { &path[path.len() - name.len() - scope.len() - 1..] } else { name }
}

/// The path of a folder seen from another, both relative to the lockfile's folder; `None` outside of it.
pub(super) fn join(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = if from == "." { Vec::new() } else { from.split('/').collect() };
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_means_a_key() {
        use Style::{Bare, LeadingSlash, Slashes};
        for (style, name, reference, wanted) in [
            (Slashes, "a", "1.0.0", Some("/a/1.0.0")),
            (Slashes, "@s/a", "1.0.0_b@2.0.0", Some("/@s/a/1.0.0_b@2.0.0")),
            (Slashes, "a", "/real/1.0.0", Some("/real/1.0.0")),
            (Slashes, "a", "github.com/o/a/0123", Some("github.com/o/a/0123")),
            (Slashes, "a", "file:a.tgz", Some("file:a.tgz")),
            (Slashes, "a", "link:../a", None),
            (LeadingSlash, "a", "1.0.0(@s/b@2.0.0)", Some("/a@1.0.0(@s/b@2.0.0)")),
            (LeadingSlash, "a", "/@s/real@1.0.0(b@2.0.0)", Some("/@s/real@1.0.0(b@2.0.0)")),
            (LeadingSlash, "a", "@codeload.github.com/o/a/tar.gz/0123", Some("@codeload.github.com/o/a/tar.gz/0123")),
            (Bare, "a", "1.0.0(@s/b@2.0.0)", Some("a@1.0.0(@s/b@2.0.0)")),
            (Bare, "a", "real@1.0.0(b@2.0.0)", Some("real@1.0.0(b@2.0.0)")),
            (Bare, "a", "@s/real@1.0.0", Some("@s/real@1.0.0")),
            (Bare, "a", "https://h/x.tgz(b@1.0.0)", Some("a@https://h/x.tgz(b@1.0.0)")),
            (Bare, "a", "git+ssh://git@h/x#0123", Some("a@git+ssh://git@h/x#0123")),
            (Bare, "a", "file:dir/@s/x", Some("a@file:dir/@s/x")),
            (Bare, "a", "@s/x@file:dir", Some("@s/x@file:dir")),
        ] {
            assert_eq!(key(style, name, reference).as_deref(), wanted, "{style:?} {name} {reference}");
        }
    }

    #[test]
    fn a_key_tells_name_and_version() {
        use Style::{Bare, LeadingSlash, Slashes};
        for (style, path, wanted) in [
            (Slashes, "/a/1.0.0", Some(("a", "1.0.0"))),
            (Slashes, "/@s/a/1.0.0-rc.1_b@2.0.0+@t+c@3.0.0", Some(("@s/a", "1.0.0-rc.1"))),
            (Slashes, "/a_b/1.0.0_0123abcd", Some(("a_b", "1.0.0"))),
            (Slashes, "npm.example.com/@s/a/1.0.0", Some(("@s/a", "1.0.0"))),
            (Slashes, "npm.example.com/a/1.0.0", Some(("a", "1.0.0"))),
            (Slashes, "github.com/o/a/f123", None),
            (Slashes, "file:a_b", None),
            (LeadingSlash, "/@s/a@1.0.0(b@2.0.0)(@t/c@3.0.0(d@4.0.0))", Some(("@s/a", "1.0.0"))),
            (LeadingSlash, "npm.example.com/@s/a@1.0.0", Some(("@s/a", "1.0.0"))),
            (LeadingSlash, "github.com/o/a/f123", None),
            (Bare, "@s/a@1.0.0(patch_hash=ab)(b@2.0.0)", Some(("@s/a", "1.0.0"))),
            (Bare, "a@https://h/x.tgz", None),
            (Bare, "@s/a@file:x", None),
        ] {
            assert_eq!(identity(style, without_peers(style, path)), wanted, "{path}");
        }
    }

    #[test]
    fn a_link_is_joined_to_its_importer() {
        for (from, link, wanted) in [
            (".", "packages/a", Some("packages/a")),
            ("packages/a", "../b", Some("packages/b")),
            ("packages/a", "../..", Some(".")),
            (".", "../x", None),
        ] {
            assert_eq!(join(from, link).as_deref(), wanted);
        }
    }
}
