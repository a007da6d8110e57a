//! `obj/project.assets.json`, version 3: what a restore has found (`NuGet.ProjectModel.LockFileFormat`).
//!
//! `targets` has what each framework (and runtime) uses, `libraries` the hash of every package, and `project` what the
//! project itself asks for.

use super::{
    super::{ParseError, documents::json, needs::lacks, shorten},
    package,
};
use crate::graph::{Ecosystem, FindingKind, Inventory};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assets {
    version: u32,
    #[serde(default)]
    targets: BTreeMap<String, BTreeMap<String, Used>>,
    #[serde(default)]
    libraries: BTreeMap<String, Library>,
    #[serde(default)]
    project_file_dependency_groups: BTreeMap<String, Vec<String>>,
    project: Option<Project>,
}

/// A package as one framework uses it.
#[derive(Deserialize)]
struct Used {
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Library {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    sha512: String,
}

#[derive(Deserialize)]
struct Project {
    version: Option<String>,
    restore: Option<Restore>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Restore {
    project_name: Option<String>,
}

/// The packages of a restore; the project that was restored is one of them.
///
/// # Errors
/// [`ParseError`] for broken JSON and for a library that a target uses and `libraries` does not have.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let assets: Assets = json(bytes)?;
    let mut inventory = Inventory::new(Ecosystem::Nuget);
    inventory.direct = Some(Vec::new());
    // Version 2 differs in what it says of files only.
    if !(2..=4).contains(&assets.version) {
        let text = format!("version {} is not known; 2 to 4 are: nothing of it is listed", assets.version);
        inventory.finding(FindingKind::UnknownVersion, None, text);
        return Ok(inventory);
    }
    let mut index: HashMap<&str, usize> = HashMap::new();
    for key in assets.targets.values().flat_map(BTreeMap::keys) {
        if index.contains_key(key.as_str()) {
            continue;
        }
        let library = assets.libraries.get(key);
        let library = library
            .ok_or_else(|| ParseError::at(1, format!("`{}` is used and is not among the libraries", shorten(key))))?;
        let (name, version) = key.split_once('/').unwrap_or((key, ""));
        let mut package = match library.kind.as_str() {
            "project" => package::project(name, Some(version))?,
            _ => package::registered(name, version)?,
        };
        package::content_hash(&mut package, &library.sha512)?;
        index.insert(key, inventory.packages.len());
        inventory.packages.push(package);
    }
    let mut needs: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); inventory.packages.len()];
    let mut missing: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    let mut asked = BTreeSet::new();
    for (target, used) in &assets.targets {
        let by_name: HashMap<String, usize> =
            used.keys().filter_map(|key| Some((name_of(key), *index.get(key.as_str())?))).collect();
        for (key, one) in used {
            let Some(&position) = index.get(key.as_str()) else { continue };
            for wanted in one.dependencies.keys() {
                match by_name.get(&wanted.to_lowercase()) {
                    Some(&found) => _ = needs[position].insert(found),
                    None => _ = missing.entry(position).or_default().insert(wanted),
                }
            }
        }
        let framework = target.split_once('/').map_or(target.as_str(), |(framework, _)| framework);
        let groups = assets.project_file_dependency_groups.iter().filter(|(group, _)| same(group, framework));
        // `Name >= 1.0.0`.
        let names = groups.flat_map(|(_, group)| group).map(|line| line.split(' ').next().unwrap_or(line));
        asked.extend(names.filter_map(|name| by_name.get(&name.to_lowercase())));
    }
    for (package, needs) in inventory.packages.iter_mut().zip(needs) {
        package.needs = needs.into_iter().collect();
    }
    for (position, names) in missing {
        lacks(&mut inventory, position, &names.into_iter().collect::<Vec<_>>());
    }
    inventory.direct = add_project(&mut inventory, assets.project.as_ref(), asked.into_iter().collect())?;
    Ok(inventory)
}

fn name_of(key: &str) -> String {
    key.split('/').next().unwrap_or(key).to_lowercase()
}

/// `net8.0` in one place is `.NETCoreApp,Version=v8.0` in another, depending on the SDK; an empty group is for all.
fn same(group: &str, framework: &str) -> bool {
    let short = |name: &str| {
        let name = name.to_lowercase();
        match name.split_once(",version=v") {
            Some((".netcoreapp", version)) if version.starts_with(|c: char| ('5'..='9').contains(&c)) => {
                format!("net{version}")
            }
            Some((".netcoreapp", version)) if version.len() > 3 => format!("net{version}"),
            Some((".netcoreapp", version)) => format!("netcoreapp{version}"),
            Some((".netstandard", version)) => format!("netstandard{version}"),
            Some((".netframework", version)) => format!("net{}", version.replace('.', "")),
            _ => name,
        }
    };
    group.is_empty() || short(group) == short(framework)
}

/// The restored project needs what its file asks for.
fn add_project(
    inventory: &mut Inventory,
    project: Option<&Project>,
    asked: Vec<usize>,
) -> Result<Option<Vec<usize>>, ParseError> {
    let name = project.and_then(|project| project.restore.as_ref()).and_then(|restore| restore.project_name.as_deref());
    let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(Some(asked)) };
    let mut package = package::project(name, project.and_then(|project| project.version.as_deref()))?;
    package.needs = asked;
    inventory.packages.push(package);
    Ok(Some(vec![inventory.packages.len() - 1]))
}

#[cfg(test)]
#[path = "project_assets_tests.rs"]
mod tests;
