//! An OCI image layout made of folders with `tar` and `gzip`, as other people's builders do.

use crate::{shell::run, tools};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

/// What a layer is made of.
pub(super) struct Layer<'a> {
    /// Its files.
    pub(super) folder: &'a Path,
    /// What its history says.
    pub(super) made_by: &'a str,
}

/// A layout that grows.
pub(super) struct Layout {
    folder: PathBuf,
    layers: Vec<Value>,
    diff_ids: Vec<String>,
    history: Vec<Value>,
}

impl Layout {
    /// An empty one.
    pub(super) fn create(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder.join("blobs/sha256"))?;
        fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)?;
        Ok(Self { folder: folder.to_owned(), layers: Vec::new(), diff_ids: Vec::new(), history: Vec::new() })
    }

    /// Packs a folder, sorted and without times, so that the same files are the same bytes.
    pub(super) fn add(&mut self, layer: &Layer<'_>) -> Result<()> {
        let archive = self.folder.with_file_name("layer.tar");
        let (from, to) = (layer.folder.display().to_string(), archive.display().to_string());
        let words = ["tar", "--create", "--sort=name", "--mtime=@0", "--numeric-owner", "--owner=0", "--group=0"];
        let words = [&words[..], &["--format=pax", "--pax-option=delete=atime,delete=ctime", "--file", &to]].concat();
        // Debian has files that only root may read.
        run(&mut tools::as_root(&[&words[..], &["--directory", &from, "."]].concat())?)?;
        self.diff_ids.push(format!("sha256:{}", sha256(&archive)?));
        run(&mut tools::as_root(&["gzip", "-6", "--no-name", "--force", &to])?)?;
        let packed = archive.with_extension("tar.gz");
        self.layers.push(self.blob(&packed, "application/vnd.oci.image.layer.v1.tar+gzip")?);
        self.history.push(json!({ "created_by": layer.made_by }));
        Ok(())
    }

    /// Writes configuration, manifest and index.
    pub(super) fn finish(self) -> Result<()> {
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": {}, "history": self.history,
            "rootfs": { "type": "layers", "diff_ids": self.diff_ids },
        });
        let config = self.document(&config, "application/vnd.oci.image.config.v1+json")?;
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        let manifest = json!({ "schemaVersion": 2, "mediaType": media_type, "config": config, "layers": self.layers });
        let manifest = self.document(&manifest, media_type)?;
        let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
        Ok(fs::write(self.folder.join("index.json"), index.to_string())?)
    }

    fn document(&self, content: &Value, media_type: &str) -> Result<Value> {
        let file = self.folder.with_file_name("document.json");
        fs::write(&file, content.to_string())?;
        self.blob(&file, media_type)
    }

    /// Moves a file to where its digest says.
    fn blob(&self, file: &Path, media_type: &str) -> Result<Value> {
        let (digest, size) = (sha256(file)?, fs::metadata(file)?.len());
        fs::rename(file, self.folder.join("blobs/sha256").join(&digest))?;
        Ok(json!({ "mediaType": media_type, "digest": format!("sha256:{digest}"), "size": size }))
    }
}

/// Read in pieces: what this program holds counts for those it measures.
fn sha256(path: &Path) -> Result<String> {
    let mut file = File::open(path).with_context(|| path.display().to_string())?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(hasher.finalize())),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}
