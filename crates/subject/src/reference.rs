//! Image references: `registry/repository@sha256:…` names one image for ever, `registry/repository:tag` only today.

use crate::{Digest, DigestError};
use std::{fmt, str::FromStr};

/// A repository in a registry, `host[:port]/path`, always with its registry spelled out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository {
    registry: String,
    path: String,
}

/// One image, named by the digest of its manifest or index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageRef {
    /// Where it is kept.
    pub repository: Repository,
    /// What it is.
    pub digest: Digest,
}

/// An image named by a tag: not yet a subject, because the tag can move.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TagRef {
    /// Where it is kept.
    pub repository: Repository,
    /// At most 128 characters of `[A-Za-z0-9_.-]`, not starting with `.` or `-` (OCI distribution-spec, "Pulling manifests").
    pub tag: String,
}

/// A reference as a person types it: pinned by digest, or by a tag that has to be resolved first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// `repo@sha256:…`, also when a tag stands before the digest: the digest decides.
    Image(ImageRef),
    /// `repo:tag`; a reference with neither tag nor digest does not parse.
    Tag(TagRef),
}

/// Why a text is not an image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// No registry host before the first `/`.
    #[error("no registry in front of the repository; write it out, for example ghcr.io/org/app@sha256:…")]
    NoRegistry,
    /// The repository path breaks the OCI grammar.
    #[error("`{0}` is not a repository name: lowercase letters, digits and . _ - between slashes")]
    Repository(String),
    /// The tag breaks the OCI grammar.
    #[error("`{0}` is not a tag: at most 128 letters, digits and . _ -, not starting with . or -")]
    Tag(String),
    /// Neither a tag nor a digest.
    #[error("neither a digest nor a tag; pin the image, for example ghcr.io/org/app@sha256:…")]
    NoVersion,
    /// The digest is malformed.
    #[error(transparent)]
    Digest(#[from] DigestError),
}

impl Repository {
    /// A repository from registry host and path.
    ///
    /// # Errors
    /// [`ReferenceError::NoRegistry`] or [`ReferenceError::Repository`] when a part breaks the OCI grammar.
    pub fn new(registry: &str, path: &str) -> Result<Self, ReferenceError> {
        if !is_registry(registry) {
            return Err(ReferenceError::NoRegistry);
        }
        if path.len() > 255 || !path.split('/').all(is_component) {
            return Err(ReferenceError::Repository(path.chars().take(80).collect()));
        }
        Ok(Self { registry: registry.to_owned(), path: path.to_owned() })
    }

    /// The registry's host, with its port where one was given.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path inside the registry, such as `org/app`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// This repository's image with that digest.
    #[must_use]
    pub fn image(&self, digest: Digest) -> ImageRef {
        ImageRef { repository: self.clone(), digest }
    }
}

/// A host is recognised as one by a dot, a port, or being `localhost`, as every container tool does.
fn is_registry(host: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b".-:[]".contains(&b);
    let known = host.contains(['.', ':']) || host == "localhost";
    // An address of IPv6 stands in brackets, and its own colons are no port.
    let port = host.rsplit_once(']').map_or(host, |(_, rest)| rest).split_once(':').map(|(_, port)| port);
    known && !host.starts_with(':') && host.bytes().all(allowed) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// distribution-spec: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn is_component(component: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let separators = component.split(|c: char| c.is_ascii() && alphanumeric(c as u8)).filter(|s| !s.is_empty());
    component.bytes().next().is_some_and(alphanumeric)
        && component.bytes().next_back().is_some_and(alphanumeric)
        && separators.into_iter().all(|s| matches!(s, "." | "_" | "__") || s.bytes().all(|b| b == b'-'))
}

fn is_tag(tag: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    (1..=128).contains(&tag.len()) && tag.bytes().all(allowed) && !tag.starts_with(['.', '-'])
}

impl FromStr for Repository {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (registry, path) = text.split_once('/').ok_or(ReferenceError::NoRegistry)?;
        Self::new(registry, path)
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest.parse::<Digest>()?)),
            None => (text, None),
        };
        // A colon after the last slash starts a tag; one before it belongs to the registry's port.
        let (repository, tag) = match name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
            _ => (name, None),
        };
        let repository: Repository = repository.parse()?;
        if let Some(tag) = tag.filter(|tag| !is_tag(tag)) {
            return Err(ReferenceError::Tag(tag.chars().take(80).collect()));
        }
        match (digest, tag) {
            (Some(digest), _) => Ok(Self::Image(ImageRef { repository, digest })),
            (None, Some(tag)) => Ok(Self::Tag(TagRef { repository, tag: tag.to_owned() })),
            (None, None) => Err(ReferenceError::NoVersion),
        }
    }
}

impl Reference {
    /// The repository, which both kinds name.
    #[must_use]
    pub fn repository(&self) -> &Repository {
        match self {
            Self::Image(image) => &image.repository,
            Self::Tag(tag) => &tag.repository,
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.path)
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.repository, self.digest)
    }
}

impl fmt::Display for TagRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.repository, self.tag)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(image) => image.fmt(f),
            Self::Tag(tag) => tag.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_digest_decides_and_a_tag_alone_stays_a_tag() {
        for (text, shown) in [
            (format!("ghcr.io/org/app@sha256:{HEX}"), format!("ghcr.io/org/app@sha256:{HEX}")),
            (format!("ghcr.io/org/app:v1@sha256:{HEX}"), format!("ghcr.io/org/app@sha256:{HEX}")),
            (format!("127.0.0.1:5000/app@sha256:{HEX}"), format!("127.0.0.1:5000/app@sha256:{HEX}")),
            ("localhost/app:sha-0123abc".into(), "localhost/app:sha-0123abc".into()),
            ("127.0.0.1:5000/a/b__c/d-e:V1.0_x".into(), "127.0.0.1:5000/a/b__c/d-e:V1.0_x".into()),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!(reference.to_string(), shown);
            assert_eq!(matches!(reference, Reference::Image(_)), text.contains('@'));
        }
    }

    #[test]
    fn a_text_that_names_no_single_image_is_refused() {
        for (text, wanted) in [
            ("app:v1", "no registry"),
            ("org/app:v1", "no registry"),
            ("", "no registry"),
            ("ghcr.io/org/app", "neither a digest nor a tag"),
            ("ghcr.io/org/app:", "is not a tag"),
            ("ghcr.io/org/app:-v1", "is not a tag"),
            ("ghcr.io/Org/app:v1", "not a repository name"),
            ("ghcr.io//app:v1", "not a repository name"),
            ("ghcr.io/a..b:v1", "not a repository name"),
            ("ghcr.io/../../etc:v1", "not a repository name"),
            ("ghcr.io/app@sha256:123", "64 lowercase"),
            ("ghcr.io/app@md5:123", "not supported"),
            ("https://ghcr.io/app:v1", "no registry"),
        ] {
            let error = text.parse::<Reference>().unwrap_err().to_string();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }
}
