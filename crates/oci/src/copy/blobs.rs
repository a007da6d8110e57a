//! Blobs from one repository into another: mounted, else streamed, never kept on the way.

use super::{Copied, Part};
use crate::{
    Descriptor, Error, Registry,
    registry::{First, Moved},
    together,
};
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use subject::Repository;

impl Registry {
    pub(super) async fn copy_blobs(
        &self,
        parts: &[&Part],
        (from, source): (&Self, &Repository),
        to: &Repository,
        copied: &mut Copied,
    ) -> Result<(), Error> {
        // The empty configuration of all artifacts is one blob.
        let blobs: BTreeMap<_, &Descriptor> =
            parts.iter().flat_map(|part| part.manifest.blobs()).map(|blob| (blob.digest, blob)).collect();
        let mut blobs = blobs.into_values();
        let Some(blob) = blobs.next() else { return Ok(()) };
        // A registry that has the first one has most likely all: some keep the blobs of all repositories in one place.
        let moved = self.take_blob(to, (blob, First::Look), (from, source)).await?;
        let first = if moved == Moved::Present { First::Look } else { First::Mount };
        let one = |blob| Box::pin(self.take_blob(to, (blob, first), (from, source))) as BoxFuture<'_, _>;
        let others = together(blobs.map(one).collect()).await?;
        for moved in std::iter::once(moved).chain(others) {
            match moved {
                Moved::Present => {}
                Moved::Mounted => copied.mounted += 1,
                Moved::Sent(bytes) => {
                    copied.sent += 1;
                    copied.bytes += bytes;
                }
            }
        }
        Ok(())
    }
}
