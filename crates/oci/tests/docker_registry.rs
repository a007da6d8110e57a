//! Against Debian's `docker-registry`: a registry without the referrers API, written by others.
#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

mod support;

use oci::{
    Artifact, Credentials as _, Descriptor, DockerConfig, ErrorKind, Index, Kind, Login, Manifest, Platform, Registry,
    Static,
    image::{Candidate, Image, Limits, Reader, Want, read},
    layout::{Layout, push_layout},
    media,
};
use std::{collections::BTreeMap, sync::Arc};
use subject::{Digest, ImageRef, Reference, Repository, TagRef};
use support::{DockerRegistry, anonymous, has, hasty, layout_in, sample, skopeo};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

fn tag(repository: &Repository, tag: &str) -> TagRef {
    match format!("{repository}:{tag}").parse().unwrap() {
        Reference::Tag(tag) => tag,
        Reference::Image(_) => unreachable!(),
    }
}

fn artifact(text: &str) -> Artifact {
    Artifact {
        artifact_type: BUNDLE.into(),
        media_type: BUNDLE.into(),
        bytes: text.to_owned().into(),
        annotations: BTreeMap::from([("dev.sigstore.bundle.content".into(), "dsse-envelope".into())]),
    }
}

async fn pushed(registry: &Registry, repository: &Repository, mark: &str) -> ImageRef {
    let folder = tempfile::tempdir().unwrap();
    let layout = layout_in(folder.path(), &sample(mark));
    push_layout(registry, &layout, repository, Some("v1")).await.unwrap()
}

struct All(BTreeMap<String, Vec<u8>>);

impl Reader for All {
    type Gist = Vec<u8>;

    fn wants(&self, _: &Candidate<'_>) -> Want {
        Want::Content
    }

    fn gist(&self, _: &Candidate<'_>, content: Vec<u8>) -> Vec<u8> {
        content
    }
}

impl All {
    fn take(&mut self, image: &Image) {
        let files = read(image, &Limits::default(), &Self(BTreeMap::new())).unwrap();
        self.0.extend(files.present.into_iter().map(|(entry, gist)| (entry.path, files.gists[gist].clone())));
    }
}

#[tokio::test]
async fn an_image_goes_up_and_comes_back_with_the_same_digest_and_files() {
    let Some(server) = DockerRegistry::start("") else { return };
    let (registry, repository) = (anonymous(), server.repository("org/app"));
    let image = pushed(&registry, &repository, "one").await;
    assert_eq!(registry.resolve(&tag(&repository, "v1")).await.unwrap(), image);
    assert!(registry.exists(&image).await.unwrap());
    assert_eq!(pushed(&registry, &repository, "one").await, image, "pushing again is the same image");
    let fetched = Image::fetch(&registry, &image, &Platform::linux("amd64")).await.unwrap();
    assert_eq!(fetched.config.config.entrypoint, ["/app/server"]);
    let mut all = All(BTreeMap::new());
    all.take(&fetched);
    assert_eq!(all.0.keys().collect::<Vec<_>>(), ["app/server", "etc/os-release", "usr/bin/tool"]);
    assert_eq!(all.0["app/server"], b"one");
}

#[tokio::test]
async fn skopeo_reads_what_we_pushed_and_we_read_what_skopeo_pushed() {
    let Some(server) = DockerRegistry::start("").filter(|_| has("skopeo")) else { return };
    let (registry, repository) = (anonymous(), server.repository("org/app"));
    let image = pushed(&registry, &repository, "one").await;

    let seen: serde_json::Value =
        serde_json::from_str(&skopeo(&["inspect", "--tls-verify=false", &format!("docker://{repository}:v1")]))
            .unwrap();
    assert_eq!(seen["Digest"], image.digest.to_string());
    assert_eq!(seen["Labels"]["org.example.mark"], "one");
    assert_eq!(seen["Architecture"], "amd64");

    // skopeo unpacks and checks every layer on its way into another layout; from there it pushes.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy");
    let oci = format!("oci:{}:theirs", path.display());
    skopeo(&["copy", "--src-tls-verify=false", &format!("docker://{image}"), &oci]);
    let layout = Layout::open(&path).unwrap();
    assert_eq!(layout.image(Some("theirs")).unwrap().digest, image.digest);
    let opened = Image::open(&layout, None, &Platform::linux("amd64")).unwrap();
    let mut all = All(BTreeMap::new());
    all.take(&opened);
    assert_eq!(all.0.len(), 3);

    skopeo(&["copy", "--dest-tls-verify=false", &oci, &format!("docker://{}/org/theirs:v2", server.host)]);
    let theirs = registry.resolve(&tag(&server.repository("org/theirs"), "v2")).await.unwrap();
    let manifest = registry.manifest(&theirs).await.unwrap();
    assert_eq!(manifest.digest, image.digest);

    // Docker's own manifest format, as most old images have it.
    let format = ["copy", "--format=v2s2", "--dest-tls-verify=false"];
    skopeo(&[&format[..], &[&oci, &format!("docker://{}/org/docker:v2", server.host)]].concat());
    let docker = registry.resolve(&tag(&server.repository("org/docker"), "v2")).await.unwrap();
    assert_eq!(registry.manifest(&docker).await.unwrap().media_type, media::DOCKER_MANIFEST);
    let fetched = Image::fetch(&registry, &docker, &Platform::linux("amd64")).await.unwrap();
    let mut docker = All(BTreeMap::new());
    docker.take(&fetched);
    assert_eq!(docker.0, all.0);
}

#[tokio::test]
async fn zstandard_layers_made_by_skopeo_are_read() {
    let Some(server) = DockerRegistry::start("").filter(|_| has("skopeo")) else { return };
    let (registry, repository) = (anonymous(), server.repository("org/zstd"));
    let folder = tempfile::tempdir().unwrap();
    layout_in(folder.path(), &sample(&"some compressible text ".repeat(20_000)));
    let from = format!("oci:{}:v1", folder.path().display());
    let flags = ["copy", "--dest-compress-format=zstd", "--dest-decompress=false", "--dest-tls-verify=false"];
    // The folder form keeps what it is told to compress with; the registry then gets those layers.
    let plain = folder.path().join("plain");
    skopeo(&["copy", "--dest-decompress", &from, &format!("dir:{}", plain.display())]);
    skopeo(
        &[&flags[..2], &flags[3..], &[&format!("dir:{}", plain.display()), &format!("docker://{repository}:z")]]
            .concat(),
    );
    let image = registry.resolve(&tag(&repository, "z")).await.unwrap();
    let fetched = Image::fetch(&registry, &image, &Platform::linux("amd64")).await.unwrap();
    assert!(fetched.layers.iter().all(|layer| layer.descriptor.media_type.ends_with("zstd")), "{:?}", fetched.layers);
    let mut all = All(BTreeMap::new());
    all.take(&fetched);
    assert_eq!(all.0["app/server"].len(), 23 * 20_000);
}

#[tokio::test]
async fn an_artifact_is_attached_by_the_fallback_tag_once_and_beside_others() {
    let Some(server) = DockerRegistry::start("") else { return };
    let (registry, repository) = (anonymous(), server.repository("org/app"));
    let image = pushed(&registry, &repository, "one").await;
    assert!(registry.referrers(&image, None).await.unwrap().found.is_empty());

    let first = registry.attach(&image, &artifact("first")).await.unwrap();
    let second = registry.attach(&image, &artifact("second")).await.unwrap();
    assert_eq!(registry.attach(&image, &artifact("first")).await.unwrap(), first, "the same again is no second one");
    let referrers = registry.referrers(&image, Some(BUNDLE)).await.unwrap();
    assert_eq!(referrers.found.iter().map(|found| found.digest()).collect::<Vec<_>>(), [first, second]);
    assert!(referrers.refused.is_empty());
    assert!(registry.referrers(&image, Some("application/other")).await.unwrap().found.is_empty());
    let blob = &referrers.found[1].layers()[0];
    assert_eq!(registry.blob_bytes(&repository, blob, 100).await.unwrap(), "second");

    // The index is what other clients read: types and notes copied (distribution-spec "Referrers Tag Schema").
    let index = registry.resolve(&tag(&repository, &format!("sha256-{}", image.digest.hex()))).await.unwrap();
    let Kind::Index(index) = registry.manifest(&index).await.unwrap().kind else { panic!("no index") };
    assert_eq!(index.manifests.len(), 2);
    assert_eq!(index.manifests[0].artifact_type.as_deref(), Some(BUNDLE));
    assert_eq!(index.manifests[0].annotations["dev.sigstore.bundle.content"], "dsse-envelope");
}

#[tokio::test]
async fn artifacts_attached_at_the_same_time_are_all_kept() {
    let Some(server) = DockerRegistry::start("") else { return };
    let (registry, repository) = (anonymous(), server.repository("org/app"));
    let image = pushed(&registry, &repository, "one").await;
    let attach = |number: u8| {
        let (registry, image) = (registry.clone(), image.clone());
        tokio::spawn(async move { registry.attach(&image, &artifact(&format!("number {number}"))).await.unwrap() })
    };
    for task in (0..6).map(attach).collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(registry.referrers(&image, None).await.unwrap().found.len(), 6);
}

#[tokio::test]
async fn a_listed_referrer_that_is_none_is_reported_and_does_not_count() {
    let Some(server) = DockerRegistry::start("") else { return };
    let (registry, repository) = (anonymous(), server.repository("org/app"));
    let image = pushed(&registry, &repository, "one").await;
    let other = pushed(&registry, &repository, "two").await;
    let honest = registry.attach(&image, &artifact("honest")).await.unwrap();
    let foreign = registry.attach(&other, &artifact("about another image")).await.unwrap();
    let entry =
        |digest| Descriptor { artifact_type: Some(BUNDLE.into()), ..Descriptor::new(media::IMAGE_MANIFEST, digest, 1) };
    let index = Index {
        schema_version: 2,
        media_type: Some(media::IMAGE_INDEX.into()),
        artifact_type: None,
        manifests: [image.digest, foreign, honest, foreign].map(entry).to_vec(),
        subject: None,
        annotations: BTreeMap::new(),
    };
    let index = Manifest::parse(serde_json::to_vec(&index).unwrap().into(), None).unwrap();
    let fallback = format!("sha256-{}", image.digest.hex());
    registry.push_manifest(&repository, &index, Some(&fallback)).await.unwrap();
    let referrers = registry.referrers(&image, None).await.unwrap();
    assert_eq!(referrers.found.iter().map(|found| found.digest()).collect::<Vec<_>>(), [honest]);
    let refused: BTreeMap<_, _> =
        referrers.refused.iter().map(|refused| (refused.digest, refused.why.as_str())).collect();
    assert_eq!(refused[&image.digest], "it refers to nothing");
    assert_eq!(refused[&foreign], format!("it refers to {}", other.digest));
}

#[tokio::test]
async fn an_image_under_the_fallback_tag_is_left_alone() {
    let Some(server) = DockerRegistry::start("") else { return };
    let (registry, repository) = (anonymous(), server.repository("org/app"));
    let image = pushed(&registry, &repository, "one").await;
    let manifest = registry.manifest(&image).await.unwrap();
    let fallback = format!("sha256-{}", image.digest.hex());
    registry.push_manifest(&repository, &manifest, Some(&fallback)).await.unwrap();
    let error = registry.attach(&image, &artifact("bundle")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("not an index of referrers"), "{error}");
    assert_eq!(registry.resolve(&tag(&repository, &fallback)).await.unwrap(), image, "the tag was not overwritten");
}

#[tokio::test]
async fn what_is_not_there_is_told_from_what_cannot_be_reached() {
    let Some(server) = DockerRegistry::start("") else { return };
    let (registry, repository) = (anonymous(), server.repository("org/app"));
    let nowhere = repository.image(Digest::of(b"nowhere"));
    let error = registry.manifest(&nowhere).await.unwrap_err();
    assert!(error.is_not_found());
    assert!(error.to_string().contains("MANIFEST_UNKNOWN"), "{error}");
    assert!(!registry.exists(&nowhere).await.unwrap());
    assert!(registry.resolve(&tag(&repository, "v9")).await.unwrap_err().is_not_found());
    assert!(registry.attach(&nowhere, &artifact("bundle")).await.unwrap_err().is_not_found());
    let host = server.host.clone();
    drop(server);
    let gone = Repository::new(&host, "org/app").unwrap().image(Digest::of(b"nowhere"));
    let error = registry.exists(&gone).await.unwrap_err();
    assert!(error.is_temporary(), "{error}");
}

#[tokio::test]
async fn content_changed_in_the_registrys_storage_is_never_given_out() {
    let Some(server) = DockerRegistry::start("") else { return };
    let (registry, repository) = (anonymous(), server.repository("org/app"));
    let image = pushed(&registry, &repository, "one").await;
    let Kind::Image(parts) = registry.manifest(&image).await.unwrap().kind else { panic!("no image") };
    let layer = &parts.layers[1];
    let file = server.blob_file(&layer.digest);
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let error = registry.blob_bytes(&repository, layer, 1 << 20).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    let error = Image::fetch(&registry, &image, &Platform::linux("amd64")).await.unwrap_err();
    assert!(error.to_string().contains("that was asked for"), "{error}");
    // The manifest itself, changed without breaking its JSON.
    let file = server.blob_file(&image.digest);
    let text = std::fs::read_to_string(&file).unwrap().replace("schemaVersion\":2", "schemaVersion\":2 ");
    std::fs::write(&file, text).unwrap();
    assert!(registry.manifest(&image).await.is_err());
}

#[tokio::test]
async fn a_blob_is_mounted_from_a_sister_repository() {
    let Some(server) = DockerRegistry::start("") else { return };
    let registry = anonymous();
    let (one, two) = (server.repository("org/one"), server.repository("org/two"));
    let blob = registry.push_blob(&one, "application/octet-stream", "content".into()).await.unwrap();
    assert!(!registry.has_blob(&two, &blob).await.unwrap());
    assert!(registry.mount_blob(&two, &blob, &one).await.unwrap());
    assert!(registry.has_blob(&two, &blob).await.unwrap());
    let missing = Descriptor::of("application/octet-stream", b"missing");
    assert!(!registry.mount_blob(&two, &missing, &one).await.unwrap());
}

#[tokio::test]
async fn an_index_of_two_platforms_is_pushed_whole_and_fetched_by_platform() {
    let Some(server) = DockerRegistry::start("") else { return };
    let (registry, repository) = (anonymous(), server.repository("org/multi"));
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    let mut manifests = Vec::new();
    for architecture in ["amd64", "arm64"] {
        let contents = oci::image::Contents::new().file("arch", 0o644, architecture);
        let image = oci::image::Builder::new(Platform::linux(architecture)).layer("arch", contents);
        let image = image.build(&layout, Some(architecture)).unwrap();
        manifests.push(Descriptor { platform: Some(Platform::linux(architecture)), ..image });
    }
    let index = Index {
        schema_version: 2,
        media_type: Some(media::IMAGE_INDEX.into()),
        artifact_type: None,
        manifests,
        subject: None,
        annotations: BTreeMap::new(),
    };
    let index = layout.write_blob(media::IMAGE_INDEX, &serde_json::to_vec(&index).unwrap()).unwrap();
    layout.add(index.clone(), Some("all")).unwrap();
    assert!(layout.image(None).unwrap_err().to_string().contains("3 images"));
    let image = push_layout(&registry, &layout, &repository, Some("all")).await.unwrap();
    assert_eq!(image.digest, index.digest);
    for architecture in ["amd64", "arm64"] {
        let fetched = Image::fetch(&registry, &image, &Platform::linux(architecture)).await.unwrap();
        let mut all = All(BTreeMap::new());
        all.take(&fetched);
        assert_eq!(all.0["arch"], architecture.as_bytes());
    }
    let error = Image::fetch(&registry, &image, &Platform::linux("s390x")).await.unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("linux/s390x"), "{error}");
}

/// `user` with the password `open sesame`, bcrypt.
const HTPASSWD: &str = "user:$2b$05$ZlPjJCCKRkeVmnlvYsN6Z.AHrYZlfEm0srV6M6KcLOC9j2RoyoJIO\n";

#[tokio::test]
async fn a_registry_that_wants_a_login_gets_it_and_nobody_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let passwords = folder.path().join("htpasswd");
    std::fs::write(&passwords, HTPASSWD).unwrap();
    let auth = format!("auth:\n  htpasswd: {{realm: here, path: {}}}", passwords.display());
    let Some(server) = DockerRegistry::start(&auth) else { return };
    let repository = server.repository("org/app");

    let error = anonymous().exists(&repository.image(Digest::of(b""))).await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    let wrong = Static::new(&server.host, Login::new("user", "wrong password".into()));
    let wrong = hasty(Registry::new(Arc::new(wrong)).unwrap());
    let error = wrong.exists(&repository.image(Digest::of(b""))).await.unwrap_err();
    assert!(error.is_unauthorized() && !error.to_string().contains("wrong password"), "{error}");
    let elsewhere = Static::new("registry.example", Login::new("user", "open sesame".into()));
    let elsewhere = hasty(Registry::new(Arc::new(elsewhere)).unwrap());
    assert!(elsewhere.exists(&repository.image(Digest::of(b""))).await.unwrap_err().is_unauthorized());

    let login = Static::new(&server.host, Login::new("user", "open sesame".into()));
    let registry = hasty(Registry::new(Arc::new(login)).unwrap());
    let image = pushed(&registry, &repository, "one").await;

    // The same by Docker's configuration, plain and through a credential helper.
    let config = |text: String| {
        std::fs::write(folder.path().join("config.json"), text).unwrap();
        hasty(Registry::new(Arc::new(DockerConfig::new(folder.path()))).unwrap())
    };
    let registry = config(format!(r#"{{"auths":{{"{}":{{"auth":"dXNlcjpvcGVuIHNlc2FtZQ=="}}}}}}"#, server.host));
    assert!(registry.exists(&image).await.unwrap());
    let registry = config(format!(r#"{{"credHelpers":{{"{}":"no-such-helper-here"}}}}"#, server.host));
    let error = registry.exists(&image).await.unwrap_err();
    assert!(error.is_unauthorized() && error.to_string().contains("docker-credential-no-such-helper-here"), "{error}");
    let registry = config("{}".to_owned());
    assert!(registry.exists(&image).await.unwrap_err().is_unauthorized());
    let registry = config(r#"{"auths": secret}"#.to_owned());
    let error = registry.exists(&image).await.unwrap_err();
    assert!(error.to_string().contains("malformed at line 1") && !error.to_string().contains("secret"), "{error}");
    assert!(DockerConfig::new(folder.path().join("none")).login("h").await.unwrap().is_none());
}
