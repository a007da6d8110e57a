//! An image from a registry or a layout: manifest and configuration read, layers at hand.

use super::{Config, Image, LayerBlob, choose, extent::Extent};
use crate::{Descriptor, Error, ImageManifest, Index, Kind, Manifest, Platform, Registry, layout::Layout, media};
use bytes::Bytes;
use std::fs::File;
use subject::ImageRef;

/// A configuration beyond this is none (real ones have some kilobytes).
pub(super) const CONFIG_LIMIT: u64 = 8 << 20;
/// Layers that together are larger, compressed, are not fetched.
const FETCH_LIMIT: u64 = 64 << 30;

impl Image {
    /// Fetches an image; of an index, the one for this platform.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] of a registry; [`crate::ErrorKind::NotFound`] when an index has nothing for the platform,
    /// [`crate::ErrorKind::Invalid`] for an artifact that is no image, or layers that do not fit the configuration.
    pub async fn fetch(registry: &Registry, image: &ImageRef, platform: &Platform) -> Result<Self, Error> {
        let repository = &image.repository;
        let doing = format!("read the image {image}");
        let mut manifest = registry.manifest(image).await?;
        if let Kind::Index(index) = &manifest.kind {
            let chosen = choose::for_platform(index, platform).ok_or_else(|| nothing_for(&doing, index, platform))?;
            manifest = registry.manifest(&repository.image(chosen.digest)).await?;
        }
        let parts = image_of(&doing, &manifest)?.clone();
        let config = registry.blob_bytes(repository, &parts.config, CONFIG_LIMIT).await?;
        let config = read_config(&doing, &parts, &config)?;
        let mut layers = Vec::new();
        for (descriptor, diff_id) in parts.layers.into_iter().zip(&config.rootfs.diff_ids) {
            let file = registry.blob_to_file(repository, &descriptor).await?;
            layers.push(LayerBlob::described(descriptor, *diff_id, whole(&doing, file)?));
        }
        Ok(Self { digest: manifest.digest, manifest: Some(manifest), config, layers })
    }

    /// What there is to fetch under this digest: the image itself, or of an index every image with its platform, in the
    /// order of the index. Attestations that builders keep beside the images are left out.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] of a registry.
    pub async fn all(registry: &Registry, image: &ImageRef) -> Result<Vec<(ImageRef, Option<Platform>)>, Error> {
        let manifest = registry.manifest(image).await?;
        Ok(match &manifest.kind {
            Kind::Image(_) => vec![(image.clone(), None)],
            Kind::Index(index) => choose::every(index)
                .map(|entry| (image.repository.image(entry.digest), entry.platform.clone()))
                .collect(),
        })
    }

    /// Opens an image of a layout: the one under this tag, or the only one; of an index, the one for this platform.
    ///
    /// # Errors
    /// As [`Layout::image`] and [`Image::fetch`].
    pub fn open(layout: &Layout, tag: Option<&str>, platform: &Platform) -> Result<Self, Error> {
        from_store(layout, layout.image(tag)?, platform)
    }

    /// What there is to open under this tag of a layout, as [`Image::all`]; each is opened with [`Image::open_digest`].
    ///
    /// # Errors
    /// As [`Layout::image`] and [`Layout::manifest`].
    pub fn all_of(layout: &Layout, tag: Option<&str>) -> Result<Vec<Descriptor>, Error> {
        every_of(layout, layout.image(tag)?)
    }

    /// Opens the image this descriptor of a layout names.
    ///
    /// # Errors
    /// As [`Image::open`].
    pub fn open_digest(layout: &Layout, image: &Descriptor) -> Result<Self, Error> {
        let platform = Platform { architecture: String::new(), os: String::new(), variant: None };
        from_store(layout, image.clone(), &platform)
    }
}

/// Where manifests and blobs are found by their digests.
pub(super) trait Blobs {
    /// What this is, for messages.
    fn name(&self) -> String;
    /// A manifest, checked.
    fn manifest(&self, wanted: &Descriptor) -> Result<Manifest, Error>;
    /// A whole blob of at most `limit` bytes, checked.
    fn bytes(&self, wanted: &Descriptor, limit: u64) -> Result<Bytes, Error>;
    /// Where a blob lies, unchecked.
    fn extent(&self, wanted: &Descriptor) -> Result<Extent, Error>;
}

impl Blobs for Layout {
    fn name(&self) -> String {
        format!("the layout {}", self.folder().display())
    }

    fn manifest(&self, wanted: &Descriptor) -> Result<Manifest, Error> {
        Self::manifest(self, wanted)
    }

    fn bytes(&self, wanted: &Descriptor, limit: u64) -> Result<Bytes, Error> {
        self.blob_bytes(wanted, limit)
    }

    fn extent(&self, wanted: &Descriptor) -> Result<Extent, Error> {
        let doing = format!("read blob {} of the layout {}", wanted.digest, self.folder().display());
        let file = File::open(self.blob_path(&wanted.digest)).map_err(|error| Error::local(&doing, &error))?;
        whole(&doing, file)
    }
}

/// Opens the image a descriptor names.
pub(super) fn from_store(store: &impl Blobs, image: Descriptor, platform: &Platform) -> Result<Image, Error> {
    let doing = format!("read the image of {}", store.name());
    let mut manifest = store.manifest(&image)?;
    if let Kind::Index(index) = &manifest.kind {
        let chosen = choose::for_platform(index, platform).ok_or_else(|| nothing_for(&doing, index, platform))?;
        manifest = store.manifest(chosen)?;
    }
    let parts = image_of(&doing, &manifest)?.clone();
    let config = store.bytes(&parts.config, CONFIG_LIMIT)?;
    let config = read_config(&doing, &parts, &config)?;
    let mut layers = Vec::new();
    for (descriptor, diff_id) in parts.layers.into_iter().zip(&config.rootfs.diff_ids) {
        let content = store.extent(&descriptor)?;
        layers.push(LayerBlob::described(descriptor, *diff_id, content));
    }
    Ok(Image { digest: manifest.digest, manifest: Some(manifest), config, layers })
}

/// Every image a descriptor leads to.
pub(super) fn every_of(store: &impl Blobs, image: Descriptor) -> Result<Vec<Descriptor>, Error> {
    let manifest = store.manifest(&image)?;
    Ok(match &manifest.kind {
        Kind::Image(_) => vec![image],
        Kind::Index(index) => choose::every(index).cloned().collect(),
    })
}

fn whole(doing: &str, file: File) -> Result<Extent, Error> {
    Extent::whole(file).map_err(|error| Error::local(doing, &error))
}

fn nothing_for(doing: &str, index: &Index, platform: &Platform) -> Error {
    let there: Vec<String> =
        choose::every(index).filter_map(|entry| Some(entry.platform.as_ref()?.to_string())).collect();
    let there = crate::error::quote(&there.join(", "), 200);
    let cause = format!("its index has nothing for {platform}; it has: {there}");
    Error::new(crate::ErrorKind::NotFound, doing, cause)
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
    let config = parse_config(doing, bytes)?;
    let (layers, named) = (manifest.layers.len(), config.rootfs.diff_ids.len());
    if layers != named {
        return Err(wrong(format!("it has {layers} layers and its configuration names {named}")));
    }
    Ok(config)
}

pub(super) fn parse_config(doing: &str, bytes: &[u8]) -> Result<Config, Error> {
    serde_json::from_slice(bytes)
        .map_err(|error| Error::invalid(doing, format!("its configuration is malformed: {error}")))
}
