//! The same image, packed otherwise: members of its layers in another order, compressed otherwise, not compressed at all.
//! Digests differ then; nothing else of the bill of materials may.

#![expect(clippy::unwrap_used, reason = "a step of a test that fails is a test that fails")]

mod support;

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use oci::{
    Descriptor, Kind, Platform,
    image::{Builder, Contents},
    layout::Layout,
};
use proptest::prelude::*;
use serde_json::json;
use std::io::{Read as _, Write as _};
use subject::Digest;
use support::Workspace;

const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const PLAIN: &str = "application/vnd.oci.image.layer.v1.tar";

/// How a layer is packed.
#[derive(Debug, Clone, Copy)]
enum Packing {
    Fast,
    /// Gzip allows several members one after the other.
    Members,
    Plain,
}

type Member = (tar::Header, Vec<u8>);

fn builder() -> Builder {
    let site = "usr/lib/python3.11/site-packages";
    let dist = |contents: Contents, name: &str, requires: &str| {
        let text = format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requires}\n");
        contents.file(&format!("{site}/{name}-1.0.dist-info/METADATA"), 0o644, text)
    };
    let status = "Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 7.88.1-10\n\n";
    let base = Contents::new()
        .file("usr/lib/os-release", 0o644, "ID=debian\nVERSION_ID=\"12\"\n")
        .symlink("etc/os-release", "../usr/lib/os-release")
        .file("var/lib/dpkg/status", 0o644, status);
    let app = dist(dist(dist(Contents::new(), "a", "Requires-Dist: b\n"), "b", ""), "c", "Requires-Dist: a\n");
    let app = app.file("app/package-lock.json", 0o644, include_bytes!("npm/v3/package-lock.json").as_slice());
    let last = Contents::new().file(&format!("{site}/.wh.c-1.0.dist-info"), 0o644, "");
    let last = dist(last, "d", "Requires-Dist: b\n").file("app/b/requirements.txt", 0o644, "x==1\ny==2\n");
    Builder::new(Platform::linux("amd64")).source_date_epoch(0).layer("0", base).layer("1", app).layer("2", last)
}

fn members(layout: &Layout, layer: &Descriptor) -> Vec<Member> {
    let mut archive = tar::Archive::new(MultiGzDecoder::new(layout.blob(layer).unwrap()));
    let entries = archive.entries().unwrap().map(|entry| {
        let (mut entry, mut bytes) = (entry.unwrap(), Vec::new());
        entry.read_to_end(&mut bytes).unwrap();
        (entry.header().clone(), bytes)
    });
    entries.collect()
}

/// The layer's archive and its blob.
fn pack(members: &[Member], packing: Packing) -> (Vec<u8>, Vec<u8>) {
    let mut archive = tar::Builder::new(Vec::new());
    members.iter().for_each(|(header, bytes)| archive.append(header, bytes.as_slice()).unwrap());
    let archive = archive.into_inner().unwrap();
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let blob = match packing {
        Packing::Fast => gzip(&archive),
        Packing::Members => archive.chunks(700).flat_map(gzip).collect(),
        Packing::Plain => archive.clone(),
    };
    (archive, blob)
}

/// The bill of materials of the layout at `image`, with each digest replaced by the name of what it is of.
fn described(workspace: &Workspace) -> String {
    workspace.run(&[("path", "image")]).expect(0, &[]);
    let mut text = String::from_utf8(workspace.bytes("sbom.cdx.json")).unwrap();
    let layout = Layout::open(workspace.path("image")).unwrap();
    let image = layout.image(None).unwrap();
    let manifest = layout.manifest(&image).unwrap();
    let Kind::Image(parts) = &manifest.kind else { panic!("an index") };
    let config = layout.blob_bytes(&parts.config, 1 << 20).unwrap();
    let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    let mut names = vec![(image.digest.hex(), "IMAGE".to_owned()), (parts.config.digest.hex(), "CONFIG".to_owned())];
    for (index, layer) in parts.layers.iter().enumerate() {
        let diff = config["rootfs"]["diff_ids"][index].as_str().unwrap().replace("sha256:", "");
        // A layer that is stored plain is its own archive, so both are one name.
        names.extend([(layer.digest.hex(), format!("LAYER{index}")), (diff, format!("LAYER{index}"))]);
    }
    for (digest, name) in names {
        text = text.replace(&digest, &name);
    }
    // The serial number is a digest of everything else.
    let serial = text.split("\"serialNumber\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    text.replace(&serial, "SERIAL")
}

/// The same image with the members of its layers in the order of `seed`, packed as said.
fn repacked(workspace: &Workspace, seed: &[usize], packing: Packing) -> String {
    let source = Layout::open(workspace.path("image")).unwrap();
    let manifest = source.manifest(&source.image(None).unwrap()).unwrap();
    let Kind::Image(parts) = &manifest.kind else { panic!("an index") };
    let other = Workspace::new();
    let layout = Layout::create(other.path("image")).unwrap();
    let (mut layers, mut archives) = (Vec::new(), Vec::new());
    for layer in &parts.layers {
        let mut members = members(&source, layer);
        let count = members.len();
        seed.iter().enumerate().for_each(|(index, other)| members.swap(index % count, other % count));
        let (archive, blob) = pack(&members, packing);
        let media_type = if matches!(packing, Packing::Plain) { PLAIN } else { GZIP };
        layers.push(layout.write_blob(media_type, &blob).unwrap());
        archives.push(Digest::of(&archive).to_string());
    }
    let config = source.blob_bytes(&parts.config, 1 << 20).unwrap();
    let mut config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    config["rootfs"]["diff_ids"] = json!(archives);
    let config = layout.write_blob(&parts.config.media_type, &serde_json::to_vec(&config).unwrap()).unwrap();
    let image = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({ "schemaVersion": 2, "mediaType": image, "config": config, "layers": layers });
    layout.add(layout.write_blob(image, &serde_json::to_vec(&manifest).unwrap()).unwrap(), None).unwrap();
    described(&other)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_image_that_is_packed_otherwise_is_described_in_the_same_words(
        seed in prop::collection::vec(0..1000_usize, 8),
        packing in prop::sample::select(vec![Packing::Fast, Packing::Members, Packing::Plain]),
    ) {
        let workspace = Workspace::new();
        builder().build(&Layout::create(workspace.path("image")).unwrap(), None).unwrap();
        let straight = described(&workspace);
        prop_assert!(straight.contains("LAYER1") && straight.contains("pkg:pypi/d@1.0"));
        prop_assert_eq!(straight, repacked(&workspace, &seed, packing));
    }
}

/// Folders are listed in the order in which the disk has them, which is not the order in which they were made everywhere.
#[test]
fn a_tree_whose_files_were_made_in_another_order_is_described_in_the_same_bytes() {
    let files = [
        ("a/package-lock.json", include_bytes!("npm/v3/package-lock.json").as_slice()),
        ("b/package-lock.json", include_bytes!("npm/v2/package-lock.json").as_slice()),
        ("b/requirements.txt", b"x==1\ny==2\n".as_slice()),
        ("requirements.txt", b"x==1\nz==3\n".as_slice()),
        ("c/d/e/requirements.txt", b"x==2\n".as_slice()),
    ];
    let run = |files: &mut dyn Iterator<Item = &(&str, &[u8])>| {
        let workspace = files.fold(Workspace::new(), |workspace, (path, bytes)| workspace.with(path, bytes));
        workspace.run(&[]).expect(0, &[]);
        workspace.bytes("sbom.cdx.json")
    };
    let straight = run(&mut files.iter());
    assert_eq!(straight, run(&mut files.iter().rev()));
    assert!(!straight.windows(4).any(|four| four == b"/tmp"), "an absolute path is in it");
}
