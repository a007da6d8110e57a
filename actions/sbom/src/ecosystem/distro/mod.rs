//! Distributions: their names and their package databases.

pub mod apk;
pub mod copyright;
pub mod dpkg;
pub mod os_release;
pub mod rpm;

mod providers;

use super::{BadFile, Candidate, Format, Found, ParseError, Place, Reads, Surroundings};
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
    Format { name: "dpkg file lists", claims: is_file_list, reads: Reads::Companion },
    Format { name: "Debian copyright", claims: is_copyright, reads: Reads::Companion },
    Format {
        name: "Alpine packages",
        claims: |file| in_image(file, &["lib/apk/db/installed", "usr/lib/apk/db/installed"]),
        reads: Reads::Among(read_apk),
    },
    Format { name: "RPM packages", claims: |file| is_rpm(file, RPM), reads: Reads::Among(read_rpm) },
    Format { name: "SQLite log", claims: |file| is_rpm(file, &["rpmdb.sqlite-wal"]), reads: Reads::Companion },
];

/// Where rpm keeps its database: everywhere, SUSE and Fedora since 2022, rpm-ostree, Mariner.
const RPM_FOLDERS: &[&str] = &["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm", "var/lib/rpmmanifest"];

const RPM: &[&str] = &["rpmdb.sqlite", "Packages", "Packages.db", "container-manifest-2"];

fn in_image(file: &Candidate<'_>, paths: &[&str]) -> bool {
    file.place == Place::Image && paths.contains(&file.path)
}

fn is_rpm(file: &Candidate<'_>, names: &[&str]) -> bool {
    file.place == Place::Image && RPM_FOLDERS.contains(&file.folder()) && names.contains(&file.file_name())
}

fn is_dpkg(file: &Candidate<'_>) -> bool {
    let Some(path) = file.path.strip_prefix("var/lib/dpkg/").filter(|_| file.place == Place::Image) else {
        return false;
    };
    path == "status" || path.strip_prefix("status.d/").is_some_and(|name| !name.ends_with(".md5sums"))
}

/// `info/<package>.list`, and in distroless images `status.d/<package>.md5sums`.
fn is_file_list(file: &Candidate<'_>) -> bool {
    let Some(path) = file.path.strip_prefix("var/lib/dpkg/").filter(|_| file.place == Place::Image) else {
        return false;
    };
    (path.starts_with("info/") && path.ends_with(".list"))
        || (path.starts_with("status.d/") && path.ends_with(".md5sums"))
}

fn is_copyright(file: &Candidate<'_>) -> bool {
    let path = file.path.strip_prefix("usr/share/doc/").and_then(|path| path.strip_suffix("/copyright"));
    file.place == Place::Image && path.is_some_and(|package| !package.contains('/')) && file.size < 1 << 20
}

fn bad(found: &Found, error: ParseError) -> BadFile {
    BadFile { path: found.place.path.clone(), error }
}

fn read_apk(found: &Found, surroundings: &Surroundings<'_>) -> Result<Vec<Inventory>, BadFile> {
    let read = apk::parse(&found.bytes, surroundings.distribution(), &|path| surroundings.held_as(path));
    read.map(|inventory| vec![inventory]).map_err(|error| bad(found, error))
}

fn read_rpm(found: &Found, surroundings: &Surroundings<'_>) -> Result<Vec<Inventory>, BadFile> {
    let path = &found.place.path;
    let name = path.rsplit('/').next().unwrap_or(path);
    let wal = surroundings.file(&format!("{path}-wal"));
    let kept = match name {
        "rpmdb.sqlite" => rpm::Kept::Sqlite { wal: wal.as_deref() },
        "Packages.db" => rpm::Kept::Ndb,
        "Packages" => rpm::Kept::Berkeley,
        _ => rpm::Kept::Manifest,
    };
    let read = rpm::parse(&found.bytes, kept, surroundings.distribution(), &|path| surroundings.held_as(path));
    read.map(|inventory| vec![inventory]).map_err(|error| bad(found, error))
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
    let paths: Vec<&str> = files.iter().map(|found| found.place.path.as_str()).collect();
    let about: Vec<_> = stanzas.iter().map(|(file, stanza)| about(paths[*file], stanza, surroundings)).collect();
    let mut inventory =
        dpkg::inventory(stanzas, surroundings.distribution()).map_err(|(file, error)| bad(file, error))?;
    for (index, (owned, licences)) in about.into_iter().enumerate() {
        inventory.owned.extend(owned.into_iter().map(|path| (path, index)));
        inventory.packages[index].licences.extend(licences);
    }
    Ok(vec![inventory])
}

type About = (Vec<String>, std::collections::BTreeSet<crate::graph::Licence>);

/// What stands about a package outside the database: the files it owns, as far as they matter, and its licences.
fn about(database: &str, stanza: &dpkg::Stanza, surroundings: &Surroundings<'_>) -> About {
    let (name, architecture) = (&stanza.name, &stanza.architecture);
    let info = |middle: &str| surroundings.file(&format!("var/lib/dpkg/info/{name}{middle}.list"));
    let list = match database.contains("status.d/") {
        true => surroundings.file(&format!("{database}.md5sums")),
        // Packages that may be installed for several architectures have it in the name of the list.
        false => info("").or_else(|| info(&format!(":{architecture}"))),
    };
    let list = list.unwrap_or_default();
    let list = String::from_utf8_lossy(&list);
    // A line is `/path`, or `digest  path`.
    let paths = list.lines().filter_map(|line| line.rsplit("  ").next()).map(|path| path.trim_start_matches('/'));
    let owned = paths.filter_map(|path| surroundings.held_as(path)).collect();
    let copyright = surroundings.file(&format!("usr/share/doc/{name}/copyright"));
    (owned, copyright.map(|bytes| copyright::licences(&bytes)).unwrap_or_default())
}
