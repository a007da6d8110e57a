//! What a registry can do is learned on the way, shown, and spares requests.

use crate::{
    registry,
    scripted::{Answer, Asked, Scripted},
    support::{DockerRegistry, ReferrersRegistry, anonymous, sample},
};
use oci::{
    Artifact, Capabilities, Descriptor, ErrorKind, Manifest, Platform, Registry,
    image::{Builder, Contents},
    layout::{Layout, push_layout},
};
use std::collections::BTreeMap;
use subject::{ImageRef, Repository};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

fn artifact(text: &str) -> Artifact {
    let bytes = text.to_owned().into();
    Artifact { artifact_type: BUNDLE.into(), media_type: BUNDLE.into(), bytes, annotations: BTreeMap::new() }
}

async fn pushed(registry: &Registry, builder: &Builder, to: &Repository) -> ImageRef {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    builder.build(&layout, Some("v1")).unwrap();
    push_layout(registry, &layout, to, Some("v1")).await.unwrap()
}

/// An image of many layers, none of which another has.
fn layered(mark: &str) -> Builder {
    let layers = (0..12).map(|number| (format!("layer {number}"), format!("{mark} {number}")));
    layers.fold(Builder::new(Platform::linux("amd64")), |builder, (name, content)| {
        builder.layer(&name, Contents::new().file("file", 0o644, content))
    })
}

#[tokio::test]
async fn what_a_registry_can_do_shows_in_its_answers() {
    let Some(server) = DockerRegistry::start("") else { return };
    let (registry, from, to) = (anonymous(), server.repository("org/staging"), server.repository("org/production"));
    assert_eq!(registry.capabilities(&from), Capabilities::default());
    let image = pushed(&registry, &sample("one"), &from).await;
    registry.attach(&image, &artifact("one")).await.unwrap();
    let shown = registry.capabilities(&from);
    assert_eq!((shown.referrers_api, shown.mounts, shown.conditional_writes), (Some(false), None, None));
    let closure = registry.closure(&image).await.unwrap();
    crate::support::copy(&registry, &closure, &registry, &to).await.unwrap();
    let text = registry.capabilities(&to).to_string();
    assert_eq!(text, "has no referrers API: they are under a fallback tag, mounts blobs");
    assert!(registry.missing(&closure, &to).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_registry_that_mounts_nothing_is_not_asked_for_every_blob() {
    let Some(server) = ReferrersRegistry::start() else { return };
    let (registry, from, to) = (anonymous(), server.repository("org/staging"), server.repository("org/production"));
    let (one, two) = (pushed(&registry, &layered("1"), &from).await, pushed(&registry, &layered("2"), &from).await);
    registry.attach(&one, &artifact("about one")).await.unwrap();
    let mounts = || server.asked().iter().filter(|line| line.contains("mount=")).count();
    let closure = registry.closure(&one).await.unwrap();
    let copied = crate::support::copy(&registry, &closure, &registry, &to).await.unwrap();
    // It keeps the blobs of all its repositories in one place, so that none of the fifteen has to travel.
    assert_eq!((copied.mounted, copied.sent, copied.written), (0, 0, 2));
    let first = mounts();
    assert!((3..=8).contains(&first), "{first} attempts to mount");
    crate::support::copy(&registry, &registry.closure(&two).await.unwrap(), &registry, &to).await.unwrap();
    assert_eq!(mounts(), first, "it was not asked again");
    let shown = registry.capabilities(&to);
    assert_eq!((shown.referrers_api, shown.mounts, shown.conditional_writes), (Some(true), Some(false), None));
    assert_eq!(shown.to_string(), "lists referrers by its API, mounts no blobs: their bytes travel");
    assert!(registry.missing(&closure, &to).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_upload_that_was_opened_instead_of_a_mount_is_used_and_given_up_where_it_is_not_needed() {
    let (source, present) = (Descriptor::of("text/plain", b"content"), Descriptor::of("text/plain", b"present"));
    let there = present.digest.to_string();
    let server = Scripted::start(move |asked: &Asked, _: &str| -> Answer {
        match asked.line.split(' ').next().unwrap() {
            "POST" => (202, vec![("location", "/v2/org/to/blobs/uploads/opened".into())], vec![]),
            "HEAD" if asked.line.ends_with(&there) => (200, vec![], vec![]),
            "HEAD" => (404, vec![], vec![]),
            "GET" => (200, vec![], b"content".to_vec()),
            "DELETE" => (204, vec![], vec![]),
            _ => (201, vec![], vec![]),
        }
    })
    .await;
    let at = |path| Repository::new(&server.host, path).unwrap();
    let (registry, from, to) = (registry(None), at("org/from"), at("org/to"));
    let one = |blob: Descriptor| {
        let manifest = serde_json::json!({
            "schemaVersion": 2, "mediaType": oci::media::IMAGE_MANIFEST, "config": blob, "layers": []
        });
        let manifest = Manifest::parse(manifest.to_string().into_bytes().into(), None).unwrap();
        let part = oci::copy::Part { manifest: manifest.clone(), role: oci::copy::Role::Content };
        let image = from.image(manifest.digest);
        oci::copy::Closure { image, parts: vec![part], refused: vec![] }
    };
    for (blob, wanted) in [(source, ["POST", "HEAD", "GET", "PUT"].as_slice()), (present, &["POST", "HEAD", "DELETE"])]
    {
        let before = server.lines().len();
        let closure = one(blob);
        crate::support::copy(&registry, &closure, &registry, &to).await.unwrap();
        let lines = &server.lines()[before..];
        let verbs: Vec<&str> =
            lines.iter().filter(|line| line.contains("/blobs/")).map(|l| l.split(' ').next().unwrap()).collect();
        // The request that carries the bytes was begun before the one it takes them from.
        let sorted = |mut verbs: Vec<&'static str>| {
            verbs.sort_unstable();
            verbs
        };
        let seen: Vec<&'static str> =
            ["POST", "HEAD", "GET", "PUT", "DELETE"].into_iter().filter(|verb| verbs.contains(verb)).collect();
        assert_eq!((verbs.len(), sorted(seen)), (wanted.len(), sorted(wanted.to_vec())), "{lines:?}");
    }
}

#[tokio::test]
async fn a_refused_manifest_is_explained_by_what_is_unusual_in_it() {
    let server = Scripted::start(|_: &Asked, _: &str| {
        let words = r#"{"errors":[{"code":"UNSUPPORTED","message":"Invalid JSON syntax"}]}"#;
        (405, vec![], words.as_bytes().to_vec())
    })
    .await;
    let text = |kind: &str| {
        let empty = serde_json::json!(Descriptor::of(oci::media::EMPTY, b"{}"));
        serde_json::json!({
            "schemaVersion": 2, "mediaType": oci::media::IMAGE_MANIFEST, "artifactType": kind, "config": empty, "layers": [empty]
        })
    };
    let to = Repository::new(&server.host, "org/app").unwrap();
    for (kind, wanted) in [("application/spdx+json", true), (BUNDLE, false)] {
        let manifest = Manifest::parse(text(kind).to_string().into_bytes().into(), None).unwrap();
        let error = registry(None).push_manifest(&to, &manifest, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert!(error.to_string().contains("Invalid JSON syntax"), "{error}");
        assert_eq!(error.to_string().contains("its artifact type `application/spdx+json`"), wanted, "{error}");
    }
}

#[tokio::test]
async fn an_outage_of_the_fallback_tag_is_no_absence_of_evidence() {
    for (status, wanted) in [(500, ErrorKind::Temporary), (403, ErrorKind::Unauthorized)] {
        let server = Scripted::start(move |asked: &Asked, _: &str| {
            (if asked.line.contains("/manifests/sha256-") { status } else { 404 }, vec![], vec![])
        })
        .await;
        let image = Repository::new(&server.host, "org/app").unwrap().image(subject::Digest::of(b"image"));
        assert_eq!(registry(None).referrers(&image, None).await.unwrap_err().kind(), wanted);
        let error = registry(None).attach(&image, &artifact("one")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "nothing is attached to what is not there");
    }
}

#[tokio::test]
async fn a_registry_that_promised_nothing_is_not_said_to_have_promised() {
    let image = sample_manifest();
    let kept = image.clone();
    let server = Scripted::start(move |asked: &Asked, _: &str| match asked.line.as_str() {
        line if line.contains("/referrers/") => {
            let empty = serde_json::json!({"schemaVersion": 2, "manifests": []}).to_string();
            (200, vec![("content-type", oci::media::IMAGE_INDEX.into())], empty.into_bytes())
        }
        line if line.starts_with("HEAD") => (200, vec![], vec![]),
        line if line.starts_with("PUT") => (201, vec![], vec![]),
        _ => (200, vec![("content-type", kept.media_type.clone())], kept.bytes.to_vec()),
    })
    .await;
    let at = Repository::new(&server.host, "org/app").unwrap().image(image.digest);
    let error = registry(None).attach(&at, &artifact("one")).await.unwrap_err();
    assert!(error.is_temporary() && !error.to_string().contains("promised"), "{error}");
}

fn sample_manifest() -> Manifest {
    let config = Descriptor::of(oci::media::EMPTY, b"{}");
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": oci::media::IMAGE_MANIFEST, "config": config, "layers": []
    });
    Manifest::parse(manifest.to_string().into_bytes().into(), None).unwrap()
}
