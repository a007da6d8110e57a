//! An image on this machine: manifest and configuration read, layers at hand.

use super::Config;
use crate::{
    Descriptor, Error, ErrorKind, ImageManifest, Index, Kind, Manifest, Platform, Registry, layout::Layout, media,
};
use bytes::Bytes;
use std::{
    fs::File,
    io::{self, Seek as _},
};
use subject::{Digest, ImageRef};

/// A configuration beyond this is none (real ones have some kilobytes).
const CONFIG_LIMIT: u64 = 8 << 20;
/// Layers that together are larger, compressed, are not fetched.
const FETCH_LIMIT: u64 = 64 << 30;

/// An image whose manifest and configuration are checked and whose layers are files on this machine. A fetched image's
/// files have no names and are gone with it, whatever ends the process.
#[derive(Debug)]
pub struct Image {
    /// Its manifest: of the platform chosen, when the reference was an index.
    pub manifest: Manifest,
    /// Its configuration.
    pub config: Config,
    /// Its layers, lowest first.
    pub layers: Vec<LayerBlob>,
}

/// A layer as a compressed archive on this machine.
#[derive(Debug)]
pub struct LayerBlob {
    /// The compressed archive: media type, digest and size.
    pub descriptor: Descriptor,
    /// The digest of the archive uncompressed, as the configuration says.
    pub diff_id: Digest,
    file: File,
}

impl LayerBlob {
    /// A reader of the compressed archive from its start. Only one is in use at a time: they share a position.
    pub(super) fn open(&self) -> io::Result<&File> {
        let mut file = &self.file;
        file.rewind()?;
        Ok(file)
    }
}

impl Image {
    /// Fetches an image; of an index, the one for this platform.
    ///
    /// # Errors
    /// Any [`ErrorKind`] of a registry; [`ErrorKind::NotFound`] when an index has nothing for the platform,
    /// [`ErrorKind::Invalid`] for an artifact that is no image, or layers that do not fit the configuration.
    pub async fn fetch(registry: &Registry, image: &ImageRef, platform: &Platform) -> Result<Self, Error> {
        let repository = &image.repository;
        let doing = format!("read the image {image}");
        let mut manifest = registry.manifest(image).await?;
        if let Kind::Index(index) = &manifest.kind {
            let chosen = choose(index, platform).ok_or_else(|| nothing_for(&doing, platform))?;
            manifest = registry.manifest(&repository.image(chosen.digest)).await?;
        }
        let parts = image_of(&doing, &manifest)?.clone();
        let config = registry.blob_bytes(repository, &parts.config, CONFIG_LIMIT).await?;
        let config = read_config(&doing, &parts, &config)?;
        let mut layers = Vec::new();
        for (descriptor, diff_id) in parts.layers.into_iter().zip(&config.rootfs.diff_ids) {
            let file = registry.blob_to_file(repository, &descriptor).await?;
            layers.push(LayerBlob { descriptor, diff_id: *diff_id, file });
        }
        Ok(Self { manifest, config, layers })
    }

    /// Opens an image of a layout: the one under this tag, or the only one; of an index, the one for this platform.
    ///
    /// # Errors
    /// As [`Layout::image`] and [`Image::fetch`].
    pub fn open(layout: &Layout, tag: Option<&str>, platform: &Platform) -> Result<Self, Error> {
        let doing = format!("read the image of the layout {}", layout.folder().display());
        let mut manifest = layout.manifest(&layout.image(tag)?)?;
        if let Kind::Index(index) = &manifest.kind {
            let chosen = choose(index, platform).ok_or_else(|| nothing_for(&doing, platform))?;
            manifest = layout.manifest(chosen)?;
        }
        let parts = image_of(&doing, &manifest)?.clone();
        let config = layout.blob_bytes(&parts.config, CONFIG_LIMIT)?;
        let config = read_config(&doing, &parts, &config)?;
        let mut layers = Vec::new();
        for (descriptor, diff_id) in parts.layers.into_iter().zip(&config.rootfs.diff_ids) {
            let file =
                File::open(layout.blob_path(&descriptor.digest)).map_err(|error| Error::local(&doing, &error))?;
            layers.push(LayerBlob { descriptor, diff_id: *diff_id, file });
        }
        Ok(Self { manifest, config, layers })
    }
}

fn nothing_for(doing: &str, platform: &Platform) -> Error {
    Error::new(ErrorKind::NotFound, doing, format!("its index has nothing for {platform}"))
}

/// The entry for a platform. BuildKit keeps attestations in the same index, as images of platform `unknown/unknown`.
fn choose<'a>(index: &'a Index, wanted: &Platform) -> Option<&'a Descriptor> {
    let fits = |platform: &Platform| {
        platform.os == wanted.os
            && platform.architecture == wanted.architecture
            && (wanted.variant.is_none() || platform.variant == wanted.variant)
    };
    let images = || index.manifests.iter().filter(|entry| media::is_image_manifest(&entry.media_type));
    let only = images().next().filter(|entry| entry.platform.is_none() && images().count() == 1);
    images().find(|entry| entry.platform.as_ref().is_some_and(fits)).or(only)
}

fn image_of<'a>(doing: &str, manifest: &'a Manifest) -> Result<&'a ImageManifest, Error> {
    match &manifest.kind {
        Kind::Image(image) => Ok(image),
        Kind::Index(_) => Err(Error::invalid(doing, "an index within an index is not supported")),
    }
}

fn read_config(doing: &str, manifest: &ImageManifest, bytes: &Bytes) -> Result<Config, Error> {
    let wrong = |cause: String| Error::invalid(doing, cause);
    if let Some(other) = manifest.layers.iter().find(|layer| media::layer_compression(&layer.media_type).is_none()) {
        let other = crate::error::quote(&other.media_type, 80);
        return Err(wrong(format!("it is no image of a file system: a layer is `{other}`")));
    }
    let size = manifest.layers.iter().fold(0_u64, |sum, layer| sum.saturating_add(layer.size));
    if size > FETCH_LIMIT {
        return Err(wrong(format!("its layers have {size} bytes, more than the {FETCH_LIMIT} allowed")));
    }
    let config: Config =
        serde_json::from_slice(bytes).map_err(|error| wrong(format!("its configuration is malformed: {error}")))?;
    let (layers, named) = (manifest.layers.len(), config.rootfs.diff_ids.len());
    if layers != named {
        return Err(wrong(format!("it has {layers} layers and its configuration names {named}")));
    }
    Ok(config)
}
