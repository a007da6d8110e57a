//! The files of an image that list packages, layers merged and whiteouts applied by `oci`.

use crate::{
    ecosystem::{Candidate, Found, LARGEST_FILE, Place as Where, Reads, Sighting, distro::OS_RELEASE, recognise},
    graph::Place,
};
use oci::image::{Entry, Image, Limits, Visitor, walk};

/// All wanted files together: package databases of the largest images have some ten megabytes.
const LARGEST_TOTAL: u64 = 512 << 20;

/// What in an image lists packages. Blocks while the layers are read.
///
/// # Errors
/// [`oci::Error`] when a layer is cut off, hostile or not the one named; nothing of the image is used then.
pub fn look(image: &Image) -> Result<Sighting, LookError> {
    let mut collector = Collector::default();
    let limits = Limits { file: LARGEST_FILE as u64, ..Limits::default() };
    walk(image, &limits, &mut collector)?;
    if collector.total > LARGEST_TOTAL {
        return Err(LookError::TooMuch { bytes: collector.total });
    }
    Ok(collector.sighting)
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

#[derive(Default)]
struct Collector {
    sighting: Sighting,
    total: u64,
}

fn candidate(entry: &Entry) -> Candidate<'_> {
    Candidate { path: &entry.path, place: Where::Image, size: entry.size, executable: entry.mode & 0o111 != 0 }
}

fn place(entry: &Entry) -> Place {
    Place { path: entry.path.clone(), layer: Some(entry.layer.to_string()) }
}

impl Visitor for Collector {
    fn wanted(&mut self, entry: &Entry) -> bool {
        let Some(format) = recognise(&candidate(entry)) else { return false };
        // A second name of a lockfile is no second lockfile; os-release usually is a link.
        if entry.link.is_some() && format.name != OS_RELEASE {
            return false;
        }
        match format.reads {
            Reads::NotCovered => self.sighting.not_covered(place(entry), format.name),
            _ if entry.size > LARGEST_FILE as u64 => self.sighting.too_large(place(entry), entry.size),
            _ => {
                self.total = self.total.saturating_add(entry.size);
                return self.total <= LARGEST_TOTAL;
            }
        }
        false
    }

    fn file(&mut self, entry: &Entry, content: &[u8]) {
        if let Some(format) = recognise(&candidate(entry)) {
            self.sighting.add(format, Found { place: place(entry), bytes: content.to_vec() });
        }
    }
}
