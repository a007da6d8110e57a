//! `Pipfile.lock`, specification 6 (pipenv.pypa.io, "Pipfile & Pipfile.lock"). It does not say what needs what.

use super::{
    super::{BadFile, Found, ParseError, Surroundings, documents::json},
    locked::{Source, package},
};
use crate::{
    graph::{Ecosystem, FindingKind, Inventory, Knowledge, Scope},
    purl::pypi_name,
};
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};

#[derive(Deserialize)]
struct Lock {
    #[serde(rename = "_meta")]
    meta: Meta,
    /// Categories of packages: `default`, `develop`, and what the project names itself.
    #[serde(flatten)]
    categories: BTreeMap<String, BTreeMap<String, Entry>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Meta {
    pipfile_spec: Option<u32>,
    #[serde(default)]
    sources: Vec<Index>,
}

#[derive(Deserialize)]
struct Index {
    name: String,
    url: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    version: Option<String>,
    hashes: Vec<String>,
    index: Option<String>,
    git: Option<String>,
    #[serde(rename = "ref")]
    commit: String,
    file: Option<String>,
    path: Option<String>,
    editable: bool,
    markers: Option<String>,
}

impl Entry {
    fn source<'a>(&'a self, indexes: &'a [Index]) -> Source<'a> {
        let remote = self.file.as_deref().filter(|url| url.contains("://") && !url.starts_with("file:"));
        match (self, remote) {
            (Self { git: Some(url), .. }, _) => Source::Git(url, &self.commit),
            (_, Some(url)) => Source::Archive(url),
            (Self { path: Some(_), .. } | Self { editable: true, .. }, _) => Source::Own,
            (Self { index: Some(name), .. }, _) => {
                Source::Index(indexes.iter().find(|index| index.name == *name).map(|index| index.url.as_str()))
            }
            _ => Source::Index(None),
        }
    }
}

/// Reads a lockfile with the `Pipfile` beside it, which says what the project itself asks for.
///
/// # Errors
/// [`BadFile`] when either is not what its name promises.
pub(super) fn read(found: &Found, surroundings: &Surroundings<'_>) -> Result<Vec<Inventory>, BadFile> {
    let bad = |path: &str| {
        let path = path.to_owned();
        move |error| BadFile { path, error }
    };
    let beside = found.place.path.strip_suffix(".lock").unwrap_or_default();
    let manifest = surroundings.file(beside);
    let mut inventory = parse(&found.bytes).map_err(bad(&found.place.path))?;
    if let Some(bytes) = manifest {
        let bytes = [bytes.as_slice(), b"\n"].concat();
        let (_, manifest): (_, ::toml::Table) = super::locked::toml(&bytes).map_err(bad(beside))?;
        let tables = manifest.iter().filter(|(name, _)| !matches!(name.as_str(), "requires" | "scripts" | "pipenv"));
        let asked: HashSet<String> =
            tables.filter_map(|(_, table)| table.as_table()).flatten().map(|(name, _)| pypi_name(name)).collect();
        let direct = inventory.packages.iter().enumerate().filter(|(_, package)| asked.contains(&package.name));
        inventory.direct = Some(direct.map(|(index, _)| index).collect());
    }
    Ok(vec![inventory])
}

/// The packages of a lockfile.
///
/// # Errors
/// [`ParseError`] for what Pipenv would not write.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let lock: Lock = json(bytes)?;
    let mut inventory = Inventory::new(Ecosystem::Pypi);
    if lock.meta.pipfile_spec.is_none_or(|version| version != 6) {
        let message = "lockfile specification is not known; 6 is";
        inventory.finding(FindingKind::UnknownVersion, None, message);
        inventory.direct = Some(Vec::new());
        return Ok(inventory);
    }
    for (category, entries) in &lock.categories {
        for (name, entry) in entries {
            let version = entry.version.as_deref().map(|version| version.trim_start_matches('=').trim());
            let version = version.filter(|version| !version.is_empty() && *version != "*");
            let hashes = entry.hashes.iter().map(String::as_str);
            let mut package = package((name, version), entry.source(&lock.meta.sources), hashes, None)?;
            package.scope = match category.as_str() {
                "default" => Scope::Required,
                "develop" => Scope::Development,
                _ => Scope::Optional,
            };
            package.needs_known = Knowledge::Unknown;
            if let Some(marker) = &entry.markers {
                package.properties.insert("lockkeeper:pypi:marker", marker.clone());
            }
            inventory.packages.push(package);
        }
    }
    Ok(inventory)
}
