//! One pass over one layer: uncompressed once, every byte compared with the manifest and the configuration.

use super::{
    LayerBlob, Limits,
    blocks::{self, Blocks},
    inflate::{Budget, Inflated, wrong},
    tar::{Archive, Member, What},
};
use std::{
    io,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    thread,
};

/// What the passes over an image's layers share: bounds, and the news that one has failed.
pub(super) struct Watch {
    entries: AtomicUsize,
    names: AtomicU64,
    limits: Limits,
    budget: Budget,
    /// The lowest layer that was refused.
    failed: AtomicUsize,
}

impl Watch {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            entries: AtomicUsize::new(0),
            names: AtomicU64::new(0),
            limits: *limits,
            budget: Budget::new(limits.inflated),
            failed: AtomicUsize::new(usize::MAX),
        }
    }

    /// Reads a layer to its end, and calls `each` with the number of every member, the member, and the archive to read its
    /// content from. What `each` has seen is worth nothing unless this succeeds.
    ///
    /// A layer above one that was refused stops early, and says so: of several broken layers the lowest is always the one
    /// that is named.
    pub(super) fn layer<'a>(
        &self,
        index: usize,
        layer: &LayerBlob,
        each: impl FnMut(usize, Member, &mut Archive<Blocks>) -> io::Result<()> + 'a,
    ) -> io::Result<()> {
        let done = thread::scope(|scope| {
            let inflated = Inflated::new(layer.open(), layer.content.length(), &self.budget)?;
            let stored = layer.checked().filter(|_| inflated.is_plain());
            let mut archive = Archive::new(blocks::inflate(scope, inflated, stored));
            self.members(index, &mut archive, each)?;
            let found = archive.into_inner().finish()?;
            let named = layer.diff_id;
            if found == named {
                return Ok(());
            }
            Err(wrong(format!("it is {found} uncompressed; the configuration names {named}")))
        });
        done.map_err(|error| {
            self.failed.fetch_min(index, Ordering::Relaxed);
            if error.kind() == io::ErrorKind::InvalidData { wrong(format!("layer {index}: {error}")) } else { error }
        })
    }

    fn members(
        &self,
        index: usize,
        archive: &mut Archive<Blocks>,
        mut each: impl FnMut(usize, Member, &mut Archive<Blocks>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut number = 0;
        while let Some(member) = archive.next()? {
            self.count(&member)?;
            if self.failed.load(Ordering::Relaxed) < index {
                return Err(wrong("a lower layer was refused"));
            }
            each(number, member, archive)?;
            number += 1;
        }
        Ok(())
    }

    /// One more member, as far as there is room.
    fn count(&self, member: &Member) -> io::Result<()> {
        let Limits { entries, names, .. } = self.limits;
        if self.entries.fetch_add(1, Ordering::Relaxed) >= entries {
            return Err(wrong(format!("an image holds more than {entries} entries")));
        }
        let link = match &member.what {
            What::Symlink(target) | What::HardLink(target) => target.len(),
            What::File | What::Directory | What::Other => 0,
        };
        let bytes = (member.path.len() + link) as u64;
        if self.names.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) > names {
            return Err(wrong(format!("the names in an image have more than {names} bytes")));
        }
        Ok(())
    }
}
