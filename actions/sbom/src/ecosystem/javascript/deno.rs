//! `deno.lock`, versions 2 to 5: packages of npm and of JSR.
//!
//! JSR has no purl type; its packages are named as on its npm registry (jsr.io/docs/npm-compatibility). Modules fetched by
//! URL are files without name and version, and nothing tells development from production.

use super::{
    borrowed::{Object, Text},
    descriptor::split,
    locked::{Locked, Source, scope_of},
    package_lock::at_json,
};
use crate::{
    ecosystem::{ParseError, lines::Lines, shorten, text},
    graph::{Ecosystem, FindingKind, Inventory, Knowledge, Origin, Package, Scope},
    purl,
};
use serde::Deserialize;
use std::collections::HashMap;

#[derive(Deserialize)]
struct Lock<'a> {
    #[serde(borrow)]
    version: Option<Text<'a>>,
    #[serde(default)]
    specifiers: Object<'a, Text<'a>>,
    #[serde(default)]
    jsr: Object<'a, Entry<'a>>,
    /// Version 2 has one more level here; from version 4 on these are the packages themselves.
    #[serde(default)]
    npm: Option<&'a serde_json::value::RawValue>,
    /// Version 3 keeps all packages here.
    packages: Option<Nested<'a>>,
    #[serde(default)]
    remote: Object<'a, serde::de::IgnoredAny>,
    workspace: Option<Workspace<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Nested<'a> {
    #[serde(borrow)]
    specifiers: Object<'a, Text<'a>>,
    jsr: Object<'a, Entry<'a>>,
    npm: Object<'a, Entry<'a>>,
    /// Version 2's word for npm's.
    packages: Object<'a, Entry<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Entry<'a> {
    #[serde(borrow)]
    integrity: Option<Text<'a>>,
    dependencies: Needs<'a>,
    optional_dependencies: Needs<'a>,
    tarball: Option<Text<'a>>,
}

/// Names, with a version where two are there; before version 4 pairs of what is imported and what that is.
#[derive(Deserialize)]
#[serde(untagged)]
enum Needs<'a> {
    #[serde(borrow)]
    List(Vec<Text<'a>>),
    Pairs(Object<'a, Text<'a>>),
}

impl Default for Needs<'_> {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Workspace<'a> {
    #[serde(borrow)]
    dependencies: Vec<Text<'a>>,
    package_json: Option<Dependencies<'a>>,
    members: Object<'a, Member<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Member<'a> {
    #[serde(borrow)]
    dependencies: Vec<Text<'a>>,
    package_json: Option<Dependencies<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Dependencies<'a> {
    #[serde(borrow)]
    dependencies: Vec<Text<'a>>,
}

/// The packages of a `deno.lock`.
///
/// # Errors
/// [`ParseError`] for broken JSON and for a package whose key is no name and version.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    let lock: Lock<'_> = serde_json::from_str(text).map_err(|error| at_json(&error, 0))?;
    let (specifiers, jsr, npm) = match lock.version.as_deref() {
        Some("4" | "5") => (lock.specifiers, lock.jsr, part(text, lock.npm)?.unwrap_or_default()),
        Some("3") => {
            let packages = lock.packages.unwrap_or_default();
            (packages.specifiers, packages.jsr, packages.npm)
        }
        Some("2") => {
            let npm: Nested<'_> = part(text, lock.npm)?.unwrap_or_default();
            (npm.specifiers, Object::default(), npm.packages)
        }
        version => {
            let shown = shorten(version.unwrap_or("(none)"));
            let mut inventory = Inventory::new(Ecosystem::Npm);
            let text = format!("lockfile version {shown} is not known; 2 to 5 are: nothing of this file is listed");
            inventory.finding(FindingKind::UnknownVersion, Some(1), text);
            return Ok(inventory);
        }
    };
    let mut reading = Reading::new(text, &specifiers);
    reading.add(&npm, Registry::Npm)?;
    reading.add(&jsr, Registry::Jsr)?;
    reading.needs(&npm, 0);
    reading.needs(&jsr, npm.len());
    reading.direct(lock.workspace.as_ref());
    let mut inventory = reading.inventory;
    if !lock.remote.is_empty() {
        let text = format!("{} modules are fetched by URL, without name and version; not listed", lock.remote.len());
        inventory.finding(FindingKind::Partial, None, text);
    }
    Ok(inventory)
}

fn part<'a, T: Deserialize<'a>>(
    text: &str,
    raw: Option<&'a serde_json::value::RawValue>,
) -> Result<Option<T>, ParseError> {
    let Some(raw) = raw else { return Ok(None) };
    let before = Lines::new(text).of(raw.get()).map_or(0, |line| line as usize - 1);
    serde_json::from_str(raw.get()).map(Some).map_err(|error| at_json(&error, before))
}

#[derive(Clone, Copy, PartialEq)]
enum Registry {
    Npm,
    Jsr,
}

struct Reading<'t> {
    inventory: Inventory,
    lines: Lines<'t>,
    /// By `npm:` or `jsr:` and the key.
    keys: HashMap<String, usize>,
    /// By `npm:` or `jsr:` and the name: more than one needs a version.
    names: HashMap<String, Vec<usize>>,
    specifiers: HashMap<String, &'t str>,
}

impl<'t> Reading<'t> {
    fn new(text: &'t str, specifiers: &'t Object<'t, Text<'t>>) -> Self {
        // Version 2 knows npm's only, and leaves its name out.
        let with_registry = |key: &str| if key.contains(':') { key.to_owned() } else { format!("npm:{key}") };
        Self {
            inventory: Inventory::new(Ecosystem::Npm),
            lines: Lines::new(text),
            keys: HashMap::new(),
            names: HashMap::new(),
            specifiers: specifiers.iter().map(|(key, value)| (with_registry(key), &**value)).collect(),
        }
    }

    fn add(&mut self, entries: &Object<'_, Entry<'_>>, registry: Registry) -> Result<(), ParseError> {
        for (key, entry) in entries.iter() {
            let line = self.lines.of(key);
            let at = |message| ParseError::at(line.map_or(1, |line| line as usize), message);
            let (name, version) = split(key);
            let version = version.split('_').next().filter(|version| !version.is_empty());
            let version = version.ok_or_else(|| at(format!("`{}` is no name and version", shorten(key))))?;
            let mut package = package(name, version, entry, registry).map_err(at)?;
            package.line = line;
            // The file does not tell what is for development.
            package.scope = Scope::Unstated;
            let prefix = if registry == Registry::Npm { "npm:" } else { "jsr:" };
            let position = self.inventory.packages.len();
            self.inventory.packages.push(package);
            self.keys.insert(format!("{prefix}{}", &**key), position);
            self.names.entry(format!("{prefix}{name}")).or_default().push(position);
        }
        Ok(())
    }

    fn needs(&mut self, entries: &Object<'_, Entry<'_>>, start: usize) {
        for (offset, (_, entry)) in entries.iter().enumerate() {
            for (needs, optional) in [(&entry.dependencies, false), (&entry.optional_dependencies, true)] {
                let wanted: Vec<&str> = match needs {
                    Needs::List(list) => list.iter().map(|need| &**need).collect(),
                    Needs::Pairs(pairs) => pairs.iter().map(|(_, need)| &**need).collect(),
                };
                for wanted in wanted {
                    match self.find(wanted) {
                        Some(to) => self.inventory.packages[start + offset].needs.push(to),
                        None if optional => {}
                        None => self.missing(start + offset, wanted),
                    }
                }
            }
            let needs = &mut self.inventory.packages[start + offset].needs;
            needs.sort_unstable();
            needs.dedup();
        }
    }

    fn missing(&mut self, from: usize, wanted: &str) {
        let package = &mut self.inventory.packages[from];
        package.needs_known = Knowledge::Incomplete;
        let (line, name) = (package.line, package.name.clone());
        let text = format!("`{name}` needs `{}`, which is not in the file", shorten(wanted));
        self.inventory.finding(FindingKind::Partial, line, text);
    }

    /// `name`, `name@version`, `alias@npm:name@version`, `jsr:@s/name@range`, `npm:name@range`.
    fn find(&self, wanted: &str) -> Option<usize> {
        let (registry, rest) = match (wanted.strip_prefix("npm:"), wanted.strip_prefix("jsr:")) {
            (Some(rest), _) => ("npm:", rest),
            (_, Some(rest)) => ("jsr:", rest),
            _ => ("npm:", wanted),
        };
        let (name, range) = split(rest);
        if range.starts_with("npm:") || range.starts_with("jsr:") {
            return self.find(range);
        }
        let prefixed = format!("{registry}{rest}");
        if let Some(found) = self.keys.get(&prefixed) {
            return Some(*found);
        }
        if let Some(resolved) = self.specifiers.get(&prefixed) {
            // The version alone since version 4, the whole key before, in version 2 without the registry.
            let keys =
                [format!("{registry}{name}@{resolved}"), (*resolved).to_owned(), format!("{registry}{resolved}")];
            return keys.iter().find_map(|key| self.keys.get(key)).copied();
        }
        match self.names.get(&format!("{registry}{name}")).map(Vec::as_slice) {
            Some([only]) if range.is_empty() => Some(*only),
            _ => None,
        }
    }

    /// What the project asks for: its `deno.json` and `package.json`, and those of its members.
    fn direct(&mut self, workspace: Option<&Workspace<'_>>) {
        let Some(workspace) = workspace else { return };
        let of = |own: &'_ Option<Dependencies<'_>>| -> Vec<String> {
            own.iter().flat_map(|it| &it.dependencies).map(|need| need.to_string()).collect()
        };
        let mut asked: Vec<String> = workspace.dependencies.iter().map(|need| need.to_string()).collect();
        asked.extend(of(&workspace.package_json));
        for (_, member) in workspace.members.iter() {
            asked.extend(member.dependencies.iter().map(|need| need.to_string()));
            asked.extend(of(&member.package_json));
        }
        let mut direct: Vec<usize> = asked.iter().filter_map(|wanted| self.find(wanted)).collect();
        direct.sort_unstable();
        direct.dedup();
        self.inventory.direct = Some(direct);
    }
}

fn package(name: &str, version: &str, entry: &Entry<'_>, registry: Registry) -> Result<Package, String> {
    let integrity = entry.integrity.as_deref();
    if registry == Registry::Npm {
        let source =
            entry.tarball.as_deref().filter(|url| url.contains("://")).map_or(Source::Registry, Source::Archive);
        return Locked { full: name, version: Some(version), source, integrity }.package();
    }
    let (Some(group), base) = scope_of(name) else { return Err(format!("`{}` has no scope", shorten(name))) };
    let on_npm = format!("{}__{base}", group.trim_start_matches('@'));
    let qualifiers = [("repository_url", "https://npm.jsr.io")];
    let purl = purl::npm(Some("@jsr"), &on_npm, Some(version), &qualifiers);
    let purl = purl.ok_or_else(|| format!("`{}` cannot be a package's name", shorten(name)))?;
    let mut package = Package::new(base, Some(version.to_owned()), Origin::Purl(purl));
    package.group = Some(group.to_owned());
    // The checksum of the version's manifest on JSR, which holds those of its files: none of an archive.
    if let Some(sum) = integrity {
        package.properties.insert("lockkeeper:jsr:manifest-sha256", sum.to_owned());
    }
    Ok(package)
}

#[cfg(test)]
#[path = "deno_tests.rs"]
mod tests;
