//! Python: requirements files, the lockfiles of its many tools, and installed distributions.

pub mod direct_url;
pub mod installed;
mod locked;
mod pdm;
pub mod pep508;
pub mod pipfile_lock;
mod poetry;
mod project;
mod pylock;
pub mod requirements;
mod specifiers;
pub mod uv;

use super::{BadFile, Candidate, Format, Found, Place, Reads, Surroundings, is_the_applications, read::broken};
use crate::graph::{self, Inventory, Knowledge};
use requirements::{Files, Missing};
use std::collections::BTreeMap;

/// What tells of Python packages.
pub const FORMATS: &[Format] = &[
    Format {
        name: "installed Python packages",
        claims: is_installed,
        reads: Reads::Together { key: site_packages, read: read_installed },
    },
    Format {
        name: "constraints.txt",
        claims: |file| {
            let name = file.file_name();
            name.ends_with(".txt") && name.contains("constraints") && is_the_applications(file)
        },
        reads: Reads::Companion,
    },
    Format {
        name: "requirements.txt",
        claims: |file| is_requirements(file) && is_the_applications(file),
        reads: Reads::Among(read_requirements),
    },
    Format {
        name: "Pipfile.lock",
        claims: |file| named(file, "Pipfile.lock"),
        reads: Reads::Among(pipfile_lock::read),
    },
    Format { name: "pdm.lock", claims: |file| named(file, "pdm.lock"), reads: Reads::Among(pdm::read) },
    Format { name: "poetry.lock", claims: |file| named(file, "poetry.lock"), reads: Reads::Among(poetry::read) },
    Format { name: "pylock.toml", claims: is_pylock, reads: Reads::Alone(pylock::read) },
    Format { name: "uv.lock", claims: |file| named(file, "uv.lock"), reads: Reads::Among(uv::read) },
    Format {
        name: "pyproject.toml",
        claims: |file| named(file, "pyproject.toml") || named(file, "Pipfile"),
        reads: Reads::Companion,
    },
];

fn named(file: &Candidate<'_>, name: &str) -> bool {
    file.file_name() == name && is_the_applications(file)
}

/// `pylock.toml`, or `pylock.<name>.toml` with a name without dots (PEP 751).
fn is_pylock(file: &Candidate<'_>) -> bool {
    let middle = file.file_name().strip_prefix("pylock.").and_then(|rest| rest.strip_suffix("toml"));
    let name = middle.map(|middle| middle.strip_suffix('.').unwrap_or(middle));
    name.is_some_and(|name| !name.contains('.')) && is_the_applications(file)
}

/// Beside the metadata of what was installed from an address.
const DIRECT_URL: &str = "direct_url.json";

/// `…/{site,dist}-packages/x.dist-info/METADATA` and `direct_url.json`, `…/x.egg-info/PKG-INFO`, or `…/x.egg-info` as a file.
fn is_installed(file: &Candidate<'_>) -> bool {
    let mut parts = file.path.rsplit('/');
    let name = parts.next().unwrap_or_default();
    let (folder, home) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let installed = |home: &str| matches!(home, "site-packages" | "dist-packages");
    file.place == Place::Image
        && ((installed(home) && folder.ends_with(".dist-info") && matches!(name, "METADATA" | DIRECT_URL))
            || (installed(home) && folder.ends_with(".egg-info") && name == "PKG-INFO")
            || (installed(folder) && name.ends_with(".egg-info")))
}

/// Every `site-packages` folder is an installation of its own.
fn site_packages(path: &str) -> &str {
    path.rfind("-packages/").map_or(path, |at| &path[..at + "-packages".len()])
}

/// A broken file is a finding of its own: it hides none of the other packages.
fn read_installed(files: &[&Found], _: &Surroundings<'_>) -> Result<Vec<Inventory>, BadFile> {
    let (addresses, metadata): (Vec<_>, Vec<_>) =
        files.iter().enumerate().partition(|(_, found)| found.place.path.ends_with(DIRECT_URL));
    let mut findings = Vec::new();
    let mut bad = |found: &Found, error| {
        findings.push(broken(BadFile { path: found.place.path.clone(), error }, found.place.layer.clone()));
    };
    let mut origins = BTreeMap::new();
    for (_, found) in addresses {
        match direct_url::parse(&found.bytes) {
            Ok(direct) => _ = origins.insert(found.place.path.trim_end_matches(DIRECT_URL), direct),
            Err(error) => bad(found, error),
        }
    }
    let mut distributions = Vec::new();
    for (index, found) in metadata {
        let folder = found.place.path.rfind('/').map_or("", |at| &found.place.path[..=at]);
        match installed::parse(&found.bytes) {
            Ok(distribution) => distributions.push((index, distribution.from(origins.remove(folder)))),
            Err(error) => bad(found, error),
        }
    }
    let folder = files.first().map_or("", |found| site_packages(&found.place.path));
    let mut inventory = installed::inventory(&distributions, installed::python_version(folder));
    inventory.files = files.iter().map(|found| found.place.clone()).collect();
    if !findings.is_empty() {
        inventory.listing = Knowledge::Incomplete;
    }
    findings.insert(0, inventory);
    Ok(findings)
}

/// `requirements.txt`, `requirements-dev.txt`, `dev-requirements.txt`, `requirements/base.txt`.
fn is_requirements(file: &Candidate<'_>) -> bool {
    let Some(stem) = file.file_name().strip_suffix(".txt") else { return false };
    let word = |text: &str| text.split(['-', '_', '.']).any(|word| word == "requirements");
    word(stem) || file.folder().rsplit('/').next() == Some("requirements")
}

fn read_requirements(found: &Found, surroundings: &Surroundings<'_>) -> Result<Vec<Inventory>, BadFile> {
    // An image is often built without the files that were included.
    let missing = if surroundings.place() == Place::Tree { Missing::Refused } else { Missing::Remarked };
    let read = |path: &str| surroundings.file(path);
    let (mut inventory, paths) = requirements::read(&found.place.path, &found.bytes, Files { read: &read, missing })?;
    let place = |path| graph::Place { path, layer: found.place.layer.clone() };
    inventory.files = paths.into_iter().map(place).collect();
    Ok(vec![inventory])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{FindingKind, Origin};

    fn found(path: &str, content: &str) -> Found {
        let path = format!("usr/lib/python3.11/site-packages/{path}");
        Found { place: graph::Place { path, layer: None }, bytes: content.as_bytes().to_vec() }
    }

    fn read(files: &[Found]) -> Vec<Inventory> {
        let files: Vec<&Found> = files.iter().collect();
        read_installed(&files, &Surroundings::new(Place::Image, &|_| None)).unwrap_or_default()
    }

    #[test]
    fn a_broken_file_of_a_folder_hides_none_of_its_other_packages() {
        let inventories = read(&[
            found("a-1.dist-info/METADATA", "Name: a\nVersion: 1\nRequires-Dist: c\n"),
            found("b-1.dist-info/METADATA", "Name: b\n"),
            found("c-1.dist-info/METADATA", "Name: c\nVersion: 1\n"),
            found("c-1.dist-info/direct_url.json", "{\"url\""),
        ]);
        let names: Vec<&str> = inventories[0].packages.iter().map(|package| package.name.as_str()).collect();
        assert_eq!((names, &inventories[0].packages[0].needs[..]), (vec!["a", "c"], &[1][..]));
        assert_eq!(inventories[0].listing, Knowledge::Incomplete);
        let broken: Vec<&str> =
            inventories[1..].iter().flat_map(|one| &one.remarks).map(|remark| remark.path.as_str()).collect();
        assert!(broken.iter().any(|path| path.contains("b-1")) && broken.iter().any(|path| path.contains("c-1")));
        assert!(inventories[1..].iter().flat_map(|i| &i.remarks).all(|remark| remark.kind == FindingKind::Broken));
    }

    #[test]
    fn what_was_installed_from_a_repository_says_which_commit() {
        let address = r#"{"url": "https://host/a.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}}"#;
        let inventories = read(&[
            found("a-1.dist-info/METADATA", "Name: a\nVersion: 1\n"),
            found("a-1.dist-info/direct_url.json", address),
        ]);
        let package = &inventories[0].packages[0];
        let purl = "pkg:pypi/a@1?vcs_url=git%2Bhttps:%2F%2Fhost%2Fa.git%40c0ffee";
        assert_eq!((&package.origin, inventories.len()), (&Origin::Purl(purl.to_owned()), 1));
        let place = inventories[0].files.get(package.file).map(|place| place.path.as_str());
        assert_eq!(place, Some("usr/lib/python3.11/site-packages/a-1.dist-info/METADATA"));
    }
}
