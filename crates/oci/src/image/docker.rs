//! `docker save` of the older form: `manifest.json`, a configuration, and layers as archives of their own (Docker image
//! specification v1.2, "Combined Image JSON + Filesystem Changeset Format").

use super::{
    Image, LayerBlob,
    archive::Archive,
    fetch::{Blobs as _, parse_config},
};
use crate::{Descriptor, Error, ErrorKind, error::quote, media};
use serde::Deserialize;
use subject::Digest;

/// The member that lists the images.
pub(super) const MANIFEST: &str = "manifest.json";

/// An uncompressed layer by Docker's name.
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

/// The image of this name, or the only one.
pub(super) fn image(archive: &Archive, name: Option<&str>) -> Result<Image, Error> {
    let doing = format!("read the image of {}", archive.name());
    let listed: Vec<Listed> = serde_json::from_slice(&archive.small(MANIFEST)?)
        .map_err(|error| Error::invalid(&doing, format!("its {MANIFEST} is malformed: {error}")))?;
    let listed = pick(&doing, listed, name)?;
    let bytes = archive.small(&listed.config)?;
    let digest = Digest::of(&bytes);
    if let Some(named) = named(&listed.config).filter(|named| *named != digest) {
        return Err(Error::invalid(doing, format!("its configuration is {digest}, not the {named} it is named")));
    }
    let config = parse_config(&doing, &bytes)?;
    let (there, wanted) = (listed.layers.len(), config.rootfs.diff_ids.len());
    if there != wanted {
        return Err(Error::invalid(doing, format!("it has {there} layers and its configuration names {wanted}")));
    }
    let mut layers = Vec::new();
    for (path, diff_id) in listed.layers.iter().zip(&config.rootfs.diff_ids) {
        let Some(content) = archive.find(path) else {
            let cause = format!("layer {} (`{}`) is missing", layers.len(), quote(path, 120));
            return Err(Error::new(ErrorKind::NotFound, doing, cause));
        };
        layers.push(match named(path) {
            Some(stored) => {
                LayerBlob::described(Descriptor::new(media::LAYER, stored, content.length()), *diff_id, content)
            }
            None => LayerBlob::unpacked(LAYER, *diff_id, content),
        });
    }
    Ok(Image { digest, manifest: None, config, layers })
}

fn pick(doing: &str, mut listed: Vec<Listed>, name: Option<&str>) -> Result<Listed, Error> {
    let names: Vec<String> = listed.iter().flat_map(|image| image.repo_tags.iter().flatten().cloned()).collect();
    if let Some(name) = name {
        let with_tag = format!("{name}:latest");
        let is_it = |tag: &String| tag == name || *tag == with_tag;
        listed.retain(|image| image.repo_tags.iter().flatten().any(is_it));
    }
    let count = listed.len();
    let there = quote(&names.join(", "), 200);
    match listed.pop() {
        Some(image) if count == 1 => Ok(image),
        Some(_) => Err(Error::invalid(doing, format!("it holds {count} images; name one of: {there}"))),
        None => Err(Error::new(ErrorKind::NotFound, doing, format!("there is no such image; it holds: {there}"))),
    }
}

/// The digest that a path names its content by: `<hex>.json`, `blobs/sha256/<hex>`.
fn named(path: &str) -> Option<Digest> {
    let file = path.rsplit('/').next().unwrap_or(path);
    Digest::from_hex(file.strip_suffix(".json").unwrap_or(file)).ok()
}
