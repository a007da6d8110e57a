//! `attach`: an artifact that refers to an image, found again by everybody who looks for it.

use super::{Registry, push::Taken, referrers::Listing};
use crate::{Descriptor, Error, ErrorKind, ImageManifest, Manifest, ecr, media};
use bytes::Bytes;
use std::collections::BTreeMap;
use subject::{Digest, ImageRef, Repository};

/// What is attached: one blob with its types and notes.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// What the artifact is, such as `application/vnd.dev.sigstore.bundle.v0.3+json`.
    pub artifact_type: String,
    /// What the blob is; usually the same.
    pub media_type: String,
    /// The blob.
    pub bytes: Bytes,
    /// Notes on the manifest. They are part of its digest: a time of writing among them makes each attaching a new one.
    pub annotations: BTreeMap<String, String>,
}

/// How often a registry that keeps track of referrers is asked whether it has noticed the new one.
const LOOKS: u32 = 5;

impl Registry {
    /// Attaches an artifact to an image and makes sure that it is listed among its referrers. The same artifact again is
    /// the same digest and no second entry.
    ///
    /// What is written stays within the profile that ECR takes; an artifact outside of it is refused here, for every registry.
    ///
    /// # Errors
    /// Any [`ErrorKind`] of a registry; [`ErrorKind::NotFound`] when the image is not there,
    /// [`ErrorKind::Temporary`] when the registry took the artifact but does not list it.
    pub async fn attach(&self, image: &ImageRef, artifact: &Artifact) -> Result<Digest, Error> {
        // Before anything is sent: a push to a repository that is not meant could create it.
        let subject = self.manifest(image).await?.descriptor();
        let manifest = artifact.manifest(subject)?;
        let taken = self.put_artifact(&image.repository, artifact, &manifest).await?;
        // The `OCI-Subject` answer alone has been wrong (sigstore-js#1183), so the listing itself is looked at.
        let entry = Descriptor {
            artifact_type: Some(artifact.artifact_type.clone()),
            annotations: artifact.annotations.clone(),
            ..manifest.descriptor()
        };
        let promised = taken.subject == Some(image.digest);
        self.ensure_listed(image, &[entry]).await.map_err(|error| match error.kind() {
            ErrorKind::Temporary if promised => {
                let cause = format!("{}, though it promised to list it", error.cause());
                Error::new(ErrorKind::Temporary, format!("attach {} to {image}", manifest.digest), cause)
            }
            _ => error,
        })?;
        Ok(manifest.digest)
    }

    /// Writes the blobs of an artifact and its manifest, by digest only: on a repository with immutable tags a second artifact
    /// must still go in. Where others write the same blob at the same moment, Debian's `docker-registry` has been seen not to
    /// know it for an instant: it is written again.
    async fn put_artifact(
        &self,
        repository: &Repository,
        artifact: &Artifact,
        manifest: &Manifest,
    ) -> Result<Taken, Error> {
        let mut look = 0;
        loop {
            tokio::try_join!(
                self.push_blob(repository, media::EMPTY, Bytes::from_static(b"{}")),
                self.push_blob(repository, &artifact.media_type, artifact.bytes.clone()),
            )?;
            match self.put_manifest(repository, manifest, (None, None)).await {
                Err(error) if look < LOOKS && error.cause().contains("MANIFEST_BLOB_UNKNOWN") => {
                    look += 1;
                    tokio::time::sleep(self.pauses.after(look, None)).await;
                }
                answer => return answer,
            }
        }
    }

    /// Waits until the referrers API lists these artifacts, which are there; a registry without that API gets them under
    /// the fallback tag.
    pub(crate) async fn ensure_listed(&self, image: &ImageRef, entries: &[Descriptor]) -> Result<(), Error> {
        for look in 0..LOOKS {
            match self.listing(image).await? {
                Listing::Absent => return self.fallback_add(image, entries).await,
                Listing::Api(listed) if all_among(entries, &listed) => return Ok(()),
                Listing::Api(_) => tokio::time::sleep(self.pauses.after(look + 1, None)).await,
            }
        }
        let cause = "the registry took it but does not list it among the image's referrers";
        Err(Error::new(ErrorKind::Temporary, format!("attach evidence to {image}"), cause))
    }
}

pub(super) fn all_among(entries: &[Descriptor], listed: &[Descriptor]) -> bool {
    entries.iter().all(|entry| listed.iter().any(|listed| listed.digest == entry.digest))
}

impl Artifact {
    fn manifest(&self, subject: Descriptor) -> Result<Manifest, Error> {
        let doing = "attach an artifact";
        let manifest = ImageManifest {
            schema_version: 2,
            media_type: Some(media::IMAGE_MANIFEST.to_owned()),
            artifact_type: Some(self.artifact_type.clone()),
            config: Descriptor::of(media::EMPTY, b"{}"),
            layers: vec![Descriptor::of(&self.media_type, &self.bytes)],
            subject: Some(subject),
            annotations: self.annotations.clone(),
        };
        let bytes = serde_json::to_vec(&manifest).map_err(|error| Error::invalid(doing, error.to_string()))?;
        let faults = ecr::faults(&bytes);
        if !faults.is_empty() {
            return Err(Error::invalid(doing, format!("not every registry would take it: {}", faults.join("; "))));
        }
        Manifest::parse(bytes.into(), Some(media::IMAGE_MANIFEST))
    }
}
