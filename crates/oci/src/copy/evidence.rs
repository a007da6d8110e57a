//! Evidence that has arrived is listed: by the registry itself, or by us under the fallback tag.

use super::{Closure, Role};
use crate::{Descriptor, Error, Manifest, Registry, together};
use futures_util::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use subject::{Digest, Repository};

impl Registry {
    /// What a repository lists as evidence, unread, by what of the closure it is listed for.
    pub(super) async fn listed(
        &self,
        closure: &Closure,
        to: &Repository,
    ) -> Result<BTreeMap<Digest, BTreeSet<Digest>>, Error> {
        let list = |subject: Digest| -> BoxFuture<'_, Result<(Digest, BTreeSet<Digest>), Error>> {
            let image = to.image(subject);
            Box::pin(async move {
                Ok((subject, self.entries(&image).await?.into_iter().map(|entry| entry.digest).collect()))
            })
        };
        Ok(together(closure.evidence().into_keys().map(list).collect()).await?.into_iter().collect())
    }

    /// Makes sure that all evidence of the closure is listed in `to`.
    pub(super) async fn list_evidence(&self, closure: &Closure, to: &Repository) -> Result<(), Error> {
        let list = |subject: Digest| -> BoxFuture<'_, Result<(), Error>> {
            let image = to.image(subject);
            let of_it = closure.parts.iter().filter(move |part| part.role == Role::Evidence { of: subject });
            let entries: Vec<Descriptor> = of_it.map(|part| entry(&part.manifest)).collect();
            Box::pin(async move { self.ensure_listed(&image, &entries).await })
        };
        together(closure.evidence().into_keys().map(list).collect()).await.map(drop)
    }
}

/// The entry that clients of a registry without referrers write (distribution-spec "Pushing Manifests with Subject"): with
/// the artifact type and all annotations of the manifest.
fn entry(manifest: &Manifest) -> Descriptor {
    Descriptor {
        artifact_type: manifest.artifact_type().map(str::to_owned),
        annotations: manifest.annotations().clone(),
        ..manifest.descriptor()
    }
}
