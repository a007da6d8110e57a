//! Applies an image's layers to a folder, as the OCI image-spec has it ("Applying Changesets"), trusting none of them:
//! nothing is written or removed outside the folder, and sizes are bounded.

use crate::registry::Layer;
use std::{
    fs::{self, File},
    io::{self, BufReader, Read},
    path::{Component, Path, PathBuf},
};

/// The most an image may unpack to.
const MAX_BYTES: u64 = 8 << 30;
/// The most entries an image may have.
const MAX_ENTRIES: u64 = 500_000;

/// Unpacks `layers`, lowest first, into `folder`, which is made anew.
pub(super) fn unpack(layers: &[Layer], folder: &Path) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let folder = folder.canonicalize()?;
    let mut budget = Budget { bytes: MAX_BYTES, entries: MAX_ENTRIES };
    for layer in layers {
        let blob = BufReader::new(File::open(&layer.path)?);
        apply(decompress(&layer.media_type, blob)?, &folder, &mut budget)?;
    }
    Ok(())
}

struct Budget {
    bytes: u64,
    entries: u64,
}

impl Budget {
    fn spend(&mut self, bytes: u64) -> io::Result<()> {
        let left = (self.bytes.checked_sub(bytes), self.entries.checked_sub(1));
        let (Some(bytes), Some(entries)) = left else { return Err(io::Error::other("the image unpacks to too much")) };
        *self = Self { bytes, entries };
        Ok(())
    }
}

fn decompress(media_type: &str, blob: impl Read + 'static) -> io::Result<Box<dyn Read>> {
    match media_type.rsplit(['+', '.']).next() {
        Some("gzip") => Ok(Box::new(flate2::read::MultiGzDecoder::new(blob))),
        Some("tar") => Ok(Box::new(blob)),
        _ => Err(io::Error::other(format!("cannot unpack a layer of type {media_type}"))),
    }
}

fn apply(layer: impl Read, folder: &Path, budget: &mut Budget) -> io::Result<()> {
    let mut archive = tar::Archive::new(layer);
    archive.set_preserve_permissions(true);
    archive.set_overwrite(true);
    let mut made_here: Vec<PathBuf> = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        budget.spend(entry.size())?;
        let path = entry.path()?.into_owned();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if let Some(hidden) = name.strip_prefix(".wh.") {
            let parent = path.parent().unwrap_or(Path::new(""));
            white_out(folder, parent, hidden, &made_here)?;
            continue;
        }
        // Device nodes need privileges and mean nothing here.
        if entry.header().entry_type().is_character_special() || entry.header().entry_type().is_block_special() {
            continue;
        }
        replace(folder, &path, entry.header().entry_type().is_dir())?;
        if !entry.unpack_in(folder)? {
            return Err(io::Error::other(format!("the layer reaches outside its root: {}", path.display())));
        }
        made_here.push(path);
    }
    Ok(())
}

/// A file of a lower layer makes room for one of another kind.
fn replace(folder: &Path, path: &Path, is_folder: bool) -> io::Result<()> {
    let Some(existing) = within(folder, path)? else { return Ok(()) };
    match fs::symlink_metadata(&existing) {
        Ok(old) if old.is_dir() && !is_folder => fs::remove_dir_all(&existing),
        Ok(old) if !old.is_dir() => fs::remove_file(&existing),
        _ => Ok(()),
    }
}

/// `.wh.name` removes `name`; `.wh..wh..opq` removes everything lower layers put beside it.
fn white_out(folder: &Path, parent: &Path, hidden: &str, made_here: &[PathBuf]) -> io::Result<()> {
    if hidden != ".wh..opq" {
        return within(folder, &parent.join(hidden))?.map_or(Ok(()), |victim| remove(&victim));
    }
    let Some(opaque) = within(folder, parent)?.filter(|path| path.is_dir()) else { return Ok(()) };
    for child in fs::read_dir(opaque)? {
        let child = child?;
        let path = parent.join(child.file_name());
        if !made_here.iter().any(|made| made.starts_with(&path)) {
            remove(&child.path())?;
        }
    }
    Ok(())
}

/// The place `path` means in `folder`, unless a part of the way does not exist or leads outside through a link.
fn within(folder: &Path, path: &Path) -> io::Result<Option<PathBuf>> {
    let plain = |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir | Component::RootDir);
    if !path.components().all(|part| plain(&part)) {
        return Err(io::Error::other(format!("the layer reaches outside its root: {}", path.display())));
    }
    let relative: PathBuf = path.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    let Some(name) = relative.file_name() else { return Ok(Some(folder.to_owned())) };
    match folder.join(relative.parent().unwrap_or(Path::new(""))).canonicalize() {
        Ok(parent) if parent.starts_with(folder) => Ok(Some(parent.join(name))),
        Ok(_) => Err(io::Error::other(format!("the layer reaches outside its root: {}", path.display()))),
        Err(_) => Ok(None),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    }
}

#[cfg(test)]
#[path = "unpack_tests.rs"]
mod tests;
