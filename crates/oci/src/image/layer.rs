//! A layer's archive, written so that the same contents are the same bytes.

use super::builder::{Contents, Item};
use flate2::{Compression, GzBuilder};
use std::io::{self, Write};
use subject::{Digest, Hasher};
use tar::{EntryType, Header};

/// A compressed layer and the digest of its archive uncompressed.
pub(super) struct Written {
    pub(super) bytes: Vec<u8>,
    pub(super) diff_id: Digest,
}

/// Writes a layer: members sorted by path, owned by root, all at the same time, gzip with a header that says nothing.
pub(super) fn write(contents: &Contents, seconds: u64) -> io::Result<Written> {
    let gzip = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::new(6));
    let mut archive = tar::Builder::new(Tee { inner: gzip, hasher: Hasher::new() });
    for (path, item) in contents.items() {
        let mut header = Header::new_gnu();
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(seconds);
        match item {
            Item::File { mode, bytes } => {
                header.set_entry_type(EntryType::Regular);
                header.set_mode(*mode);
                header.set_size(bytes.len() as u64);
                archive.append_data(&mut header, path, bytes.as_ref())?;
            }
            Item::Directory { mode } => {
                header.set_entry_type(EntryType::Directory);
                header.set_mode(*mode);
                header.set_size(0);
                archive.append_data(&mut header, format!("{path}/"), io::empty())?;
            }
            Item::Symlink { target } => {
                header.set_entry_type(EntryType::Symlink);
                header.set_mode(0o777);
                header.set_size(0);
                archive.append_link(&mut header, path, target)?;
            }
        }
    }
    let tee = archive.into_inner()?;
    Ok(Written { bytes: tee.inner.finish()?, diff_id: tee.hasher.finish() })
}

struct Tee<W> {
    inner: W,
    hasher: Hasher,
}

impl<W: Write> Write for Tee<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
