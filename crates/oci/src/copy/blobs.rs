//! Blobs from one repository into another: mounted, else streamed, never kept on the way.

use super::{Copied, Part};
use crate::{Descriptor, Error, Registry, registry::Moved, together};
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
        let one = |blob| Box::pin(self.take_blob(to, blob, (from, source))) as BoxFuture<'_, _>;
        for moved in together(blobs.into_values().map(one).collect()).await? {
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
