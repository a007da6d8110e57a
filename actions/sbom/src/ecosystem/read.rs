//! The files that were found, each given to its reader: pure, whatever the source was.

use super::{
    BadFile, Kind, ParseError, cargo, dpkg, npm, os_release, python_dist,
    requirements::{self, Files},
};
use crate::graph::{Ecosystem, Inventory, Knowledge, Origin, Package, Place, Remark};
use std::collections::BTreeMap;

/// A file with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Everything that was seen in a source, before any of it is understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sighting {
    /// The files a reader exists for, sorted by path.
    pub files: Vec<Found>,
    /// What lists packages and has no reader: path and what it is.
    pub not_covered: Vec<(String, &'static str)>,
}

/// One inventory per lockfile and per package database.
///
/// # Errors
/// [`BadFile`] for the first file that is not what its name promises: a broken file is never an empty one.
pub fn inventories(sighting: &Sighting, includes: Files<'_>) -> Result<Vec<Inventory>, BadFile> {
    let distribution = distribution(&sighting.files)?;
    let mut inventories = Vec::new();
    if let Some((found, distribution)) = &distribution {
        inventories.push(system(found, distribution));
    }
    inventories.extend(database(&sighting.files, distribution.as_ref().map(|(_, d)| d))?);
    inventories.extend(site_packages(&sighting.files)?);
    for found in &sighting.files {
        let lockfile = match found.kind {
            Kind::CargoLock => cargo::parse(&found.bytes),
            Kind::PackageLock => npm::parse(&found.bytes),
            Kind::Requirements => {
                inventories.push(requirements_file(found, includes)?);
                continue;
            }
            Kind::Dpkg | Kind::OsRelease | Kind::PythonDist | Kind::Constraints => continue,
        };
        let mut inventory = lockfile.map_err(|error| bad(found, error))?;
        inventory.files = vec![found.place.clone()];
        inventories.push(inventory);
    }
    inventories.extend(not_covered(&sighting.not_covered));
    Ok(inventories)
}

fn bad(found: &Found, error: ParseError) -> BadFile {
    BadFile { path: found.place.path.clone(), error }
}

fn requirements_file(found: &Found, includes: Files<'_>) -> Result<Inventory, BadFile> {
    let (mut inventory, paths) = requirements::read(&found.place.path, &found.bytes, includes)?;
    inventory.files = paths.into_iter().map(|path| Place { path, layer: found.place.layer.clone() }).collect();
    Ok(inventory)
}

/// `/etc/os-release` comes before `/usr/lib/os-release` (os-release(5)), which sorting by path gives.
fn distribution(files: &[Found]) -> Result<Option<(&Found, os_release::Distribution)>, BadFile> {
    let Some(found) = files.iter().find(|found| found.kind == Kind::OsRelease && !found.bytes.is_empty()) else {
        return Ok(None);
    };
    let distribution = os_release::parse(&found.bytes).map_err(|error| bad(found, error))?;
    Ok(Some((found, distribution)))
}

fn system(found: &Found, distribution: &os_release::Distribution) -> Inventory {
    let mut inventory = Inventory::new(Ecosystem::Os);
    inventory.files = vec![found.place.clone()];
    let mut package = Package::new(&distribution.id, distribution.version.clone(), Origin::System);
    if let Some(pretty) = &distribution.pretty {
        package.properties.insert("lockkeeper:os:pretty-name", pretty.clone());
    }
    inventory.packages.push(package);
    inventory
}

/// status and all of status.d are one database.
fn database(files: &[Found], distribution: Option<&os_release::Distribution>) -> Result<Option<Inventory>, BadFile> {
    let files: Vec<&Found> = files.iter().filter(|found| found.kind == Kind::Dpkg).collect();
    if files.is_empty() {
        return Ok(None);
    }
    let mut stanzas = Vec::new();
    for (index, found) in files.iter().enumerate() {
        let whole = if found.place.path.contains("status.d/") { dpkg::Layout::Parts } else { dpkg::Layout::Whole };
        let read = dpkg::stanzas(&found.bytes, whole).map_err(|error| bad(found, error))?;
        stanzas.extend(read.into_iter().map(|stanza| (index, stanza)));
    }
    let mut inventory = dpkg::inventory(stanzas, distribution).map_err(|(file, error)| bad(files[file], error))?;
    inventory.files = files.iter().map(|found| found.place.clone()).collect();
    Ok(Some(inventory))
}

/// Every `site-packages` folder is an installation of its own.
fn site_packages(files: &[Found]) -> Result<Vec<Inventory>, BadFile> {
    let mut folders: BTreeMap<&str, Vec<&Found>> = BTreeMap::new();
    for found in files.iter().filter(|found| found.kind == Kind::PythonDist) {
        let path = &found.place.path;
        let end = path.rfind("-packages/").map_or(0, |at| at + "-packages".len());
        folders.entry(&path[..end]).or_default().push(found);
    }
    let mut inventories = Vec::new();
    for (folder, files) in folders {
        let mut distributions = Vec::new();
        for (index, found) in files.iter().enumerate() {
            let distribution = python_dist::parse(&found.bytes).map_err(|error| bad(found, error))?;
            distributions.push((index, distribution));
        }
        let mut inventory = python_dist::inventory(&distributions, python_dist::python_version(folder))
            .map_err(|(file, error)| bad(files[file], error))?;
        inventory.files = files.iter().map(|found| found.place.clone()).collect();
        inventories.push(inventory);
    }
    Ok(inventories)
}

/// What cannot be read makes the listing incomplete and is said.
fn not_covered(seen: &[(String, &'static str)]) -> Option<Inventory> {
    if seen.is_empty() {
        return None;
    }
    let mut inventory = Inventory::new(Ecosystem::Os);
    inventory.listing = Knowledge::Incomplete;
    inventory.direct = Some(Vec::new());
    let remark = |(path, what): &(String, &str)| Remark {
        path: path.clone(),
        line: None,
        text: format!("not covered yet ({what}): nothing of this file is listed"),
    };
    inventory.remarks = seen.iter().map(remark).collect();
    Some(inventory)
}
