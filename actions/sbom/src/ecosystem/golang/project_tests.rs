use super::*;
use crate::{
    ecosystem::Place as Where,
    graph::{Knowledge, Origin},
};

fn read_all(files: &[(&str, &str)]) -> Vec<Inventory> {
    let found: Vec<Found> = files
        .iter()
        .map(|(path, text)| Found {
            place: Place { path: (*path).to_owned(), layer: None },
            bytes: text.as_bytes().to_vec(),
        })
        .collect();
    let nothing = |_: &str| None;
    let surroundings = Surroundings::new(Where::Tree, &nothing);
    read(&found.iter().collect::<Vec<_>>(), &surroundings).unwrap()
}

/// Name, version and whether it is somebody else's, of all but the main module.
fn listed(inventory: &Inventory) -> Vec<(&str, Option<&str>, bool)> {
    let packages = inventory.packages.iter().skip(1);
    packages.map(|p| (p.name.as_str(), p.version.as_deref(), p.origin != Origin::Own)).collect()
}

#[test]
fn a_module_needs_what_it_imports_and_the_hash_is_a_property() {
    let inventories = read_all(&[
        (
            "go.mod",
            "module example.com/app\ngo 1.22\nrequire (\n\texample.com/a v1.0.0\n\texample.com/b v1.0.0 // indirect\n)\n",
        ),
        ("go.sum", "example.com/a v1.0.0 h1:aaa=\nexample.com/a v1.0.0/go.mod h1:bbb=\nexample.com/z v9.0.0 h1:zzz=\n"),
    ]);
    let [inventory] = &inventories[..] else { panic!("{inventories:?}") };
    assert_eq!(listed(inventory), [("example.com/a", Some("v1.0.0"), true), ("example.com/b", Some("v1.0.0"), true)]);
    let main = &inventory.packages[0];
    assert_eq!((main.name.as_str(), &main.needs, main.needs_known), ("example.com/app", &vec![1], Knowledge::Complete));
    assert_eq!(inventory.packages[1].properties[H1], "h1:aaa=");
    assert_eq!((inventory.packages[1].line, inventory.packages[1].needs_known), (Some(4), Knowledge::Unknown));
    assert!(inventory.packages[1].checksums.is_empty());
    assert_eq!(inventory.packages[2].properties["lockkeeper:go:indirect"], "true");
    assert_eq!((inventory.listing, inventory.remarks.len()), (Knowledge::Complete, 0));
}

#[test]
fn a_folder_that_stands_in_is_the_module_of_that_folder() {
    let inventories = read_all(&[
        (
            "app/go.mod",
            "module example.com/app\ngo 1.22\nrequire example.com/lib v1.0.0\nrequire example.com/gone v1.0.0\n\
             replace example.com/lib => ../lib\nreplace example.com/gone => ../../outside\n",
        ),
        ("lib/go.mod", "\nmodule example.com/lib\ngo 1.22\n"),
    ]);
    let app = &inventories[0];
    assert_eq!(listed(app), [("example.com/lib", None, false), ("example.com/gone", None, false)]);
    // The same place, line and name as in its own inventory: one component.
    let (lib, own) = (&app.packages[1], &inventories[1].packages[0]);
    assert_eq!((&app.files[lib.file], lib.line), (&inventories[1].files[own.file], own.line));
    assert_eq!(app.packages[2].properties["lockkeeper:go:folder"], "../../outside");
}

#[test]
fn a_workspace_builds_one_version_of_each_module() {
    let files = [
        ("a/go.mod", "module example.com/a\ngo 1.22\nrequire example.com/x v1.2.0\nrequire example.com/b v0.0.0\n"),
        ("b/go.mod", "module example.com/b\ngo 1.22\nrequire example.com/x v1.10.0\nrequire example.com/y v1.0.0\n"),
        ("c/go.mod", "module example.com/c\ngo 1.22\nrequire example.com/x v1.0.0\n"),
        ("go.work", "go 1.22\nuse (\n\t./a\n\tb\n\t./missing\n)\nreplace example.com/y => example.com/z v1.1.0\n"),
    ];
    let inventories = read_all(&files);
    assert_eq!(listed(&inventories[0]), [("example.com/x", Some("v1.10.0"), true), ("example.com/b", None, false)]);
    assert!(inventories[0].remarks[0].text.contains("higher version"));
    assert_eq!(
        listed(&inventories[1]),
        [("example.com/x", Some("v1.10.0"), true), ("example.com/z", Some("v1.1.0"), true)]
    );
    assert_eq!(listed(&inventories[2]), [("example.com/x", Some("v1.0.0"), true)]);
}

#[test]
fn what_is_left_open_is_said_and_hides_nothing() {
    let of = |text: &str| {
        let inventories = read_all(&[("go.mod", text)]);
        let inventory = inventories.into_iter().next().unwrap();
        let names: Vec<String> = inventory.packages.iter().skip(1).map(|p| p.name.clone()).collect();
        (names.join(" "), inventory.remarks.first().map(|remark| (remark.kind, remark.line)))
    };
    let names = |names: &str| names.to_owned();
    for (text, wanted) in [
        ("module m\ngo 1.22\nrequire a.b/c master\n", (names("a.b/c"), Some((FindingKind::Partial, Some(3))))),
        (
            "module m\ngo 1.22\nrequire a.b/c v1.0.0\nexclude a.b/c v1.0.0\n",
            (names(""), Some((FindingKind::Partial, Some(3)))),
        ),
        ("module m\ngo 1.16\nrequire a.b/c v1.0.0\n", (names("a.b/c"), Some((FindingKind::Partial, None)))),
        ("module m\ngo 1.22\nrequire a.b/c v1.0.0", (names("a.b/c"), Some((FindingKind::Partial, None)))),
        ("module m\ngo 1.22\nnew a.b/c\n", (names(""), Some((FindingKind::UnknownVersion, Some(3))))),
        ("go 1.22\nrequire a.b/c v1.0.0\n", (names("a.b/c"), Some((FindingKind::Broken, Some(1))))),
        ("module m\nrequire (\n", (names(""), Some((FindingKind::Broken, Some(2))))),
        ("", (names(""), Some((FindingKind::Broken, Some(1))))),
    ] {
        assert_eq!(of(text), wanted, "{text}");
    }
    let broken_sums = read_all(&[("go.mod", "module m\ngo 1.22\n"), ("go.sum", "a v1.0.0 h1:x=\nb v1")]);
    let remark = &broken_sums[0].remarks[0];
    assert_eq!((remark.path.as_str(), remark.line, remark.kind), ("go.sum", Some(2), FindingKind::Broken));
}
