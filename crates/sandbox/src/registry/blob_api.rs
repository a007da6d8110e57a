//! Pulling and deleting blobs.

use super::{
    Call,
    range::{Wanted, wanted},
    refusal::Refusal,
};
use axum::{
    body::Body,
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::{io::SeekFrom, ops::RangeInclusive};
use subject::Digest;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

impl Call<'_> {
    pub(super) async fn blob(&self, repository: &str, digest: Digest) -> Result<Response, Refusal> {
        match self.method {
            Method::GET | Method::HEAD => self.pull_blob(repository, digest).await,
            Method::DELETE => self.delete_blob(repository, digest),
            _ => Err(self.wrong_method()),
        }
    }

    async fn pull_blob(&self, repository: &str, digest: Digest) -> Result<Response, Refusal> {
        let size = self.store.index().get(repository)?.blobs.get(&digest).copied();
        let size = size.ok_or_else(|| Refusal::blob_unknown(format!("{digest} is not in {repository}")))?;
        let (status, part) = match wanted(self.header("range"), size) {
            Wanted::Everything => (StatusCode::OK, None),
            Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, Some(part)),
            Wanted::Unsatisfiable => {
                let refusal = Refusal::range_unsatisfiable(format!("the blob has {size} bytes"));
                return Err(refusal.with(header::CONTENT_RANGE, format!("bytes */{size}")));
            }
        };
        let length = part.as_ref().map_or(size, |part| part.end() - part.start() + 1);
        let mut response = Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CONTENT_LENGTH, length)
            .header(header::ACCEPT_RANGES, "bytes")
            .header(header::ETAG, format!("\"{digest}\""))
            .header("docker-content-digest", digest.to_string());
        if let Some(part) = &part {
            response = response.header(header::CONTENT_RANGE, format!("bytes {}-{}/{size}", part.start(), part.end()));
        }
        let body = if self.method == Method::HEAD { Body::empty() } else { self.bytes(digest, part).await? };
        response.body(body).map_err(|error| Refusal::unknown(error.to_string()))
    }

    async fn bytes(&self, digest: Digest, part: Option<RangeInclusive<u64>>) -> Result<Body, Refusal> {
        let mut file = tokio::fs::File::open(self.store.blobs.path(digest)).await?;
        let Some(part) = part else {
            return Ok(Body::from_stream(ReaderStream::new(file)));
        };
        file.seek(SeekFrom::Start(*part.start())).await?;
        Ok(Body::from_stream(ReaderStream::new(file.take(part.end() - part.start() + 1))))
    }

    /// Takes the blob out of the repository; its file stays, other repositories may have it.
    fn delete_blob(&self, repository: &str, digest: Digest) -> Result<Response, Refusal> {
        match self.store.index().get_mut(repository)?.blobs.remove(&digest) {
            Some(_) => Ok(StatusCode::ACCEPTED.into_response()),
            None => Err(Refusal::blob_unknown(format!("{digest} is not in {repository}"))),
        }
    }
}
