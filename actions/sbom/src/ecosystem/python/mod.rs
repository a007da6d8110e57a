//! Python: requirements files, the lockfiles of its many tools, and installed distributions.

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
