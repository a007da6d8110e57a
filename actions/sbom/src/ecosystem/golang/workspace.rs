//! `go.work` (Go Modules Reference, "Workspaces"): modules of one tree that are built together, with one version of each
//! module they need.

use super::manifest::{Manifest, Target};
use crate::ecosystem::join;
use semver::Version;
use std::collections::{BTreeMap, BTreeSet};

/// A module of the tree, by the path of its `go.mod`.
pub(super) type Modules = BTreeMap<String, Manifest>;

/// What a `go.work` makes of the modules it uses.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    /// The folder it is in.
    folder: String,
    manifest: Manifest,
    /// The `go.mod` of each module that is used.
    members: BTreeSet<String>,
    /// Those by the name of their module.
    named: BTreeMap<String, String>,
    /// The highest version any of them requires.
    selected: BTreeMap<String, String>,
}

impl Workspace {
    /// The workspace of a `go.work` in a folder.
    pub(super) fn new(folder: &str, manifest: Manifest, modules: &Modules) -> Self {
        let files = manifest.folders.iter().filter_map(|used| join(folder, &format!("{used}/go.mod")));
        let members: BTreeSet<String> = files.filter(|path| modules.contains_key(path)).collect();
        let mut workspace = Self { folder: folder.to_owned(), manifest, members, ..Self::default() };
        for path in &workspace.members {
            let Some(module) = modules.get(path) else { continue };
            if let Some((name, _)) = &module.module {
                workspace.named.insert(name.clone(), path.clone());
            }
            for requirement in &module.requirements {
                let known = workspace.selected.get(&requirement.path);
                if known.is_none_or(|known| is_higher(&requirement.version, known)) {
                    workspace.selected.insert(requirement.path.clone(), requirement.version.clone());
                }
            }
        }
        workspace
    }

    /// Whether it uses the module of this `go.mod`.
    pub(super) fn uses(&self, path: &str) -> bool {
        self.members.contains(path)
    }

    /// The `go.mod` of the module of that name, if it is one of the workspace.
    pub(super) fn member(&self, module: &str) -> Option<&str> {
        self.named.get(module).map(String::as_str)
    }

    /// The version that is built, where another is higher than the one that is asked for.
    pub(super) fn selected(&self, module: &str) -> Option<&str> {
        self.selected.get(module).map(String::as_str)
    }

    /// What stands in for a module and the folder its path is relative to: `go.work` outranks the modules it uses.
    pub(super) fn replacement(&self, path: &str, version: &str) -> Option<(&Target, &str)> {
        self.manifest.replacement(path, version).map(|target| (target, self.folder.as_str()))
    }
}

fn is_higher(version: &str, than: &str) -> bool {
    let parsed = |version: &str| version.strip_prefix('v').and_then(|version| Version::parse(version).ok());
    match (parsed(version), parsed(than)) {
        (Some(version), Some(than)) => version.cmp_precedence(&than).is_gt(),
        _ => false,
    }
}
