//! An image on this machine.

use super::{Config, extent::Extent};
use crate::{Descriptor, Manifest, VerifyingReader};
use std::io::Read;
use subject::Digest;

/// An image whose manifest and configuration are checked and whose layers are on this machine. A fetched image's files
/// have no names and are gone with it, whatever ends the process.
#[derive(Debug)]
pub struct Image {
    /// What it is known by: its manifest's digest, or the digest of its configuration where a Docker archive has nothing
    /// else (Docker's image ID).
    pub digest: Digest,
    /// Its manifest: of the platform chosen, when the reference was an index. A Docker archive of the older form has none.
    pub manifest: Option<Manifest>,
    /// Its configuration.
    pub config: Config,
    /// Its layers, lowest first.
    pub layers: Vec<LayerBlob>,
}

/// A layer as an archive on this machine, compressed or not.
#[derive(Debug)]
pub struct LayerBlob {
    /// What is stored: media type, digest and size. A Docker archive names only the digest of the uncompressed archive.
    pub descriptor: Descriptor,
    /// The digest of the archive uncompressed, as the configuration says.
    pub diff_id: Digest,
    pub(super) content: Extent,
    stored: Stored,
}

/// Whether the digest of the stored bytes is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stored {
    Described,
    Unknown,
}

impl LayerBlob {
    /// A layer whose stored bytes have the descriptor's digest.
    pub(super) fn described(descriptor: Descriptor, diff_id: Digest, content: Extent) -> Self {
        Self { descriptor, diff_id, content, stored: Stored::Described }
    }

    /// A layer of which only the uncompressed archive's digest is known, which names it.
    pub(super) fn unpacked(media_type: &str, diff_id: Digest, content: Extent) -> Self {
        let descriptor = Descriptor::new(media_type, diff_id, content.length());
        Self { descriptor, diff_id, content, stored: Stored::Unknown }
    }

    /// A reader of the stored bytes, whose end is their check where their digest is known.
    pub(super) fn open(&self) -> Box<dyn Read + Send + '_> {
        match self.stored {
            Stored::Described => Box::new(VerifyingReader::new(self.content.open(), &self.descriptor)),
            Stored::Unknown => Box::new(self.content.open()),
        }
    }

    /// The digest that a reader of the stored bytes checks.
    pub(super) fn checked(&self) -> Option<Digest> {
        (self.stored == Stored::Described).then_some(self.descriptor.digest)
    }
}
