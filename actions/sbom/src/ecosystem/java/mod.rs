//! Java: `pom.xml`, Gradle's lockfiles, and jars, wars and ears.

pub mod archive;
pub mod gradle;
mod identity;
pub mod jar;
mod lineage;
mod manifest;
pub mod maven;
mod package;
mod pom;
mod xml;

use super::{Candidate, Format, Reads, is_the_applications};

/// What tells of Java packages.
pub const FORMATS: &[Format] = &[
    Format {
        name: "Maven",
        claims: |file| file.file_name() == "pom.xml" && is_the_applications(file),
        reads: Reads::Together { key: |_| "", read: maven::read },
    },
    Format {
        name: "Gradle lockfile",
        claims: is_lockfile,
        reads: Reads::Alone(|found| gradle::parse(&found.place.path, &found.bytes).map(|inventory| vec![inventory])),
    },
    Format {
        name: "Gradle lockfile of one configuration",
        claims: |file| {
            let folder = file.folder();
            (folder == "gradle/dependency-locks" || folder.ends_with("/gradle/dependency-locks"))
                && file.file_name().ends_with(".lockfile")
        },
        reads: Reads::Alone(|found| {
            gradle::parse_old(&found.place.path, &found.bytes).map(|inventory| vec![inventory])
        }),
    },
    Format { name: "Java archive", claims: |file| jar::is_archive(file.path), reads: Reads::Alone(jar::read) },
];

fn is_lockfile(file: &Candidate<'_>) -> bool {
    let name = file.file_name();
    matches!(name, "gradle.lockfile" | "buildscript-gradle.lockfile" | "settings-gradle.lockfile")
        && is_the_applications(file)
}

#[cfg(test)]
#[path = "../../../tests/support/zip.rs"]
#[allow(unreachable_pub, clippy::unwrap_used, reason = "shared with the integration tests")]
mod zip;
