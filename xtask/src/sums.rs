//! Checksums in the format of `sha256sum`.

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The SHA-256 of a file, in hexadecimal.
pub(crate) fn sha256(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("failed to read {}", path.display()))?;
    Ok(hex::encode(Sha256::digest(bytes)))
}

/// Every file below `folder`, by its path relative to it, in order of path.
pub(crate) fn files(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).with_context(|| format!("failed to list {}", next.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let relative = path.strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
                found.insert(relative, path);
            }
        }
    }
    Ok(found)
}

/// Writes `SHA256SUMS` into `folder`, over every other file below it.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let mut text = String::new();
    for (name, path) in files(folder)?.iter().filter(|(name, _)| *name != "SHA256SUMS") {
        text += &format!("{}  {name}\n", sha256(path)?);
    }
    Ok(fs::write(folder.join("SHA256SUMS"), text)?)
}
