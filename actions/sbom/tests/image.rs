//! An image layout through the whole action: what the finished file system holds, no more and no less.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

mod support;

use oci::{
    Platform,
    image::{Builder, Contents},
    layout::Layout,
};
use std::{collections::BTreeSet, fs};
use support::{Ended, Workspace, edges, purls, validate};

const STATUS: &str = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9+deb12u7\n\n\
    Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 7.88.1-10\nDepends: libc6 (>= 2.34)\n\n";
const SITE: &str = "usr/lib/python3.11/site-packages";

fn metadata(name: &str, version: &str, requires: &str) -> String {
    format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense-Expression: MIT\n{requires}\nbody\n")
}

fn dist(contents: Contents, name: &str, version: &str, requires: &str) -> Contents {
    contents.file(&format!("{SITE}/{name}-{version}.dist-info/METADATA"), 0o644, metadata(name, version, requires))
}

/// Three layers: the distribution; Python packages and a lockfile; a removal and an upgrade.
fn builder() -> Builder {
    let base = Contents::new()
        .file("usr/lib/os-release", 0o644, "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian 12\"\n")
        .symlink("etc/os-release", "../usr/lib/os-release")
        .file("var/lib/dpkg/status", 0o644, STATUS);
    let app = dist(Contents::new(), "flask", "2.0", "Requires-Dist: six\n");
    let app = dist(dist(app, "six", "1.16.0", ""), "django", "4.2", "")
        .file("app/requirements.txt", 0o644, "flask==2.0\n")
        .file(&format!("{SITE}/tool/requirements.txt"), 0o644, "somebody-elses==1\n");
    let last = Contents::new().file(&format!("{SITE}/.wh.django-4.2.dist-info"), 0o644, "").file(
        &format!("{SITE}/.wh.six-1.16.0.dist-info"),
        0o644,
        "",
    );
    let last = dist(last, "six", "1.17.0", "");
    Builder::new(Platform::linux("amd64"))
        .source_date_epoch(1_700_000_000)
        .layer("base", base)
        .layer("app", app)
        .layer("upgrade", last)
}

fn layout(workspace: &Workspace, builder: &Builder) -> Layout {
    let layout = Layout::create(workspace.path("image")).unwrap();
    builder.build(&layout, None).unwrap();
    layout
}

fn run(builder: &Builder) -> (Workspace, Ended) {
    let workspace = Workspace::new();
    layout(&workspace, builder);
    let ended = workspace.run(&[("path", "image")]);
    (workspace, ended)
}

#[test]
fn the_finished_file_system_counts_with_deletions_and_upgrades() {
    let (workspace, ended) = run(&builder());
    let ended = ended.expect(0, &["5 components in"]);
    let bom = workspace.bom();
    assert_eq!(
        purls(&bom).into_iter().collect::<Vec<_>>(),
        [
            "pkg:deb/debian/curl@7.88.1-10?arch=amd64&distro=debian-12",
            "pkg:deb/debian/libc6@2.36-9%2Bdeb12u7?arch=amd64&distro=debian-12",
            "pkg:pypi/flask@2.0",
            "pkg:pypi/six@1.17.0",
        ]
        .map(str::to_owned)
    );
    let edges = edges(&bom);
    for (from, to) in
        [("curl@7.88.1-10", "libc6@2.36-9+deb12u7"), ("flask@2.0", "six@1.17.0"), ("debian@12", "curl@7.88.1-10")]
    {
        assert!(edges.contains(&(from.to_owned(), to.to_owned())), "{from} → {to}: {edges:?}");
    }
    assert_eq!(bom["metadata"]["timestamp"], "2023-11-14T22:13:20Z", "the image's own creation time");
    assert_eq!(bom["metadata"]["component"]["version"], ended.output("digest"));
    assert_eq!(bom["metadata"]["lifecycles"][0]["phase"], "post-build");
    assert!(ended.output("digest").starts_with("sha256:"));
    validate(&[workspace.path("sbom.cdx.json")]);
}

#[test]
fn evidence_names_the_layer_of_the_manifest() {
    let workspace = Workspace::new();
    let layout = layout(&workspace, &builder());
    workspace.run(&[("path", "image")]).expect(0, &[]);
    let manifest = layout.manifest(&layout.image(None).unwrap()).unwrap();
    let top = manifest.blobs().last().unwrap().digest;
    let bom = workspace.bom();
    let six = bom["components"].as_array().unwrap().iter().find(|c| c["name"] == "six").unwrap();
    assert_eq!(six["evidence"]["occurrences"][0]["additionalContext"], format!("layer {top}"));
}

#[test]
fn an_image_with_nothing_but_an_unread_database_says_so_and_writes_nothing() {
    let cut = Contents::new().file("etc/os-release", 0o644, "ID=alpine\nVERSION_ID=3.20\n").file(
        "lib/apk/db/installed",
        0o644,
        "P:musl\n",
    );
    let (workspace, ended) = run(&Builder::new(Platform::linux("amd64")).layer("base", cut));
    let ended = ended.expect(2, &[]);
    assert!(ended.summary.contains("a package without `V:`"), "{}", ended.summary);
    assert!(!workspace.path("sbom.cdx.json").exists());
}

const INSTALLED: &str = "P:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\np:so:libc.musl-x86_64.so.1=1\n\n\
    P:py3-six\nV:1.16.0-r9\nA:noarch\nL:MIT\nD:so:libc.musl-x86_64.so.1\n\
    F:usr/lib/python3.12/site-packages/six-1.16.0.dist-info\nR:METADATA\n\n";

#[test]
fn an_alpine_image_lists_its_packages_and_what_others_installed_beside_them() {
    let alpine = Contents::new()
        .file("etc/os-release", 0o644, "ID=alpine\nVERSION_ID=3.20.1\n")
        .file("lib/apk/db/installed", 0o644, INSTALLED)
        .file("usr/lib/python3.12/site-packages/six-1.16.0.dist-info/METADATA", 0o644, metadata("six", "1.16.0", ""))
        .file("usr/lib/python3.12/site-packages/mine-1.dist-info/METADATA", 0o644, metadata("mine", "1", ""));
    let (workspace, ended) = run(&Builder::new(Platform::linux("amd64")).layer("base", alpine));
    ended.expect(0, &[]);
    let bom = workspace.bom();
    let purls = purls(&bom);
    for purl in [
        "pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=alpine-3.20.1",
        "pkg:apk/alpine/py3-six@1.16.0-r9?arch=noarch&distro=alpine-3.20.1",
        "pkg:pypi/mine@1",
    ] {
        assert!(purls.contains(purl), "{purl}: {purls:?}");
    }
    validate(&[workspace.path("sbom.cdx.json")]);
}

fn property(component: &serde_json::Value, name: &str) -> Vec<String> {
    let all = component["properties"].as_array().into_iter().flatten();
    let named = all.filter(|property| property["name"] == name);
    named.map(|property| property["value"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_component_names_the_layer_that_brought_it_and_what_was_removed_is_said() {
    let git = "Package: git\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.39\n\n";
    let tool = "Package: tool\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n";
    let status = |text: String| Contents::new().file("var/lib/dpkg/status", 0o644, text);
    let image = Builder::new(Platform::linux("amd64"))
        .layer("FROM base", status(format!("{STATUS}{git}")))
        .layer("RUN apt-get install tool", status(format!("{STATUS}{git}{tool}")))
        .layer("RUN apt-get purge git", status(format!("{STATUS}{tool}")));
    let workspace = Workspace::new();
    let layout = layout(&workspace, &image);
    workspace.run(&[("path", "image")]).expect(0, &[]);
    let opened = oci::image::Image::open(&layout, None, &Platform::linux("amd64")).unwrap();
    let diff_id = |layer: usize| opened.layers[layer].diff_id.to_string();
    let bom = workspace.bom();
    let component = |name: &str| bom["components"].as_array().unwrap().iter().find(|c| c["name"] == name);
    for (name, layer, command) in [("curl", 0, "FROM base"), ("tool", 1, "RUN apt-get install tool")] {
        let component = component(name).unwrap();
        assert_eq!(property(component, "lockkeeper:layer"), [diff_id(layer)], "{name}");
        assert_eq!(property(component, "lockkeeper:layer:created-by"), [command], "{name}");
    }
    assert!(component("git").is_none(), "never as installed");
    let removed = format!("pkg:deb/git@2.39?arch=amd64 in layer {}, removed by layer {}", diff_id(0), diff_id(2));
    assert_eq!(property(&bom["metadata"]["component"], "lockkeeper:image:removed"), [removed]);
    validate(&[workspace.path("sbom.cdx.json")]);
}

#[test]
fn an_image_in_an_archive_is_described_as_in_a_folder() {
    let workspace = Workspace::new();
    layout(&workspace, &builder());
    workspace.run(&[("path", "image")]).expect(0, &[]);
    let folder = workspace.bytes("sbom.cdx.json");
    for more in [&[][..], &["--gzip"]] {
        let mut tar = std::process::Command::new("tar");
        tar.args(more).arg("-C").arg(workspace.path("image")).arg("-cf").arg(workspace.path("image.tar")).arg(".");
        assert!(tar.status().unwrap().success());
        workspace.run(&[("path", "image.tar")]).expect(0, &[]);
        assert_eq!(workspace.bytes("sbom.cdx.json"), folder, "{more:?}");
    }
    workspace.run(&[("path", "image.tar"), ("local-image", "other")]).expect(2, &["there is none"]);
    fs::write(workspace.path("image.tar"), [0x1f, 0x8b, 8, 0]).unwrap();
    workspace.run(&[("path", "image.tar")]).expect(2, &["nothing was written"]);
}

#[test]
fn an_image_of_an_engine_that_is_not_there_is_not_found_out() {
    let workspace = Workspace::new();
    let env = [("DOCKER_HOST".to_owned(), "unix:///nowhere/docker.sock".to_owned())];
    workspace.run_in(&[("local-image", "app:v1")], &env).expect(3, &["nothing listens there", "nothing was written"]);
    let image = "ghcr.io/org/app:v1";
    workspace.run(&[("local-image", "a"), ("image", image)]).expect(2, &["contradicts `image`"]);
}

#[test]
fn distroless_images_keep_one_file_per_package() {
    let parts = Contents::new()
        .file("var/lib/dpkg/status.d/libc6", 0o644, "Package: libc6\nVersion: 2.36\nArchitecture: amd64")
        .file("var/lib/dpkg/status.d/tzdata", 0o644, "Package: tzdata\nVersion: 2024a\nArchitecture: all\n")
        .file("var/lib/dpkg/status.d/libc6.md5sums", 0o644, "00  usr/lib/x\n");
    let (workspace, ended) = run(&Builder::new(Platform::linux("amd64")).layer("base", parts));
    ended.expect(0, &["2 components in"]);
    assert_eq!(purls(&workspace.bom()).len(), 2);
    validate(&[workspace.path("sbom.cdx.json")]);
}

#[test]
fn a_damaged_database_in_an_image_is_named_with_its_line() {
    let cut = Contents::new().file("var/lib/dpkg/status", 0o644, &STATUS.as_bytes()[..STATUS.len() - 20]);
    let (workspace, ended) = run(&Builder::new(Platform::linux("amd64")).layer("base", cut));
    ended.expect(2, &["var/lib/dpkg/status:10", "nothing was written"]);
    assert!(!workspace.path("sbom.cdx.json").exists());
}

#[test]
fn a_layer_that_is_cut_off_or_changed_is_refused() {
    type Damage = fn(&mut Vec<u8>);
    let damages: [Damage; 2] = [|bytes| bytes.truncate(bytes.len() / 2), |bytes| bytes[40] ^= 1];
    for damage in damages {
        let workspace = Workspace::new();
        let layout = layout(&workspace, &builder());
        let manifest = layout.manifest(&layout.image(None).unwrap()).unwrap();
        let layer = layout.blob_path(&manifest.blobs()[1].digest);
        let mut bytes = fs::read(&layer).unwrap();
        damage(&mut bytes);
        fs::write(&layer, bytes).unwrap();
        workspace.run(&[("path", "image")]).expect(2, &["nothing was written"]);
        assert_eq!(workspace.files(), BTreeSet::from(["image".to_owned()]));
    }
}
