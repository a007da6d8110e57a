//! From a layout to a registry: blobs first, manifests by digest next, the tag last.

use super::Layout;
use crate::{Descriptor, Error, Kind, Manifest, Registry, media};
use subject::{ImageRef, Repository};

/// Takes the image of a layout to a repository, under a tag where one is given.
///
/// Only missing blobs travel. The tag is written when everything is there, so nobody pulls half an image. The layout must
/// hold one image, or the one under that tag.
///
/// # Errors
/// As [`Layout::image`] and [`Layout::manifest`], and any [`crate::ErrorKind`] of a registry.
pub async fn push_layout(
    registry: &Registry,
    layout: &Layout,
    repository: &Repository,
    tag: Option<&str>,
) -> Result<ImageRef, Error> {
    let image = layout.image(None).or_else(|error| if tag.is_some() { layout.image(tag) } else { Err(error) })?;
    let root = layout.manifest(&image)?;
    push_closure(registry, layout, repository, &root).await?;
    registry.push_manifest(repository, &root, None).await?;
    if tag.is_some() {
        registry.push_manifest(repository, &root, tag).await?;
    }
    Ok(repository.image(root.digest))
}

/// Everything a manifest names, children before parents. An index of indexes does not occur in layouts we accept.
async fn push_closure(
    registry: &Registry,
    layout: &Layout,
    repository: &Repository,
    root: &Manifest,
) -> Result<(), Error> {
    let Kind::Index(index) = &root.kind else { return push_blobs(registry, layout, repository, root).await };
    for entry in &index.manifests {
        let child = read_child(layout, entry)?;
        push_blobs(registry, layout, repository, &child).await?;
        registry.push_manifest(repository, &child, None).await?;
    }
    Ok(())
}

fn read_child(layout: &Layout, entry: &Descriptor) -> Result<Manifest, Error> {
    if media::is_index(&entry.media_type) {
        return Err(Error::invalid(format!("push {}", entry.digest), "an index within an index is not supported"));
    }
    layout.manifest(entry)
}

async fn push_blobs(
    registry: &Registry,
    layout: &Layout,
    repository: &Repository,
    image: &Manifest,
) -> Result<(), Error> {
    for blob in image.blobs() {
        registry.push_blob_file(repository, blob, &layout.blob_path(&blob.digest)).await?;
    }
    Ok(())
}
