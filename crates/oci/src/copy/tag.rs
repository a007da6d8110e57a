//! `tag`: a name for an image that is there, given last.

use crate::{Error, ErrorKind, Manifest, Registry};
use reqwest::header::IF_NONE_MATCH;
use subject::{Digest, TagRef};

/// What may become of a tag that names another image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movable {
    /// It stays.
    No,
    /// It is moved.
    Yes,
}

/// What became of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tagged {
    /// It named the image before.
    Already,
    /// It names the image now, read back.
    Written,
    /// It names another image, and stays so.
    Taken {
        /// That image.
        by: Digest,
    },
    /// It was written, and somebody else wrote it after that.
    Overtaken {
        /// The image it names now.
        by: Digest,
    },
}

impl Registry {
    /// Makes a tag name a manifest that is in its repository.
    ///
    /// # Errors
    /// Any [`ErrorKind`] of a registry. A registry's refusal because of an immutable tag is an answer and no error: the
    /// same image again is [`Tagged::Already`], another one [`Tagged::Taken`].
    pub async fn tag(&self, manifest: &Manifest, tag: &TagRef, movable: Movable) -> Result<Tagged, Error> {
        let before = self.named(tag).await?;
        match before {
            Some(digest) if digest == manifest.digest => return Ok(Tagged::Already),
            Some(by) if movable == Movable::No => return Ok(Tagged::Taken { by }),
            _ => {}
        }
        let condition = if before.is_none() { Some((IF_NONE_MATCH, "*")) } else { None };
        let written = self.put_manifest(&tag.repository, manifest, (Some(&tag.tag), condition)).await;
        let now = self.named(tag).await?;
        match (written, now) {
            (Ok(_), Some(digest)) if digest == manifest.digest => Ok(Tagged::Written),
            (Err(_), Some(digest)) if digest == manifest.digest => Ok(Tagged::Already),
            (Ok(_), Some(by)) => Ok(Tagged::Overtaken { by }),
            (Err(error), Some(by)) if matches!(error.kind(), ErrorKind::Refused | ErrorKind::Conflict) => {
                Ok(Tagged::Taken { by })
            }
            (Err(error), _) => Err(error),
            (Ok(_), None) => {
                let doing = format!("read back the tag {tag}");
                Err(Error::new(ErrorKind::Temporary, doing, "the registry took it and does not have it"))
            }
        }
    }

    async fn named(&self, tag: &TagRef) -> Result<Option<Digest>, Error> {
        match self.resolve(tag).await {
            Ok(image) => Ok(Some(image.digest)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
