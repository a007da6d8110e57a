//! From one repository to another, bit for bit: an image, every platform of it, and all evidence that refers to any of it.
//!
//! 1. [`Registry::closure`] reads what belongs to an image: the manifests an index names, and what refers to each of them,
//!    and what refers to that.
//! 2. [`Registry::copy`] takes over what the destination lacks: blobs first (mounted where both repositories are in one
//!    registry, so that no byte travels), then manifests, each after all it names, by digest only. It can be stopped
//!    anywhere: what has arrived is complete in itself, and the next run goes on from there.
//! 3. [`Registry::missing`] reads the destination anew and says what of the closure is not there.
//! 4. [`Registry::tag`] comes last, so that nobody finds half an image under a name.
//!
//! Manifests are never written anew: the bytes that go in are the bytes that came out, so every digest stays what it is.

mod blobs;
mod closure;
mod evidence;
mod tag;

pub use closure::{Closure, Part, Role};
pub use tag::{Movable, Tagged};

use crate::{Error, Registry};
use std::collections::BTreeSet;
use subject::{Digest, Repository};

/// What a copy came to. What was there already has cost no transfer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    /// Blobs taken over inside the registry.
    pub mounted: u64,
    /// Blobs that travelled.
    pub sent: u64,
    /// Bytes of the blobs that travelled.
    pub bytes: u64,
    /// Manifests written.
    pub written: u64,
    /// Manifests that were there.
    pub present: u64,
}

/// Whether the image itself is at its destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Image {
    There,
    Missing,
}

impl Registry {
    /// Takes everything in the closure that `to` lacks over from the registry it was read from. Safe to repeat.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] of either registry; what had arrived until then stays and is found by the next run.
    pub async fn copy(&self, closure: &Closure, from: &Self, to: &Repository) -> Result<Copied, Error> {
        let mut copied = Copied::default();
        if closure.image.repository == *to {
            copied.present = closure.parts.len() as u64;
            return Ok(copied);
        }
        let missing = self.not_there(closure, to).await?;
        copied.present = (closure.parts.len() - missing.len()) as u64;
        let parts: Vec<&Part> = closure.parts.iter().filter(|part| missing.contains(&part.manifest.digest)).collect();
        self.copy_blobs(&parts, (from, &closure.image.repository), to, &mut copied).await?;
        for part in &parts {
            self.put_manifest(to, &part.manifest, (None, None)).await?;
            copied.written += 1;
        }
        self.list_evidence(closure, to).await?;
        Ok(copied)
    }

    /// The digests of the closure's manifests that `to` does not have, or does not list as what they refer to. Reads the
    /// destination as a stranger would.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] of a registry.
    pub async fn missing(&self, closure: &Closure, to: &Repository) -> Result<BTreeSet<Digest>, Error> {
        // Not only that the image is there, but that its bytes are the ones promised.
        let image = match self.manifest(&to.image(closure.image.digest)).await {
            Ok(_) => Image::There,
            Err(error) if error.is_not_found() => Image::Missing,
            Err(error) => return Err(error),
        };
        let mut missing = self.lacks(closure, to, image).await?;
        for (subject, evidence) in closure.evidence() {
            if evidence.iter().all(|digest| missing.contains(digest)) {
                continue;
            }
            let listed = self.listed_digests(&to.image(subject)).await?;
            missing.extend(evidence.into_iter().filter(|digest| !listed.contains(digest)));
        }
        Ok(missing)
    }

    /// What the destination has not stored.
    async fn not_there(&self, closure: &Closure, to: &Repository) -> Result<BTreeSet<Digest>, Error> {
        let there = self.exists(&to.image(closure.image.digest)).await?;
        self.lacks(closure, to, if there { Image::There } else { Image::Missing }).await
    }

    /// What is not stored where the image itself is, or is not. A registry keeps no manifest whose parts it lacks
    /// (distribution-spec "Pushing Manifests"), so an image that is there is there with all its children. Evidence is asked for
    /// by itself: it can be stored without being listed after a kill, and listed under a fallback tag without being stored.
    async fn lacks(&self, closure: &Closure, to: &Repository, image: Image) -> Result<BTreeSet<Digest>, Error> {
        let mut missing = BTreeSet::new();
        for part in &closure.parts {
            let digest = part.manifest.digest;
            let there = match part.role {
                Role::Content => image == Image::There,
                Role::Evidence { of } => !missing.contains(&of) && self.exists(&to.image(digest)).await?,
            };
            if !there {
                missing.insert(digest);
            }
        }
        Ok(missing)
    }
}
