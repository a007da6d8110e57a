//! OCI image layouts: a folder with `oci-layout`, `index.json` and `blobs/sha256/…` (image-spec 1.1 "Image Layout").
//!
//! [`Layout`] reads and writes one; [`push_layout`] takes its image to a registry.

mod push;

pub use push::push_layout;

use crate::{Descriptor, Error, ErrorKind, Index, MANIFEST_LIMIT, Manifest, VerifyingReader, media};
use bytes::Bytes;
use std::{
    collections::BTreeMap,
    fs, io,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};
use subject::{Digest, Hasher};

/// The annotation under which a layout's index names its tags.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// An image layout in a folder.
#[derive(Debug, Clone)]
pub struct Layout {
    folder: PathBuf,
}

impl Layout {
    /// Opens the layout in this folder.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none, [`ErrorKind::Invalid`] when its version is not 1.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, Error> {
        let layout = Self { folder: folder.into() };
        let doing = format!("open the image layout {}", layout.folder.display());
        let bytes = layout.small("oci-layout").map_err(|error| Error::local(&doing, &error))?;
        let version = serde_json::from_slice::<serde_json::Value>(&bytes).ok();
        let version = version.as_ref().and_then(|version| version.get("imageLayoutVersion")?.as_str());
        match version {
            Some(version) if version.starts_with("1.") => Ok(layout),
            _ => Err(Error::invalid(doing, "its oci-layout file names no version 1")),
        }
    }

    /// Makes an empty layout in this folder, or opens the one that is there.
    ///
    /// # Errors
    /// [`ErrorKind::Local`] when the folder cannot be written.
    pub fn create(folder: impl Into<PathBuf>) -> Result<Self, Error> {
        let layout = Self { folder: folder.into() };
        if layout.folder.join("oci-layout").exists() {
            return Self::open(layout.folder);
        }
        let disk = |error| Error::local(format!("make the image layout {}", layout.folder.display()), &error);
        fs::create_dir_all(layout.folder.join("blobs/sha256")).map_err(disk)?;
        fs::write(layout.folder.join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#).map_err(disk)?;
        layout.write_index(&[])?;
        Ok(layout)
    }

    /// The folder it is in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The images its `index.json` names.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when it is malformed or too large, [`ErrorKind::Local`] when it cannot be read.
    pub fn index(&self) -> Result<Vec<Descriptor>, Error> {
        let doing = format!("read the index of the image layout {}", self.folder.display());
        let bytes = self.small("index.json").map_err(|error| Error::local(&doing, &error))?;
        let index: Index =
            serde_json::from_slice(&bytes).map_err(|error| Error::invalid(&doing, format!("not an index: {error}")))?;
        Ok(index.manifests)
    }

    /// The image under this tag, or the only one when no tag is asked for.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such image, [`ErrorKind::Invalid`] when there are several to choose from.
    pub fn image(&self, tag: Option<&str>) -> Result<Descriptor, Error> {
        pick(format!("find the image in the layout {}", self.folder.display()), self.index()?, tag)
    }

    /// The manifest this descriptor speaks of, checked.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], or [`ErrorKind::Invalid`] when the bytes are not the ones described or no manifest.
    pub fn manifest(&self, wanted: &Descriptor) -> Result<Manifest, Error> {
        let bytes = self.blob_bytes(wanted, MANIFEST_LIMIT as u64)?;
        Manifest::parse(bytes, Some(&wanted.media_type))
    }

    /// A reader of the blob this descriptor speaks of, whose end is the check.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] or [`ErrorKind::Local`].
    pub fn blob(&self, wanted: &Descriptor) -> Result<VerifyingReader<fs::File>, Error> {
        let file = fs::File::open(self.blob_path(&wanted.digest)).map_err(|error| self.unreadable(wanted, &error))?;
        Ok(VerifyingReader::new(file, wanted))
    }

    /// A whole blob of at most `limit` bytes, checked.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], or [`ErrorKind::Invalid`] when it is larger or not the one described.
    pub fn blob_bytes(&self, wanted: &Descriptor, limit: u64) -> Result<Bytes, Error> {
        if wanted.size > limit {
            let doing = format!("read blob {} of the layout {}", wanted.digest, self.folder.display());
            return Err(Error::invalid(doing, format!("{} bytes are more than the {limit} allowed", wanted.size)));
        }
        let mut bytes = Vec::new();
        self.blob(wanted)?.read_to_end(&mut bytes).map_err(|error| self.unreadable(wanted, &error))?;
        Ok(bytes.into())
    }

    /// The file a blob is kept in.
    #[must_use]
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.folder.join("blobs/sha256").join(digest.hex())
    }

    /// Keeps these bytes as a blob.
    ///
    /// # Errors
    /// [`ErrorKind::Local`] when the disk does not take them.
    pub fn write_blob(&self, media_type: &str, bytes: &[u8]) -> Result<Descriptor, Error> {
        let mut input = bytes;
        self.write_blob_from(media_type, &mut input)
    }

    /// Keeps everything that `input` yields as a blob.
    ///
    /// # Errors
    /// [`ErrorKind::Local`] when the disk does not take it or `input` fails.
    pub fn write_blob_from(&self, media_type: &str, input: &mut dyn io::Read) -> Result<Descriptor, Error> {
        let disk = |error: io::Error| Error::local(format!("write to the layout {}", self.folder.display()), &error);
        let blobs = self.folder.join("blobs/sha256");
        let mut file = tempfile::NamedTempFile::new_in(&blobs).map_err(disk)?;
        let mut hasher = Hasher::new();
        let mut size = 0;
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = input.read(&mut buffer).map_err(disk)?;
            let piece = buffer.get(..read).unwrap_or_default();
            if piece.is_empty() {
                break;
            }
            hasher.update(piece);
            size += piece.len() as u64;
            file.write_all(piece).map_err(disk)?;
        }
        let digest = hasher.finish();
        // A temporary file is the owner's alone; a layout is for everybody who may read the folder.
        let mut permissions = file.as_file().metadata().map_err(disk)?.permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
        file.as_file().set_permissions(permissions).map_err(disk)?;
        file.persist(self.blob_path(&digest)).map_err(|error| disk(error.error))?;
        Ok(Descriptor::new(media_type, digest, size))
    }

    /// Names an image in `index.json`, under a tag where one is given; the tag's former image loses it.
    ///
    /// # Errors
    /// As [`Layout::index`], and [`ErrorKind::Local`] when the folder cannot be written.
    pub fn add(&self, image: Descriptor, tag: Option<&str>) -> Result<(), Error> {
        let mut image = image;
        if let Some(tag) = tag {
            image.annotations.insert(REF_NAME.into(), tag.into());
        }
        let replaced = |old: &Descriptor| match old.annotations.get(REF_NAME) {
            Some(name) => Some(name.as_str()) == tag,
            None => old.digest == image.digest,
        };
        let mut images = self.index()?;
        images.retain(|old| !replaced(old));
        images.push(image);
        self.write_index(&images)
    }

    fn write_index(&self, images: &[Descriptor]) -> Result<(), Error> {
        let doing = || format!("write the index of the layout {}", self.folder.display());
        let index = Index {
            schema_version: 2,
            media_type: Some(media::IMAGE_INDEX.into()),
            artifact_type: None,
            manifests: images.to_vec(),
            subject: None,
            annotations: BTreeMap::new(),
        };
        let bytes = serde_json::to_vec(&index).map_err(|error| Error::invalid(doing(), error.to_string()))?;
        fs::write(self.folder.join("index.json"), bytes).map_err(|error| Error::local(doing(), &error))
    }

    fn small(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let file = fs::File::open(self.folder.join(name))?;
        file.take(MANIFEST_LIMIT as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > MANIFEST_LIMIT {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{name} is longer than {MANIFEST_LIMIT} bytes"),
            ));
        }
        Ok(bytes)
    }

    fn unreadable(&self, wanted: &Descriptor, error: &io::Error) -> Error {
        Error::local(format!("read blob {} of the layout {}", wanted.digest, self.folder.display()), error)
    }
}

/// Of the images of a layout's index the one under this tag, or the only one. containerd names images in an annotation of
/// its own, with their registry.
pub(crate) fn pick(doing: String, images: Vec<Descriptor>, tag: Option<&str>) -> Result<Descriptor, Error> {
    let name = |image: &Descriptor, key| image.annotations.get(key).map(String::as_str) == tag;
    let named = |image: &Descriptor| tag.is_none() || name(image, REF_NAME) || name(image, "io.containerd.image.name");
    let mut images: Vec<_> = images.into_iter().filter(named).collect();
    images.sort_by_key(|image| image.digest);
    images.dedup_by_key(|image| image.digest);
    let count = images.len();
    match images.pop() {
        Some(image) if count == 1 => Ok(image),
        Some(_) => Err(Error::invalid(doing, format!("it holds {count} images; name one by its tag"))),
        None => Err(Error::new(ErrorKind::NotFound, doing, "there is none")),
    }
}
