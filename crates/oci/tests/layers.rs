//! Layers upon layers: what an image holds in the end equals a naive model of the specification's words.
#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

#[path = "support/archive.rs"]
#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test program uses its own part of this, and stops where it stands"
)]
mod archives;

use archives::{archive, file, gzip, image, member, read};
use oci::{
    Platform,
    image::{Builder, Candidate, Contents, Hidden, Image, Limits, Reader, Want, unpack},
    layout::Layout,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone)]
enum Step {
    File(String, String),
    Directory(String),
    Remove(String),
    Opaque(String),
}

fn path() -> impl Strategy<Value = String> {
    proptest::collection::vec(prop_oneof!["a", "b", "c"], 1..4).prop_map(|names| names.join("/"))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (path(), "[a-z]{0,4}").prop_map(|(path, text)| Step::File(path, text)),
        2 => path().prop_map(Step::Directory),
        2 => path().prop_map(Step::Remove),
        1 => path().prop_map(Step::Opaque),
    ]
}

fn pack(layer: &[Step]) -> Vec<u8> {
    let marker = |path: &str| match path.rsplit_once('/') {
        Some((parent, name)) => format!("{parent}/.wh.{name}"),
        None => format!(".wh.{path}"),
    };
    archive(layer.iter().map(|step| match step {
        Step::File(path, text) => file(path, text),
        Step::Directory(path) => member(&format!("{path}/"), b'5', "", b""),
        Step::Remove(path) => file(&marker(path), ""),
        Step::Opaque(path) => file(&format!("{path}/.wh..wh..opq"), ""),
    }))
}

/// The model: every path with its content, `None` for a directory, and the layer that last wrote it.
type Model = BTreeMap<String, (Option<String>, usize)>;

fn below(path: &str, top: &str) -> bool {
    path.strip_prefix(top).is_some_and(|rest| rest.starts_with('/'))
}

/// Says the specification again, slowly. `false` when the layer cannot be applied by anybody.
fn apply(model: &mut Model, layer: &[Step], number: usize) -> bool {
    for step in layer {
        match step {
            Step::File(path, _) | Step::Directory(path) => {
                for (at, _) in path.match_indices('/') {
                    match model.entry(path[..at].to_owned()).or_insert((None, number)) {
                        (Some(_), _) => return false,
                        (None, written) => *written = number,
                    }
                }
                let keeps = matches!(step, Step::Directory(_)) && matches!(model.get(path), Some((None, _)));
                if !keeps {
                    model.retain(|other, _| !below(other, path));
                }
                let content = if let Step::File(_, text) = step { Some(text.clone()) } else { None };
                model.insert(path.clone(), (content, number));
            }
            Step::Remove(path) => {
                model.retain(|other, (_, written)| (other != path && !below(other, path)) || *written == number)
            }
            Step::Opaque(path) => model.retain(|other, (_, written)| !below(other, path) || *written == number),
        }
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_files_of_an_image_equal_the_naive_model(layers in proptest::collection::vec(proptest::collection::vec(step(), 0..8), 1..5)) {
        let mut model = Model::new();
        let possible = layers.iter().enumerate().all(|(number, layer)| apply(&mut model, layer, number));
        let packed: Vec<_> = layers.iter().map(|layer| pack(layer)).map(|plain| (gzip(&plain), plain)).collect();
        let found = read(&image(&packed), &Limits::default());
        prop_assert_eq!(found.is_ok(), possible, "{:?}", found);
        if let Ok(found) = found {
            let wanted: BTreeMap<String, Vec<u8>> = model.into_iter().filter_map(|(path, (content, _))| Some((path, content?.into_bytes()))).collect();
            prop_assert_eq!(found, wanted);
        }
    }

    #[test]
    fn building_twice_gives_the_same_digest_and_the_files_back(
        files in proptest::collection::btree_map("[a-c]{1,3}(/[a-c]{1,3}){0,2}\\.txt", "[ -~]{0,200}", 0..12),
        seconds in 0_u64..4_000_000_000,
    ) {
        let build = |order: Vec<(&String, &String)>| {
            let folder = tempfile::tempdir().unwrap();
            let layout = Layout::create(folder.path()).unwrap();
            let contents = order.into_iter().fold(Contents::new(), |contents, (path, text)| contents.file(path, 0o644, text.clone()));
            let builder = Builder::new(Platform::linux("amd64")).source_date_epoch(seconds).layer("files", contents).env("A", "b");
            let digest = builder.build(&layout, None).unwrap().digest;
            (digest, read(&Image::open(&layout, None, &Platform::linux("amd64")).unwrap(), &Limits::default()).unwrap())
        };
        let (forwards, backwards) = (build(files.iter().collect()), build(files.iter().rev().collect()));
        prop_assert_eq!(&forwards, &backwards);
        let wanted: BTreeMap<_, _> = files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
        prop_assert_eq!(forwards.1, wanted);
    }
}

#[test]
fn a_builder_gives_the_digest_it_always_gave() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    let contents = Contents::new().file("app/run", 0o755, "#!/bin/sh\n").symlink("run", "app/run");
    let builder = Builder::new(Platform::linux("amd64")).layer("app", contents).entrypoint(["/app/run"]);
    let digest = builder.build(&layout, Some("v1")).unwrap().digest;
    // A change here means that every image of every user gets a new digest: say so in the changelog.
    assert_eq!(digest.to_string(), "sha256:0b67f4ae5c248779b569988e982a4f84456384d63ac4b728a80d0d8aaf4179bb");
}

#[test]
fn a_directory_that_replaces_a_link_hides_nothing_where_the_link_led() {
    // What overlay drivers write when a link is replaced by a new directory: the directory, its opaque marker, its files.
    let lower = archive([file("data/kept", "kept"), member("link", b'2', "data", b"")]);
    let upper = archive([member("link/", b'5', "", b""), file("link/.wh..wh..opq", ""), file("link/new", "new")]);
    let all = read(&image(&[(gzip(&lower), lower), (gzip(&upper), upper)]), &Limits::default()).unwrap();
    assert_eq!(all.keys().collect::<Vec<_>>(), ["data/kept", "link/new"]);
}

#[test]
fn a_whiteout_spares_what_its_own_layer_adds() {
    let lower = archive([file("d/old", "old"), file("f", "old")]);
    let upper = archive([file("f", "new"), file(".wh.f", ""), file("d/e/new", "new"), file("d/.wh..wh..opq", "")]);
    let all = read(&image(&[(gzip(&lower), lower), (gzip(&upper), upper)]), &Limits::default()).unwrap();
    assert_eq!(
        all.into_iter().collect::<Vec<_>>(),
        [("d/e/new".into(), b"new".to_vec()), ("f".into(), b"new".to_vec())]
    );
}

/// Wants certain names only.
struct Wanted(BTreeSet<&'static str>);

impl Reader for Wanted {
    type Gist = String;

    fn wants(&self, candidate: &Candidate<'_>) -> Want {
        if self.0.contains(candidate.path) { Want::Content } else { Want::Nothing }
    }

    fn gist(&self, _: &Candidate<'_>, content: Vec<u8>) -> String {
        String::from_utf8(content).unwrap()
    }
}

#[test]
fn links_lead_to_the_finished_image_and_only_the_wanted_is_given() {
    let lower = archive([
        file("usr/lib/os-release", "ID=old"),
        member("etc/os-release", b'2', "../usr/lib/os-release", b""),
        member("lib", b'2', "usr/lib", b""),
        member("abs", b'2', "/lib/os-release", b""),
        member("out", b'2', "../../usr/lib/os-release", b""),
        member("dangling", b'2', "nowhere", b""),
        file("opt/tool", "tool"),
        member("opt/same", b'1', "opt/tool", b""),
    ]);
    let upper = archive([file("lib/os-release", "ID=new"), file("other", "other")]);
    let image = image(&[(gzip(&lower), lower), (gzip(&upper), upper)]);
    let names = BTreeSet::from(["etc/os-release", "abs", "opt/same", "opt/tool", "out", "dangling"]);
    let files = oci::image::read(&image, &Limits::default(), &Wanted(names)).unwrap();
    let given: Vec<_> = files.present.iter().map(|(entry, gist)| (entry.path.as_str(), &*files.gists[*gist])).collect();
    let wanted = [("abs", "ID=new"), ("etc/os-release", "ID=new"), ("opt/same", "tool"), ("opt/tool", "tool")];
    assert_eq!(given, wanted);
    let (link, _) = files.present.iter().find(|(entry, _)| entry.path == "etc/os-release").unwrap();
    assert_eq!((link.link.as_deref(), link.layer), (Some("../usr/lib/os-release"), 1));
    assert_eq!(files.members, 10);
}

#[test]
fn what_lower_layers_ship_and_nobody_sees_is_told_apart() {
    let lower = archive([file("d/db", "1"), file("d/tool", "x"), file("gone", "y"), file("kept", "k"), file("h", "z")]);
    let middle = archive([file("d/db", "2"), file(".wh.gone", ""), file("kept", "k"), file("kept", "again")]);
    let upper = archive([file("d/db", "3"), file("d/.wh..wh..opq", ""), member("h/", b'5', "", b"")]);
    let image = image(&[lower, middle, upper].map(|layer| (gzip(&layer), layer)));
    let files = oci::image::read(&image, &Limits::default(), &archives::All).unwrap();
    let hidden = |path: &str, layer, hidden_by| Hidden { path: path.to_owned(), layer, hidden_by };
    let found: Vec<_> = files.hidden.iter().map(|(hidden, gist)| (hidden.clone(), &*files.gists[*gist])).collect();
    let wanted = [
        (hidden("d/db", 0, 1), &b"1"[..]),
        (hidden("d/tool", 0, 2), b"x"),
        (hidden("gone", 0, 1), b"y"),
        (hidden("h", 0, 2), b"z"),
        (hidden("kept", 0, 1), b"k"),
        (hidden("d/db", 1, 2), b"2"),
    ];
    assert_eq!(found, wanted);
    let present: Vec<_> = files.present.iter().map(|(entry, _)| (entry.path.as_str(), entry.layer)).collect();
    assert_eq!(present, [("d/db", 2), ("kept", 1)]);
}

#[test]
fn what_is_unpacked_is_what_was_packed() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path().join("layout")).unwrap();
    let contents = Contents::new().file("bin/run", 0o755, "run").directory("empty", 0o700).symlink("run", "bin/run");
    Builder::new(Platform::linux("amd64")).layer("x", contents).build(&layout, None).unwrap();
    let root = folder.path().join("root");
    let image = Image::open(&layout, None, &Platform::linux("amd64")).unwrap();
    unpack(&image, &Limits::default(), &root).unwrap();
    assert_eq!(std::fs::read(root.join("run")).unwrap(), b"run");
    let mode = |path: &str| {
        std::os::unix::fs::PermissionsExt::mode(&root.join(path).metadata().unwrap().permissions()) & 0o7777
    };
    assert_eq!((mode("bin/run"), mode("empty")), (0o755, 0o700));

    // And a folder goes in again as the same layer.
    let again = Layout::create(folder.path().join("again")).unwrap();
    let contents = Contents::new().folder("", &root).unwrap().directory("empty", 0o700);
    Builder::new(Platform::linux("amd64")).layer("x", contents).build(&again, None).unwrap();
    assert_eq!(again.image(None).unwrap(), layout.image(None).unwrap());
}
