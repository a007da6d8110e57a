//! Folders of an installation and Node's way of finding one from another (Node.js docs, "Loading from node_modules folders").

use std::{borrow::Cow, collections::HashMap};

/// Where each folder is, by its path from the project's root.
#[derive(Debug, Default)]
pub(super) struct Folders<'a> {
    index: HashMap<Cow<'a, str>, usize>,
}

impl<'a> Folders<'a> {
    /// Folders numbered in the order given.
    pub(super) fn new(paths: impl Iterator<Item = &'a str>) -> Self {
        Self { index: paths.enumerate().map(|(index, path)| (Cow::Borrowed(path), index)).collect() }
    }

    /// The folder at a path.
    pub(super) fn get(&self, path: &str) -> Option<usize> {
        self.index.get(path).copied()
    }

    /// Another path of the folder at `target`, if there is one.
    pub(super) fn link(&mut self, path: &'a str, target: &str) {
        if let Some(found) = self.get(target) {
            self.index.insert(Cow::Borrowed(path), found);
        }
    }

    /// What `name` means inside the folder at `from`: its own `node_modules/<name>`, then the same in every folder above.
    pub(super) fn lookup(&self, from: &str, name: &str) -> Option<usize> {
        let mut candidate = String::with_capacity(from.len() + name.len() + 14);
        let mut folder = from;
        loop {
            candidate.clear();
            if !folder.is_empty() {
                candidate.push_str(folder);
                candidate.push('/');
            }
            candidate.push_str("node_modules/");
            candidate.push_str(name);
            if let Some(found) = self.get(&candidate) {
                return Some(found);
            }
            folder = above(folder)?;
        }
    }
}

/// The next folder in which Node looks: never `node_modules` itself, and never the project from outside of it.
fn above(folder: &str) -> Option<&str> {
    if folder.is_empty() || folder == ".." || folder.ends_with("/..") {
        return None;
    }
    Some(match folder.rfind("node_modules/") {
        Some(0) => "",
        Some(at) => folder[..at].trim_end_matches('/'),
        None => folder.rfind('/').map_or("", |at| &folder[..at]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_for_from_the_inside_out() {
        let paths = [
            "",
            "node_modules/a",
            "node_modules/a/node_modules/@s/b",
            "node_modules/@s/b",
            "packages/w",
            "packages/w/node_modules/a",
            "../out",
            "../node_modules/c",
        ];
        let folders = Folders::new(paths.into_iter());
        for (from, name, wanted) in [
            ("", "a", Some(1)),
            ("node_modules/a", "@s/b", Some(2)),
            ("node_modules/a/node_modules/@s/b", "a", Some(1)),
            ("node_modules/@s/b", "@s/b", Some(3)),
            ("packages/w", "a", Some(5)),
            ("packages/w/node_modules/a", "@s/b", Some(3)),
            ("packages/x", "a", Some(1)),
            ("../out", "a", None),
            ("../out", "c", Some(7)),
            ("", "gone", None),
        ] {
            assert_eq!(folders.lookup(from, name), wanted, "{from} → {name}");
        }
    }
}
