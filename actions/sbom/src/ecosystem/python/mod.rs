//! Python: requirements files and installed distributions.

pub mod installed;
pub mod pep508;
pub mod requirements;

use super::{BadFile, Candidate, Format, Found, Place, Reads, Surroundings, is_the_applications};
use crate::graph::{self, Inventory};
use requirements::{Files, Missing};

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
        name: "Pipenv",
        claims: |file| file.file_name() == "Pipfile.lock" && is_the_applications(file),
        reads: Reads::NotCovered,
    },
    Format {
        name: "PDM",
        claims: |file| file.file_name() == "pdm.lock" && is_the_applications(file),
        reads: Reads::NotCovered,
    },
    Format {
        name: "Poetry",
        claims: |file| file.file_name() == "poetry.lock" && is_the_applications(file),
        reads: Reads::NotCovered,
    },
    Format {
        name: "pylock",
        claims: |file| file.file_name() == "pylock.toml" && is_the_applications(file),
        reads: Reads::NotCovered,
    },
    Format {
        name: "uv",
        claims: |file| file.file_name() == "uv.lock" && is_the_applications(file),
        reads: Reads::NotCovered,
    },
];

/// `…/{site,dist}-packages/x.dist-info/METADATA`, `…/x.egg-info/PKG-INFO`, or `…/x.egg-info` as a file.
fn is_installed(file: &Candidate<'_>) -> bool {
    let mut parts = file.path.rsplit('/');
    let name = parts.next().unwrap_or_default();
    let (folder, home) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let installed = |home: &str| matches!(home, "site-packages" | "dist-packages");
    file.place == Place::Image
        && ((installed(home) && folder.ends_with(".dist-info") && name == "METADATA")
            || (installed(home) && folder.ends_with(".egg-info") && name == "PKG-INFO")
            || (installed(folder) && name.ends_with(".egg-info")))
}

/// Every `site-packages` folder is an installation of its own.
fn site_packages(path: &str) -> &str {
    path.rfind("-packages/").map_or(path, |at| &path[..at + "-packages".len()])
}

fn read_installed(files: &[&Found], _: &Surroundings<'_>) -> Result<Vec<Inventory>, BadFile> {
    let bad = |file: usize, error| {
        let path = files.get(file).map(|found| found.place.path.clone()).unwrap_or_default();
        BadFile { path, error }
    };
    let mut distributions = Vec::new();
    for (index, found) in files.iter().enumerate() {
        distributions.push((index, installed::parse(&found.bytes).map_err(|error| bad(index, error))?));
    }
    let folder = files.first().map_or("", |found| site_packages(&found.place.path));
    let inventory = installed::inventory(&distributions, installed::python_version(folder));
    inventory.map(|inventory| vec![inventory]).map_err(|(file, error)| bad(file, error))
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
