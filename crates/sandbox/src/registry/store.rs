//! The store all of the registry's doors share: the index of repositories, the blob files, uploads, logins, settings.

use super::{
    blobs::Blobs,
    index::{Index, Manifest},
    login::Tokens,
    settings::Settings,
    uploads::Uploads,
};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use subject::Digest;

/// What was pushed: manifests and tags in memory, blobs as files.
#[derive(Debug)]
pub struct Store {
    index: Mutex<Index>,
    settings: Mutex<Settings>,
    pub(crate) blobs: Arc<Blobs>,
    pub(crate) uploads: Uploads,
    /// The passwords `GetAuthorizationToken` handed out.
    pub(crate) tokens: Tokens,
}

/// An image as it lies in the store: what a task is started from.
#[derive(Debug, Clone)]
pub struct Image {
    /// What the reference resolved to; an index is followed to the image for this machine.
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
        Ok(Self {
            index: Mutex::default(),
            settings: Mutex::default(),
            blobs: Arc::new(Blobs::open(folder)?),
            uploads: Uploads::default(),
            tokens: Tokens::default(),
        })
    }

    /// The manifest `reference` (a tag or `sha256:…`) names in `repository`.
    #[must_use]
    pub fn manifest(&self, repository: &str, reference: &str) -> Option<Arc<Manifest>> {
        self.index().repositories.get(repository)?.manifest(reference).cloned()
    }

    /// The image `reference` (a tag or `sha256:…`) names in `repository`; of an index, the one for this machine.
    #[must_use]
    pub fn image(&self, repository: &str, reference: &str) -> Option<Image> {
        let mut manifest = self.manifest(repository, reference)?;
        if let Some(child) = manifest.facts.child_for_this_machine() {
            manifest = self.manifest(repository, &child.to_string())?;
        }
        let mut blobs = manifest.facts.blobs.iter();
        let config = self.blobs.path(blobs.next()?.digest);
        let layers = blobs.map(|b| Layer { path: self.blobs.path(b.digest), media_type: b.media_type.clone() });
        Some(Image { digest: manifest.digest, config, layers: layers.collect() })
    }

    /// The file of a blob that some repository has.
    #[must_use]
    pub fn blob_path(&self, digest: Digest) -> Option<PathBuf> {
        let path = self.blobs.path(digest);
        path.is_file().then_some(path)
    }

    /// How the registry behaves now.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes how the registry behaves from now on.
    pub fn configure(&self, settings: Settings) {
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = settings;
    }

    /// The index, for as long as the guard lives: no awaiting meanwhile.
    pub(crate) fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
