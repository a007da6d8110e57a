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
        transport::retry(self.pauses, || async {
            let mut bytes = Vec::new();
            let taken = |chunk: &[u8]| {
                bytes.extend_from_slice(chunk);
                Ok(())
            };
            match self.transfer(repository, wanted, taken).await {
                Attempt::Done(()) => Attempt::Done(bytes.into()),
                Attempt::Again { error, after } => Attempt::Again { error, after },
                Attempt::Fatal(error) => Attempt::Fatal(error),
            }
        })
        .await
    }

    /// Takes a blob piece by piece. Only a transfer that breaks is worth another attempt: asking for it was repeated before.
    async fn transfer(
        &self,
        repository: &Repository,
        wanted: &Descriptor,
        mut taken: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Attempt<(), Error> {
        let mut blob = match self.blob(repository, wanted).await {
            Ok(blob) => blob,
            Err(error) => return Attempt::Fatal(error),
        };
        loop {
            match blob.chunk().await {
                Ok(None) => return Attempt::Done(()),
                Ok(Some(chunk)) => {
                    if let Err(error) = taken(&chunk) {
                        return Attempt::Fatal(error);
                    }
                }
                Err(error) if error.is_temporary() => return Attempt::Again { error, after: None },
                Err(error) => return Attempt::Fatal(error),
            }
        }
    }

    /// A whole blob into a file that has no name and goes with its last handle, rewound; a broken transfer is begun anew.
    ///
    /// # Errors
    /// Any [`ErrorKind`] of a registry; [`ErrorKind::Local`] when the disk does not take it.
    pub async fn blob_to_file(&self, repository: &Repository, wanted: &Descriptor) -> Result<std::fs::File, Error> {
        let doing = format!("keep blob {} of {repository}", wanted.digest);
        let disk = |error: std::io::Error| Error::local(&doing, &error);
        transport::retry(self.pauses, || async {
            let mut file = match tempfile::tempfile() {
                Ok(file) => file,
                Err(error) => return Attempt::Fatal(disk(error)),
            };
            match self.transfer(repository, wanted, |chunk| file.write_all(chunk).map_err(disk)).await {
                Attempt::Done(()) => match file.rewind() {
                    Ok(()) => Attempt::Done(file),
                    Err(error) => Attempt::Fatal(disk(error)),
                },
                Attempt::Again { error, after } => Attempt::Again { error, after },
                Attempt::Fatal(error) => Attempt::Fatal(error),
            }
        })
        .await
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
