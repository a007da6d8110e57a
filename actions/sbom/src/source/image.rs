//! The files of an image that list packages, layers merged and whiteouts applied by `oci`.

use crate::{
    ecosystem::distro::{self, OS_RELEASE},
    ecosystem::{Candidate, Format, Found, Glimpse, LARGEST_FILE, Place as Where, Reads, Sighting, glimpse, recognise},
    graph::Place,
};
use oci::image::{Files, Image, Limits, Reader, Want};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

/// All kept files together: package databases of the largest images have some ten megabytes, and each layer may have its
/// own version of them.
const LARGEST_TOTAL: u64 = 512 << 20;
/// Databases of packages beyond this are not read.
const LARGEST_DATABASE: u64 = 256 << 20;
/// Executables beyond this are not read; the largest Go programs have some hundred megabytes.
const LARGEST_PROGRAM: u64 = 512 << 20;

/// What was seen in an image.
#[derive(Debug)]
pub struct Looked {
    /// What the finished image shows.
    pub now: Sighting,
    /// What layers ship and later layers hide.
    pub past: Vec<Past>,
}

/// What one layer ships and later layers hide.
#[derive(Debug)]
pub struct Past {
    /// Which layer, the lowest 0.
    pub layer: usize,
    /// Its files.
    pub files: Sighting,
    /// By which layer each is hidden, by path.
    pub hidden_by: BTreeMap<String, usize>,
}

/// How far a look has come; another thread reads it meanwhile.
#[derive(Debug, Default)]
pub struct Progress {
    files: AtomicU64,
    bytes: AtomicU64,
}

impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (files, bytes) = (self.files.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed));
        write!(f, "{files} files of {:.1} MB passed", bytes as f64 / 1e6)
    }
}

/// What in an image lists packages. Blocks while the layers are read.
///
/// # Errors
/// [`oci::Error`] when a layer is cut off, hostile or not the one named; nothing of the image is used then.
pub fn look(image: &Image, progress: &Progress) -> Result<Looked, LookError> {
    let collector = Collector { kept: AtomicU64::new(0), progress };
    let limits = Limits { file: LARGEST_PROGRAM, ..Limits::default() };
    let Files { present, hidden, gists, layers, .. } = oci::image::read(image, &limits, &collector)?;
    let bytes = collector.kept.load(Ordering::Relaxed);
    if bytes > LARGEST_TOTAL {
        return Err(LookError::TooMuch { bytes });
    }
    let place = |path, layer: usize| Place { path, layer: layers.get(layer).map(ToString::to_string) };
    let mut gists: Vec<Option<Glimpse>> = gists.into_iter().map(Some).collect();
    let mut take = |gist: usize| gists.get_mut(gist).and_then(Option::take);
    let mut now = Sighting::default();
    for (entry, gist) in present {
        // One content under several names is understood under the first of them.
        if let Some(glimpse) = take(gist) {
            now.take(glimpse, place(entry.path, entry.layer));
        }
    }
    let mut past: Vec<Past> = Vec::new();
    for (file, gist) in hidden {
        let Some(glimpse) = take(gist) else { continue };
        if past.last().is_none_or(|last| last.layer != file.layer) {
            past.push(Past { layer: file.layer, files: Sighting::default(), hidden_by: BTreeMap::new() });
        }
        if let Some(last) = past.last_mut() {
            last.hidden_by.insert(file.path.clone(), file.hidden_by);
            last.files.take(glimpse, place(file.path, file.layer));
        }
    }
    Ok(Looked { now, past })
}

/// An image could not be looked through.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The layers could not be read.
    #[error(transparent)]
    Image(#[from] oci::Error),
    /// Lockfiles and package databases without end.
    #[error("its lockfiles and package databases have {bytes} bytes, more than the {LARGEST_TOTAL} allowed")]
    TooMuch {
        /// All of them together.
        bytes: u64,
    },
}

/// Keeps what is needed later, and understands at once what can be.
struct Collector<'a> {
    /// Bytes of files that are kept until all are there.
    kept: AtomicU64,
    progress: &'a Progress,
}

fn candidate<'a>(file: &oci::image::Candidate<'a>) -> Candidate<'a> {
    Candidate { path: file.path, place: Where::Image, size: file.size, executable: file.mode & 0o111 != 0 }
}

/// The largest file of a format that is read.
fn largest(format: &Format) -> u64 {
    match format.reads {
        Reads::Alone(_) => LARGEST_PROGRAM,
        Reads::Together { .. } | Reads::Among(_) if distro::FORMATS.iter().any(|own| own.name == format.name) => {
            LARGEST_DATABASE
        }
        _ => LARGEST_FILE as u64,
    }
}

impl Reader for Collector<'_> {
    type Gist = Glimpse;

    fn wants(&self, file: &oci::image::Candidate<'_>) -> Want {
        self.progress.files.fetch_add(1, Ordering::Relaxed);
        self.progress.bytes.fetch_add(file.size, Ordering::Relaxed);
        let Some(format) = recognise(&candidate(file)) else { return Want::Nothing };
        // A second name of a lockfile is no second lockfile; os-release usually is a link.
        if file.link.is_some() && format.name != OS_RELEASE {
            return Want::Nothing;
        }
        match format.reads {
            Reads::NotCovered => Want::Name,
            _ if file.size > largest(format) => Want::Name,
            _ => Want::Content,
        }
    }

    fn gist(&self, file: &oci::image::Candidate<'_>, content: Vec<u8>) -> Glimpse {
        let Some(format) = recognise(&candidate(file)) else { return Glimpse::Nothing };
        if file.size > largest(format) {
            return Glimpse::TooLarge(file.size);
        }
        let kept = if let Reads::Alone(_) = format.reads { 0 } else { content.len() as u64 };
        if self.kept.fetch_add(kept, Ordering::Relaxed).saturating_add(kept) > LARGEST_TOTAL {
            return Glimpse::Nothing;
        }
        glimpse(format, Found { place: Place { path: file.path.to_owned(), layer: None }, bytes: content })
    }
}
