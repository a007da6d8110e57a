//! What stands beside a file: its neighbours and the distribution.

use super::{Place, distro::os_release::Distribution};
use std::collections::BTreeSet;

/// Reads a path relative to the root of the source; `None` when there is no such file.
pub type ReadFile<'a> = dyn Fn(&str) -> Option<Vec<u8>> + Sync + 'a;

/// What a reader may know besides its file.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    pub(super) read: &'a ReadFile<'a>,
    pub(super) place: Place,
    pub(super) distribution: Option<&'a Distribution>,
    pub(super) paths: &'a [String],
    pub(super) held: Option<&'a BTreeSet<String>>,
}

impl<'a> Surroundings<'a> {
    /// Surroundings without a known distribution.
    #[must_use]
    pub fn new(place: Place, read: &'a ReadFile<'a>) -> Self {
        Self { read, place, distribution: None, paths: &[], held: None }
    }

    /// The same with the distribution an image is made from.
    #[must_use]
    pub fn with(self, distribution: Option<&'a Distribution>) -> Self {
        Self { distribution, ..self }
    }

    /// The same with the paths of the files that formats claim, sorted.
    #[must_use]
    pub fn knowing(self, paths: &'a [String]) -> Self {
        Self { paths, ..self }
    }

    /// The paths of all files of this name at or below a folder (empty for the root), sorted. Only files that a format
    /// claims are known; of a single scanned file nothing else is.
    pub fn below(&self, folder: &str, name: &str) -> impl Iterator<Item = &'a str> {
        let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let first = self.paths.partition_point(|path| path.as_str() < start.as_str());
        let (start, name) = (start, name.to_owned());
        self.paths[first..]
            .iter()
            .map(String::as_str)
            .take_while(move |path| path.starts_with(&start))
            .filter(move |path| path.rsplit('/').next() == Some(&name))
    }

    /// The same with the paths of all files that were read.
    #[must_use]
    pub fn among(self, held: &'a BTreeSet<String>) -> Self {
        Self { held: Some(held), ..self }
    }

    /// Whether some reader was given the file at this path: only then it matters which package owns it.
    #[must_use]
    pub fn holds(&self, path: &str) -> bool {
        self.held.is_some_and(|held| held.contains(path))
    }

    /// The path under which some reader was given this file. Distributions that moved `/bin`, `/lib` and `/sbin` below `/usr`
    /// left links behind, and packages still list their files by the old names.
    #[must_use]
    pub fn held_as(&self, path: &str) -> Option<String> {
        let moved = || Some(format!("usr/{path}")).filter(|moved| self.holds(moved));
        if self.holds(path) { Some(path.to_owned()) } else { moved() }
    }

    /// A file by its path relative to the root of the source. In an image only files that a format claims are at hand.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<Vec<u8>> {
        (self.read)(path)
    }

    /// Whether this is a source tree or an image.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// The distribution an image is made from.
    #[must_use]
    pub fn distribution(&self) -> Option<&'a Distribution> {
        self.distribution
    }
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("place", &self.place).field("distribution", &self.distribution).finish()
    }
}
