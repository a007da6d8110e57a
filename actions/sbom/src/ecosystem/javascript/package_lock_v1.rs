//! `package-lock.json` of version 1 (npm 5 and 6): a tree of nested `dependencies`, with `requires` by name.

use super::package_lock::Found;
use crate::ecosystem::ParseError;
use crate::graph::{Ecosystem, Inventory, Knowledge, Origin, Package, Scope};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Deeper nesting than any installation has; serde_json itself stops at 128 levels of JSON.
const DEEPEST: usize = 60;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Entry {
    version: Option<String>,
    resolved: Option<String>,
    integrity: Option<String>,
    dev: bool,
    optional: bool,
    requires: Requires,
    dependencies: BTreeMap<String, Self>,
}

/// `requires` is a map of names to ranges, or a bare `true` in the oldest files.
#[derive(Deserialize)]
#[serde(untagged)]
enum Requires {
    Names(BTreeMap<String, String>),
    Flag(#[expect(dead_code, reason = "only the shape tells the variants apart")] bool),
}

impl Default for Requires {
    fn default() -> Self {
        Self::Names(BTreeMap::new())
    }
}

/// One open level of the tree: where its names point.
type Level<'a> = BTreeMap<&'a str, usize>;

/// The packages of the tree. What the project itself asks for is only in `package.json`, so `direct` stays unknown.
pub(super) fn inventory(
    project: Option<&str>,
    version: Option<String>,
    tree: &BTreeMap<String, Entry>,
) -> Result<Inventory, ParseError> {
    let mut inventory = Inventory::new(Ecosystem::Npm);
    descend(tree, &mut Vec::new(), &mut inventory)?;
    if let Some(name) = project {
        let mut own = Package::new(name, version, Origin::Own);
        let needed: std::collections::BTreeSet<usize> =
            inventory.packages.iter().flat_map(|p| p.needs.iter().copied()).collect();
        // The top level that nothing else needs can only be there for the project.
        own.needs = (0..inventory.packages.len()).filter(|index| !needed.contains(index)).collect();
        own.needs_known = Knowledge::Incomplete;
        inventory.packages.push(own);
        inventory.direct = Some(vec![inventory.packages.len() - 1]);
    }
    Ok(inventory)
}

fn descend<'a>(
    tree: &'a BTreeMap<String, Entry>,
    above: &mut Vec<Level<'a>>,
    inventory: &mut Inventory,
) -> Result<(), ParseError> {
    if above.len() > DEEPEST {
        return Err(ParseError::at(1, format!("nested deeper than {DEEPEST} levels")));
    }
    let start = inventory.packages.len();
    for (key, entry) in tree {
        inventory.packages.push(package(key, entry)?);
    }
    above.push(tree.keys().enumerate().map(|(offset, key)| (key.as_str(), start + offset)).collect());
    for (offset, entry) in tree.values().enumerate() {
        let inner_start = inventory.packages.len();
        descend(&entry.dependencies, above, inventory)?;
        let inner: Level<'_> = direct_children(entry, inner_start);
        let Requires::Names(names) = &entry.requires else {
            inventory.packages[start + offset].needs_known = Knowledge::Unknown;
            continue;
        };
        for name in names.keys() {
            let found =
                inner.get(name.as_str()).or_else(|| above.iter().rev().find_map(|level| level.get(name.as_str())));
            let package = &mut inventory.packages[start + offset];
            match found {
                Some(&index) => package.needs.push(index),
                // An optional package that was not installed is left out of version 1 files.
                None => package.needs_known = Knowledge::Incomplete,
            }
        }
    }
    above.pop();
    Ok(())
}

/// The first packages a level pushed are its own entries, in order.
fn direct_children(entry: &Entry, start: usize) -> Level<'_> {
    entry.dependencies.keys().enumerate().map(|(offset, key)| (key.as_str(), start + offset)).collect()
}

fn package(key: &str, entry: &Entry) -> Result<Package, ParseError> {
    let stated = entry.version.as_deref().unwrap_or_default();
    // An alias keeps the real name in the version: `npm:real@1.0.0`.
    let alias = stated.strip_prefix("npm:").and_then(|alias| alias.rsplit_once('@'));
    let (full, version) = alias.unwrap_or((key, stated));
    let elsewhere = version.contains(':') || version.contains('/');
    let found = Found {
        full,
        version: Some(version).filter(|version| !version.is_empty() && !elsewhere),
        resolved: if elsewhere { Some(version) } else { entry.resolved.as_deref() },
        integrity: entry.integrity.as_deref(),
        own: version.starts_with("file:"),
    };
    let mut package = found.package()?;
    package.scope = match entry {
        Entry { dev: true, .. } => Scope::Development,
        Entry { optional: true, .. } => Scope::Optional,
        _ => Scope::Required,
    };
    Ok(package)
}
