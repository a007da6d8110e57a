//! Reading what an image says of itself, platform by platform.

use crate::{inputs::unknown, labels::Labelled};
use evidence::{Evidence, registry_failure};
use github::Failure;
use oci::{Descriptor, Error, Kind, Manifest};
use serde_json::Value;
use std::collections::BTreeMap;
use subject::ImageRef;

/// A larger configuration is not one that only carries labels, in bytes.
const MAX_CONFIG_BYTES: u64 = 4 << 20;
/// An index of more platforms than this is a mistake.
const MAX_PLATFORMS: usize = 64;
/// What `BuildKit` marks its attestations in an index with; they are no images.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";

/// The labels and annotations of every platform's image.
///
/// # Errors
/// A [`Failure`] when the registry cannot be asked, or the image has more platforms than anybody reads.
pub(crate) async fn labelled(evidence: &Evidence<'_>, image: &ImageRef) -> Result<Vec<Labelled>, Failure> {
    let failed = |error: Error| registry_failure("read the image's labels", &error).state("nothing was changed");
    let top = evidence.registry().manifest(image).await.map_err(failed)?;
    let Kind::Index(index) = &top.kind else {
        return Ok(vec![one(evidence, image, (&top, Vec::new())).await.map_err(failed)?]);
    };
    let is_image = |entry: &&Descriptor| !entry.annotations.contains_key(REFERENCE_TYPE);
    let entries: Vec<&Descriptor> = index.manifests.iter().filter(is_image).collect();
    if entries.len() > MAX_PLATFORMS {
        let cause = format!("it has {} platforms, more than {MAX_PLATFORMS}", entries.len());
        return Err(unknown("read the labels of").subject(image).because(cause).state("nothing was changed"));
    }
    let mut images = Vec::new();
    for entry in entries {
        let child = image.repository.image(entry.digest);
        let child = evidence.registry().manifest(&child).await.map_err(failed)?;
        let around = vec![entry.annotations.clone(), top.annotations().clone()];
        images.push(one(evidence, image, (&child, around)).await.map_err(failed)?);
    }
    Ok(images)
}

async fn one(
    evidence: &Evidence<'_>,
    image: &ImageRef,
    (manifest, mut annotations): (&Manifest, Vec<BTreeMap<String, String>>),
) -> Result<Labelled, Error> {
    annotations.push(manifest.annotations().clone());
    let config: Value = match &manifest.kind {
        Kind::Image(own) => {
            let bytes = evidence.registry().blob_bytes(&image.repository, &own.config, MAX_CONFIG_BYTES).await?;
            serde_json::from_slice(&bytes).unwrap_or_default()
        }
        // An index within an index says something of itself only by its annotations.
        Kind::Index(_) => Value::Null,
    };
    let labels = config.pointer("/config/Labels").and_then(Value::as_object).into_iter().flatten();
    let labels = labels.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
    let word = |name: &str| config.get(name).and_then(Value::as_str).unwrap_or("unknown").to_owned();
    Ok(Labelled { platform: format!("{}/{}", word("os"), word("architecture")), labels, annotations })
}
