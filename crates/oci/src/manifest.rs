//! Manifests, indexes and descriptors: their raw bytes, kept as they came, and a typed view of them.

use crate::{Error, media};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use subject::Digest;

/// The largest manifest that is read or written: 4 MiB, what distribution-spec asks registries to accept at least and
/// ECR accepts at most.
pub const MANIFEST_LIMIT: usize = 4 << 20;

/// What image-spec 1.1 calls a descriptor. `data` and `urls` are not read: content comes from the registry asked, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the content is; empty where a registry leaves it out.
    #[serde(default)]
    pub media_type: String,
    /// The content's digest.
    pub digest: Digest,
    /// The content's length in bytes.
    pub size: u64,
    /// The artifact's type, in the entries of an index. A registry writes these entries: never decide by them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The platform an index's entry is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Key and value notes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// The descriptor of these bytes.
    #[must_use]
    pub fn of(media_type: impl Into<String>, bytes: &[u8]) -> Self {
        Self::new(media_type, Digest::of(bytes), bytes.len() as u64)
    }

    /// A descriptor without notes.
    #[must_use]
    pub fn new(media_type: impl Into<String>, digest: Digest, size: u64) -> Self {
        let (artifact_type, platform, annotations) = (None, None, BTreeMap::new());
        Self { media_type: media_type.into(), digest, size, artifact_type, platform, annotations }
    }
}

/// The platform an image runs on, in Go's words: `linux`, `amd64`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// The processor, such as `amd64` or `arm64`.
    pub architecture: String,
    /// The operating system, such as `linux`.
    pub os: String,
    /// The processor's variant, such as `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// Linux on this processor.
    #[must_use]
    pub fn linux(architecture: impl Into<String>) -> Self {
        Self { architecture: architecture.into(), os: "linux".into(), variant: None }
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.iter().try_for_each(|variant| write!(f, "/{variant}"))
    }
}

/// A manifest or index, checked against its digest, its bytes never written anew.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The bytes as they came: what the digest is of.
    pub bytes: Bytes,
    /// Its media type.
    pub media_type: String,
    /// The digest of `bytes`, computed.
    pub digest: Digest,
    /// What it says.
    pub kind: Kind,
}

/// The two kinds of manifest.
#[derive(Debug, Clone)]
pub enum Kind {
    /// One image or artifact.
    Image(ImageManifest),
    /// Several, usually one per platform.
    Index(Index),
}

/// The manifest of one image or artifact. On reading, what it does not know is ignored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageManifest {
    /// Always 2.
    pub schema_version: u8,
    /// Its media type; older builders leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What an artifact is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The configuration blob.
    pub config: Descriptor,
    /// The layers, lowest first.
    pub layers: Vec<Descriptor>,
    /// What it refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Key and value notes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// An index of manifests. On reading, what it does not know is ignored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    pub schema_version: u8,
    /// Its media type; older builders leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What an artifact is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The manifests.
    pub manifests: Vec<Descriptor>,
    /// What it refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Key and value notes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// The fields that tell the kinds apart before anything else is believed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    schema_version: u8,
    media_type: Option<String>,
    config: Option<serde::de::IgnoredAny>,
    layers: Option<serde::de::IgnoredAny>,
    manifests: Option<serde::de::IgnoredAny>,
}

impl Manifest {
    /// Reads manifest bytes; `declared` is the media type they were sent or described as, where one was given.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] for more than [`MANIFEST_LIMIT`] bytes, malformed JSON, an unknown type, a type
    /// that differs from the declared one, or a document that could be read as both kinds (CVE-2021-41190).
    pub fn parse(bytes: Bytes, declared: Option<&str>) -> Result<Self, Error> {
        let doing = "read the manifest";
        let wrong = |cause: String| Error::invalid(doing, cause);
        if bytes.len() > MANIFEST_LIMIT {
            return Err(wrong(format!("{} bytes are more than the {MANIFEST_LIMIT} allowed", bytes.len())));
        }
        let malformed = |error: serde_json::Error| wrong(format!("not a manifest: {error}"));
        let shape: Shape = serde_json::from_slice(&bytes).map_err(malformed)?;
        if shape.schema_version != 2 {
            return Err(wrong(format!(
                "schema version {} is not supported; push the image again",
                shape.schema_version
            )));
        }
        let image = shape.config.is_some() || shape.layers.is_some();
        if image == shape.manifests.is_some() {
            return Err(wrong("it is both an image and an index, or neither".into()));
        }
        let declared = declared.filter(|declared| media::is_index(declared) || media::is_image_manifest(declared));
        let media_type = match (shape.media_type.as_deref(), declared) {
            (Some(own), Some(declared)) if own != declared => {
                return Err(wrong(format!(
                    "it calls itself {} and was sent as {}",
                    crate::error::quote(own, 80),
                    crate::error::quote(declared, 80)
                )));
            }
            (Some(own), _) => own,
            (None, Some(declared)) => declared,
            (None, None) if image => media::IMAGE_MANIFEST,
            (None, None) => media::IMAGE_INDEX,
        };
        let known = if image { media::is_image_manifest(media_type) } else { media::is_index(media_type) };
        if !known {
            return Err(wrong(format!("media type {} does not fit its content", crate::error::quote(media_type, 80))));
        }
        let kind = if image {
            Kind::Image(serde_json::from_slice(&bytes).map_err(malformed)?)
        } else {
            Kind::Index(serde_json::from_slice(&bytes).map_err(malformed)?)
        };
        Ok(Self { media_type: media_type.to_owned(), digest: Digest::of(&bytes), bytes, kind })
    }

    /// The descriptor of this manifest, as a `subject` or an index's entry.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(&self.media_type, self.digest, self.bytes.len() as u64)
    }

    /// What it refers to.
    #[must_use]
    pub fn subject(&self) -> Option<&Descriptor> {
        match &self.kind {
            Kind::Image(image) => image.subject.as_ref(),
            Kind::Index(index) => index.subject.as_ref(),
        }
    }

    /// What an artifact is: its `artifactType`, else its configuration's media type (distribution-spec "Listing Referrers").
    #[must_use]
    pub fn artifact_type(&self) -> Option<&str> {
        match &self.kind {
            Kind::Image(image) => Some(image.artifact_type.as_ref().unwrap_or(&image.config.media_type)),
            Kind::Index(index) => index.artifact_type.as_ref(),
        }
        .map(String::as_str)
    }

    /// Its notes.
    #[must_use]
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        match &self.kind {
            Kind::Image(image) => &image.annotations,
            Kind::Index(index) => &index.annotations,
        }
    }

    /// The blobs it names: configuration and layers; none for an index.
    #[must_use]
    pub fn blobs(&self) -> Vec<&Descriptor> {
        match &self.kind {
            Kind::Image(image) => std::iter::once(&image.config).chain(&image.layers).collect(),
            Kind::Index(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: impl Into<String>) -> Result<Manifest, String> {
        Manifest::parse(text.into().into_bytes().into(), None).map_err(|error| error.to_string())
    }

    #[test]
    fn what_no_type_is_given_for_is_what_its_members_say() {
        let index = parse(r#"{"schemaVersion":2,"manifests":[]}"#).unwrap();
        assert_eq!((index.media_type.as_str(), index.blobs().len()), (media::IMAGE_INDEX, 0));
        let config = serde_json::to_string(&Descriptor::of(media::EMPTY, b"{}")).unwrap();
        let image = parse(format!(r#"{{"schemaVersion":2,"config":{config},"layers":[]}}"#)).unwrap();
        assert_eq!((image.media_type.as_str(), image.blobs().len()), (media::IMAGE_MANIFEST, 1));
    }

    #[test]
    fn a_document_of_two_kinds_is_neither() {
        for (text, wanted) in [
            (r#"{"schemaVersion":2,"layers":[],"manifests":[]}"#, "both"),
            (r#"{"schemaVersion":2,"config":{},"manifests":[]}"#, "both"),
            (r#"{"schemaVersion":2}"#, "or neither"),
            (
                r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]}"#,
                "does not fit",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }

    #[test]
    fn four_mebibytes_are_read_and_not_a_byte_more() {
        let index = r#"{"schemaVersion":2,"manifests":[]}"#;
        let padded = |length: usize| format!("{index}{}", " ".repeat(length - index.len()));
        assert!(parse(padded(MANIFEST_LIMIT)).is_ok());
        assert!(parse(padded(MANIFEST_LIMIT + 1)).unwrap_err().contains("more than"));
        assert!(parse(padded(MANIFEST_LIMIT + 2)).is_err());
    }
}
