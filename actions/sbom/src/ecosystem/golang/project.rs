//! The modules of a source: each `go.mod` with its `go.sum` and the `go.work` above it.

use super::{
    manifest::{self, Manifest, Requirement, Target},
    module::{H1, in_folder, is_version, own, package, replaces},
    sums::Sums,
    workspace::{Modules, Workspace},
};
use crate::{
    ecosystem::{BadFile, Found, Surroundings, broken, join, parent, shorten},
    graph::{Ecosystem, FindingKind, Inventory, Knowledge, Package, Place, Scope},
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

/// One inventory per `go.mod`, and one per file that could not be understood.
///
/// # Errors
/// None: every file stands for itself.
pub fn read(files: &[&Found], surroundings: &Surroundings<'_>) -> Result<Vec<Inventory>, BadFile> {
    let by_path: HashMap<&str, &Found> = files.iter().map(|found| (found.place.path.as_str(), *found)).collect();
    let mut source = Source { by_path, surroundings, modules: Modules::new(), workspaces: BTreeMap::new() };
    let mut inventories = Vec::new();
    for named in ["go.mod", "go.work"] {
        for found in files.iter().filter(|found| found.place.path.rsplit('/').next() == Some(named)) {
            match manifest::parse(&found.bytes) {
                Ok(manifest) => source.add(&found.place, manifest),
                Err(error) => {
                    let bad = BadFile { path: found.place.path.clone(), error };
                    inventories.push(broken(bad, found.place.layer.clone()));
                }
            }
        }
    }
    for (path, manifest) in &source.modules {
        let Some(found) = source.by_path.get(path.as_str()) else { continue };
        inventories.push(source.inventory(&found.place, manifest));
    }
    Ok(inventories)
}

struct Source<'a> {
    by_path: HashMap<&'a str, &'a Found>,
    surroundings: &'a Surroundings<'a>,
    modules: Modules,
    /// By folder.
    workspaces: BTreeMap<String, Workspace>,
}

/// One `go.mod` while it becomes an inventory.
struct Reading<'a> {
    manifest: &'a Manifest,
    folder: &'a str,
    workspace: Option<&'a Workspace>,
    sums: Sums<'a>,
    inventory: Inventory,
    /// How many versions the workspace raises.
    raised: usize,
}

impl Source<'_> {
    /// Modules come before workspaces, which look at them.
    fn add(&mut self, place: &Place, manifest: Manifest) {
        let folder = parent(&place.path);
        if place.path.ends_with("go.work") {
            self.workspaces.insert(folder.to_owned(), Workspace::new(folder, manifest, &self.modules));
        } else {
            self.modules.insert(place.path.clone(), manifest);
        }
    }

    fn file(&self, path: &str) -> Option<Cow<'_, [u8]>> {
        let known = self.by_path.get(path).map(|found| Cow::Borrowed(found.bytes.as_slice()));
        known.or_else(|| self.surroundings.file(path).map(Cow::Owned))
    }

    /// Go takes the first `go.work` on the way up, whether it uses the module or not.
    fn workspace(&self, path: &str) -> Option<&Workspace> {
        let mut folder = parent(path);
        loop {
            if let Some(workspace) = self.workspaces.get(folder) {
                return Some(workspace).filter(|workspace| workspace.uses(path));
            }
            if folder.is_empty() {
                return None;
            }
            folder = parent(folder);
        }
    }

    fn inventory(&self, place: &Place, manifest: &Manifest) -> Inventory {
        let folder = parent(&place.path);
        let sums_path = join(folder, "go.sum").unwrap_or_default();
        let sums_file = self.file(&sums_path);
        let mut inventory = Inventory::new(Ecosystem::Golang);
        inventory.files.push(place.clone());
        let sums = match sums_file.as_deref().map(Sums::parse) {
            Some(Ok(sums)) => sums,
            Some(Err(error)) => {
                inventory.finding(FindingKind::Broken, Some(error.line), error.message);
                inventory.remarks.iter_mut().for_each(|remark| remark.path.clone_from(&sums_path));
                Sums::default()
            }
            None => Sums::default(),
        };
        let workspace = self.workspace(&place.path);
        let mut reading = Reading { manifest, folder, workspace, sums, inventory, raised: 0 };
        reading.main();
        for requirement in &manifest.requirements {
            self.require(&mut reading, requirement);
        }
        reading.conclude();
        reading.inventory
    }

    fn require(&self, reading: &mut Reading<'_>, requirement: &Requirement) {
        let Requirement { path, version, line, .. } = requirement;
        let number = u32::try_from(*line).ok();
        if reading.manifest.excluded.contains(&(path.clone(), version.clone())) {
            let text = format!("`{}` {} is required and excluded: it is left out", shorten(path), shorten(version));
            return reading.inventory.finding(FindingKind::Partial, number, text);
        }
        if let Some(member) = reading.workspace.and_then(|workspace| workspace.member(path)) {
            let package = self.of_the_tree(&mut reading.inventory, member);
            return reading.add(package.unwrap_or_else(|| own(path)), requirement);
        }
        let workspace = reading.workspace.and_then(|workspace| workspace.replacement(path, version));
        let replacement = workspace.or_else(|| Some((reading.manifest.replacement(path, version)?, reading.folder)));
        match replacement {
            Some((Target::Folder(target), from)) => {
                let file = join(from, &format!("{target}/go.mod"));
                let package = file.and_then(|file| self.of_the_tree(&mut reading.inventory, &file));
                let package = package.unwrap_or_else(|| Package { line: number, ..in_folder(own(path), target) });
                reading.add(package, requirement);
            }
            Some((Target::Module(other, instead), _)) => {
                if let Some(mut package) = reading.module(other, instead, number) {
                    replaces(&mut package, path, Some(version));
                    reading.add(package, requirement);
                }
            }
            None => {
                let version = reading.selected(path, version);
                if let Some(package) = reading.module(path, version, number) {
                    reading.add(package, requirement);
                }
            }
        }
    }

    /// The main module of another `go.mod` of this tree, as that file's own inventory has it.
    fn of_the_tree(&self, inventory: &mut Inventory, path: &str) -> Option<Package> {
        let (name, line) = self.modules.get(path)?.module.as_ref()?;
        let place = &self.by_path.get(path)?.place;
        let mut package = own(name);
        package.needs_known = Knowledge::Complete;
        package.line = u32::try_from(*line).ok();
        package.file = inventory.files.iter().position(|known| known == place).unwrap_or_else(|| {
            inventory.files.push(place.clone());
            inventory.files.len() - 1
        });
        Some(package)
    }
}

impl<'a> Reading<'a> {
    /// The module the file is of comes first.
    fn main(&mut self) {
        let (name, line) = self.manifest.module.as_ref().map_or(("", 1), |(name, line)| (name.as_str(), *line));
        let mut package = own(name);
        package.line = u32::try_from(line).ok();
        package.needs_known = Knowledge::Complete;
        let stated =
            [("lockkeeper:go:version", &self.manifest.go), ("lockkeeper:go:toolchain", &self.manifest.toolchain)];
        let stated = stated.into_iter().filter_map(|(key, value)| Some((key, shorten(value.as_deref()?))));
        package.properties.extend(stated);
        self.inventory.packages.push(package);
        self.inventory.direct = Some(vec![0]);
    }

    fn add(&mut self, mut package: Package, requirement: &Requirement) {
        package.scope = package.scope.min(Scope::Unstated);
        if requirement.indirect {
            package.properties.insert("lockkeeper:go:indirect", "true".to_owned());
        } else {
            let index = self.inventory.packages.len();
            self.inventory.packages[0].needs.push(index);
        }
        self.inventory.packages.push(package);
    }

    /// The version that is built of a module that is asked for in this one.
    fn selected<'b>(&mut self, path: &str, version: &'b str) -> &'b str
    where
        'a: 'b,
    {
        let selected = self.workspace.and_then(|workspace| workspace.selected(path)).unwrap_or(version);
        self.raised += usize::from(selected != version);
        selected
    }

    /// Somebody else's module. A version that is not exact is not known: Go would ask the module's repository.
    fn module(&mut self, path: &str, version: &str, line: Option<u32>) -> Option<Package> {
        let exact = Some(version).filter(|version| is_version(version));
        let Some(mut package) = package(path, exact) else {
            let text = format!("`{}` cannot be a module: it is left out", shorten(path));
            self.inventory.finding(FindingKind::Broken, line, text);
            return None;
        };
        if exact.is_none() {
            let text = format!("asks for `{}` {}, which is no exact version", shorten(path), shorten(version));
            self.inventory.finding(FindingKind::Partial, line, text);
        }
        if let Some(sum) = self.sums.of(path, version) {
            package.properties.insert(H1, shorten(sum));
        }
        package.line = line;
        Some(package)
    }

    /// What a person should know of the file as a whole.
    fn conclude(&mut self) {
        let (manifest, inventory) = (self.manifest, &mut self.inventory);
        if manifest.module.is_none() {
            inventory.finding(FindingKind::Broken, Some(1), "no `module` in it (is it cut off?)");
        }
        for (line, verb) in &manifest.unknown {
            let text = format!("the directive `{verb}` is not known");
            inventory.finding(FindingKind::UnknownVersion, u32::try_from(*line).ok(), text);
        }
        if !manifest.ended {
            inventory.finding(FindingKind::Partial, None, "does not end with a line (is it cut off?)");
        }
        if !manifest.lists_everything() && !manifest.requirements.is_empty() {
            let text = "before Go 1.17 a go.mod lists what is imported directly; what that needs in turn is not in it";
            inventory.finding(FindingKind::Partial, None, text);
        }
        if self.raised > 0 {
            let text =
                format!("go.work builds {} of its modules in a higher version than this file asks for", self.raised);
            inventory.remark(None, text);
        }
    }
}

#[cfg(test)]
#[path = "project_tests.rs"]
mod tests;
