//! `bun.lock`, lockfile versions 0 and 1: JSON with comments and trailing commas.
//!
//! `packages` is keyed by where Bun installs a package (`a`, or `b/a` for the copy inside `b`), so a need is found as Node
//! finds it. `bun.lockb` is binary, and Bun's own.

use super::{
    borrowed::{Object, Text},
    descriptor::split,
    jsonc,
    locked::{Locked, Source, scope_of},
    manifest::Manifest,
    package_lock::at_json,
};
use crate::{
    ecosystem::{ParseError, lines::Lines, resolution::Resolution, shorten, text},
    graph::{Ecosystem, FindingKind, Inventory, Knowledge, Origin, Package, Scope},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::HashMap};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lock<'a> {
    lockfile_version: u32,
    #[serde(borrow, default)]
    workspaces: Object<'a, Entry<'a>>,
    #[serde(default)]
    packages: Object<'a, Vec<&'a RawValue>>,
}

/// A workspace, or what a package's tuple says of its needs.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Entry<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    version: Option<Text<'a>>,
    dependencies: Object<'a, Text<'a>>,
    dev_dependencies: Object<'a, Text<'a>>,
    optional_dependencies: Object<'a, Text<'a>>,
    peer_dependencies: Object<'a, Text<'a>>,
    optional_peers: Vec<Text<'a>>,
}

/// The packages of a `bun.lock`. `read` gives a file by its path from the lockfile's folder: the `package.json` of each
/// workspace, which alone has the root's version.
///
/// # Errors
/// [`ParseError`] for what is no JSON even without comments, and for a package that is no tuple of Bun's.
pub fn parse(bytes: &[u8], read: &dyn Fn(&str) -> Option<Vec<u8>>) -> Result<Inventory, ParseError> {
    let text = jsonc::plain(text(bytes)?);
    let lock: Lock<'_> = serde_json::from_str(&text).map_err(|error| at_json(&error, 0))?;
    let mut inventory = Inventory::new(Ecosystem::Npm);
    if lock.lockfile_version > 1 {
        let version = lock.lockfile_version;
        let text = format!("lockfile version {version} is not known; 0 and 1 are: nothing of this file is listed");
        inventory.finding(FindingKind::UnknownVersion, Some(1), text);
        return Ok(inventory);
    }
    let mut reading =
        Reading { inventory, resolution: Resolution::default(), lines: Lines::new(&text), nodes: HashMap::new() };
    let workspaces = reading.workspaces(&lock, read)?;
    let tuples = reading.packages(&lock, &workspaces)?;
    for (key, entry) in &workspaces {
        let node = reading.nodes[key];
        reading.needs(node, key, entry);
        reading.listed(node, key, &entry.dev_dependencies, Need::Must(Scope::Development));
    }
    for (key, node, entry) in &tuples {
        reading.needs(*node, key, entry);
    }
    let Reading { mut inventory, resolution, .. } = reading;
    inventory.direct = Some((0..workspaces.len()).collect());
    resolution.fold(&mut inventory);
    Ok(inventory)
}

struct Reading<'t> {
    inventory: Inventory,
    resolution: Resolution,
    lines: Lines<'t>,
    /// By key; the project itself is the empty one.
    nodes: HashMap<&'t str, usize>,
}

#[derive(Clone, Copy)]
enum Need {
    Must(Scope),
    May(Scope),
}

impl<'t> Reading<'t> {
    /// The project's own packages, keyed as those are that they contain: by name, the root's by nothing.
    fn workspaces(
        &mut self,
        lock: &'t Lock<'t>,
        read: &dyn Fn(&str) -> Option<Vec<u8>>,
    ) -> Result<Vec<(&'t str, &'t Entry<'t>)>, ParseError> {
        let mut found = Vec::new();
        for (folder, entry) in lock.workspaces.iter() {
            let base = folder.rsplit('/').next().filter(|base| !base.is_empty()).unwrap_or("project");
            let full = entry.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(base);
            let (group, name) = scope_of(full);
            let path =
                if folder.is_empty() { "package.json".to_owned() } else { format!("{}/package.json", &**folder) };
            let bytes = read(&path);
            let manifest = bytes.as_deref().and_then(Manifest::of_bytes).unwrap_or_default();
            let version = entry.version.as_deref().or(manifest.version.as_deref());
            let mut package = Package::new(name, version.map(str::to_owned), Origin::Own);
            package.licences.clone_from(&manifest.licences);
            package.group = group.map(str::to_owned);
            package.line = self.lines.of(folder);
            let node = self.resolution.node(self.inventory.packages.len());
            self.resolution.root(node, Scope::Required);
            self.inventory.packages.push(package);
            let key = if folder.is_empty() { "" } else { full };
            self.nodes.insert(key, node);
            found.push((key, entry));
        }
        if !self.nodes.contains_key("") {
            return Err(ParseError::at(1, "has no word of the project itself"));
        }
        Ok(found)
    }

    /// One node per key, one package per identity; the answer is what each asks for.
    fn packages(
        &mut self,
        lock: &'t Lock<'t>,
        workspaces: &[(&'t str, &'t Entry<'t>)],
    ) -> Result<Vec<(&'t str, usize, Entry<'t>)>, ParseError> {
        let mut known: HashMap<Cow<'t, str>, usize> = HashMap::new();
        let mut found = Vec::new();
        for (key, tuple) in lock.packages.iter() {
            let line = self.lines.of(key);
            let at = |message: String| ParseError::at(line.map_or(1, |line| line as usize), message);
            let wrong = || at(format!("`{}` is no package of Bun's", shorten(key)));
            let id: Text<'t> = tuple.first().and_then(|id| serde_json::from_str(id.get()).ok()).ok_or_else(wrong)?;
            let (name, reference) = split(&id);
            if reference.starts_with("workspace:") {
                let own = workspaces.iter().find(|(workspace, _)| *workspace == name).map(|(key, _)| self.nodes[key]);
                self.nodes.entry(key).or_insert(own.ok_or_else(wrong)?);
                continue;
            }
            let object = tuple.iter().skip(1).map(|raw| raw.get()).find(|raw| raw.starts_with('{'));
            let entry: Entry<'t> =
                object.map_or_else(|| Ok(Entry::default()), serde_json::from_str).map_err(|_| wrong())?;
            let package = match known.get(&id.0) {
                Some(&package) => package,
                None => {
                    let mut package = package(name, reference, tuple).map_err(at)?;
                    package.line = line;
                    self.inventory.packages.push(package);
                    known.insert(id.0.clone(), self.inventory.packages.len() - 1);
                    self.inventory.packages.len() - 1
                }
            };
            let node = self.resolution.node(package);
            self.nodes.insert(key, node);
            found.push((&**key, node, entry));
        }
        Ok(found)
    }

    fn needs(&mut self, from: usize, key: &str, entry: &Entry<'_>) {
        self.listed(from, key, &entry.dependencies, Need::Must(Scope::Required));
        self.listed(from, key, &entry.optional_dependencies, Need::May(Scope::Optional));
        for (name, _) in entry.peer_dependencies.iter() {
            let optional = entry.optional_peers.contains(name);
            self.one(from, key, name, Need::May(if optional { Scope::Optional } else { Scope::Required }));
        }
    }

    fn listed(&mut self, from: usize, key: &str, needs: &Object<'_, Text<'_>>, need: Need) {
        needs.iter().for_each(|(name, _)| self.one(from, key, name, need));
    }

    fn one(&mut self, from: usize, key: &str, name: &str, need: Need) {
        match (self.lookup(key, name), need) {
            (Some(to), Need::Must(scope) | Need::May(scope)) => self.resolution.need(from, to, scope),
            (None, Need::May(_)) => {}
            (None, Need::Must(_)) => {
                let package = &mut self.inventory.packages[self.resolution.package(from)];
                package.needs_known = Knowledge::Incomplete;
                let (line, from) = (package.line, package.name.clone());
                let text = format!("`{from}` needs `{}`, which is not in the file", shorten(name));
                self.inventory.finding(FindingKind::Partial, line, text);
            }
        }
    }

    /// `key/name`, then the same without the last package of the key, and so on.
    fn lookup(&self, key: &str, name: &str) -> Option<usize> {
        let mut inside = key;
        loop {
            let found = if inside.is_empty() {
                return self.nodes.get(name).copied();
            } else {
                self.nodes.get(format!("{inside}/{name}").as_str())
            };
            if let Some(&found) = found {
                return Some(found);
            }
            let above = inside.rfind('/').map_or("", |at| &inside[..at]);
            // `a/@s/b`: the scope goes with its name.
            let last = above.rsplit('/').next().unwrap_or(above);
            inside = if last.starts_with('@') { above.rfind('/').map_or("", |at| &above[..at]) } else { above };
        }
    }
}

fn package(name: &str, reference: &str, tuple: &[&RawValue]) -> Result<Package, String> {
    let texts: Vec<Text<'_>> = tuple.iter().skip(1).filter_map(|raw| serde_json::from_str(raw.get()).ok()).collect();
    let integrity = texts.last().map(|text| &**text).filter(|text| text.starts_with("sha") && text.contains('-'));
    let github = reference.strip_prefix("github:").map(|short| {
        let (path, commit) = short.split_once('#').unwrap_or((short, ""));
        (format!("git+https://github.com/{path}.git"), commit)
    });
    let version = if reference.starts_with(|c: char| c.is_ascii_digit()) {
        Some(reference)
    } else {
        version_of_archive(reference, name)
    };
    let source = match (&github, reference.split_once(':')) {
        (Some((repository, commit)), _) => Source::Git { repository, commit },
        (None, Some(("http" | "https", _))) => Source::Archive(reference),
        (None, Some((scheme, _))) if scheme.starts_with("git") => Source::resolved(reference),
        (None, Some(_)) => Source::Own,
        // A registry of its own is the second of the tuple.
        (None, None) if version == Some(reference) => match texts.first().filter(|url| url.contains("://")) {
            Some(url) => Source::Archive(url),
            None => Source::Registry,
        },
        (None, None) => Source::Own,
    };
    Locked { full: name, version, source, integrity }.package()
}

/// The version that a registry puts into an archive's name: `…/<name>/-/<name>-<version>.tgz`.
fn version_of_archive<'a>(url: &'a str, name: &str) -> Option<&'a str> {
    let (_, file) = url.split_once("/-/")?;
    let stem = file.strip_suffix(".tgz")?.strip_prefix(scope_of(name).1)?;
    stem.strip_prefix('-').filter(|version| version.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
#[path = "bun_tests.rs"]
mod tests;
