//! `yarn.lock` of Yarn 2 and later: entries that answer descriptors (`name@protocol:range`), as YAML.
//!
//! Development dependencies, overrides (`resolutions`) and the project's version are in the `package.json` files only.

use super::{
    descriptor::{Override, inner_of_patch, percent_decoded, split},
    locked::{Locked, Source},
    manifest::Manifest,
};
use crate::{
    ecosystem::{
        ParseError,
        resolution::Resolution,
        shorten, text,
        yaml::{self, Entry},
    },
    graph::{Ecosystem, FindingKind, Inventory, Knowledge, Package, Scope},
};
use std::collections::{HashMap, HashSet};

/// The versions of the format that Yarn 2 to 4 write.
const KNOWN: std::ops::RangeInclusive<u32> = 4..=10;

/// Whether a `yarn.lock` is of Yarn 2 or later.
#[must_use]
pub fn is_one(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(4096)];
    start.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"__metadata:"))
}

/// The packages of a Yarn 2+ `yarn.lock`. `read` gives a file by its path from the lockfile's folder: the `package.json`
/// of each workspace. Without them scopes stay unstated.
///
/// # Errors
/// [`ParseError`] for what is no YAML, for an entry without resolution or link type, and without the project's own entry.
pub fn parse(bytes: &[u8], read: &dyn Fn(&str) -> Option<Vec<u8>>) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    if !text.ends_with('\n') {
        return Err(ParseError::at(text.lines().count(), "ends in the middle of a line (is it cut off?)"));
    }
    let documents = yaml::documents(text)?;
    let top = documents.first().map_or(&[][..], yaml::Node::entries);
    let mut inventory = Inventory::new(Ecosystem::Npm);
    let version = top.iter().find(|entry| entry.key == "__metadata").and_then(|entry| entry.value.text_of("version"));
    if !version.and_then(|version| version.parse().ok()).is_some_and(|version| KNOWN.contains(&version)) {
        let shown = shorten(version.unwrap_or("(none)"));
        let text = format!("lockfile version {shown} is not known; 4 to 10 are: nothing of this file is listed");
        inventory.finding(FindingKind::UnknownVersion, Some(1), text);
        return Ok(inventory);
    }
    let entries: Vec<_> =
        top.iter().filter(|entry| entry.key != "__metadata").map(Locator::of).collect::<Result<_, _>>()?;
    let manifests: Vec<_> = entries.iter().map(|entry| entry.manifest(read)).collect();
    let manifests: Vec<Option<Manifest<'_>>> =
        manifests.iter().map(|bytes| bytes.as_deref().and_then(Manifest::of_bytes)).collect();
    if !entries.iter().any(|entry| entry.workspace() == Some(".")) {
        let line = text.lines().count();
        return Err(ParseError::at(line, "has no entry of the project itself (is it cut off?)"));
    }
    Reading { entries: &entries, manifests: &manifests, inventory }.read()
}

/// One entry, its `resolution` taken apart.
struct Locator<'t> {
    entry: &'t Entry<'t>,
    /// The real name, never an alias.
    name: &'t str,
    /// What follows the name: `npm:1.0.0`, `workspace:packages/a`, `patch:…`.
    reference: &'t str,
}

impl<'t> Locator<'t> {
    fn of(entry: &'t Entry<'t>) -> Result<Self, ParseError> {
        let wrong = |what: &str| {
            let message = format!("`{}` has no `{what}` (is the file cut off?)", shorten(&entry.key));
            ParseError::at(entry.line as usize, message)
        };
        let resolution = entry.value.text_of("resolution").ok_or_else(|| wrong("resolution"))?;
        entry.value.text_of("version").ok_or_else(|| wrong("version"))?;
        // What Yarn writes last: without it something before may be missing too.
        entry.value.text_of("linkType").ok_or_else(|| wrong("linkType"))?;
        let (name, reference) = split(resolution);
        if reference.is_empty() {
            return Err(wrong("resolution"));
        }
        Ok(Self { entry, name, reference })
    }

    fn workspace(&self) -> Option<&'t str> {
        self.reference.strip_prefix("workspace:")
    }

    fn manifest(&self, read: &dyn Fn(&str) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
        match self.workspace()? {
            "." => read("package.json"),
            folder => read(&format!("{folder}/package.json")),
        }
    }

    fn package(&self, manifest: Option<&Manifest<'_>>) -> Result<Package, String> {
        let stated = self.entry.value.text_of("version");
        let version = match self.workspace() {
            Some(_) => manifest.and_then(|manifest| manifest.version.as_deref()),
            None => stated,
        };
        let (base, bindings) = self.reference.split_once("::").unwrap_or((self.reference, ""));
        let archive =
            bindings.split('&').find_map(|binding| binding.strip_prefix("__archiveUrl=")).map(percent_decoded);
        let mut package = match &archive {
            Some(url) => self.locked(version, Source::Archive(url)).package()?,
            None => self.locked(version, self.source(base)).package()?,
        };
        if let Some(patch) = base.strip_prefix("patch:").and_then(|patch| patch.split_once('#')) {
            package.properties.insert("lockkeeper:npm:patch", patch.1.to_owned());
        }
        // A checksum of the archive that Yarn makes itself, not of the registry's: no checksum of the package.
        if let Some(checksum) = self.entry.value.text_of("checksum") {
            package.properties.insert("lockkeeper:npm:yarn-cache-checksum", checksum.to_owned());
        }
        if let Some(conditions) = self.entry.value.text_of("conditions") {
            package.properties.insert("lockkeeper:npm:conditions", conditions.to_owned());
        }
        if let Some(manifest) = manifest {
            package.licences.clone_from(&manifest.licences);
        }
        package.line = Some(self.entry.line).filter(|line| *line > 0);
        Ok(package)
    }

    fn locked<'a>(&'a self, version: Option<&'a str>, source: Source<'a>) -> Locked<'a> {
        Locked { full: self.name, version, source, integrity: None }
    }

    fn source<'a>(&self, reference: &'a str) -> Source<'a> {
        if let Some((repository, commit)) = reference.split_once("#commit=") {
            return Source::Git { repository, commit };
        }
        match reference.split_once(':') {
            Some(("npm", _)) => Source::Registry,
            Some(("http" | "https", _)) => Source::Archive(reference),
            // A patch is laid over what its own entry says; the archive beneath is what the purl can name.
            Some(("patch", inner)) => {
                let inner = inner.split_once('#').map_or(inner, |(inner, _)| inner);
                let remote = percent_decoded(split(inner).1);
                if remote.starts_with("npm:") || !remote.contains(':') { Source::Registry } else { Source::Own }
            }
            _ => Source::Own,
        }
    }
}

struct Reading<'r, 't> {
    entries: &'r [Locator<'t>],
    manifests: &'r [Option<Manifest<'r>>],
    inventory: Inventory,
}

/// Which entry answers a descriptor.
struct Index<'a> {
    plain: HashMap<&'a str, usize>,
    /// Yarn lays its own patches over a few packages whoever asks for them (plugin-compat): by what they are laid over.
    patched: HashMap<String, usize>,
}

impl<'a> Index<'a> {
    fn of(entries: &[Locator<'a>]) -> Result<Self, ParseError> {
        let mut index = Self { plain: HashMap::with_capacity(entries.len() * 2), patched: HashMap::new() };
        for (position, locator) in entries.iter().enumerate() {
            for descriptor in locator.entry.key.split(", ") {
                if index.plain.insert(descriptor, position).is_some() {
                    let message = format!("`{}` is there twice", shorten(descriptor));
                    return Err(ParseError::at(locator.entry.line as usize, message));
                }
                if descriptor.contains("builtin<compat/") {
                    index.patched.extend(inner_of_patch(descriptor).map(|inner| (inner, position)));
                }
            }
        }
        Ok(index)
    }

    /// The entry that answers a dependency; Yarn 2 and 3 leave `npm:` out of what packages ask for.
    fn find(&self, name: &str, range: &str) -> Option<usize> {
        let (plain, with_protocol) = (format!("{name}@{range}"), format!("{name}@npm:{range}"));
        let keys = [plain, with_protocol];
        let patched = || keys.iter().find_map(|key| self.patched.get(key));
        patched().or_else(|| keys.iter().find_map(|key| self.plain.get(key.as_str()))).copied()
    }

    /// What a patch is laid over; Yarn 2 leaves `npm:` out of its keys.
    fn beneath(&self, descriptor: &str) -> Option<usize> {
        let inner = inner_of_patch(descriptor)?;
        let bare = inner.replacen("@npm:", "@", 1);
        self.plain.get(inner.as_str()).or_else(|| self.plain.get(bare.as_str())).copied()
    }
}

impl Reading<'_, '_> {
    fn read(mut self) -> Result<Inventory, ParseError> {
        let index = Index::of(self.entries)?;
        let mut resolution = Resolution::default();
        for (position, (entry, manifest)) in self.entries.iter().zip(self.manifests).enumerate() {
            let package = entry.package(manifest.as_ref());
            self.inventory
                .packages
                .push(package.map_err(|message| ParseError::at(entry.entry.line as usize, message))?);
            resolution.node(position);
        }
        for (position, entry) in
            self.entries.iter().enumerate().filter(|(_, entry)| entry.reference.starts_with("patch:"))
        {
            let beneath = entry.entry.key.split(", ").filter_map(|descriptor| index.beneath(descriptor));
            beneath.for_each(|beneath| resolution.need(position, beneath, Scope::Required));
        }
        let open = self.needs(&index, &mut resolution);
        self.overridden(&open, &mut resolution);
        let own: Vec<usize> = (0..self.entries.len()).filter(|&at| self.entries[at].workspace().is_some()).collect();
        if own.iter().all(|&at| self.manifests[at].is_some()) {
            own.iter().for_each(|&at| resolution.root(at, Scope::Required));
        }
        self.inventory.direct = Some(own);
        resolution.fold(&mut self.inventory);
        Ok(self.inventory)
    }

    /// What each entry asks for; the answer is what no entry answers, by position.
    fn needs(&self, index: &Index<'_>, resolution: &mut Resolution) -> Vec<(usize, String, Scope)> {
        let root = self.entries.iter().position(|entry| entry.workspace() == Some("."));
        let manifest = root.and_then(|root| self.manifests[root].as_ref());
        let overrides: Vec<Override<'_>> =
            manifest.iter().flat_map(|manifest| &manifest.resolutions).filter_map(Override::parse).collect();
        let mut open = Vec::new();
        for (from, locator) in self.entries.iter().enumerate() {
            for need in locator.entry.value.get("dependencies").map_or(&[][..], yaml::Node::entries) {
                let range = need.value.text().unwrap_or_default();
                let scope = self.scope(from, &need.key);
                let wanted = overrides
                    .iter()
                    .find(|rule| rule.covers(locator.name, locator.reference, (&need.key, range)))
                    .map_or(range, |rule| rule.target);
                match index.find(&need.key, wanted) {
                    Some(to) => resolution.need(from, to, scope),
                    None => open.push((from, format!("{}@{range}", need.key), scope)),
                }
            }
        }
        open
    }

    /// An override that is not known (no `package.json`) leads to an entry of that name that nobody else asks for.
    fn overridden(&mut self, open: &[(usize, String, Scope)], resolution: &mut Resolution) {
        if open.is_empty() {
            return;
        }
        let asked: HashSet<usize> = resolution.targets().collect();
        let mut free: HashMap<&str, Vec<usize>> = HashMap::new();
        for (position, locator) in self.entries.iter().enumerate().filter(|(position, _)| !asked.contains(position)) {
            let names: HashSet<&str> = locator.entry.key.split(", ").map(|one| split(one).0).collect();
            names.into_iter().for_each(|name| free.entry(name).or_default().push(position));
        }
        for (from, wanted, scope) in open {
            let line = self.inventory.packages[*from].line;
            match free.get(split(wanted).0).map_or(&[][..], Vec::as_slice) {
                [only] => resolution.need(*from, *only, *scope),
                _ => {
                    self.inventory.packages[*from].needs_known = Knowledge::Incomplete;
                    let from = &self.inventory.packages[*from].name;
                    let text =
                        format!("`{from}` needs `{}`, which is not in the file (is it cut off?)", shorten(wanted));
                    self.inventory.finding(FindingKind::Broken, line, text);
                }
            }
        }
    }

    fn scope(&self, from: usize, name: &str) -> Scope {
        let entry = &self.entries[from].entry.value;
        let has = |list: &super::manifest::Ranges<'_>| list.iter().any(|(other, _)| **other == *name);
        if let Some(manifest) = &self.manifests[from] {
            let shipped = has(&manifest.dependencies) || has(&manifest.optional);
            if has(&manifest.development) && !shipped {
                return Scope::Development;
            }
        }
        let optional =
            entry.get("dependenciesMeta").and_then(|meta| meta.get(name)).is_some_and(|it| it.is_true("optional"));
        if optional { Scope::Optional } else { Scope::Required }
    }
}

#[cfg(test)]
#[path = "yarn_berry_tests.rs"]
mod tests;
