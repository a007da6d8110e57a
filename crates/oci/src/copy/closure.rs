//! What belongs to an image.

use crate::{Descriptor, Error, Kind, Manifest, Referrers, Refused, Registry, media, together};
use futures_util::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use subject::{Digest, ImageRef};

/// Images with more manifests than this, evidence included, are not copied.
const PARTS: usize = 4096;
/// How deep indexes may hold indexes.
const NESTED: usize = 8;

/// Why a manifest belongs to an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is the image, or an index in it names it.
    Content,
    /// It refers to another manifest of the closure.
    Evidence {
        /// That manifest.
        of: Digest,
    },
}

/// One manifest of a closure.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its checked bytes.
    pub manifest: Manifest,
    /// Why it belongs here.
    pub role: Role,
}

/// Everything that belongs to an image, as one repository had it when it was read.
#[derive(Debug, Clone)]
pub struct Closure {
    /// The image.
    pub image: ImageRef,
    /// Every manifest once: what one names or refers to comes before it.
    pub parts: Vec<Part>,
    /// What was listed as evidence and is none, or cannot be read: never to be passed over in silence.
    pub refused: Vec<Refused>,
}

impl Closure {
    /// The evidence, by what it refers to.
    #[must_use]
    pub fn evidence(&self) -> BTreeMap<Digest, Vec<Digest>> {
        let mut evidence: BTreeMap<Digest, Vec<Digest>> = BTreeMap::new();
        for part in &self.parts {
            if let Role::Evidence { of } = part.role {
                evidence.entry(of).or_default().push(part.manifest.digest);
            }
        }
        evidence
    }

    /// The image's own manifest.
    #[must_use]
    pub fn root(&self) -> Option<&Manifest> {
        self.parts.iter().map(|part| &part.manifest).find(|manifest| manifest.digest == self.image.digest)
    }

    /// How many bytes its blobs have, each counted once.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let blobs: BTreeMap<Digest, u64> =
            self.parts.iter().flat_map(|part| part.manifest.blobs()).map(|blob| (blob.digest, blob.size)).collect();
        blobs.values().fold(0, |sum, size| sum.saturating_add(*size))
    }
}

impl Registry {
    /// Reads everything that belongs to an image.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] of a registry: a manifest that an index names and that is not there is one, evidence that is
    /// not there is in [`Closure::refused`].
    pub async fn closure(&self, image: &ImageRef) -> Result<Closure, Error> {
        let mut closure = Closure { image: image.clone(), parts: Vec::new(), refused: Vec::new() };
        let mut seen = BTreeSet::new();
        self.content(image, &mut closure, &mut seen).await?;
        // What is found is looked at in turn: evidence may have evidence.
        let mut next = 0;
        while next < closure.parts.len() {
            let generation: Vec<Digest> = closure.parts[next..].iter().map(|part| part.manifest.digest).collect();
            next = closure.parts.len();
            for (of, found) in self.referrers_of(image, &generation).await? {
                closure.refused.extend(found.refused);
                for referrer in found.found {
                    if seen.insert(referrer.digest()) {
                        closure.parts.push(Part { manifest: referrer.manifest, role: Role::Evidence { of } });
                    }
                }
            }
            bounded(image, &closure)?;
        }
        Ok(closure)
    }

    /// What refers to each of these, in their order. The first is asked about alone: its answer tells whether the repository
    /// has a referrers API, which the others then need not find out again.
    async fn referrers_of(&self, image: &ImageRef, digests: &[Digest]) -> Result<Vec<(Digest, Referrers)>, Error> {
        let one = |of: Digest| -> BoxFuture<'_, Result<(Digest, Referrers), Error>> {
            let subject = image.repository.image(of);
            Box::pin(async move { Ok((of, self.referrers(&subject, None).await?)) })
        };
        let Some((first, others)) = digests.split_first() else { return Ok(Vec::new()) };
        let mut found = vec![one(*first).await?];
        found.extend(together(others.iter().map(|of| one(*of)).collect()).await?);
        Ok(found)
    }

    /// The image and the manifests its index names, children first.
    async fn content(&self, image: &ImageRef, closure: &mut Closure, seen: &mut BTreeSet<Digest>) -> Result<(), Error> {
        let read = |digest: Digest| -> BoxFuture<'_, Result<Manifest, Error>> {
            let manifest = image.repository.image(digest);
            Box::pin(async move { self.manifest(&manifest).await })
        };
        // Found parents first, one generation at a time; turned round at the end.
        let mut parents_first = Vec::new();
        let mut generation = vec![image.digest];
        for depth in 0.. {
            generation.retain(|digest| seen.insert(*digest));
            if generation.is_empty() {
                break;
            }
            let found = together(generation.drain(..).map(read).collect()).await?;
            for manifest in found {
                if let Kind::Index(index) = &manifest.kind {
                    if depth >= NESTED {
                        return Err(unfit(image, format!("its indexes are nested more than {NESTED} deep")));
                    }
                    for entry in &index.manifests {
                        generation.push(child(image, entry)?);
                    }
                }
                parents_first.push(Part { manifest, role: Role::Content });
            }
            if parents_first.len() + generation.len() > PARTS {
                return Err(unfit(image, format!("it has more than {PARTS} manifests")));
            }
        }
        closure.parts = children_first(parents_first);
        Ok(())
    }
}

/// An order in which every manifest comes after all it names.
fn children_first(parts: Vec<Part>) -> Vec<Part> {
    let mut waiting: BTreeMap<Digest, Part> = BTreeMap::new();
    let order: Vec<Digest> = parts.iter().rev().map(|part| part.manifest.digest).collect();
    for part in parts {
        waiting.insert(part.manifest.digest, part);
    }
    let mut sorted = Vec::new();
    for digest in order {
        let mut path = vec![digest];
        while let Some(top) = path.last().copied() {
            let child = waiting.get(&top).and_then(|part| match &part.manifest.kind {
                Kind::Index(index) => {
                    index.manifests.iter().map(|entry| entry.digest).find(|d| waiting.contains_key(d))
                }
                Kind::Image(_) => None,
            });
            // A digest cannot name itself, however many steps away, so this ends.
            match child {
                Some(child) => path.push(child),
                None => {
                    sorted.extend(waiting.remove(&top));
                    path.pop();
                }
            }
        }
    }
    sorted
}

fn child(image: &ImageRef, entry: &Descriptor) -> Result<Digest, Error> {
    if media::is_index(&entry.media_type) || media::is_image_manifest(&entry.media_type) {
        return Ok(entry.digest);
    }
    let media_type = crate::error::quote(&entry.media_type, 80);
    Err(unfit(image, format!("its index names a `{media_type}`, which is no manifest")))
}

fn bounded(image: &ImageRef, closure: &Closure) -> Result<(), Error> {
    if closure.parts.len() > PARTS {
        return Err(unfit(image, format!("it has more than {PARTS} manifests, evidence included")));
    }
    Ok(())
}

fn unfit(image: &ImageRef, cause: String) -> Error {
    Error::invalid(format!("read all that belongs to {image}"), cause)
}
