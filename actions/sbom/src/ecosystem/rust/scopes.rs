//! Which crates of a lockfile are for development only: the manifests of the workspace tell.
//!
//! A lockfile names what every member needs and not for what. What can be reached from the members without going through a
//! development dependency is required; a registry's crate brings no development dependencies along.

use super::manifest::{Base, Kind, Manifest, Wanted, Workspace};
use crate::{
    ecosystem::{join, parent},
    graph::{Inventory, Origin, Scope},
};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use semver::{Version, VersionReq};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The manifests of a source, by path.
pub(super) type Manifests = BTreeMap<String, Manifest>;

/// How certain it is that a package is in the product; the order is the order of strength.
const LEVELS: [Scope; 3] = [Scope::Required, Scope::Unstated, Scope::Development];

/// Sets the scopes of a lockfile's crates as far as the manifests at hand tell. A member without a manifest leaves open what
/// its dependencies are for.
pub(super) fn assign(inventory: &mut Inventory, lockfile: &str, manifests: &Manifests) {
    let folder = parent(lockfile);
    let root = join(folder, "Cargo.toml").and_then(|path| manifests.get(&path));
    let Some(root) = root else { return };
    let workspace = root.workspace.as_ref();
    let members = members(folder, root, manifests);
    let named: HashMap<&str, &Manifest> = members
        .iter()
        .filter_map(|path| manifests.get(*path))
        .filter_map(|manifest| Some((manifest.package.as_ref()?.name.as_str(), manifest)))
        .collect();
    let mut heads = Vec::new();
    // The scope of every edge of an own crate; all other edges are of the product.
    let mut edges: HashMap<(usize, usize), Scope> = HashMap::new();
    for (index, package) in inventory.packages.iter().enumerate().filter(|(_, p)| p.origin == Origin::Own) {
        let wanted = named.get(package.name.as_str()).map(|manifest| manifest.wanted(workspace));
        heads.push((index, if wanted.is_some() { Scope::Required } else { Scope::Unstated }));
        for &need in &package.needs {
            let scope = wanted.as_ref().map_or(Scope::Unstated, |wanted| scope(inventory, need, wanted));
            edges.insert((index, need), scope);
        }
    }
    let mut scopes: Vec<Option<Scope>> = vec![None; inventory.packages.len()];
    for level in LEVELS {
        let mut open: Vec<usize> = heads.iter().filter(|(_, scope)| *scope == level).map(|(index, _)| *index).collect();
        // What stronger levels have reached is left through edges of this level.
        open.extend(
            edges
                .iter()
                .filter(|((from, _), scope)| **scope == level && scopes[*from].is_some())
                .map(|((_, to), _)| *to),
        );
        while let Some(next) = open.pop() {
            if scopes[next].is_none() {
                scopes[next] = Some(level);
                let needs = inventory.packages[next].needs.iter();
                open.extend(needs.filter(|need| edges.get(&(next, **need)).is_none_or(|scope| *scope >= level)));
            }
        }
    }
    for (package, scope) in inventory.packages.iter_mut().zip(scopes) {
        package.scope = scope.unwrap_or(Scope::Unstated);
    }
}

/// What a member wants a package for.
fn scope(inventory: &Inventory, need: usize, wanted: &[Wanted<'_>]) -> Scope {
    let package = &inventory.packages[need];
    let same: Vec<&Wanted<'_>> = wanted.iter().filter(|wanted| wanted.name == package.name).collect();
    let version = package.version.as_deref().and_then(|version| Version::parse(version).ok());
    let fits = |wanted: &&&Wanted<'_>| match (wanted.requirement.map(VersionReq::parse), &version) {
        (Some(Ok(requirement)), Some(version)) => requirement.matches(version),
        _ => true,
    };
    // Two versions of one crate may be wanted for two purposes.
    let fitting: Vec<Kind> = same.iter().filter(fits).map(|wanted| wanted.kind).collect();
    let kinds = if fitting.is_empty() { same.iter().map(|wanted| wanted.kind).collect() } else { fitting };
    match (kinds.is_empty(), kinds.contains(&Kind::Product)) {
        (true, _) => Scope::Unstated,
        (false, true) => Scope::Required,
        (false, false) => Scope::Development,
    }
}

/// The paths of the members' manifests (The Cargo Book, "Workspaces"): the root, what `members` names, and the path
/// dependencies of these.
fn members<'a>(folder: &str, root: &'a Manifest, manifests: &'a Manifests) -> BTreeSet<&'a str> {
    let none = Workspace::default();
    let workspace = root.workspace.as_ref().unwrap_or(&none);
    let (named, excluded) = (globs(folder, &workspace.members), globs(folder, &workspace.exclude));
    let root_path = join(folder, "Cargo.toml").unwrap_or_default();
    let mut open: Vec<&str> = manifests
        .keys()
        .map(String::as_str)
        .filter(|path| *path == root_path || (named.is_match(parent(path)) && !excluded.is_match(parent(path))))
        .collect();
    let mut members = BTreeSet::new();
    while let Some(path) = open.pop() {
        let Some(manifest) = manifests.get(path).filter(|_| members.insert(path)) else { continue };
        for wanted in manifest.wanted(root.workspace.as_ref()) {
            let beside = wanted.path.and_then(|(path_to, base)| {
                let from = if base == Base::Workspace { folder } else { parent(path) };
                join(from, &format!("{path_to}/Cargo.toml"))
            });
            open.extend(beside.and_then(|path| manifests.get_key_value(&path)).map(|(path, _)| path.as_str()));
        }
    }
    members
}

/// Patterns of folders relative to the workspace's root; one that cannot be understood matches nothing.
fn globs(folder: &str, patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let whole = join(&globset::escape(folder), pattern);
        let glob = whole.and_then(|whole| GlobBuilder::new(&whole).literal_separator(true).build().ok());
        glob.map(|glob| set.add(glob));
    }
    set.build().unwrap_or_default()
}

#[cfg(test)]
#[path = "scopes_tests.rs"]
mod tests;
