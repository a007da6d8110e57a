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
async fn a_registry_that_keeps_all_blobs_in_one_place_is_only_looked_at() {
    let Some(server) = ReferrersRegistry::start() else { return };
    let (registry, from, to) = (anonymous(), server.repository("org/staging"), server.repository("org/production"));
    let image = pushed(&registry, &layered("1"), &from).await;
    registry.attach(&image, &artifact("about one")).await.unwrap();
    let closure = registry.closure(&image).await.unwrap();
    let before = server.asked().len();
    let copied = crate::support::copy(&registry, &closure, &registry, &to).await.unwrap();
    assert_eq!((copied.mounted, copied.sent, copied.written), (0, 0, 2));
    let asked = server.asked();
    assert!(asked[before..].iter().all(|line| !line.starts_with("POST")), "{asked:#?}");
    assert_eq!(registry.capabilities(&to).to_string(), "lists referrers by its API");
    assert!(registry.missing(&closure, &to).await.unwrap().is_empty());
}

/// A server that opens uploads instead of mounting, and has this blob and no other where it is asked to put them.
async fn mounts_nothing(present: &Descriptor) -> Scripted {
    let there = present.digest.to_string();
    Scripted::start(move |asked: &Asked, _: &str| -> Answer {
        match asked.line.split(' ').next().unwrap() {
            "POST" => (202, vec![("location", "/v2/org/to/blobs/uploads/opened".into())], vec![]),
            "HEAD" if asked.line.ends_with(&there) => (200, vec![], vec![]),
            "GET" if asked.line.contains("/v2/org/from/blobs/") => {
                let text = (0..20).map(|number| number.to_string()).find(|it| asked.line.ends_with(&digest(it)));
                (200, vec![], text.unwrap().into_bytes())
            }
            "DELETE" => (204, vec![], vec![]),
            "PUT" => (201, vec![], vec![]),
            _ => (404, vec![], vec![]),
        }
    })
    .await
}

fn digest(content: &str) -> String {
    subject::Digest::of(content.as_bytes()).to_string()
}

/// Copies an image of these blobs; what was asked about them.
async fn copied(server: &Scripted, contents: &[&str]) -> Vec<String> {
    let at = |path| Repository::new(&server.host, path).unwrap();
    let blobs: Vec<Descriptor> = contents.iter().map(|text| Descriptor::of("text/plain", text.as_bytes())).collect();
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": oci::media::IMAGE_MANIFEST, "config": blobs[0], "layers": blobs[1..]
    });
    let manifest = Manifest::parse(manifest.to_string().into_bytes().into(), None).unwrap();
    let part = oci::copy::Part { manifest: manifest.clone(), role: oci::copy::Role::Content };
    let closure =
        oci::copy::Closure { image: at("org/from").image(manifest.digest), parts: vec![part], refused: vec![] };
    let (registry, before) = (registry(None), server.lines().len());
    crate::support::copy(&registry, &closure, &registry, &at("org/to")).await.unwrap();
    let lines = server.lines().split_off(before);
    lines.into_iter().filter(|line| line.contains("/blobs/")).collect()
}

#[tokio::test]
async fn a_registry_that_mounts_nothing_is_not_asked_for_every_blob() {
    let server = mounts_nothing(&Descriptor::of("text/plain", b"nothing")).await;
    let contents: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    let contents: Vec<&str> = contents.iter().map(String::as_str).collect();
    let asked = copied(&server, &contents).await;
    let mounts = asked.iter().filter(|line| line.contains("mount=")).count();
    assert!((3..=8).contains(&mounts), "{mounts} attempts to mount");
    assert_eq!(asked.iter().filter(|line| line.starts_with("PUT")).count(), 20, "every blob has travelled");
}

#[tokio::test]
async fn an_upload_that_was_opened_instead_of_a_mount_is_used_and_given_up_where_it_is_not_needed() {
    let present = |text: &str| Descriptor::of("text/plain", text.as_bytes());
    // By digest, "3" comes before "11".
    assert!(digest("3") < digest("11"));
    for (contents, there, wanted) in [
        (&["3"][..], "none", "GET HEAD POST PUT"),
        (&["3"], "3", "HEAD"),
        (&["11", "3"], "11", "DELETE GET HEAD HEAD POST POST PUT"),
        (&["11", "3"], "3", "GET HEAD HEAD POST PUT"),
    ] {
        let server = mounts_nothing(&present(there)).await;
        let asked = copied(&server, contents).await;
        // The request that carries the bytes is begun before the one it takes them from.
        let mut verbs: Vec<&str> = asked.iter().map(|line| line.split(' ').next().unwrap()).collect();
        verbs.sort_unstable();
        assert_eq!(verbs.join(" "), wanted, "{asked:#?}");
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
