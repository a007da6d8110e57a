//! What a file format is: which files hold it, and how they are read.

use super::{BadFile, Found, ParseError, surroundings::Surroundings};
use crate::graph::Inventory;

/// Where a path was seen: the same name can mean different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A source tree.
    Tree,
    /// An image's file system.
    Image,
}

/// A file of the source, before anybody has looked into it.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its path relative to the tree or the image's root, with `/`.
    pub path: &'a str,
    /// Where it was seen.
    pub place: Place,
    /// Its length in bytes.
    pub size: u64,
    /// Whether somebody may execute it.
    pub executable: bool,
}

impl<'a> Candidate<'a> {
    /// Its name without its folder.
    #[must_use]
    pub fn file_name(&self) -> &'a str {
        self.path.rsplit_once('/').map_or(self.path, |(_, name)| name)
    }

    /// Its folder, empty for the root.
    #[must_use]
    pub fn folder(&self) -> &'a str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// One way in which a tool keeps its list of packages.
#[derive(Debug)]
pub struct Format {
    /// What a person calls it, such as `Cargo.lock`.
    pub name: &'static str,
    /// Whether the file at this path holds it.
    pub claims: fn(&Candidate<'_>) -> bool,
    /// How it is read.
    pub reads: Reads,
}

/// A reader of one file that needs nothing else. Where the file is may not be known yet: inventories name no files, or call
/// this one by an empty path and what is within it by a path that begins with `!/`.
pub type Alone = fn(&Found) -> Result<Vec<Inventory>, ParseError>;
/// A reader of one file that may ask for its neighbours.
pub type Among = fn(&Found, &Surroundings<'_>) -> Result<Vec<Inventory>, BadFile>;
/// A reader of all the files of one installation.
pub type Together = fn(&[&Found], &Surroundings<'_>) -> Result<Vec<Inventory>, BadFile>;

/// How the files of a format are read.
#[derive(Debug, Clone, Copy)]
pub enum Reads {
    /// The file alone tells everything: it is understood as soon as it is seen, and forgotten.
    Alone(Alone),
    /// One file at a time, its neighbours at hand.
    Among(Among),
    /// All files with the same key are one installation or database.
    Together {
        /// What the files of one installation have in common, from a file's path.
        key: fn(&str) -> &str,
        /// Reads them, sorted by path.
        read: Together,
    },
    /// Read only when another format asks for it ([`Surroundings::file`]).
    Companion,
    /// It lists packages and nobody here can read it: that is said.
    NotCovered,
}

/// Folders of an image whose lockfiles belong to an installed package, not to the application.
const FOREIGN: &[&str] = &["node_modules/", "site-packages/", "dist-packages/", "usr/share/doc/", ".cargo/registry/"];

/// Whether a lockfile here speaks for the application: not one that was shipped inside an installed package.
#[must_use]
pub fn is_the_applications(candidate: &Candidate<'_>) -> bool {
    candidate.place == Place::Tree || !FOREIGN.iter().any(|folder| candidate.path.contains(folder))
}

/// The format that claims a file; of several the first in [`super::FORMATS`].
#[must_use]
pub fn recognise(candidate: &Candidate<'_>) -> Option<&'static Format> {
    super::FORMATS.iter().copied().flatten().find(|format| (format.claims)(candidate))
}
