//! `unpack`: the finished image's file system in a folder.

use super::{
    Image, Limits,
    again::again,
    read::names,
    tree::{Node, Place},
};
use crate::Error;
use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

/// Writes an image's directories, files and symbolic links into an empty folder, owned by whoever runs this. Devices and
/// pipes are left out; hard links become files of their own. Absolute links are made relative, so that they stay inside.
///
/// # Errors
/// As [`super::read()`], and [`crate::ErrorKind::Local`] when the disk does not take it.
pub fn unpack(image: &Image, limits: &Limits, folder: &Path) -> Result<(), Error> {
    let doing = format!("unpack image {} into {}", image.digest, folder.display());
    let failed = |error: io::Error| Error::local(&doing, &error);
    let tree = names(image, limits).map_err(failed)?;
    let (mut links, mut folders) = (Vec::new(), Vec::new());
    let mut files: BTreeMap<Place, (Vec<String>, u32)> = BTreeMap::new();
    tree.each(|path, node| match node {
        Node::Directory { mode, .. } => folders.push((path.to_owned(), *mode)),
        Node::Symlink { target } => links.push((path.to_owned(), target.clone())),
        Node::File { place, mode, .. } => {
            files.entry(*place).or_insert((Vec::new(), *mode)).0.push(path.to_owned());
        }
        Node::Other => {}
    });
    fs::create_dir_all(folder).map_err(failed)?;
    for (path, _) in &folders {
        fs::create_dir(folder.join(path)).map_err(failed)?;
    }
    again(image, limits, &files, |_, (paths, mode), content| {
        // Never with the set-user bit: these files belong to whoever unpacks, not to the image's root.
        let permissions = fs::Permissions::from_mode(mode & 0o777);
        paths.iter().try_for_each(|path| {
            let path = folder.join(path);
            fs::write(&path, &content)?;
            fs::set_permissions(&path, permissions.clone())
        })
    })
    .map_err(failed)?;
    // Links come after all files: nothing is ever written through one.
    for (path, target) in &links {
        symlink(inside(path, target), folder.join(path)).map_err(failed)?;
    }
    // Modes last and deepest first, because a directory may be read-only. We must stay able to remove it again.
    for (path, mode) in folders.iter().rev() {
        fs::set_permissions(folder.join(path), fs::Permissions::from_mode((mode & 0o777) | 0o700)).map_err(failed)?;
    }
    Ok(())
}

/// An absolute target as one relative to the link's own place.
fn inside(path: &str, target: &str) -> String {
    match target.strip_prefix('/') {
        Some(absolute) => {
            let up = "../".repeat(path.matches('/').count());
            let rest = absolute.trim_start_matches('/');
            if rest.is_empty() { format!("{up}.") } else { format!("{up}{rest}") }
        }
        None => target.to_owned(),
    }
}
