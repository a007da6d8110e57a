//! What a manifest says: which blobs and manifests it needs, what it is about, of which kind it is (image-spec 1.1).

use serde::Deserialize;
use std::collections::BTreeMap;
use subject::Digest;

/// The most bytes a manifest may have: distribution-spec 1.1 "Pushing Manifests" and ECR's `imageManifest` agree on 4 MiB.
pub const MANIFEST_LIMIT: usize = 4 * 1024 * 1024;

/// The media type of an OCI image manifest.
const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of an OCI image index.
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// What the registry has to know about a manifest; its bytes stay as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The config, then the layers, lowest first.
    pub(crate) blobs: Vec<Descriptor>,
    /// The manifests an index lists.
    pub(crate) children: Vec<Descriptor>,
    /// What this manifest is a referrer of.
    pub(crate) subject: Option<Digest>,
    /// `artifactType`, else the config's media type, as the referrers list shows it.
    pub(crate) artifact_type: Option<String>,
    /// The config's media type, which ECR calls the artifact's media type.
    pub(crate) config_media_type: Option<String>,
    /// The manifest's own annotations.
    pub(crate) annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema_version: u64,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
    subject: Option<Descriptor>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// One thing a manifest points at.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    #[serde(default)]
    urls: Vec<String>,
    platform: Option<Platform>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Platform {
    architecture: String,
    os: String,
}

impl Descriptor {
    /// Whether the content is kept somewhere else (a foreign layer has a URL), so that it need not be here.
    pub(crate) fn is_elsewhere(&self) -> bool {
        !self.urls.is_empty()
    }
}

impl Facts {
    /// Reads `bytes` as a manifest of `media_type`; the error says in words what is wrong with it.
    pub(crate) fn read(bytes: &[u8], media_type: &str) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(bytes).map_err(|error| format!("not a manifest: {error}"))?;
        if document.schema_version != 2 {
            return Err(format!("schemaVersion is {}, not 2", document.schema_version));
        }
        if let Some(own) = document.media_type.as_deref().filter(|own| *own != media_type) {
            return Err(format!("its mediaType `{own}` is not the media type it was sent as, `{media_type}`"));
        }
        match media_type {
            OCI_MANIFEST | DOCKER_MANIFEST => document.image(),
            OCI_INDEX | DOCKER_LIST => document.index(),
            other => Err(format!("media type `{other}` is neither an image manifest nor an index")),
        }
    }

    /// Of an index, the image that runs on this machine's Linux, or its only one.
    pub(crate) fn child_for_this_machine(&self) -> Option<Digest> {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let fits = |child: &&Descriptor| {
            child.platform.as_ref().is_some_and(|p| p.os == "linux" && p.architecture == architecture)
        };
        let only = || if let [only] = self.children.as_slice() { Some(only) } else { None };
        self.children.iter().find(fits).or_else(only).map(|child| child.digest)
    }
}

impl Document {
    fn image(self) -> Result<Facts, String> {
        // A document that is both could mean one thing to us and another to a client (GHSA-mc8v-mgrf-8f4m).
        if self.manifests.is_some() {
            return Err("an image manifest that also has `manifests`".into());
        }
        let (Some(config), Some(layers)) = (self.config, self.layers) else {
            return Err("an image manifest needs `config` and `layers`".into());
        };
        if config.media_type == EMPTY && self.artifact_type.is_none() {
            return Err("an empty config needs an `artifactType`".into());
        }
        let artifact_type = self.artifact_type.or_else(|| Some(config.media_type.clone()));
        let config_media_type = Some(config.media_type.clone());
        Ok(Facts {
            blobs: std::iter::once(config).chain(layers).collect(),
            children: Vec::new(),
            subject: self.subject.map(|subject| subject.digest),
            artifact_type,
            config_media_type,
            annotations: self.annotations,
        })
    }

    fn index(self) -> Result<Facts, String> {
        if self.config.is_some() || self.layers.is_some() {
            return Err("an index that also has `config` or `layers`".into());
        }
        let Some(manifests) = self.manifests else {
            return Err("an index needs `manifests`".into());
        };
        Ok(Facts {
            children: manifests,
            subject: self.subject.map(|subject| subject.digest),
            artifact_type: self.artifact_type,
            annotations: self.annotations,
            ..Facts::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn descriptor(media_type: &str) -> Value {
        json!({"mediaType": media_type, "digest": Digest::of(b"{}"), "size": 2})
    }

    fn read(document: &Value, media_type: &str) -> Result<Facts, String> {
        Facts::read(document.to_string().as_bytes(), media_type)
    }

    #[test]
    fn an_image_without_an_artifact_type_is_listed_by_its_config() {
        let document = json!({"schemaVersion": 2, "config": descriptor("application/x"), "layers": []});
        assert_eq!(read(&document, OCI_MANIFEST).unwrap().artifact_type.as_deref(), Some("application/x"));
    }

    #[test]
    fn a_layer_with_a_url_is_kept_elsewhere() {
        let mut foreign = descriptor("application/x");
        foreign["urls"] = json!(["https://example.org/layer"]);
        let document = json!({"schemaVersion": 2, "config": descriptor("application/x"), "layers": [foreign]});
        let elsewhere: Vec<_> = read(&document, OCI_MANIFEST).unwrap().blobs.iter().map(|b| b.is_elsewhere()).collect();
        assert_eq!(elsewhere, [false, true]);
    }

    #[test]
    fn a_document_that_is_not_one_clear_manifest_is_refused() {
        let image = json!({"schemaVersion": 2, "config": descriptor("application/x"), "layers": []});
        let with = |key: &str, value: Value| {
            let mut changed = image.clone();
            changed[key] = value;
            changed
        };
        for (document, media_type, wanted) in [
            (json!([]), OCI_MANIFEST, "not a manifest"),
            (json!({}), OCI_MANIFEST, "schemaVersion"),
            (with("schemaVersion", json!(1)), OCI_MANIFEST, "schemaVersion is 1"),
            (with("mediaType", json!(OCI_INDEX)), OCI_MANIFEST, "is not the media type"),
            (with("manifests", json!([])), OCI_MANIFEST, "also has `manifests`"),
            (with("config", descriptor(EMPTY)), OCI_MANIFEST, "needs an `artifactType`"),
            (with("config", json!({"mediaType": "x", "digest": "sha256:0", "size": 1})), OCI_MANIFEST, "64 lowercase"),
            (with("layers", Value::Null), OCI_MANIFEST, "needs `config` and `layers`"),
            (image.clone(), OCI_INDEX, "also has `config`"),
            (json!({"schemaVersion": 2}), OCI_INDEX, "needs `manifests`"),
            (image.clone(), "text/plain", "neither an image manifest nor an index"),
        ] {
            let error = read(&document, media_type).unwrap_err();
            assert!(error.contains(wanted), "{document}: {error}");
        }
        let twice = br#"{"schemaVersion":2,"schemaVersion":2,"manifests":[]}"#;
        assert!(Facts::read(twice, OCI_INDEX).is_err(), "a repeated key has two meanings");
    }
}
