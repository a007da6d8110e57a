//! Programs that were really built, each judged by the tool that built it.

use super::{
    found,
    golang::{Lab, built_in, embedded, has_library, program, standard_library},
    support::{Workspace, purls},
};
use sbom::{
    ecosystem::{ParseError, executable},
    graph::Inventory,
};
use std::fs;

fn read(bytes: &[u8]) -> Result<Vec<Inventory>, ParseError> {
    executable::read(&found("usr/local/bin/app", bytes))
}

#[test]
fn go_version_knows_the_same_modules_in_programs_of_every_kind() {
    let Some(lab) = Lab::new() else { return };
    let library = standard_library(&lab);
    for (system, architecture, flags) in [
        ("linux", "amd64", &[][..]),
        ("linux", "amd64", &["-ldflags=-s -w", "-trimpath", "-buildmode=pie"]),
        ("linux", "s390x", &[]),
        ("linux", "arm", &[]),
        ("windows", "amd64", &[]),
        ("windows", "386", &["-ldflags=-s -w"]),
        ("darwin", "arm64", &[]),
    ] {
        let path = program(&lab, system, architecture, flags);
        let theirs = embedded(&lab.go(".", &["version", "-m", path.to_str().unwrap()]));
        let inventories = read(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(inventories.len(), 1, "{system} {architecture}");
        assert_eq!(built_in(&inventories[0]), theirs, "{system} {architecture}");
        assert_eq!(theirs.len(), 6);
        assert!(has_library(&inventories[0], &library));
    }
}

/// Every cut: an error, words about it, or all that the whole program says.
#[test]
fn a_program_cut_off_anywhere_never_says_less_in_silence() {
    let Some(lab) = Lab::new() else { return };
    for (system, architecture) in [("linux", "amd64"), ("windows", "amd64"), ("darwin", "arm64")] {
        let whole = fs::read(program(&lab, system, architecture, &[])).unwrap();
        let all = read(&whole).unwrap();
        let cuts = (4..1024).step_by(7).chain((1024..whole.len()).step_by(9973));
        for end in cuts {
            let Ok(inventories) = read(&whole[..end]) else { continue };
            let said = inventories.iter().any(|inventory| !inventory.remarks.is_empty());
            assert!(said || inventories == all, "{system} {end} of {}", whole.len());
        }
    }
}

#[test]
fn an_image_lists_what_its_programs_were_built_from() {
    let tiny = include_bytes!("../rust/auditable/tiny").to_vec();
    let mut contents = oci::image::Contents::new()
        .file("usr/bin/tiny", 0o755, tiny.clone())
        .file("usr/share/not-executable", 0o644, tiny)
        .file("usr/bin/script", 0o755, format!("#!/bin/sh\n{}", "# nothing\n".repeat(100)).into_bytes());
    let lab = Lab::new();
    if let Some(lab) = &lab {
        contents = contents.file("usr/bin/app", 0o755, fs::read(program(lab, "linux", "amd64", &[])).unwrap());
    }
    let workspace = Workspace::new();
    let layout = oci::layout::Layout::create(workspace.path("image")).unwrap();
    oci::image::Builder::new(oci::Platform::linux("amd64")).layer("all", contents).build(&layout, None).unwrap();
    workspace.run(&[("path", "image")]).expect(0, &[]);
    let bom = workspace.bom();
    let purls = purls(&bom);
    assert!(purls.contains("pkg:cargo/itoa@1.0.11") && purls.contains("pkg:cargo/autocfg@1.3.0"), "{purls:?}");
    if lab.is_some() {
        assert!(purls.contains("pkg:golang/example.com/deep@v1.2.0") && purls.contains("pkg:golang/example.com/app"));
    }
    super::support::validate(&[workspace.path("sbom.cdx.json")]);
}
