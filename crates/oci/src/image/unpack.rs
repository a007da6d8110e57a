//! `unpack`: the finished image's file system in a folder.

use super::{
    Entry, Image, Limits, Visitor,
    tree::Node,
    walk::{read_tree, visit},
};
use crate::{Error, ErrorKind};
use std::{
    fs, io,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

/// Writes an image's directories, files and symbolic links into an empty folder, owned by whoever runs this. Devices and
/// pipes are left out; hard links become files of their own. Absolute links are made relative, so that they stay inside.
///
/// # Errors
/// As [`super::walk()`], and [`ErrorKind::Local`] when the disk does not take it.
pub fn unpack(image: &Image, limits: &Limits, folder: &Path) -> Result<(), Error> {
    let doing = format!("unpack image {} into {}", image.manifest.digest, folder.display());
    let failed = |error: io::Error| Error::local(&doing, &error);
    let tree = read_tree(image, limits).map_err(failed)?;
    let (mut links, mut folders) = (Vec::new(), Vec::new());
    tree.each(|path, node| match node {
        Node::Directory { mode, .. } => folders.push((path.to_owned(), *mode)),
        Node::Symlink { target } => links.push((path.to_owned(), target.clone())),
        Node::File { .. } | Node::Other => {}
    });
    fs::create_dir_all(folder).map_err(failed)?;
    for (path, _) in &folders {
        fs::create_dir(folder.join(path)).map_err(failed)?;
    }
    let mut writer = Writer { folder, failed: None };
    visit(image, &tree, limits, &mut writer).map_err(failed)?;
    if let Some(error) = writer.failed {
        return Err(Error::new(ErrorKind::Local, &doing, error.to_string()));
    }
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

struct Writer<'a> {
    folder: &'a Path,
    failed: Option<io::Error>,
}

impl Visitor for Writer<'_> {
    fn wanted(&mut self, entry: &Entry) -> bool {
        entry.link.is_none()
    }

    fn file(&mut self, entry: &Entry, content: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        let path = self.folder.join(&entry.path);
        // Never with the set-user bit: these files belong to whoever unpacks, not to the image's root.
        let permissions = fs::Permissions::from_mode(entry.mode & 0o777);
        let written = fs::write(&path, content).and_then(|()| fs::set_permissions(&path, permissions));
        self.failed = written.err();
    }
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
