//! The OCI registry.

use crate::Cloud;
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use subject::Digest;

/// What was pushed, on disk.
#[derive(Debug)]
pub struct Store {}

/// An image as it lies in the store: what a task is started from.
#[derive(Debug, Clone)]
pub struct Image {
    /// What the reference resolved to.
    pub digest: Digest,
    /// The image configuration's file (JSON).
    pub config: PathBuf,
    /// The layers, lowest first.
    pub layers: Vec<Layer>,
}

/// One layer of an [`Image`].
#[derive(Debug, Clone)]
pub struct Layer {
    /// The blob's file.
    pub path: PathBuf,
    /// Its media type, which tells the compression.
    pub media_type: String,
}

impl Store {
    /// Opens or makes the store under `folder`.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self {})
    }

    /// The image `reference` (a tag or `sha256:…`) names in `repository`.
    #[must_use]
    pub fn image(&self, _repository: &str, _reference: &str) -> Option<Image> {
        None
    }
}

/// The registry's routes, each with its whole path (`/v2/`, `/v2/{*rest}`): they are merged into the server's router.
pub fn routes(_cloud: Arc<Cloud>) -> axum::Router {
    axum::Router::new()
}
