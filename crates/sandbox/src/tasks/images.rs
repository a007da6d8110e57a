//! Images as folders: fetched from this sandbox's registry, unpacked once per digest.

use super::unpack;
use crate::{Place, registry};
use serde_json::Value;
use std::{
    io,
    path::{Path, PathBuf},
};
use subject::{Digest, Reference};

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
    pub(super) config: ImageConfig,
}

/// The parts of an image's configuration that say how to run it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ImageConfig {
    pub(super) entry_point: Vec<String>,
    pub(super) command: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) working_directory: String,
}

impl Images {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), unpacking: tokio::sync::Mutex::default() })
    }

    /// Unpacks `image` unless it already is.
    ///
    /// # Errors
    /// When a blob cannot be read or a layer is damaged or hostile.
    pub(super) async fn unpacked(&self, image: &registry::Image) -> io::Result<Unpacked> {
        let config = ImageConfig::parse(&tokio::fs::read(&image.config).await?)?;
        let root = self.folder.join(image.digest.hex());
        let _turn = self.unpacking.lock().await;
        if !root.is_dir() {
            let half = self.folder.join(format!("{}.part", image.digest.hex()));
            let (layers, target) = (image.layers.clone(), half.clone());
            let unpacking = tokio::task::spawn_blocking(move || unpack::unpack(&layers, &target));
            let unpacked = unpacking.await.map_err(io::Error::other)?;
            if unpacked.is_err() {
                tokio::fs::remove_dir_all(&half).await.ok();
            }
            unpacked?;
            tokio::fs::rename(&half, &root).await?;
        }
        Ok(Unpacked { root, config })
    }
}

impl ImageConfig {
    fn parse(bytes: &[u8]) -> io::Result<Self> {
        let document: Value = serde_json::from_slice(bytes).map_err(io::Error::other)?;
        let config = &document["config"];
        let words = |name: &str| {
            let words = config[name].as_array().into_iter().flatten();
            words.filter_map(|word| word.as_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        let variable = |text: String| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Self {
            entry_point: words("Entrypoint"),
            command: words("Cmd"),
            environment: words("Env").into_iter().filter_map(variable).collect(),
            working_directory: config["WorkingDir"].as_str().unwrap_or_default().to_owned(),
        })
    }
}

/// Finds an image by the text a task definition names it with; `pinned` wins over the tag.
///
/// # Errors
/// The `CannotPullContainerError` text a task stops with: the registry is not this sandbox's, or it has no such image.
pub(crate) fn find(
    store: &registry::Store,
    place: &Place,
    image: &str,
    pinned: Option<&Digest>,
) -> Result<registry::Image, String> {
    let not_here = |cause: &str| format!("CannotPullContainerError: failed to resolve ref {image}: {cause}");
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
    store.image(repository.path(), &version).ok_or_else(|| not_here("not found"))
}
