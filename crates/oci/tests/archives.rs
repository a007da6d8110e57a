//! Images in archive files and in an engine: what `docker save` writes, old and new, and OCI layouts as archives.
#![expect(clippy::unwrap_used, reason = "a test stops where it stands")]

#[path = "support/archive.rs"]
#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test program uses its own part of this, and stops where it stands"
)]
mod archives;
mod support;

use archives::{archive, file, gzip, member, read};
use oci::{
    Daemon, ErrorKind, Platform,
    image::{Archive, Builder, Contents, Image, Limits},
    layout::Layout,
};
use proptest::prelude::*;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read as _, Write as _},
    os::unix::net::UnixListener,
    path::Path,
};
use subject::Digest;
use support::{has, sample, skopeo};

fn amd64() -> Platform {
    Platform::linux("amd64")
}

fn opened(bytes: &[u8]) -> Result<Archive, oci::Error> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    Archive::of(file, "the test's archive")
}

fn files(image: &Image) -> BTreeMap<String, Vec<u8>> {
    read(image, &Limits::default()).unwrap()
}

/// A folder as an archive, by the real tar.
fn tar(folder: &Path, more: &[&str]) -> Vec<u8> {
    let out = std::process::Command::new("tar").args(more).arg("-C").arg(folder).args(["-cf", "-", "."]).output();
    out.unwrap().stdout
}

fn two_layers() -> [Vec<u8>; 2] {
    [
        archive([file("etc/base", "base"), file("etc/gone", "gone")]),
        archive([file("app", "app"), file("etc/.wh.gone", "")]),
    ]
}

fn config(layers: &[Vec<u8>]) -> String {
    let diff_ids: Vec<_> = layers.iter().map(|layer| Digest::of(layer).to_string()).collect();
    serde_json::json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}})
        .to_string()
}

/// What Docker before version 25 writes; `change` damages it before it is packed.
fn old_form(change: impl Fn(&mut Vec<(String, Vec<u8>)>)) -> Vec<u8> {
    let layers = two_layers();
    let config = config(&layers);
    let name = format!("{}.json", Digest::of(config.as_bytes()).hex());
    let manifest =
        serde_json::json!([{"Config": name, "RepoTags": ["app:v1"], "Layers": ["one/layer.tar", "two/layer.tar"]}]);
    let mut members = vec![
        (name, config.into_bytes()),
        ("one/layer.tar".to_owned(), layers[0].clone()),
        ("two/layer.tar".to_owned(), layers[1].clone()),
        ("manifest.json".to_owned(), manifest.to_string().into_bytes()),
    ];
    change(&mut members);
    archive(members.into_iter().map(|(name, content)| member(&name, b'0', "", &content)))
}

#[test]
fn the_older_form_of_docker_save_is_read_in_place() {
    let image = opened(&old_form(|_| {})).unwrap().image(Some("app:v1"), &amd64()).unwrap();
    assert!(image.manifest.is_none());
    assert_eq!(image.digest, Digest::of(config(&two_layers()).as_bytes()), "Docker's own image ID");
    assert_eq!(files(&image).into_keys().collect::<Vec<_>>(), ["app", "etc/base"]);

    // Older still: equal layers are written once and linked; and some builders compress them.
    let [one, two] = two_layers();
    let linked = [one.clone(), two.clone(), one.clone()];
    let config = config(&linked);
    let manifest = r#"[{"Config":"config.json","RepoTags":null,"Layers":["a/layer.tar","b/layer.tar","c/layer.tar"]}]"#;
    let bytes = archive([
        file("manifest.json", manifest),
        file("config.json", &config),
        member("a/layer.tar", b'0', "", &one),
        member("b/layer.tar", b'0', "", &gzip(&two)),
        member("c/layer.tar", b'2', "../a/layer.tar", b""),
    ]);
    let image = opened(&gzip(&bytes)).unwrap().image(None, &amd64()).unwrap();
    assert_eq!(files(&image).into_keys().collect::<Vec<_>>(), ["app", "etc/base", "etc/gone"]);
}

#[test]
fn a_damaged_archive_is_refused_and_says_what_is_wrong_with_it() {
    type Change = fn(&mut Vec<(String, Vec<u8>)>);
    let changes: [(Change, &str); 6] = [
        (|members| drop(members.remove(2)), "layer 1 (`two/layer.tar`) is missing"),
        (|members| drop(members.remove(0)), "is missing"),
        (|members| members[0].1.push(b' '), "not the sha256:"),
        (|members| members[1].1[0] ^= 1, "layer 0"),
        (|members| members[3].1.truncate(9), "is malformed"),
        (|members| members[1].1 = archive([file("other", "x")]), "the configuration names"),
    ];
    for (change, wanted) in changes {
        let opened = opened(&old_form(change)).unwrap().image(None, &amd64());
        let error = match opened {
            Ok(image) => read(&image, &Limits::default()).unwrap_err(),
            Err(error) => error.to_string(),
        };
        assert!(error.contains(wanted), "wanted `{wanted}`: {error}");
    }
    let whole = old_form(|_| {});
    let refused = |bytes: &[u8]| opened(bytes).unwrap_err().to_string();
    assert!(refused(&whole[..whole.len() - 3000]).contains("cut off"));
    assert!(refused(&gzip(&whole)[..200]).contains("cut off"));
    assert!(refused(b"# a lockfile").contains("cut off"));
    assert!(refused(&archive([file("a", "b")])).contains("neither `oci-layout` nor `manifest.json`"));
    assert!(refused(&archive([file("../manifest.json", "[]")])).contains("leads upwards"));
    let error = opened(&whole).unwrap().image(Some("app:v2"), &amd64()).unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("app:v1"), "{error}");
    // A circle of links is a layer that is not there.
    let circle = archive([
        file("manifest.json", r#"[{"Config":"config.json","Layers":["a"]}]"#),
        file("config.json", &config(&two_layers()[..1])),
        member("a", b'2', "b", b""),
        member("b", b'2', "a", b""),
    ]);
    assert!(opened(&circle).unwrap().image(None, &amd64()).unwrap_err().is_not_found());
}

#[test]
fn a_layout_in_an_archive_is_the_same_image_as_the_layout() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    sample("one").build(&layout, Some("v1")).unwrap();
    let wanted = Image::open(&layout, None, &amd64()).unwrap();
    for more in [&[][..], &["--gzip"], &["--zstd"], &["--format=pax"]] {
        let archive = opened(&tar(folder.path(), more)).unwrap();
        let image = archive.image(Some("v1"), &amd64()).unwrap();
        assert_eq!(image.digest, wanted.digest, "{more:?}");
        assert_eq!(files(&image), files(&wanted), "{more:?}");
    }
}

#[test]
fn every_platform_of_an_index_is_found_and_attestations_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    let build = |architecture: &str| {
        let contents = Contents::new().file("which", 0o644, architecture.to_owned());
        Builder::new(Platform::linux(architecture)).layer("x", contents).build(&layout, None).unwrap()
    };
    let entry = |architecture: &str, os: &str, extra: serde_json::Value| {
        let image = build(architecture);
        let mut entry = serde_json::json!({"mediaType": image.media_type, "digest": image.digest.to_string(), "size": image.size,
            "platform": {"architecture": if os == "linux" { architecture } else { "unknown" }, "os": os}});
        entry.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap_or_default());
        entry
    };
    let attestation = serde_json::json!({"annotations": {"vnd.docker.reference.type": "attestation-manifest"}});
    let index = serde_json::json!({"schemaVersion": 2, "mediaType": oci::media::IMAGE_INDEX, "manifests": [
        entry("amd64", "linux", serde_json::json!({})), entry("arm64", "linux", serde_json::json!({})),
        entry("none", "unknown", serde_json::json!({})), entry("more", "linux", attestation)]});
    let index = layout.write_blob(oci::media::IMAGE_INDEX, index.to_string().as_bytes()).unwrap();
    std::fs::write(folder.path().join("index.json"), r#"{"schemaVersion":2,"manifests":[]}"#).unwrap();
    layout.add(index, Some("all")).unwrap();
    let archive = opened(&tar(folder.path(), &[])).unwrap();
    for all in [Image::all_of(&layout, None).unwrap(), archive.all(Some("all")).unwrap()] {
        let which: Vec<_> = all
            .iter()
            .map(|one| String::from_utf8(files(&Image::open_digest(&layout, one).unwrap())["which"].clone()).unwrap())
            .collect();
        assert_eq!(which, ["amd64", "arm64"]);
        assert!(all.iter().all(|one| archive.open_digest(one).unwrap().digest == one.digest));
    }
    let error = archive.image(None, &Platform::linux("s390x")).unwrap_err();
    assert!(error.to_string().contains("nothing for linux/s390x; it has: linux/amd64, linux/arm64"), "{error}");
}

#[test]
fn what_skopeo_writes_is_read() {
    if !has("skopeo") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path().join("layout")).unwrap();
    sample("skopeo").build(&layout, Some("v1")).unwrap();
    let wanted = Image::open(&layout, None, &amd64()).unwrap();
    let from = format!("oci:{}:v1", layout.folder().display());
    for (kind, named) in [("docker-archive", ":app:v1"), ("oci-archive", ":v1")] {
        let path = folder.path().join(kind);
        skopeo(&["copy", &from, &format!("{kind}:{}{named}", path.display())]);
        assert!(Archive::is_likely(&path));
        let image = Archive::open(&path).unwrap().image(None, &amd64()).unwrap();
        assert_eq!(files(&image), files(&wanted), "{kind}");
    }
}

/// A daemon that gives one answer, and what it was asked.
fn daemon(answer: Vec<u8>) -> (tempfile::TempDir, Daemon, std::thread::JoinHandle<String>) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        // The client may have had enough before the end.
        let _ = stream.write_all(&answer);
        String::from_utf8(request).unwrap()
    });
    let daemon = Daemon::at(Some(&format!("unix://{}", socket.display()))).unwrap();
    (folder, daemon, asked)
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut answer =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.chunks(3000) {
        answer.extend(format!("{:x};ignored=1\r\n", chunk.len()).bytes());
        answer.extend(chunk);
        answer.extend(b"\r\n");
    }
    answer.extend(b"0\r\n\r\n");
    answer
}

fn taken(file: File) -> Image {
    Archive::of(file, "the engine's archive").unwrap().image(None, &amd64()).unwrap()
}

#[test]
fn an_engine_gives_its_image_over_its_socket() {
    let whole = old_form(|_| {});
    let plain = |head: &str| [head.as_bytes(), b"\r\n\r\n", &whole].concat();
    let long = format!("HTTP/1.1 200 OK\r\ncontent-length: {}", whole.len());
    for answer in [chunked(&whole), plain(&long), plain("HTTP/1.0 200 OK")] {
        let (_folder, daemon, asked) = daemon(answer);
        assert_eq!(files(&taken(daemon.save("app:v1").unwrap())).len(), 2);
        assert!(asked.join().unwrap().starts_with("GET /images/app:v1/get HTTP/1.1\r\nHost: "));
    }
}

#[test]
fn an_engine_that_fails_is_quoted_and_one_that_is_not_there_is_named() {
    let missing =
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 40\r\n\r\n{\"message\":\"No such image: \x1b[31mnope\"}   "
            .to_vec();
    let cut = chunked(&old_form(|_| {}));
    let answers = [
        (missing, ErrorKind::NotFound, "404: {\"message\":\"No such image:  [31mnope\"}"),
        (b"HTTP/1.1 500 Oops\r\n\r\nbroken".to_vec(), ErrorKind::Temporary, "500: broken"),
        (b"SSH-2.0-x\r\n".to_vec(), ErrorKind::Temporary, "not HTTP"),
        (cut[..cut.len() / 2].to_vec(), ErrorKind::Temporary, "ends early"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec(), ErrorKind::Temporary, "chunk"),
        ([b"HTTP/1.1 200 OK\r\n", vec![b'x'; 100_000].as_slice()].concat(), ErrorKind::Temporary, "ends early"),
        (Vec::new(), ErrorKind::Temporary, "ends early"),
    ];
    for (answer, kind, words) in answers {
        let (_folder, daemon, asked) = daemon(answer);
        let error = daemon.save("a b/c\r\nX: y").unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(words), "wanted `{words}`: {error}");
        assert!(asked.join().unwrap().starts_with("GET /images/a%20b/c%0D%0AX:%20y/get HTTP/1.1\r\n"));
    }
    let gone = Daemon::at(Some("unix:///nowhere/docker.sock")).unwrap().save("app").unwrap_err();
    assert!(gone.to_string().contains("nothing listens there"), "{gone}");
    assert!(
        Daemon::at(None).unwrap().save("../containers/x").unwrap_err().to_string().contains("no image has such a name")
    );
    for host in ["tcp://10.0.0.1:2375", "ssh://host", "unix://relative"] {
        assert!(Daemon::at(Some(host)).unwrap_err().to_string().contains("only unix:///"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_archive_never_panics_and_never_gives_other_files(at in 0_usize..9000, byte: u8) {
        let mut bytes = old_form(|_| {});
        let length = bytes.len();
        bytes[at % length] = byte;
        if let Ok(image) = opened(&bytes).and_then(|archive| archive.image(None, &amd64()))
            && let Ok(found) = read(&image, &Limits::default())
        {
            prop_assert_eq!(found.into_keys().collect::<Vec<_>>(), ["app", "etc/base"]);
        }
    }
}
