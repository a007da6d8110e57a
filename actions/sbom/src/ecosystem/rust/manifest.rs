//! `Cargo.toml` (The Cargo Book, "The Manifest Format"): what a crate asks for, and for what.

use serde::Deserialize;
use std::collections::BTreeMap;

/// What a manifest says that a lockfile does not.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Manifest {
    #[serde(alias = "project")]
    pub(super) package: Option<Named>,
    pub(super) workspace: Option<Workspace>,
    #[serde(flatten)]
    tables: Tables,
    #[serde(default)]
    target: BTreeMap<String, Tables>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub(super) name: String,
}

/// The table of a workspace's root.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Workspace {
    #[serde(default)]
    pub(super) members: Vec<String>,
    #[serde(default)]
    pub(super) exclude: Vec<String>,
    #[serde(default)]
    pub(super) dependencies: BTreeMap<String, Dependency>,
}

#[derive(Debug, Default, Deserialize)]
struct Tables {
    #[serde(default)]
    dependencies: BTreeMap<String, Dependency>,
    #[serde(default, rename = "build-dependencies", alias = "build_dependencies")]
    build: BTreeMap<String, Dependency>,
    #[serde(default, rename = "dev-dependencies", alias = "dev_dependencies")]
    development: BTreeMap<String, Dependency>,
}

/// A dependency: a requirement alone, or a table.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Dependency {
    Requirement(String),
    Table(Details),
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Details {
    version: Option<String>,
    package: Option<String>,
    path: Option<String>,
    #[serde(default)]
    workspace: bool,
}

/// What a dependency is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The crate is built with it.
    Product,
    /// Only its tests, examples and benchmarks are.
    Development,
}

/// One dependency of a manifest, the workspace's own table consulted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted<'a> {
    /// The crate's real name.
    pub(super) name: &'a str,
    /// Which versions will do, if any is named.
    pub(super) requirement: Option<&'a str>,
    /// The folder it is in, relative to the manifest (or to the workspace's root for what is inherited).
    pub(super) path: Option<(&'a str, Base)>,
    pub(super) kind: Kind,
}

/// What a path is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Manifest,
    Workspace,
}

/// Understands a manifest; `None` when it is none.
pub(super) fn parse(bytes: &[u8]) -> Option<Manifest> {
    toml::from_str(std::str::from_utf8(bytes).ok()?).ok()
}

impl Manifest {
    /// All it asks for, of every platform.
    pub(super) fn wanted<'a>(&'a self, workspace: Option<&'a Workspace>) -> Vec<Wanted<'a>> {
        let mut wanted = Vec::new();
        for tables in std::iter::once(&self.tables).chain(self.target.values()) {
            let product = tables.dependencies.iter().chain(&tables.build).map(|entry| (entry, Kind::Product));
            let development = tables.development.iter().map(|entry| (entry, Kind::Development));
            wanted.extend(product.chain(development).map(|((key, dependency), kind)| {
                let inherited = workspace.and_then(|workspace| workspace.dependencies.get(key));
                match (dependency, inherited) {
                    (Dependency::Table(Details { workspace: true, .. }), Some(inherited)) => {
                        inherited.wanted(key, kind, Base::Workspace)
                    }
                    _ => dependency.wanted(key, kind, Base::Manifest),
                }
            }));
        }
        wanted
    }
}

impl Dependency {
    fn wanted<'a>(&'a self, key: &'a str, kind: Kind, base: Base) -> Wanted<'a> {
        match self {
            Self::Requirement(requirement) => Wanted { name: key, requirement: Some(requirement), path: None, kind },
            Self::Table(details) => Wanted {
                name: details.package.as_deref().unwrap_or(key),
                requirement: details.version.as_deref(),
                path: details.path.as_deref().map(|path| (path, base)),
                kind,
            },
        }
    }
}
