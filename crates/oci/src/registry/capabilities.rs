//! What a registry can do beyond what every registry can, learned from its answers on the way.
//!
//! Registries do not say it anywhere, and names mislead: the same software answers differently behind other settings. So
//! nothing is asked for its own sake; what an answer has shown is remembered, and spares the requests that would show it
//! again.

use super::Registry;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};
use subject::Repository;

/// After so many refusals, and not one success, a repository is not asked to mount again: a single one may mean that the
/// source does not have the blob any more, or, on ECR, that no image names it.
const REFUSED_MOUNTS: u32 = 3;

/// What a registry has shown in one repository; `None` where nothing has shown it yet. Displayed for people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// It lists referrers by its API; else they are kept under a fallback tag.
    pub referrers_api: Option<bool>,
    /// It takes blobs over from sister repositories without their bytes travelling.
    pub mounts: Option<bool>,
    /// It has refused a write whose condition did not hold: of two who change a fallback tag at once none is lost. A registry
    /// that ignores conditions shows it to nobody.
    pub conditional_writes: Option<bool>,
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            (self.referrers_api, ["lists referrers by its API", "has no referrers API: they are under a fallback tag"]),
            (self.mounts, ["mounts blobs", "mounts no blobs: their bytes travel"]),
            (self.conditional_writes, ["keeps conditions on writes", "keeps no conditions on writes"]),
        ];
        let shown = words.map(|(known, [yes, no])| known.map(|known| if known { yes } else { no }));
        let shown: Vec<&str> = shown.into_iter().flatten().collect();
        f.write_str(if shown.is_empty() { "has shown nothing yet" } else { "" })?;
        f.write_str(&shown.join(", "))
    }
}

/// What the repositories have shown so far.
#[derive(Debug, Default)]
pub(super) struct Learned(Mutex<BTreeMap<Repository, (Capabilities, u32)>>);

impl Learned {
    pub(super) fn note(&self, repository: &Repository, lesson: impl FnOnce(&mut Capabilities)) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lesson(&mut known.entry(repository.clone()).or_default().0);
    }

    /// Notes that a blob was not mounted into `repository` though the registry was asked to.
    pub(super) fn note_refused_mount(&self, repository: &Repository) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (capabilities, refused) = known.entry(repository.clone()).or_default();
        *refused += 1;
        if capabilities.mounts.is_none() && *refused >= REFUSED_MOUNTS {
            capabilities.mounts = Some(false);
        }
    }
}

impl Registry {
    /// What the registry has shown in this repository until now. Sends nothing.
    #[must_use]
    pub fn capabilities(&self, repository: &Repository) -> Capabilities {
        let known = self.learned.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(repository).map(|(capabilities, _)| *capabilities).unwrap_or_default()
    }
}
