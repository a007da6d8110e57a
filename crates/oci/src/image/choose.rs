//! Which image of an index: pure.

use crate::{Descriptor, Index, Platform, media};

/// The images of an index, in its order. BuildKit keeps attestations in the same index, as images of the platform
/// `unknown/unknown`, and marks them with an annotation (docs/attestations/attestation-storage.md).
pub(super) fn every(index: &Index) -> impl Iterator<Item = &Descriptor> {
    let attestation = |entry: &&Descriptor| {
        let unknown = entry.platform.as_ref().is_some_and(|p| p.os == "unknown" && p.architecture == "unknown");
        unknown || entry.annotations.contains_key("vnd.docker.reference.type")
    };
    index.manifests.iter().filter(|entry| media::is_image_manifest(&entry.media_type)).filter(move |e| !attestation(e))
}

/// The image for a platform, or the only one when the index does not say what it is for.
pub(super) fn for_platform<'a>(index: &'a Index, wanted: &Platform) -> Option<&'a Descriptor> {
    let fits = |platform: &Platform| {
        platform.os == wanted.os
            && platform.architecture == wanted.architecture
            && (wanted.variant.is_none() || platform.variant == wanted.variant)
    };
    let only = every(index).next().filter(|entry| entry.platform.is_none() && every(index).count() == 1);
    every(index).find(|entry| entry.platform.as_ref().is_some_and(fits)).or(only)
}
