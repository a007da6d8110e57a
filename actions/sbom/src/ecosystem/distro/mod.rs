//! Distributions: their names and their package databases.

pub mod dpkg;
pub mod os_release;

use super::{BadFile, Candidate, Format, Found, Place, Reads, Surroundings};
use crate::graph::Inventory;

/// The name of the format that tells which distribution an image is made from.
pub const OS_RELEASE: &str = "os-release";

/// What tells of a distribution and its packages.
pub const FORMATS: &[Format] = &[
    Format {
        name: OS_RELEASE,
        claims: |file| in_image(file, &["etc/os-release", "usr/lib/os-release"]),
        reads: Reads::Companion,
    },
    Format { name: "dpkg", claims: is_dpkg, reads: Reads::Together { key: |_| "", read: read_dpkg } },
    Format {
        name: "Alpine packages",
        claims: |file| in_image(file, &["lib/apk/db/installed", "usr/lib/apk/db/installed"]),
        reads: Reads::NotCovered,
    },
    Format { name: "RPM packages", claims: |file| in_image(file, RPM), reads: Reads::NotCovered },
];

const RPM: &[&str] = &[
    "usr/lib/sysimage/rpm/rpmdb.sqlite",
    "usr/lib/sysimage/rpm/Packages",
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/rpm/Packages",
    "var/lib/rpmmanifest/container-manifest-2",
];

fn in_image(file: &Candidate<'_>, paths: &[&str]) -> bool {
    file.place == Place::Image && paths.contains(&file.path)
}

fn is_dpkg(file: &Candidate<'_>) -> bool {
    let Some(path) = file.path.strip_prefix("var/lib/dpkg/").filter(|_| file.place == Place::Image) else {
        return false;
    };
    path == "status" || path.strip_prefix("status.d/").is_some_and(|name| !name.ends_with(".md5sums"))
}

/// status and all of status.d are one database.
fn read_dpkg(files: &[&Found], surroundings: &Surroundings<'_>) -> Result<Vec<Inventory>, BadFile> {
    let bad = |file: usize, error| {
        let path = files.get(file).map(|found| found.place.path.clone()).unwrap_or_default();
        BadFile { path, error }
    };
    let mut stanzas = Vec::new();
    for (index, found) in files.iter().enumerate() {
        let layout = if found.place.path.contains("status.d/") { dpkg::Layout::Parts } else { dpkg::Layout::Whole };
        let read = dpkg::stanzas(&found.bytes, layout).map_err(|error| bad(index, error))?;
        stanzas.extend(read.into_iter().map(|stanza| (index, stanza)));
    }
    let inventory = dpkg::inventory(stanzas, surroundings.distribution());
    inventory.map(|inventory| vec![inventory]).map_err(|(file, error)| bad(file, error))
}
