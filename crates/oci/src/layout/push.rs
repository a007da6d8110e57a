//! From a layout to a registry: blobs first, manifests by digest next, the tag last.

use super::Layout;
use crate::{Descriptor, Error, ErrorKind, Kind, Manifest, Registry, media};
use subject::{ImageRef, Repository, TagRef};

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
    let image = repository.image(root.digest);
    if let Some(tag) = tag {
        move_tag(registry, &root, TagRef { repository: repository.clone(), tag: tag.to_owned() }).await?;
    }
    Ok(image)
}

/// A tag that names the image already is left alone: writing an immutable one again is an error, even to the same image
/// (containers-roadmap#2380).
async fn move_tag(registry: &Registry, root: &Manifest, tag: TagRef) -> Result<(), Error> {
    match registry.resolve(&tag).await {
        Ok(now) if now.digest == root.digest => return Ok(()),
        Ok(_) => {}
        // An unreadable old tag is no reason not to write a new one, unless the registry itself is out of reach.
        Err(error) if error.is_not_found() || error.kind() == ErrorKind::Invalid => {}
        Err(error) => return Err(error),
    }
    registry.push_manifest(&tag.repository, root, Some(&tag.tag)).await.map(drop)
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
