//! `package-lock.json` and `npm-shrinkwrap.json`, lockfile versions 1 to 3, and the hidden lockfile of an installed tree.
//!
//! Versions 2 and 3 list every installed folder under `packages`; what a folder needs is found as Node finds it: in its
//! own `node_modules`, then in its parents'. (npm docs, "package-lock.json".)

use super::{
    borrowed::{Names, Object, Text},
    folders::Folders,
    locked::{Locked, Source},
    manifest::{Manifest, licences},
    package_lock_v1,
};
use crate::{
    ecosystem::{ParseError, lines::Lines, shorten, text},
    graph::{Ecosystem, FindingKind, Inventory, Knowledge, Origin, Package, Scope},
};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lock<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    version: Option<Text<'a>>,
    #[serde(default = "oldest")]
    lockfile_version: u32,
    packages: Option<Object<'a, Entry<'a>>>,
    /// Version 2 repeats here what version 1 had, for old npm: read only where there is nothing else.
    dependencies: Option<&'a RawValue>,
}

/// npm 5 wrote the number from the start; a lockfile without one is read as version 1, as npm does.
fn oldest() -> u32 {
    1
}

/// One installed folder.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Entry<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    version: Option<Text<'a>>,
    pub(super) resolved: Option<Text<'a>>,
    pub(super) integrity: Option<Text<'a>>,
    license: Option<&'a RawValue>,
    link: bool,
    dev: bool,
    optional: bool,
    dev_optional: bool,
    in_bundle: bool,
    dependencies: Names<'a>,
    dev_dependencies: Names<'a>,
    optional_dependencies: Names<'a>,
    peer_dependencies: Names<'a>,
}

/// The packages of a `package-lock.json`; `manifest` is the `package.json` beside it, which version 1 alone needs.
///
/// # Errors
/// [`ParseError`] for broken JSON. A lockfile version that is not known is a finding. A needed package that is missing makes
/// the one that needs it incomplete and is remarked on: npm itself writes such files (npm/cli#4828).
pub fn parse(bytes: &[u8], manifest: Option<&[u8]>) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    let lock: Lock<'_> = serde_json::from_str(text).map_err(|error| at_json(&error, 0))?;
    match (lock.lockfile_version, &lock.packages) {
        (2 | 3, Some(packages)) => folders(text, packages, lock.name.as_deref()),
        (1, _) => {
            let manifest = manifest.and_then(Manifest::of_bytes);
            let project = package_lock_v1::Project {
                name: lock.name.as_deref(),
                version: lock.version.as_deref(),
                manifest: manifest.as_ref(),
            };
            package_lock_v1::inventory(text, lock.dependencies.map_or("{}", RawValue::get), &project)
        }
        (2 | 3, None) => Err(ParseError::at(1, "no `packages` in it, which this lockfile version has")),
        (version, _) => {
            let mut inventory = Inventory::new(Ecosystem::Npm);
            let text = format!("lockfile version {version} is not known; 1 to 3 are: nothing of this file is listed");
            inventory.finding(FindingKind::UnknownVersion, Some(1), text);
            Ok(inventory)
        }
    }
}

/// What an installed tree's own lockfile says of its folders, by path from the folder that holds `node_modules`.
///
/// # Errors
/// [`ParseError`] for broken JSON and for what has no `packages`.
pub(super) fn hidden(text: &str) -> Result<Object<'_, Entry<'_>>, ParseError> {
    let lock: Lock<'_> = serde_json::from_str(text).map_err(|error| at_json(&error, 0))?;
    lock.packages.ok_or_else(|| ParseError::at(1, "no `packages` in it, which a hidden lockfile has"))
}

/// A JSON error, in a part of the file that begins after `before` lines.
pub(super) fn at_json(error: &serde_json::Error, before: usize) -> ParseError {
    ParseError::at(error.line().max(1) + before, error.to_string())
}

fn folders(text: &str, packages: &[(Text<'_>, Entry<'_>)], project: Option<&str>) -> Result<Inventory, ParseError> {
    let mut inventory = Inventory::new(Ecosystem::Npm);
    let real: Vec<&(Text<'_>, Entry<'_>)> = packages.iter().filter(|(_, entry)| !entry.link).collect();
    let mut index = Folders::new(real.iter().map(|(key, _)| &**key));
    // A link is another name for the folder it points to.
    for (key, entry) in packages.iter().filter(|(_, entry)| entry.link) {
        index.link(key, entry.resolved.as_deref().unwrap_or_default());
    }
    let mut own = Vec::new();
    let lines = Lines::new(text);
    for (position, (key, entry)) in real.iter().enumerate() {
        let line = lines.of(key);
        let mut package = entry
            .package(key, project)
            .map_err(|message| ParseError::at(line.map_or(1, |line| line as usize), message))?;
        package.line = line;
        let mut missing = Vec::new();
        for (name, demand) in entry.demands(key) {
            match (index.lookup(key, name), demand) {
                (Some(found), _) => package.needs.push(found),
                (None, Demand::Must) => missing.push(name),
                (None, Demand::May) => {}
            }
        }
        package.needs.sort_unstable();
        package.needs.dedup();
        if entry.in_bundle {
            package.within = bundler(key, &real, &index);
        }
        if !missing.is_empty() {
            package.needs_known = Knowledge::Incomplete;
            let text = format!("`{}` needs `{}`, which is not in the file", folder(key), missing.join("`, `"));
            inventory.remark(line, text);
        }
        if package.origin == Origin::Own && !key.contains("node_modules/") {
            own.push(position);
        }
        inventory.packages.push(package);
    }
    inventory.direct = Some(own);
    Ok(inventory)
}

/// The package whose archive contains this folder: the first above it that is in no bundle itself.
fn bundler(key: &str, real: &[&(Text<'_>, Entry<'_>)], index: &Folders<'_>) -> Option<usize> {
    let mut folder = key;
    while let Some((above, _)) = folder.rsplit_once("/node_modules/") {
        match index.get(above) {
            Some(found) if !real[found].1.in_bundle => return above.contains("node_modules/").then_some(found),
            _ => folder = above,
        }
    }
    None
}

fn folder(key: &str) -> String {
    if key.is_empty() { "the project".to_owned() } else { shorten(key) }
}

enum Demand {
    Must,
    May,
}

impl Entry<'_> {
    /// What a folder asks for; development dependencies are installed only for the project's own folders.
    fn demands(&self, key: &str) -> impl Iterator<Item = (&str, Demand)> {
        let own = !key.contains("node_modules/");
        let optional = |name: &str| self.optional_dependencies.iter().any(|(other, _)| **other == *name);
        let must = self.dependencies.iter().map(|(name, _)| &**name).filter(move |name| !optional(name));
        let development = self.dev_dependencies.iter().map(|(name, _)| &**name).filter(move |_| own);
        let may = self.optional_dependencies.iter().map(|(name, _)| &**name);
        // A peer may be absent: `--legacy-peer-deps` leaves it to the user. `peerDependenciesMeta` alone asks for nothing.
        let peers = self.peer_dependencies.iter().map(|(name, _)| &**name);
        must.chain(development).map(|name| (name, Demand::Must)).chain(may.chain(peers).map(|name| (name, Demand::May)))
    }

    /// What the folder is for.
    pub(super) fn scope(&self) -> Scope {
        match self {
            Self { dev: true, .. } => Scope::Development,
            Self { optional: true, .. } | Self { dev_optional: true, .. } => Scope::Optional,
            _ => Scope::Required,
        }
    }

    fn package(&self, key: &str, project: Option<&str>) -> Result<Package, String> {
        let installed = key.rsplit_once("node_modules/").map(|(_, name)| name);
        let base = || key.rsplit('/').next().filter(|base| !base.is_empty());
        let full = self
            .name
            .as_deref()
            .or(installed)
            .or_else(|| if key.is_empty() { project } else { base() })
            .unwrap_or("project");
        let source = match (installed, self.resolved.as_deref()) {
            (None, _) => Source::Own,
            (Some(_), None) => Source::Registry,
            (Some(_), Some(url)) => Source::resolved(url),
        };
        let locked = Locked { full, version: self.version.as_deref(), source, integrity: self.integrity.as_deref() };
        let mut package = locked.package()?;
        package.scope = self.scope();
        package.licences = self.license.map(|raw| licences(raw.get())).unwrap_or_default();
        Ok(package)
    }
}

#[cfg(test)]
#[path = "package_lock_tests.rs"]
mod tests;
