//! `packages.lock.json`, versions 1 and 2 (NuGet/Home wiki, "Enable repeatable package restore using lock file").
//!
//! One list for each target framework; one for a framework and a runtime (`net8.0/linux-x64`) has only what differs, and
//! what it does not have is found in the framework's own. Names are case-insensitive.

use super::{
    super::{ParseError, documents::json, needs::lacks, shorten},
    package,
};
use crate::graph::{Ecosystem, FindingKind, Inventory, Origin};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

#[derive(Deserialize)]
struct Lock {
    version: u32,
    dependencies: BTreeMap<String, BTreeMap<String, Entry>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    resolved: Option<String>,
    content_hash: Option<String>,
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
}

/// Where a framework's packages stand, by lowercased name.
type Section = HashMap<String, usize>;

/// The packages of a lockfile.
///
/// Projects of the solution are the project's own. What the locked project itself asks for are the entries of type `Direct`,
/// and the projects that no other project needs.
///
/// # Errors
/// [`ParseError`] for broken JSON, an unknown version, and a package without version.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let lock: Lock = json(bytes)?;
    let mut inventory = Inventory::new(Ecosystem::Nuget);
    inventory.direct = Some(Vec::new());
    if !(1..=2).contains(&lock.version) {
        let text = format!("lockfile version {} is not known; 1 and 2 are: nothing of it is listed", lock.version);
        inventory.finding(FindingKind::UnknownVersion, None, text);
        return Ok(inventory);
    }
    // The same version in several frameworks is one package.
    let mut known: HashMap<(String, Option<&str>), usize> = HashMap::new();
    let mut sections: BTreeMap<&str, Section> = BTreeMap::new();
    for (framework, entries) in &lock.dependencies {
        let section = sections.entry(framework).or_default();
        for (name, entry) in entries {
            let key = (name.to_lowercase(), entry.resolved.as_deref());
            let index = match known.get(&key) {
                Some(&index) => index,
                None => {
                    inventory.packages.push(stated(name, entry)?);
                    known.insert(key, inventory.packages.len() - 1);
                    inventory.packages.len() - 1
                }
            };
            section.insert(name.to_lowercase(), index);
        }
    }
    let mut needs: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); inventory.packages.len()];
    let mut missing: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for (framework, entries) in &lock.dependencies {
        let own = sections.get(framework.as_str());
        let base = framework.split_once('/').and_then(|(base, _)| sections.get(base));
        let find = |name: &str| {
            let name = name.to_lowercase();
            own.and_then(|section| section.get(&name)).or_else(|| base.and_then(|section| section.get(&name))).copied()
        };
        for (name, entry) in entries {
            let Some(index) = find(name) else { continue };
            for wanted in entry.dependencies.keys() {
                match find(wanted) {
                    Some(found) if found != index => _ = needs[index].insert(found),
                    Some(_) => {}
                    None => _ = missing.entry(index).or_default().insert(wanted),
                }
            }
        }
    }
    let direct = direct(&lock, &sections, &inventory, &needs);
    for (package, needs) in inventory.packages.iter_mut().zip(needs) {
        package.needs = needs.into_iter().collect();
    }
    for (index, names) in missing {
        lacks(&mut inventory, index, &names.into_iter().collect::<Vec<_>>());
    }
    inventory.direct = Some(direct);
    Ok(inventory)
}

fn stated(name: &str, entry: &Entry) -> Result<crate::graph::Package, ParseError> {
    if entry.kind.eq_ignore_ascii_case("project") {
        return package::project(name, entry.resolved.as_deref());
    }
    let version = entry.resolved.as_deref().filter(|version| !version.is_empty());
    let version = version.ok_or_else(|| ParseError::at(1, format!("`{}` has no version", shorten(name))))?;
    let mut package = package::registered(name, version)?;
    package::content_hash(&mut package, entry.content_hash.as_deref().unwrap_or_default())?;
    Ok(package)
}

fn direct(
    lock: &Lock,
    sections: &BTreeMap<&str, Section>,
    inventory: &Inventory,
    needs: &[BTreeSet<usize>],
) -> Vec<usize> {
    let own = |index: &usize| inventory.packages[*index].origin == Origin::Own;
    let needed: BTreeSet<usize> =
        (0..needs.len()).filter(own).flat_map(|index| needs[index].iter().copied()).filter(own).collect();
    let mut direct: BTreeSet<usize> = (0..needs.len()).filter(own).filter(|index| !needed.contains(index)).collect();
    for (framework, entries) in &lock.dependencies {
        let asked = entries.iter().filter(|(_, entry)| entry.kind.eq_ignore_ascii_case("direct"));
        direct.extend(asked.filter_map(|(name, _)| sections.get(framework.as_str())?.get(&name.to_lowercase())));
    }
    direct.into_iter().collect()
}

#[cfg(test)]
#[path = "packages_lock_tests.rs"]
mod tests;
