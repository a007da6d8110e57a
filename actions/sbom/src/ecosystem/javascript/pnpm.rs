//! `pnpm-lock.yaml`, lockfile versions 5, 6 and 9, also several documents in one file (pnpm 11 keeps its own tools apart).
//!
//! pnpm resolves a package once per set of peers it is given: such copies are nodes of their own while scopes spread, and
//! one package in the end.

use super::{
    locked::{Locked, Source, scope_of},
    manifest::Manifest,
    pnpm_path::{Style, identity, join, key, without_peers},
};
use crate::{
    ecosystem::{
        ParseError,
        resolution::Resolution,
        shorten, text,
        yaml::{self, Entry, Node},
    },
    graph::{Ecosystem, FindingKind, Inventory, Knowledge, Origin, Package, Scope},
    purl::Purl,
};
use std::collections::HashMap;

/// More of the same than this is counted, not listed.
const SHOWN: usize = 10;

/// Which of an importer's lists weighs how much.
const LISTS: [(&str, Scope); 5] = [
    ("dependencies", Scope::Required),
    ("optionalDependencies", Scope::Optional),
    ("devDependencies", Scope::Development),
    // What pnpm installs for itself: its plugins and its own pinned version.
    ("configDependencies", Scope::Development),
    ("packageManagerDependencies", Scope::Development),
];

/// The packages of a `pnpm-lock.yaml`. `read` gives a file by its path from the lockfile's folder: the `package.json` of
/// each importer, which alone has the project's names.
///
/// # Errors
/// [`ParseError`] for what is no YAML, an end in the middle of a line, and a package without resolution.
pub fn parse(bytes: &[u8], read: &dyn Fn(&str) -> Option<Vec<u8>>) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    if !text.ends_with('\n') {
        return Err(ParseError::at(text.lines().count(), "ends in the middle of a line (is it cut off?)"));
    }
    let documents = yaml::documents(text)?;
    let mut reading = Reading::new(read);
    for document in &documents {
        let version = document.text_of("lockfileVersion").unwrap_or_default();
        match version.split('.').next().unwrap_or_default() {
            "5" => reading.document(document, Style::Slashes)?,
            "6" => reading.document(document, Style::LeadingSlash)?,
            "9" => reading.document(document, Style::Bare)?,
            _ => reading.unknown(version),
        }
    }
    if documents.is_empty() {
        return Err(ParseError::at(1, "holds nothing (is it cut off?)"));
    }
    Ok(reading.finish())
}

struct Reading<'r> {
    read: &'r dyn Fn(&str) -> Option<Vec<u8>>,
    inventory: Inventory,
    resolution: Resolution,
    /// The project's folders, by path from the lockfile's.
    importers: HashMap<String, usize>,
    /// What the manifests of these folders ask for and no list has named so far.
    asked: HashMap<String, Vec<String>>,
    direct: Vec<usize>,
    missing: usize,
}

/// A key, its line, and what it holds.
type Place<'e, 'a> = (&'e str, u32, &'e Node<'a>);

/// Where the keys of one document lead to.
struct Index<'t> {
    style: Style,
    nodes: HashMap<&'t str, usize>,
}

impl<'r> Reading<'r> {
    fn new(read: &'r dyn Fn(&str) -> Option<Vec<u8>>) -> Self {
        Self {
            read,
            inventory: Inventory::new(Ecosystem::Npm),
            resolution: Resolution::default(),
            importers: HashMap::new(),
            asked: HashMap::new(),
            direct: Vec::new(),
            missing: 0,
        }
    }

    fn unknown(&mut self, version: &str) {
        let shown = if version.is_empty() { "(none)" } else { version };
        let text = format!("lockfile version {} is not known; 5, 6 and 9 are: nothing of it is listed", shorten(shown));
        self.inventory.finding(FindingKind::UnknownVersion, Some(1), text);
    }

    fn document(&mut self, document: &Node<'_>, style: Style) -> Result<(), ParseError> {
        let packages = document.get("packages").map_or(&[][..], Node::entries);
        let snapshots = match style {
            Style::Bare => document.get("snapshots").map_or(&[][..], Node::entries),
            Style::Slashes | Style::LeadingSlash => packages,
        };
        let index = self.index(packages, snapshots, style)?;
        for (snapshot, at) in snapshots.iter().map(|snapshot| (snapshot, index.nodes.get(&*snapshot.key))) {
            let Some(&from) = at else { continue };
            for (list, scope) in &LISTS[..2] {
                for need in self.listed((&snapshot.key, snapshot.line, &snapshot.value), list) {
                    let reference = need.value.text().unwrap_or_default();
                    self.need((from, *scope), (&need.key, reference), &index, (".", need.line));
                }
            }
        }
        // A file for one project has its lists at the top.
        match document.get("importers") {
            Some(importers) => {
                let entries = importers.entries().iter();
                let importers: Vec<_> = entries.map(|entry| (&*entry.key, entry.line, &entry.value)).collect();
                if importers.is_empty() {
                    return Err(ParseError::at(1, "names no folder of the project (is it cut off?)"));
                }
                self.importers(&importers, &index);
            }
            None => self.importers(&[(".", 1, document)], &index),
        }
        Ok(())
    }

    /// The entries of a list; one that is there and empty has lost its lines.
    fn listed<'e, 'a>(&mut self, (key, line, value): Place<'e, 'a>, list: &str) -> &'e [Entry<'a>] {
        if value.get(list) == Some(&Node::Null) {
            let text = format!("`{list}` of `{}` are missing (is the file cut off?)", shorten(key));
            self.inventory.finding(FindingKind::Broken, Some(line), text);
        }
        value.get(list).map_or(&[], Node::entries)
    }

    /// One package per entry, one node per set of peers.
    fn index<'t>(
        &mut self,
        packages: &'t [Entry<'t>],
        snapshots: &'t [Entry<'t>],
        style: Style,
    ) -> Result<Index<'t>, ParseError> {
        let mut known: HashMap<&str, usize> = HashMap::with_capacity(packages.len());
        for entry in packages {
            let path = without_peers(style, &entry.key);
            if !known.contains_key(path) {
                let package = package(entry, path, style);
                let package = package.map_err(|message| ParseError::at(entry.line as usize, message))?;
                known.insert(path, self.inventory.packages.len());
                self.inventory.packages.push(package);
            }
        }
        let mut nodes: HashMap<&str, usize> = HashMap::with_capacity(snapshots.len());
        let mut used = vec![false; self.inventory.packages.len()];
        for snapshot in snapshots {
            let at = |message: String| ParseError::at(snapshot.line as usize, message);
            let shown = || shorten(&snapshot.key);
            if snapshot.value == Node::Null {
                return Err(at(format!("`{}` is empty (is the file cut off?)", shown())));
            }
            let package = *known
                .get(without_peers(style, &snapshot.key))
                .ok_or_else(|| at(format!("`{}` is not among the packages", shown())))?;
            used[package] = true;
            if let Some((_, hash)) = snapshot.key.split_once("(patch_hash=") {
                let hash = hash.split(')').next().unwrap_or_default().to_owned();
                self.inventory.packages[package].properties.insert("lockkeeper:npm:patch", hash);
            }
            if nodes.insert(&snapshot.key, self.resolution.node(package)).is_some() {
                return Err(at(format!("`{}` is there twice", shown())));
            }
        }
        if let Some((path, &at)) = known.iter().find(|(_, at)| !used[**at]) {
            let line = self.inventory.packages[at].line.map_or(1, |line| line as usize);
            let message = format!("`{}` is not among the snapshots (is the file cut off?)", shorten(path));
            return Err(ParseError::at(line, message));
        }
        Ok(Index { style, nodes })
    }

    fn importers(&mut self, importers: &[Place<'_, '_>], index: &Index<'_>) {
        for &(folder, line, _) in importers {
            if !self.importers.contains_key(folder) {
                let (node, asked) = self.own(folder, line);
                self.asked.insert(folder.to_owned(), asked);
                self.direct.push(self.inventory.packages.len() - 1);
                self.importers.insert(folder.to_owned(), node);
                self.resolution.root(node, Scope::Required);
            }
        }
        for &importer in importers {
            let from = self.importers[importer.0];
            self.whole(importer);
            for (list, scope) in LISTS {
                for need in self.listed(importer, list) {
                    let reference = need.value.text().or_else(|| need.value.text_of("version")).unwrap_or_default();
                    self.need((from, scope), (&need.key, reference), index, (importer.0, need.line));
                }
            }
        }
    }

    /// An importer says something, and what its manifest or its `specifiers` (lockfile 5) ask for is in one of its lists.
    fn whole(&mut self, (folder, line, value): Place<'_, '_>) {
        let stated = |key: &str| value.get(key).is_some();
        let nothing = Node::Map(Vec::new());
        if *value != nothing && !stated("specifiers") && !LISTS.iter().any(|(list, _)| stated(list)) {
            let text = format!("nothing is said of the project's folder `{}` (is the file cut off?)", shorten(folder));
            self.inventory.finding(FindingKind::Broken, Some(line), text);
        }
        let listed =
            |name: &str| LISTS.iter().any(|(list, _)| value.get(list).is_some_and(|list| list.get(name).is_some()));
        if let Some(asked) = self.asked.get_mut(folder) {
            asked.retain(|name| !listed(name));
        }
        let asked = value.get("specifiers").map_or(&[][..], Node::entries).iter().find(|asked| !listed(&asked.key));
        if let Some(asked) = asked {
            let text = format!("`{}` is asked for and not resolved (is the file cut off?)", shorten(&asked.key));
            self.inventory.finding(FindingKind::Broken, Some(asked.line), text);
        }
    }

    /// A package of the project, by its folder, and what its manifest asks for.
    fn own(&mut self, folder: &str, line: u32) -> (usize, Vec<String>) {
        let path = if folder == "." { "package.json".to_owned() } else { format!("{folder}/package.json") };
        let bytes = (self.read)(&path);
        let manifest = bytes.as_deref().and_then(Manifest::of_bytes).unwrap_or_default();
        let base = folder.rsplit('/').next().filter(|base| *base != ".").unwrap_or("project");
        let (group, name) = scope_of(manifest.title().unwrap_or(base));
        let mut package = Package::new(name, manifest.version.as_deref().map(str::to_owned), Origin::Own);
        package.group = group.map(str::to_owned);
        package.licences.clone_from(&manifest.licences);
        package.line = Some(line);
        self.inventory.packages.push(package);
        let asked =
            manifest.dependencies.iter().chain(&manifest.development).map(|(name, _)| name.to_string()).collect();
        (self.resolution.node(self.inventory.packages.len() - 1), asked)
    }

    fn need(
        &mut self,
        (from, scope): (usize, Scope),
        (name, reference): (&str, &str),
        index: &Index<'_>,
        (importer, line): (&str, u32),
    ) {
        if let Some(link) = reference.strip_prefix("link:") {
            let folder = join(importer, link).unwrap_or_else(|| link.to_owned());
            let to = match self.importers.get(&folder) {
                Some(&to) => to,
                None => {
                    let (to, _) = self.own(&folder, line);
                    self.importers.insert(folder, to);
                    to
                }
            };
            self.resolution.need(from, to, scope);
            return;
        }
        let found = key(index.style, name, reference).and_then(|key| index.nodes.get(&*key).copied());
        match found {
            Some(to) => self.resolution.need(from, to, scope),
            None => self.miss(from, name, reference, line),
        }
    }

    fn miss(&mut self, from: usize, name: &str, reference: &str, line: u32) {
        self.missing += 1;
        let package = self.resolution.package(from);
        self.inventory.packages[package].needs_known = Knowledge::Incomplete;
        if self.missing <= SHOWN {
            let from = &self.inventory.packages[package].name;
            let wanted = shorten(&format!("{name}@{reference}"));
            let text = format!("`{from}` needs `{wanted}`, which is not in the file (is it cut off?)");
            self.inventory.finding(FindingKind::Broken, Some(line), text);
        }
    }

    fn finish(mut self) -> Inventory {
        if let Some(more) = self.missing.checked_sub(SHOWN).filter(|more| *more > 0) {
            let text = format!("{more} more that are needed are not in the file");
            self.inventory.finding(FindingKind::Broken, None, text);
        }
        let mut asked: Vec<_> = self.asked.iter().filter(|(_, names)| !names.is_empty()).collect();
        asked.sort_unstable();
        for (folder, names) in asked {
            let names = names.iter().map(|name| shorten(name)).take(SHOWN).collect::<Vec<_>>().join("`, `");
            let text =
                format!("the package.json in `{}` asks for `{names}`, which is not in the file", shorten(folder));
            self.inventory.finding(FindingKind::Partial, None, text);
        }
        self.inventory.direct = Some(self.direct);
        self.resolution.fold(&mut self.inventory);
        self.inventory
    }
}

fn package(entry: &Entry<'_>, path: &str, style: Style) -> Result<Package, String> {
    let shown = || shorten(&entry.key);
    let value = &entry.value;
    let resolution =
        value.get("resolution").ok_or_else(|| format!("`{}` has no resolution (is the file cut off?)", shown()))?;
    let stated = value.text_of("version");
    let (name, version) = match (value.text_of("name"), identity(style, path)) {
        // Written where the path does not tell: for archives, repositories and folders.
        (Some(name), _) if style != Style::Bare => (name, stated),
        (_, Some((name, version))) => (name, Some(version)),
        (_, None) => (value.text_of("name").unwrap_or_else(|| name_of(path)), stated),
    };
    let mut package = match runtime(path) {
        Some((name, version)) => {
            let purl = Purl::new("generic", name).version(version).build();
            let purl = purl.ok_or_else(|| format!("`{}` cannot be a name", shown()))?;
            Package::new(name, Some(version.to_owned()), Origin::Purl(purl))
        }
        None => {
            let integrity = resolution.text_of("integrity");
            Locked { full: name, version, source: source(resolution), integrity }.package()?
        }
    };
    package.line = Some(entry.line).filter(|line| *line > 0);
    Ok(package)
}

/// `node@runtime:22.0.0`: not from npm's registry but from the runtime's own makers.
fn runtime(path: &str) -> Option<(&str, &str)> {
    let (name, version) = path.split_once("@runtime:")?;
    matches!(name, "node" | "deno" | "bun").then_some((name, version))
}

/// The name of what is not of a registry: before `@file:` and its like, or the last part of a path.
fn name_of(path: &str) -> &str {
    let at = path.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
    match at {
        Some(at) if path[at..].contains(':') => &path[..at],
        _ => path.trim_end_matches('/').rsplit('/').next().unwrap_or(path),
    }
}

fn source<'a>(resolution: &'a Node<'_>) -> Source<'a> {
    let text = |key| resolution.text_of(key);
    match (text("type"), text("tarball"), text("repo")) {
        (Some("directory"), ..) => Source::Own,
        (Some("git"), _, Some(repository)) => Source::Git { repository, commit: text("commit").unwrap_or_default() },
        (_, Some(url), _) => match Source::resolved(url) {
            // `file:` and bare paths are archives in the project.
            Source::Registry => Source::Own,
            source => source,
        },
        _ if text("directory").is_some() => Source::Own,
        _ => Source::Registry,
    }
}

#[cfg(test)]
#[path = "pnpm_tests.rs"]
mod tests;
