//! Whatever the bytes are: no reader panics, and what was damaged is never a smaller list in silence.

use super::{found, support::zip::Zip, understood};
use proptest::prelude::*;
use sbom::ecosystem::{executable, java};

const TINY: &[u8] = include_bytes!("../rust/auditable/tiny");
const POM: &[u8] = include_bytes!("../java/reactor/app/pom.xml");
const GO: &[u8] = b"module example.com/a // x\n\ngo 1.22\n\nrequire (\n\texample.com/b v1.0.0 // indirect\n\t\"example.com/c\" v1.0.0\n)\n\n\
    replace example.com/b => ../b\n\nretract [v1.0.0, v1.2.0]\n";
const LOCK: &[u8] = b"# generated\norg.example:a:1.0=runtimeClasspath,testCompileClasspath\nempty=x\n";
const CARGO: &[u8] = b"version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\n \"b\",\n]\n\n\
    [[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"git+https://example.com/b#0123\"\n";
const MANIFEST: &[u8] =
    b"[package]\nname = \"a\"\n[workspace]\nmembers = [\"*\", \"[\"]\n[dev-dependencies]\nb = { path = \"../b\" }\n";

fn jar() -> Vec<u8> {
    let properties = "groupId=org.example\nartifactId=lib\nversion=1.0\n";
    let inner = Zip::default().deflated("META-INF/maven/org.example/lib/pom.properties", properties).finish();
    Zip::default().deflated("META-INF/maven/g/a/pom.xml", POM).stored("lib/lib-1.0.jar", inner).finish()
}

/// A file with some bytes changed and perhaps its end missing.
fn damaged(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let length = bytes.len();
    let changes = prop::collection::vec((0..length, any::<u8>()), 0..12);
    (changes, prop::option::of(0..length)).prop_map(move |(changes, end)| {
        let mut bytes = bytes.clone();
        changes.into_iter().for_each(|(at, byte)| bytes[at] = byte);
        bytes.truncate(end.unwrap_or(length));
        bytes
    })
}

proptest! {
    #[test]
    fn damaged_programs_do_not_confuse_the_reader(bytes in damaged(TINY.to_vec())) {
        let _ = executable::read(&found("bin/tiny", &bytes));
    }

    #[test]
    fn damaged_archives_do_not_confuse_the_reader(bytes in damaged(jar())) {
        let _ = java::jar::read(&found("a.jar", &bytes));
    }

    #[test]
    fn damaged_listings_do_not_confuse_their_readers(
        go in damaged(GO.to_vec()), pom in damaged(POM.to_vec()), lock in damaged(LOCK.to_vec()),
        cargo in damaged(CARGO.to_vec()), manifest in damaged(MANIFEST.to_vec()),
    ) {
        understood(&[
            ("go.mod", go.clone()), ("go.work", go.clone()), ("go.sum", lock.clone()), ("vendor/modules.txt", go),
            ("pom.xml", pom.clone()), ("app/pom.xml", pom), ("gradle.lockfile", lock.clone()),
            ("gradle/dependency-locks/x.lockfile", lock), ("Cargo.lock", cargo), ("Cargo.toml", manifest),
        ]);
    }

    #[test]
    fn a_program_cut_off_says_all_or_says_so(end in 5..TINY.len()) {
        let all = executable::read(&found("bin/tiny", TINY)).unwrap();
        if let Ok(inventories) = executable::read(&found("bin/tiny", &TINY[..end])) {
            let said = inventories.iter().any(|inventory| !inventory.remarks.is_empty());
            prop_assert!(said || inventories == all);
        }
    }
}
