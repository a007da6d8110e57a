//! Images in an archive file: an OCI layout as a tar archive, or what `docker save` writes. Read in place.
//!
//! The archive is gone through once, from header to header, by seeking; after that every blob is a stretch of the file.
//! A compressed archive cannot be read like that: it is uncompressed into a file without a name first.

use super::{
    Image, docker,
    extent::Extent,
    fetch::{Blobs, every_of, from_store},
    inflate::{Budget, Inflated, wrong},
    read::Limits,
    seek::Seeking,
    tar::{Archive as Tar, What},
};
use crate::{Descriptor, Error, ErrorKind, Index, MANIFEST_LIMIT, Manifest, Platform, VerifyingReader, layout};
use bytes::Bytes;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _, Seek as _},
    path::Path,
};

/// Members of an archive beyond this are no image's.
const MEMBERS: usize = 200_000;
/// Links followed from one member to the next.
const LINKS: usize = 8;

/// An archive file with images in it.
#[derive(Debug)]
pub struct Archive {
    name: String,
    whole: Extent,
    members: BTreeMap<String, Spot>,
}

/// Where a member's content is.
#[derive(Debug)]
enum Spot {
    Here {
        start: u64,
        length: u64,
    },
    /// Older versions of Docker write a layer once and link to it.
    At(String),
}

impl Archive {
    /// Could this file be an image archive, by its first bytes? Neither a lockfile nor any other text is.
    #[must_use]
    pub fn is_likely(path: &Path) -> bool {
        let mut start = Vec::new();
        let read = File::open(path).and_then(|file| file.take(512).read_to_end(&mut start));
        let tar = start.get(257..262) == Some(b"ustar");
        let compressed = start.starts_with(&[0x1f, 0x8b]) || start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
        read.is_ok() && (tar || compressed)
    }

    /// Opens an archive file.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none, [`ErrorKind::Invalid`] when it is no archive, is cut off, or holds neither
    /// an OCI layout nor Docker's `manifest.json`.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let name = format!("the archive {}", path.display());
        let file = File::open(path).map_err(|error| Error::local(format!("open {name}"), &error))?;
        Self::of(file, name)
    }

    /// An archive in an open file; `name` stands in messages.
    ///
    /// # Errors
    /// As [`Archive::open`].
    pub fn of(file: File, name: impl Into<String>) -> Result<Self, Error> {
        let name = name.into();
        let doing = format!("open {name}");
        let refused = |error: io::Error| Error::local(&doing, &error);
        let whole = plain(file).map_err(refused)?;
        let members = members(&whole).map_err(refused)?;
        let archive = Self { name, whole, members };
        if !archive.is_layout() && !archive.members.contains_key(docker::MANIFEST) {
            return Err(Error::invalid(doing, "it is no image: it holds neither `oci-layout` nor `manifest.json`"));
        }
        Ok(archive)
    }

    /// The image of this name, or the only one when none is asked for; of an index, the one for this platform.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such image or part of it is missing, [`ErrorKind::Invalid`] when there are
    /// several to choose from or a part is not the one that is named.
    pub fn image(&self, name: Option<&str>, platform: &Platform) -> Result<Image, Error> {
        if self.is_layout() {
            return from_store(self, self.named(name)?, platform);
        }
        docker::image(self, name)
    }

    /// What there is under this name, as [`Image::all`]; each is opened with [`Archive::open_digest`]. Empty for a Docker
    /// archive of the older form, which holds [`Archive::image`] and nothing else.
    ///
    /// # Errors
    /// As [`Archive::image`].
    pub fn all(&self, name: Option<&str>) -> Result<Vec<Descriptor>, Error> {
        if self.is_layout() { every_of(self, self.named(name)?) } else { Ok(Vec::new()) }
    }

    /// Opens the image this descriptor names.
    ///
    /// # Errors
    /// As [`Archive::image`].
    pub fn open_digest(&self, image: &Descriptor) -> Result<Image, Error> {
        let platform = Platform { architecture: String::new(), os: String::new(), variant: None };
        from_store(self, image.clone(), &platform)
    }

    /// Docker from version 25 writes both forms; only the layout has manifests.
    fn is_layout(&self) -> bool {
        self.members.contains_key("oci-layout") && self.members.contains_key("index.json")
    }

    fn named(&self, name: Option<&str>) -> Result<Descriptor, Error> {
        let bytes = self.small("index.json")?;
        let index: Index = serde_json::from_slice(&bytes)
            .map_err(|error| Error::invalid(format!("read the index of {}", self.name), error.to_string()))?;
        layout::pick(format!("find the image in {}", self.name), index.manifests, name)
    }

    /// Where a member's content lies, through links.
    pub(super) fn find(&self, path: &str) -> Option<Extent> {
        let mut path = path.to_owned();
        for _ in 0..LINKS {
            match self.members.get(&path)? {
                Spot::Here { start, length } => return Some(self.whole.part(*start, *length)),
                Spot::At(target) => path.clone_from(target),
            }
        }
        None
    }

    /// The whole content of a small member.
    pub(super) fn small(&self, path: &str) -> Result<Vec<u8>, Error> {
        let doing = format!("read `{}` of {}", crate::error::quote(path, 120), self.name);
        let Some(extent) = self.find(path) else { return Err(Error::new(ErrorKind::NotFound, doing, "it is missing")) };
        if extent.length() > MANIFEST_LIMIT as u64 {
            return Err(Error::invalid(doing, format!("it has more than {MANIFEST_LIMIT} bytes")));
        }
        let mut bytes = Vec::new();
        extent.open().read_to_end(&mut bytes).map_err(|error| Error::local(&doing, &error))?;
        Ok(bytes)
    }

    fn content(&self, wanted: &Descriptor) -> Result<(String, Extent), Error> {
        let doing = format!("read blob {} of {}", wanted.digest, self.name);
        match self.find(&format!("blobs/sha256/{}", wanted.digest.hex())) {
            Some(extent) => Ok((doing, extent)),
            None => Err(Error::new(ErrorKind::NotFound, doing, "it is missing")),
        }
    }
}

impl Blobs for Archive {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn manifest(&self, wanted: &Descriptor) -> Result<Manifest, Error> {
        Manifest::parse(self.bytes(wanted, MANIFEST_LIMIT as u64)?, Some(&wanted.media_type))
    }

    fn bytes(&self, wanted: &Descriptor, limit: u64) -> Result<Bytes, Error> {
        let (doing, extent) = self.content(wanted)?;
        if wanted.size > limit {
            return Err(Error::invalid(doing, format!("{} bytes are more than the {limit} allowed", wanted.size)));
        }
        let mut bytes = Vec::new();
        let read = VerifyingReader::new(extent.open(), wanted).read_to_end(&mut bytes);
        read.map_err(|error| Error::local(&doing, &error))?;
        Ok(bytes.into())
    }

    fn extent(&self, wanted: &Descriptor) -> Result<Extent, Error> {
        self.content(wanted).map(|(_, extent)| extent)
    }
}

/// The archive uncompressed: the file itself, where it is not compressed.
fn plain(file: File) -> io::Result<Extent> {
    let stored = Extent::whole(file)?;
    let budget = Budget::new(Limits::default().inflated);
    let mut inflated = Inflated::new(stored.open(), stored.length(), &budget)?;
    if inflated.is_plain() {
        drop(inflated);
        return Ok(stored);
    }
    let mut spool = tempfile::tempfile()?;
    io::copy(&mut inflated, &mut spool)?;
    spool.rewind()?;
    drop(inflated);
    Extent::whole(spool)
}

fn members(whole: &Extent) -> io::Result<BTreeMap<String, Spot>> {
    let mut archive = Tar::new(Seeking::new(whole.open()));
    let mut members = BTreeMap::new();
    while let Some(member) = archive.next()? {
        if members.len() >= MEMBERS {
            return Err(wrong(format!("it holds more than {MEMBERS} members")));
        }
        let start = archive.input().position();
        let spot = match member.what {
            What::File => Spot::Here { start, length: member.size },
            What::HardLink(target) => Spot::At(target),
            What::Symlink(target) => Spot::At(beside(&member.path, &target)),
            What::Directory | What::Other => continue,
        };
        if let Spot::Here { start, length } = spot
            && start.saturating_add(length) > whole.length()
        {
            return Err(wrong("the archive is cut off"));
        }
        members.insert(member.path, spot);
    }
    Ok(members)
}

/// A symbolic link's target as a path in the archive; one that leads out of it is a path that is not there.
fn beside(path: &str, target: &str) -> String {
    let mut names: Vec<&str> = path.split('/').collect();
    names.pop();
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." if names.pop().is_none() => return String::new(),
            ".." => {}
            name => names.push(name),
        }
    }
    names.join("/")
}
