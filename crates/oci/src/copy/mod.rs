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

use crate::{Error, Kind, Registry, together};
use futures_util::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
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

impl Registry {
    /// Takes what `to` lacks of the closure, as [`Registry::missing`] told, over from the registry it was read from. Safe to
    /// repeat, and to do with more than is missing.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] of either registry; what had arrived until then stays and is found by the next run.
    pub async fn copy(
        &self,
        closure: &Closure,
        missing: &BTreeSet<Digest>,
        from: &Self,
        to: &Repository,
    ) -> Result<Copied, Error> {
        let parts: Vec<&Part> = closure.parts.iter().filter(|part| missing.contains(&part.manifest.digest)).collect();
        let mut copied = Copied { present: (closure.parts.len() - parts.len()) as u64, ..Copied::default() };
        if closure.image.repository == *to {
            return Ok(copied);
        }
        self.copy_blobs(&parts, (from, &closure.image.repository), to, &mut copied).await?;
        for wave in waves(&parts) {
            let write = |part| Box::pin(self.write_part(to, part)) as BoxFuture<'_, _>;
            copied.written += together(wave.into_iter().map(write).collect()).await?.len() as u64;
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
        match self.manifest(&to.image(closure.image.digest)).await {
            Ok(_) => {}
            // What refers to an image that is not there counts for nothing.
            Err(error) if error.is_not_found() => {
                return Ok(closure.parts.iter().map(|part| part.manifest.digest).collect());
            }
            Err(error) => return Err(error),
        }
        let (stored, listed) = tokio::join!(self.stored(closure, to), self.listed(closure, to));
        // Of two troubles the same one is told each time, whichever came first.
        let (stored, listed) = (stored?, listed?);
        let there = |of: Digest, digest: Digest| {
            stored.contains(&digest) && listed.get(&of).is_some_and(|listed| listed.contains(&digest))
        };
        let absent = |part: &Part| match part.role {
            Role::Evidence { of } if !there(of, part.manifest.digest) => Some(part.manifest.digest),
            _ => None,
        };
        Ok(closure.parts.iter().filter_map(absent).collect())
    }

    /// The evidence that is stored where the image is. A registry keeps no manifest whose parts it lacks (distribution-spec
    /// "Pushing Manifests"), so an image that is there is there with all its children. Evidence is asked for by itself: it can
    /// be stored without being listed after a kill, and listed under a fallback tag without being stored.
    async fn stored(&self, closure: &Closure, to: &Repository) -> Result<BTreeSet<Digest>, Error> {
        let ask = |digest: Digest| -> BoxFuture<'_, Result<Option<Digest>, Error>> {
            let evidence = to.image(digest);
            Box::pin(async move { Ok(self.exists(&evidence).await?.then_some(digest)) })
        };
        let found = together(closure.evidence().into_values().flatten().map(ask).collect()).await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn write_part(&self, to: &Repository, part: &Part) -> Result<(), Error> {
        self.put_manifest(to, &part.manifest, (None, None)).await.map(drop)
    }
}

/// The parts in waves: what a part names or refers to is in an earlier one, where it is among them at all. They come in an
/// order that has it before.
fn waves<'a>(parts: &[&'a Part]) -> Vec<Vec<&'a Part>> {
    let mut places: BTreeMap<Digest, usize> = BTreeMap::new();
    let mut waves: Vec<Vec<&Part>> = Vec::new();
    for &part in parts {
        let children = match &part.manifest.kind {
            Kind::Index(index) => index.manifests.as_slice(),
            Kind::Image(_) => &[],
        };
        let of = match part.role {
            Role::Evidence { of } => Some(of),
            Role::Content => None,
        };
        let needed = children.iter().map(|child| child.digest).chain(of);
        let place = needed.filter_map(|digest| places.get(&digest)).max().map_or(0, |last| last + 1);
        places.insert(part.manifest.digest, place);
        if waves.len() == place {
            waves.push(Vec::new());
        }
        waves[place].push(part);
    }
    waves
}
