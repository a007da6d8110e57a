//! `conda-lock.yml`, version 1 (conda/conda-lock, `conda_lock/lockfile/v1/models.py`).
//!
//! YAML: `metadata`, then a list of packages for each platform, then `version`, which is written last, so a file without it
//! was cut off. conda-lock before 1.3 and some hands write `version` first: there, a file cut off between two packages of its
//! last platform is known only by what is needed and missing.

use super::{
    super::{
        ParseError,
        documents::yaml,
        git,
        needs::{Count, Names, lacks},
        shorten,
    },
    package::{Stored, add_checksum, is_virtual, name_of},
};
use crate::{
    graph::{Ecosystem, FindingKind, Inventory, Origin, Package, Scope},
    purl::{self, Purl},
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
struct Lock {
    version: Option<u32>,
    metadata: Option<Metadata>,
    package: Vec<Entry>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    platforms: Vec<String>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: String,
    manager: String,
    platform: String,
    url: String,
    #[serde(default)]
    dependencies: Option<BTreeMap<String, serde_yaml::Value>>,
    hash: Hash,
    category: Option<String>,
}

#[derive(Deserialize)]
struct Hash {
    md5: Option<String>,
    sha256: Option<String>,
}

/// The packages of a lockfile, those of pip among them. What needs what holds within one platform.
///
/// `main` is what the product needs, `dev` is for development, and every other category is an extra.
///
/// # Errors
/// [`ParseError`] for broken YAML, a package without what conda-lock always writes, and a name that cannot be a package's.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let lock: Lock = yaml(bytes)?;
    let mut inventory = Inventory::new(Ecosystem::Conda);
    match lock.version {
        Some(1) => {}
        None => return Err(ParseError::at(1, "no `version` in it (is it cut off?)")),
        Some(version) => {
            let text = format!("lockfile version {version} is not known; 1 is: nothing of it is listed");
            inventory.finding(FindingKind::UnknownVersion, None, text);
            inventory.direct = Some(Vec::new());
            return Ok(inventory);
        }
    }
    let mut platforms: BTreeMap<&str, Names<'_>> = BTreeMap::new();
    for (index, entry) in lock.package.iter().enumerate() {
        let wrong = || ParseError::at(1, format!("`{}` is not locked as conda-lock locks it", shorten(&entry.name)));
        inventory.packages.push(package(entry).ok_or_else(wrong)?);
        let names = platforms.entry(&entry.platform).or_default();
        names.add(key(&entry.manager, &entry.name), index);
    }
    let mut count = Count::default();
    for (index, entry) in lock.package.iter().enumerate() {
        let Some(names) = platforms.get(entry.platform.as_str()) else { continue };
        let mut needs = BTreeSet::new();
        let mut missing = Vec::new();
        for name in entry.dependencies.iter().flatten().map(|(name, _)| name_of(name)) {
            // What pip installs may need what conda has installed, never the other way round.
            let mut found = names.of(&key(&entry.manager, name));
            if found.is_empty() && entry.manager == "pip" {
                found = names.of(&key("conda", name));
            }
            if found.is_empty() && !is_virtual(name) {
                missing.push(name);
            }
            needs.extend(found.iter().copied().filter(|found| *found != index));
        }
        count.add(needs.len(), None)?;
        inventory.packages[index].needs = needs.into_iter().collect();
        lacks(&mut inventory, index, &missing);
    }
    for platform in lock.metadata.iter().flat_map(|metadata| &metadata.platforms) {
        if !platforms.contains_key(platform.as_str()) && !lock.package.is_empty() {
            let text = format!("no package for the platform `{}` (is the file cut off?)", shorten(platform));
            inventory.finding(FindingKind::Broken, None, text);
        }
    }
    Ok(inventory)
}

/// Names are told apart by who installs them; pip's are compared in their normal form.
fn key(manager: &str, name: &str) -> String {
    if manager == "pip" { format!("pip:{}", purl::pypi_name(name)) } else { name.to_lowercase() }
}

fn package(entry: &Entry) -> Option<Package> {
    let mut package = if entry.manager == "pip" { from_pip(entry)? } else { from_conda(entry)? };
    add_checksum(&mut package, "MD5", entry.hash.md5.as_deref())?;
    add_checksum(&mut package, "SHA-256", entry.hash.sha256.as_deref())?;
    package.scope = match entry.category.as_deref() {
        None | Some("main") => Scope::Required,
        Some("dev") => Scope::Development,
        Some(_) => Scope::Optional,
    };
    Some(package)
}

fn from_conda(entry: &Entry) -> Option<Package> {
    if entry.manager != "conda" {
        return None;
    }
    Stored { name: &entry.name, version: &entry.version, ..Stored::at(&entry.url)? }.package()
}

fn from_pip(entry: &Entry) -> Option<Package> {
    let name = purl::pypi_name(&entry.name);
    let purl = Purl::new("pypi", &name).version(&entry.version);
    let url = purl::without_credentials(&entry.url);
    let vcs = url.strip_prefix("git+").map(|url| {
        let (url, commit) = url.rsplit_once('@').unwrap_or((url, ""));
        git::vcs_url(url, commit)
    });
    let purl = match &vcs {
        Some(vcs) => purl.qualifier("vcs_url", vcs),
        None if url.contains("://files.pythonhosted.org/") => purl,
        None if url.starts_with("http://") || url.starts_with("https://") => purl.qualifier("download_url", &url),
        None => return Some(Package::new(name.clone(), Some(entry.version.clone()), Origin::Own)),
    };
    Some(Package::new(name.clone(), Some(entry.version.clone()), Origin::Purl(purl.build()?)))
}

#[cfg(test)]
#[path = "conda_lock_tests.rs"]
mod tests;
