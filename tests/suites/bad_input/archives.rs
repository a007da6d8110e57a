//! Images and layouts that are cut off, lie about themselves, or mean harm: nothing of them is described, nothing is
//! written, and nothing is left on them.

use crate::place::Place;
use e2e::world::World;
use flate2::{Compression, write::GzEncoder};
use oci::{Descriptor, Manifest, media};
use serde_json::json;
use std::{io::Write as _, path::Path};
use subject::{Digest, ImageRef, Repository};

/// One member of a tar archive (POSIX.1-1988 "ustar" header), with any name and any claimed length.
fn member(name: &str, kind: u8, claimed: u64, content: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    // GNU's form of lengths that eleven octal digits cannot hold.
    if claimed < 1 << 33 {
        put(124, format!("{claimed:011o}\0").as_bytes());
    } else {
        put(128, &claimed.to_be_bytes());
        put(124, &[0x80]);
    }
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, &[kind]);
    if kind == b'2' || kind == b'1' {
        put(157, content);
    }
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut bytes = header.to_vec();
    if kind == b'0' {
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes
}

fn archive(members: &[Vec<u8>]) -> Vec<u8> {
    [members.concat(), vec![0; 1024]].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Many gibibytes of nothing in a lockfile's place: compressed members one after the other are one stream (RFC 1952, 2.2).
fn bomb(gibibytes: usize) -> Vec<u8> {
    let length = (gibibytes as u64) << 30;
    let header = gzip(&member("app/Cargo.lock", b'0', length, b""));
    let zeros = gzip(&vec![0; 64 << 20]);
    [header, zeros.repeat(gibibytes * 16), gzip(&[0; 1024])].concat()
}

struct Registry {
    world: World,
    registry: oci::Registry,
}

impl Registry {
    async fn start() -> Self {
        let world = World::start(Path::new("")).await.unwrap();
        let registry = world.registry().await.unwrap();
        Self { world, registry }
    }

    /// Pushes an image of one layer.
    async fn push(&self, name: &str, media_type: &str, layer: Vec<u8>, config: &[u8]) -> ImageRef {
        let repository = Repository::new(&self.world.sandbox.registry_host(), name).unwrap();
        let layer = self.registry.push_blob(&repository, media_type, layer.into()).await.unwrap();
        let config = self.registry.push_blob(&repository, media::IMAGE_CONFIG, config.to_vec().into()).await.unwrap();
        let manifest =
            json!({ "schemaVersion": 2, "mediaType": media::IMAGE_MANIFEST, "config": config, "layers": [layer] });
        let manifest = Manifest::parse(manifest.to_string().into_bytes().into(), None).unwrap();
        self.registry.push_manifest(&repository, &manifest, None).await.unwrap()
    }

    async fn statements(&self, image: &ImageRef) -> usize {
        let found = self.registry.referrers(image, None).await.unwrap();
        found.found.len() + found.refused.len()
    }
}

fn config(layer: &[u8]) -> Vec<u8> {
    let rootfs = json!({ "type": "layers", "diff_ids": [Digest::of(layer)] });
    json!({ "architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs }).to_string().into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_or_broken_layer_in_a_registry_is_not_described() {
    let Some(place) = Place::new() else { return };
    let host = Registry::start().await;
    let place = place.env(host.world.env());
    let lock = b"version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n";
    let good = archive(&[member("app/Cargo.lock", b'0', lock.len() as u64, lock)]);
    let claimed = |length: u64| archive(&[member("app/Cargo.lock", b'0', length, lock)]);
    let named = |name: &str| archive(&[member(name, b'0', lock.len() as u64, lock)]);
    let linked = |name: &str, kind: u8, to: &str| archive(&[member(name, kind, 0, to.as_bytes())]);
    let mut sum = good.clone();
    sum[150] ^= 1;
    let half = gzip(&good);
    let cases: [(&str, &str, Vec<u8>); 12] = [
        ("cut-content", media::LAYER, good[..520].to_vec()),
        ("cut-header", media::LAYER, good[..300].to_vec()),
        ("cut-gzip", media::LAYER_GZIP, half[..half.len() - 9].to_vec()),
        ("no-gzip", media::LAYER_GZIP, b"hello, this is no gzip at all".to_vec()),
        ("no-tar", media::LAYER, vec![0x5a; 2048]),
        ("zstd-in-name", media::LAYER_ZSTD, half.clone()),
        ("wrong-sum", media::LAYER, sum),
        ("traversal", media::LAYER, named("../../../../tmp/lockkeeper-was-here/Cargo.lock")),
        ("inner-traversal", media::LAYER, named("app/../../etc/Cargo.lock")),
        ("long-claim", media::LAYER, claimed(1 << 40)),
        ("hard-link-out", media::LAYER, linked("app/Cargo.lock", b'1', "../../../etc/passwd")),
        ("unknown-media", "application/x-surprise", good.clone()),
    ];
    for (name, media_type, layer) in cases {
        let image = host.push(name, media_type, layer.clone(), &config(&layer)).await;
        let reference = image.to_string();
        let given = [("image", reference.as_str()), ("signing-key", host.world.signing_key.as_str())];
        let outcome = place.fails("sbom", &given, 3, &["failed to read the ", "image"]);
        assert!(
            outcome.said("error").any(|error| error.contains(&image.digest.to_string())),
            "{name}: {}",
            outcome.log
        );
        assert_eq!(host.statements(&image).await, 0, "{name}");
        assert!(outcome.outputs["referrer"].is_empty());
    }
    assert!(!Path::new("/tmp/lockkeeper-was-here").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_that_blows_up_is_refused_in_bounded_time_and_memory() {
    let Some(place) = Place::new() else { return };
    let host = Registry::start().await;
    let place = place.env(host.world.env());
    let layer = bomb(4);
    assert!(layer.len() < 6 << 20, "{} bytes", layer.len());
    let image = host.push("bomb", media::LAYER_GZIP, layer, &config(b"")).await.to_string();
    let outcome = place.fails(
        "sbom",
        &[("image", &image)],
        3,
        &["failed to read the layers of", "grows beyond the", "bytes allowed for it"],
    );
    assert!(outcome.took < std::time::Duration::from_secs(60), "{:?}", outcome.took);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_the_registry_refuses_is_a_401_with_its_remedy() {
    let Some(place) = Place::new() else { return };
    let host = Registry::start().await;
    let layer = archive(&[]);
    let image = host.push("app", media::LAYER, layer.clone(), &config(&layer)).await.to_string();
    let given = [("image", image.as_str()), ("registry-auth", "anonymous")];
    place.fails("sbom", &given, 3, &["failed to find the image", "401"]);
    let basic = [("registry-auth", "basic"), ("registry-username", "AWS"), ("registry-password", "wrong-password")];
    let outcome = place.fails("sbom", &[&given[..1], &basic].concat(), 3, &["failed to find the image", "401"]);
    assert_eq!(outcome.log.matches("wrong-password").count(), 1, "said once, to be masked: {}", outcome.log);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_not_there_or_not_for_the_platform_is_named() {
    let Some(place) = Place::new() else { return };
    let host = Registry::start().await;
    let place = place.env(host.world.env());
    let layer = archive(&[]);
    let there = host.push("app", media::LAYER, layer.clone(), &config(&layer)).await;
    let absent = there.repository.image(Digest::of(b"never pushed")).to_string();
    let elsewhere = format!("{}/never-made@{}", there.repository.registry(), there.digest);
    let tag = format!("{}:no-such-tag", there.repository);
    for image in [&absent, &elsewhere, &tag] {
        place.fails("sbom", &[("image", image)], 3, &["failed to find the image", image]);
    }
    let broken = host.push("config", media::LAYER, layer, b"{\"architecture\": ").await.to_string();
    place.fails("sbom", &[("image", &broken)], 3, &["failed to read the image"]);
    let given = [("image", there.to_string()), ("signing-key", host.world.signing_key.clone())];
    let given = given.each_ref().map(|(name, value)| (*name, value.as_str()));
    let none = place.answers("sbom", &given, (3, "inconclusive"), &["no package found", "nothing was written"]);
    assert!(none.outputs["referrer"].is_empty());
    assert_eq!(host.statements(&there).await, 0);
}

#[test]
fn a_layout_on_disk_that_is_broken_is_bad_input() {
    let index = |digest: Digest, size: usize| {
        let entry = Descriptor::new(media::IMAGE_MANIFEST, digest, size as u64);
        json!({ "schemaVersion": 2, "manifests": [entry] }).to_string()
    };
    let version = "{\"imageLayoutVersion\": \"1.0.0\"}";
    let wrong = "{\"schemaVersion\": 2}";
    let blob = format!("x/blobs/sha256/{}", Digest::of(wrong.as_bytes()).hex());
    let other = index(Digest::of(b"other"), 5);
    let lying = index(Digest::of(wrong.as_bytes()), 7);
    let layouts: [&[(&str, &str)]; 6] = [
        &[("x/oci-layout", "{")],
        &[("x/oci-layout", version)],
        &[("x/oci-layout", version), ("x/index.json", "{\"schemaVersion\"")],
        &[("x/oci-layout", version), ("x/index.json", "{\"schemaVersion\": 2, \"manifests\": []}")],
        &[("x/oci-layout", version), ("x/index.json", &other)],
        &[("x/oci-layout", version), ("x/index.json", &lying), (&blob, wrong)],
    ];
    for layout in layouts {
        let Some(place) = Place::new() else { return };
        let place = layout.iter().fold(place, |place, (path, content)| place.with(path, content));
        place.fails("sbom", &[("path", "x")], 2, &["failed to read the image x: "]);
    }
}
