//! The files of an image that list packages, layers merged and whiteouts applied by `oci`.

use crate::{
    ecosystem::{Found, Kind, LARGEST_FILE, Place as Where, Recognised, Sighting, recognise},
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
    let mut sighting = collector.sighting;
    sighting.files.sort_by(|a, b| a.place.cmp(&b.place));
    Ok(sighting)
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

impl Visitor for Collector {
    fn wanted(&mut self, entry: &Entry) -> bool {
        let recognised = recognise(&entry.path, Where::Image);
        // A second name of a lockfile is no second lockfile; os-release usually is a link.
        let linked = entry.link.is_some() && recognised != Recognised::Read(Kind::OsRelease);
        match recognised {
            _ if linked => false,
            Recognised::Read(_) => {
                self.total = self.total.saturating_add(entry.size);
                self.total <= LARGEST_TOTAL
            }
            Recognised::NotCovered(what) => {
                self.sighting.not_covered.push((entry.path.clone(), what));
                false
            }
            Recognised::Nothing => false,
        }
    }

    fn file(&mut self, entry: &Entry, content: &[u8]) {
        if let Recognised::Read(kind) = recognise(&entry.path, Where::Image) {
            let place = Place { path: entry.path.clone(), layer: Some(entry.layer.to_string()) };
            self.sighting.files.push(Found { place, kind, bytes: content.to_vec() });
        }
    }
}
