//! `push_blob`, `push_blob_file`, `push_manifest`: content into a registry, each blob only where missing.

use super::{
    Registry, address,
    exchange::{Body, Call},
};
use crate::{Descriptor, Error, ErrorKind, Manifest, ecr};
use bytes::Bytes;
use reqwest::{
    Method, Response, Url,
    header::{CONTENT_TYPE, HeaderName, LOCATION},
};
use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};
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
            self.upload(repository, &blob, Body::Bytes(bytes), None).await?;
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
        self.upload(repository, blob, Body::File(file.to_owned(), blob.size), None).await
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
        let url = address::url(repository, &format!("manifests/{}", tag.unwrap_or(&digest)))?;
        let mut call =
            Call { body: Body::Bytes(manifest.bytes.clone()), ..Call::write(&doing, repository, Method::PUT, url) }
                .with_header(CONTENT_TYPE, &manifest.media_type)?;
        let conditional = condition.is_some();
        if let Some((name, value)) = condition {
            call = call.with_header(name, value)?;
        }
        let response = match self.call(&call).await {
            Ok(response) => response,
            Err(error) => {
                if conditional && error.kind() == ErrorKind::Conflict {
                    self.learned.note(repository, |known| known.conditional_writes = Some(true));
                }
                return Err(refused(error, &doing, manifest));
            }
        };
        let header = |name: &str| response.headers().get(name)?.to_str().ok()?.parse::<Digest>().ok();
        if let Some(other) = header("docker-content-digest").filter(|taken| *taken != manifest.digest) {
            return Err(Error::invalid(doing, format!("the registry keeps it as {other}")));
        }
        Ok(Taken { subject: header("oci-subject") })
    }

    /// distribution-spec "POST then PUT": ask for a place, unless one is open, then send everything there at once. A broken
    /// upload leaves a place half filled, so it is not sent there again but to a new place.
    pub(super) async fn upload(
        &self,
        repository: &Repository,
        blob: &Descriptor,
        body: Body,
        open: Option<Url>,
    ) -> Result<(), Error> {
        let doing = format!("upload blob {} to {repository}", blob.digest);
        let open = Mutex::new(open);
        transport::retry(self.pauses, || async {
            let given = open.lock().unwrap_or_else(PoisonError::into_inner).take();
            let place = match given {
                Some(place) => Ok(place),
                None => match self.open_upload(&doing, repository).await {
                    Attempt::Done(response) => location(&doing, &response),
                    Attempt::Again { error, after } => return Attempt::Again { error, after },
                    Attempt::Fatal(error) => return Attempt::Fatal(error),
                },
            };
            let put = place.and_then(|mut place| {
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

    async fn open_upload(&self, doing: &str, repository: &Repository) -> Attempt<Response, Error> {
        match address::url(repository, "blobs/uploads/") {
            Ok(start) => self.attempt(&Call::write(doing, repository, Method::POST, start)).await,
            Err(error) => Attempt::Fatal(error),
        }
    }
}

/// A refusal with what is unusual in the manifest: ECR's own words do not tell.
fn refused(error: Error, doing: &str, manifest: &Manifest) -> Error {
    let unusual = ecr::faults(&manifest.bytes);
    if error.kind() != ErrorKind::Refused || unusual.is_empty() {
        return error;
    }
    let unusual = unusual.join("; ");
    Error::new(
        error.kind(),
        doing,
        format!("{}; some registries, ECR among them, take it not, because {unusual}", error.cause()),
    )
}

/// Where an answer says that the upload goes on.
pub(super) fn location(doing: &str, response: &Response) -> Result<Url, Error> {
    let header = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let next = header.and_then(|location| address::follow(response.url(), location));
    next.ok_or_else(|| Error::invalid(doing, "the registry names no https address to upload to"))
}
