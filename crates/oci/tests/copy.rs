//! Copies between repositories of Debian's `docker-registry`: within one registry, across two, interrupted, raced.
#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

mod support;

use oci::{
    Artifact, Descriptor, Index, Manifest, Platform, Registry,
    copy::{Closure, Movable, Role, Tagged},
    layout::{Layout, push_layout},
    media,
};
use std::{collections::BTreeMap, time::Duration};
use subject::{Digest, ImageRef, Repository, TagRef};
use support::{AnyRegistry, DockerRegistry, KINDS, Kind, anonymous};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

fn artifact(content: &str) -> Artifact {
    Artifact {
        artifact_type: BUNDLE.into(),
        media_type: BUNDLE.into(),
        bytes: content.to_owned().into(),
        annotations: BTreeMap::from([("dev.sigstore.bundle.predicateType".into(), content.to_owned())]),
    }
}

/// An index of two platforms with evidence on the index, on one child, and on a piece of evidence.
async fn release(registry: &Registry, repository: &Repository, mark: &str) -> (ImageRef, Vec<Digest>) {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    let mut manifests = Vec::new();
    for architecture in ["amd64", "arm64"] {
        let contents = oci::image::Contents::new().file("app", 0o755, format!("{mark} {architecture}"));
        let image = oci::image::Builder::new(Platform::linux(architecture)).layer("app", contents);
        let image = image.build(&layout, Some(architecture)).unwrap();
        manifests.push(Descriptor { platform: Some(Platform::linux(architecture)), ..image });
    }
    let child = repository.image(manifests[0].digest);
    let media_type = Some(media::IMAGE_INDEX.into());
    let (artifact_type, subject, annotations) = (None, None, BTreeMap::new());
    let index = Index { schema_version: 2, media_type, artifact_type, manifests, subject, annotations };
    let index = layout.write_blob(media::IMAGE_INDEX, &serde_json::to_vec(&index).unwrap()).unwrap();
    layout.add(index, Some("all")).unwrap();
    let image = push_layout(registry, &layout, repository, Some("all")).await.unwrap();
    let of_index = registry.attach(&image, &artifact(&format!("sbom of {mark}"))).await.unwrap();
    let of_child = registry.attach(&child, &artifact(&format!("sbom of a child of {mark}"))).await.unwrap();
    let of_it = registry.attach(&repository.image(of_index), &artifact("a witness")).await.unwrap();
    (image, vec![of_index, of_child, of_it])
}

fn tag(repository: &Repository, name: &str) -> TagRef {
    TagRef { repository: repository.clone(), tag: name.to_owned() }
}

async fn root(registry: &Registry, repository: &Repository, digest: Digest) -> Manifest {
    registry.manifest(&repository.image(digest)).await.unwrap()
}

#[tokio::test]
async fn a_copy_within_a_registry_carries_everything_and_no_bytes() {
    for kind in KINDS {
        let Some(server) = AnyRegistry::start(kind) else { continue };
        let (registry, from, to) = (anonymous(), server.repository("org/staging"), server.repository("org/production"));
        let (image, evidence) = release(&registry, &from, "one").await;
        let closure = registry.closure(&image).await.unwrap();
        assert_eq!((closure.parts.len(), closure.refused.len()), (6, 0));
        assert_eq!(registry.missing(&closure, &to).await.unwrap().len(), 6);
        let copied = support::copy(&registry, &closure, &registry, &to).await.unwrap();
        assert_eq!((copied.written, copied.present, copied.sent, copied.bytes), (6, 0, 0, 0));
        // go-containerregistry's has the blobs of all repositories in one place.
        assert_eq!(copied.mounted >= 6, kind == Kind::FallbackTag, "{copied:?}");
        arrived(&closure, &to, &evidence).await;
        let again = support::copy(&registry, &closure, &registry, &to).await.unwrap();
        assert_eq!((again.written, again.present, again.mounted, again.sent), (0, 6, 0, 0));
        // Another client finds the same digest under the name.
        let manifest = root(&registry, &to, image.digest).await;
        assert_eq!(registry.tag(&manifest, &tag(&to, "v1.0.0"), Movable::No).await.unwrap(), Tagged::Written);
        if support::has("skopeo") {
            let reference = format!("docker://{to}:v1.0.0");
            let seen = support::skopeo(&["inspect", "--raw", "--tls-verify=false", &reference]);
            assert_eq!(Digest::of(seen.as_bytes()), image.digest);
        }
    }
}

/// A stranger finds all of the closure there, bit for bit, and each piece of evidence as what it refers to.
async fn arrived(closure: &Closure, to: &Repository, evidence: &[Digest]) {
    let stranger = anonymous();
    assert!(stranger.missing(closure, to).await.unwrap().is_empty());
    let there = stranger.closure(&to.image(closure.image.digest)).await.unwrap();
    let parts = |closure: &Closure| -> BTreeMap<Digest, Role> {
        closure.parts.iter().map(|part| (part.manifest.digest, part.role)).collect()
    };
    assert_eq!(parts(&there), parts(closure));
    assert!(evidence.iter().all(|digest| parts(&there).contains_key(digest)));
}

#[tokio::test]
async fn evidence_that_came_later_is_carried_by_the_next_copy() {
    let Some(server) = DockerRegistry::start("") else { return };
    let (registry, from, to) = (anonymous(), server.repository("org/staging"), server.repository("org/production"));
    let (image, _) = release(&registry, &from, "one").await;
    support::copy(&registry, &registry.closure(&image).await.unwrap(), &registry, &to).await.unwrap();
    let later = registry.attach(&image, &artifact("a late word")).await.unwrap();
    let closure = registry.closure(&image).await.unwrap();
    assert_eq!(registry.missing(&closure, &to).await.unwrap(), [later].into());
    assert_eq!(support::copy(&registry, &closure, &registry, &to).await.unwrap().written, 1);
    assert!(registry.exists(&to.image(later)).await.unwrap());
    assert!(registry.missing(&closure, &to).await.unwrap().is_empty());
}

/// From and to either kind: what one lists by its API another has under fallback tags, and the other way round.
#[tokio::test]
async fn a_copy_across_registries_streams_each_blob_once() {
    for (first, second) in KINDS.into_iter().flat_map(|first| KINDS.map(|second| (first, second))) {
        let (Some(one), Some(two)) = (AnyRegistry::start(first), AnyRegistry::start(second)) else { continue };
        let (registry, from, to) = (anonymous(), one.repository("org/app"), two.repository("other/app"));
        let (image, evidence) = release(&registry, &from, "one").await;
        let closure = registry.closure(&image).await.unwrap();
        let copied = support::copy(&registry, &closure, &anonymous(), &to).await.unwrap();
        assert_eq!((copied.written, copied.mounted, copied.bytes), (6, 0, closure.bytes()), "{first:?} to {second:?}");
        arrived(&closure, &to, &evidence).await;
    }
}

#[tokio::test]
async fn content_that_is_not_what_the_source_promised_does_not_arrive() {
    let (Some(one), Some(two)) = (DockerRegistry::start(""), DockerRegistry::start("")) else { return };
    let (registry, from, to) = (anonymous(), one.repository("org/app"), two.repository("other/app"));
    let (image, _) = release(&registry, &from, "one").await;
    let closure = registry.closure(&image).await.unwrap();
    let blob = closure.parts.iter().flat_map(|part| part.manifest.blobs()).max_by_key(|blob| blob.size).unwrap();
    let file = one.blob_file(&blob.digest);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[10] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let error = support::copy(&registry, &closure, &registry, &to).await.unwrap_err();
    assert!(error.to_string().contains(&blob.digest.to_string()), "{error}");
    assert!(!registry.exists(&to.image(image.digest)).await.unwrap());
}

/// A list of evidence is only a list: what it names and the repository does not have is missing, and is brought.
#[tokio::test]
async fn evidence_that_is_listed_and_not_stored_is_missing() {
    let Some(server) = DockerRegistry::start("") else { return };
    let (registry, from, to) = (anonymous(), server.repository("org/staging"), server.repository("org/production"));
    let (image, evidence) = release(&registry, &from, "one").await;
    let closure = registry.closure(&image).await.unwrap();
    support::copy(&registry, &closure, &registry, &to).await.unwrap();
    let storage =
        server.storage.path().join("data/docker/registry/v2/repositories/org/production/_manifests/revisions/sha256");
    std::fs::remove_dir_all(storage.join(evidence[0].hex())).unwrap();
    assert!(!registry.exists(&to.image(evidence[0])).await.unwrap());
    assert!(registry.missing(&closure, &to).await.unwrap().contains(&evidence[0]));
    support::copy(&registry, &closure, &registry, &to).await.unwrap();
    assert!(registry.missing(&closure, &to).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_copy_that_was_stopped_anywhere_is_finished_by_the_next() {
    for kind in KINDS {
        let Some(server) = AnyRegistry::start(kind) else { continue };
        let (registry, from) = (anonymous(), server.repository("org/staging"));
        let (image, evidence) = release(&registry, &from, "one").await;
        let closure = registry.closure(&image).await.unwrap();
        for stop in 0..25_u64 {
            let to = server.repository(&format!("org/production-{stop}"));
            let copying = support::copy(&registry, &closure, &registry, &to);
            // From before the first request to after the last: a whole copy takes some 40 ms here.
            let _ = tokio::time::timeout(Duration::from_micros(stop * stop * 120), copying).await;
            let whole = registry.exists(&to.image(image.digest)).await.unwrap();
            let children = closure.parts.iter().filter(|part| part.role == Role::Content);
            for child in children.filter(|_| whole) {
                assert!(registry.exists(&to.image(child.manifest.digest)).await.unwrap(), "half an image after {stop}");
            }
            support::copy(&registry, &closure, &registry, &to).await.unwrap();
            arrived(&closure, &to, &evidence).await;
        }
    }
}

#[tokio::test]
async fn a_tag_is_given_once_and_moves_only_when_told() {
    let Some(server) = DockerRegistry::start("") else { return };
    let (registry, repository) = (anonymous(), server.repository("org/app"));
    let (one, _) = release(&registry, &repository, "one").await;
    let (two, _) = release(&registry, &repository, "two").await;
    let name = tag(&repository, "v1.0.0");
    let (first, second) =
        (root(&registry, &repository, one.digest).await, root(&registry, &repository, two.digest).await);
    assert_eq!(registry.tag(&first, &name, Movable::No).await.unwrap(), Tagged::Written);
    assert_eq!(registry.tag(&first, &name, Movable::No).await.unwrap(), Tagged::Already);
    assert_eq!(registry.tag(&second, &name, Movable::No).await.unwrap(), Tagged::Taken { by: one.digest });
    assert_eq!(registry.resolve(&name).await.unwrap().digest, one.digest);
    assert_eq!(registry.tag(&second, &name, Movable::Yes).await.unwrap(), Tagged::Written);
}

#[tokio::test]
async fn two_copies_to_one_tag_leave_one_whole_image_under_it() {
    for kind in KINDS {
        let Some(server) = AnyRegistry::start(kind) else { continue };
        raced(&server).await;
    }
}

async fn raced(server: &AnyRegistry) {
    let registry = anonymous();
    let (from, to) = (server.repository("org/staging"), server.repository("org/production"));
    let (one, _) = release(&registry, &from, "one").await;
    let (two, _) = release(&registry, &from, "two").await;
    for round in 0..10 {
        let name = tag(&to, &format!("v{round}"));
        let promote = |image: ImageRef| {
            let (registry, to, name) = (anonymous(), to.clone(), name.clone());
            tokio::spawn(async move {
                let closure = registry.closure(&image).await.unwrap();
                support::copy(&registry, &closure, &registry, &to).await.unwrap();
                let tagged = registry.tag(closure.root().unwrap(), &name, Movable::No).await.unwrap();
                (image.digest, tagged)
            })
        };
        let (first, second) = (promote(one.clone()), promote(two.clone()));
        let outcomes = [first.await.unwrap(), second.await.unwrap()];
        let named = registry.resolve(&name).await.unwrap();
        let closure = registry.closure(&from.image(named.digest)).await.unwrap();
        assert!(registry.missing(&closure, &to).await.unwrap().is_empty());
        // Whoever believes to have given the name last sees what everybody sees, or has said who took it.
        for (digest, tagged) in outcomes {
            match tagged {
                Tagged::Taken { by } | Tagged::Overtaken { by } => assert_ne!(by, digest),
                Tagged::Written | Tagged::Already => {}
            }
        }
    }
}
