//! `push_blob`, `push_blob_file`, `mount_blob`, `push_manifest`: content into a registry, each blob only where missing.

use super::{
    Registry, address,
    exchange::{Body, Call, Origin},
};
use crate::{Descriptor, Error, MANIFEST_LIMIT, Manifest};
use bytes::Bytes;
use reqwest::{
    Method, Response,
    header::{CONTENT_TYPE, HeaderName, LOCATION},
};
use std::path::Path;
use subject::{Digest, ImageRef, Repository};
use transport::Attempt;

/// What a registry said about a manifest it took.
pub(crate) struct Taken {
    /// It named this subject in `OCI-Subject`: it says that it keeps track of referrers.
    pub(crate) subject: Option<Digest>,
}

impl Registry {
    /// Uploads a blob, unless the repository has it.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] of a registry.
    pub async fn push_blob(
        &self,
        repository: &Repository,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Descriptor, Error> {
        let blob = Descriptor::of(media_type, &bytes);
        if !self.has_blob(repository, &blob).await? {
            self.upload(repository, &blob, Body::Bytes(bytes)).await?;
        }
        Ok(blob)
    }

    /// Uploads a file as the blob this descriptor speaks of, unless the repository has it. The registry compares the
    /// content with the digest.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] of a registry.
    pub async fn push_blob_file(&self, repository: &Repository, blob: &Descriptor, file: &Path) -> Result<(), Error> {
        if self.has_blob(repository, blob).await? {
            return Ok(());
        }
        self.upload(repository, blob, Body::File(file.to_owned(), blob.size)).await
    }

    /// Uploads a blob that another repository has, streamed from there and checked on the way; nothing is kept on this
    /// machine. The registry compares the content with the digest, too.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] of either registry.
    pub async fn push_blob_from(
        &self,
        repository: &Repository,
        blob: &Descriptor,
        (from, source): (&Self, &Repository),
    ) -> Result<(), Error> {
        let origin = Origin { registry: from.clone(), repository: source.clone(), blob: blob.clone() };
        self.upload(repository, blob, Body::Blob(Box::new(origin))).await
    }

    /// Takes a blob over from another repository of the same registry without its bytes travelling. `false` when the
    /// registry does not do that; the blob then has to be uploaded.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] of a registry.
    pub async fn mount_blob(
        &self,
        repository: &Repository,
        blob: &Descriptor,
        from: &Repository,
    ) -> Result<bool, Error> {
        if repository.registry() != from.registry() {
            return Ok(false);
        }
        let mut url = address::url(repository, "blobs/uploads/")?;
        url.query_pairs_mut().append_pair("mount", &blob.digest.to_string()).append_pair("from", from.path());
        let doing = format!("mount blob {} from {from} into {repository}", blob.digest);
        let response = self.call(&Call::write(&doing, repository, Method::POST, url)).await?;
        if response.status().as_u16() == 201 {
            return Ok(true);
        }
        // 202 opened an upload instead (distribution-spec "Mounting a blob"); it is not left lying about where that works.
        if let Ok(open) = location(&doing, &response) {
            let cancel = Call { also: &[400, 404, 405], ..Call::write(&doing, repository, Method::DELETE, open) };
            let _ = self.call(&cancel).await;
        }
        Ok(false)
    }

    /// Writes a manifest by its digest, or under a tag as well. What it names must be there before.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] of a registry; an immutable tag that names another image is
    /// [`crate::ErrorKind::Refused`] or [`crate::ErrorKind::Conflict`], as the registry says it.
    pub async fn push_manifest(
        &self,
        repository: &Repository,
        manifest: &Manifest,
        tag: Option<&str>,
    ) -> Result<ImageRef, Error> {
        self.put_manifest(repository, manifest, (tag, None)).await?;
        Ok(repository.image(manifest.digest))
    }

    /// Writes a manifest by digest or tag, with a condition where one is given.
    pub(crate) async fn put_manifest(
        &self,
        repository: &Repository,
        manifest: &Manifest,
        (tag, condition): (Option<&str>, Option<(HeaderName, &str)>),
    ) -> Result<Taken, Error> {
        let digest = manifest.digest.to_string();
        let doing = match tag {
            Some(tag) => format!("write {digest} to {repository} as {tag}"),
            None => format!("write {digest} to {repository}"),
        };
        if manifest.bytes.len() > MANIFEST_LIMIT {
            let length = manifest.bytes.len();
            return Err(Error::invalid(doing, format!("{length} bytes are more than the {MANIFEST_LIMIT} allowed")));
        }
        let url = address::url(repository, &format!("manifests/{}", tag.unwrap_or(&digest)))?;
        let mut call =
            Call { body: Body::Bytes(manifest.bytes.clone()), ..Call::write(&doing, repository, Method::PUT, url) }
                .with_header(CONTENT_TYPE, &manifest.media_type)?;
        if let Some((name, value)) = condition {
            call = call.with_header(name, value)?;
        }
        let response = self.call(&call).await?;
        let header = |name: &str| response.headers().get(name)?.to_str().ok()?.parse::<Digest>().ok();
        if let Some(other) = header("docker-content-digest").filter(|taken| *taken != manifest.digest) {
            return Err(Error::invalid(doing, format!("the registry keeps it as {other}")));
        }
        Ok(Taken { subject: header("oci-subject") })
    }

    /// distribution-spec "POST then PUT": ask for a place, then send everything there at once. A broken upload leaves a
    /// place half filled, so it is not sent there again but to a new place.
    async fn upload(&self, repository: &Repository, blob: &Descriptor, body: Body) -> Result<(), Error> {
        let doing = format!("upload blob {} to {repository}", blob.digest);
        let start = address::url(repository, "blobs/uploads/")?;
        transport::retry(self.pauses, || async {
            let opened = match self.attempt(&Call::write(&doing, repository, Method::POST, start.clone())).await {
                Attempt::Done(response) => response,
                Attempt::Again { error, after } => return Attempt::Again { error, after },
                Attempt::Fatal(error) => return Attempt::Fatal(error),
            };
            let put = location(&doing, &opened).and_then(|mut place| {
                place.query_pairs_mut().append_pair("digest", &blob.digest.to_string());
                Call { body: body.clone(), ..Call::write(&doing, repository, Method::PUT, place) }
                    .with_header(CONTENT_TYPE, "application/octet-stream")
            });
            match put {
                Ok(call) => self.attempt(&call).await,
                Err(error) => Attempt::Fatal(error),
            }
        })
        .await
        .map(drop)
    }
}

fn location(doing: &str, response: &Response) -> Result<reqwest::Url, Error> {
    let header = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let next = header.and_then(|location| address::follow(response.url(), location));
    next.ok_or_else(|| Error::invalid(doing, "the registry names no https address to upload to"))
}
