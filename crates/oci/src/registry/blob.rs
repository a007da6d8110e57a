//! `blob`, `blob_bytes`, `blob_to_file`: content by its descriptor, checked to its last byte.

use super::{
    Registry, address,
    exchange::{self, Call},
};
use crate::{Descriptor, Error, ErrorKind, content::Check};
use bytes::Bytes;
use reqwest::{Method, Response};
use std::io::{Seek as _, Write as _};
use subject::Repository;
use transport::Attempt;

/// A blob on its way. Its end is reached only when size and digest are right: a caller that stops at an error has
/// nothing, whatever it has seen before.
pub struct Blob {
    response: Response,
    check: Check,
    doing: String,
}

impl Blob {
    /// The next piece, `None` at the checked end.
    ///
    /// # Errors
    /// [`ErrorKind::Temporary`] when the connection breaks, [`ErrorKind::Invalid`] when the content is not the one asked
    /// for.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let broken = |cause| Error::new(ErrorKind::Temporary, &self.doing, cause);
        let chunk = exchange::next_chunk(&mut self.response).await.map_err(broken)?;
        let checked = match &chunk {
            Some(bytes) => self.check.update(bytes),
            None => self.check.finish(),
        };
        checked.map_err(|cause| Error::invalid(&self.doing, cause))?;
        Ok(chunk)
    }
}

impl Registry {
    /// Starts to read a blob.
    ///
    /// # Errors
    /// Any [`ErrorKind`] of a registry.
    pub async fn blob(&self, repository: &Repository, wanted: &Descriptor) -> Result<Blob, Error> {
        let doing = format!("read blob {} of {repository}", wanted.digest);
        let url = address::url(repository, &format!("blobs/{}", wanted.digest))?;
        let response = self.call(&Call::get(&doing, repository, url)).await?;
        Ok(Blob { response, check: Check::new(wanted), doing })
    }

    /// A whole blob of at most `limit` bytes; a broken transfer is begun anew.
    ///
    /// # Errors
    /// Any [`ErrorKind`] of a registry; [`ErrorKind::Invalid`] when the descriptor says more than `limit`.
    pub async fn blob_bytes(&self, repository: &Repository, wanted: &Descriptor, limit: u64) -> Result<Bytes, Error> {
        if wanted.size > limit {
            let doing = format!("read blob {} of {repository}", wanted.digest);
            return Err(Error::invalid(doing, format!("{} bytes are more than the {limit} allowed", wanted.size)));
        }
        let transfer = || async {
            let mut blob = self.blob(repository, wanted).await?;
            let mut bytes = Vec::new();
            while let Some(chunk) = blob.chunk().await? {
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes.into())
        };
        transport::retry(self.pauses, || async { attempt(transfer().await) }).await
    }

    /// A whole blob into a file that has no name and goes with its last handle, rewound; a broken transfer is begun anew.
    ///
    /// # Errors
    /// Any [`ErrorKind`] of a registry; [`ErrorKind::Local`] when the disk does not take it.
    pub async fn blob_to_file(&self, repository: &Repository, wanted: &Descriptor) -> Result<std::fs::File, Error> {
        let doing = format!("keep blob {} of {repository}", wanted.digest);
        let disk = |error: std::io::Error| Error::local(&doing, &error);
        let transfer = || async {
            let mut file = tempfile::tempfile().map_err(disk)?;
            let mut blob = self.blob(repository, wanted).await?;
            while let Some(chunk) = blob.chunk().await? {
                file.write_all(&chunk).map_err(disk)?;
            }
            file.rewind().map_err(disk)?;
            Ok(file)
        };
        transport::retry(self.pauses, || async { attempt(transfer().await) }).await
    }

    /// Does the registry have this blob in this repository?
    ///
    /// # Errors
    /// Any [`ErrorKind`] of a registry except [`ErrorKind::NotFound`], which is the answer no.
    pub async fn has_blob(&self, repository: &Repository, wanted: &Descriptor) -> Result<bool, Error> {
        let url = address::url(repository, &format!("blobs/{}", wanted.digest))?;
        let doing = format!("look for blob {} in {repository}", wanted.digest);
        let call = Call { method: Method::HEAD, also: &[404], ..Call::get(doing, repository, url) };
        Ok(self.call(&call).await?.status().is_success())
    }
}

fn attempt<T>(result: Result<T, Error>) -> Attempt<T, Error> {
    match result {
        Ok(value) => Attempt::Done(value),
        Err(error) if error.is_temporary() => Attempt::Again { error, after: None },
        Err(error) => Attempt::Fatal(error),
    }
}
