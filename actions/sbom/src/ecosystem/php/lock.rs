//! `composer.lock`, with `composer.json` beside it (getcomposer.org, "Basic usage").
//!
//! The lockfile names every package; what the project itself asks for is only in `composer.json`.

use super::{
    super::{BadFile, Found, ParseError, Surroundings, documents::json, needs::lacks, shorten},
    composer::{self, Described},
};
use crate::graph::{Ecosystem, Inventory, Origin, Package, Scope};
use serde::Deserialize;
use std::collections::HashSet;

#[derive(Deserialize)]
struct Lock {
    packages: Vec<Described>,
    #[serde(rename = "packages-dev", default)]
    packages_dev: Option<Vec<Described>>,
}

/// What the project says of itself.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Manifest {
    name: Option<String>,
    version: Option<String>,
    #[serde(deserialize_with = "composer::names")]
    require: Vec<String>,
    #[serde(rename = "require-dev", deserialize_with = "composer::names")]
    require_dev: Vec<String>,
    #[serde(deserialize_with = "composer::names")]
    provide: Vec<String>,
    #[serde(deserialize_with = "composer::names")]
    replace: Vec<String>,
}

/// Reads a lockfile with its manifest, if there is one.
///
/// # Errors
/// [`BadFile`] when either is not what its name promises.
pub(super) fn read(found: &Found, surroundings: &Surroundings<'_>) -> Result<Vec<Inventory>, BadFile> {
    let path = &found.place.path;
    let beside = path.strip_suffix("composer.lock").map(|folder| format!("{folder}composer.json"));
    let manifest = beside.as_deref().and_then(|beside| surroundings.file(beside));
    let bad = |path: &str| {
        let path = path.to_owned();
        move |error| BadFile { path, error }
    };
    if let (Some(manifest), Some(beside)) = (&manifest, &beside) {
        json::<Manifest>(manifest).map_err(bad(beside))?;
    }
    parse(&found.bytes, manifest.as_deref()).map(|inventory| vec![inventory]).map_err(bad(path))
}

/// The packages of a lockfile. With a manifest, what the project asks for is known, and the project is one of them.
///
/// # Errors
/// [`ParseError`] for broken JSON and for names that cannot be a package's.
pub fn parse(bytes: &[u8], manifest: Option<&[u8]>) -> Result<Inventory, ParseError> {
    let lock: Lock = json(bytes)?;
    let manifest: Option<Manifest> = manifest.map(json).transpose()?;
    let development = lock.packages_dev.unwrap_or_default();
    let mut inventory = Inventory::new(Ecosystem::Composer);
    composer::add(&mut inventory, &lock.packages, Scope::Required)?;
    composer::add(&mut inventory, &development, Scope::Development)?;
    let described: Vec<&Described> = lock.packages.iter().chain(&development).collect();
    let stand_in: HashSet<String> = manifest.iter().flat_map(|m| m.provide.iter().chain(&m.replace)).cloned().collect();
    composer::connect(&mut inventory, &described, &stand_in)?;
    if let Some(manifest) = manifest {
        add_project(&mut inventory, &described, &manifest);
    }
    Ok(inventory)
}

fn add_project(inventory: &mut Inventory, described: &[&Described], manifest: &Manifest) {
    let (real, stand_in) = composer::index(described);
    let mut missing = Vec::new();
    let mut asked = Vec::new();
    for name in manifest.require.iter().chain(&manifest.require_dev).filter(|name| !composer::is_platform(name)) {
        let found = composer::fulfilled_by(name, &real, &stand_in);
        asked.extend_from_slice(found);
        if found.is_empty() {
            missing.push(name.as_str());
        }
    }
    asked.sort_unstable();
    asked.dedup();
    let Some(full) = manifest.name.as_deref().filter(|name| !name.is_empty()) else {
        for name in missing {
            inventory.remark(None, format!("`{}` is asked for and not locked", shorten(name)));
        }
        inventory.direct = Some(asked);
        return;
    };
    let (vendor, name) = full.split_once('/').map_or((None, full), |(vendor, name)| (Some(vendor), name));
    let mut project = Package::new(name, manifest.version.clone(), Origin::Own);
    project.group = vendor.map(str::to_owned);
    project.needs = asked;
    let index = inventory.packages.len();
    inventory.packages.push(project);
    lacks(inventory, index, &missing);
    inventory.direct = Some(vec![index]);
}

#[cfg(test)]
#[path = "lock_tests.rs"]
mod tests;
