//! Pushing blobs: in one request, in two, in chunks, or mounted from another repository.

use super::{
    Call,
    range::chunk,
    refusal::Refusal,
    uploads::{Upload, shown},
};
use axum::{
    body::Body,
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::ops::RangeInclusive;
use subject::Digest;

impl Call<'_> {
    /// `POST /v2/<name>/blobs/uploads/`
    pub(super) async fn begin_upload(&self, repository: &str, body: Body) -> Result<Response, Refusal> {
        if self.method != Method::POST {
            return Err(self.wrong_method());
        }
        if let Some(mounted) = self.mount(repository)? {
            return Ok(created(repository, mounted));
        }
        let asked = self.query.get("digest").map(digest).transpose()?;
        let upload = self.store.uploads.begin(repository, |id| self.store.blobs.waiting(id));
        match asked {
            Some(digest) => {
                upload.append(body, None).await?;
                self.finish(&upload, digest).await
            }
            None => Ok(progress(StatusCode::ACCEPTED, &upload, 0)),
        }
    }

    /// `GET`, `PATCH`, `PUT` and `DELETE` of `/v2/<name>/blobs/uploads/<id>`
    pub(super) async fn upload(&self, repository: &str, id: &str, body: Body) -> Result<Response, Refusal> {
        let upload = self.store.uploads.find(repository, id)?;
        match self.method {
            Method::GET => {
                let received = *upload.received.lock().await;
                Ok(progress(StatusCode::NO_CONTENT, &upload, received))
            }
            Method::PATCH => {
                self.check_state(&upload).await?;
                let received = upload.append(body, self.content_range()?).await?;
                Ok(progress(StatusCode::ACCEPTED, &upload, received))
            }
            Method::PUT => {
                let asked = digest(self.query.get("digest").unwrap_or_default())?;
                self.check_state(&upload).await?;
                upload.append(body, self.content_range()?).await?;
                self.finish(&upload, asked).await
            }
            Method::DELETE => {
                self.store.uploads.end(&upload.id);
                // Nothing may have come yet, and then there is no file.
                let _ = tokio::fs::remove_file(&upload.file).await;
                Ok(StatusCode::NO_CONTENT.into_response())
            }
            _ => Err(self.wrong_method()),
        }
    }

    fn mount(&self, repository: &str) -> Result<Option<Digest>, Refusal> {
        let (Some(mount), Some(from)) = (self.query.get("mount"), self.query.get("from")) else {
            return Ok(None);
        };
        let mount = digest(mount)?;
        let mut index = self.store.index();
        let size = index.get(from).ok().and_then(|record| record.blobs.get(&mount).copied());
        let Some(size) = size else {
            return Ok(None);
        };
        index.get_mut(repository)?.blobs.insert(mount, size);
        Ok(Some(mount))
    }

    async fn finish(&self, upload: &Upload, asked: Digest) -> Result<Response, Refusal> {
        self.store.uploads.end(&upload.id);
        let blobs = std::sync::Arc::clone(&self.store.blobs);
        let file = upload.file.clone();
        let adopted = tokio::task::spawn_blocking(move || blobs.adopt(&file, asked)).await;
        match adopted.map_err(|error| Refusal::unknown(error.to_string()))?? {
            Ok(size) => {
                self.store.index().get_mut(&upload.repository)?.blobs.insert(asked, size);
                Ok(created(&upload.repository, asked))
            }
            Err(real) => Err(Refusal::digest_invalid(format!("the bytes have digest {real}, not {asked}"))),
        }
    }

    async fn check_state(&self, upload: &Upload) -> Result<(), Refusal> {
        let received = *upload.received.lock().await;
        if self.query.get("_state") == Some(upload.state(received).as_str()) {
            return Ok(());
        }
        Err(Refusal::blob_upload_invalid("use the Location of the last answer, with its query"))
    }

    fn content_range(&self) -> Result<Option<RangeInclusive<u64>>, Refusal> {
        let Some(header) = self.header("content-range") else {
            return Ok(None);
        };
        let range = chunk(header).ok_or_else(|| Refusal::blob_upload_invalid("Content-Range is <first>-<last>"))?;
        let length = self.header("content-length").and_then(|length| length.parse::<u64>().ok());
        match length {
            Some(length) if (range.end() - range.start()).checked_add(1) != Some(length) => {
                Err(Refusal::size_invalid(format!("Content-Range {header} is not the body's {length} bytes")))
            }
            _ => Ok(Some(range)),
        }
    }
}

fn digest(text: &str) -> Result<Digest, Refusal> {
    text.parse().map_err(|error| Refusal::digest_invalid(format!("{error}")))
}

fn progress(status: StatusCode, upload: &Upload, received: u64) -> Response {
    let headers = [
        (header::LOCATION, upload.location(received)),
        (header::RANGE, shown(received)),
        (header::HeaderName::from_static("docker-upload-uuid"), upload.id.clone()),
    ];
    (status, headers).into_response()
}

fn created(repository: &str, digest: Digest) -> Response {
    let headers = [
        (header::LOCATION, format!("/v2/{repository}/blobs/{digest}")),
        (header::HeaderName::from_static("docker-content-digest"), digest.to_string()),
    ];
    (StatusCode::CREATED, headers).into_response()
}
