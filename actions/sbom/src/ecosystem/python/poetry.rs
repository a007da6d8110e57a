//! `poetry.lock`, versions 1 and 2 (python-poetry.org; what Poetry's `packages/locker.py` writes).

use super::{
    super::{BadFile, Found, ParseError, Surroundings, documents::Lines},
    locked::{Need, Source, connect, package, toml},
    pep508,
    project::{Project, beside},
};
use crate::{
    graph::{Ecosystem, FindingKind, Inventory, Origin, Scope},
    purl::pypi_name,
};
use ::toml::{Spanned, Value};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, HashSet};

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Spanned<Entry>>,
    /// Poetry writes it last: a file without it is cut off.
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Metadata {
    lock_version: Option<String>,
    /// Version 1.0 kept the hashes here.
    #[serde(default)]
    files: BTreeMap<String, Vec<File>>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: String,
    #[serde(default)]
    optional: bool,
    /// `main` or `dev`, before Poetry 1.5.
    category: Option<String>,
    /// Since Poetry 2.
    groups: Option<Vec<String>>,
    #[serde(default)]
    files: Vec<File>,
    #[serde(default)]
    dependencies: BTreeMap<String, Value>,
    #[serde(default)]
    extras: BTreeMap<String, Vec<String>>,
    source: Option<Origins>,
}

#[derive(Deserialize)]
struct File {
    hash: String,
}

#[derive(Deserialize)]
struct Origins {
    #[serde(rename = "type")]
    kind: Option<String>,
    url: String,
    #[serde(default)]
    resolved_reference: String,
}

impl Entry {
    fn source(&self) -> Source<'_> {
        match &self.source {
            None => Source::Index(None),
            Some(source) => match source.kind.as_deref() {
                Some("directory") => Source::Own,
                Some("git") => Source::Git(&source.url, &source.resolved_reference),
                Some("file" | "url") => Source::Archive(&source.url),
                _ => Source::Index(Some(&source.url)),
            },
        }
    }

    fn scope(&self) -> Option<Scope> {
        let main = match (&self.groups, &self.category) {
            (Some(groups), _) => groups.iter().any(|group| group == "main"),
            (None, Some(category)) => category == "main",
            (None, None) => return None,
        };
        Some(match (main, self.optional) {
            (true, false) => Scope::Required,
            (true, true) => Scope::Optional,
            (false, _) => Scope::Development,
        })
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
/// [`ParseError`] for what Poetry would not write.
pub(super) fn parse(bytes: &[u8], project: Option<&Project>) -> Result<Inventory, ParseError> {
    let (text, lock): (_, Lock) = toml(bytes)?;
    let mut inventory = Inventory::new(Ecosystem::Pypi);
    let version = lock.metadata.lock_version.as_deref().unwrap_or("1.0");
    if !version.starts_with("1.") && !version.starts_with("2.") {
        let message = format!("lockfile version {version} is not known; 1 and 2 are");
        inventory.finding(FindingKind::UnknownVersion, None, message);
        inventory.direct = Some(Vec::new());
        return Ok(inventory);
    }
    let mut lines = Lines::of(text);
    for spanned in &lock.package {
        let (entry, line) = (spanned.get_ref(), lines.at(spanned.span().start));
        let old = lock.metadata.files.get(&entry.name).into_iter().flatten();
        let hashes = entry.files.iter().chain(old).map(|file| file.hash.as_str());
        inventory.packages.push(package((&entry.name, Some(&entry.version)), entry.source(), hashes, Some(line))?);
    }
    let entries: Vec<&Entry> = lock.package.iter().map(Spanned::get_ref).collect();
    let asked = asked_extras(&entries);
    let needs: Vec<Vec<Need>> = entries.iter().map(|entry| needs(entry, &asked)).collect();
    connect(&mut inventory, &needs)?;
    if let Some(project) = project {
        project.add(&mut inventory).give_scopes(&mut inventory);
    }
    for (entry, package) in entries.iter().zip(&mut inventory.packages) {
        match entry.scope() {
            Some(scope) => package.scope = scope,
            None if project.is_none() => package.scope = if entry.optional { Scope::Optional } else { Scope::Unstated },
            None => {}
        }
        if package.origin == Origin::Own {
            package.scope = Scope::Required;
        }
    }
    Ok(inventory)
}

/// One dependency, or several of one name for different environments.
fn variants(wanted: &Value) -> Vec<&Value> {
    wanted.as_array().map_or_else(|| vec![wanted], |several| several.iter().collect())
}

/// The extras that some package asks of another.
fn asked_extras(entries: &[&Entry]) -> HashMap<String, HashSet<String>> {
    let mut asked: HashMap<String, HashSet<String>> = HashMap::new();
    for (name, wanted) in entries.iter().flat_map(|entry| &entry.dependencies) {
        for extra in variants(wanted).into_iter().filter_map(|wanted| wanted.get("extras")?.as_array()).flatten() {
            asked.entry(pypi_name(name)).or_default().extend(extra.as_str().map(pypi_name));
        }
    }
    asked
}

fn needs(entry: &Entry, asked: &HashMap<String, HashSet<String>>) -> Vec<Need> {
    let here = asked.get(&pypi_name(&entry.name));
    let active = entry.extras.iter().filter(|(extra, _)| here.is_some_and(|asked| asked.contains(&pypi_name(extra))));
    let active: HashSet<String> = active
        .flat_map(|(_, wanted)| wanted)
        .filter_map(|wanted| pep508::split(wanted).ok().map(|requirement| pypi_name(requirement.name)))
        .collect();
    let mut needs = Vec::new();
    for (name, wanted) in &entry.dependencies {
        let name = pypi_name(name);
        for wanted in variants(wanted) {
            let optional = wanted.get("optional").and_then(Value::as_bool) == Some(true);
            if optional && !active.contains(&name) {
                continue;
            }
            let specifiers = wanted.as_str().or_else(|| wanted.get("version")?.as_str()).unwrap_or_default().to_owned();
            needs.push(Need {
                name: name.clone(),
                specifiers,
                dispensable: optional || wanted.get("markers").is_some(),
            });
        }
    }
    needs
}
