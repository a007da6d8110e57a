//! What is in which repository: blobs, manifests and tags, in memory and without I/O. Every rule about what may be pushed
//! over what is here.

use super::{
    manifest::{Facts, MANIFEST_LIMIT},
    mutability::Mutability,
};
use bytes::Bytes;
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};
use subject::Digest;

/// All repositories by name.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) repositories: BTreeMap<String, Record>,
}

/// One repository.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) created_at: Timestamp,
    pub(crate) mutability: Mutability,
    /// The blobs that may be pulled from here, with their sizes.
    pub(crate) blobs: BTreeMap<Digest, u64>,
    pub(crate) manifests: BTreeMap<Digest, Arc<Manifest>>,
    pub(crate) tags: BTreeMap<String, Digest>,
}

/// A manifest as it was pushed, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The digest of `bytes`.
    pub digest: Digest,
    /// What it was pushed as.
    pub media_type: String,
    /// What was pushed.
    pub bytes: Bytes,
    /// When it came here first.
    pub pushed_at: Timestamp,
    pub(crate) facts: Facts,
}

/// A manifest on its way in.
#[derive(Debug, Clone)]
pub(crate) struct Push<'a> {
    pub(crate) bytes: Bytes,
    pub(crate) media_type: &'a str,
    /// The tag to set, if any.
    pub(crate) tag: Option<&'a str>,
    /// What the tag must name now.
    pub(crate) condition: Condition,
    /// Whether what is there already may be pushed again.
    pub(crate) repetition: Repetition,
}

/// What must be true of a tag before it is set: HTTP's `If-Match` and `If-None-Match: *`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    None,
    Names(Digest),
    IsFree,
}

/// Whether pushing what is there already succeeds: the OCI protocol says yes, ECR's `PutImage` says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repetition {
    Succeeds,
    Fails,
}

/// Why the registry does not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("there is no repository {0}")]
    RepositoryUnknown(String),
    #[error("the repository {0} is there already")]
    RepositoryExists(String),
    #[error("the repository {0} still has images")]
    RepositoryNotEmpty(String),
    #[error("a manifest may have {MANIFEST_LIMIT} bytes")]
    ManifestTooLarge,
    #[error("{0}")]
    ManifestInvalid(String),
    /// A descriptor's size is not its blob's.
    #[error("{0}")]
    SizeInvalid(String),
    #[error("the repository has no blob {}", list(.0))]
    BlobsUnknown(Vec<Digest>),
    #[error("the repository has no manifest {}", list(.0))]
    ChildrenUnknown(Vec<Digest>),
    /// ECR's own words, which tools look for.
    #[error(
        "The image tag '{tag}' already exists in the '{repository}' repository and cannot be overwritten because the \
         tag is immutable."
    )]
    TagImmutable { repository: String, tag: String },
    /// Only with [`Repetition::Fails`].
    #[error("the repository has {0} already, under that tag")]
    AlreadyThere(Digest),
    #[error("the tag does not name what the request expects")]
    ConditionFailed,
}

fn list(digests: &[Digest]) -> String {
    digests.iter().map(Digest::to_string).collect::<Vec<_>>().join(", ")
}

impl Index {
    pub(crate) fn create(&mut self, name: &str, mutability: Mutability, now: Timestamp) -> Result<&Record, Fault> {
        if self.repositories.contains_key(name) {
            return Err(Fault::RepositoryExists(name.to_owned()));
        }
        let record = Record {
            created_at: now,
            mutability,
            blobs: BTreeMap::new(),
            manifests: BTreeMap::new(),
            tags: BTreeMap::new(),
        };
        Ok(self.repositories.entry(name.to_owned()).or_insert(record))
    }

    pub(crate) fn get(&self, name: &str) -> Result<&Record, Fault> {
        self.repositories.get(name).ok_or_else(|| Fault::RepositoryUnknown(name.to_owned()))
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Result<&mut Record, Fault> {
        self.repositories.get_mut(name).ok_or_else(|| Fault::RepositoryUnknown(name.to_owned()))
    }

    /// Takes a manifest in, or says why not; a refused push changes nothing.
    pub(crate) fn push(&mut self, name: &str, push: Push<'_>, now: Timestamp) -> Result<Arc<Manifest>, Fault> {
        let record = self.get_mut(name)?;
        if push.bytes.len() > MANIFEST_LIMIT {
            return Err(Fault::ManifestTooLarge);
        }
        let facts = Facts::read(&push.bytes, push.media_type).map_err(Fault::ManifestInvalid)?;
        let digest = Digest::of(&push.bytes);
        record.has_everything(&facts)?;
        if let Some(tag) = push.tag {
            record.may_tag(name, tag, digest, &push)?;
        } else if push.repetition == Repetition::Fails && record.manifests.contains_key(&digest) {
            return Err(Fault::AlreadyThere(digest));
        }
        let media_type = push.media_type.to_owned();
        let new = || Arc::new(Manifest { digest, media_type, bytes: push.bytes, pushed_at: now, facts });
        let manifest = Arc::clone(record.manifests.entry(digest).or_insert_with(new));
        if let Some(tag) = push.tag {
            record.tags.insert(tag.to_owned(), digest);
        }
        Ok(manifest)
    }
}

impl Record {
    /// The manifest a tag or a digest names.
    pub(crate) fn manifest(&self, reference: &str) -> Option<&Arc<Manifest>> {
        let digest = reference.parse().ok().or_else(|| self.tags.get(reference).copied())?;
        self.manifests.get(&digest)
    }

    /// The manifests that say they are about `subject`, by digest.
    pub(crate) fn referrers(&self, subject: Digest) -> impl Iterator<Item = &Arc<Manifest>> {
        self.manifests.values().filter(move |manifest| manifest.facts.subject == Some(subject))
    }

    /// The tags that name `digest`.
    pub(crate) fn tags_of(&self, digest: Digest) -> Vec<String> {
        self.tags.iter().filter(|(_, named)| **named == digest).map(|(tag, _)| tag.clone()).collect()
    }

    /// Forgets a manifest and its tags; whether it was there.
    pub(crate) fn delete_manifest(&mut self, digest: Digest) -> bool {
        self.tags.retain(|_, named| *named != digest);
        self.manifests.remove(&digest).is_some()
    }

    fn has_everything(&self, facts: &Facts) -> Result<(), Fault> {
        let mut missing = Vec::new();
        for blob in facts.blobs.iter().filter(|blob| !blob.is_elsewhere()) {
            match self.blobs.get(&blob.digest) {
                None => missing.push(blob.digest),
                Some(size) if *size != blob.size => {
                    let (digest, claimed) = (blob.digest, blob.size);
                    return Err(Fault::SizeInvalid(format!("{digest} has {size} bytes, the manifest says {claimed}")));
                }
                Some(_) => {}
            }
        }
        if !missing.is_empty() {
            return Err(Fault::BlobsUnknown(missing));
        }
        let children = facts.children.iter().map(|child| child.digest);
        let missing: Vec<_> = children.filter(|digest| !self.manifests.contains_key(digest)).collect();
        if missing.is_empty() { Ok(()) } else { Err(Fault::ChildrenUnknown(missing)) }
    }

    fn may_tag(&self, repository: &str, tag: &str, digest: Digest, push: &Push<'_>) -> Result<(), Fault> {
        let named = self.tags.get(tag).copied();
        let holds = match push.condition {
            Condition::None => true,
            Condition::Names(expected) => named == Some(expected),
            Condition::IsFree => named.is_none(),
        };
        if !holds {
            return Err(Fault::ConditionFailed);
        }
        if push.repetition == Repetition::Fails && named == Some(digest) {
            return Err(Fault::AlreadyThere(digest));
        }
        // ECR refuses an immutable tag even for the image it names already (aws/containers-roadmap#2179).
        if named.is_some() && !self.mutability.lets_move(tag) {
            return Err(Fault::TagImmutable { repository: repository.to_owned(), tag: tag.to_owned() });
        }
        Ok(())
    }
}
