//! Archives and images with anything in them, right or wrong, byte by byte.

use oci::{
    Descriptor, ImageManifest, Platform,
    image::{Candidate, Config, Image, Limits, Reader, RootFs, Want},
    layout::Layout,
    media,
};
use std::{collections::BTreeMap, io::Write as _};
use subject::Digest;

/// A member's header: name, type, link target, stated size. The checksum is right.
pub(crate) fn header(name: &[u8], kind: u8, link: &[u8], size: u64) -> [u8; 512] {
    let mut block = [0; 512];
    block[..name.len()].copy_from_slice(name);
    block[100..107].copy_from_slice(b"0000644");
    block[108..115].copy_from_slice(b"0000000");
    block[116..123].copy_from_slice(b"0000000");
    block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    block[136..147].copy_from_slice(b"00000000000");
    block[156] = kind;
    block[157..157 + link.len()].copy_from_slice(link);
    block[257..265].copy_from_slice(b"ustar\x0000");
    block[148..156].copy_from_slice(b"        ");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// A member with its content, padded.
pub(crate) fn member(name: &str, kind: u8, link: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = header(name.as_bytes(), kind, link.as_bytes(), content.len() as u64).to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

pub(crate) fn file(name: &str, content: &str) -> Vec<u8> {
    member(name, b'0', "", content.as_bytes())
}

/// A whole archive: members and the two empty blocks.
pub(crate) fn archive(members: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut bytes: Vec<u8> = members.into_iter().flatten().collect();
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An image of layers given as (what is stored, what it is uncompressed), whose manifest and configuration agree.
pub(crate) fn image(layers: &[(Vec<u8>, Vec<u8>)]) -> Image {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    let stored = layers.iter().map(|(stored, _)| layout.write_blob(media::LAYER_GZIP, stored).unwrap()).collect();
    let diff_ids = layers.iter().map(|(_, plain)| Digest::of(plain)).collect();
    image_with(&layout, stored, diff_ids)
}

pub(crate) fn image_with(layout: &Layout, layers: Vec<Descriptor>, diff_ids: Vec<Digest>) -> Image {
    let config = Config {
        created: None,
        platform: Platform::linux("amd64"),
        config: oci::image::Settings::default(),
        rootfs: RootFs { kind: "layers".into(), diff_ids },
        history: Vec::new(),
    };
    let manifest = ImageManifest {
        schema_version: 2,
        media_type: Some(media::IMAGE_MANIFEST.into()),
        artifact_type: None,
        config: layout.write_blob(media::IMAGE_CONFIG, &serde_json::to_vec(&config).unwrap()).unwrap(),
        layers,
        subject: None,
        annotations: BTreeMap::new(),
    };
    let manifest = layout.write_blob(media::IMAGE_MANIFEST, &serde_json::to_vec(&manifest).unwrap()).unwrap();
    layout.add(manifest, None).unwrap();
    // The layers' files stay open, so the folder may go.
    Image::open(layout, None, &Platform::linux("amd64")).unwrap()
}

/// Wants everything, and keeps it.
pub(crate) struct All;

impl Reader for All {
    type Gist = Vec<u8>;

    fn wants(&self, _: &Candidate<'_>) -> Want {
        Want::Content
    }

    fn gist(&self, _: &Candidate<'_>, content: Vec<u8>) -> Vec<u8> {
        content
    }
}

/// All files of an image with their contents.
pub(crate) fn read(image: &Image, limits: &Limits) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let files = oci::image::read(image, limits, &All).map_err(|error| error.to_string())?;
    Ok(files.present.iter().map(|(entry, gist)| (entry.path.clone(), files.gists[*gist].clone())).collect())
}
