//! `conan.lock`: the graph of Conan 1 (versions 0.1 to 0.4) and the lists of Conan 2 (version 0.5).
//!
//! Conan 1 states what needs what. Conan 2 states only what was chosen, by what it is for.

use super::super::{
    ParseError,
    documents::json,
    needs::{lacks, reached},
    shorten,
};
use crate::{
    graph::{Ecosystem, FindingKind, Inventory, Knowledge, Origin, Package, Scope},
    purl::Purl,
};
use serde::{Deserialize, de::IgnoredAny};
use std::collections::{BTreeMap, HashMap, HashSet};

#[derive(Deserialize)]
struct Lock {
    version: String,
    graph_lock: Option<GraphLock>,
    requires: Option<Vec<Locked>>,
    build_requires: Option<Vec<Locked>>,
    python_requires: Option<Vec<Locked>>,
    config_requires: Option<Vec<Locked>>,
}

/// A reference, with the binaries that were chosen if those are locked too.
#[derive(Deserialize)]
#[serde(untagged)]
enum Locked {
    Recipe(String),
    WithPackages(String, IgnoredAny),
}

#[derive(Deserialize)]
struct GraphLock {
    nodes: BTreeMap<String, Node>,
}

#[derive(Deserialize)]
struct Node {
    #[serde(rename = "ref")]
    reference: Option<String>,
    /// The recipe's own file: only the project itself has one.
    path: Option<String>,
    package_id: Option<String>,
    prev: Option<String>,
    #[serde(default)]
    requires: Vec<String>,
    #[serde(default)]
    build_requires: Vec<String>,
}

/// The packages of a lockfile.
///
/// # Errors
/// [`ParseError`] for broken JSON, what is no reference `name/version@user/channel#revision`, and a graph that names a node it
/// does not have.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    // The untagged enum would hide where the JSON is broken.
    json::<IgnoredAny>(bytes)?;
    let lock: Lock = json(bytes)?;
    match (lock.version.as_str(), &lock.graph_lock) {
        ("0.5", None) => lists(&lock),
        ("0.1" | "0.2" | "0.3" | "0.4", Some(graph)) => nodes(graph),
        ("0.1" | "0.2" | "0.3" | "0.4", None) => {
            Err(ParseError::at(1, "no `graph_lock` in it, which this version has"))
        }
        (version, _) => {
            let mut inventory = Inventory::new(Ecosystem::Conan);
            let text = format!("lockfile version {} is not known; 0.1 to 0.5 are: nothing is listed", shorten(version));
            inventory.finding(FindingKind::UnknownVersion, None, text);
            inventory.direct = Some(Vec::new());
            Ok(inventory)
        }
    }
}

fn lists(lock: &Lock) -> Result<Inventory, ParseError> {
    let mut inventory = Inventory::new(Ecosystem::Conan);
    let lists = [
        (&lock.requires, Scope::Required),
        // Tools, and what recipes are written with: nothing of them is in the product.
        (&lock.build_requires, Scope::Development),
        (&lock.python_requires, Scope::Development),
        (&lock.config_requires, Scope::Development),
    ];
    if lists.iter().all(|(list, _)| list.is_none()) {
        return Err(ParseError::at(1, "no list of requirements in it"));
    }
    for (list, scope) in lists {
        for locked in list.iter().flatten() {
            let (Locked::Recipe(text) | Locked::WithPackages(text, _)) = locked;
            let mut package = package(text, None)?;
            package.scope = scope;
            package.needs_known = Knowledge::Unknown;
            inventory.packages.push(package);
        }
    }
    Ok(inventory)
}

fn nodes(graph: &GraphLock) -> Result<Inventory, ParseError> {
    let mut inventory = Inventory::new(Ecosystem::Conan);
    let index: HashMap<&str, usize> = graph.nodes.keys().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
    for node in graph.nodes.values() {
        inventory.packages.push(node_package(node)?);
    }
    for (at, node) in graph.nodes.values().enumerate() {
        let wanted = node.requires.iter().chain(&node.build_requires);
        let (found, missing): (Vec<_>, Vec<_>) = wanted.partition(|id| index.contains_key(id.as_str()));
        inventory.packages[at].needs = found.iter().filter_map(|id| index.get(id.as_str())).copied().collect();
        inventory.packages[at].needs.dedup();
        lacks(&mut inventory, at, &missing.iter().map(|id| id.as_str()).collect::<Vec<_>>());
    }
    let own: Vec<usize> =
        (0..inventory.packages.len()).filter(|at| inventory.packages[*at].origin == Origin::Own).collect();
    mark_tools(&mut inventory, graph, &index);
    inventory.direct = (!own.is_empty()).then_some(own);
    Ok(inventory)
}

/// What only `build_requires` lead to is for building.
fn mark_tools(inventory: &mut Inventory, graph: &GraphLock, index: &HashMap<&str, usize>) {
    let needed: HashSet<&str> = graph
        .nodes
        .values()
        .flat_map(|node| node.requires.iter().chain(&node.build_requires))
        .map(String::as_str)
        .collect();
    let heads = index.iter().filter(|(id, _)| !needed.contains(*id)).map(|(_, at)| *at);
    let needs = graph.nodes.values().map(|node| node.requires.iter().filter_map(|id| index.get(id.as_str())).copied());
    let product = reached(&needs.map(Iterator::collect).collect::<Vec<Vec<usize>>>(), heads);
    for (package, _) in inventory.packages.iter_mut().zip(product).filter(|(_, reached)| !*reached) {
        package.scope = Scope::Development;
    }
}

fn node_package(node: &Node) -> Result<Package, ParseError> {
    let reference = node.reference.as_deref().filter(|text| !text.is_empty());
    match (reference, &node.path) {
        (Some(text), None) => package(text, Some(node)),
        (text, _) => {
            let name = text.map_or("conanfile", |text| text.split(['/', '@', '#']).next().unwrap_or(text));
            let version = text.and_then(|text| text.split_once('/')).map(|(_, rest)| rest);
            let version = version.map(|rest| rest.split(['@', '#']).next().unwrap_or(rest)).filter(|v| *v != "None");
            Ok(Package::new(name, version.map(str::to_owned), Origin::Own))
        }
    }
}

/// `name/version[@user/channel][#recipe revision[%timestamp]]`.
fn package(text: &str, node: Option<&Node>) -> Result<Package, ParseError> {
    let wrong = || ParseError::at(1, format!("`{}` is no reference of Conan", shorten(text)));
    let (rest, revision) = text.split_once('#').unwrap_or((text, ""));
    let revision = revision.split(['%', ':']).next().unwrap_or_default();
    let (name_version, owner) = rest.split_once('@').unwrap_or((rest, ""));
    let (name, version) = name_version.split_once('/').ok_or_else(wrong)?;
    let (user, channel) = owner.split_once('/').unwrap_or((owner, ""));
    // Conan 1 spelt out that there is neither.
    let (user, channel) = if owner == "_/_" { ("", "") } else { (user, channel) };
    let prev = node.and_then(|node| node.prev.as_deref()).unwrap_or_default();
    let purl = Purl::new("conan", name).version(version);
    let purl = purl.qualifier("user", user).qualifier("channel", channel);
    let purl = purl.qualifier("rrev", revision).qualifier("prev", prev);
    if version.is_empty() {
        return Err(wrong());
    }
    let mut package = Package::new(name, Some(version.to_owned()), Origin::Purl(purl.build().ok_or_else(wrong)?));
    if let Some(id) = node.and_then(|node| node.package_id.as_ref()) {
        package.properties.insert("lockkeeper:conan:package-id", id.clone());
    }
    Ok(package)
}

#[cfg(test)]
#[path = "conan_lock_tests.rs"]
mod tests;
