//! The referrers tag schema: an index under the tag `sha256-<64 hex>`, kept by the clients of a registry without the
//! referrers API (distribution-spec 1.1 "Referrers Tag Schema", "Unavailable Referrers API").

use super::{Registry, attach::all_among};
use crate::{Descriptor, Error, ErrorKind, Index, Kind, Manifest, media};
use reqwest::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use std::collections::BTreeMap;
use subject::ImageRef;

/// How often a lost race is run again.
const RACES: usize = 8;

/// The index under a fallback tag, and the registry's mark for a conditional write.
pub(super) struct Tagged {
    pub(super) index: Index,
    etag: Option<String>,
}

fn tag(image: &ImageRef) -> String {
    format!("sha256-{}", image.digest.hex())
}

impl Registry {
    /// The index under the image's fallback tag, `None` where there is none.
    pub(super) async fn fallback_index(&self, image: &ImageRef) -> Result<Option<Tagged>, Error> {
        let tag = tag(image);
        let doing = format!("read the referrers tag {}:{tag}", image.repository);
        let raw = match self.get_manifest(&doing, &image.repository, &tag).await {
            Ok(raw) => raw,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        let manifest = Manifest::parse(raw.bytes, raw.media_type.as_deref())
            .map_err(|error| Error::invalid(&doing, error.cause()))?;
        match manifest.kind {
            Kind::Index(index) => Ok(Some(Tagged { index, etag: raw.etag })),
            Kind::Image(_) => Err(Error::invalid(doing, "an image is under that tag, not an index of referrers")),
        }
    }

    /// Adds entries to the image's fallback index, keeping everybody else's, never twice; reads it back to be sure.
    pub(super) async fn fallback_add(&self, image: &ImageRef, entries: &[Descriptor]) -> Result<(), Error> {
        let _alone = self.tag_writer.lock().await;
        let doing = format!("add {} to the referrers tag {}:{}", shown(entries), image.repository, tag(image));
        for race in 0..RACES {
            // What was written is read back at once; only a race that was lost is waited for, and looked at again after that.
            let mut tagged = self.fallback_index(image).await?;
            let listed = |tagged: &Option<Tagged>| {
                tagged.as_ref().is_some_and(|tagged| all_among(entries, &tagged.index.manifests))
            };
            if race > 0 && !listed(&tagged) {
                tokio::time::sleep(self.pauses.after(u32::try_from(race).unwrap_or(u32::MAX), None)).await;
                tagged = self.fallback_index(image).await?;
            }
            if listed(&tagged) {
                return Ok(());
            }
            let (mut index, condition) = match &tagged {
                Some(Tagged { index, etag: Some(etag) }) => (index.clone(), Some((IF_MATCH, etag.as_str()))),
                Some(Tagged { index, etag: None }) => (index.clone(), None),
                None => (empty(), Some((IF_NONE_MATCH, "*"))),
            };
            let new = entries.iter().filter(|entry| !all_among(std::slice::from_ref(*entry), &index.manifests));
            let new: Vec<Descriptor> = new.cloned().collect();
            index.manifests.extend(new);
            match self.write_index(image, &index, condition).await {
                // Read it back at the head of the loop: only an index that lists the entry ends it.
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(ErrorKind::Temporary, doing, format!("others changed it {RACES} times in between")))
    }

    async fn write_index(
        &self,
        image: &ImageRef,
        index: &Index,
        condition: Option<(HeaderName, &str)>,
    ) -> Result<(), Error> {
        let bytes = serde_json::to_vec(index)
            .map_err(|error| Error::invalid(format!("write the referrers tag of {image}"), error.to_string()))?;
        let manifest = Manifest::parse(bytes.into(), Some(media::IMAGE_INDEX))?;
        self.put_manifest(&image.repository, &manifest, (Some(&tag(image)), condition)).await.map(drop)
    }
}

fn shown(entries: &[Descriptor]) -> String {
    entries.iter().map(|entry| entry.digest.to_string()).collect::<Vec<_>>().join(", ")
}

fn empty() -> Index {
    Index {
        schema_version: 2,
        media_type: Some(media::IMAGE_INDEX.to_owned()),
        artifact_type: None,
        manifests: Vec::new(),
        subject: None,
        annotations: BTreeMap::new(),
    }
}
