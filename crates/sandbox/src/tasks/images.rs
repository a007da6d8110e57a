//! Images as folders: found in this sandbox's registry, unpacked once per digest.

use crate::{Place, registry::Store};
use oci::{
    Platform,
    image::{Limits, Settings},
    layout::Layout,
};
use serde_json::{Value, json};
use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};
use subject::{Digest, Reference};

/// What an image may unpack to: enough for any that is meant to run on a laptop.
const LIMITS: Limits = Limits { entries: 500_000, names: 128 << 20, inflated: 8 << 30, file: 2 << 30, held: 64 << 20 };

/// The cache of unpacked images.
#[derive(Debug)]
pub(super) struct Images {
    folder: PathBuf,
    /// One image is unpacked at a time: two of the same digest must not be.
    unpacking: tokio::sync::Mutex<()>,
}

/// An image ready to run.
#[derive(Debug, Clone)]
pub(super) struct Unpacked {
    /// Its root file system.
    pub(super) root: PathBuf,
    /// How it wants to be run.
    pub(super) settings: Settings,
}

/// An image the registry has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    repository: String,
    /// What its name resolved to; of an index, the image for this machine.
    pub(crate) digest: Digest,
}

impl Images {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), unpacking: tokio::sync::Mutex::default() })
    }

    /// Unpacks `image` unless it already is.
    ///
    /// # Errors
    /// When a blob cannot be read or a layer is damaged or hostile.
    pub(super) async fn unpacked(&self, store: &Store, image: &Found) -> io::Result<Unpacked> {
        let folder = self.folder.join(image.digest.hex());
        let _turn = self.unpacking.lock().await;
        let layout = lay_out(store, image, &folder.join("layout"))?;
        let unpacking = tokio::task::spawn_blocking(move || unpack(&layout, &folder));
        unpacking.await.map_err(io::Error::other)?
    }
}

/// Points a layout at the registry's blobs.
fn lay_out(store: &Store, image: &Found, folder: &Path) -> io::Result<Layout> {
    let gone = || io::Error::new(io::ErrorKind::NotFound, "the manifest is gone");
    let manifest = store.manifest(&image.repository, &image.digest.to_string()).ok_or_else(gone)?;
    let layout = Layout::create(folder).map_err(io::Error::other)?;
    let blobs = folder.join("blobs/sha256");
    fs::write(blobs.join(image.digest.hex()), &manifest.bytes)?;
    let document: Value = serde_json::from_slice(&manifest.bytes)?;
    let layers = document["layers"].as_array().into_iter().flatten();
    for descriptor in std::iter::once(&document["config"]).chain(layers) {
        let digest = descriptor["digest"].as_str().and_then(|text| text.parse::<Digest>().ok());
        if let Some((digest, blob)) = digest.and_then(|digest| Some((digest, store.blob_path(digest)?))) {
            match symlink(blob, blobs.join(digest.hex())) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
    }
    let entry =
        json!({"mediaType": manifest.media_type, "digest": image.digest.to_string(), "size": manifest.bytes.len()});
    fs::write(folder.join("index.json"), json!({"schemaVersion": 2, "manifests": [entry]}).to_string())?;
    Ok(layout)
}

fn unpack(layout: &Layout, folder: &Path) -> io::Result<Unpacked> {
    let platform = Platform::linux(if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" });
    let image = oci::image::Image::open(layout, None, &platform).map_err(io::Error::other)?;
    let root = folder.join("root");
    if !root.is_dir() {
        let half = folder.join("root.part");
        if half.exists() {
            fs::remove_dir_all(&half)?;
        }
        oci::image::unpack(&image, &LIMITS, &half).map_err(io::Error::other)?;
        fs::rename(&half, &root)?;
    }
    Ok(Unpacked { root, settings: image.config.config })
}

/// Finds an image by the text a task definition names it with; `pinned` wins over the tag.
///
/// # Errors
/// The `CannotPullContainerError` text a task stops with: the registry is not this sandbox's, or it has no such image.
pub(crate) fn find(store: &Store, place: &Place, image: &str, pinned: Option<&Digest>) -> Result<Found, String> {
    let not_here = |cause: &str| {
        format!(
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}: {cause}"
        )
    };
    let reference = image.parse::<Reference>().map_err(|error| not_here(&error.to_string()))?;
    let repository = reference.repository();
    let ecr = format!("{}.dkr.ecr.{}.amazonaws.com", Place::ACCOUNT, Place::REGION);
    let own = [place.host(), format!("localhost:{}", place.port), ecr];
    if !own.iter().any(|host| host == repository.registry()) {
        return Err(not_here("the sandbox reaches no registry but its own"));
    }
    let version = match (pinned, &reference) {
        (Some(digest), _) => digest.to_string(),
        (None, Reference::Image(image)) => image.digest.to_string(),
        (None, Reference::Tag(tag)) => tag.tag.clone(),
    };
    let found = store.image(repository.path(), &version).ok_or_else(|| not_here("not found"))?;
    Ok(Found { repository: repository.path().to_owned(), digest: found.digest })
}
