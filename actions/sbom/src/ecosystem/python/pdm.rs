//! `pdm.lock`, version 4 (pdm-project.org, "Lock file"). A package with extras stands there once more for each choice of them.

use super::{
    super::{BadFile, Found, ParseError, Surroundings, documents::Lines},
    locked::{Need, Source, connect, package, toml},
    pep508,
    project::{Project, beside},
};
use crate::{
    graph::{Ecosystem, FindingKind, Inventory, Scope},
    purl::pypi_name,
};
use ::toml::Spanned;
use serde::Deserialize;
use std::collections::HashMap;

#[derive(Deserialize)]
struct Lock {
    metadata: Metadata,
    #[serde(default)]
    package: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
struct Metadata {
    lock_version: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: Option<String>,
    groups: Option<Vec<String>>,
    #[serde(default)]
    dependencies: Vec<String>,
    #[serde(default)]
    files: Vec<File>,
    git: Option<String>,
    #[serde(default)]
    revision: String,
    url: Option<String>,
    path: Option<String>,
}

#[derive(Deserialize)]
struct File {
    hash: Option<String>,
}

impl Entry {
    fn source(&self) -> Source<'_> {
        match self {
            Self { git: Some(url), .. } => Source::Git(url, &self.revision),
            Self { url: Some(url), .. } => Source::Archive(url),
            Self { path: Some(_), .. } => Source::Own,
            Self { .. } => Source::Index(None),
        }
    }
}

/// Reads a lockfile with the project beside it.
///
/// # Errors
/// [`BadFile`] when either is not what its name promises.
pub(super) fn read(found: &Found, surroundings: &Surroundings<'_>) -> Result<Vec<Inventory>, BadFile> {
    let project = beside(found, surroundings)?;
    let parsed = parse(&found.bytes, project.as_ref());
    parsed.map(|inventory| vec![inventory]).map_err(|error| BadFile { path: found.place.path.clone(), error })
}

/// The packages of a lockfile.
///
/// # Errors
/// [`ParseError`] for what PDM would not write.
pub(super) fn parse(bytes: &[u8], project: Option<&Project>) -> Result<Inventory, ParseError> {
    let (text, lock): (_, Lock) = toml(bytes)?;
    let mut inventory = Inventory::new(Ecosystem::Pypi);
    let version = lock.metadata.lock_version.unwrap_or_default();
    if !version.starts_with("4.") {
        let message = format!("lockfile version `{version}` is not known; 4 is");
        inventory.finding(FindingKind::UnknownVersion, None, message);
        inventory.direct = Some(Vec::new());
        return Ok(inventory);
    }
    let mut lines = Lines::of(text);
    let mut known: HashMap<(String, Option<&str>), usize> = HashMap::new();
    let mut needs: Vec<Vec<Need>> = Vec::new();
    for spanned in &lock.package {
        let (entry, line) = (spanned.get_ref(), lines.at(spanned.span().start));
        let hashes = entry.files.iter().filter_map(|file| file.hash.as_deref());
        let mut package = package((&entry.name, entry.version.as_deref()), entry.source(), hashes, Some(line))?;
        package.scope = scope(entry);
        let index = *known.entry((package.name.clone(), entry.version.as_deref())).or_insert(inventory.packages.len());
        if let Some(same) = inventory.packages.get_mut(index) {
            same.scope = same.scope.max(package.scope);
        } else {
            inventory.packages.push(package);
            needs.push(Vec::new());
        }
        for wanted in &entry.dependencies {
            needs[index].push(need(wanted).map_err(|message| ParseError { line, message })?);
        }
    }
    connect(&mut inventory, &needs)?;
    if let Some(project) = project {
        let heads = project.add(&mut inventory);
        if inventory.packages.iter().any(|package| package.scope == Scope::Unstated) {
            heads.give_scopes(&mut inventory);
        }
    }
    Ok(inventory)
}

/// `default` is the product; an extra and a development group look alike here.
fn scope(entry: &Entry) -> Scope {
    match &entry.groups {
        None => Scope::Unstated,
        Some(groups) if groups.iter().any(|group| group == "default") => Scope::Required,
        Some(groups) if groups.iter().any(|group| group == "dev") && groups.len() == 1 => Scope::Development,
        Some(_) => Scope::Unstated,
    }
}

fn need(wanted: &str) -> Result<Need, String> {
    let requirement = pep508::split(wanted)?;
    let specifiers = if requirement.rest.starts_with('@') { "" } else { requirement.rest };
    Ok(Need {
        name: pypi_name(requirement.name),
        specifiers: specifiers.to_owned(),
        dispensable: requirement.marker.is_some(),
    })
}
