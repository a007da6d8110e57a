//! `Builder`: an image without Docker, the same digest from the same input.
//!
//! Reproducible by construction: members sorted, owned by root, one time for everything (`SOURCE_DATE_EPOCH` as the
//! caller passes it, else 1970), modes given or normalised, gzip by the vendored pure-Rust compressor with an empty header.

use super::{
    Config, Settings,
    config::{RootFs, Step},
    layer,
};
use crate::{Descriptor, Error, ImageManifest, Platform, layout::Layout, media};
use bytes::Bytes;
use std::{collections::BTreeMap, fs, io, path::Path};

/// What is in a layer, by path.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    items: BTreeMap<String, Item>,
}

#[derive(Debug, Clone)]
pub(super) enum Item {
    File { mode: u32, bytes: Bytes },
    Directory { mode: u32 },
    Symlink { target: String },
}

impl Contents {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A file with these permission bits. A leading slash is taken off; a whiteout is a file named `.wh.<name>`.
    #[must_use]
    pub fn file(self, path: &str, mode: u32, bytes: impl Into<Bytes>) -> Self {
        self.with(path, Item::File { mode, bytes: bytes.into() })
    }

    /// An empty directory with these permission bits. Parents of files are made by themselves, with 0755.
    #[must_use]
    pub fn directory(self, path: &str, mode: u32) -> Self {
        self.with(path, Item::Directory { mode })
    }

    /// A symbolic link.
    #[must_use]
    pub fn symlink(self, path: &str, target: impl Into<String>) -> Self {
        self.with(path, Item::Symlink { target: target.into() })
    }

    /// Everything in a folder of this machine, under `path`. Files get 0755 when anybody may execute them and 0644
    /// otherwise, so that the result does not depend on the umask of whoever made them.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Local`] when it cannot be read, [`crate::ErrorKind::Invalid`] for a name that is not UTF-8.
    pub fn folder(mut self, path: &str, from: &Path) -> Result<Self, Error> {
        let doing = format!("read the folder {} for a layer", from.display());
        let disk = |error: io::Error| Error::local(&doing, &error);
        let mut waiting = vec![(path.trim_matches('/').to_owned(), from.to_owned())];
        while let Some((path, folder)) = waiting.pop() {
            for entry in fs::read_dir(&folder).map_err(disk)? {
                let entry = entry.map_err(disk)?;
                let name =
                    entry.file_name().into_string().map_err(|_| Error::invalid(&doing, "a name is not UTF-8"))?;
                let inner = if path.is_empty() { name } else { format!("{path}/{name}") };
                let kind = entry.file_type().map_err(disk)?;
                self = if kind.is_dir() {
                    waiting.push((inner.clone(), entry.path()));
                    self.directory(&inner, 0o755)
                } else if kind.is_symlink() {
                    let target = fs::read_link(entry.path()).map_err(disk)?.into_os_string();
                    let target = target.into_string().map_err(|_| Error::invalid(&doing, "a link is not UTF-8"))?;
                    self.symlink(&inner, target)
                } else {
                    let mode = std::os::unix::fs::PermissionsExt::mode(&entry.metadata().map_err(disk)?.permissions());
                    let mode = if mode & 0o111 == 0 { 0o644 } else { 0o755 };
                    self.file(&inner, mode, fs::read(entry.path()).map_err(disk)?)
                };
            }
        }
        Ok(self)
    }

    fn with(mut self, path: &str, item: Item) -> Self {
        let path = path.trim_matches('/');
        let parents = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        for parent in parents {
            self.items.entry(parent.to_owned()).or_insert(Item::Directory { mode: 0o755 });
        }
        self.items.insert(path.to_owned(), item);
        self
    }

    pub(super) fn items(&self) -> impl Iterator<Item = (&str, &Item)> {
        self.items.iter().map(|(path, item)| (path.as_str(), item))
    }
}

/// An image to be.
#[derive(Debug, Clone)]
pub struct Builder {
    platform: Platform,
    seconds: Option<u64>,
    layers: Vec<(String, Contents)>,
    settings: Settings,
}

impl Builder {
    /// An empty image for this platform.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        Self { platform, seconds: None, layers: Vec::new(), settings: Settings::default() }
    }

    /// The time everything carries, in seconds since 1970 (`SOURCE_DATE_EPOCH`).
    #[must_use]
    pub fn source_date_epoch(mut self, seconds: u64) -> Self {
        self.seconds = Some(seconds);
        self
    }

    /// Puts a layer on top; `made_by` stands in the image's history.
    #[must_use]
    pub fn layer(mut self, made_by: impl Into<String>, contents: Contents) -> Self {
        self.layers.push((made_by.into(), contents));
        self
    }

    /// The program and its fixed arguments.
    #[must_use]
    pub fn entrypoint<T: Into<String>>(mut self, words: impl IntoIterator<Item = T>) -> Self {
        self.settings.entrypoint = words.into_iter().map(Into::into).collect();
        self
    }

    /// The arguments a caller may replace.
    #[must_use]
    pub fn cmd<T: Into<String>>(mut self, words: impl IntoIterator<Item = T>) -> Self {
        self.settings.cmd = words.into_iter().map(Into::into).collect();
        self
    }

    /// An environment variable; a later one of the same name wins.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        let prefix = format!("{name}=");
        self.settings.env.retain(|variable| !variable.starts_with(&prefix));
        self.settings.env.push(format!("{prefix}{value}"));
        self
    }

    /// A label.
    #[must_use]
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.labels.insert(key.into(), value.into());
        self
    }

    /// The folder the program starts in.
    #[must_use]
    pub fn working_dir(mut self, path: impl Into<String>) -> Self {
        self.settings.working_dir = path.into();
        self
    }

    /// The user the program runs as: `name`, `uid` or `uid:gid`.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.settings.user = user.into();
        self
    }

    /// A TCP port the program listens on.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.settings.exposed_ports.insert(format!("{port}/tcp"), super::config::Nothing {});
        self
    }

    /// Writes the image into a layout and names it in its index, under a tag where one is given.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] for a path that leads upwards or a time beyond the year 9999,
    /// [`crate::ErrorKind::Local`] when the layout cannot be written.
    pub fn build(&self, layout: &Layout, tag: Option<&str>) -> Result<Descriptor, Error> {
        let doing = "build an image";
        let created = self.created().map_err(|cause| Error::invalid(doing, cause))?;
        let (mut layers, mut diff_ids, mut history) = (Vec::new(), Vec::new(), Vec::new());
        for (made_by, contents) in &self.layers {
            let written = layer::write(contents, self.seconds.unwrap_or(0))
                .map_err(|error| Error::invalid(doing, error.to_string()))?;
            layers.push(layout.write_blob(media::LAYER_GZIP, &written.bytes)?);
            diff_ids.push(written.diff_id);
            history.push(Step { created: created.clone(), created_by: made_by.clone(), empty_layer: false });
        }
        let rootfs = RootFs { kind: "layers".into(), diff_ids };
        let (platform, config) = (self.platform.clone(), self.settings.clone());
        let config = Config { created, platform, config, rootfs, history };
        let manifest = ImageManifest {
            schema_version: 2,
            media_type: Some(media::IMAGE_MANIFEST.into()),
            artifact_type: None,
            config: layout.write_blob(media::IMAGE_CONFIG, &to_json(&config)?)?,
            layers,
            subject: None,
            annotations: BTreeMap::new(),
        };
        let image = layout.write_blob(media::IMAGE_MANIFEST, &to_json(&manifest)?)?;
        layout.add(Descriptor { platform: Some(self.platform.clone()), ..image.clone() }, tag)?;
        Ok(image)
    }

    fn created(&self) -> Result<Option<String>, String> {
        let Some(seconds) = self.seconds else { return Ok(None) };
        let seconds = i64::try_from(seconds).map_err(|error| error.to_string())?;
        let time = jiff::Timestamp::from_second(seconds).map_err(|error| error.to_string())?;
        Ok(Some(time.to_string()))
    }
}

fn to_json(document: &impl serde::Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(document).map_err(|error| Error::invalid("build an image", error.to_string()))
}
