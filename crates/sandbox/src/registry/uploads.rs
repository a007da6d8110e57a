//! Half-finished uploads: which exist, how far each has come, and how bytes are added to one.

use super::refusal::Refusal;
use axum::{body::Body, http::header};
use futures_util::StreamExt;
use std::{
    collections::HashMap,
    io::SeekFrom,
    ops::RangeInclusive,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};
use uuid::Uuid;

/// The most bytes a blob may have. ECR's layer quota is 52,000 MiB; a laptop has less room.
pub(crate) const BLOB_LIMIT: u64 = 8 << 30;

/// The uploads under way, by id.
#[derive(Debug, Default)]
pub(crate) struct Uploads(Mutex<HashMap<String, Arc<Upload>>>);

/// One upload.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) repository: String,
    pub(crate) file: PathBuf,
    /// How many bytes have come; held while bytes are being added, so that two chunks cannot interleave.
    pub(crate) received: tokio::sync::Mutex<u64>,
}

impl Uploads {
    /// Begins an upload; `file` tells where the upload with that id is collected.
    pub(crate) fn begin(&self, repository: &str, file: impl FnOnce(Uuid) -> PathBuf) -> Arc<Upload> {
        let id = Uuid::new_v4();
        let upload = Arc::new(Upload {
            id: id.to_string(),
            repository: repository.to_owned(),
            file: file(id),
            received: tokio::sync::Mutex::new(0),
        });
        self.lock().insert(upload.id.clone(), Arc::clone(&upload));
        upload
    }

    /// The upload with that id, if it was begun in that repository.
    pub(crate) fn find(&self, repository: &str, id: &str) -> Result<Arc<Upload>, Refusal> {
        let found = self.lock().get(id).filter(|upload| upload.repository == repository).cloned();
        found.ok_or_else(|| Refusal::blob_upload_unknown("no such upload in this repository"))
    }

    /// Forgets an upload; its file is the caller's to keep or remove.
    pub(crate) fn end(&self, id: &str) {
        self.lock().remove(id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Upload>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Upload {
    /// Where the next request about this upload goes. As in CNCF distribution the query carries the upload's state, so a
    /// client has to use each answer's `Location` and must add to its query, not replace it.
    pub(crate) fn location(&self, received: u64) -> String {
        format!("/v2/{}/blobs/uploads/{}?_state={}", self.repository, self.id, self.state(received))
    }

    /// The value of `_state` after `received` bytes.
    pub(crate) fn state(&self, received: u64) -> String {
        format!("{}-{received}", &self.id[..8])
    }

    /// Adds the bytes of `body`. With `range`, they must follow what is there and be exactly as many as it says. What
    /// came before a broken connection is kept, so the client may go on from there.
    pub(crate) async fn append(&self, body: Body, range: Option<RangeInclusive<u64>>) -> Result<u64, Refusal> {
        let mut received = self.received.lock().await;
        let start = *received;
        if range.as_ref().is_some_and(|range| *range.start() != start) {
            let refusal = Refusal::range_unsatisfiable(format!("the next byte is number {start}"));
            return Err(refusal.with(header::RANGE, shown(start)));
        }
        let mut file = tokio::fs::OpenOptions::new().write(true).create(true).truncate(false).open(&self.file).await?;
        file.set_len(start).await?;
        file.seek(SeekFrom::Start(start)).await?;
        let mut stream = body.into_data_stream();
        while let Some(next) = stream.next().await {
            let bytes = next.map_err(|_| {
                Refusal::blob_upload_invalid(format!("the body broke off after {} bytes", *received - start))
            })?;
            if *received + bytes.len() as u64 > BLOB_LIMIT {
                return Err(Refusal::too_large(format!("a blob may have {BLOB_LIMIT} bytes")));
            }
            file.write_all(&bytes).await?;
            file.flush().await?;
            *received += bytes.len() as u64;
        }
        if let Some(range) = range.filter(|range| *range.end() + 1 != *received) {
            let came = *received - start;
            *received = start;
            let promised = range.end() - range.start() + 1;
            return Err(Refusal::size_invalid(format!("Content-Range promised {promised} bytes, {came} came")));
        }
        Ok(*received)
    }
}

/// `Range` as distribution-spec shows an upload's progress: inclusive, and `0-0` when nothing has come.
pub(crate) fn shown(received: u64) -> String {
    format!("0-{}", received.saturating_sub(1))
}
