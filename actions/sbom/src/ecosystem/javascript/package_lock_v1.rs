//! `package-lock.json` of version 1 (npm 5 and 6): a tree of nested `dependencies`, with `requires` by name.

use super::{
    borrowed::{Names, Object, Text},
    locked::{Locked, Source, scope_of},
    manifest::Manifest,
    package_lock::at_json,
};
use crate::{
    ecosystem::{ParseError, lines::Lines},
    graph::{Ecosystem, Inventory, Knowledge, Origin, Package, Scope},
};
use serde::Deserialize;

/// Deeper nesting than any installation has; serde_json itself stops at 128 levels of JSON.
const DEEPEST: usize = 60;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry<'a> {
    #[serde(borrow)]
    version: Option<Text<'a>>,
    resolved: Option<Text<'a>>,
    integrity: Option<Text<'a>>,
    dev: bool,
    optional: bool,
    bundled: bool,
    requires: Requires<'a>,
    dependencies: Object<'a, Self>,
}

/// `requires` is a map of names to ranges, or a bare `true` in the oldest files.
#[derive(Deserialize)]
#[serde(untagged)]
enum Requires<'a> {
    #[serde(borrow)]
    Names(Names<'a>),
    Flag(#[expect(dead_code, reason = "only the shape tells the variants apart")] bool),
}

impl Default for Requires<'_> {
    fn default() -> Self {
        Self::Names(Names::default())
    }
}

/// Whose lockfile it is.
pub(super) struct Project<'a> {
    /// As the lockfile says.
    pub(super) name: Option<&'a str>,
    /// As the lockfile says.
    pub(super) version: Option<&'a str>,
    /// The `package.json` beside it: the only place that says what the project itself asks for.
    pub(super) manifest: Option<&'a Manifest<'a>>,
}

/// One open level of the tree: where its names point.
type Level<'a> = std::collections::HashMap<&'a str, usize>;

/// The packages of the tree under `dependencies`, whose JSON is `tree`, a part of `text`.
pub(super) fn inventory(text: &str, tree: &str, project: &Project<'_>) -> Result<Inventory, ParseError> {
    let lines = Lines::new(text);
    let before = lines.of(tree).map_or(0, |line| line as usize - 1);
    let tree: Object<'_, Entry<'_>> = serde_json::from_str(tree).map_err(|error| at_json(&error, before))?;
    let mut reading = Reading { inventory: Inventory::new(Ecosystem::Npm), above: Vec::new(), lines };
    reading.descend(&tree, None)?;
    let mut inventory = reading.inventory;
    let name = project.manifest.and_then(Manifest::title).or(project.name);
    if let Some(name) = name {
        let (group, name) = scope_of(name);
        let version = project.manifest.and_then(|manifest| manifest.version.as_deref()).or(project.version);
        let mut own = Package::new(name, version.map(str::to_owned), Origin::Own);
        own.group = group.map(str::to_owned);
        match project.manifest {
            Some(manifest) => asked(&mut inventory, &mut own, &tree, manifest),
            None => guessed(&inventory, &mut own),
        }
        inventory.packages.push(own);
        inventory.direct = Some(vec![inventory.packages.len() - 1]);
    }
    Ok(inventory)
}

/// The project's needs as its manifest states them; they are all at the top of the tree, which comes first.
fn asked(inventory: &mut Inventory, own: &mut Package, tree: &Object<'_, Entry<'_>>, manifest: &Manifest<'_>) {
    let top: Level<'_> = tree.iter().enumerate().map(|(index, (name, _))| (&**name, index)).collect();
    for (name, _) in manifest.dependencies.iter().chain(&manifest.development).chain(&manifest.optional) {
        match top.get(&**name) {
            Some(&index) => own.needs.push(index),
            None if manifest.optional.iter().any(|(optional, _)| optional == name) => {}
            None => {
                own.needs_known = Knowledge::Incomplete;
                inventory.remark(None, format!("package.json asks for `{}`, which is not in the file", &**name));
            }
        }
    }
}

/// The top level that nothing else needs can only be there for the project.
fn guessed(inventory: &Inventory, own: &mut Package) {
    let mut needed = vec![false; inventory.packages.len()];
    inventory.packages.iter().flat_map(|package| &package.needs).for_each(|index| needed[*index] = true);
    own.needs = (0..needed.len()).filter(|index| !needed[*index]).collect();
    own.needs_known = Knowledge::Incomplete;
}

struct Reading<'a> {
    inventory: Inventory,
    above: Vec<Level<'a>>,
    lines: Lines<'a>,
}

impl<'a> Reading<'a> {
    fn descend(&mut self, tree: &'a Object<'a, Entry<'a>>, within: Option<usize>) -> Result<(), ParseError> {
        if self.above.len() > DEEPEST {
            return Err(ParseError::at(1, format!("nested deeper than {DEEPEST} levels")));
        }
        let start = self.inventory.packages.len();
        for (key, entry) in tree.iter() {
            let line = self.lines.of(key);
            let wrong = |message| ParseError::at(line.map_or(1, |line| line as usize), message);
            let mut package = entry.package(key).map_err(wrong)?;
            package.line = line;
            package.within = within.filter(|_| entry.bundled);
            self.inventory.packages.push(package);
        }
        self.above.push(tree.iter().enumerate().map(|(offset, (key, _))| (&**key, start + offset)).collect());
        for (offset, (_, entry)) in tree.iter().enumerate() {
            let position = start + offset;
            let inner_start = self.inventory.packages.len();
            // A bundle inside a bundle is in the outermost archive.
            let within = self.inventory.packages[position].within.or(Some(position));
            self.descend(&entry.dependencies, within)?;
            let inner: Level<'_> = entry
                .dependencies
                .iter()
                .enumerate()
                .map(|(offset, (key, _))| (&**key, inner_start + offset))
                .collect();
            self.needs(position, entry, &inner);
        }
        self.above.pop();
        Ok(())
    }

    fn needs(&mut self, position: usize, entry: &Entry<'_>, inner: &Level<'_>) {
        let package = &mut self.inventory.packages[position];
        let Requires::Names(names) = &entry.requires else {
            package.needs_known = Knowledge::Unknown;
            return;
        };
        for (name, _) in names.iter() {
            let levels = std::iter::once(inner).chain(self.above.iter().rev());
            match levels.into_iter().find_map(|level| level.get(&**name)) {
                Some(&index) => package.needs.push(index),
                // An optional package that was not installed is left out of version 1 files.
                None => package.needs_known = Knowledge::Incomplete,
            }
        }
    }
}

impl Entry<'_> {
    fn package(&self, key: &str) -> Result<Package, String> {
        let stated = self.version.as_deref().unwrap_or_default();
        // An alias keeps the real name in the version: `npm:real@1.0.0`.
        let alias = stated.strip_prefix("npm:").and_then(|alias| alias.rsplit_once('@'));
        let (full, version) = alias.unwrap_or((key, stated));
        let elsewhere = version.contains(':') || version.contains('/');
        let source = match (elsewhere, self.resolved.as_deref()) {
            (true, _) if version.starts_with("file:") => Source::Own,
            (true, _) => Source::resolved(version),
            (false, Some(url)) => Source::resolved(url),
            (false, None) => Source::Registry,
        };
        let version = Some(version).filter(|version| !version.is_empty() && !elsewhere);
        let mut package = Locked { full, version, source, integrity: self.integrity.as_deref() }.package()?;
        package.scope = match self {
            Self { dev: true, .. } => Scope::Development,
            Self { optional: true, .. } => Scope::Optional,
            _ => Scope::Required,
        };
        Ok(package)
    }
}
