//! `package-lock.json` and `npm-shrinkwrap.json`, lockfile versions 1 to 3.
//!
//! Versions 2 and 3 list every installed folder under `packages`; what a folder needs is found as Node finds it: in its
//! own `node_modules`, then in its parents'. (npm docs, "package-lock.json".)

use super::package_lock_v1;
use crate::ecosystem::{ParseError, shorten, text};
use crate::{
    graph::{Checksum, Ecosystem, Inventory, Knowledge, Origin, Package, Scope},
    licence, purl,
};
use base64::Engine as _;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lock {
    name: Option<String>,
    version: Option<String>,
    #[serde(default = "oldest")]
    lockfile_version: u32,
    packages: Option<BTreeMap<String, Entry>>,
    dependencies: Option<BTreeMap<String, package_lock_v1::Entry>>,
}

/// npm 5 wrote the number from the start; a lockfile without one is read as version 1, as npm does.
fn oldest() -> u32 {
    1
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Entry {
    name: Option<String>,
    version: Option<String>,
    resolved: Option<String>,
    integrity: Option<String>,
    license: Option<serde_json::Value>,
    link: bool,
    dev: bool,
    optional: bool,
    dev_optional: bool,
    dependencies: BTreeMap<String, String>,
    dev_dependencies: BTreeMap<String, String>,
    optional_dependencies: BTreeMap<String, String>,
    peer_dependencies: BTreeMap<String, String>,
}

/// The packages of a `package-lock.json`.
///
/// # Errors
/// [`ParseError`] for broken JSON and unknown lockfile versions. A needed package that is missing makes the one that
/// needs it incomplete and is remarked on: npm itself writes such files (npm/cli#4828).
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let lock: Lock = serde_json::from_str(text(bytes)?).map_err(|e| ParseError::at(e.line().max(1), e.to_string()))?;
    match (lock.lockfile_version, lock.packages, lock.dependencies) {
        (2 | 3, Some(packages), _) => folders(&packages, lock.name.as_deref()),
        (1, _, dependencies) => {
            package_lock_v1::inventory(lock.name.as_deref(), lock.version, &dependencies.unwrap_or_default())
        }
        (2 | 3, None, _) => Err(ParseError::at(1, "no `packages` in it, which this lockfile version has")),
        (version, ..) => Err(ParseError::at(1, format!("lockfile version {version} is not known; 1 to 3 are"))),
    }
}

fn folders(packages: &BTreeMap<String, Entry>, project: Option<&str>) -> Result<Inventory, ParseError> {
    let mut inventory = Inventory::new(Ecosystem::Npm);
    // A link is another name for the folder it points to.
    let real: Vec<&String> = packages.iter().filter(|(_, entry)| !entry.link).map(|(key, _)| key).collect();
    let mut index: BTreeMap<&str, usize> = real.iter().enumerate().map(|(i, key)| (key.as_str(), i)).collect();
    for (key, entry) in packages.iter().filter(|(_, entry)| entry.link) {
        if let Some(&target) = entry.resolved.as_deref().and_then(|target| index.get(target)) {
            index.insert(key, target);
        }
    }
    let mut own = Vec::new();
    for (position, key) in real.iter().enumerate() {
        let entry = &packages[*key];
        let mut package = package(key, entry, project)?;
        let mut missing = Vec::new();
        for (name, demand) in demands(key, entry) {
            match (lookup(key, name, &index), demand) {
                (Some(found), _) => package.needs.push(found),
                (None, Demand::Must) => missing.push(name),
                (None, Demand::May) => {}
            }
        }
        if !missing.is_empty() {
            package.needs_known = Knowledge::Incomplete;
            inventory
                .remark(None, format!("`{}` needs `{}`, which is not in the file", folder(key), missing.join("`, `")));
        }
        if package.origin == Origin::Own && !key.contains("node_modules/") {
            own.push(position);
        }
        inventory.packages.push(package);
    }
    inventory.direct = Some(own);
    Ok(inventory)
}

fn folder(key: &str) -> String {
    if key.is_empty() { "the project".to_owned() } else { shorten(key) }
}

enum Demand {
    Must,
    May,
}

/// What a folder asks for; development dependencies are installed only for the project's own folders.
fn demands<'a>(key: &str, entry: &'a Entry) -> impl Iterator<Item = (&'a str, Demand)> {
    let own = !key.contains("node_modules/");
    let must = entry.dependencies.keys().filter(|name| !entry.optional_dependencies.contains_key(*name));
    let development = entry.dev_dependencies.keys().filter(move |_| own);
    let may = entry.optional_dependencies.keys();
    // A peer may be absent: `--legacy-peer-deps` leaves it to the user. `peerDependenciesMeta` alone asks for nothing.
    let peers = entry.peer_dependencies.keys();
    must.chain(development)
        .map(|name| (name.as_str(), Demand::Must))
        .chain(may.chain(peers).map(|name| (name.as_str(), Demand::May)))
}

/// Node's own search: `<folder>/node_modules/<name>`, then the same in every folder above.
fn lookup(key: &str, name: &str, index: &BTreeMap<&str, usize>) -> Option<usize> {
    let mut folder = key;
    loop {
        let candidate =
            if folder.is_empty() { format!("node_modules/{name}") } else { format!("{folder}/node_modules/{name}") };
        if let Some(&found) = index.get(candidate.as_str()) {
            return Some(found);
        }
        if folder.is_empty() {
            return None;
        }
        folder = match folder.rfind("node_modules/") {
            Some(0) => "",
            Some(at) => folder[..at].trim_end_matches('/'),
            None => folder.rfind('/').map_or("", |at| &folder[..at]),
        };
    }
}

fn package(key: &str, entry: &Entry, project: Option<&str>) -> Result<Package, ParseError> {
    let installed = key.rsplit_once("node_modules/").map(|(_, name)| name);
    let base = || key.rsplit('/').next().filter(|base| !base.is_empty());
    let full = entry
        .name
        .as_deref()
        .or(installed)
        .or_else(|| if key.is_empty() { project } else { base() })
        .unwrap_or("project");
    let found = Found {
        full,
        version: entry.version.as_deref(),
        resolved: entry.resolved.as_deref(),
        integrity: entry.integrity.as_deref(),
        own: installed.is_none() || entry.resolved.as_deref().is_some_and(|url| url.starts_with("file:")),
    };
    let mut package = found.package()?;
    package.scope = match entry {
        Entry { dev: true, .. } => Scope::Development,
        Entry { optional: true, .. } | Entry { dev_optional: true, .. } => Scope::Optional,
        _ => Scope::Required,
    };
    if let Some(serde_json::Value::String(text)) = &entry.license {
        package.licences.extend(licence::normalise(text));
    }
    Ok(package)
}

/// What both lockfile layouts say of one package.
pub(super) struct Found<'a> {
    pub(super) full: &'a str,
    pub(super) version: Option<&'a str>,
    pub(super) resolved: Option<&'a str>,
    pub(super) integrity: Option<&'a str>,
    pub(super) own: bool,
}

impl Found<'_> {
    /// The package, named by the registry's name and, unless it came from the registry, by where it came from.
    pub(super) fn package(&self) -> Result<Package, ParseError> {
        let (group, name) = match self.full.split_once('/') {
            Some((group, name)) if group.starts_with('@') => (Some(group), name),
            _ => (None, self.full),
        };
        let origin = if self.own {
            Origin::Own
        } else {
            let source = self.resolved.and_then(foreign_source);
            let qualifiers: Vec<_> = source.iter().map(|(key, url)| (*key, url.as_str())).collect();
            Origin::Purl(
                purl::npm(group, name, self.version, &qualifiers)
                    .ok_or_else(|| ParseError::at(1, format!("`{}` cannot be a package's name", shorten(self.full))))?,
            )
        };
        let mut package = Package::new(name, self.version.map(str::to_owned), origin);
        package.group = group.map(str::to_owned);
        for word in self.integrity.unwrap_or_default().split_whitespace() {
            package.checksums.insert(checksum(word).ok_or_else(|| {
                ParseError::at(1, format!("`{}` is no integrity of `{}`", shorten(word), shorten(self.full)))
            })?);
        }
        Ok(package)
    }
}

/// `None` for a registry's tarball (`…/-/name-1.0.0.tgz`); mirrors and private registries use the same form.
fn foreign_source(resolved: &str) -> Option<(&'static str, String)> {
    let url = purl::without_credentials(resolved);
    if url.starts_with("git") {
        let (repository, commit) = url.split_once('#').unwrap_or((&url, ""));
        let prefix = if repository.starts_with("git+") { "" } else { "git+" };
        let at = if commit.is_empty() { String::new() } else { format!("@{commit}") };
        return Some(("vcs_url", format!("{prefix}{repository}{at}")));
    }
    let remote = url.starts_with("http://") || url.starts_with("https://");
    (remote && !url.contains("/-/")).then_some(("download_url", url))
}

/// Subresource integrity: `sha512-<base64>`, options after `?` ignored (W3C SRI §3.3).
fn checksum(word: &str) -> Option<Checksum> {
    let (algorithm, value) = word.split('?').next()?.split_once('-')?;
    let (algorithm, length) = match algorithm {
        "sha1" => ("SHA-1", 20),
        "sha256" => ("SHA-256", 32),
        "sha384" => ("SHA-384", 48),
        "sha512" => ("SHA-512", 64),
        _ => return None,
    };
    let bytes = base64::engine::general_purpose::STANDARD.decode(value).ok()?;
    (bytes.len() == length).then(|| Checksum { algorithm, hex: hex::encode(bytes) })
}

#[cfg(test)]
#[path = "package_lock_tests.rs"]
mod tests;
