//! `resolve`: from a tag to the one image it names at this moment.

use super::Registry;
use crate::{Error, Manifest};
use subject::{ImageRef, TagRef};

impl Registry {
    /// The image this tag names now. The digest is computed from the manifest's bytes, not taken from a header.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] of a registry.
    pub async fn resolve(&self, tag: &TagRef) -> Result<ImageRef, Error> {
        let doing = format!("resolve the tag {tag}");
        let raw = self.get_manifest(&doing, &tag.repository, &tag.tag).await?;
        let manifest = Manifest::parse(raw.bytes, raw.media_type.as_deref())
            .map_err(|error| Error::invalid(&doing, error.cause()))?;
        Ok(tag.repository.image(manifest.digest))
    }
}
