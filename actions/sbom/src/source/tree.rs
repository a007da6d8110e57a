//! A source tree, or one lockfile: the only reader of the disk.

use crate::{
    ecosystem::{Found, LARGEST_FILE, Place as Where, Recognised, Sighting, recognise},
    graph::Place,
};
use ignore::{WalkBuilder, overrides::OverrideBuilder};
use std::{
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
};

/// Folders that hold what was installed or built, not what the project states.
const SKIPPED: &[&str] = &[".git", ".hg", ".svn", "node_modules", "target", ".venv", "venv", ".tox", "__pycache__"];

/// A tree could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The disk refused.
    #[error("{}: {cause}", path.display())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The walk failed.
    #[error(transparent)]
    Walk(#[from] ignore::Error),
    /// A lockfile above [`LARGEST_FILE`].
    #[error("{path} is larger than {} MiB", LARGEST_FILE >> 20)]
    TooLarge {
        /// Relative to the tree.
        path: String,
    },
    /// A single file whose name no reader knows.
    #[error("`{name}` is no lockfile this action reads")]
    Unknown {
        /// The file's name.
        name: String,
    },
}

/// Whether a glob can be understood.
///
/// # Errors
/// What is wrong with it, a lowercase fragment.
pub fn check_glob(glob: &str) -> Result<(), String> {
    let checked = OverrideBuilder::new("/").add(&format!("!{glob}")).map(|_| ());
    checked.map_err(|error| match error {
        ignore::Error::Glob { err, .. } => err,
        error => error.to_string(),
    })
}

/// A folder on disk that is scanned, or the folder of a single scanned file.
#[derive(Debug, Clone)]
pub struct Tree {
    root: PathBuf,
    only: Option<String>,
}

impl Tree {
    /// The tree at a path: a folder, or one lockfile in its folder.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        let file = path.file_name().filter(|_| path.is_file()).map(|name| name.to_string_lossy().into_owned());
        match (file, path.parent()) {
            (Some(name), Some(folder)) => Self { root: folder.to_owned(), only: Some(name) },
            _ => Self { root: path.to_owned(), only: None },
        }
    }

    /// Everything in the tree that lists packages. Symbolic links are not followed; `exclude` are globs as in a
    /// `.gitignore`, relative to the tree.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn look(&self, exclude: &[String]) -> Result<Sighting, TreeError> {
        let mut sighting = Sighting::default();
        let paths = match &self.only {
            Some(name) => vec![name.clone()],
            None => self.walk(exclude)?,
        };
        for path in paths {
            match recognise(&path, Where::Tree) {
                Recognised::Read(kind) => {
                    let bytes = self.bytes(&path)?;
                    sighting.files.push(Found { place: Place { path, layer: None }, kind, bytes });
                }
                Recognised::NotCovered(what) if self.only.is_none() => sighting.not_covered.push((path, what)),
                _ if self.only.is_some() => return Err(TreeError::Unknown { name: path }),
                _ => {}
            }
        }
        Ok(sighting)
    }

    /// The file at a path relative to the tree, for includes; `None` when there is none that may be read.
    #[must_use]
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.bytes(path).ok()
    }

    fn walk(&self, exclude: &[String]) -> Result<Vec<String>, TreeError> {
        let mut overrides = OverrideBuilder::new(&self.root);
        for glob in exclude {
            overrides.add(&format!("!{glob}"))?;
        }
        let walk = WalkBuilder::new(&self.root)
            .standard_filters(false)
            .follow_links(false)
            .overrides(overrides.build()?)
            .filter_entry(|entry| {
                let folder = entry.file_type().is_some_and(|kind| kind.is_dir());
                !folder || entry.depth() == 0 || !SKIPPED.iter().any(|name| entry.file_name() == *name)
            })
            .build();
        let mut paths = Vec::new();
        for entry in walk {
            let entry = entry?;
            let relative = entry.path().strip_prefix(&self.root).unwrap_or(entry.path());
            if entry.file_type().is_some_and(|kind| kind.is_file()) {
                let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
                paths.push(parts.join("/"));
            }
        }
        paths.sort();
        Ok(paths)
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>, TreeError> {
        let full = self.root.join(path);
        let io = |cause| TreeError::Io { path: full.clone(), cause };
        let mut bytes = Vec::new();
        let file = fs::File::open(&full).map_err(io)?;
        file.take(LARGEST_FILE as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() > LARGEST_FILE {
            return Err(TreeError::TooLarge { path: path.to_owned() });
        }
        Ok(bytes)
    }
}
