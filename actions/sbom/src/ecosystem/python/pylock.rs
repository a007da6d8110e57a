//! `pylock.toml`, version 1.0 (PEP 751).

use super::{
    super::{Found, ParseError, documents::Lines, shorten},
    locked::{Source, package, toml},
};
use crate::{
    graph::{Ecosystem, FindingKind, Inventory, Knowledge},
    purl::pypi_name,
};
use ::toml::{Spanned, Table, Value};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Lock {
    lock_version: String,
    packages: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: Option<String>,
    marker: Option<String>,
    /// Tables that name packages of this file, by as many of their keys as it takes.
    dependencies: Option<Vec<Table>>,
    index: Option<String>,
    vcs: Option<Vcs>,
    directory: Option<Table>,
    archive: Option<File>,
    sdist: Option<File>,
    #[serde(default)]
    wheels: Vec<File>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Vcs {
    url: Option<String>,
    path: Option<String>,
    commit_id: String,
}

#[derive(Deserialize)]
struct File {
    url: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

impl Entry {
    fn source(&self) -> Source<'_> {
        match self {
            Self { vcs: Some(vcs), .. } => {
                Source::Git(vcs.url.as_deref().or(vcs.path.as_deref()).unwrap_or_default(), &vcs.commit_id)
            }
            Self { directory: Some(_), .. } => Source::Own,
            Self { archive: Some(archive), .. } => Source::Archive(archive.url.as_deref().unwrap_or_default()),
            Self { .. } => Source::Index(self.index.as_deref()),
        }
    }

    fn hashes(&self) -> Vec<String> {
        let files = self.archive.iter().chain(&self.sdist).chain(&self.wheels);
        let known = |name: &str| matches!(name, "sha256" | "sha384" | "sha512");
        files
            .flat_map(|file| &file.hashes)
            .filter(|(name, _)| known(name))
            .map(|(name, hex)| format!("{name}:{hex}"))
            .collect()
    }
}

/// The packages of a lockfile. What needs what is only for information in this format, and mostly left out.
///
/// # Errors
/// [`ParseError`] for what PEP 751 forbids.
pub(super) fn read(found: &Found) -> Result<Vec<Inventory>, ParseError> {
    let (text, lock): (_, Lock) = toml(&found.bytes)?;
    let mut inventory = Inventory::new(Ecosystem::Pypi);
    if !lock.lock_version.starts_with("1.") {
        let message = format!("lockfile version `{}` is not known; 1 is", shorten(&lock.lock_version));
        inventory.finding(FindingKind::UnknownVersion, None, message);
        inventory.direct = Some(Vec::new());
        return Ok(vec![inventory]);
    }
    let mut lines = Lines::of(text);
    for spanned in &lock.packages {
        let (entry, line) = (spanned.get_ref(), lines.at(spanned.span().start));
        let hashes = entry.hashes();
        let hashes = hashes.iter().map(String::as_str);
        let mut package = package((&entry.name, entry.version.as_deref()), entry.source(), hashes, Some(line))?;
        if let Some(marker) = &entry.marker {
            package.properties.insert("lockkeeper:pypi:marker", marker.clone());
        }
        inventory.packages.push(package);
    }
    connect(&mut inventory, &lock.packages)?;
    Ok(vec![inventory])
}

fn connect(inventory: &mut Inventory, entries: &[Spanned<Entry>]) -> Result<(), ParseError> {
    let stated = entries.iter().any(|entry| entry.get_ref().dependencies.is_some());
    let names: HashMap<String, Vec<usize>> =
        inventory.packages.iter().enumerate().fold(HashMap::new(), |mut names, (index, package)| {
            names.entry(package.name.clone()).or_default().push(index);
            names
        });
    for (index, spanned) in entries.iter().enumerate() {
        let line = inventory.packages[index].line.unwrap_or(1);
        let mut needs = Vec::new();
        for wanted in spanned.get_ref().dependencies.iter().flatten() {
            let name = wanted.get("name").and_then(Value::as_str).map(pypi_name).unwrap_or_default();
            let version = wanted.get("version").and_then(Value::as_str);
            let fits =
                |other: &&usize| version.is_none_or(|v| inventory.packages[**other].version.as_deref() == Some(v));
            let mut found = names.get(&name).into_iter().flatten().filter(fits);
            // Told apart by more than a version, which nobody writes: any of them would be a guess.
            let (Some(other), None) = (found.next(), found.next()) else {
                return Err(ParseError {
                    line,
                    message: format!("needs `{}`, which is not one package here", shorten(&name)),
                });
            };
            needs.push(*other);
        }
        let package = &mut inventory.packages[index];
        package.needs = needs;
        if !stated {
            package.needs_known = Knowledge::Unknown;
        }
    }
    Ok(())
}
