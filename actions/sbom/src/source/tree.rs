//! A source tree, or one lockfile: the only reader of the disk.

use crate::{
    ecosystem::{Candidate, Format, Found, LARGEST_FILE, Place as Where, Reads, Sighting, recognise},
    graph::Place,
};
use ignore::{WalkBuilder, overrides::OverrideBuilder};
use std::{
    fs, io,
    io::Read as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// Folders that hold what was installed or built, not what the project states.
const SKIPPED: &[&str] = &[".git", ".hg", ".svn", "node_modules", "target", ".venv", "venv", ".tox", "__pycache__"];

/// Fewer files than this are read faster than a thread is started.
const FILES_PER_WORKER: usize = 16;

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
        /// How large.
        bytes: u64,
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
        let Some(name) = &self.only else { return self.read_all(&self.walk(exclude)?) };
        let places = [Where::Tree, Where::Image];
        let format = places.into_iter().find_map(|place| recognise(&self.candidate(name, place)));
        let format = format.ok_or_else(|| TreeError::Unknown { name: name.clone() })?;
        self.read_all(&[(name.clone(), format)])
    }

    /// Reads the files and gives each to its reader, as many at once as there are cores.
    fn read_all(&self, files: &[(String, &'static Format)]) -> Result<Sighting, TreeError> {
        let workers =
            std::thread::available_parallelism().map_or(1, usize::from).min(files.len() / FILES_PER_WORKER + 1);
        let part = |files: &[(String, &'static Format)]| {
            let mut sighting = Sighting::default();
            files.iter().try_for_each(|(path, format)| self.take(&mut sighting, path, format)).map(|()| sighting)
        };
        if workers < 2 {
            return part(files);
        }
        std::thread::scope(|scope| {
            let parts = files.chunks(files.len().div_ceil(workers));
            let running: Vec<_> = parts.map(|files| scope.spawn(move || part(files))).collect();
            running.into_iter().try_fold(Sighting::default(), |mut all, worker| {
                let part = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
                all.extend(part);
                Ok(all)
            })
        })
    }

    fn take(&self, sighting: &mut Sighting, path: &str, format: &'static Format) -> Result<(), TreeError> {
        let place = Place { path: path.to_owned(), layer: None };
        match format.reads {
            Reads::Companion => sighting.companion(path),
            Reads::NotCovered => sighting.not_covered(place, format.name),
            Reads::Alone(_) | Reads::Among(_) | Reads::Together { .. } => match self.bytes(path) {
                Ok(bytes) => sighting.add(format, Found { place, bytes }),
                Err(TreeError::TooLarge { bytes, .. }) => sighting.too_large(place, bytes),
                Err(error) => return Err(error),
            },
        }
        Ok(())
    }

    fn candidate<'a>(&self, path: &'a str, place: Where) -> Candidate<'a> {
        let metadata = fs::metadata(self.root.join(path)).ok();
        let size = metadata.as_ref().map_or(0, fs::Metadata::len);
        let executable = metadata.is_some_and(|metadata| metadata.permissions().mode() & 0o111 != 0);
        Candidate { path, place, size, executable }
    }

    /// The file at a path relative to the tree, for neighbours; `None` when there is none that may be read.
    #[must_use]
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.bytes(path).ok()
    }

    fn walk(&self, exclude: &[String]) -> Result<Vec<(String, &'static Format)>, TreeError> {
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
        let mut files = Vec::new();
        for entry in walk {
            let entry = entry?;
            if !entry.file_type().is_some_and(|kind| kind.is_file()) {
                continue;
            }
            let relative = entry.path().strip_prefix(&self.root).unwrap_or(entry.path());
            let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            let path = parts.join("/");
            // Executables are looked for in images only: neither size nor mode is asked for here.
            let candidate = Candidate { path: &path, place: Where::Tree, size: 0, executable: false };
            if let Some(format) = recognise(&candidate) {
                files.push((path, format));
            }
        }
        files.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(files)
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>, TreeError> {
        let full = self.root.join(path);
        let io = |cause| TreeError::Io { path: full.clone(), cause };
        let mut bytes = Vec::new();
        let file = fs::File::open(&full).map_err(io)?;
        file.take(LARGEST_FILE as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() > LARGEST_FILE {
            let bytes = fs::metadata(&full).map_or(bytes.len() as u64, |metadata| metadata.len());
            return Err(TreeError::TooLarge { path: path.to_owned(), bytes });
        }
        Ok(bytes)
    }
}
