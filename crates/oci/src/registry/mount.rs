//! `mount_blob`, `take_blob`: a blob from another repository, without its bytes travelling where the registry can do that.

use super::{
    Registry, address,
    exchange::{Body, Call, Origin},
    push::location,
};
use crate::{Descriptor, Error};
use reqwest::{Method, Url};
use subject::Repository;

/// How a blob came into a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moved {
    /// It was there.
    Present,
    /// The registry took it over by itself.
    Mounted,
    /// So many bytes travelled.
    Sent(u64),
}

/// What is asked of a destination first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum First {
    /// Whether it has the blob.
    Look,
    /// To mount it: where it does, that is one request, and an answer that it has the blob already is the same.
    Mount,
}

/// What a registry made of the wish to mount a blob.
enum Mounting {
    Done,
    /// It opened an upload instead (distribution-spec "Mounting a blob"), mostly with a place for it.
    Upload(Option<Url>),
}

impl Registry {
    /// Takes a blob over from another repository: mounted where that is possible, else streamed from there and checked on
    /// the way; nothing is kept on this machine. The registry compares the content with the digest, too.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] of either registry.
    pub(crate) async fn take_blob(
        &self,
        repository: &Repository,
        (blob, first): (&Descriptor, First),
        (from, source): (&Self, &Repository),
    ) -> Result<Moved, Error> {
        if first == First::Look && self.has_blob(repository, blob).await? {
            return Ok(Moved::Present);
        }
        let mut open = None;
        if repository.registry() == source.registry() && self.capabilities(repository).mounts != Some(false) {
            match self.mount(repository, blob, source).await? {
                Mounting::Done => return Ok(Moved::Mounted),
                Mounting::Upload(place) => open = place,
            }
        }
        if first == First::Mount && self.has_blob(repository, blob).await? {
            self.give_up(repository, open).await;
            return Ok(Moved::Present);
        }
        let origin = Origin { registry: from.clone(), repository: source.clone(), blob: blob.clone() };
        self.upload(repository, blob, Body::Blob(Box::new(origin)), open).await?;
        Ok(Moved::Sent(blob.size))
    }

    /// Takes a blob over from another repository of the same registry without its bytes travelling. `false` when the
    /// registry does not do that; the blob then has to be uploaded.
    ///
    /// # Errors
    /// Any [`crate::ErrorKind`] of a registry.
    pub async fn mount_blob(
        &self,
        repository: &Repository,
        blob: &Descriptor,
        from: &Repository,
    ) -> Result<bool, Error> {
        if repository.registry() != from.registry() {
            return Ok(false);
        }
        match self.mount(repository, blob, from).await? {
            Mounting::Done => Ok(true),
            Mounting::Upload(place) => {
                self.give_up(repository, place).await;
                Ok(false)
            }
        }
    }

    async fn mount(&self, repository: &Repository, blob: &Descriptor, from: &Repository) -> Result<Mounting, Error> {
        let mut url = address::url(repository, "blobs/uploads/")?;
        url.query_pairs_mut().append_pair("mount", &blob.digest.to_string()).append_pair("from", from.path());
        let doing = format!("mount blob {} from {from} into {repository}", blob.digest);
        let response = self.call(&Call::write(&doing, repository, Method::POST, url)).await?;
        if response.status().as_u16() == 201 {
            self.learned.note(repository, |known| known.mounts = Some(true));
            return Ok(Mounting::Done);
        }
        self.learned.note_refused_mount(repository);
        Ok(Mounting::Upload(location(&doing, &response).ok()))
    }

    /// An upload that was opened and is not needed is not left lying about, where that works.
    async fn give_up(&self, repository: &Repository, open: Option<Url>) {
        let Some(place) = open else { return };
        let doing = format!("give up an upload to {repository}");
        let cancel = Call { also: &[400, 404, 405], ..Call::write(doing, repository, Method::DELETE, place) };
        // Nobody needs it: registries throw open uploads away by themselves after a while.
        let _ = self.attempt(&cancel).await;
    }
}
