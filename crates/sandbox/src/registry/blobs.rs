//! Blobs as files named by their digest, and the folder where half-finished uploads wait.

use std::{
    fs, io,
    path::{Path, PathBuf},
};
use subject::{Digest, Hasher};

/// The folder of finished blobs.
#[derive(Debug)]
pub(crate) struct Blobs {
    finished: PathBuf,
    waiting: PathBuf,
}

impl Blobs {
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let blobs = Self { finished: folder.join("blobs/sha256"), waiting: folder.join("uploads") };
        fs::create_dir_all(&blobs.finished)?;
        fs::create_dir_all(&blobs.waiting)?;
        Ok(blobs)
    }

    /// Where the blob lies, whether it is there or not.
    pub(crate) fn path(&self, digest: Digest) -> PathBuf {
        self.finished.join(digest.hex())
    }

    /// Where the upload with this id is collected; ids are the registry's own, never a client's.
    pub(crate) fn waiting(&self, id: uuid::Uuid) -> PathBuf {
        self.waiting.join(id.simple().to_string())
    }

    /// Hashes a finished upload and keeps it if it is what it should be: its size, or the digest it really has.
    pub(crate) fn adopt(&self, upload: &Path, expected: Digest) -> io::Result<Result<u64, Digest>> {
        let mut file = fs::File::open(upload)?;
        let (digest, size) = hash(&mut file)?;
        if digest != expected {
            fs::remove_file(upload)?;
            return Ok(Err(digest));
        }
        fs::rename(upload, self.path(digest))?;
        Ok(Ok(size))
    }
}

fn hash(file: &mut fs::File) -> io::Result<(Digest, u64)> {
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; 128 * 1024];
    let mut size = 0;
    loop {
        let read = io::Read::read(file, &mut buffer)?;
        if read == 0 {
            return Ok((hasher.finish(), size));
        }
        hasher.update(&buffer[..read]);
        size += read as u64;
    }
}
